package mongotest_test

import (
	"os"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/lunpai/lunpai/tools/mongod"
	"github.com/lunpai/lunpai/tools/mongod/mongotest"
)

func TestMain(m *testing.M) { mongotest.Main(m) }

func TestStandaloneIsShared(t *testing.T) {
	t.Setenv("MONGODB_URI", "")
	uri := mongotest.Standalone(t)
	if again := mongotest.Standalone(t); again != uri {
		t.Errorf("two servers: %s, %s", uri, again)
	}
	client, err := mongo.Connect(options.Client().ApplyURI(uri).SetTimeout(10 * time.Second))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Disconnect(t.Context()) }()
	// Tests of the store inject errors with failure points.
	off := bson.D{{Key: "configureFailPoint", Value: "failCommand"}, {Key: "mode", Value: "off"}}
	if err := client.Database("admin").RunCommand(t.Context(), off).Err(); err != nil {
		t.Error(err)
	}
}

func TestStandaloneTakesTheNamedServer(t *testing.T) {
	const named = "mongodb://db.example:27017/"
	t.Setenv("MONGODB_URI", named)
	if uri := mongotest.Standalone(t); uri != named {
		t.Errorf("got %s", uri)
	}
}

// fakeTB records how a helper ends a test.
type fakeTB struct {
	testing.TB
	ended string
}

func (f *fakeTB) Helper()      {}
func (f *fakeTB) Name() string { return "TestOfTheHelper" }
func (f *fakeTB) Skip(...any)  { f.ended = "skipped" }
func (f *fakeTB) Fatal(...any) { f.ended = "failed" }

func TestMissingServer(t *testing.T) {
	empty := t.TempDir()
	t.Setenv("MONGOD", "")
	t.Setenv("PATH", empty)
	t.Setenv("LUNPAI_CACHE", empty)
	t.Setenv("MONGOSH", "")
	for _, test := range []struct{ require, want string }{{"", "skipped"}, {"1", "failed"}} {
		t.Setenv("REQUIRE_MONGO", test.require)
		server, shell := &fakeTB{TB: t}, &fakeTB{TB: t}
		mongotest.Find(server)
		mongotest.Client(shell, mongod.Mongosh)
		if server.ended != test.want || shell.ended != test.want {
			t.Errorf("REQUIRE_MONGO=%q: without a server %q, without mongosh %q, want %q",
				test.require, server.ended, shell.ended, test.want)
		}
	}
	t.Setenv("MONGOD", os.DevNull)
	t.Setenv("REQUIRE_MONGO", "")
	fake := &fakeTB{TB: t}
	if mongotest.Find(fake); fake.ended != "failed" {
		t.Errorf("a wrong $MONGOD: test %q, want it to fail", fake.ended)
	}
}
