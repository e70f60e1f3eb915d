package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lunpai/lunpai/tools/mongod/mongotest"
)

// TestMain runs the tests in the module's root, where the pages and the scenarios are.
func TestMain(m *testing.M) {
	if err := os.Chdir(".."); err != nil {
		panic(err)
	}
	mongotest.Main(m)
}

// outside is a World without an environment.
func outside(stdout, stderr io.Writer) *World {
	return &World{
		Env: func(string) (string, bool) { return "", false }, Now: time.Now,
		Stdin: strings.NewReader(""), Stdout: stdout, Stderr: stderr,
	}
}

// command runs lunpai as a user types it and returns what it printed.
func command(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out, errs bytes.Buffer
	err := outside(&out, &errs).run(t.Context(), args)
	return out.String() + errs.String(), err
}

// started is a service that runs until its stop is called.
type started struct {
	base, admin string
	stop        func() error
}

// start serves a store and waits until it answers: whatever it prints at the start has been read by
// then.
func start(t *testing.T, args ...string) *started {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	done := make(chan error, 1)
	out := &printed{}
	go func() {
		args := append([]string{
			"serve", "--listen", "127.0.0.1:0", "--no-log-requests",
			"--key-rate=0",
		}, args...)
		done <- outside(out, io.Discard).run(ctx, args)
	}()
	for {
		select {
		case err := <-done:
			t.Fatalf("ended: %v\n%s", err, out.text())
		case <-time.After(5 * time.Millisecond):
		}
		base := regexp.MustCompile(`http://[^ ]+`).FindString(out.text())
		if base == "" {
			continue
		}
		if res, err := http.Get(base + "/healthz"); err == nil {
			_ = res.Body.Close()
			admin := regexp.MustCompile(`lp_\S+`).FindString(out.text())
			return &started{
				base: base, admin: admin,
				stop: func() error { cancel(); return <-done },
			}
		}
	}
}

// printed keeps what a command prints, for a reader beside it.
type printed struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (p *printed) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.b.Write(b)
}

func (p *printed) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.b.String()
}

// stores are addresses of empty stores, one of each kind. Without a mongod theirs skips the test
// that asks: the subtest, so that the other store is tested all the same.
var stores = map[string]func(*testing.T) string{
	"sqlite": func(t *testing.T) string {
		t.Helper()
		return "sqlite:" + filepath.Join(t.TempDir(), "lunpai.db")
	},
	"mongodb": func(t *testing.T) string {
		t.Helper()
		uri := mongotest.Standalone(t)
		base, query, _ := strings.Cut(uri, "?")
		return fmt.Sprintf("%s/lunpai_%d?%s", strings.TrimRight(base, "/"), time.Now().UnixNano(),
			query)
	},
}

// nobody listens on a port that no system gives away by itself.
const nobody = "127.0.0.1:1"

// order is a file of scenarios that all pass.
const order = "scenario/testdata/p1-order.yaml"

func head(out string) string { return regexp.MustCompile(`\S+:\d+:[0-9a-f]{64}`).FindString(out) }

// onWrite calls a function when anything is written.
type onWrite func()

func (f onWrite) Write(p []byte) (int, error) { f(); return len(p), nil }

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
