package sqlitestore

import (
	"database/sql"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// TestPlans: every query of the service uses the index made for it, sorts nothing that grows, and
// never reads a whole table. Every filter that a collection has is tried with every order, so that
// a new one needs its index.
func TestPlans(t *testing.T) {
	s := openNew(t)
	tried := 0
	try := func(q repo.Query, index string) {
		t.Helper()
		tried++
		for _, open := range []*bool{nil, new(bool), new(true)} {
			for _, descending := range []bool{false, true} {
				q.Site, q.Limit, q.Descending, q.Open = "s", 50, descending, open
				text, args, err := listing(q)
				if err != nil {
					t.Fatal(err)
				}
				plan := planOf(t, s, text, args...)
				if open == nil || !*open {
					if !strings.Contains(plan, "SEARCH "+index+" ") {
						t.Errorf("%+v, open %v: want %s, got %s", q, open, index, plan)
					}
				}
				if sorts := strings.Count(plan, "TEMP B-TREE"); sorts > strings.Count(plan,
					"INDEX images_open") || strings.Contains(plan, "SCAN i") {
					t.Errorf("%+v, open %v: sorts %d times or scans: %s", q, open, sorts, plan)
				}
			}
		}
	}
	days := func(q repo.Query, index string) {
		t.Helper()
		try(q, index)
		if q.Collection != workflow.Visits {
			q.After.ID = "v"
			try(q, index)
			return
		}
		q.From, q.To = "2026-03-01", "2026-03-31"
		try(q, index)
		q.After = repo.Place{Day: "2026-03-14", ID: "v"}
		try(q, index)
	}
	for _, c := range workflow.Collections {
		all := "i USING INDEX sqlite_autoindex_images_1"
		if c == workflow.Visits {
			all = "i USING INDEX images_day"
			days(repo.Query{Collection: c, Of: "li"}, "s USING PRIMARY KEY")
		}
		days(repo.Query{Collection: c}, all)
		for _, field := range repo.Filters[c] {
			index := "i USING INDEX " + string(c) + "_" + field
			switch {
			case c == workflow.Visits &&
				slices.Contains([]string{"assistants", "principal", "server"}, field):
				index = "s USING PRIMARY KEY"
			case listed[c].who == field && c == workflow.Customers:
				index = "i USING INDEX images_who"
			}
			one := repo.Query{Collection: c, In: map[string][]string{field: {"x"}}}
			days(one, index)
			days(repo.Query{Collection: c, In: map[string][]string{field: {"x", "y"}}}, index)
			for _, other := range repo.Filters[c] {
				both := repo.Query{
					Collection: c, In: map[string][]string{field: {"x"}, other: {"y"}},
				}
				if by, _, _ := both.Plan(); by == field {
					days(both, index)
				}
			}
		}
	}
	if tried < 60 {
		t.Errorf("%d plans were read", tried)
	}
	testAskPlans(t, s)
	plan := planOf(t, s, dueQuery, "2026", "2025", "t", 500)
	if !strings.Contains(plan, "SEARCH images USING INDEX images_wake") ||
		strings.Contains(plan, "TEMP B-TREE") {
		t.Errorf("what is due: %s", plan)
	}
	plan = planOf(t, s, scanDaysQuery, workflow.Visits, "s", "2026-03-01", "", "2026-03-31", 100)
	if !strings.Contains(plan, "images_day") || strings.Contains(plan, "TEMP B-TREE") {
		t.Errorf("a scan by day: %s", plan)
	}
	plan = planOf(t, s, underQuery, repo.Notes, "s", "visits/", "visits0")
	if !strings.Contains(plan, "sides_lookup") || strings.Contains(plan, "TEMP B-TREE") {
		t.Errorf("under a lookup: %s", plan)
	}
	plan = planOf(t, s, boardQuery, "s", "s/live")
	if !strings.Contains(plan, "images_open") || strings.Contains(plan, "SCAN") {
		t.Errorf("the board: %s", plan)
	}
}

func planOf(t *testing.T, s *Store, text string, args ...any) string {
	t.Helper()
	rows, err := s.pool.db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+text, args...)
	steps, err := collect(rows, err, func(rows *sql.Rows) (step string, err error) {
		err = rows.Scan(new(int), new(int), new(int), &step)
		return step, err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(steps, "; ")
}

// testAskPlans: whatever an agenda asks for, of one or of many, is read in the order of its index.
func testAskPlans(t *testing.T, s *Store) {
	t.Helper()
	at := time.Date(2026, 3, 14, 1, 0, 0, 500_000_000, time.UTC)
	for _, m := range repo.Moments {
		for _, ask := range []workflow.Ask{
			{},
			{From: at},
			{From: at, To: at},
			{To: at, Status: []string{"received", "registered"}},
		} {
			for _, whose := range [][]string{{"a"}, {"a", "b", "c"}} {
				text, args := asking("s", m, ask, whose, 50)
				plan := planOf(t, s, text, args...)
				search := "SEARCH i USING INDEX " + string(m.Collection) + "_" + string(m.By) + " "
				if strings.Count(plan, search) != len(whose) ||
					strings.Contains(plan, "TEMP B-TREE") || strings.Contains(plan, "SCAN i") {
					t.Errorf("%v %+v of %d: %s", m, ask, len(whose), plan)
				}
			}
		}
	}
}
