// Package spec reads the contract for tests, which hold requests and answers against it.
package spec

import (
	"context"
	"fmt"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/lunpai/lunpai/openapi"
)

// Spec is the contract, read and checked.
type Spec struct{ doc *openapi3.T }

// Operation is what a request of one route must look like.
type Operation struct {
	*openapi3.Operation
	Body   *openapi3.Schema            // nil: no body
	Query  map[string]bool             // names of query parameters
	Params map[string]*openapi3.Schema // the same with what they hold
}

// Load reads and checks the contract.
func Load() (*Spec, error) {
	doc, err := openapi3.NewLoader().LoadFromData(openapi.Text)
	if err != nil {
		return nil, fmt.Errorf("load the contract: %w", err)
	}
	return &Spec{doc}, nil
}

// Validate checks the document itself, examples too.
func (s *Spec) Validate(ctx context.Context) error { return s.doc.Validate(ctx) }

// Document is the whole contract.
func (s *Spec) Document() *openapi3.T { return s.doc }

// Operations are all operations by "METHOD /path/{param}".
func (s *Spec) Operations() map[string]*Operation {
	out := map[string]*Operation{}
	for path, item := range s.doc.Paths.Map() {
		for method, op := range item.Operations() {
			o := &Operation{
				Operation: op, Query: map[string]bool{}, Params: map[string]*openapi3.Schema{},
			}
			if op.RequestBody != nil {
				if m := op.RequestBody.Value.Content.Get("application/json"); m != nil {
					o.Body = m.Schema.Value
				}
			}
			for _, p := range slices.Concat(item.Parameters, op.Parameters) {
				if p.Value.In == "query" {
					o.Query[p.Value.Name] = true
					o.Params[p.Value.Name] = p.Value.Schema.Value
				}
			}
			out[method+" "+path] = o
		}
	}
	return out
}
