package sqlitestore

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lunpai/lunpai/repo"
)

// crash leaves a store as a kill leaves it: a copy of its files while it is open, in a folder of
// their own. The beacon has caught up.
func crash(t *testing.T, s *Store) string {
	t.Helper()
	must(t, s.write(t.Context(), 0, func(*tx) error { return nil }))
	waitFor(t, "the beacon", func() bool {
		l, err := readBeacon(s.path)
		must(t, err)
		return l.Row == s.writer.light.Row && l.Sides == s.writer.light.Sides
	})
	dir := t.TempDir()
	path := filepath.Join(dir, "lunpai.db")
	for _, name := range []string{"", "-wal", "-shm", beaconName} {
		copyOpen(t, s.path+name, path+name)
	}
	return path
}

// copyOpen copies a file that this process may have open with locks: the one that is read stays
// open until the test ends.
func copyOpen(t *testing.T, from, to string) {
	t.Helper()
	f, err := os.Open(from)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	must(t, err)
	t.Cleanup(func() { _ = f.Close() })
	info, err := f.Stat()
	must(t, err)
	content := make([]byte, info.Size())
	_, err = f.ReadAt(content, 0)
	must(t, err)
	must(t, os.WriteFile(to, content, 0o600))
}

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited a minute for %s", what)
		}
	}
}

// flip flips a bit of a file.
func flip(t *testing.T, path string, at int64, bit uint) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	must(t, err)
	var b [1]byte
	_, err = f.ReadAt(b[:], at)
	must(t, err)
	b[0] ^= 1 << bit
	_, err = f.WriteAt(b[:], at)
	must(t, errors.Join(err, f.Close()))
}

// busyStore has pages in the file and pages in the log, and keeps them there.
func busyStore(t *testing.T) (*Store, *office) {
	t.Helper()
	s, o := openNew(t), newOffice("site")
	for range 3 {
		mustAppend(t, s, o.mustPage(t, 4))
	}
	must(t, s.write(t.Context(), 0, func(t *tx) error { t.erased = true; return nil }))
	waitFor(t, "an empty log", func() bool {
		info, err := os.Stat(s.path + "-wal")
		return err == nil && info.Size() == 0
	})
	must(t, s.write(t.Context(), 0, func(*tx) error { s.writer.awake = true; return nil }))
	for range 6 {
		mustAppend(t, s, o.mustPage(t, 4))
	}
	return s, o
}

// TestLostLog: a file whose log is gone, damaged anywhere, or from another time is not served as if
// it were an older office, unless the operator accepts the loss.
func TestLostLog(t *testing.T) {
	t.Parallel()
	s, o := busyStore(t)
	whole := crash(t, s)
	log, err := os.ReadFile(whole + "-wal")
	must(t, err)
	past := whole + ".past"
	must(t, s.Backup(t.Context(), past))
	mustAppend(t, s, o.mustPage(t, 1))
	later := crash(t, s)
	frames := (len(log) - 32) / 4120
	damages := map[string]func(path string){
		"log gone":  func(path string) { must(t, os.Remove(path+"-wal")) },
		"log empty": func(path string) { must(t, os.Truncate(path+"-wal", 0)) },
		"half a log": func(path string) {
			must(t, os.Truncate(path+"-wal", int64(32+frames/2*4120)))
		},
		"file gone": func(path string) { must(t, os.Remove(path)) },
		"file and log gone": func(path string) {
			must(t, errors.Join(os.Remove(path), os.Remove(path+"-wal")))
		},
		"a backup in its place": func(path string) {
			copyOpen(t, past, path)
			copyOpen(t, later+beaconName, path+beaconName)
		},
	}
	for _, at := range []int{0, 9, 17, 25} {
		damages["log header "+string(rune('a'+at))] = func(path string) {
			flip(t, path+"-wal", int64(at), 3)
		}
	}
	for _, frame := range []int{0, 1, frames / 2, frames - 1} {
		for _, at := range []int{1, 9, 17, 24 + 100, 24 + 4000} {
			name := strings.Join([]string{
				"frame", time.Duration(frame).String(), time.Duration(at).String(),
			}, " ")
			damages[name] = func(path string) { flip(t, path+"-wal", int64(32+frame*4120+at), 3) }
		}
	}
	for what, damage := range damages {
		t.Run(what, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "lunpai.db")
			for _, name := range []string{"", "-wal", beaconName} {
				copyOpen(t, whole+name, path+name)
			}
			damage(path)
			c, err := Open(t.Context(), Config{Path: path})
			if err == nil { // all of the log had been written back
				if n := len(chain(t, c, "site")); n != 9 {
					t.Errorf("served with %d pages of 9", n)
				}
				must(t, c.Close())
				return
			}
			mixed := func(err error) bool { // the log was written over a newer file
				return what == "a backup in its place" && errors.Is(err, repo.ErrCorrupt)
			}
			if mixed(err) {
				return
			}
			if !errors.Is(err, ErrLoss) || !strings.Contains(err.Error(), "lunpai restore") ||
				!strings.Contains(err.Error(), "--accept-loss") {
				t.Fatalf("want ErrLoss and the ways out, got %v", err)
			}
			known, err := Open(t.Context(), Config{Path: path, AcceptLoss: true})
			if mixed(err) {
				return
			}
			must(t, err)
			again := newOffice("after")
			mustAppend(t, known, again.mustPage(t, 1))
			must(t, known.Close())
			must(t, openAt(t, path).Close())
		})
	}
}

// TestBeaconLetsPass: a file that lost nothing is opened: after a kill, without its beacon, with a
// damaged beacon, after an orderly stop without a log, and when it is newer than the beacon.
func TestBeaconLetsPass(t *testing.T) {
	t.Parallel()
	s, _ := busyStore(t)
	whole := crash(t, s)
	for what, change := range map[string]func(path string){
		"whole":         func(string) {},
		"no beacon":     func(path string) { must(t, os.Remove(path+beaconName)) },
		"half a beacon": func(path string) { flip(t, path+beaconName, 100, 2) },
		"other half":    func(path string) { flip(t, path+beaconName, beaconSlot+100, 2) },
		"no whole half": func(path string) {
			must(t, os.WriteFile(path+beaconName, []byte("?"), 0o600))
		},
		"old beacon": func(path string) { must(t, os.WriteFile(path+beaconName, nil, 0o600)) },
		"log torn at its end": func(path string) {
			info, err := os.Stat(path + "-wal")
			must(t, err)
			f, err := os.OpenFile(path+"-wal", os.O_WRONLY, 0)
			must(t, err)
			_, err = f.WriteAt(make([]byte, 3000), info.Size())
			must(t, errors.Join(err, f.Close()))
		},
		"stopped": func(path string) {
			must(t, openAt(t, path).Close())
			if _, err := os.Stat(path + "-wal"); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the log is still there: %v", err)
			}
		},
	} {
		t.Run(what, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "lunpai.db")
			for _, name := range []string{"", "-wal", beaconName} {
				copyOpen(t, whole+name, path+name)
			}
			change(path)
			c := openAt(t, path)
			if n := len(chain(t, c, "site")); n != 9 {
				t.Errorf("%d pages, want 9", n)
			}
		})
	}
}

// TestBeaconKnowsSides: a person who was erased does not come back with an older file.
func TestBeaconKnowsSides(t *testing.T) {
	s := openNew(t)
	person := repo.Side{Collection: repo.People, ID: "c1", Site: "site", Body: []byte(`{}`)}
	must(t, s.Insert(t.Context(), person))
	before := s.path + ".before"
	must(t, s.Backup(t.Context(), before))
	must(t, s.Delete(t.Context(), repo.People, "c1"))
	must(t, s.Close())
	must(t, os.Rename(before, s.path))
	if _, err := Open(t.Context(), Config{Path: s.path}); !errors.Is(err, ErrLoss) {
		t.Errorf("want ErrLoss, got %v", err)
	}
}

// TestBeaconIsPunctual: the beacon is written by itself, and not with every commit.
func TestBeaconIsPunctual(t *testing.T) {
	s, o := openNew(t), newOffice("site")
	for range 50 {
		mustAppend(t, s, o.mustPage(t, 1))
	}
	waitFor(t, "the beacon", func() bool {
		l, err := readBeacon(s.path)
		must(t, err)
		return l.Row == 50
	})
	if l, err := readBeacon(s.path); err != nil || l.Count > 25 {
		t.Errorf("written %d times for 50 commits, %v", l.Count, err)
	}
	info, err := os.Stat(s.path + beaconName)
	if err != nil || info.Size() > 2*beaconSlot || info.Mode().Perm() != 0o600 {
		t.Errorf("beacon: %v, %v", info, err)
	}
}
