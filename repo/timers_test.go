package repo_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/repotest"
	"github.com/lunpai/lunpai/workflow"
)

// TestFireDueOnce: what is due fires once, from two engines on one store and again after both.
func TestFireDueOnce(t *testing.T) {
	d, s := office(t, nil)
	found(t, d, "s")
	repotest.MustDo(t, d, "s", "a", workflow.RoleFrontDesk, &workflow.ArriveVisit{Visit: "v1"})
	later := func() time.Time { return time.Now().Add(20 * time.Minute) }
	var fired atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			engine := repo.NewEngine(repo.Config{Store: s, Now: later})
			for range 3 {
				n, err := engine.FireDue(t.Context())
				if err != nil {
					t.Error(err)
				}
				fired.Add(int64(n))
			}
			if err := engine.Drain(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if fired.Load() == 0 { // two engines may both have written it, when they wrote the same bytes
		t.Error("the reminder did not fire")
	}
	if r := sound(t, s); r[0].Commits != 3 { // create, arrive, remind
		t.Errorf("%d commits, want 3", r[0].Commits)
	}
}
