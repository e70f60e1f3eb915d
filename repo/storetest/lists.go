package storetest

import (
	"fmt"
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
			"by server",
			repo.Query{Collection: workflow.Visits, In: fields{"server": {"li"}}},
			"v1 v2",
		},
		{
			"by principal",
			repo.Query{Collection: workflow.Visits, In: fields{"principal": {"张伟"}}},
			"v2",
		},
		{
			"by customer",
			repo.Query{Collection: workflow.Visits, In: fields{"customer": {"c1"}}},
			"v1 v3",
		},
		{
			"by state",
			repo.Query{Collection: workflow.Visits, In: fields{"state": {"registered"}}},
			"v3",
		},
		{"by kind", repo.Query{Collection: workflow.Visits, In: fields{"kind": {"peer"}}}, "v4"},
		{
			"by day",
			repo.Query{Collection: workflow.Visits, From: "2026-03-14", To: "2026-03-14"},
			"v3 v4",
		},
		{
			"two fields",
			repo.Query{
				Collection: workflow.Visits, In: fields{"server": {"li"}, "customer": {"c1"}},
			},
			"v1",
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
			"by owner",
			repo.Query{Collection: workflow.Customers, In: fields{"owner": {"li"}}},
			"c1 c2",
		},
		{
			"by status",
			repo.Query{Collection: workflow.Customers, In: fields{"status": {"signed"}}},
			"c2 c3",
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

// testListChanged: a record is found by its present content, and no longer by what it held before.
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

// testListBudget: a query with several conditions is answered after a limited number of documents,
// and continues from there.
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

// testListUnknownField: a field that cannot be filtered by must be refused: ignored, it would list
// everything.
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
