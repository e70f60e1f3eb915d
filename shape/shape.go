// Package shape describes how values of Go types look as JSON: members, bounds, words. Requests are
// checked against shapes, and the contract and the schema of records are drawn from them.
package shape

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"
)

// Kind is a kind of JSON value.
type Kind string

// The kinds. A value of kind Any may be anything.
const (
	Any     Kind = ""
	Object  Kind = "object"
	Array   Kind = "array"
	String  Kind = "string"
	Integer Kind = "integer"
	Number  Kind = "number"
	Boolean Kind = "boolean"
)

// Shape is what JSON text must look like to be read into a Go type.
type Shape struct {
	Kind Kind
	// Go is the type that values are read into, without pointers.
	Go reflect.Type
	// Members are those of an object, in the order in which the type declares them. An object
	// without members that is not Free takes none.
	Members []Member
	// Free objects take members of any name, each of the shape Items; nil: of any shape.
	Free bool
	// Items is the shape of the items of a list or of the members of a free object.
	Items *Shape
	// Words are the only values that a text may have; none: it may have any.
	Words []string
	// Pattern is a regular expression that a text matches; Format is date-time or empty.
	Pattern, Format string
	// Min and Max bound a number, the characters of a text or the items of a list; nil: no bound.
	Min, Max *int64
	// Default is what a number is taken for when it is not sent; zero: none.
	Default int64
	// Or are alternatives; when there are any, the other fields are empty.
	Or []*Shape
	// Name is the name of the type's schema in a document; empty: it has none of its own.
	Name string
}

// Member is a member of an object.
type Member struct {
	Name     string
	Shape    *Shape
	Required bool
	// Field is where the member is found in Go, In the struct that declares it.
	Field reflect.StructField
	In    reflect.Type
	// Index is the path to the field from the type of the object.
	Index []int
}

// Member finds a member by name.
func (s *Shape) Member(name string) (*Member, bool) {
	for i := range s.Members {
		if s.Members[i].Name == name {
			return &s.Members[i], true
		}
	}
	return nil, false
}

// Worded is a type with a closed set of values; the method is drawn from its constants.
type Worded interface{ Words() []string }

// Rules say what Go types do not: bounds and patterns.
type Rules struct {
	// Types are the shapes of types, by type.
	Types map[reflect.Type]Shape
	// Members are shapes of plain texts and numbers by the name of the member, or by its struct and
	// name, such as Leave.reason, which then stands above what its type says.
	Members map[string]Shape
	// Kinds are the bounds of what nothing else is said about.
	Kinds map[reflect.Kind]Shape
	// Name names the schemas of types; nil: they have no names.
	Name func(reflect.Type) string

	mu    sync.Mutex // of known
	known map[reflect.Type]*Shape
}

// Of is the shape of a type.
func (r *Rules) Of(t reflect.Type) *Shape {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, err := r.of(t, "", nil)
	if err != nil {
		panic(err) //nolint:forbidigo // a type that the program itself declares cannot be described
	}
	return s
}

// Less is a shape without some members, and with others that may be left out.
func (s *Shape) Less(unsent, optional []string) *Shape {
	if len(unsent)+len(optional) == 0 {
		return s
	}
	c := *s
	c.Members = nil
	for _, m := range s.Members {
		if slices.Contains(unsent, m.Name) {
			continue
		}
		m.Required = m.Required && !slices.Contains(optional, m.Name)
		c.Members = append(c.Members, m)
	}
	return &c
}

var (
	timeType     = reflect.TypeFor[time.Time]()
	rawType      = reflect.TypeFor[json.RawMessage]()
	wordedType   = reflect.TypeFor[Worded]()
	describeType = reflect.TypeFor[Described]()
)

// Described is a type that stands for text of another one, such as a record that is kept as text.
type Described interface{ Of() reflect.Type }

func (r *Rules) of(t reflect.Type, name string, in reflect.Type) (*Shape, error) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Implements(describeType) {
		d, _ := reflect.Zero(t).Interface().(Described)
		return r.of(d.Of(), name, in)
	}
	if in != nil {
		if s, ok := r.Members[in.Name()+"."+name]; ok {
			s.Go = t
			return &s, nil
		}
	}
	if s, ok := r.Types[t]; ok {
		return r.finish(s, t), nil
	}
	if t.Implements(wordedType) {
		w, _ := reflect.Zero(t).Interface().(Worded)
		return r.finish(Shape{Kind: String, Words: w.Words()}, t), nil
	}
	switch {
	case t == timeType:
		return &Shape{Kind: String, Format: "date-time", Go: t}, nil
	case t == rawType || t.Kind() == reflect.Interface:
		return &Shape{Go: t}, nil
	}
	if s, ok := r.Members[name]; ok && t.PkgPath() == "" && t.Kind() != reflect.Slice {
		return r.finish(s, t), nil
	}
	return r.ofKind(t, name, in)
}

func (r *Rules) finish(s Shape, t reflect.Type) *Shape {
	s.Go = t
	if r.Name != nil && s.Name == "" && t.Name() != "" {
		s.Name = r.Name(t)
	}
	return &s
}

func (r *Rules) ofKind(t reflect.Type, name string, in reflect.Type) (*Shape, error) {
	s := r.Kinds[t.Kind()]
	s.Go = t
	var err error
	switch t.Kind() {
	case reflect.String:
		s.Kind = String
	case reflect.Bool:
		s.Kind = Boolean
	case reflect.Int, reflect.Int64, reflect.Int32, reflect.Uint64, reflect.Uint32:
		s.Kind = Integer
	case reflect.Float64:
		s.Kind = Number
	case reflect.Slice, reflect.Array:
		if list, ok := r.Members[name+"[]"]; ok {
			s = list
			s.Go = t
		}
		s.Kind = Array
		if t.Kind() == reflect.Array {
			s.Min, s.Max = new(int64(t.Len())), new(int64(t.Len()))
		}
		s.Items, err = r.of(t.Elem(), name, in)
	case reflect.Map:
		s.Kind, s.Free = Object, true
		if t.Elem().Kind() != reflect.Interface {
			s.Items, err = r.of(t.Elem(), "", nil)
		}
	case reflect.Struct:
		return r.ofStruct(t)
	default:
		return nil, fmt.Errorf("%s has no JSON here", t)
	}
	return &s, err
}

func (r *Rules) ofStruct(t reflect.Type) (*Shape, error) {
	if known, ok := r.known[t]; ok {
		return known, nil
	}
	s := r.finish(Shape{Kind: Object}, t)
	if r.known == nil {
		r.known = map[reflect.Type]*Shape{}
	}
	r.known[t] = s // before its members, which may hold t again
	return s, r.add(s, t, nil)
}

// add takes the members of a struct in; those of embedded structs stand among them.
func (r *Rules) add(s *Shape, t reflect.Type, at []int) error {
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		here := append(slices.Clone(at), f.Index...)
		if f.Anonymous && name == "" {
			if err := r.add(s, f.Type, here); err != nil {
				return err
			}
			continue
		}
		if !f.IsExported() || name == "-" || name == "" {
			continue
		}
		m, err := r.of(f.Type, name, t)
		if err != nil {
			return fmt.Errorf("%s.%s: %w", t, f.Name, err)
		}
		s.Members = append(s.Members, Member{
			Name: name, Shape: m, Required: options == "", Field: f, In: t, Index: here,
		})
	}
	return nil
}

// Patterns of texts.
const (
	DatePattern      = `^[0-9]{4}-[0-9]{2}-[0-9]{2}$`
	MaybeDatePattern = `^([0-9]{4}-[0-9]{2}-[0-9]{2})?$`
	ClockPattern     = `^([0-9]{2}:[0-9]{2})?$`
)
