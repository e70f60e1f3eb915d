package api

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lunpai/lunpai/openapi"
	"github.com/lunpai/lunpai/openapi/spec"
)

// contract is the contract, read once.
var contract = sync.OnceValue(func() *spec.Spec {
	s, err := spec.Load()
	if err != nil {
		panic(err)
	}
	return s
})

func TestDocumentIsValid(t *testing.T) {
	s, err := spec.Load()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestRoutesAndContractAreTheSame counts both by hand, so that New's own check is checked.
func TestRoutesAndContractAreTheSame(t *testing.T) {
	a, err := New(Config{Clock: &ManualClock{}}) // a rehearsal has all addresses
	if err != nil {
		t.Fatal(err)
	}
	var routes, operations []string
	for _, r := range a.echo.Routes() {
		if !strings.HasPrefix(r.Path, "/docs") {
			routes = append(routes, r.Method+" "+openapi.Path(r.Path))
		}
	}
	for name := range contract().Operations() {
		operations = append(operations, name)
	}
	slices.Sort(routes)
	slices.Sort(operations)
	if d := cmp.Diff(operations, routes); d != "" {
		t.Errorf("contract (-) and routes (+) differ:\n%s", d)
	}
}

func TestEveryOperationIsDocumented(t *testing.T) {
	ids := map[string]string{}
	for name, op := range contract().Operations() {
		if op.Summary == "" || op.Description == "" || len(op.Tags) != 1 || op.OperationID == "" {
			t.Errorf("%s lacks summary, description, tag or id", name)
		}
		if other, twice := ids[op.OperationID]; twice {
			t.Errorf("%s and %s are both called %s", name, other, op.OperationID)
		}
		ids[op.OperationID] = name
		success := 0
		for status, r := range op.Responses.Map() {
			n, err := strconv.Atoi(status)
			if err != nil || r.Value == nil || r.Value.Description == nil ||
				*r.Value.Description == "" {
				t.Errorf("%s: response %s says nothing", name, status)
				continue
			}
			if n < 300 {
				success++
			}
			if n < 400 { // 304: what the caller has is the newest
				continue
			}
			m := r.Value.Content.Get("application/problem+json")
			if m == nil || m.Schema == nil || m.Schema.Ref != "#/components/schemas/Problem" {
				t.Errorf("%s: response %s is not a problem document", name, status)
			}
		}
		if success == 0 {
			t.Errorf("%s never succeeds", name)
		}
		if body := op.RequestBody; body != nil {
			m := body.Value.Content.Get("application/json")
			if m.Example == nil && len(m.Examples) == 0 {
				t.Errorf("%s has no example of a body", name)
			}
		}
	}
}

// TestMainAnswersHaveExamples: who reads the contract sees what comes back.
func TestMainAnswersHaveExamples(t *testing.T) {
	want := map[string]string{
		"createSite": "201", "arriveVisit": "201", "identifyVisit": "200",
		"assignVisit": "200", "serveVisit": "200", "registerVisit": "200", "getRota": "200",
	}
	for name, op := range contract().Operations() {
		status, ok := want[op.OperationID]
		if !ok {
			continue
		}
		m := op.Responses.Value(status).Value.Content.Get("application/json")
		if m.Example == nil && len(m.Examples) == 0 {
			t.Errorf("%s: no example of its answer", name)
		}
	}
	rule := false
	for _, r := range contract().Document().Components.Responses {
		for _, ex := range r.Value.Content.Get("application/problem+json").Examples {
			m, _ := ex.Value.Value.(map[string]any)
			rule = rule || m["rule"] != nil
		}
	}
	if !rule {
		t.Error("no error example names an article")
	}
}
