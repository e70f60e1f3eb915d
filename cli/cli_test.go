package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lunpai/lunpai/internal/slow"
	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/scenario"
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

func TestHelp(t *testing.T) {
	for _, c := range []string{"", "serve", "demo", "play", "export", "verify", "generate", "copy", "backup", "restore", "keys", "health"} {
		out, err := command(t, strings.Fields(c+" --help")...)
		if err != nil || !strings.Contains(out, "Usage: lunpai") {
			t.Errorf("%s --help: %v\n%s", c, err, out)
		}
		if c != "" && c != "health" && !strings.Contains(out, "Example") {
			t.Errorf("%s --help shows no example", c)
		}
	}
}

func TestWrongSetUp(t *testing.T) {
	for _, c := range []struct{ args, cure string }{
		{"serve --store file.db", "sqlite:lunpai.db"},
		{"serve --store sqlite:/no/such/folder/x.db --listen 127.0.0.1:0", "folder"},
		{"backup --store mongodb://x y", "mongodump"},
		{"restore --store mongodb://x y", "operations"},
		{"verify --store sqlite:" + filepath.Join(t.TempDir(), "none.db"), "none.db"},
		{"verify --expect nonsense", "site:seq:hash"},
		{"play --url http://localhost:1 scenario/testdata/p1-order.yaml", "--key"},
		{"play --only nobody scenario/testdata/p1-order.yaml", "--only nobody"},
		{"play go.mod", "go.mod"},
		{"serve --nonsense", "--help"},
		{"export nothing", "conversion_daily"},
		{"export walkouts --from 2024-02-30", "2024-03-05"},
		{"export walkouts --group-by unit", "channel"},
		{"export walkouts --store sqlite:" + filepath.Join(t.TempDir(), "none.db"), "none.db"},
		{"generate --site a/b --store sqlite:" + filepath.Join(t.TempDir(), "a.db"), "letters"},
		{"generate --from 2024-13-01 --store sqlite:" + filepath.Join(t.TempDir(), "b.db"), "2024-03-05"},
	} {
		out, err := command(t, strings.Fields(c.args)...)
		if err == nil || !strings.Contains(err.Error()+out, c.cure) {
			t.Errorf("%s: %v, want a cure that names %q", c.args, err, c.cure)
		}
	}
}

// started is a service that runs until its stop is called.
type started struct {
	base, admin string
	stop        func() error
}

// start serves a store and waits until it answers: whatever it prints at the start has been read by then.
func start(t *testing.T, args ...string) *started {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	done := make(chan error, 1)
	out := &printed{}
	go func() {
		args := append([]string{"serve", "--listen", "127.0.0.1:0", "--no-log-requests", "--key-rate=0"}, args...)
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
			return &started{base: base, admin: admin, stop: func() error { cancel(); return <-done }}
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

// TestFailedStartsLeaveNothing: whoever mistypes, or cannot have the port, the keyring or the store, finds his folder as it
// was. In particular no first administrator's key is made that nobody has seen.
func TestFailedStartsLeaveNothing(t *testing.T) {
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	free := "127.0.0.1:0"
	play, err := filepath.Abs("scenario/testdata/p1-order.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, want string
		args       []string
	}{
		{"a port that is taken", "--listen", []string{"serve", "--listen", taken.Addr().String()}},
		{"a flag that is not there", "--store", []string{"serve", "--stor", "x"}},
		{"a keyring without a folder", "--keys", []string{"serve", "--listen", free, "--keys", "no/such/folder/keys.json"}},
		{"a keyring that is none", "not a keyring", []string{"serve", "--listen", free, "--keys", "notes.txt"}},
		{"a store that is none", "not a database", []string{"serve", "--listen", free, "--store", "sqlite:notes.txt", "--keys", "k.json"}},
		{"a store without a folder", "folder", []string{"serve", "--listen", free, "--store", "sqlite:no/such/folder/x.db", "--keys", "k.json"}},
		{"a server that is not there", "refused", []string{"serve", "--listen", free, "--store", "mongodb://" + unused(t) + "/x"}},
		{"a negative limit", "--kiosk-gap", []string{"serve", "--listen", free, "--kiosk-gap=-1s"}},
		{"nobody to play with", "no service answers", []string{
			"play", "--url", "http://" + unused(t), "--key", "k", play,
		}},
		{"an empty site id", "--site", []string{"generate", "--site", "a/b"}},
		{"a store to copy that is not there", "source", []string{"copy", "sqlite:none.db", "sqlite:target.db"}},
		{"a backup of nothing", "none.db", []string{"backup", "--store", "sqlite:none.db", "backup.db"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			writeFile(t, "notes.txt", "some notes")
			out, err := command(t, c.args...)
			if err == nil || !strings.Contains(err.Error()+out, c.want) {
				t.Errorf("%v\n%s\nwant %q", err, out, c.want)
			}
			if files, err := os.ReadDir("."); err != nil || len(files) != 1 {
				t.Errorf("left behind: %v, %v", files, err)
			}
		})
	}
}

// unused is an address on which nobody listens.
func unused(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestFirstKeyIsShownOnce(t *testing.T) {
	store := "sqlite:" + filepath.Join(t.TempDir(), "lunpai.db")
	for i, want := range []bool{true, false} {
		s := start(t, "--store", store)
		if (s.admin != "") != want {
			t.Errorf("start %d shows a key: %v, want %v", i+1, s.admin != "", want)
		}
		if err := s.stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
	}
}

// stores are addresses of empty stores, one of each kind. Without a mongod theirs skips the test that asks: the
// subtest, so that the other store is tested all the same.
var stores = map[string]func(*testing.T) string{
	"sqlite": func(t *testing.T) string {
		t.Helper()
		return "sqlite:" + filepath.Join(t.TempDir(), "lunpai.db")
	},
	"mongodb": func(t *testing.T) string {
		t.Helper()
		uri := mongotest.Standalone(t)
		base, query, _ := strings.Cut(uri, "?")
		return fmt.Sprintf("%s/lunpai_%d?%s", strings.TrimRight(base, "/"), time.Now().UnixNano(), query)
	},
}

// TestScenariosOverHTTP plays every scenario file through the API, on every store.
func TestScenariosOverHTTP(t *testing.T) {
	files, err := filepath.Glob("scenario/testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no scenario files", err)
	}
	for name, address := range stores {
		t.Run(name, func(t *testing.T) {
			if name != "sqlite" {
				slow.Test(t, "scenarios over HTTP on "+name+", 77 s")
			}
			s := start(t, "--clock=manual", "--store", address(t), "--keys", filepath.Join(t.TempDir(), "keys.json"))
			defer func() {
				if err := s.stop(); err != nil {
					t.Error(err)
				}
			}()
			c := &scenario.Client{Base: s.base, Manual: true}
			for _, file := range files {
				f, err := readScenarios(file, nil)
				if err != nil {
					t.Fatal(err)
				}
				for _, sc := range f.Scenarios {
					res, err := sc.Run(t.Context(), scenario.NewRemote(c, s.admin))
					if err != nil {
						t.Fatalf("%s: %v", file, err)
					}
					for i, step := range res.Steps {
						for _, d := range step.Differences {
							t.Errorf("%s step %d %s %s: %s: want %s, got %s", sc.ID, i+1, step.Do, step.Visit, d.Key, d.Want, d.Got)
						}
					}
				}
			}
		})
	}
}

// TestNothingIsNoSuccess: whoever checks nothing is not told that all is well.
func TestNothingIsNoSuccess(t *testing.T) {
	dir := t.TempDir()
	for _, text := range []string{"", "{}", "scenarios: []", "scenario:\n- id: X\n"} {
		file := filepath.Join(dir, "empty.yaml")
		writeFile(t, file, text)
		out, err := command(t, "play", file)
		if err == nil || !strings.Contains(err.Error(), "empty.yaml") || strings.Contains(out, "0 passed") {
			t.Errorf("play %q: %v\n%s", text, err, out)
		}
	}
	store := "sqlite:" + filepath.Join(dir, "empty.db")
	if err := start(t, "--store", store).stop(); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"verify", "--store", store},
		{"verify", "--json", "--store", store},
		{"verify", "--site", "nowhere", "--store", store},
		{"export", "visits", "--store", store},
		{"copy", store, "sqlite:" + filepath.Join(dir, "copy.db")},
	} {
		out, err := command(t, args...)
		if err == nil || !strings.Contains(err.Error(), "site") {
			t.Errorf("%v: %v\n%s", args, err, out)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "copy.db")); !os.IsNotExist(err) {
		t.Errorf("a copy of nothing was made: %v", err)
	}
}

func TestPlayTellsDifferences(t *testing.T) {
	file := filepath.Join(t.TempDir(), "wrong.yaml")
	writeFile(t, file, `
scenarios:
- id: X1
  title: wrong on purpose
  policy: p1
  given: {line: [A, B]}
  steps:
  - {at: "09:10", do: receive, visit: V1, kind: new, expect: {receiver: B}}
`)
	out, err := command(t, "play", "--lang", "en", file)
	if err == nil || !strings.Contains(out, "receiver: expected B, got A") || !strings.Contains(out, "0 passed, 1 failed, 0 skipped") {
		t.Errorf("%v\n%s", err, out)
	}
	out, err = command(t, "play", "--json", file)
	var r scenario.Result
	if err == nil || json.Unmarshal([]byte(strings.TrimSpace(out)), &r) != nil || r.Passed() {
		t.Errorf("json: %v\n%s", err, out)
	}
}

// TestVerifyCopyBackup: a visit on SQLite, backed up while served, copied to each store and back, the same to the byte.
func TestVerifyCopyBackup(t *testing.T) {
	dir := t.TempDir()
	from, keys := "sqlite:"+filepath.Join(dir, "a.db"), filepath.Join(dir, "keys.json")
	s := start(t, "--clock=manual", "--store", from, "--keys", keys)
	f, err := readScenarios(firstScenario(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &scenario.Client{Base: s.base, Manual: true}
	if _, err := f.Scenarios[0].Run(t.Context(), scenario.NewRemote(c, s.admin)); err != nil {
		t.Fatal(err)
	}
	if out, err := command(t, "backup", "--store", from, filepath.Join(dir, "backup.db")); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	if out, err := command(t, "restore", "--store", from, filepath.Join(dir, "backup.db")); err == nil || !strings.Contains(err.Error(), ".lock") {
		t.Errorf("a store that is served was replaced: %v %s", err, out)
	}
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	want, err := command(t, "verify", "--store", from)
	if err != nil {
		t.Fatal(err, want)
	}
	sound := func(t *testing.T, store string) {
		t.Helper()
		got, err := command(t, "verify", "--store", store)
		if err != nil || head(got) != head(want) {
			t.Errorf("%s: %v: head %s, want %s", store, err, head(got), head(want))
		}
	}
	sound(t, "sqlite:"+filepath.Join(dir, "backup.db"))
	restored := "sqlite:" + filepath.Join(dir, "restored.db")
	for _, kept := range []string{"", "restored.db.replaced", "restored.db.replaced-2"} {
		out, err := command(t, "restore", "--store", restored, filepath.Join(dir, "backup.db"))
		if err != nil || head(out) != head(want) || !strings.Contains(out, kept) {
			t.Errorf("restore: %v %s", err, out)
		}
		sound(t, restored)
	}
	for name, address := range stores {
		t.Run(name, func(t *testing.T) {
			there := address(t)
			back := stores["sqlite"](t)
			for _, c := range [][2]string{{from, there}, {there, back}} {
				if out, err := command(t, "copy", c[0], c[1]); err != nil {
					t.Fatalf("copy to %s: %v\n%s", c[1], err, out)
				}
				sound(t, c[1])
			}
			if out, err := command(t, "copy", from, back); err == nil {
				t.Errorf("a copy into a store that is not empty was made: %s", out)
			}
		})
	}
	parts := strings.Split(head(want), ":")
	if out, err := command(t, "verify", "--store", from, "--expect", parts[0]+":"+parts[1]+":"+strings.Repeat("0", 64)); err == nil {
		t.Errorf("a wrong head is believed: %s", out)
	}
	if _, err := command(t, "serve", "--listen", "127.0.0.1:0", "--store", from, "--keys", filepath.Join(dir, "other.json")); err == nil {
		t.Error("a store was served without its keyring")
	}
	if _, err := command(t, "serve", "--listen", "127.0.0.1:0", "--store", from, "--keys", keys); err == nil || !strings.Contains(err.Error(), "manual") {
		t.Errorf("a rehearsal's store was served as a real one: %v", err)
	}
}

// TestUnfinishedCopyIsNoStore: what a copy left half done is neither served nor read.
func TestUnfinishedCopyIsNoStore(t *testing.T) {
	for name, address := range stores {
		t.Run(name, func(t *testing.T) {
			store := address(t)
			s, err := openStore(t.Context(), store, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			mark := repo.Side{Collection: repo.Meta, ID: "copying", At: time.Unix(0, 0).UTC(), Body: []byte(`{}`)}
			if err := errors.Join(s.Insert(t.Context(), mark), s.Close()); err != nil {
				t.Fatal(err)
			}
			keys := filepath.Join(t.TempDir(), "keys.json")
			for _, args := range [][]string{
				{"serve", "--listen", "127.0.0.1:0", "--store", store, "--keys", keys},
				{"verify", "--store", store},
				{"export", "walkouts", "--store", store},
				{"copy", store, "sqlite:" + filepath.Join(t.TempDir(), "x.db")},
			} {
				if out, err := command(t, args...); !errors.Is(err, repo.ErrUnfinished) {
					t.Errorf("%s: want ErrUnfinished, got %v %s", args[0], err, out)
				}
			}
		})
	}
}

// TestGenerate: a made-up month on every store is sound and the same everywhere, and a second one needs another site.
func TestGenerate(t *testing.T) {
	heads := map[string]bool{}
	for name, address := range stores {
		t.Run(name, func(t *testing.T) {
			if name != "sqlite" {
				slow.Test(t, "a made-up month on "+name+", 10 s")
			}
			store := address(t)
			month := []string{"generate", "--store", store, "--from", "2024-04-20", "--to", "2024-05-20", "--visits", "600"}
			out, err := command(t, month...)
			if err != nil || !strings.Contains(out, "riverside: 600 visits") {
				t.Fatalf("%v\n%s", err, out)
			}
			heads[head(out)] = true
			if out, err := command(t, "verify", "--store", store, "--expect", head(out)); err != nil || !strings.Contains(out, "sound") {
				t.Errorf("verify: %v\n%s", err, out)
			}
			if out, err := command(t, month...); err == nil || !strings.Contains(err.Error(), "--site") {
				t.Errorf("the same site twice: %v\n%s", err, out)
			}
			if out, err := command(t, append(month, "--site", "hillside", "--seed", "2")...); err != nil {
				t.Errorf("a second site: %v\n%s", err, out)
			}
			exported(t, store)
		})
	}
	if len(heads) > 1 {
		t.Errorf("the stores have different journals: %v", heads)
	}
}

// exported: a store with two made-up sites gives reports as files and on standard output, and says what it misses.
func exported(t *testing.T, store string) {
	t.Helper()
	if out, err := command(t, "export", "conversion_daily", "--store", store); err == nil || !strings.Contains(err.Error(), "hillside, riverside") {
		t.Errorf("of which site? %v\n%s", err, out)
	}
	by := []string{"export", "funnel_by_channel", "--store", store, "--site", "hillside", "--group-by", "month,policy", "--to", "2024-04-30"}
	out, err := command(t, by...)
	if err != nil || !strings.HasPrefix(out, "\uFEFFmonth,policy,visits,") || !strings.Contains(out, "\r\n2024-04,p1,") || strings.Contains(out, "2024-05") {
		t.Errorf("export: %v\n%s", err, out)
	}
	file := filepath.Join(t.TempDir(), "visits.ndjson")
	to := []string{"export", "visits", "--store", store, "--site", "riverside", "--format", "ndjson", "-o", file}
	if out, err := command(t, to...); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	text, err := os.ReadFile(file)
	if err != nil || bytes.Count(text, []byte("\n")) != 600 {
		t.Errorf("%d visits in the file, want 600; %v", bytes.Count(text, []byte("\n")), err)
	}
	if out, err := command(t, to...); err == nil || !strings.Contains(err.Error(), "exists") {
		t.Errorf("written over: %v\n%s", err, out)
	}
	if out, err := command(t, "export", "--lang", "zh"); err != nil || !strings.Contains(out, "turns_ledger: 每日各轮排单位的轮次台账") {
		t.Errorf("the list: %v\n%s", err, out)
	}
}

// TestGenerateStopped: whoever presses Ctrl-C keeps a sound store, and is told what is in it.
func TestGenerateStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	store := "sqlite:" + filepath.Join(t.TempDir(), "lunpai.db")
	// Stopped as soon as it tells how far it is.
	err := outside(io.Discard, onWrite(cancel)).run(ctx, []string{"generate", "--store", store})
	if err == nil || !strings.Contains(err.Error(), "the store is sound") {
		t.Errorf("stopped, yet: %v", err)
	}
	if out, err := command(t, "verify", "--store", store); err != nil || !strings.Contains(out, "riverside: sound") {
		t.Errorf("verify: %v\n%s", err, out)
	}
}

// onWrite calls a function when anything is written.
type onWrite func()

func (f onWrite) Write(p []byte) (int, error) { f(); return len(p), nil }

func firstScenario(t *testing.T) string {
	files, err := filepath.Glob("scenario/testdata/p1-*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no scenario files")
	}
	return files[0]
}

func head(out string) string { return regexp.MustCompile(`\S+:\d+:[0-9a-f]{64}`).FindString(out) }

func TestHealth(t *testing.T) {
	s := start(t, "--store", "sqlite:"+filepath.Join(t.TempDir(), "x.db"))
	if out, err := command(t, "health", "--url", s.base+"/readyz"); err != nil {
		t.Error(err, out)
	}
	res, err := http.Get(s.base + "/docs")
	if err != nil {
		t.Fatal(err)
	}
	page, _ := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK || !bytes.Contains(page, []byte("swagger")) {
		t.Errorf("/docs: %s", res.Status)
	}
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	if _, err := command(t, "health", "--url", s.base+"/readyz"); err == nil {
		t.Error("a stopped service is healthy")
	}
}

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
