package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/lunpai/lunpai/tools/load"
)

// trial is a store and a service under load.
type trial struct {
	plan
	o       *config
	store   *load.Store
	service *load.Service
	sites   []load.Site
	acks    *acks
}

const (
	database = "torture"
	// recovery bounds the time from a kill until commands are answered again.
	recovery = 60 * time.Second
	// settling bounds how long the last commands may take.
	settling = 60 * time.Second
)

// try runs one plan in a folder of its own.
func (o *config) try(ctx context.Context, p plan, dir string) (_ *report, err error) {
	ctx, cancel := context.WithTimeout(ctx,
		time.Duration(p.kills)*(o.each+30*time.Second)+5*time.Minute)
	defer cancel()
	t := &trial{plan: p, o: o, acks: newAcks()}
	if err := t.start(ctx, dir); err != nil {
		return nil, errors.Join(err, t.stop())
	}
	defer func() { err = errors.Join(err, t.stop()) }()
	r := &report{plan: p, clients: o.clients}
	if err := t.torment(ctx, r); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, t.service.Tail())
	}
	fmt.Fprintf(o.log, "%s, %s killed %d times: %d commands acknowledged, judging\n", p.store,
		p.target, p.kills, t.acks.count())
	return r, t.judge(ctx, r)
}

// start runs store and service and founds the sites.
func (t *trial) start(ctx context.Context, dir string) (err error) {
	if t.store, err = load.StartStore(ctx, t.plan.store, dir); err != nil {
		return err
	}
	t.service, err = load.StartService(ctx, load.ServiceConfig{
		Binary: t.o.binary, Store: t.store.URI(database), Keys: filepath.Join(dir, "keys.json"),
		Dir:  filepath.Join(dir, "service"),
		Args: []string{"--no-log-requests", "--key-rate=0"},
	})
	if err != nil {
		return err
	}
	c := load.NewClient([]string{t.service.Addr}, "")
	defer c.Close()
	perSite := (t.o.clients + t.o.sites - 1) / t.o.sites
	t.sites, err = load.Found(ctx, c, t.service.Admin, "t", t.o.sites, perSite+2)
	return err
}

// stop ends every process of the trial, and removes the store's folder unless it is to be kept.
func (t *trial) stop() error {
	var errs []error
	if t.service != nil {
		errs = append(errs, t.service.Kill())
	}
	if t.store == nil {
		return errors.Join(errs...)
	}
	errs = append(errs, t.store.Close())
	if !t.o.keep {
		errs = append(errs, os.RemoveAll(t.store.Dir))
	}
	return errors.Join(errs...)
}

// torment keeps the clients busy while it kills, then lets them finish what they began.
func (t *trial) torment(ctx context.Context, r *report) error {
	hard, cancel := context.WithCancel(ctx)
	defer cancel()
	enough := make(chan struct{})
	var clients sync.WaitGroup
	visitors := make([]*visitor, t.o.clients)
	for i := range visitors {
		visitors[i] = newVisitor(t, i, r)
		clients.Go(func() { visitors[i].work(hard, enough) })
	}
	err := t.kills(ctx, r)
	close(enough)
	last := time.AfterFunc(settling, cancel)
	defer last.Stop()
	clients.Wait()
	for _, v := range visitors {
		r.retried += v.client.Retried
		r.replayed += v.replayed
	}
	return errors.Join(err, ctx.Err())
}

// kills kills as often as planned. Between two kills there is load for a while; nothing is killed
// until the service has recovered from the last kill.
func (t *trial) kills(ctx context.Context, r *report) error {
	for i := range t.plan.kills {
		if err := load.Sleep(ctx, t.o.each/2+rand.N(t.o.each)); err != nil {
			return err
		}
		t.acks.longest() // what was before is not this kill's silence
		start := time.Now()
		if err := t.kill(ctx); err != nil {
			return fmt.Errorf("kill %d: %w", i+1, err)
		}
		if err := t.acks.next(ctx, recovery); err != nil {
			return fmt.Errorf("kill %d: %w", i+1, err)
		}
		silence := t.acks.longest()
		r.silences = append(r.silences, silence)
		fmt.Fprintf(t.o.log, "%s, %s: kill %d of %d, silence %.2f s, overcome after %.2f s\n",
			t.plan.store, t.target, i+1, t.plan.kills, silence.Seconds(),
			time.Since(start).Seconds())
	}
	return load.Sleep(ctx, t.o.each)
}

// kill kills once, without warning, and restarts what it killed.
func (t *trial) kill(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, recovery)
	defer cancel()
	switch t.target {
	case theServer:
		return errors.Join(t.store.Server.Kill(), t.store.Server.Restart(ctx))
	case thePrimary:
		old, err := t.store.Set.Primary(ctx)
		if err != nil {
			return err
		}
		if err := old.Kill(); err != nil {
			return err
		}
		killed := time.Now()
		if _, err := t.store.Set.Primary(ctx); err != nil {
			return err
		}
		fmt.Fprintf(t.o.log, "%s: a new primary after %.2f s\n", t.plan.store,
			time.Since(killed).Seconds())
		// The two that are left carry on by themselves before the third comes back.
		if err := t.acks.next(ctx, recovery); err != nil {
			return err
		}
		return errors.Join(old.Restart(ctx), t.store.Set.Healthy(ctx))
	}
	return errors.Join(t.service.Kill(), t.service.Start(ctx))
}
