// Package mongotest gives tests a real MongoDB. The servers start when the first test asks, are
// shared by all tests of the package, and end with it:
//
//	func TestMain(m *testing.M) { mongotest.Main(m) }
//
//	func TestSomething(t *testing.T) {
//		uri := mongotest.Standalone(t)
//		// take a random database name: other tests use the same server
//	}
//
// A helper called in a subtest takes the subtest's t: skipping the parent from there would fail
// both, and a test that also works on SQLite would lose that half.
package mongotest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/lunpai/lunpai/internal/slow"
	"github.com/lunpai/lunpai/tools/mongod"
)

const setSize = 3

// inMain is set while a Runner runs: without one nobody would stop the servers and remove their
// data.
var inMain atomic.Bool

// cleanups stop the shared servers, in the order of their start.
var (
	cleanupsMu sync.Mutex
	cleanups   []func()
)

type started[S any] struct {
	server S
	err    error
}

var standalone = sync.OnceValue(func() started[*mongod.Server] {
	return start("standalone", func(ctx context.Context, dir string) (*mongod.Server, error) {
		return mongod.Start(ctx, mongod.Config{Dir: dir})
	})
})

var replicaSet = sync.OnceValue(func() started[*mongod.ReplicaSet] {
	return start("replicaset", func(ctx context.Context, dir string) (*mongod.ReplicaSet, error) {
		return mongod.StartReplicaSet(ctx, setSize, dir)
	})
})

// start runs a server in a folder of its own and remembers how to end both.
func start[S interface{ Kill() error }](
	name string, run func(context.Context, string) (S, error),
) started[S] {
	// The path is looked for first: without a server no folder is needed.
	if _, err := mongod.Find(); err != nil {
		return started[S]{err: err}
	}
	dir, err := os.MkdirTemp("", "lunpai-mongod-")
	if err != nil {
		return started[S]{err: err}
	}
	// The servers belong to the whole test process, not to the test that asks first.
	server, err := run(context.Background(), filepath.Join(dir, name))
	if err != nil {
		return started[S]{err: errors.Join(err, os.RemoveAll(dir))}
	}
	cleanupsMu.Lock()
	defer cleanupsMu.Unlock()
	cleanups = append(cleanups, func() {
		_ = server.Kill() // the data is thrown away: no need for a clean shutdown
		_ = os.RemoveAll(dir)
	})
	return started[S]{server: server}
}

// Standalone returns the connection string of a stand-alone server: $MONGODB_URI when it is set
// (any server, which then must be one for tests), else a server that this package runs. Without a
// mongod the test is skipped, or fails when REQUIRE_MONGO=1.
func Standalone(t testing.TB) string {
	t.Helper()
	if uri := os.Getenv("MONGODB_URI"); uri != "" {
		return uri
	}
	needMain(t)
	s := standalone()
	check(t, s.err)
	return s.server.URI()
}

// ReplicaSet returns a replica set of three members and its connection string. A test may kill,
// pause and restart members: the next caller gets a set that was healed. Such tests must not run in
// parallel with others that use it. They are slow tests. Without a mongod the test is skipped, or
// fails when REQUIRE_MONGO=1.
func ReplicaSet(t testing.TB) (uri string, rs *mongod.ReplicaSet) {
	t.Helper()
	needMain(t)
	slow.Test(t, "a replica set of three servers, 10 s to start")
	s := replicaSet()
	check(t, s.err)
	if err := s.server.Heal(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s.server.URI(), s.server
}

// Find returns the path of a mongod for tests that run servers of their own. Without one the test
// is skipped, or fails when REQUIRE_MONGO=1.
func Find(t testing.TB) string {
	t.Helper()
	path, err := mongod.Find()
	check(t, err)
	return path
}

func needMain(t testing.TB) {
	t.Helper()
	if !inMain.Load() {
		t.Fatal("this package's tests need: func TestMain(m *testing.M) { mongotest.Main(m) }")
	}
}

// Client returns the path of a program with which people use MongoDB, mongod.Mongosh or
// mongod.Python. Without it the test is skipped, or fails when REQUIRE_MONGO=1.
func Client(t testing.TB, variable string) string {
	t.Helper()
	path, err := mongod.FindClient(variable)
	check(t, err)
	return path
}

// check skips or fails a test whose program is missing or did not start.
func check(t testing.TB, err error) {
	t.Helper()
	switch {
	case err == nil:
	case errors.Is(err, mongod.ErrNotFound) && os.Getenv("REQUIRE_MONGO") != "1":
		fmt.Fprintf(os.Stderr, "\n*** SKIPPED %s: NOT TESTED AGAINST MONGODB: %v\n\n", t.Name(),
			err)
		t.Skip(err)
	default:
		t.Fatal(err)
	}
}

// Main runs the tests of a package, stops the servers they asked for, and exits. Call it from
// TestMain.
func Main(m *testing.M) { os.Exit(Runner{M: m}.Run()) }

// Runner is Main for those who have a main of their own around the tests:
// goleak.VerifyTestMain(mongotest.Runner{M: m}), testscript.Main(mongotest.Runner{M: m}, …).
type Runner struct {
	M interface{ Run() int }
}

// Run runs the tests, stops the servers they asked for, and returns the exit code.
func (r Runner) Run() int {
	inMain.Store(true)
	defer func() {
		cleanupsMu.Lock()
		defer cleanupsMu.Unlock()
		for _, cleanup := range cleanups {
			cleanup()
		}
		cleanups = nil
	}()
	return r.M.Run()
}
