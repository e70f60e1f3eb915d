//go:build !windows

package sqlitestore

import (
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

// TestDeletedLock: even a lock file that its holder deletes is held by one at a time.
func TestDeletedLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lunpai.db")
	var holders, taken atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 300 {
				f, err := acquire(path)
				if err != nil {
					continue // somebody else has it
				}
				taken.Add(1)
				if n := holders.Add(1); n != 1 {
					t.Errorf("%d hold the lock", n)
				}
				holders.Add(-1)
				if err := os.Remove(path + lockEnd); err != nil { // from here on others may have it
					t.Error(err)
				}
				if err := release(f); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if taken.Load() == 0 {
		t.Error("nobody ever got the lock")
	}
}
