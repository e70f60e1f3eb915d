package sqlitestore

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lunpai/lunpai/internal/slow"
)

func accepted(*Store) error { return nil }

// TestRestore: a backup replaces a store, whatever is left of it; the old one is kept, and both can
// be opened.
func TestRestore(t *testing.T) {
	slow.Test(t, "files in every state restored, 6 s")
	t.Parallel()
	for _, what := range []string{
		"stopped", "killed", "damaged log", "file gone", "nothing there",
	} {
		t.Run(what, func(t *testing.T) {
			s, o := busyStore(t)
			backup := filepath.Join(t.TempDir(), "backup.db")
			must(t, s.Backup(t.Context(), backup))
			mustAppend(t, s, o.mustPage(t, 1))
			path := crash(t, s)
			switch what {
			case "stopped":
				must(t, openAt(t, path).Close())
			case "damaged log":
				must(t, os.Truncate(path+"-wal", 5000))
			case "file gone":
				must(t, os.Remove(path))
			case "nothing there":
				path = filepath.Join(t.TempDir(), "new.db")
			}
			kept, err := Restore(t.Context(), path, backup, accepted)
			must(t, err)
			if (kept == "") != (what == "file gone" || what == "nothing there") {
				t.Errorf("kept as %q", kept)
			}
			r := openAt(t, path)
			if n := len(chain(t, r, o.id)); n != 9 {
				t.Errorf("%d pages, want 9", n)
			}
			if what == "stopped" || what == "killed" {
				if n := len(chain(t, openAt(t, kept), o.id)); n != 10 {
					t.Errorf("the old store was kept with %d pages, want 10", n)
				}
			}
			must(t, r.Close())
			again, err := Restore(t.Context(), path, backup, accepted)
			must(t, err)
			if again == kept {
				t.Errorf("kept twice as %s", again)
			}
			must(t, openAt(t, path).Close())
		})
	}
}

// TestRestoreBreaksOff: wherever a restore is interrupted, the store is as it was, or refuses to be
// served.
func TestRestoreBreaksOff(t *testing.T) {
	t.Parallel()
	s, o := busyStore(t)
	dir := t.TempDir()
	backup := filepath.Join(dir, "backup.db")
	must(t, s.Backup(t.Context(), backup))
	mustAppend(t, s, o.mustPage(t, 1))
	path := crash(t, s)
	must(t, os.Rename(path, path+".replaced"))
	if _, err := Open(t.Context(), Config{Path: path}); !errors.Is(err, ErrLoss) {
		t.Errorf("the file set aside: want ErrLoss, got %v", err)
	}
	must(t, os.Rename(path+"-wal", path+".replaced-wal"))
	if _, err := Open(t.Context(), Config{Path: path}); !errors.Is(err, ErrLoss) {
		t.Errorf("the log set aside: want ErrLoss, got %v", err)
	}
	copyOpen(t, backup, path)
	if _, err := Open(t.Context(), Config{Path: path}); !errors.Is(err, ErrLoss) {
		t.Errorf("the beacon not reset: want ErrLoss, got %v", err)
	}
	_, err := Restore(t.Context(), path, backup, accepted)
	must(t, err)
	must(t, openAt(t, path).Close())
}

func TestRestoreRefuses(t *testing.T) {
	s, o := busyStore(t)
	dir := t.TempDir()
	backup := filepath.Join(dir, "backup.db")
	must(t, s.Backup(t.Context(), backup))
	no := errors.New("not sound")
	for what, c := range map[string]struct {
		backup string
		verify func(*Store) error
		want   string
	}{
		"served": {backup, accepted, ".lock"},
		"itself": {s.path, accepted, "the store itself"},
		"none":   {filepath.Join(dir, "missing.db"), accepted, "no such file"},
	} {
		if _, err := Restore(t.Context(), s.path, c.backup, c.verify); err == nil ||
			!strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: want %q, got %v", what, c.want, err)
		}
	}
	mustAppend(t, s, o.mustPage(t, 1))
	must(t, s.Close())
	if _, err := Restore(t.Context(), s.path, backup,
		func(*Store) error { return no }); !errors.Is(err, no) {
		t.Errorf("a backup that is not sound: %v", err)
	}
	for _, name := range []string{".restoring", ".restoring.part", ".replaced"} {
		if _, err := os.Stat(s.path + name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s was left: %v", name, err)
		}
	}
	if n := len(chain(t, openAt(t, s.path), o.id)); n != 10 {
		t.Errorf("a refused restore changed the store: %d pages", n)
	}
}
