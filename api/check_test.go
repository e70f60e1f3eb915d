package api

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/lunpai/lunpai/openapi/spec"
)

// operation finds the operation of a request; nil when the contract has none.
func (a *API) operation(method, path string) (*spec.Operation, string) {
	parts := strings.Split(path, "/")
	for name, op := range contract().Operations() {
		m, p, _ := strings.Cut(name, " ")
		want := strings.Split(p, "/")
		if m != method || len(want) != len(parts) {
			continue
		}
		fits := true
		for i, w := range want {
			fits = fits && (w == parts[i] || strings.HasPrefix(w, "{"))
		}
		if fits && (!strings.Contains(name, "{policy}") || len(parts) == 4) {
			return op, name
		}
	}
	return nil, ""
}

// check compares a response with the contract, more strictly than its schemas ask: what is not
// named may not be there.
func (a *API) check(method, path string, got *answer) (errs []error) {
	op, _ := a.operation(method, path)
	if op == nil {
		if got.status < 400 && !strings.HasPrefix(path, "/docs") {
			errs = append(errs, fmt.Errorf("an answer %d of no operation", got.status))
		}
		return errs
	}
	ref := op.Responses.Value(strconv.Itoa(got.status))
	if ref == nil {
		return []error{fmt.Errorf("status %d is not declared for %s", got.status, op.OperationID)}
	}
	for name, h := range ref.Value.Headers {
		if v := got.header.Get(name); v == "" && h.Value.Required {
			errs = append(errs, fmt.Errorf("header %s is missing", name))
		}
	}
	typ, _, _ := strings.Cut(got.header.Get("Content-Type"), ";")
	if got.status == 204 || got.status == 304 {
		if got.raw != "" {
			errs = append(errs, fmt.Errorf("%d with a body", got.status))
		}
		return errs
	}
	m := ref.Value.Content.Get(typ)
	if m == nil {
		return append(errs, fmt.Errorf("content type %q is not declared for %d", typ, got.status))
	}
	if m.Schema == nil || !isJSON(typ) {
		return errs
	}
	var v any
	if err := json.Unmarshal([]byte(got.raw), &v); err != nil {
		return append(errs, err)
	}
	if err := m.Schema.Value.VisitJSON(v, openapi3.VisitAsResponse(),
		openapi3.MultiErrors()); err != nil {
		errs = append(errs, err)
	}
	return append(errs, undeclared("", m.Schema.Value, v)...)
}

// undeclared lists the properties that a schema does not name.
func undeclared(at string, s *openapi3.Schema, v any) (errs []error) {
	if s == nil || s.Type == nil { // of any kind
		return nil
	}
	switch v := v.(type) {
	case []any:
		for i, x := range v {
			if s.Items == nil {
				return append(errs, fmt.Errorf("%s is an array, the contract does not say so", at))
			}
			errs = append(errs, undeclared(fmt.Sprintf("%s/%d", at, i), s.Items.Value, x)...)
		}
	case map[string]any:
		if s.AdditionalProperties.Schema != nil || s.AdditionalProperties.Has != nil &&
			*s.AdditionalProperties.Has {
			return nil
		}
		for k, x := range v {
			p := s.Properties[k]
			if p == nil {
				errs = append(errs, fmt.Errorf("%s/%s is not declared", at, k))
				continue
			}
			errs = append(errs, undeclared(at+"/"+k, p.Value, x)...)
		}
	}
	return errs
}

// isJSON: of media types, those whose bodies are one JSON value.
func isJSON(typ string) bool {
	return strings.HasSuffix(typ, "/json") || strings.HasSuffix(typ, "+json")
}
