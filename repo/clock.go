package repo

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// ErrClock: this machine's clock is not to be trusted; this call wrote nothing. A commit of the
// future would hold its site's time there, for time never goes back.
var ErrClock = errors.New("the clock is wrong")

// ClockLimit is how far the clock may be off.
const ClockLimit = 5 * time.Second

// timekeeper holds the clock against the store's, and against a time that nobody can set.
type timekeeper struct {
	// since some moment, whatever is done to the clock; nil: there is no such time
	steady func() time.Duration

	mu    sync.Mutex
	wall  time.Time // the clock when it was last found right, and the steady time then
	since time.Duration
	err   error

	ahead map[workflow.SiteID]time.Time // the times of sites that stand in the future
}

// CheckClock holds the clock against the store's, or, where the store has none of its own, against
// the steady time. Until it finds the clock right again the engine answers commands with ErrClock.
// It is meant to be called at the start and every few seconds; an engine whose clock is never
// checked trusts it. While the store cannot be asked the verdict stays.
func (e *Engine) CheckClock(ctx context.Context) error {
	before := e.cfg.Now()
	theirs, err := e.cfg.Store.Clock(ctx)
	after := e.cfg.Now()
	t := &e.time
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil {
		return t.err
	}
	was := t.err
	if theirs.IsZero() {
		t.err = t.jumped(after)
	} else {
		t.err = apart(before, after, theirs)
	}
	if t.err == nil {
		t.right(after)
	}
	switch log := e.cfg.Log; {
	case was == nil && t.err != nil:
		log.Error("commands are refused: set the clock of this machine right (NTP); if it is "+
			"right now, restart lunpai", "err", t.err)
	case was != nil && t.err == nil:
		log.Info("commands are taken again: the clock is right")
	}
	return t.err
}

// apart compares two clocks; how long the answer took says how exactly that is known.
func apart(before, after, theirs time.Time) error {
	slack := after.Sub(before) / 2
	switch off := before.Add(slack).Sub(theirs); {
	case off > ClockLimit+slack:
		return fmt.Errorf("%w: it is %s ahead of the store's", ErrClock, off.Round(time.Second))
	case off < -ClockLimit-slack:
		return fmt.Errorf("%w: it is %s behind the store's", ErrClock, (-off).Round(time.Second))
	}
	return nil
}

// right notes that the clock is right. The caller holds mu.
func (t *timekeeper) right(now time.Time) {
	if t.wall = now; t.steady != nil {
		t.since = t.steady()
	}
}

// jumped tells whether the clock was put forward since it was last found right. A clock that was
// put back does no harm: a site's time waits for it. The caller holds mu.
func (t *timekeeper) jumped(now time.Time) error {
	if t.steady == nil || t.wall.IsZero() {
		return nil
	}
	if by := now.Round(0).Sub(t.wall.Round(0)) - (t.steady() - t.since); by > ClockLimit {
		return fmt.Errorf("%w: it was put forward by %s while lunpai ran", ErrClock,
			by.Round(time.Second))
	}
	return nil
}

// check is why a command cannot be decided at a moment, nil if it can.
func (t *timekeeper) check(now time.Time) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.err != nil {
		return t.err
	}
	return t.jumped(now) // the store will be asked in a moment
}

// ClockError is what CheckClock found last.
func (e *Engine) ClockError() error {
	e.time.mu.Lock()
	defer e.time.mu.Unlock()
	return e.time.err
}

// noteTime keeps whether a site's time stands in the future, as its board says. That is told once,
// and when it is over.
func (e *Engine) noteTime(site workflow.SiteID, at time.Time) {
	ahead := at.Sub(e.cfg.Now()) > ClockLimit
	t := &e.time
	t.mu.Lock()
	defer t.mu.Unlock()
	_, was := t.ahead[site]
	switch {
	case ahead && !was:
		if t.ahead == nil {
			t.ahead = map[workflow.SiteID]time.Time{}
		}
		e.cfg.Log.Warn("the time of a site stands in the future: a commit was made by a clock "+
			"that ran ahead", "site", site, "at", at)
		fallthrough
	case ahead:
		t.ahead[site] = at
	case was:
		delete(t.ahead, site)
		e.cfg.Log.Info("the clock has caught up with the site's time", "site", site)
	}
}

// Ahead is by how much the time of a site stands in the future, as far as this process has looked
// at it: 0 when it does not.
func (e *Engine) Ahead(site workflow.SiteID) time.Duration {
	e.time.mu.Lock()
	defer e.time.mu.Unlock()
	at, ok := e.time.ahead[site]
	if !ok {
		return 0
	}
	return max(0, at.Sub(e.cfg.Now()))
}

// SitesAhead counts the sites whose time stands in the future, and tells by how much at most.
func (e *Engine) SitesAhead() (n int, most time.Duration) {
	e.time.mu.Lock()
	defer e.time.mu.Unlock()
	now := e.cfg.Now()
	for _, at := range e.time.ahead {
		if by := at.Sub(now); by > 0 {
			n, most = n+1, max(most, by)
		}
	}
	return n, most
}
