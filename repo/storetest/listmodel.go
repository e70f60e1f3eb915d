package storetest

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

func ids(docs []repo.Document) []string {
	var out []string
	for _, d := range docs {
		out = append(out, d.ID)
	}
	return out
}

// walk follows a list to its end.
func walk(t *testing.T, s repo.Store, q repo.Query) []string {
	t.Helper()
	var out []string
	for range 10_000 {
		l, err := s.List(testContext(t), q)
		if err != nil {
			t.Fatal(err)
		}
		if len(l.Docs) > q.Limit {
			t.Fatalf("%d documents, limit %d", len(l.Docs), q.Limit)
		}
		out = append(out, ids(l.Docs)...)
		if l.Next == (repo.Place{}) {
			return out
		}
		q.After = l.Next
	}
	t.Fatalf("%+v: the list does not end", q)
	return nil
}

// testListModel: whatever the conditions, the order and the page size, a list is what comparing
// every visit gives.
func testListModel(t *testing.T, db Database) {
	s := open(t, db)
	h := begin(t, "site")
	r := rand.New(rand.NewPCG(7, 11))
	staff := []workflow.StaffID{"", "li", "wang", "张伟"}
	states := []workflow.State{
		workflow.Arrived, workflow.Assigned, workflow.Served, workflow.Registered,
		workflow.Abandoned,
	}
	days := []workflow.Date{"2026-03-12", "2026-03-13", "2026-03-14"}
	kinds := []workflow.VisitKind{workflow.KindNew, workflow.KindPeer}
	var all []*workflow.Visit
	for i := range 80 {
		v := visit(fmt.Sprintf("v%02d", (i*37)%80), states[r.IntN(len(states))])
		v.BusinessDay, v.Kind = days[r.IntN(len(days))], kinds[r.IntN(len(kinds))]
		v.Server, v.Principal = staff[r.IntN(len(staff))], staff[r.IntN(len(staff))]
		v.Customer = workflow.CustomerID([]string{"", "c1", "c2"}[r.IntN(3)])
		for _, a := range staff[1:] {
			if r.IntN(6) == 0 {
				v.Assistants = append(v.Assistants, a)
			}
		}
		all = append(all, v)
		first := *v
		first.State, first.Open, first.Server, first.Assistants = workflow.Arrived, true, "", nil
		mustAppend(t, s, h.page(changed("arrive_visit", &first), changed("register_visit", v)))
	}
	catchUp(t, s, h.site)
	for range 300 {
		q := repo.Query{
			Collection: workflow.Visits, Site: h.site, In: map[string][]string{},
			Descending: r.IntN(2) == 0, Limit: 1 + r.IntN(30),
		}
		maybe := func(field string, values ...string) {
			if r.IntN(4) == 0 {
				r.Shuffle(len(values), func(i, k int) {
					values[i], values[k] = values[k], values[i]
				})
				q.In[field] = values[:1+r.IntN(len(values))]
			}
		}
		maybe("state", "arrived", "assigned", "served", "registered", "abandoned")
		maybe("kind", "new", "peer")
		maybe("server", "li", "wang", "张伟", "nobody")
		maybe("principal", "li", "wang")
		maybe("customer", "c1", "c2")
		maybe("assistants", "li", "张伟")
		if r.IntN(4) == 0 {
			q.Of = staff[1+r.IntN(3)]
		}
		if r.IntN(3) == 0 {
			is := r.IntN(2) == 0
			q.Open = &is
		}
		if r.IntN(3) == 0 {
			q.From = days[r.IntN(len(days))]
		}
		if r.IntN(3) == 0 {
			q.To = days[r.IntN(len(days))]
		}
		equal(t, fmt.Sprintf("%+v, open %v", q, q.Open), model(all, q), walk(t, s, q))
	}
}

// model is what a query selects, comparing one visit at a time.
func model(all []*workflow.Visit, q repo.Query) (out []string) {
	sorted := slices.SortedFunc(slices.Values(all), func(a, b *workflow.Visit) int {
		return cmp.Or(strings.Compare(string(a.BusinessDay), string(b.BusinessDay)),
			strings.Compare(a.ID, b.ID))
	})
	if q.Descending {
		slices.Reverse(sorted)
	}
	for _, v := range sorted {
		passes := (q.Of == "" || v.Of(q.Of)) && (q.Open == nil || v.Open == *q.Open) &&
			(q.From == "" || v.BusinessDay >= q.From) && (q.To == "" || v.BusinessDay <= q.To)
		for field, values := range q.In {
			is := map[string][]string{
				"state": {string(v.State)}, "kind": {string(v.Kind)}, "server": {string(v.Server)},
				"principal": {string(v.Principal)},
				"customer":  {string(v.Customer)},
			}
			for _, a := range v.Assistants {
				is["assistants"] = append(is["assistants"], string(a))
			}
			passes = passes && slices.ContainsFunc(is[field], func(s string) bool {
				return slices.Contains(values, s)
			})
		}
		if passes {
			out = append(out, v.ID)
		}
	}
	return out
}
