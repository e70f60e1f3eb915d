package repo

import (
	"context"
	"math"
	"sync"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// pollEvery is how often the journal of a watched site is read for commits of other instances.
const pollEvery = time.Second

// watchers want to know when commits of one site land. While there are any, one goroutine polls.
type watchers struct {
	mu   sync.Mutex
	who  map[chan struct{}]struct{}
	seen int64 // number of the last commit that was signalled
	stop context.CancelFunc
}

func (w *watchers) none() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.who) == 0
}

// add adds a watcher; the function it returns removes it.
func (w *watchers) add(e *Engine, site workflow.SiteID) (<-chan struct{}, func()) {
	c := make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.who) == 0 {
		//nolint:forbidigo // ends with the last watcher
		ctx, stop := context.WithCancel(context.Background())
		w.who, w.seen, w.stop = map[chan struct{}]struct{}{}, -1, stop
		go Every(ctx, pollEvery, func(ctx context.Context) {
			ctx, cancel := context.WithTimeout(ctx, e.cfg.AppendTimeout)
			defer cancel()
			w.poll(ctx, e.cfg.Store, site)
		})
	}
	w.who[c] = struct{}{}
	signal(c) // for what landed before
	return c, sync.OnceFunc(func() { w.remove(c) })
}

func (w *watchers) remove(c chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.who, c)
	if len(w.who) == 0 {
		w.stop()
	}
}

// landed tells the watchers that the journal has reached a commit.
func (w *watchers) landed(seq int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if seq <= w.seen {
		return
	}
	w.seen = seq
	for c := range w.who {
		signal(c)
	}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// poll tells the watchers of commits that were not signalled yet. What cannot be read now is read
// the next time.
func (w *watchers) poll(ctx context.Context, s Store, site workflow.SiteID) {
	w.mu.Lock()
	seen := w.seen
	w.mu.Unlock()
	if seen >= 0 { // asking for what follows is cheaper than for the last page
		pages, err := s.Since(ctx, site, seen+1, 1)
		if err != nil || len(pages) == 0 {
			return
		}
	}
	pages, err := s.Before(ctx, site, math.MaxInt64, 1)
	if err == nil && len(pages) > 0 {
		w.landed(pages[0].Last)
	}
}
