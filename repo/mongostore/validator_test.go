package mongostore

import (
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/lunpai/lunpai/tools/mongod/mongotest"
	"github.com/lunpai/lunpai/workflow"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestSchemaGolden keeps the schema of what analysts rely on. A change of this file is a change of
// their documents: within a version of workflow.Schema fields may be added, none may go, be renamed
// or change its type.
func TestSchemaGolden(t *testing.T) {
	all := bson.D{}
	for _, c := range []workflow.Collection{workflow.Visits, workflow.Rotas} {
		v, err := validator(c)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, bson.E{Key: string(c), Value: v})
	}
	text, err := bson.MarshalExtJSONIndent(all, false, false, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	const path = "testdata/schema.json"
	got := string(text) + "\n"
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s is not up to date (go test ./repo/mongostore -update):\n%s", path, d)
	}
}

// TestEveryCollectionHasASchema, and the server takes it.
func TestEveryCollectionHasASchema(t *testing.T) {
	db := testDatabase(t, mongotest.Standalone(t))
	open(t, db.config())
	specs, err := db.raw.ListCollectionSpecifications(t.Context(), bson.D{})
	if err != nil {
		t.Fatal(err)
	}
	options := map[string]bson.Raw{}
	for _, s := range specs {
		options[s.Name] = s.Options
	}
	for _, c := range workflow.Collections {
		if _, ok := options[string(c)].Lookup("validator", "$jsonSchema", "properties",
			"seq").DocumentOK(); !ok {
			t.Errorf("%s has no schema: %s", c, options[string(c)])
		}
	}
}

// TestSchemaRefuses: where validation is an error, a document that breaks the promise to analysts
// is refused.
func TestSchemaRefuses(t *testing.T) {
	db := testDatabase(t, mongotest.Standalone(t))
	open(t, db.config())
	a := author{t: t, site: "s"}
	var good bson.D
	doc, err := appendDocument(nil, a.next().Images[0].Doc)
	if err == nil {
		err = bson.Unmarshal(doc, &good)
	}
	if err != nil {
		t.Fatal(err)
	}
	visits := db.raw.Collection("visits")
	for name, change := range map[string]func(m map[string]any){
		"as it is":      func(map[string]any) {},
		"unknown state": func(m map[string]any) { m["state"] = "waiting" },
		"day as a date": func(m map[string]any) { m["business_day"] = m["arrived_at"] },
		"time as text":  func(m map[string]any) { m["arrived_at"] = "2024-03-04" },
		"no seconds":    func(m map[string]any) { delete(m, "seconds") },
		"seconds as text": func(m map[string]any) {
			m["seconds"] = bson.D{{Key: "waited", Value: "12"}}
		},
		"amount with a dot": func(m map[string]any) { m["outcome"] = step(0.5) },
		"an outcome":        func(m map[string]any) { m["outcome"] = step(int64(50)) },
		"a field more":      func(m map[string]any) { m["weather"] = "rain" },
		"passed by mistake": func(m map[string]any) {
			m["passed"] = bson.A{bson.D{{Key: "unit", Value: "li"}}}
		},
		"budget without fen": func(m map[string]any) {
			m["form"] = bson.D{{Key: "budget_to", Value: "2000000"}}
		},
	} {
		m := map[string]any{}
		for _, e := range good {
			m[e.Key] = e.Value
		}
		m["_id"] = name
		change(m)
		wanted := name == "as it is" || name == "an outcome" || name == "a field more"
		if _, err := visits.InsertOne(t.Context(), m); (err == nil) != wanted {
			text, _ := json.Marshal(m)
			t.Errorf("%s: %v: %s", name, err, text)
		}
	}
}

func step(amount any) bson.D {
	s := bson.D{
		{Key: "at", Value: bson.DateTime(1709600000000)},
		{Key: "day", Value: "2024-03-05"},
		{Key: "days", Value: int64(1)},
		{Key: "count", Value: int64(1)},
		{Key: "amount", Value: amount},
	}
	return bson.D{{Key: "first", Value: bson.D{{Key: "deposit", Value: s}}}}
}
