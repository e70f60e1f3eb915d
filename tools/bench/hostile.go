package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lunpai/lunpai/tools/load"
)

const (
	hostileClients = 8                     // connections of the hostile key
	arriveEvery    = 20 * time.Millisecond // pace of the arrivals at the other office
	listRepeats    = 40                    // how often a list is read
)

// measureHostile fills a store with a year of an office, measures its lists and its feed, and then
// what one of its keys can do to another office.
func measureHostile(ctx context.Context, o *config, dir string, out io.Writer) error {
	for _, kind := range o.stores {
		if err := o.hostileOn(ctx, kind, filepath.Join(dir, kind), out); err != nil {
			return fmt.Errorf("%s: %w", kind, err)
		}
	}
	return nil
}

func (o *config) hostileOn(ctx context.Context, kind, dir string, out io.Writer) (err error) {
	store, err := load.StartStore(ctx, kind, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close(), os.RemoveAll(dir)) }()
	if err := o.generate(ctx, store.URI("bench"), 1); err != nil {
		return err
	}
	cfg := load.ServiceConfig{
		Binary: o.binary, Store: store.URI("bench"), Keys: filepath.Join(dir, "keys.json"),
		Dir:  filepath.Join(dir, "service"),
		Args: []string{"--no-log-requests", "--key-rate=0"},
	}
	s, err := load.StartService(ctx, cfg)
	if err != nil {
		return err
	}
	f, err := newFoe(ctx, s)
	if err == nil {
		err = f.lists(ctx, kind, out)
	}
	if err := errors.Join(err, s.Stop()); err != nil {
		return err
	}
	cfg.Args = cfg.Args[:1] // as it comes
	if s, err = load.StartService(ctx, cfg); err != nil {
		return err
	}
	f.addr = s.Addr
	return errors.Join(f.disturb(ctx, o, kind, out), s.Stop())
}

// lists measures every list and the feed, as the manager and as the consultant who has nothing of
// his own.
func (f *foe) lists(ctx context.Context, kind string, out io.Writer) error {
	k := load.NewClient([]string{f.addr}, f.manager)
	defer k.Close()
	type row struct {
		name string
		took []time.Duration
	}
	var rows []row
	for who, token := range map[string]string{"manager": f.manager, "idle consultant": f.idle} {
		k.As(token)
		for _, path := range append(slices.Clone(f.paths), f.heavies...) {
			if who != "manager" && strings.Contains(path, "/conduct") {
				continue // not his
			}
			r := row{name: who + " " + strings.TrimPrefix(path, "/v1/sites/"+reportSite+"/")}
			for range listRepeats {
				start := time.Now()
				a, err := k.Get(ctx, path)
				if err != nil {
					return err
				}
				if a.Status != http.StatusOK {
					return load.Unexpected(path, a)
				}
				r.took = append(r.took, time.Since(start))
			}
			rows = append(rows, r)
		}
	}
	slices.SortFunc(rows, func(a, b row) int {
		return int(1000 * (quantile(b.took,
			.99) - quantile(a.took, .99)))
	})
	fmt.Fprintf(out, "\n%s: %d lists and pages of the feed of an office with %d visits behind it, "+
		"each read %d times; the slowest:\n\n"+
		"| request | p50 ms | p99 ms |\n|---|--:|--:|\n", names[kind], len(rows), visitsAYear,
		listRepeats)
	for _, r := range rows[:min(12, len(rows))] {
		fmt.Fprintf(out, "| %s | %.1f | %.1f |\n", r.name, quantile(r.took, .5),
			quantile(r.took, .99))
	}
	return nil
}

// disturb measures arrivals at another office: alone, while a key of the first misbehaves, and
// while the same client sends /healthz as often.
func (f *foe) disturb(ctx context.Context, o *config, kind string, out io.Writer) error {
	each := max(o.each, 5*time.Second)
	fmt.Fprintf(out, "\n%s: an arrival at another office every %s for %s, while one key sends "+
		"from %d connections:\n\n"+
		"| what | requests/s | p50 ms | p99 ms | /healthz as often: p50 | p99 | ratio of "+
		"p99 |\n|---|--:|--:|--:|--:|--:|--:|\n",
		names[kind], arriveEvery, each, hostileClients)
	n := 0
	phase := func(
		act func(ctx context.Context, i int) error, perSecond float64,
	) ([]time.Duration, float64, error) {
		n++
		return f.phase(ctx, fmt.Sprintf("near%02d", n), each, act, perSecond)
	}
	quiet, _, err := phase(nil, 0)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "| nothing | 0 | %.1f | %.1f | | | |\n", quantile(quiet, .5),
		quantile(quiet, .99))
	for _, how := range badly {
		fmt.Fprintf(o.log, "%s: %s\n", kind, how)
		act, end := f.misbehaving(ctx, how)
		took, rate, err := phase(act, 0)
		end()
		if err != nil {
			return err
		}
		health, end := f.misbehaving(ctx, "healthz")
		as, _, err := phase(health, rate)
		end()
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "| %s | %.0f | %.1f | %.1f | %.1f | %.1f | %.2f |\n", how, rate,
			quantile(took, .5), quantile(took, .99),
			quantile(as, .5), quantile(as, .99), quantile(took, .99)/quantile(as, .99))
	}
	return nil
}

// phase creates a site and sends arrivals to it while every connection of the hostile key acts: as
// fast as it can, or perSecond times in all. It returns how long the arrivals took and how often
// the key acted.
func (f *foe) phase(
	ctx context.Context, site string, each time.Duration, act func(context.Context, int) error,
	perSecond float64,
) (took []time.Duration, rate float64, err error) {
	k := load.NewClient([]string{f.addr}, "")
	defer k.Close()
	sites, err := load.Found(ctx, k, f.admin, site, 1, 3)
	if err != nil {
		return nil, 0, err
	}
	during, stop := context.WithTimeoutCause(ctx, each+time.Second, errTimeUp)
	defer stop()
	var acts atomic.Int64
	var wg sync.WaitGroup
	begun := time.Now()
	if act != nil {
		for i := range hostileClients {
			wg.Go(func() {
				for n := 1; during.Err() == nil; n++ {
					if act(during, i) == nil {
						acts.Add(1)
					}
					if perSecond > 0 {
						due := float64(n*hostileClients) / perSecond * float64(time.Second)
						_ = load.Sleep(during, time.Duration(due)-time.Since(begun))
					}
				}
			})
		}
	}
	k.As(sites[0].Token)
	next := time.NewTicker(arriveEvery)
	defer next.Stop()
	for n := 0; during.Err() == nil; n++ {
		start := time.Now()
		a, err := k.Post(during, "/v1/sites/"+sites[0].ID+"/visits", fmt.Sprintf("%s-%d", site, n),
			"{}")
		if during.Err() != nil {
			break
		}
		if err != nil || a.Status != http.StatusCreated {
			return nil, 0, errors.Join(err, load.Unexpected("arrive", a))
		}
		if start.Sub(begun) > time.Second { // the first second warms up
			took = append(took, time.Since(start))
		}
		<-next.C
	}
	wg.Wait()
	return took, float64(acts.Load()) / time.Since(begun).Seconds(), ctx.Err()
}
