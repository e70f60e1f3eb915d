package repo

import (
	"container/heap"
	"sync"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

const (
	// dueTakeover is how long a site that another instance wrote to is left to it: whoever committed knows what is due there.
	dueTakeover = time.Minute
	// maxLooks is how many sites of which nothing is known are looked at in one round: after a start there may be thousands.
	maxLooks = 500
)

// dueBook knows for every site when something may be due there, so that a round costs what is due and not what there is. This
// process's own commits keep it exact. A site that moved on elsewhere is looked at when it has been quiet for dueTakeover.
type dueBook struct {
	mu    sync.Mutex
	sites map[workflow.SiteID]*dueSite
	queue dueQueue
	after int64 // what Moved is asked with
}

type dueSite struct {
	id     workflow.SiteID
	seq    int64     // the commit that `at` is of, or one that was seen elsewhere
	at     time.Time // zero: of no concern until it moves on
	known  bool      // its board was seen
	behind bool      // the store named an older commit than this in the round before
	place  int       // in the queue; -1 when it is in none
}

// asked is what the store is to be asked with.
func (b *dueBook) asked() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.after
}

// note keeps what a board says; at is zero when nothing will be due. A board that another instance
// has overtaken since does not cancel the look at the site that is planned for that reason.
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

// moved takes in which sites have moved on, as a store tells. A site that stands behind what was noted in two rounds is looked
// at: its documents trail, or its newest pages are gone (a restore), which the look finds out.
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

// take takes out the sites to look at now: all at which something may be due, and some of which nothing is known.
func (b *dueBook) take(now time.Time) (out []workflow.SiteID) {
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
	for i, s := range strange { // behind those of which it is known that something is due
		if i >= maxLooks {
			heap.Push(&b.queue, s)
			continue
		}
		out = append(out, s.id)
	}
	return out
}

// again has a site looked at later that could not be looked at now.
func (b *dueBook) again(id workflow.SiteID, at time.Time) {
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
