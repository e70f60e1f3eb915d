package api

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// filling says where the value of a member of a command comes from.
type filling int

const (
	fromAddress filling = iota // a parameter of the address
	fresh                      // a new id
	whenMissing                // the caller's own, where the body names nobody
	never                      // empty, whatever is sent
	mayMiss                    // the body, where it may be left out
)

// fill says how a member of a command gets its value. Members go by their JSON names.
type fill struct {
	how           filling
	member, param string
}

// param fills a member from a parameter of the address with another name.
func param(member, name string) fill { return fill{fromAddress, member, name} }

// mint fills a member with a new id.
func mint(member string) fill { return fill{how: fresh, member: member} }

// caller fills a member with the member of staff who owns the key, if the body names nobody.
func caller(member string) fill { return fill{how: whenMissing, member: member} }

// without keeps callers from setting a member.
func without(member string) fill { return fill{how: never, member: member} }

// optional lets callers leave a member out.
func optional(member string) fill { return fill{how: mayMiss, member: member} }

// filled is a fill with the place of its member.
type filled struct {
	fill
	index []int
}

// compileFills finds the members of a command that fills name, and those with the name of a
// parameter of the address.
func compileFills(t reflect.Type, params []string, fills []fill) ([]filled, error) {
	var out []filled
	for _, p := range params {
		if !slices.ContainsFunc(fills, func(f fill) bool { return f.param == p }) {
			fills = append(slices.Clone(fills), param(p, p))
		}
	}
	places := places(t)
	for _, f := range fills {
		m, ok := places[f.member]
		switch {
		case !ok:
			return nil, fmt.Errorf("%s has no member %s to fill", t, f.member)
		case f.how == fromAddress && !slices.Contains(params, f.param):
			return nil, fmt.Errorf("the address has no parameter %s for %s.%s", f.param, t,
				f.member)
		case f.how < never && m.Type.Kind() != reflect.String:
			return nil, fmt.Errorf("%s.%s is filled and no id", t, f.member)
		}
		out = append(out, filled{f, m.Index})
	}
	return out, nil
}

// places are the members of a struct by JSON name, including those of embedded structs.
func places(t reflect.Type) map[string]reflect.StructField {
	out := map[string]reflect.StructField{}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.IsExported() && name != "" && name != "-" {
			out[name] = f
		}
	}
	return out
}

// fill sets the members of a command that do not come from the body.
func (c *call) fill(cmd reflect.Value) {
	for _, f := range c.route.filled {
		m := cmd.FieldByIndex(f.index)
		switch f.how {
		case fromAddress:
			m.SetString(c.Param(f.param))
		case fresh:
			m.SetString(newID())
		case whenMissing:
			if m.String() == "" {
				m.SetString(string(c.key.Staff))
			}
		case never:
			m.SetZero()
		case mayMiss:
		}
	}
}

// intake says what is done to a body after decoding: free text goes to the vault, and times become
// UTC in whole milliseconds.
type intake struct {
	notes  [][]int // where free texts are
	tables [][]int // where free texts are by name, such as opinions by department
	times  [][]int
}

var (
	noteType = reflect.TypeFor[workflow.NoteID]()
	timeType = reflect.TypeFor[time.Time]()
)

// newIntake finds free text and times in a body. It fails if free text is in a list, where it could
// not be taken out.
func newIntake(t reflect.Type, unsent []string) (*intake, error) {
	in := &intake{}
	return in, in.look(t, nil, unsent)
}

func (in *intake) look(t reflect.Type, at []int, unsent []string) error {
	for i := range t.NumField() {
		f, here := t.Field(i), append(slices.Clone(at), i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if slices.Contains(unsent, name) {
			continue
		}
		switch inner := deref(f.Type); {
		case inner == noteType && f.Type == noteType:
			in.notes = append(in.notes, here)
		case f.Type.Kind() == reflect.Map && f.Type.Elem() == noteType:
			in.tables = append(in.tables, here)
		case inner == timeType && f.Type == timeType:
			in.times = append(in.times, here)
		case inner == timeType:
			return fmt.Errorf("%s.%s: a time that cannot be reached", t, f.Name)
		case inner.Kind() == reflect.Struct:
			if err := in.look(inner, here, nil); err != nil {
				return err
			}
		case holds(inner, noteType, nil):
			return fmt.Errorf("%s.%s: free text that cannot be reached", t, f.Name)
		case holds(inner, timeType, nil):
			return fmt.Errorf("%s.%s: a time that cannot be reached", t, f.Name)
		}
	}
	return nil
}

func deref(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

// holds reports whether a type contains another one, at any depth.
func holds(t, wanted reflect.Type, above []reflect.Type) bool {
	if t == wanted {
		return true
	}
	if slices.Contains(above, t) {
		return false
	}
	above = append(above, t)
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return holds(t.Elem(), wanted, above)
	case reflect.Map:
		return holds(t.Key(), wanted, above) || holds(t.Elem(), wanted, above)
	case reflect.Struct:
		for f := range t.Fields() {
			if holds(f.Type, wanted, above) {
				return true
			}
		}
	default:
	}
	return false
}

// read takes over the decoded body of a request.
func (c *call) read(into any) error {
	in := c.route.takes
	if in == nil {
		return nil
	}
	v := reflect.ValueOf(into).Elem()
	v.Set(c.body.Elem())
	for _, at := range in.times {
		if m, ok := member(v, at); ok {
			t, _ := m.Interface().(time.Time)
			m.Set(reflect.ValueOf(t.UTC().Truncate(time.Millisecond)))
		}
	}
	for _, at := range in.notes {
		m, ok := member(v, at)
		if !ok {
			continue
		}
		id, err := c.note(m.String())
		if err != nil {
			return err
		}
		m.SetString(string(id))
	}
	for _, at := range in.tables {
		if m, ok := member(v, at); ok {
			if err := c.noteTable(m); err != nil {
				return err
			}
		}
	}
	return nil
}

// noteTable takes free texts out that are sent by name.
func (c *call) noteTable(m reflect.Value) error {
	for _, name := range m.MapKeys() {
		id, err := c.note(m.MapIndex(name).String())
		if err != nil {
			return err
		}
		m.SetMapIndex(name, reflect.ValueOf(id))
	}
	return nil
}

// member is the value at a place; none if a pointer on the way is nil.
func member(v reflect.Value, at []int) (reflect.Value, bool) {
	for _, i := range at {
		if v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return v, false
			}
			v = v.Elem()
		}
		v = v.Field(i)
	}
	return v, true
}
