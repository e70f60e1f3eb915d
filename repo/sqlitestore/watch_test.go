package sqlitestore

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lunpai/lunpai/repo"
)

// TestReplacedUnderTheService: whatever somebody does to the files of a store that is served, no
// command is acknowledged afterwards, nothing is read any more, and readiness says why; putting the
// old file back changes nothing until the next start.
func TestReplacedUnderTheService(t *testing.T) {
	away := func(name string) func(t *testing.T, path, other string) {
		return func(t *testing.T, path, _ string) {
			must(t, os.Rename(path+name, path+name+".away"))
		}
	}
	put := func(name string) func(t *testing.T, path, other string) {
		return func(t *testing.T, path, other string) { must(t, os.Rename(other, path+name)) }
	}
	for what, replace := range map[string]func(t *testing.T, path, other string){
		"moved away":          away(""),
		"log moved away":      away("-wal"),
		"shared memory moved": away("-shm"),
		"moved over":          put(""),
		"log moved over":      put("-wal"),
		"overwritten by another": func(t *testing.T, path, other string) {
			overwrite(t, other, path)
		},
		"overwritten by its past": func(t *testing.T, path, _ string) {
			overwrite(t, path+".past", path)
		},
		"a byte written": func(t *testing.T, path, _ string) {
			write(t, path, 5000, "x")
		},
		"cut off": func(t *testing.T, path, _ string) {
			must(t, os.Truncate(path, 4096))
		},
		"a byte written in its page": func(t *testing.T, path, _ string) {
			write(t, path, 300, "x")
		},
	} {
		for _, first := range []string{"append", "insert", "read", "ping"} {
			t.Run(what+", then "+first, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				path := filepath.Join(dir, "lunpai.db")
				s, err := Open(t.Context(), Config{Path: path})
				must(t, err)
				defer func() { _ = s.Close() }() // it may complain about what was done to it
				o := newOffice("site")
				mustAppend(t, s, o.mustPage(t, 2))
				must(t, s.Backup(t.Context(), path+".past"))
				mustAppend(t, s, o.mustPage(t, 2))
				other := filepath.Join(dir, "other.db")
				elsewhere, p := openAt(t, other), newOffice("elsewhere")
				mustAppend(t, elsewhere, p.mustPage(t, 3))
				must(t, elsewhere.Close())
				atRest(t, s) // while the log is written back nobody can tell who writes

				replace(t, path, other)
				person := repo.Side{
					Collection: repo.People, ID: "c", Site: "site", Body: []byte(`{}`),
				}
				calls := map[string]func() error{
					"append": func() error { return appendOne(t.Context(), s, o.mustPage(t, 1)) },
					"insert": func() error { return s.Insert(t.Context(), person) },
					"read": func() error {
						_, err := s.Before(t.Context(), o.id, 1<<40, 1)
						return err
					},
					"ping": func() error { return s.Ping(t.Context()) },
				}
				if err := calls[first](); !errors.Is(err, repo.ErrStoreReplaced) ||
					!errors.Is(err, repo.ErrReadOnly) {
					t.Fatalf("%s: want ErrStoreReplaced, got %v", first, err)
				}
				for name, call := range calls {
					err := call()
					if !errors.Is(err, repo.ErrStoreReplaced) {
						t.Errorf("%s afterwards: want ErrStoreReplaced, got %v", name, err)
					}
					if name == "append" && !errors.Is(err, repo.ErrUnknown) {
						t.Errorf("append: want ErrUnknown too, got %v", err)
					}
				}
			})
		}
	}
}

// TestOwnWritingIsNoReplacement: the log is written back, emptied and read again without a false
// alarm, while others read.
func TestOwnWritingIsNoReplacement(t *testing.T) {
	t.Parallel()
	s, o := openNew(t), newOffice("site")
	done, reads := make(chan struct{}), make(chan error, 1)
	go func() {
		for {
			select {
			case <-done:
				reads <- nil
				return
			default:
			}
			if _, err := s.Sites(t.Context()); err != nil {
				reads <- err
				return
			}
		}
	}()
	for i := range 300 {
		p := o.mustPage(t, 3)
		if i%50 == 20 {
			onCommit(t, s, 1, failAfter)
			_ = appendOne(t.Context(), s, p)
		}
		mustAppend(t, s, p)
		if i%3 == 0 {
			must(t, s.write(t.Context(), 1, func(t *tx) error { t.erased = true; return nil }))
		}
		if i%100 == 0 {
			atRest(t, s)
		}
	}
	close(done)
	must(t, errors.Join(<-reads, s.Ping(t.Context())))
}

// TestOverwrittenFileSurvives: a store that was overwritten does not write its log over the new
// content when it closes.
func TestOverwrittenFileSurvives(t *testing.T) {
	dir := t.TempDir()
	path, other := filepath.Join(dir, "lunpai.db"), filepath.Join(dir, "other.db")
	s, err := Open(t.Context(), Config{Path: path, Log: testLog(t)})
	must(t, err)
	o := newOffice("site")
	for range 40 {
		mustAppend(t, s, o.mustPage(t, 8))
	}
	must(t, s.Backup(t.Context(), other))
	mustAppend(t, s, o.mustPage(t, 8))
	err = s.write(t.Context(), 1, func(*tx) error {
		// the writer's own goroutine: the log is not written back meanwhile
		overwrite(t, other, path)
		return nil
	})
	if !errors.Is(err, repo.ErrStoreReplaced) {
		t.Fatalf("want ErrStoreReplaced, got %v", err)
	}
	must(t, s.Close())
	want, err := os.ReadFile(other)
	must(t, err)
	is, err := os.ReadFile(path)
	must(t, err)
	if string(is) != string(want) {
		t.Error("the copy that was put there was written over")
	}
}

// TestOneFileManyNames: a file is served once, whatever it is called.
func TestOneFileManyNames(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "lunpai.db")
	s, o := openAt(t, path), newOffice("site")
	mustAppend(t, s, o.mustPage(t, 1))
	folder, soft, hard := filepath.Join(dir, "folder"), filepath.Join(dir,
		"soft.db"), filepath.Join(dir, "hard.db")
	must(t,
		errors.Join(os.Symlink(dir, folder), os.Symlink(path, soft),
			os.Symlink("nowhere", filepath.Join(dir, "broken.db"))))
	for _, name := range []string{
		soft, filepath.Join(folder, "lunpai.db"), filepath.Join(folder, "soft.db"),
	} {
		if _, err := Open(t.Context(), Config{Path: name}); err == nil ||
			!strings.Contains(err.Error(), path+".lock") {
			t.Errorf("%s: want to hear of the lock, got %v", name, err)
		}
	}
	if _, err := Open(t.Context(), Config{Path: filepath.Join(dir, "broken.db")}); !errors.Is(err,
		os.ErrNotExist) {
		t.Errorf("a link that leads nowhere: %v", err)
	}
	r := openReader(t, soft)
	if stored := chain(t, r, o.id); len(stored) != 1 {
		t.Errorf("read through a link: %d pages", len(stored))
	}
	must(t, s.Close())
	must(t, os.Link(path, hard))
	for _, name := range []string{path, hard, soft} {
		if _, err := Open(t.Context(), Config{Path: name}); err == nil ||
			!strings.Contains(err.Error(), "hard links") {
			t.Errorf("%s: want to hear of the two names, got %v", name, err)
		}
	}
	must(t, os.Remove(hard))
	linked := openAt(t, soft)
	mustAppend(t, linked, o.mustPage(t, 1))
	if _, err := os.Stat(path + "-wal"); err != nil {
		t.Errorf("the log does not stand beside the real file: %v", err)
	}
}

// TestReplacedWhileCommitting: what somebody else does to the files while this store writes is
// noticed too.
func TestReplacedWhileCommitting(t *testing.T) {
	for what, replace := range map[string]func(t *testing.T, path string){
		"log moved away": func(t *testing.T, path string) {
			must(t, os.Rename(path+"-wal", path+"-wal.away"))
		},
		"a byte written": func(t *testing.T, path string) { write(t, path, 5000, "x") },
	} {
		t.Run(what, func(t *testing.T) {
			path, o := filepath.Join(t.TempDir(), "lunpai.db"), newOffice("site")
			s, err := Open(t.Context(), Config{Path: path})
			must(t, err)
			defer func() { _ = s.Close() }() // it may complain about what was done to it
			mustAppend(t, s, o.mustPage(t, 2))
			var pinged error
			onCommit(t, s, 1, func(ctx context.Context, commit *sql.Stmt) error {
				replace(t, path)
				pinged = s.Ping(ctx)
				_, err := commit.ExecContext(ctx)
				return err
			})
			if err := appendOne(t.Context(), s, o.mustPage(t, 1)); !errors.Is(err,
				repo.ErrStoreReplaced) {
				t.Errorf("append: want ErrStoreReplaced, got %v", err)
			}
			if what == "log moved away" && !errors.Is(pinged, repo.ErrStoreReplaced) {
				t.Errorf("ping meanwhile: want ErrStoreReplaced, got %v", pinged)
			}
		})
	}
}

// atRest waits until a store has written its whole log back and leaves its files alone until
// somebody writes.
func atRest(t *testing.T, s *Store) {
	t.Helper()
	shm, err := os.Open(s.path + "-shm")
	must(t, err)
	t.Cleanup(func() { _ = shm.Close() }) // not earlier: closing it drops SQLite's locks
	waitFor(t, "the log to be written back", func() bool {
		var index [100]byte // https://sqlite.org/walformat.html#the_wal_index_file_format
		_, err := shm.ReadAt(index[:], 0)
		must(t, err)
		frames, written := binary.NativeEndian.Uint32(index[16:]), binary.NativeEndian.Uint32(
			index[96:])
		return frames == written && s.watch.look.Load() != nil
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// overwrite copies a file over another as cp does: the other keeps its inode. It is not closed as
// long as the test runs, for closing it would drop the locks that SQLite has on it in this process.
func overwrite(t *testing.T, from, to string) {
	t.Helper()
	content, err := os.ReadFile(from)
	must(t, err)
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_TRUNC, 0)
	must(t, err)
	t.Cleanup(func() { _ = f.Close() })
	_, err = f.Write(content)
	must(t, err)
}

// write writes into a file.
func write(t *testing.T, path string, at int64, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	must(t, err)
	t.Cleanup(func() { _ = f.Close() })
	_, err = io.NewOffsetWriter(f, at).Write([]byte(text))
	must(t, err)
}
