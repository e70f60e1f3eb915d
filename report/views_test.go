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
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/lunpai/lunpai/internal/slow"
	"github.com/lunpai/lunpai/report"
	"github.com/lunpai/lunpai/workflow"
)

// TestViews holds every view in MongoDB against the report of its name, for several offices in one
// database: the same rows, the same fields, the same numbers to the last bit. And both stores give
// the same reports.
func TestViews(t *testing.T) {
	slow.Test(t, "every view against every report, 48 s")
	s, db := mongodb(t)
	fill(t, s, two...)
	twoDays(t, s)
	joinTeam(t, s)
	embedded := sqlite(t)
	fill(t, embedded, two...)
	twoDays(t, embedded)
	joinTeam(t, embedded)
	offices := []workflow.SiteID{two[0].Site, two[1].Site, "office", "teams"}
	before(t, db)
	for _, name := range report.Names() {
		t.Run(name, func(t *testing.T) {
			for _, office := range append(offices, "old") {
				q := report.Query{Report: name, Site: office}
				if d := gocmp.Diff(text(t, embedded, q, report.JSON),
					text(t, s, q, report.JSON)); office != "old" && d != "" {
					t.Errorf("%s on SQLite and on MongoDB: %.2000s", office, d)
				}
				if name == "visits" {
					continue // is no view: visits are there themselves
				}
				columns, want := rows(t, s, q)
				got := viewRows(t, db.Collection(name), string(office), columns)
				slices.SortFunc(want, func(a, b []any) int {
					return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b))
				})
				desk := office == "office" || office == "teams" // without a service desk
				if len(want) == 0 && office != "old" && (!desk || !report.OfDesk(name)) {
					t.Errorf("%s: the report is empty", office)
				}
				if d := gocmp.Diff(want, got); d != "" {
					t.Errorf("%s (-report +view):\n%.3000s", office, d)
				}
			}
		})
	}
}

// before puts a visit from before schema 1 into the database, with the list that outcome was then.
func before(t *testing.T, db *mongo.Database) {
	t.Helper()
	at := bson.DateTime(monday.UnixMilli())
	old := bson.D{
		{Key: "_id", Value: "old-visit"},
		{Key: "site", Value: "old"},
		{Key: "seq", Value: int64(3)},
		{Key: "open", Value: false},
		{Key: "state", Value: "registered"},
		{Key: "business_day", Value: "2024-03-04"},
		{Key: "policy", Value: "p1"},
		{Key: "kind", Value: "new"},
		{Key: "channel", Value: "online"},
		{Key: "principal", Value: "A"},
		{Key: "server", Value: "A"},
		{Key: "turn_unit", Value: "A"},
		{Key: "counts_for", Value: "A"},
		{Key: "count", Value: int64(1)},
		{Key: "arrived_at", Value: at},
		{Key: "assigned_at", Value: at},
		{Key: "outcome", Value: bson.A{bson.D{
			{Key: "status", Value: "deposit"},
			{Key: "at", Value: at},
		}}},
		{Key: "commits", Value: bson.A{int64(1)}},
	}
	o := options.InsertOne().SetBypassDocumentValidation(true)
	if _, err := db.Collection("visits").InsertOne(t.Context(), old, o); err != nil {
		t.Fatal(err)
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
