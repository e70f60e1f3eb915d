package draw

import (
	"fmt"
	"path"
	"reflect"
	"strings"

	"github.com/lunpai/lunpai/shape"
)

// Drawer draws schemas. Those with names of their own are gathered in Schemas and referred to.
type Drawer struct {
	Source *Source
	// Prefix stands in front of the names of schemas that are referred to.
	Prefix string
	// Closed objects let no member in that they do not name: those of requests.
	Closed bool
	// Rename gives schemas other names, by their own.
	Rename  map[string]string
	Schemas Map
	// Drawn are the Go types of named schemas.
	Drawn map[string]reflect.Type
	// Bare lists members without a description that says more than their names.
	Bare []string
}

// Schema is the schema of a shape, or a reference to it.
func (d *Drawer) Schema(s *shape.Shape) Map {
	if s.Name == "" || s.Kind == shape.Any {
		return d.inner(s)
	}
	name := s.Name
	if other := d.Rename[name]; other != "" {
		name = other
	}
	if d.Drawn == nil {
		d.Drawn = map[string]reflect.Type{}
	}
	if was, ok := d.Drawn[name]; !ok {
		d.Drawn[name] = s.Go
		d.Schemas.Set(name, nil) // before its members, which may refer to it
		d.Schemas.Set(name, d.inner(s))
	} else if was != s.Go {
		//nolint:forbidigo // only tests draw
		panic(fmt.Sprintf("two types are called %s: %s and %s", name, was, s.Go))
	}
	return Map{{"$ref", d.Prefix + name}}
}

// inner is a schema itself.
func (d *Drawer) inner(s *shape.Shape) Map {
	m := Map{}
	if s.Kind != shape.Any {
		m.Set("type", string(s.Kind))
	}
	if text := d.about(s); text != "" {
		m.Set("description", text)
	}
	switch {
	case len(s.Or) > 0:
		l := List{}
		for _, o := range s.Or {
			l = append(l, d.Schema(o))
		}
		m.Set("oneOf", l)
	case s.Kind == shape.Object && s.Free:
		m.Set("additionalProperties", true)
		if s.Items != nil {
			m.Set("additionalProperties", d.Schema(s.Items))
		}
	case s.Kind == shape.Object:
		d.members(&m, s)
	case s.Kind == shape.Array:
		m.Set("items", d.Schema(s.Items))
		bounds(&m, s, "minItems", "maxItems")
	case s.Kind == shape.String:
		if len(s.Words) > 0 {
			m.Set("enum", list(s.Words))
		}
		if s.Pattern != "" {
			m.Set("pattern", s.Pattern)
		}
		if s.Format != "" {
			m.Set("format", s.Format)
		}
		bounds(&m, s, "minLength", "maxLength")
	default:
		if s.Kind == shape.Integer {
			m.Set("format", "int64")
		}
		bounds(&m, s, "minimum", "maximum")
		if s.Default != 0 {
			m.Set("default", s.Default)
		}
	}
	return m
}

func bounds(m *Map, s *shape.Shape, least, most string) {
	if s.Min != nil {
		m.Set(least, *s.Min)
	}
	if s.Max != nil {
		m.Set(most, *s.Max)
	}
}

func list(words []string) List {
	l := List{}
	for _, w := range words {
		l = append(l, w)
	}
	return l
}

func (d *Drawer) members(m *Map, s *shape.Shape) {
	required, properties := []string{}, Map{}
	for _, f := range s.Members {
		if f.Required {
			required = append(required, f.Name)
		}
		text := d.Source.Member(pkg(f.In), f.In.Name(), f.Field.Name)
		if bare(text, f.Name) {
			d.Bare = append(d.Bare, s.Name+"."+f.Name)
		}
		properties.Set(f.Name, Describe(d.Schema(f.Shape), text))
	}
	if len(required) > 0 {
		m.Set("required", list(required))
	}
	if len(properties) > 0 {
		m.Set("properties", properties)
	}
	if d.Closed {
		m.Set("additionalProperties", false)
	}
}

// Describe is a schema with a description. Beside a reference nothing may stand, so it is wrapped.
func Describe(m Map, text string) Map {
	if text == "" {
		return m
	}
	if m.Get("$ref") != nil {
		return Map{{"description", text}, {"allOf", List{m}}}
	}
	out := Map{}
	if t := m.Get("type"); t != nil {
		out.Set("type", t)
	}
	out.Set("description", text)
	for _, e := range m {
		if e.Key != "type" && e.Key != "description" {
			out.Set(e.Key, e.Value)
		}
	}
	return out
}

// about is what the comments say about a type and its words.
func (d *Drawer) about(s *shape.Shape) string {
	if s.Go == nil || s.Name == "" {
		return ""
	}
	lines := []string{d.Source.Type(pkg(s.Go), s.Go.Name())}
	for _, w := range d.Source.words[pkg(s.Go)+"."+s.Go.Name()] {
		for _, word := range s.Words {
			if w.Value == word && w.Comment != "" {
				lines = append(lines, "- `"+word+"`: "+w.Comment)
			}
		}
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

func pkg(t reflect.Type) string { return path.Base(t.PkgPath()) }

// bare reports whether a description says nothing beyond the name.
func bare(text, name string) bool {
	said := strings.ToLower(strings.Trim(text, ". "))
	for _, filler := range []string{"the ", "a ", "an ", "its "} {
		said = strings.TrimPrefix(said, filler)
	}
	return said == "" || said == strings.ReplaceAll(name, "_", " ")
}
