package mongostore

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/lunpai/lunpai/tools/mongod/mongotest"
)

// TestViewsAreKept: a view that somebody changed or dropped is restored by the next start; the
// others are left alone. (What they show is compared in package report.)
func TestViewsAreKept(t *testing.T) {
	db := testDatabase(t, mongotest.Standalone(t))
	open(t, db.config())
	want := db.viewOptions(t)
	if len(want) != len(views()) {
		t.Fatalf("%d views, want %d", len(want), len(views()))
	}
	nothing := bson.D{
		{Key: "collMod", Value: "walkouts"}, {Key: "viewOn", Value: "rotas"}, {
			Key: "pipeline", Value: bson.A{},
		},
	}
	if err := db.raw.RunCommand(t.Context(), nothing).Err(); err != nil {
		t.Fatal(err)
	}
	if err := db.raw.Collection("cohorts_weekly").Drop(t.Context()); err != nil {
		t.Fatal(err)
	}
	open(t, db.config())
	if d := cmp.Diff(want, db.viewOptions(t)); d != "" {
		t.Errorf("after the next start (-want +got):\n%s", d)
	}
	var log journalLog
	db.failWith(t, "alwaysOn", bson.D{commands("create", "collMod"), {Key: "errorCode", Value: 13}})
	cfg := db.config()
	cfg.Log = log.logger()
	open(t, cfg)
	if n := log.count("were not all created"); n != 0 {
		t.Errorf("views that are as they should be are made again")
	}
}

// viewOptions are the existing views, as the server keeps them.
func (d *testDB) viewOptions(t *testing.T) map[string]string {
	t.Helper()
	specs, err := d.raw.ListCollectionSpecifications(t.Context(), bson.D{
		{Key: "type", Value: "view"},
	})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, s := range specs {
		out[s.Name] = s.Options.String()
	}
	return out
}
