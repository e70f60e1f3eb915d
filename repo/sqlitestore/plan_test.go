package sqlitestore

import (
	"database/sql"
	"strings"
	"testing"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// TestPlans: what is asked in service goes through the index made for it, sorts nothing where that index has the order, and
// never reads a whole table.
func TestPlans(t *testing.T) {
	type fields = map[string]string
	s := openNew(t)
	for _, c := range []struct {
		name   string
		q      repo.Query
		index  string
		sorted bool // the index has another order
	}{
		{name: "all", index: "sqlite_autoindex_images_1"},
		{name: "by state", q: repo.Query{Equal: fields{"state": "arrived"}}, index: "sqlite_autoindex_images_1"},
		{name: "next page", q: repo.Query{After: "v"}, index: "sqlite_autoindex_images_1"},
		{name: "backwards", q: repo.Query{After: "v", Descending: true}, index: "sqlite_autoindex_images_1"},
		{name: "by day", q: repo.Query{Equal: fields{"business_day": "2026-03-14"}, After: "v"}, index: "images_day"},
		{name: "by day and state", q: repo.Query{Equal: fields{"business_day": "2026-03-14", "state": "served"}}, index: "images_day"},
		{name: "by customer", q: repo.Query{Equal: fields{"customer": "c"}, Descending: true, After: "v"}, index: "images_who"},
		{name: "by owner", q: repo.Query{Collection: workflow.Customers, Equal: fields{"owner": "li"}}, index: "images_who"},
		{name: "one month", q: repo.Query{From: "2026-03-01", To: "2026-03-31"}, index: "images_day", sorted: true},
	} {
		if c.q.Collection == "" {
			c.q.Collection = workflow.Visits
		}
		c.q.Site, c.q.Limit = "s", 100
		text, args, err := listing(c.q)
		if err != nil {
			t.Fatal(err)
		}
		plan := planOf(t, s, text, args...)
		if !strings.Contains(plan, "SEARCH images USING INDEX "+c.index+" ") || strings.Contains(plan, "TEMP B-TREE") != c.sorted {
			t.Errorf("%s: want index %s, sorting %v; got %s", c.name, c.index, c.sorted, plan)
		}
	}
	plan := planOf(t, s, scanDaysQuery, workflow.Visits, "s", "2026-03-01", "", "2026-03-31", 100)
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
