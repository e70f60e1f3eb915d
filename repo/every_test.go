package repo_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lunpai/lunpai/repo"
)

// TestEvery: work comes once a period, not at once, and never after the end.
func TestEvery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var calls atomic.Int64 // the clock alone orders a look and the next call
		go repo.Every(ctx, time.Minute, func(context.Context) { calls.Add(1) })
		for _, c := range []struct {
			wait time.Duration
			want int64
		}{{59 * time.Second, 0}, {2 * time.Second, 1}, {3 * time.Minute, 4}} {
			time.Sleep(c.wait)
			synctest.Wait()
			if got := calls.Load(); got != c.want {
				t.Errorf("%d calls, want %d", got, c.want)
			}
		}
		cancel()
		time.Sleep(time.Hour)
		if got := calls.Load(); got != 4 {
			t.Errorf("%d calls after the end", got-4)
		}
	})
}
