package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// The reference reads a body in three passes, with kin-openapi and encoding/json: what take is held
// against.

// reference reads a body as the contract says, into what a pointer points to. It returns the code
// of the problem; empty: there is none.
func reference(text []byte, s *openapi3.Schema, into any) string {
	d := strict{json.NewDecoder(bytes.NewReader(text))}
	d.UseNumber()
	v, code := d.value("", 0)
	if code != "" {
		return code
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return "trailing_data"
	}
	m, ok := v.(map[string]any)
	switch {
	case !ok:
		return "not_an_object"
	case s == nil && len(m) > 0:
		return "body_not_wanted"
	case s == nil:
		return ""
	}
	if s.VisitJSON(v, openapi3.VisitAsRequest()) != nil {
		return "invalid"
	}
	j := json.NewDecoder(bytes.NewReader(text))
	j.DisallowUnknownFields()
	if j.Decode(into) != nil {
		return "invalid"
	}
	return ""
}

// strict reads JSON values and refuses a member that is sent twice.
type strict struct{ *json.Decoder }

func (s strict) value(member string, depth int) (any, string) {
	if depth > maxDepth {
		return nil, "too_deep"
	}
	t, err := s.Token()
	if err != nil {
		return nil, "bad_json"
	}
	switch t := t.(type) {
	case json.Delim:
		if t == '{' {
			return s.object(member, depth)
		}
		return s.list(depth)
	case json.Number:
		f, err := t.Float64()
		if err != nil {
			return nil, "bad_number"
		}
		return f, ""
	case string:
		return t, badText(t, member)
	default:
		return t, ""
	}
}

func (s strict) object(at string, depth int) (any, string) {
	m := map[string]any{}
	for s.More() {
		t, err := s.Token()
		k, ok := t.(string)
		if err != nil || !ok {
			return nil, "bad_json"
		}
		if code := badText(k, at); code != "" {
			return nil, code
		}
		if _, twice := m[k]; twice {
			return nil, "duplicate_key"
		}
		v, code := s.value(k, depth+1)
		if code != "" {
			return nil, code
		}
		m[k] = v
	}
	if _, err := s.Token(); err != nil {
		return nil, "bad_json"
	}
	return m, ""
}

func (s strict) list(depth int) (any, string) {
	items := []any{}
	for s.More() {
		v, code := s.value("", depth+1)
		if code != "" {
			return nil, code
		}
		items = append(items, v)
	}
	if _, err := s.Token(); err != nil {
		return nil, "bad_json"
	}
	return items, ""
}

// requestOf finds the operation of a route in the contract, and its body's schema.
func requestOf(r *route) (id string, body *openapi3.Schema, err error) {
	path := strings.NewReplacer(":site", "{site}").Replace(r.path)
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if name, ok := strings.CutPrefix(p, ":"); ok {
			parts[i] = "{" + name + "}"
		}
	}
	op := contract().Operations()[r.method+" "+strings.Join(parts, "/")]
	if op == nil {
		return "", nil, fmt.Errorf("the contract has no %s %s", r.method, r.path)
	}
	return op.OperationID, op.Body, nil
}
