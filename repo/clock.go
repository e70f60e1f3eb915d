package repo

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// ErrClock: this machine's clock cannot be trusted, and this call wrote nothing. A commit dated in
// the future would hold its site's time there, for a site's time never goes back.
var ErrClock = errors.New("the clock is wrong")

// ClockLimit is how far the clock may be wrong.
const ClockLimit = 5 * time.Second

// timekeeper compares the clock with the store's, and with a time that nobody can set.
type timekeeper struct {
	// since some moment, whatever is done to the clock; nil: there is no such time
	steady func() time.Duration

	mu    sync.Mutex
	wall  time.Time // the clock when it was last found right, and the steady time then
	since time.Duration
	err   error

	ahead map[workflow.SiteID]time.Time // the times of sites that lie in the future
}

// CheckClock compares the clock with the store's or, if the store has none, with the steady time.
// Once the clock is found wrong, the engine answers commands with ErrClock until it is found right
// again. Call it at the start and every few seconds; an engine whose clock is never checked trusts
// it. While the store cannot be asked, the verdict stays.
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

// apart compares two clocks. How long the answer took limits how exactly that can be known.
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

// jumped is an error when the clock was put forward since it was last found right. A clock that was
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

// check is why no command can be decided at a moment; nil if it can.
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

// noteTime records whether a site's time lies in the future, as its board says. The log tells when
// that begins and when it ends.
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

// Ahead is how far a site's time lies in the future, as far as this process has seen; 0 when it
// does not.
func (e *Engine) Ahead(site workflow.SiteID) time.Duration {
	e.time.mu.Lock()
	defer e.time.mu.Unlock()
	at, ok := e.time.ahead[site]
	if !ok {
		return 0
	}
	return max(0, at.Sub(e.cfg.Now()))
}

// SitesAhead counts the sites whose time lies in the future; most is the largest difference.
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
