package repo

import (
	"context"
	"math"
	"sync"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// pollEvery is how often the journal of a watched site is looked at for commits of other instances.
const pollEvery = time.Second

// watchers are those who want to know that commits of one site landed. While there are any, one goroutine polls.
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

// add adds a watcher; the function it returns takes it away.
func (w *watchers) add(e *Engine, site workflow.SiteID) (<-chan struct{}, func()) {
	c := make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.who) == 0 {
		ctx, stop := context.WithCancel(context.Background()) //nolint:forbidigo // ends with the last watcher
		w.who, w.seen, w.stop = map[chan struct{}]struct{}{}, -1, stop
		go w.poll(ctx, e.cfg.Store, site, e.cfg.AppendTimeout)
	}
	w.who[c] = struct{}{}
	signal(c) // what landed before is not told otherwise
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

// poll looks at the journal until ctx ends. What cannot be read now is read the next time.
func (w *watchers) poll(ctx context.Context, s Store, site workflow.SiteID, timeout time.Duration) {
	t := time.NewTicker(pollEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		if seq, ok := w.head(ctx, s, site, timeout); ok {
			w.landed(seq)
		}
	}
}

// head is the number of the last commit, when there is one that was not signalled. Asking for what follows the last known one
// is cheaper than for the last page.
func (w *watchers) head(ctx context.Context, s Store, site workflow.SiteID, timeout time.Duration) (seq int64, ok bool) {
	w.mu.Lock()
	seen := w.seen
	w.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if seen >= 0 {
		pages, err := s.Since(ctx, site, seen+1, 1)
		if err != nil || len(pages) == 0 {
			return 0, false
		}
	}
	pages, err := s.Before(ctx, site, math.MaxInt64, 1)
	if err != nil || len(pages) == 0 {
		return 0, false
	}
	return pages[0].Last, true
}
