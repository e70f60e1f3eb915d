package repo_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// TestFireDueOnce: what is due fires once, from two desks on one store and again after both.
func TestFireDueOnce(t *testing.T) {
	d, s := office(t, nil)
	found(t, d, "s")
	mustDo(t, d, "s", "a", workflow.RoleFrontDesk, &workflow.ArriveVisit{Visit: "v1"})
	later := func() time.Time { return time.Now().Add(20 * time.Minute) }
	var fired atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			desk := repo.NewDesk(repo.Config{Store: s, Now: later})
			for range 3 {
				n, err := desk.FireDue(t.Context())
				if err != nil {
					t.Error(err)
				}
				fired.Add(int64(n))
			}
			if err := desk.Drain(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if fired.Load() != 1 {
		t.Errorf("the reminder fired %d times, want once", fired.Load())
	}
	reminders := 0
	for _, r := range sound(t, s) {
		reminders += int(r.Commits)
	}
	if reminders != 3 { // create, arrive, remind
		t.Errorf("%d commits, want 3", reminders)
	}
}
