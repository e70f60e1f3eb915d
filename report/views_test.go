package report_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/lunpai/lunpai/report"
)

// TestViews holds every view in MongoDB against the report of its name, for two offices in one database: the same rows, the same
// fields, the same numbers to the last bit. And both stores give the same reports.
func TestViews(t *testing.T) {
	s, db := mongodb(t)
	fill(t, s, two...)
	embedded := sqlite(t)
	fill(t, embedded, two...)
	for _, name := range report.Names() {
		t.Run(name, func(t *testing.T) {
			for _, office := range two {
				q := report.Query{Report: name, Site: office.Site}
				if d := gocmp.Diff(text(t, embedded, q, report.JSON), text(t, s, q, report.JSON)); d != "" {
					t.Errorf("%s on SQLite and on MongoDB: %.2000s", office.Site, d)
				}
				if name == "visits" {
					continue // is no view: visits are there themselves
				}
				columns, want := rows(t, s, q)
				got := viewRows(t, db.Collection(name), string(office.Site), columns)
				slices.SortFunc(want, func(a, b []any) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
				if len(want) == 0 {
					t.Errorf("%s: the report is empty", office.Site)
				}
				if d := gocmp.Diff(want, got); d != "" {
					t.Errorf("%s (-report +view):\n%.3000s", office.Site, d)
				}
			}
		})
	}
}

// viewRows reads a view's documents of a site as rows; they must have exactly these fields.
func viewRows(t *testing.T, view *mongo.Collection, site string, columns []string) [][]any {
	t.Helper()
	cursor, err := view.Find(t.Context(), bson.D{{Key: "site", Value: site}})
	if err != nil {
		t.Fatal(err)
	}
	var docs []map[string]any
	if err := cursor.All(t.Context(), &docs); err != nil {
		t.Fatal(err)
	}
	fields := append([]string{"site"}, columns...)
	slices.Sort(fields)
	var out [][]any
	for _, d := range docs {
		if names := slices.Sorted(maps.Keys(d)); !slices.Equal(names, fields) {
			t.Fatalf("the view has the fields %v, the report %v", names, fields)
		}
		row := make([]any, len(columns))
		for i, c := range columns {
			row[i] = d[c]
			if n, ok := row[i].(int32); ok {
				row[i] = int64(n)
			}
		}
		out = append(out, row)
	}
	slices.SortFunc(out, func(a, b []any) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return out
}
