package sqlitestore

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lunpai/lunpai/internal/slow"
	"github.com/lunpai/lunpai/repo"
)

const insideEnv = "LUNPAI_TEST_INSIDE"

// inside runs the calling test again in a separate process, and reports whether this is that
// process.
func inside(t *testing.T, attributes *syscall.SysProcAttr) bool {
	t.Helper()
	if os.Getenv(insideEnv) != "" {
		return true
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), insideEnv+"=1")
	cmd.SysProcAttr = attributes
	out, err := cmd.CombinedOutput()
	if errors.Is(err, unix.EPERM) {
		t.Skipf("NOT TESTED: this needs the right to mount a file system: %v", err)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
	return false
}

// TestDiskFull fills a small disk: what was acknowledged is there, the rest is unknown, and when
// there is space again the store goes on by itself, with the very page that did not fit.
func TestDiskFull(t *testing.T) {
	slow.Test(t, "a full disk, 8 s")
	if !inside(t, &syscall.SysProcAttr{Unshareflags: unix.CLONE_NEWNS}) {
		return
	}
	dir := t.TempDir()
	if err := errors.Join(unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""),
		unix.Mount("tmpfs", dir, "tmpfs", 0, "size=3m")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	path := filepath.Join(dir, "lunpai.db")
	s, o := openAt(t, path), newOffice("site")
	acknowledged := make(map[int64]string)
	for round := range 3 {
		p, err := fill(t, s, o, acknowledged)
		if !errors.Is(err, repo.ErrUnknown) || !errors.Is(err, repo.ErrStorageFull) ||
			errors.Is(err, repo.ErrReadOnly) {
			t.Fatalf("round %d: the commit that filled the disk: want ErrUnknown and "+
				"ErrStorageFull, got %v", round, err)
		}
		for range 20 {
			// it stays full for a while, is read all the time, and says at once that it writes
			// nothing
			start := time.Now()
			if err := appendOne(t.Context(), s, p); !errors.Is(err, repo.ErrStorageFull) ||
				errors.Is(err, repo.ErrUnknown) {
				t.Fatalf("round %d: still full: want ErrStorageFull alone, got %v", round, err)
			}
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("round %d: refused after %v", round, took)
			}
			if err := s.Ping(t.Context()); !errors.Is(err, repo.ErrStorageFull) {
				t.Errorf("round %d: ping: want ErrStorageFull, got %v", round, err)
			}
			if _, _, err := s.Load(t.Context(), o.id); err != nil {
				t.Errorf("round %d: reading: %v", round, err)
			}
		}
		compare(t, chain(t, s, o.id), acknowledged)
		if err := unix.Mount("tmpfs", dir, "tmpfs", unix.MS_REMOUNT,
			[]string{"size=6m", "size=12m", "size=64m"}[round]); err != nil {
			t.Fatal(err)
		}
		waitForRoom(t, s)
		if err := appendOne(t.Context(), s, p); err != nil {
			t.Fatalf("round %d: with space again: %v", round, err)
		}
		acknowledged[p.Last] = p.Hash
		compare(t, chain(t, s, o.id), acknowledged)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openAt(t, path)
	compare(t, chain(t, s, o.id), acknowledged)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// fill appends until a page does not fit, and returns it.
func fill(t *testing.T, s *Store, o *office, acknowledged map[int64]string) (*repo.Page, error) {
	t.Helper()
	for range 20000 {
		p := o.mustPage(t, 16)
		if err := appendOne(t.Context(), s, p); err != nil {
			return p, err
		}
		acknowledged[p.Last] = p.Hash
	}
	t.Fatal("the disk is never full")
	return nil, nil
}

// compare: everything acknowledged is stored, and nothing else.
func compare(t *testing.T, stored, acknowledged map[int64]string) {
	t.Helper()
	for last, hash := range acknowledged {
		if stored[last] != hash {
			t.Errorf("commit %d was acknowledged and is not there", last)
		}
	}
	if len(stored) != len(acknowledged) {
		t.Errorf("%d pages stored, %d acknowledged", len(stored), len(acknowledged))
	}
}

// TestWritesFail lets every write beyond a size fail, as a broken disk does: the first failure is
// survived, the second ends the writing, and nothing acknowledged is lost.
func TestWritesFail(t *testing.T) {
	if !inside(t, nil) {
		return
	}
	signal.Ignore(unix.SIGXFSZ)
	path := filepath.Join(t.TempDir(), "lunpai.db")
	s, o := openAt(t, path), newOffice("site")
	mustAppend(t, s, o.mustPage(t, 1))
	acknowledged := chain(t, s, o.id)
	var was unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &was); err != nil {
		t.Fatal(err)
	}
	limit := func(size uint64) {
		if err := unix.Setrlimit(unix.RLIMIT_FSIZE,
			&unix.Rlimit{Cur: size, Max: was.Max}); err != nil {
			t.Fatal(err)
		}
	}
	limit(1 << 20)
	p, err := fill(t, s, o, acknowledged)
	if !errors.Is(err, repo.ErrUnknown) {
		t.Fatalf("want ErrUnknown, got %v", err)
	}
	for range 20 {
		time.Sleep(mendEvery / 2)
		if err = appendOne(t.Context(), s, p); err == nil {
			// emptying the log made room: fill it again
			acknowledged[p.Last] = p.Hash
			p, err = fill(t, s, o, acknowledged)
		}
		if errors.Is(err, repo.ErrReadOnly) {
			break
		}
	}
	if !errors.Is(err, repo.ErrReadOnly) || !errors.Is(err, repo.ErrUnknown) {
		t.Errorf("after more failures: want ErrUnknown and ErrReadOnly, got %v", err)
	}
	compare(t, chain(t, s, o.id), acknowledged)
	limit(was.Cur)
	if err := s.Close(); err != nil {
		t.Logf("close: %v", err)
	}
	s = openAt(t, path)
	compare(t, chain(t, s, o.id), acknowledged)
	mustAppend(t, s, p)
}
