package mongod_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"

	"github.com/lunpai/lunpai/tools/mongod"
	"github.com/lunpai/lunpai/tools/mongod/mongotest"
)

// parentDir makes the test program start one server in that folder, print its process id, and wait
// to be killed.
const parentDir = "LUNPAI_TEST_MONGOD_PARENT"

func TestMain(m *testing.M) {
	if dir := os.Getenv(parentDir); dir != "" {
		server, err := mongod.Start(context.Background(), mongod.Config{Dir: dir})
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(server.PID())
		select {}
	}
	mongotest.Main(m)
}

func TestServerKeepsAcknowledgedWritesOverKill(t *testing.T) {
	mongotest.Find(t)
	server, err := mongod.Start(t.Context(), mongod.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Kill()
	things := connect(t, server.URI())
	insert(t, things, "before the kill")

	first := server.PID()
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	if server.Running() || dial(server.Addr()) == nil {
		t.Fatal("the server is there after Kill")
	}
	if err := server.Kill(); err != nil {
		t.Errorf("a second Kill: %v", err)
	}
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !server.Running() || server.PID() == first {
		t.Errorf("no new process: %d, %d", first, server.PID())
	}
	expect(t, things, "before the kill")
	if err := server.Stop(); err != nil || server.Running() {
		t.Errorf("stop: %v, running %t", err, server.Running())
	}
}

func TestRestartWaitsForItsPort(t *testing.T) {
	mongotest.Find(t)
	server, err := mongod.Start(t.Context(), mongod.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Kill()
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	squatter, err := new(net.ListenConfig).Listen(t.Context(), "tcp", server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		time.Sleep(1500 * time.Millisecond)
		_ = squatter.Close()
	}()
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestStartFailures(t *testing.T) {
	mongotest.Find(t)
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	short, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	for _, test := range []struct {
		name   string
		ctx    context.Context
		config mongod.Config
		want   string
	}{
		{"no folder", t.Context(), mongod.Config{}, "Config.Dir"},
		{
			"the log is shown", t.Context(),
			mongod.Config{Dir: t.TempDir(), Args: []string{"--noSuchOption"}},
			"unrecognised option",
		},
		{
			"named port is taken", t.Context(),
			mongod.Config{Dir: t.TempDir(), Port: taken.Addr().(*net.TCPAddr).Port},
			"port is taken",
		},
		{
			"not a server", t.Context(),
			mongod.Config{Dir: t.TempDir(), Binary: "/bin/true"},
			"ended at start",
		},
		{"no time", short, mongod.Config{Dir: t.TempDir()}, "deadline exceeded"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := mongod.Start(test.ctx, test.config); err == nil ||
				!strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
}

func TestServerDiesWithItsParent(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux ties a process to its parent")
	}
	mongotest.Find(t)
	parent := exec.CommandContext(t.Context(), os.Args[0])
	parent.Env = append(os.Environ(), parentDir+"="+t.TempDir())
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(out).ReadString('\n')
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatalf("no process id from the parent: %q", line)
	}
	if !alive(t, pid) {
		t.Fatal("the server did not run")
	}
	_ = parent.Process.Kill()
	_ = parent.Wait()
	deadline := time.Now().Add(10 * time.Second)
	for ; alive(t, pid); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("process %d outlives its parent", pid)
		}
	}
}

// connect opens a collection of a database of its own, for durable writes.
func connect(t *testing.T, uri string) *mongo.Collection {
	t.Helper()
	durable := writeconcern.Majority()
	durable.Journal = new(true)
	client, err := mongo.Connect(options.Client().ApplyURI(uri).
		SetWriteConcern(durable).SetTimeout(20 * time.Second))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// Against a server that is down Disconnect waits 30 seconds when nobody says otherwise.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Second)
		defer cancel()
		_ = client.Disconnect(ctx)
	})
	return client.Database("test_" + bson.NewObjectID().Hex()).Collection("things")
}

func insert(t *testing.T, things *mongo.Collection, id string) {
	t.Helper()
	if _, err := things.InsertOne(t.Context(), bson.D{{Key: "_id", Value: id}}); err != nil {
		t.Fatal(err)
	}
}

// expect waits for a document: a member that was away needs a moment to catch up.
func expect(t *testing.T, things *mongo.Collection, id string) {
	t.Helper()
	var err error
	for range 100 {
		if err = things.FindOne(t.Context(), bson.D{{Key: "_id", Value: id}}).Err(); err == nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("%q: %v", id, err)
}

func dial(addr string) error {
	conn, err := new(net.Dialer).Dial("tcp", addr)
	if err != nil {
		return err
	}
	return conn.Close()
}

// alive tells whether a process runs; one that ended and was not waited for does not.
func alive(t *testing.T, pid int) bool {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, fields, _ := strings.Cut(string(status), ") ")
	return !strings.HasPrefix(fields, "Z")
}
