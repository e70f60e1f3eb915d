package repo

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// FireDue gives, as the system, the commands whose time has come at every site where something may
// be due: by what is on the boards, and about the records of service desks (fireRecords). Call it
// every few seconds. A timer's id is made of what is due and when, so it runs once, even after a
// restart or with two instances firing at once. It returns how many ran now.
func (e *Engine) FireDue(ctx context.Context) (fired int, err error) {
	now := e.Now()
	heads, next, err := e.cfg.Store.Moved(ctx, e.due.movedAfter())
	if err != nil {
		return 0, fmt.Errorf("fire due timers: %w", err)
	}
	e.due.moved(heads, next, now)
	var errs []error
	sites := e.due.takeDue(now)
	elsewhere := e.elsewhere(ctx, sites)
	for _, site := range sites {
		if elsewhere[site] { // its owner knows what is due there; see that it is done
			e.due.lookLater(site, now.Add(dueTakeover))
			continue
		}
		n, err := e.fireSite(ctx, site)
		fired += n
		if err != nil { // one site must not stop the others
			e.due.lookLater(site, now.Add(dueTakeover))
			errs = append(errs, fmt.Errorf("fire due timers of site %s: %w", site, err))
		}
	}
	n, err := e.fireRecords(ctx)
	return fired + n, errors.Join(append(errs, err)...)
}

// elsewhere are those of these sites that another instance owns.
func (e *Engine) elsewhere(
	ctx context.Context, sites []workflow.SiteID,
) map[workflow.SiteID]bool {
	if e.cfg.Owners == nil {
		return nil
	}
	return e.cfg.Owners.Elsewhere(ctx, sites)
}

// Now is the service's time as commits record it: UTC, whole milliseconds.
func (e *Engine) Now() time.Time { return e.cfg.Now().UTC().Truncate(time.Millisecond) }

// fireSite looks at a site and gives the commands that are due there.
func (e *Engine) fireSite(ctx context.Context, site workflow.SiteID) (fired int, err error) {
	var due []workflow.Timer
	look := &job{ctx: ctx, timer: true, done: make(chan result, 1)}
	look.view = func(b *workflow.Board) error {
		now := e.Now()
		due = b.Due(now)
		e.due.note(site, b.Seq, b.NextDue(now))
		return nil
	}
	if err := e.view(site, look); err != nil {
		return 0, err
	}
	if o := e.cfg.Owners; o != nil && len(due) > 0 && o.Use(ctx, site) != "" {
		e.due.lookLater(site, e.Now().Add(dueTakeover)) // it has an owner since a moment
		return 0, nil
	}
	for _, t := range due {
		ran, err := e.fire(ctx, site, t)
		if err != nil {
			return fired, err
		}
		if ran {
			fired++
		}
	}
	return fired, nil
}

// fire gives a command that is due. false: somebody was quicker.
func (e *Engine) fire(ctx context.Context, site workflow.SiteID, t workflow.Timer) (bool, error) {
	r := Request{ID: t.ID, By: workflow.Actor{Role: workflow.RoleSystem}, Command: t.Command}
	out, err := e.do(site, &job{ctx: ctx, req: r, timer: true, done: make(chan result, 1)})
	var f *workflow.Fault
	if errors.As(err, &f) || errors.Is(err, ErrInProgress) {
		return false, nil
	}
	return err == nil && !out.Replayed, err
}

// noteDue tells the engine when something will next be due at the site. A panic in that does not
// stop the site.
func (s *siteWriter) noteDue(b *workflow.Board) {
	now := s.engine.Now()
	defer func() {
		if p := recover(); p != nil {
			s.logPanic("panic in what is due", p)
			s.engine.due.lookLater(s.id, now.Add(dueTakeover))
		}
	}()
	s.engine.due.note(s.id, b.Seq, b.NextDue(now))
	s.dueNoted = b.Seq
}

const (
	// dueTakeover is how long a site is left to the instance that wrote to it last: that one knows
	// what is due there.
	dueTakeover = time.Minute
	// maxLooks is how many unknown sites are looked at in one round: after a start there may be
	// thousands.
	maxLooks = 500
)

// dueBook knows for every site when something may be due there, so that the cost of a round depends
// on what is due and not on how many sites there are. This process's own commits keep it exact. A
// site that another instance wrote to is looked at when it has been quiet for dueTakeover.
type dueBook struct {
	mu    sync.Mutex
	sites map[workflow.SiteID]*dueSite
	queue dueQueue
	after int64 // what Moved is asked with

	reached Waking // the record that the last round of fireRecords came to
}

type dueSite struct {
	id     workflow.SiteID
	seq    int64     // the commit that `at` was computed from, or one seen in the store
	at     time.Time // zero: nothing is due until the site moves on
	known  bool      // its board was seen
	behind bool      // the store named an older commit than this in the round before
	place  int       // in the queue; -1 when it is in none
}

// movedAfter is what to ask Store.Moved with.
func (b *dueBook) movedAfter() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.after
}

// note records when something will next be due at a site, as its board says; at is zero when
// nothing will. A board that another instance has overtaken since does not cancel the look at the
// site that is planned for that reason.
func (b *dueBook) note(site workflow.SiteID, seq int64, at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.site(site)
	if s.place >= 0 && seq < s.seq && (at.IsZero() || s.at.Before(at)) {
		at = s.at
	}
	s.seq, s.known = seq, true
	b.set(s, at)
}

// moved takes in what Store.Moved says. A site that is behind what was noted, in two rounds, is
// looked at: either its documents trail, or its newest pages are gone (a restore), and the look
// finds out.
func (b *dueBook) moved(heads map[workflow.SiteID]int64, next int64, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.after = next
	for id, head := range heads {
		s := b.sites[id]
		switch {
		case s == nil:
			b.set(b.site(id), now)
		case head > s.seq:
			if s.behind = false; s.known {
				b.set(s, now.Add(dueTakeover))
			}
			s.seq = head
		case head < s.seq && s.behind:
			s.behind = false
			b.set(s, now)
		default:
			s.behind = head < s.seq
		}
	}
}

// takeDue removes and returns the sites to look at now: all where something may be due, and some of
// which nothing is known.
func (b *dueBook) takeDue(now time.Time) (out []workflow.SiteID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var strange []*dueSite
	for len(b.queue) > 0 && !b.queue[0].at.After(now) {
		s := heap.Pop(&b.queue).(*dueSite)
		if !s.known {
			strange = append(strange, s)
			continue
		}
		out = append(out, s.id)
	}
	for i, s := range strange { // after those where something is known to be due
		if i >= maxLooks {
			heap.Push(&b.queue, s)
			continue
		}
		out = append(out, s.id)
	}
	return out
}

// lookLater has a site looked at later that could not be looked at now.
func (b *dueBook) lookLater(id workflow.SiteID, at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.set(b.site(id), at)
}

func (b *dueBook) site(id workflow.SiteID) *dueSite {
	s := b.sites[id]
	if s == nil {
		s = &dueSite{id: id, place: -1}
		if b.sites == nil {
			b.sites = map[workflow.SiteID]*dueSite{}
		}
		b.sites[id] = s
	}
	return s
}

func (b *dueBook) set(s *dueSite, at time.Time) {
	s.at = at
	switch {
	case at.IsZero() && s.place >= 0:
		heap.Remove(&b.queue, s.place)
	case at.IsZero():
	case s.place >= 0:
		heap.Fix(&b.queue, s.place)
	default:
		heap.Push(&b.queue, s)
	}
}

// dueQueue is a heap by time.
type dueQueue []*dueSite

func (q dueQueue) Len() int           { return len(q) }
func (q dueQueue) Less(i, j int) bool { return q[i].at.Before(q[j].at) }

func (q dueQueue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].place, q[j].place = i, j
}

// Push implements heap.Interface.
func (q *dueQueue) Push(x any) {
	s := x.(*dueSite)
	s.place = len(*q)
	*q = append(*q, s)
}

// Pop implements heap.Interface.
func (q *dueQueue) Pop() any {
	last := len(*q) - 1
	s := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	s.place = -1
	return s
}
