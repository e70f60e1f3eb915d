package mongostore

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/tools/mongod/mongotest"
	"github.com/lunpai/lunpai/workflow"
)

// TestPlans: every part of every list goes through its index and sorts nothing that grows. Every filter that a collection has is
// tried with every order, so that a new one needs its index.
func TestPlans(t *testing.T) {
	uri := mongotest.Standalone(t)
	base, rest, _ := strings.Cut(uri, "?")
	uri = base[:strings.LastIndexByte(base, '/')] + fmt.Sprintf("/plans_%d?", time.Now().UnixNano()) + rest
	s, err := Open(t.Context(), Config{URI: uri})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = s.journal.Database().Drop(t.Context())
		_ = s.Close()
	}()
	tried := 0
	for _, c := range workflow.Collections {
		queries := []repo.Query{{Collection: c}}
		if c == workflow.Visits {
			queries = append(queries, repo.Query{Collection: c, Of: "li"})
		}
		for _, field := range repo.Filters[c] {
			queries = append(queries, repo.Query{Collection: c, In: map[string][]string{field: {"x", "y"}}})
			for _, other := range repo.Filters[c] {
				queries = append(queries, repo.Query{Collection: c, In: map[string][]string{field: {"x"}, other: {"y"}}})
			}
		}
		for _, q := range queries {
			q.Site, q.Limit = "s", 50
			for _, q := range stretched(q) {
				for _, q.Descending = range []bool{false, true} {
					by, rest, err := q.Plan()
					if err != nil {
						t.Fatal(err)
					}
					for _, p := range parts(q, by, rest) {
						for _, reach := range reaches(q) {
							tried++
							s.explain(t, q, p, reach)
						}
					}
				}
			}
		}
	}
	if tried < 200 {
		t.Errorf("%d plans were read", tried)
	}
}

// stretched is a query from the start, from the middle on, and between days.
func stretched(q repo.Query) []repo.Query {
	out := []repo.Query{q}
	if q.Collection != workflow.Visits {
		q.After.ID = "v"
		return append(out, q)
	}
	q.From, q.To = "2026-03-01", "2026-03-31"
	out = append(out, q)
	q.After = repo.Place{Day: "2026-03-14", ID: "v"}
	return append(out, q)
}

// explain reads the plan of one part. The limit stands for the budget, too.
func (s *Store) explain(t *testing.T, q repo.Query, p part, reach bson.D) {
	t.Helper()
	m := merger{q: q}
	var plan bson.Raw
	err := s.journal.Database().RunCommand(t.Context(), bson.D{{Key: "explain", Value: bson.D{
		{Key: "find", Value: string(p.collection)}, {Key: "filter", Value: append(slices.Clone(p.filter), reach...)},
		{Key: "sort", Value: m.sort()}, {Key: "limit", Value: q.Limit}, {Key: "hint", Value: p.index},
	}}, {Key: "verbosity", Value: "queryPlanner"}}).Decode(&plan)
	if err != nil {
		t.Fatalf("%+v by %s: %v", q, p.index, err)
	}
	winning := plan.Lookup("queryPlanner", "winningPlan").String()
	sorts := strings.Contains(winning, `"stage": "SORT"`) || strings.Contains(winning, `"stage":"SORT"`)
	if strings.Contains(winning, "COLLSCAN") || !strings.Contains(winning, p.index) || sorts && p.index != indexOpen {
		t.Errorf("%+v, reach %v: by %s: %s", q, reach, p.index, winning)
	}
}
