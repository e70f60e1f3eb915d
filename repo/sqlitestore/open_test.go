package sqlitestore

import (
	"context"
	"database/sql"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestOneProcessServesAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lunpai.db")
	s := openAt(t, path)
	_, err := Open(t.Context(), Config{Path: path})
	if err == nil || !strings.Contains(err.Error(), path+".lock") ||
		!strings.Contains(err.Error(), "stop that process") {
		t.Errorf("second open in this process: want an error that names the lock file and the "+
			"cure, got %v", err)
	}
	out, err := play(t, "open", path).CombinedOutput()
	if err == nil || !strings.Contains(string(out), path+".lock") {
		t.Errorf("open in another process: want an error that names the lock file, got %v: %s", err,
			out)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if out, err := play(t, "open", path).CombinedOutput(); err != nil {
		t.Errorf("open in another process after Close: %v: %s", err, out)
	}
}

func TestRefusedFiles(t *testing.T) {
	dir := t.TempDir()
	broken := func(name, statement string) string {
		path := filepath.Join(dir, name)
		if err := openAt(t, path).Close(); err != nil {
			t.Fatal(err)
		}
		alter(t, path, statement)
		return path
	}
	foreign := filepath.Join(dir, "foreign.db")
	alter(t, foreign, `CREATE TABLE notes (text)`)
	garbage := filepath.Join(dir, "garbage.db")
	if err := os.WriteFile(garbage, []byte(strings.Repeat("not a database ", 500)),
		0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, path, want string }{
		{"nothing", "", "path of a file"},
		{"memory", ":memory:", "path of a file"},
		{"URI", "file:x.db?mode=memory", "path of a file"},
		{"no folder", filepath.Join(dir, "missing", "x.db"), "no such file"},
		{
			"newer", broken("newer.db", `UPDATE meta SET value = '4' WHERE name = 'schema'`),
			"run a newer lunpai",
		},
		{"no version", broken("none.db", `DELETE FROM meta`), "schema version"},
		{
			"index missing", broken("index.db", `DROP INDEX sides_lookup`),
			"CREATE UNIQUE INDEX sides_lookup",
		},
		{"foreign", foreign, "no lunpai database"},
		{"garbage", garbage, "not a database"},
	} {
		for how, open := range map[string]func() (*Store, error){
			"open": func() (*Store, error) {
				return Open(t.Context(), Config{Path: c.path})
			},
			"open read-only": func() (*Store, error) { return OpenReadOnly(t.Context(), c.path) },
		} {
			s, err := open()
			if err == nil {
				t.Errorf("%s: %s succeeded", c.name, how)
				_ = s.Close()
			} else if !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %s: want %q in the error, got %v", c.name, how, c.want, err)
			}
		}
	}
}

// alter changes a file behind the store's back.
func alter(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", dsn(path, "rwc", nil))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestFailedOpenLeavesNothing: neither a lock file beside what is not a store, nor an empty store
// that could not be begun.
func TestFailedOpenLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(text, []byte(strings.Repeat("not a database ", 500)),
		0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := Open(t.Context(), Config{Path: text}); err == nil {
		t.Fatal("opened", s.path)
	}
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	if s, err := Open(stopped, Config{Path: filepath.Join(dir, "new.db")}); err == nil {
		t.Fatal("opened", s.path)
	}
	found, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(found) != 1 {
		t.Errorf("left behind: %v, %v", found, err)
	}
	if text, err := os.ReadFile(text); err != nil || len(text) != 7500 {
		t.Errorf("the file that is no store: %d bytes, %v", len(text), err)
	}
}

// TestSettingsInForce: a setting that SQLite did not accept is noticed when the store opens, not
// after a crash.
func TestSettingsInForce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	alter(t, path, `CREATE TABLE x (y)`)
	for _, c := range []struct{ set, want pragmas }{
		{pragmas{"journal_mode": "delete"}, pragmas{"journal_mode": "wal"}},
		{pragmas{"synchronous": "1"}, pragmas{"synchronous": "2"}},
		{pragmas{}, pragmas{"secure_delete": "1"}},
		{pragmas{}, pragmas{"query_only": "1"}},
		{pragmas{}, flushing("darwin")},
	} {
		db, err := sql.Open("sqlite", dsn(path, "rw", c.set))
		if err != nil {
			t.Fatal(err)
		}
		if err := verify(t.Context(), db, c.want); err == nil {
			t.Errorf("set %v, wanted %v: not noticed", c.set, c.want)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	s := openNew(t)
	for name, want := range map[string]string{
		"journal_mode": "wal", "synchronous": "2", "secure_delete": "1", "foreign_keys": "1",
		"busy_timeout": "5000",
	} {
		var got string
		if err := s.writer.session.conn.QueryRowContext(t.Context(), "PRAGMA "+
			name).Scan(&got); err != nil || got != want {
			t.Errorf("%s = %s, want %s, %v", name, got, want, err)
		}
	}
	if _, err := s.pool.db.ExecContext(t.Context(), `DELETE FROM meta`); err == nil {
		t.Error("a reading connection can write")
	}
}

// TestFlushOnMacOS: a flush reaches the disk itself on systems where that must be requested. The
// settings exist everywhere.
func TestFlushOnMacOS(t *testing.T) {
	p := flushing("darwin")
	db, err := dial(t.Context(), filepath.Join(t.TempDir(), "x.db"), "rwc", 1, p)
	if err != nil {
		t.Fatal(err)
	}
	if p["fullfsync"] != "1" || p["checkpoint_fullfsync"] != "1" || len(flushing("linux")) != 0 {
		t.Errorf("macOS flushes with %v", p)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestPathWithSpecialCharacters(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "售楼 #1?mode=memory&x=%41")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "a b%20.db")
	if err := openAt(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("rights %v: others can read personal data", info.Mode().Perm())
	}
}

// TestLibcPinned: modernc.org/sqlite works with exactly the modernc.org/libc that its own go.mod
// names.
func TestLibcPinned(t *testing.T) {
	want := requirement(t, module(t, "modernc.org/sqlite").GoMod)
	if got := module(t, "modernc.org/libc").Version; got != want {
		t.Errorf("modernc.org/libc %s, but modernc.org/sqlite needs %s: go get modernc.org/libc@%s",
			got, want, want)
	}
}

type listedModule struct{ Version, GoMod string }

func module(t *testing.T, path string) (m listedModule) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-json", path).Output()
	if err == nil {
		err = json.Unmarshal(out, &m)
	}
	if err != nil {
		t.Fatalf("go list -m %s: %v", path, err)
	}
	return m
}

// requirement is the version of modernc.org/libc in a go.mod file.
func requirement(t *testing.T, file string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "mod", "edit", "-json", file).Output()
	var mod struct {
		Require []struct{ Path, Version string }
	}
	if err == nil {
		err = json.Unmarshal(out, &mod)
	}
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	for _, r := range mod.Require {
		if r.Path == "modernc.org/libc" {
			return r.Version
		}
	}
	t.Fatalf("%s does not require modernc.org/libc", file)
	return ""
}
