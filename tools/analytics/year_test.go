package analytics

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/mongostore"
	"github.com/lunpai/lunpai/sample"
	"github.com/lunpai/lunpai/tools/mongod/mongotest"
	"github.com/lunpai/lunpai/workflow"
)

// site is the office that the page speaks of.
const site workflow.SiteID = "riverside"

// year is a made-up year of that office: the database in which analysts find it, and what its
// journal says.
type year struct {
	uri    string
	db     *mongo.Database
	office *office
}

// makeYear lets the office work for 365 days, straight into a database of a real server.
func makeYear(t *testing.T) *year {
	t.Helper()
	y := &year{}
	y.uri, y.db = testDatabase(t)
	store, err := mongostore.Open(t.Context(),
		mongostore.Config{URI: y.uri, Validation: mongostore.ValidationError})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	begun := time.Now()
	f, err := repo.OpenFiller(t.Context(), store, site)
	if err != nil {
		t.Fatal(err)
	}
	if err := sample.Run(t.Context(), sample.Config{Site: site, Seed: 1, From: "2024-01-01"}, f.Do,
		nil); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	made := time.Since(begun)
	if y.office, err = readJournal(t.Context(), store); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d visits made in %.1f s, journal read in %.1f s", len(y.office.visits), made.Seconds(),
		(time.Since(begun) - made).Seconds())
	return y
}

// testDatabase is a database of its own, gone after the test, and its connection string.
func testDatabase(t *testing.T) (string, *mongo.Database) {
	t.Helper()
	base := mongotest.Standalone(t)
	client, err := mongo.Connect(options.Client().ApplyURI(base).SetTimeout(20 * time.Second))
	if err != nil {
		t.Fatal(err)
	}
	db := client.Database(fmt.Sprintf("analytics_%d", time.Now().UnixNano()))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 5*time.Second)
		defer cancel()
		_ = db.Drop(ctx)
		_ = client.Disconnect(ctx)
	})
	hosts, parameters, _ := strings.Cut(base, "?")
	return hosts[:strings.LastIndexByte(hosts, '/')] + "/" + db.Name() + "?" + parameters, db
}
