package analytics

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/lunpai/lunpai/explain"
	"github.com/lunpai/lunpai/internal/slow"
	"github.com/lunpai/lunpai/report"
	"github.com/lunpai/lunpai/tools/mongod/mongotest"
)

func TestMain(m *testing.M) { mongotest.Main(m) }

// TestQuestions puts the questions of the page, and the one in the README, to MongoDB as
// analysts do, and holds the answers against the journal. It looks as well into the plans of the
// queries and at the columns of the views.
func TestQuestions(t *testing.T) {
	slow.Test(t, "a made-up year of 30,000 visits, 20 s")
	setup, all := questions(t)
	y := makeYear(t)

	want := []any{plain(readme(y.office))}
	for _, answer := range answers {
		want = append(want, plain(answer(y.office)))
	}
	names, js, python := readmeQuery(t)
	for _, q := range all {
		names, js, python = append(names, q.heading), append(js, q.js), append(python, q.python)
	}

	t.Run("mongosh", func(t *testing.T) {
		got, plans := runMongosh(t, y.uri, setup.js, js)
		same(t, names, want, got)
		for i, plan := range plans {
			checkPlan(t, names[i], js[i], plan)
		}
	})
	t.Run("pymongo", func(t *testing.T) {
		same(t, names[1:], want[1:],
			runPython(t, y.uri, setup.python, python))
	})
	t.Run("views", func(t *testing.T) { checkViews(t, y) })
	t.Run("sample", func(t *testing.T) { checkSample(t, y) })
}

// readmeQuery begins the lists of queries with the first one in the README, which has no twin in
// Python.
func readmeQuery(t *testing.T) (names, js, python []string) {
	t.Helper()
	blocks := only(blocksOf(readPage(t, "../../README.md")), "js")
	if len(blocks) != 1 {
		t.Fatalf("the README holds %d blocks of js, want one", len(blocks))
	}
	query, _, _ := strings.Cut(blocks[0].code, "\n\n")
	return []string{"README"}, []string{query}, nil
}

// same compares answers to the last digit.
func same(t *testing.T, names []string, want, got []any) {
	t.Helper()
	for i, name := range names {
		if len(want[i].([]any)) == 0 {
			t.Errorf("%s: the journal has nothing to say", name)
		}
		if diff := cmp.Diff(want[i], got[i]); diff != "" {
			t.Errorf("%s: the journal (-) and the query (+) differ:\n%s", name, diff)
		}
	}
}

// checkPlan requires of every collection that a query reads that it is read by the index of its
// site and, where the query names days, by one that has the days in it: that of the days, or that
// of a field of closed visits, by day too. Where both fit the server takes the one that was quicker
// in its trial.
func checkPlan(t *testing.T, name, query string, plan any) {
	t.Helper()
	var planners []row
	find(plan, "queryPlanner", func(v any) { planners = append(planners, v.(row)) })
	if want := 1 + strings.Count(query, "coll: "); len(planners) != want {
		t.Errorf("%s: %d plans, want %d", name, len(planners), want)
	}
	for _, p := range planners {
		var stages, indexes []string
		find(p["winningPlan"], "stage", func(v any) { stages = append(stages, v.(string)) })
		find(p["winningPlan"], "indexName", func(v any) { indexes = append(indexes, v.(string)) })
		_, collection, _ := strings.Cut(p["namespace"].(string), ".")
		if slices.Contains(stages, "COLLSCAN") || !slices.Contains(stages, "IXSCAN") {
			t.Errorf("%s reads the whole of %s: %q", name, collection, stages)
		}
		fits := func(index string) bool { return index == "site_id" }
		switch collection {
		case "visits":
			fits = func(index string) bool {
				return index == "site_business_day" ||
					strings.HasSuffix(index, "_closed")
			}
		case "tickets", "projects": // a year of the desk is short: by any index of the site
			fits = func(index string) bool { return strings.HasPrefix(index, "site_") }
		}
		if strings.Contains(query, "days") && (len(indexes) != 1 || !fits(indexes[0])) {
			t.Errorf("%s reads %s by %q", name, collection, indexes)
		}
	}
}

// find calls f for every value of a name, at any depth.
func find(in any, name string, f func(any)) {
	switch in := in.(type) {
	case row:
		for k, v := range in {
			if k == name {
				f(v)
				continue
			}
			find(v, name, f)
		}
	case []any:
		for _, v := range in {
			find(v, name, f)
		}
	}
}

// checkViews compares the columns of every view with those that the page gives it.
func checkViews(t *testing.T, y *year) {
	for _, r := range report.List(explain.En) {
		if r.Name == "visits" {
			continue
		}
		var doc bson.D
		if err := y.db.Collection(r.Name).FindOne(t.Context(),
			bson.D{{Key: "site", Value: site}}).Decode(&doc); err != nil {
			t.Errorf("view %s: %v", r.Name, err)
			continue
		}
		var columns []string
		for _, e := range doc {
			columns = append(columns, e.Key)
		}
		want := viewColumns(r)
		slices.Sort(columns)
		slices.Sort(want)
		if diff := cmp.Diff(want, columns); diff != "" {
			t.Errorf("view %s: the page (-) and the view (+) differ:\n%s", r.Name, diff)
		}
	}
}
