package repo_test

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/repotest"
	"github.com/lunpai/lunpai/workflow"
)

// TestClockAgainstTheStore: with a clock that is more than 5 s ahead of the store's, or behind,
// nothing is decided. Views still work, and all is well once the clock is right.
func TestClockAgainstTheStore(t *testing.T) {
	log, logger := newLog()
	var clock handClock
	d, f := flawedOffice(t, repo.Config{Now: clock.now, Log: logger})
	theirs := func(off time.Duration) error {
		now := clock.now().Add(off)
		f.clock.Store(&now)
		return d.CheckClock(t.Context())
	}
	if err := theirs(3 * time.Second); err != nil {
		t.Fatal(err)
	}
	for i, off := range []time.Duration{time.Hour, -time.Hour, 8 * time.Second, -8 * time.Second} {
		if err := theirs(off); !errors.Is(err, repo.ErrClock) ||
			!errors.Is(d.ClockError(), repo.ErrClock) {
			t.Errorf("off by %s: %v", off, err)
		}
		if _, err := d.Do(t.Context(), "s", arrive("v")); !errors.Is(err, repo.ErrClock) {
			t.Errorf("off by %s: a command: %v", off, err)
		}
		look(t, d, "s")
		if err := theirs(-time.Second); err != nil {
			t.Errorf("right again: %v", err)
		}
		if _, err := d.Do(t.Context(), "s", arrive(string(rune('a'+i)))); err != nil {
			t.Errorf("right again: %v", err)
		}
	}
	if text := log.String(); strings.Count(text, "commands are refused") != 4 ||
		!strings.Contains(text, "NTP") || !strings.Contains(text, "1h0m0s behind") {
		t.Errorf("the log:\n%s", text)
	}
	sound(t, f)
}

// TestClockPutForward: if the store has no clock, the steady time shows at once that somebody has
// put the clock forward, even between checks. Sleep is not a jump, and a clock that is put back
// does no harm.
func TestClockPutForward(t *testing.T) {
	var clock handClock
	var steady atomic.Int64
	begun := time.Now()
	d, _ := flawedOffice(t, repo.Config{
		Now: clock.now, Steady: func() time.Duration {
			return time.Since(begun) + time.Duration(steady.Load())
		},
	})
	check := func(want error) {
		t.Helper()
		if err := d.CheckClock(t.Context()); !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
	check(nil)
	clock.forward(8 * time.Hour)
	steady.Add(int64(8 * time.Hour)) // the laptop was asleep overnight
	check(nil)
	clock.forward(time.Hour)
	if _, err := d.Do(t.Context(), "s", arrive("v")); !errors.Is(err, repo.ErrClock) {
		t.Errorf("between two checks: %v", err)
	}
	check(repo.ErrClock)
	clock.forward(-time.Hour)
	check(nil)
	if _, err := d.Do(t.Context(), "s", arrive("v")); err != nil {
		t.Errorf("set right: %v", err)
	}
	clock.forward(-time.Minute)
	check(nil)
	if _, err := d.Do(t.Context(), "s", arrive("w")); err != nil {
		t.Errorf("put back: %v", err)
	}
}

// TestTimeAhead: a site whose time lies in the future keeps it, says so, and stops saying so when
// the clock has caught up.
func TestTimeAhead(t *testing.T) {
	log, logger := newLog()
	var fast, clock handClock
	fast.forward(time.Hour)
	wrong, f := flawedOffice(t, repo.Config{Now: fast.now})
	before := repotest.MustDo(t, wrong, "s", "a", workflow.RoleFrontDesk,
		&workflow.ArriveVisit{Visit: "u"}).Commit.At
	d := repotest.Engine(t, repo.Config{Store: f, Now: clock.now, Log: logger})
	found(t, d, "other")
	if at := repotest.MustDo(t, d, "s", "b", workflow.RoleFrontDesk,
		&workflow.ArriveVisit{Visit: "v"}).Commit.At; !at.Equal(before) {
		t.Errorf("decided at %s, want %s", at, before)
	}
	look(t, d, "s")
	atRest(t, d, "s")
	n, most := d.SitesAhead()
	if by := d.Ahead("s"); n != 1 || by < 59*time.Minute || by > time.Hour ||
		most < by-time.Second || d.Ahead("other") != 0 {
		t.Errorf("%d sites ahead by %s, s by %s", n, most, by)
	}
	clock.forward(61 * time.Minute)
	look(t, d, "s")
	atRest(t, d, "s")
	if n, _ := d.SitesAhead(); n != 0 || d.Ahead("s") != 0 {
		t.Errorf("%d sites are ahead after the clock has caught up", n)
	}
	if text := log.String(); strings.Count(text, "stands in the future") != 1 ||
		strings.Count(text, "has caught up") != 1 {
		t.Errorf("the log:\n%s", text)
	}
}
