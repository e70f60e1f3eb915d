package sqlitestore

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/lunpai/lunpai/repo"
)

// hurry makes the writer look for the log after each transaction.
func hurry(t *testing.T, s *Store) {
	t.Helper()
	must(t, s.write(t.Context(), 0, func(*tx) error { s.writer.logged = drainAfter; return nil }))
}

// TestLogIsDrainedUnderLoad: while a store is never at rest its log is written back beside the
// writer, so that it stays short and no commit has to.
func TestLogIsDrainedUnderLoad(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lunpai.db")
	s, o := openAt(t, path), newOffice("site")
	was, err := os.Stat(path)
	must(t, err)
	for until := time.Now().Add(20 * time.Second); ; {
		hurry(t, s)
		mustAppend(t, s, o.mustPage(t, 3))
		is, err := os.Stat(path)
		must(t, err)
		if is.Size() > was.Size() {
			break
		}
		if time.Now().After(until) {
			t.Fatal("nothing is written back while the store is busy")
		}
	}
	s.writer.session.drainer.work.Wait()
	must(t, s.watch.intact())
	log, err := os.Stat(path + "-wal")
	must(t, err)
	if log.Size() >= walPages*4096 {
		t.Errorf("the log grew to %d bytes: a commit wrote it back", log.Size())
	}
}

// TestLongLogBeginsAnew: when the drainer says that the log is long, the writer writes back its end
// and the next commit begins it anew.
func TestLongLogBeginsAnew(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lunpai.db")
	s, o := openAt(t, path), newOffice("site")
	keepAwake(t, s)
	for range 50 {
		mustAppend(t, s, o.mustPage(t, 3))
	}
	before, err := os.Stat(path + "-wal")
	must(t, err)
	s.writer.session.drainer.long.Store(true)
	must(t, s.write(t.Context(), 0, func(*tx) error { s.writer.awake = false; return nil }))
	for range 20 {
		mustAppend(t, s, o.mustPage(t, 3))
	}
	after, err := os.Stat(path + "-wal")
	must(t, err)
	if after.Size() > before.Size() {
		t.Errorf("the log went on from %d to %d bytes", before.Size(), after.Size())
	}
}

// TestChangesTogether: while the log is written back commits come and go; the file is compared when
// the last of them has ended.
func TestChangesTogether(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		meanwhile string
		at        int64
		lost      bool
	}{
		"nothing else": {},
		"the header":   {"x", 20, true},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "lunpai.db")
			s, o := openAt(t, path), newOffice("site")
			mustAppend(t, s, o.mustPage(t, 2))
			atRest(t, s)
			keepAwake(t, s)
			w := s.watch
			err := w.change(func() error {
				must(t, w.commit(func() error { return nil }))
				if c.meanwhile != "" {
					write(t, path, c.at, c.meanwhile)
				}
				must(t, w.commit(func() error { return nil }))
				must(t, w.intact())
				return nil
			})
			if is := errors.Is(err, repo.ErrStoreReplaced); is != c.lost {
				t.Errorf("lost: %v (%v), want %v", is, err, c.lost)
			}
			if is := errors.Is(w.intact(), repo.ErrStoreReplaced); is != c.lost {
				t.Errorf("lost afterwards: %v, want %v", is, c.lost)
			}
		})
	}
}
