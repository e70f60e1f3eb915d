package mongostore

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.uber.org/goleak"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/storetest"
	"github.com/lunpai/lunpai/tools/mongod/mongotest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(mongotest.Runner{M: m}) }

func TestStandaloneServer(t *testing.T) { conform(t, mongotest.Standalone(t)) }

func TestReplicaSet(t *testing.T) {
	uri, _ := mongotest.ReplicaSet(t)
	conform(t, uri)
}

// conform runs the suite in one database that is emptied for every test: making one costs more than
// most tests.
func conform(t *testing.T, uri string) {
	base := testDatabase(t, uri)
	storetest.Run(t, func(t *testing.T) storetest.Database {
		base.empty(t)
		return storetest.Database{
			Open: func(ctx context.Context) (repo.Store, error) { return Open(ctx, base.config()) },
		}
	})
}

// database under test.
type testDB struct {
	uri  string
	name string
	raw  *mongo.Database // a client of its own, with the driver's defaults
}

var databases atomic.Int64

// testDatabase names a new database and drops it at the end.
func testDatabase(t testing.TB, uri string) *testDB {
	t.Helper()
	client, err := mongo.Connect(options.Client().ApplyURI(uri).SetTimeout(20 * time.Second))
	if err != nil {
		t.Fatal(err)
	}
	db := &testDB{
		uri: uri, name: fmt.Sprintf("mongostore_%d_%d", time.Now().UnixNano(), databases.Add(1)),
	}
	db.raw = client.Database(db.name)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 5*time.Second)
		defer cancel()
		_ = db.raw.Drop(ctx)
		_ = client.Disconnect(ctx)
	})
	return db
}

// config opens the database strictly, and with repair out of the way.
func (d *testDB) config() Config {
	return Config{
		URI: withDatabase(d.uri, d.name), Validation: ValidationError, StrictAPI: true,
		RepairEvery: time.Hour,
	}
}

// withDatabase puts a database name, by which failure points also know the client, into a
// connection string.
func withDatabase(uri, name string) string {
	base, options, _ := strings.Cut(uri, "?")
	hosts := base[:strings.LastIndexByte(base, '/')]
	return hosts + "/" + name + "?appName=" + name + "&heartbeatFrequencyMS=500&" + options
}

// empty removes every document; views stay.
func (d *testDB) empty(t testing.TB) {
	t.Helper()
	names, err := d.raw.ListCollectionNames(t.Context(), bson.D{
		{Key: "type", Value: "collection"}, {
			Key: "name", Value: bson.D{{Key: "$ne", Value: "system.views"}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if _, err := d.raw.Collection(name).DeleteMany(t.Context(), bson.D{}); err != nil {
			t.Fatal(err)
		}
	}
}

// open opens a store and closes it at the end.
func open(t testing.TB, cfg Config) *Store {
	t.Helper()
	s, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}
