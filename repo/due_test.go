package repo_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/repotest"
	"github.com/lunpai/lunpai/workflow"
)

// handClock is a clock that a test moves. It starts now.
type handClock struct{ ahead atomic.Int64 }

func (c *handClock) now() time.Time {
	return time.Now().Add(time.Duration(c.ahead.Load()))
}
func (c *handClock) forward(d time.Duration) { c.ahead.Add(int64(d)) }

// fire lets an engine fire what is due.
func fire(t testing.TB, d *repo.Engine, want int) {
	t.Helper()
	n, err := d.FireDue(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if n != want {
		t.Errorf("%d timers fired, want %d", n, want)
	}
}

// countLoads counts the boards that are read, and the reads of the journal.
func (f *flawed) countLoads() (loads, reads *atomic.Int64) {
	loads, reads = new(atomic.Int64), new(atomic.Int64)
	f.set(func(f *flawed) {
		f.onLoad = func(ctx context.Context, site workflow.SiteID) ([]repo.Document, int64, error) {
			loads.Add(1)
			return f.below().Load(ctx, site)
		}
		f.onSince = func(ctx context.Context, site workflow.SiteID, seq int64,
			limit int,
		) ([]*repo.Page, error) {
			reads.Add(1)
			return f.below().Since(ctx, site, seq, limit)
		}
	})
	return loads, reads
}

// TestIdleSitesCostNothing: a round looks only at the sites where something may be due; an unknown
// site is looked at once.
func TestIdleSitesCostNothing(t *testing.T) {
	var clock handClock
	d, f := flawedOffice(t, repo.Config{Now: clock.now})
	for i := range 20 {
		found(t, d, workflow.SiteID(fmt.Sprint("idle", i)))
	}
	started := repotest.Engine(t, repo.Config{Store: f, Now: clock.now})
	for _, engine := range []*repo.Engine{d, started} {
		fire(t, engine, 0)
	}
	loads, reads := f.countLoads()
	for range 5 {
		clock.forward(15 * time.Second)
		fire(t, d, 0)
	}
	if n := loads.Load() + reads.Load(); n > 0 {
		t.Errorf("%d reads in rounds in which nothing was due", n)
	}
	repotest.MustDo(t, d, "idle7", "a", workflow.RoleFrontDesk, &workflow.ArriveVisit{Visit: "v"})
	atRest(t, d, "idle7") // what will be due is noted after the answer
	loads.Store(0)
	clock.forward(20 * time.Minute)
	fire(t, d, 1)
	fire(t, d, 0)
	if n := loads.Load(); n > 0 {
		t.Errorf("%d boards were read to fire one timer of a site that is in memory", n)
	}
}

// TestTimersForgetNobody: looking at idle sites does not push sites in use out of memory.
func TestTimersForgetNobody(t *testing.T) {
	const boards = 8
	var clock handClock
	d, f := flawedOffice(t, repo.Config{Now: clock.now})
	for i := range 3 * boards {
		found(t, d, workflow.SiteID(fmt.Sprint("idle", i)))
	}
	busy := repotest.Engine(t, repo.Config{Store: f, Now: clock.now, MaxBoards: boards})
	var used []workflow.SiteID
	for i := range boards - 1 {
		used = append(used, workflow.SiteID(fmt.Sprint("idle", i)))
		look(t, busy, used[i])
	}
	fire(t, busy, 0) // looks at all others
	atRest(t, busy, "idle0")
	loads, _ := f.countLoads()
	for _, site := range used {
		look(t, busy, site)
	}
	if n := loads.Load(); n > 0 {
		t.Errorf("%d boards in use were forgotten for the sake of timers", n)
	}
	if n := repo.Boards(busy); n > boards+1 { // the one that was looked at last
		t.Errorf("%d boards in memory", n)
	}
}

// TestTakeoverOfTimers: what an instance knew to be due is fired by another one when it is gone;
// while it is at work the other one leaves its sites alone.
func TestTakeoverOfTimers(t *testing.T) {
	var clock handClock
	first, f := flawedOffice(t, repo.Config{Now: clock.now})
	second := repotest.Engine(t, repo.Config{Store: f, Now: clock.now})
	fire(t, second, 0)
	repotest.MustDo(t, first, "s", "a", workflow.RoleFrontDesk, &workflow.ArriveVisit{Visit: "v"})
	loads, reads := f.countLoads()
	atRest(t, second, "s")
	for i := range 6 { // it moves on and on
		clock.forward(15 * time.Second)
		repotest.MustDo(t, first, "s", fmt.Sprint("b", i), workflow.RoleFrontDesk, &workflow.Leave{
			Who: "A", Reason: workflow.Personal,
		})
		repotest.MustDo(t, first, "s", fmt.Sprint("c", i), workflow.RoleFrontDesk, &workflow.Return{
			Who: "A",
		})
		before := loads.Load() + reads.Load()
		fire(t, second, 0)
		if n := loads.Load() + reads.Load() - before; n > 0 {
			t.Errorf("round %d: %d reads at a site that another instance looks after", i, n)
		}
	}
	f.heal()
	clock.forward(30 * time.Minute) // the first is gone
	fire(t, second, 1)
}

// TestTimersNoticeARestore: a site whose newest pages are gone is looked at within two rounds,
// before anybody asks.
func TestTimersNoticeARestore(t *testing.T) {
	log, logger := newLog()
	d, f := flawedOffice(t, repo.Config{Log: logger})
	repotest.MustDo(t, d, "s", "a", workflow.RoleFrontDesk, &workflow.ArriveVisit{Visit: "u"})
	atRest(t, d, "s") // its number is noted after the answer
	f.set(func(f *flawed) {
		f.onMoved = func(context.Context, int64) (map[workflow.SiteID]int64, int64, error) {
			return map[workflow.SiteID]int64{"s": 1}, 1, nil
		}
	})
	backup := repotest.SQLite(t)
	found(t, repotest.Engine(t, repo.Config{Store: backup}), "s")
	fire(t, d, 0)
	f.set(func(f *flawed) { f.Store = backup })
	for range 3 {
		fire(t, d, 0)
	}
	if !strings.Contains(log.String(), "board dropped") {
		t.Error("nobody noticed")
	}
}

// TestFaultInWhatIsDue: a site that cannot be looked at does not stop the others, and is tried
// again.
func TestFaultInWhatIsDue(t *testing.T) {
	var clock handClock
	d, f := flawedOffice(t, repo.Config{Now: clock.now})
	found(t, d, "other")
	for _, site := range []workflow.SiteID{"s", "other"} {
		repotest.MustDo(
			t,
			d,
			site,
			"a-"+string(site),
			workflow.RoleFrontDesk,
			&workflow.ArriveVisit{
				Visit: workflow.VisitID("v-" + site),
			},
		)
	}
	clock.forward(20 * time.Minute)
	late := repotest.Engine(t, repo.Config{Store: f, Now: clock.now})
	f.set(func(f *flawed) {
		f.onLoad = func(ctx context.Context, site workflow.SiteID) ([]repo.Document, int64, error) {
			if site == "s" {
				return nil, 0, context.DeadlineExceeded
			}
			return f.below().Load(ctx, site)
		}
	})
	if n, err := late.FireDue(t.Context()); n != 1 || err == nil {
		t.Errorf("%d fired, %v; want 1 and the other's error", n, err)
	}
	f.heal()
	clock.forward(2 * time.Minute)
	fire(t, late, 1)
}
