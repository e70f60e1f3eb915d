package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/lunpai/lunpai/tools/load"
)

// cell is one measurement.
type cell struct {
	store     string
	textbook  bool // it is the textbook's
	instances int
	sites     int
	clients   int
	result
	raw float64 // the store's own durable inserts a second
	// Processor time of the instances and of the clients, a visit: on a shared machine these two
	// hold still.
	served, sent time.Duration
}

// result is what the clients of a cell saw.
type result struct {
	took    time.Duration
	visits  []time.Duration
	steps   []time.Duration
	begun   int // visits, with those of the warm-up
	retried int
	failed  []error
}

func (r *result) add(o *result) {
	r.visits = append(r.visits, o.visits...)
	r.steps = append(r.steps, o.steps...)
	r.begun += o.begun
	r.retried += o.retried
	r.failed = append(r.failed, o.failed...)
}

func (r *result) perSecond() float64 { return float64(len(r.visits)) / r.took.Seconds() }

// quantile is the q-th part of the sorted durations, in milliseconds.
func quantile(d []time.Duration, q float64) float64 {
	if len(d) == 0 {
		return 0
	}
	slices.Sort(d)
	i := min(int(q*float64(len(d))), len(d)-1)
	return float64(d[i].Microseconds()) / 1000
}

// pressure is the load on a service: by how many clients, for how long or for how many visits.
type pressure struct {
	addrs   []string
	sites   []load.Site
	clients int
	warm    time.Duration
	each    time.Duration // 0: until visits were made
	visits  int
	prefix  string // of Idempotency-Keys, never used before
	done    func()
}

// press runs the clients. Only visits that begin and end within the measured time count.
func (p *pressure) press(ctx context.Context) (*result, error) {
	from := time.Now().Add(p.warm)
	if p.each > 0 {
		limited, cancel := context.WithDeadlineCause(ctx, from.Add(p.each), errTimeUp)
		defer cancel()
		ctx = limited
	}
	results := make([]result, p.clients)
	var wg sync.WaitGroup
	for i := range p.clients {
		wg.Go(func() { p.client(ctx, i, from, &results[i]) })
	}
	wg.Wait()
	if err := ctx.Err(); err != nil && !errors.Is(context.Cause(ctx), errTimeUp) {
		return nil, err
	}
	total := &result{took: time.Since(from)}
	for i := range results {
		total.add(&results[i])
	}
	return total, nil
}

var errTimeUp = errors.New("time is up")

// client sends visits until the time is up. With at least as many sites as clients, every client
// has sites of its own.
func (p *pressure) client(ctx context.Context, i int, from time.Time, r *result) {
	c := load.NewClient(p.addrs, "")
	defer c.Close()
	own := []load.Site{p.sites[i%len(p.sites)]}
	for k := i + p.clients; k < len(p.sites); k += p.clients {
		own = append(own, p.sites[k])
	}
	share := (p.visits + i) / p.clients
	for n := 0; ctx.Err() == nil && (p.each > 0 || n < share); n++ {
		r.begun++
		start := time.Now()
		counts := !start.Before(from)
		err := c.Visit(ctx, own[n%len(own)], fmt.Sprintf("%s-%d-%d", p.prefix, i, n),
			func(_ int, took time.Duration) {
				if counts {
					r.steps = append(r.steps, took)
				}
			})
		switch {
		case ctx.Err() != nil:
		case err != nil:
			r.failed = append(r.failed, err)
		case counts:
			r.visits = append(r.visits, time.Since(start))
		}
		if p.done != nil {
			p.done()
		}
	}
	r.retried = c.Retried
}
