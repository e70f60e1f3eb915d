package sqlitestore

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/storetest"
)

func TestMain(m *testing.M) {
	if child() {
		return
	}
	goleak.VerifyTestMain(m)
}

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Database {
		path := filepath.Join(t.TempDir(), "lunpai.db")
		return storetest.Database{
			Exclusive: true,
			Open: func(ctx context.Context) (repo.Store, error) {
				return Open(ctx, Config{Path: path, Log: testLog(t)})
			},
			Holds: func(t *testing.T, canary []byte) bool {
				return inFiles(t, filepath.Dir(path), canary)
			},
		}
	})
}

// testLog writes to the test's own output.
func testLog(t *testing.T) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// inFiles searches every file of a folder. Nothing in this process may have them open: closing a
// file drops SQLite's locks.
func inFiles(t *testing.T, dir string, canary []byte) bool {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		content, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(content, canary) {
			return true
		}
	}
	return false
}

func openAt(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(t.Context(), Config{Path: path, Log: testLog(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

func openNew(t *testing.T) *Store {
	t.Helper()
	return openAt(t, filepath.Join(t.TempDir(), "lunpai.db"))
}
