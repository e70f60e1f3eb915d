package api

import (
	"context"
	"sync"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// turnstile lets a limited number of reports per site through at once, one per key. One site's long
// reports do not delay another's.
type turnstile struct {
	n        int
	patience time.Duration
	mu       sync.Mutex
	gates    map[string]*gate
}

// gate is where requests for one site or one key queue. It is forgotten when nobody is there.
type gate struct {
	places chan struct{}
	users  int
}

func newTurnstile(n int, patience time.Duration) *turnstile {
	return &turnstile{n: n, patience: patience, gates: map[string]*gate{}}
}

// enter waits until a key may have a report of a site.
func (t *turnstile) enter(ctx context.Context, site workflow.SiteID, key string) (leave func(),
	err error,
) {
	ctx, cancel := context.WithTimeoutCause(ctx, t.patience,
		busyHere("busy/reports", "not_written", 10))
	defer cancel()
	own, err := t.pass(ctx, "key "+key, 1)
	if err != nil {
		return nil, err
	}
	all, err := t.pass(ctx, "site "+string(site), t.n)
	if err != nil {
		own()
		return nil, err
	}
	return func() { all(); own() }, nil
}

// pass waits at a gate that lets n through.
func (t *turnstile) pass(ctx context.Context, name string, n int) (leave func(), err error) {
	t.mu.Lock()
	g := t.gates[name]
	if g == nil {
		g = &gate{places: make(chan struct{}, n)}
		t.gates[name] = g
	}
	g.users++
	t.mu.Unlock()
	quit := func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if g.users--; g.users == 0 {
			delete(t.gates, name)
		}
	}
	select {
	case g.places <- struct{}{}:
		return func() { <-g.places; quit() }, nil
	case <-ctx.Done():
		quit()
		return nil, context.Cause(ctx)
	}
}
