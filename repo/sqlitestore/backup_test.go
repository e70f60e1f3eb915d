package sqlitestore

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/lunpai/lunpai/internal/slow"
	"github.com/lunpai/lunpai/repo"
)

// TestBackupWhileServed copies a store that is being written to: the copy needs no other file, is
// complete, and holds everything that was acknowledged before the call.
func TestBackupWhileServed(t *testing.T) {
	dir := t.TempDir()
	s, o := openAt(t, filepath.Join(dir, "lunpai.db")), newOffice("site")
	mustAppend(t, s, o.mustPage(t, 5))
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		busy := newOffice("busy")
		for ctx.Err() == nil {
			p, err := busy.page(2)
			if err == nil {
				err = appendOne(context.WithoutCancel(ctx), s, p)
			}
			if err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	copies := []string{filepath.Join(dir, "copy 1.db"), filepath.Join(dir, "copy 2.db")}
	for _, path := range copies {
		if err := s.Backup(t.Context(), path); err != nil {
			t.Fatal(err)
		}
		mustAppend(t, s, o.mustPage(t, 1))
	}
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	for i, path := range copies {
		if entries, err := filepath.Glob(path + "-*"); err != nil || len(entries) > 0 {
			t.Errorf("the copy needs %v beside it", entries)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("rights of the copy: %v, %v", info.Mode(), err)
		}
		c := openAt(t, path)
		if stored := chain(t, c, o.id); len(stored) != i+1 {
			t.Errorf("copy %d holds %d pages, want %d", i+1, len(stored), i+1)
		}
		chain(t, c, "busy")
		again := newOffice("after")
		mustAppend(t, c, again.mustPage(t, 1))
	}
}

func TestBackupRefuses(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, filepath.Join(dir, "lunpai.db"))
	there := filepath.Join(dir, "there.db")
	if err := os.WriteFile(there, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Backup(t.Context(), there); !errors.Is(err, os.ErrExist) {
		t.Errorf("existing target: want ErrExist, got %v", err)
	}
	if content, err := os.ReadFile(there); err != nil || string(content) != "precious" {
		t.Errorf("the target was touched: %q, %v", content, err)
	}
	if err := s.Backup(t.Context(), filepath.Join(dir, "missing", "x.db")); !errors.Is(err,
		os.ErrNotExist) {
		t.Errorf("no folder: want ErrNotExist, got %v", err)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Backup(over, filepath.Join(dir, "x.db")); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Backup(t.Context(), filepath.Join(dir, "y.db")); !errors.Is(err, repo.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
	for _, name := range []string{"x.db", "y.db"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			t.Errorf("a failed backup left %s", name)
		}
	}
}

// TestReadOnlyBesideTheService looks at a file that this process serves.
func TestReadOnlyBesideTheService(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "lunpai.db")
	s, o := openAt(t, path), newOffice("site")
	mustAppend(t, s, o.mustPage(t, 2))
	r := openReader(t, path)
	for range 3 { // it follows
		p := o.mustPage(t, 1)
		mustAppend(t, s, p)
		if stored := chain(t, r, o.id); stored[p.Last] != p.Hash {
			t.Errorf("commit %d is not seen", p.Last)
		}
	}
	for name, err := range map[string]error{
		"append": appendOne(t.Context(), r, o.mustPage(t, 1)),
		"insert": r.Insert(t.Context(), repo.Side{
			Collection: repo.Notes, ID: "n", Site: "a", Body: []byte(`{}`),
		}),
		"replace": r.Replace(t.Context(), repo.Side{
			Collection: repo.Notes, ID: "n", Site: "a", Body: []byte(`{}`),
		}),
		"delete":  r.Delete(t.Context(), repo.Notes, "n"),
		"project": r.Project(t.Context(), nil),
	} {
		if !errors.Is(err, repo.ErrReadOnly) {
			t.Errorf("%s: want ErrReadOnly, got %v", name, err)
		}
	}
	if err := errors.Join(r.Ping(t.Context()),
		r.Backup(t.Context(), filepath.Join(dir, "copy.db"))); err != nil {
		t.Error(err)
	}
}

// TestReadOnlyAfterACrash reads a file whose newest commits are still in the log.
func TestReadOnlyAfterACrash(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lunpai.db")
	acknowledged := killed(t, path)
	if info, err := os.Stat(path + "-wal"); err != nil || info.Size() == 0 {
		t.Fatalf("the crash left no log: the test tests nothing: %v", err)
	}
	r := openReader(t, path)
	for site, pages := range acknowledged {
		stored := chain(t, r, site)
		for last, hash := range pages {
			if stored[last] != hash {
				t.Errorf("commit %d of %s is not seen", last, site)
			}
		}
	}
}

// TestLongReader: a long read from the file, such as a backup, stops the log from being emptied but
// nobody from writing; when it ends, what was deleted leaves the log.
func TestLongReader(t *testing.T) {
	slow.Test(t, "a reader who stays, 5 s")
	path := filepath.Join(t.TempDir(), "lunpai.db")
	s, o := openAt(t, path), newOffice("site")
	person := repo.Side{
		Collection: repo.People, ID: "c1", Site: "site", Body: []byte(`{"name":"CANARY"}`),
	}
	if err := s.Insert(t.Context(), person); err != nil {
		t.Fatal(err)
	}
	rows, err := openReader(t, path).pool.db.QueryContext(t.Context(),
		`SELECT name FROM meta UNION ALL SELECT body FROM sides`)
	if err != nil || !rows.Next() {
		t.Fatal(err)
	}
	if err := s.Delete(t.Context(), repo.People, "c1"); err != nil {
		t.Fatal(err)
	}
	slowest := time.Duration(0)
	for end := time.Now().Add(2 * eraseWithin); time.Now().Before(end); {
		start := time.Now()
		mustAppend(t, s, o.mustPage(t, 1))
		slowest = max(slowest, time.Since(start))
	}
	if slowest > usualPatience-time.Second {
		t.Errorf("a write waited %v for a reader", slowest)
	}
	err = errors.Join(rows.Err(), rows.Close()) //nolint:sqlclosecheck // the moment matters
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(5 * eraseWithin); play(t, "search", path+"-wal").Run() != nil; {
		if time.Now().After(end) {
			t.Fatal("what was deleted still stands in the log")
		}
		time.Sleep(maxRest)
	}
}

func openReader(t *testing.T, path string) *Store {
	t.Helper()
	r, err := OpenReadOnly(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// TestErasedFromTheLog: what was deleted leaves the write-ahead log while the store goes on being
// served.
func TestErasedFromTheLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lunpai.db")
	s, busy := openAt(t, path), newOffice("busy")
	found := func() bool {
		return play(t, "search", path).Run() != nil || play(t, "search", path+"-wal").Run() != nil
	}
	person := repo.Side{
		Collection: repo.People, ID: "c1", Site: "busy", Lookup: "CANARY",
		Body: []byte(`{"name":"CANARY"}`),
	}
	if err := s.Insert(t.Context(), person); err != nil {
		t.Fatal(err)
	}
	if !found() {
		t.Fatal("the search is blind")
	}
	if err := s.Delete(t.Context(), repo.People, "c1"); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(5 * eraseWithin); found(); {
		if time.Now().After(end) {
			t.Fatal("what was deleted still stands in the files")
		}
		mustAppend(t, s, busy.mustPage(t, 1)) // no idle moment
	}
}
