package vault

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// TestPrivate: on Windows a mode says nothing, so nothing is refused; elsewhere a file that others
// may read is refused.
func TestPrivate(t *testing.T) {
	for _, c := range []struct {
		system string
		mode   fs.FileMode
		want   bool
	}{
		{"linux", 0o600, true},
		{"linux", 0o400, true},
		{"linux", 0o640, false},
		{"linux", 0o604, false},
		{"darwin", 0o666, false},
		{"windows", 0o666, true},
		{"windows", 0o444, true},
	} {
		if got := private(c.system, c.mode); got != c.want {
			t.Errorf("%s, mode %v: private %v, want %v", c.system, c.mode, got, c.want)
		}
	}
}

func TestSyncFolder(t *testing.T) {
	for _, system := range []string{runtime.GOOS, "windows"} {
		if err := syncFolder(system, t.TempDir()); err != nil {
			t.Errorf("%s: %v", system, err)
		}
	}
	missing := filepath.Join(t.TempDir(), "missing")
	if err := syncFolder("linux", missing); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
	if err := syncFolder("windows", missing); err != nil {
		t.Errorf("windows opens the folder: %v", err)
	}
}

// TestWriteNew: a file is written completely or not at all, and never overwritten.
func TestWriteNew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	if err := writeNew(path, []byte("first")); err != nil {
		t.Fatal(err)
	}
	if err := writeNew(path, []byte("second")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("written over: %v", err)
	}
	if text, err := readPrivate(path); err != nil || string(text) != "first" {
		t.Errorf("%q, %v", text, err)
	}
	if err := writeNew(filepath.Join(path, "below"), nil); err == nil {
		t.Error("a file below a file")
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
}
