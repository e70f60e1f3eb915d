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

var listTests = []test{
	{"Filters", testListFilters},
	{"ChangedFields", testListChanged},
	{"OrderAndCursor", testListCursor},
	{"Model", testListModel},
	{"Budget", testListBudget},
	{"UnknownFieldIsAnError", testListUnknownField},
	{"Mark", testListMark},
}

func testListFilters(t *testing.T, db Database) {
	s := open(t, db)
	h, other := begin(t, "site"), begin(t, "other")
	put := func(h *history, id string, set func(*workflow.Visit)) {
		v := visit(id, workflow.Assigned)
		set(v)
		mustAppend(t, s, h.page(changed("assign_visit", v)))
	}
	put(h, "v1", func(v *workflow.Visit) {
		v.BusinessDay, v.Customer, v.Server = "2026-03-12", "c1", "li"
	})
	put(h, "v2", func(v *workflow.Visit) {
		v.BusinessDay, v.Server, v.Principal = "2026-03-13", "li", "张伟"
	})
	put(h, "v3", func(v *workflow.Visit) {
		v.BusinessDay, v.Customer, v.State = "2026-03-14", "c1", workflow.Registered
	})
	put(h, "v4", func(v *workflow.Visit) {
		v.BusinessDay, v.Kind, v.Server = "2026-03-14", workflow.KindPeer, "张伟"
	})
	put(h, "v5", func(v *workflow.Visit) {
		v.BusinessDay, v.Reason = "2026-04-01", `"server":"li"`
	})
	put(other, "v9", func(v *workflow.Visit) {
		v.BusinessDay, v.Customer, v.Server = "2026-03-14", "c1", "li"
	})
	mustAppend(t, s, h.page(changed(
		"import_customer", customer("c1", "li", workflow.StatusReceived),
		customer("c2", "li", workflow.StatusSigned),
		customer("c3", "张伟", workflow.StatusSigned),
	)))
	catchUp(t, s, h.site)
	catchUp(t, s, other.site)
	type fields = map[string][]string
	for _, c := range []struct {
		name string
		q    repo.Query
		want string
	}{
		{"all", repo.Query{Collection: workflow.Visits}, "v1 v2 v3 v4 v5"},
		{
			"by server", repo.Query{Collection: workflow.Visits, In: fields{"server": {"li"}}},
			"v1 v2",
		},
		{
			"by principal",
			repo.Query{Collection: workflow.Visits, In: fields{"principal": {"张伟"}}}, "v2",
		},
		{
			"by customer", repo.Query{Collection: workflow.Visits, In: fields{"customer": {"c1"}}},
			"v1 v3",
		},
		{
			"by state",
			repo.Query{Collection: workflow.Visits, In: fields{"state": {"registered"}}}, "v3",
		},
		{"by kind", repo.Query{Collection: workflow.Visits, In: fields{"kind": {"peer"}}}, "v4"},
		{
			"by day", repo.Query{Collection: workflow.Visits, From: "2026-03-14", To: "2026-03-14"},
			"v3 v4",
		},
		{
			"two fields",
			repo.Query{
				Collection: workflow.Visits, In: fields{"server": {"li"}, "customer": {"c1"}},
			}, "v1",
		},
		{"nothing", repo.Query{Collection: workflow.Visits, In: fields{"server": {"LI"}}}, ""},
		{"from", repo.Query{Collection: workflow.Visits, From: "2026-03-13"}, "v2 v3 v4 v5"},
		{"to", repo.Query{Collection: workflow.Visits, To: "2026-03-13"}, "v1 v2"},
		{
			"from to",
			repo.Query{Collection: workflow.Visits, From: "2026-03-13", To: "2026-03-31"},
			"v2 v3 v4",
		},
		{"one day and a state", repo.Query{
			Collection: workflow.Visits, From: "2026-03-14", To: "2026-03-14", In: fields{
				"state": {"assigned"},
			},
		}, "v4"},
		{
			"by owner", repo.Query{Collection: workflow.Customers, In: fields{"owner": {"li"}}},
			"c1 c2",
		},
		{
			"by status",
			repo.Query{Collection: workflow.Customers, In: fields{"status": {"signed"}}}, "c2 c3",
		},
		{"other site", repo.Query{Collection: workflow.Visits, Site: "other"}, "v9"},
		{"no such site", repo.Query{Collection: workflow.Visits, Site: "nowhere"}, ""},
		{"empty collection", repo.Query{Collection: workflow.Calls}, ""},
	} {
		if c.q.Site == "" {
			c.q.Site = h.site
		}
		c.q.Limit = 100
		for _, descending := range []bool{false, true} {
			c.q.Descending = descending
			want := strings.Fields(c.want)
			if descending {
				slices.Reverse(want)
			}
			l, err := s.List(testContext(t), c.q)
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			equal(t, fmt.Sprintf("%s (descending %v)", c.name, descending), want, ids(l.Docs))
		}
	}
}

// testListChanged: a record is found by what it says now, and no longer by what it said.
func testListChanged(t *testing.T, db Database) {
	s := open(t, db)
	h := begin(t, "site")
	for _, step := range []struct{ customer, owner string }{
		{"", ""}, {"c1", "li"}, {"c2", "li"}, {"c2", "张伟"}, {"", ""},
	} {
		v, c := visit("v1", workflow.Identified), customer("k1", workflow.StaffID(step.owner),
			workflow.StatusReceived)
		v.Customer = workflow.CustomerID(step.customer)
		mustAppend(t, s, h.page(changed("reidentify_visit", v, c)))
		catchUp(t, s, h.site)
		for _, field := range []struct {
			collection      workflow.Collection
			name, value, id string
			is              bool
		}{
			{workflow.Visits, "customer", "c1", "v1", step.customer == "c1"},
			{workflow.Visits, "customer", "c2", "v1", step.customer == "c2"},
			{workflow.Customers, "owner", "li", "k1", step.owner == "li"},
			{workflow.Customers, "owner", "张伟", "k1", step.owner == "张伟"},
		} {
			l, err := s.List(testContext(t), repo.Query{
				Collection: field.collection, Site: h.site,
				In: map[string][]string{field.name: {field.value}}, Limit: 10,
			})
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			if field.is {
				want = []string{field.id}
			}
			equal(t,
				fmt.Sprintf("%s by %s %s at %+v", field.collection, field.name, field.value,
					step), want, ids(l.Docs))
		}
	}
}

func ids(docs []repo.Document) []string {
	var out []string
	for _, d := range docs {
		out = append(out, d.ID)
	}
	return out
}

func testListCursor(t *testing.T, db Database) {
	s := open(t, db)
	h := begin(t, "site")
	var want []string
	for i := range 23 {
		v := visit(fmt.Sprintf("v%02d", (i*5)%23), workflow.Arrived)
		if i%2 == 0 {
			v.Server = "li"
		}
		mustAppend(t, s, h.page(changed("arrive_visit", v)))
		want = append(want, v.ID)
	}
	catchUp(t, s, h.site)
	slices.Sort(want)
	served := slices.DeleteFunc(slices.Clone(want), func(id string) bool {
		return !strings.Contains(string(h.docs[workflow.VisitRef(workflow.VisitID(id))].Doc),
			`"server":"li"`)
	})
	for _, descending := range []bool{false, true} {
		if descending {
			slices.Reverse(want)
			slices.Reverse(served)
		}
		for _, limit := range []int{1, 7, 23, 100} {
			all := repo.Query{
				Collection: workflow.Visits, Site: h.site, Descending: descending, Limit: limit,
			}
			equal(t, fmt.Sprintf("every page of %d", limit), want, walk(t, s, all))
			all.In = map[string][]string{"server": {"li"}}
			equal(t, fmt.Sprintf("every filtered page of %d", limit), served, walk(t, s, all))
		}
	}
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

// testListModel: whatever the conditions, the order and the size of the pages, a list is what a
// plain look at every visit gives.
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

// model is what a query selects, looked at one by one.
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

// testListBudget: a query with several conditions is answered after so many documents, and goes on
// from there.
func testListBudget(t *testing.T, db Database) {
	s := open(t, db)
	h := begin(t, "site")
	n, wanted := repo.ListBudget+180, "v000030"
	for i := 0; i < n; {
		var page []change
		for ; len(page) < repo.MaxPageCommits && i < n; i++ {
			v := visit(fmt.Sprintf("v%06d", i), workflow.Registered)
			v.Server, v.Kind = "li", workflow.KindNew
			if v.ID == wanted {
				v.Kind = workflow.KindPeer
			}
			page = append(page, changed("register_visit", v))
		}
		mustAppend(t, s, h.page(page...))
	}
	catchUp(t, s, h.site)
	for _, condition := range []repo.Query{
		{In: map[string][]string{"server": {"li"}, "kind": {"peer"}}}, {
			Of: "li", In: map[string][]string{"kind": {"peer"}},
		},
	} {
		q := condition
		q.Collection, q.Site, q.Descending, q.Limit = workflow.Visits, h.site, true, 10
		l, err := s.List(testContext(t), q)
		if err != nil || len(l.Docs) != 0 || l.Next == (repo.Place{}) {
			t.Errorf("%d documents, next %v, %v", len(l.Docs), l.Next, err)
		}
		equal(t, "all of it", []string{wanted}, walk(t, s, q))
		q.Descending = false
		equal(t, "the other way", []string{wanted}, walk(t, s, q))
	}
}

// testListUnknownField: a field that cannot be filtered by must not be left out, or everything is
// listed.
func testListUnknownField(t *testing.T, db Database) {
	s := open(t, db)
	h := begin(t, "site")
	mustAppend(t, s, h.page(arrival()))
	catchUp(t, s, h.site)
	for _, field := range []string{
		"seq", "", "$where", "State", "state' OR '1'='1", "form.note", "business_day", "owner",
	} {
		l, err := s.List(testContext(t), repo.Query{
			Collection: workflow.Visits, Site: h.site, In: map[string][]string{field: {"1"}},
			Limit: 10,
		})
		if err == nil || len(l.Docs) > 0 {
			t.Errorf("filter by %q: want an error, got %d documents", field, len(l.Docs))
		}
	}
}

func testListMark(t *testing.T, db Database) {
	s := open(t, db)
	h := begin(t, "site")
	for range 3 {
		mustAppend(t, s, h.page(arrival(), arrival()))
		catchUp(t, s, h.site)
		l, err := s.List(testContext(t), repo.Query{
			Collection: workflow.Visits, Site: h.site, Limit: 100,
		})
		if err != nil || l.Mark != h.seq || int64(len(l.Docs)) != h.seq {
			t.Errorf("list at %d: %d documents, mark %d, %v", h.seq, len(l.Docs), l.Mark, err)
		}
	}
}
