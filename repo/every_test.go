package repo_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lunpai/lunpai/repo"
)

// TestEvery: work comes once a period, not at once, and never after the end.
func TestEvery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		calls := 0
		go repo.Every(ctx, time.Minute, func(context.Context) { calls++ })
		for _, c := range []struct {
			wait time.Duration
			want int
		}{{59 * time.Second, 0}, {2 * time.Second, 1}, {3 * time.Minute, 4}} {
			time.Sleep(c.wait)
			synctest.Wait()
			if calls != c.want {
				t.Errorf("%d calls, want %d", calls, c.want)
			}
		}
		cancel()
		time.Sleep(time.Hour)
		if calls != 4 {
			t.Errorf("%d calls after the end", calls-4)
		}
	})
}
