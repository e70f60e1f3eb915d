package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/lunpai/lunpai/tools/load"
)

// bed is a store with the instances that serve it.
type bed struct {
	store     *load.Store
	instances []*load.Service
	admin     string
	founded   int
	foils     map[bool]*load.Service // the textbook's server, without and with a rota
}

// measureStore measures every cell of one store.
func measureStore(ctx context.Context, o *config, kind, dir string, out io.Writer) (err error) {
	store, err := load.StartStore(ctx, kind, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close(), os.RemoveAll(dir)) }()
	b := &bed{store: store, foils: map[bool]*load.Service{}}
	defer func() { err = errors.Join(err, b.stop()) }()
	for _, n := range o.instances {
		if n > 1 && kind == load.SQLite {
			continue // one process holds the file
		}
		if err := b.serve(ctx, o, n); err != nil {
			return err
		}
		for _, clients := range o.clients {
			if err := b.row(ctx, o, clients, out); err != nil {
				return err
			}
		}
	}
	return nil
}

// serve starts instances until n are running.
func (b *bed) serve(ctx context.Context, o *config, n int) error {
	secret, err := o.peerSecret(b.store)
	if err != nil {
		return err
	}
	for len(b.instances) < n {
		s, err := load.StartService(ctx, load.ServiceConfig{
			Binary: o.binary, Store: b.store.URI("bench"),
			Keys: filepath.Join(b.store.Dir, "keys.json"),
			Dir:  filepath.Join(b.store.Dir, fmt.Sprintf("service%d", len(b.instances))),
			// Without a line a request: the disk is the store's.
			Args:       []string{"--no-log-requests", "--key-rate=0"},
			PeerSecret: secret,
		})
		if err != nil {
			return err
		}
		b.instances = append(b.instances, s)
		if s.Admin != "" {
			b.admin = s.Admin
		}
	}
	return nil
}

// peerSecret writes the secret that the instances on a store share; empty: they share none.
func (o *config) peerSecret(s *load.Store) (path string, _ error) {
	if !o.owners || s.Kind == load.SQLite {
		return "", nil
	}
	path = filepath.Join(s.Dir, "peers")
	return path, os.WriteFile(path, []byte(strings.Repeat("bench", 8)), 0o600)
}

func (b *bed) stop() error {
	var errs []error
	for _, s := range b.instances {
		errs = append(errs, s.Stop())
	}
	for _, s := range b.foils {
		errs = append(errs, s.Stop())
	}
	return errors.Join(errs...)
}

func (b *bed) addrs() []string {
	var out []string
	for _, s := range b.instances {
		out = append(out, s.Addr)
	}
	return out
}

// row measures the cells of one number of clients.
func (b *bed) row(ctx context.Context, o *config, clients int, out io.Writer) error {
	for _, sites := range o.sites {
		if len(b.instances) > 1 && sites == 1 {
			continue
		}
		c := &cell{store: b.store.Kind, instances: len(b.instances), sites: sites, clients: clients}
		fmt.Fprintf(o.log, "%s, %d instances, %d sites, %d clients\n", c.store, c.instances, sites,
			clients)
		if err := b.measure(ctx, o, c); err != nil {
			return err
		}
		c.print(out)
		for _, err := range c.failed[:min(3, len(c.failed))] {
			fmt.Fprintln(o.log, "  failed:", err)
		}
		if o.foil == "" || len(b.instances) > 1 {
			continue
		}
		if err := b.textbook(ctx, o, c, out); err != nil {
			return fmt.Errorf("the textbook: %w", err)
		}
	}
	return nil
}

// textbook measures the textbook's server the way a cell was measured. It keeps a line of
// consultants where all clients are in one office: elsewhere that would be for nothing.
func (b *bed) textbook(ctx context.Context, o *config, as *cell, out io.Writer) error {
	rota := as.sites == 1
	s := b.foils[rota]
	if s == nil {
		name, args := "textbook", []string(nil)
		if rota {
			name, args = "textbook-rota", []string{"--rota"}
		}
		var err error
		if s, err = load.StartService(ctx, load.ServiceConfig{
			Binary: o.foil, Store: b.store.URI(name), Dir: filepath.Join(b.store.Dir, name),
			Args: args,
		}); err != nil {
			return err
		}
		b.foils[rota] = s
	}
	c := &cell{
		store: as.store, textbook: true, instances: 1, sites: as.sites, clients: as.clients,
		raw: as.raw,
	}
	var sites []load.Site
	for i := range c.sites {
		sites = append(sites, load.Site{ID: fmt.Sprintf("t%02d-%02d", b.founded, i+1)})
	}
	served, sent := spent(s), own()
	p := pressure{
		addrs: []string{s.Addr}, sites: sites, clients: c.clients, warm: o.warm, each: o.each,
		prefix: "textbook",
	}
	r, err := p.press(ctx)
	if err != nil {
		return err
	}
	c.result = *r
	if n := time.Duration(r.begun); n > 0 {
		c.served, c.sent = (spent(s)-served)/n, (own()-sent)/n
	}
	c.print(out)
	for _, err := range c.failed[:min(3, len(c.failed))] {
		fmt.Fprintln(o.log, "  failed:", err)
	}
	return nil
}

// measure measures the store by itself, then creates sites for the cell and puts load on them.
func (b *bed) measure(ctx context.Context, o *config, c *cell) (err error) {
	if c.raw, err = rawInserts(ctx, b.store, c.clients, o.record, o.each/4); err != nil {
		return fmt.Errorf("the store alone: %w", err)
	}
	b.founded++
	k := load.NewClient(b.addrs()[:1], "")
	defer k.Close()
	perSite := (c.clients + c.sites - 1) / c.sites
	prefix := fmt.Sprintf("s%02d", b.founded)
	sites, err := load.Found(ctx, k, b.admin, prefix, c.sites, perSite+2)
	if err != nil {
		return err
	}
	served, sent := b.used(), own()
	p := pressure{
		addrs: b.addrs(), sites: sites, clients: c.clients, warm: o.warm, each: o.each,
		prefix: prefix,
	}
	r, err := p.press(ctx)
	if err != nil {
		return err
	}
	c.result = *r
	if n := time.Duration(r.begun); n > 0 {
		c.served, c.sent = (b.used()-served)/n, (own()-sent)/n
	}
	return nil
}

// used is the processor time of all instances so far; 0 where the system does not tell.
func (b *bed) used() (sum time.Duration) {
	for _, s := range b.instances {
		sum += spent(s)
	}
	return sum
}

func spent(s *load.Service) time.Duration {
	u, err := s.Usage()
	if err != nil {
		return 0
	}
	return u.CPU
}

func own() time.Duration {
	u, _ := load.OwnUsage() // 0 where the system does not tell
	return u.CPU
}
