package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/mongostore"
	"github.com/lunpai/lunpai/repo/sqlitestore"
	"github.com/lunpai/lunpai/tools/load"
	"github.com/lunpai/lunpai/workflow"
)

// judge compares what was acknowledged with what the service shows, then stops the service and
// compares it with what the store holds.
func (t *trial) judge(ctx context.Context, r *report) error {
	r.acknowledged = t.acks.count()
	if r.acknowledged == 0 {
		return errors.New("nothing was acknowledged")
	}
	if err := t.shown(ctx, r); err != nil {
		return fmt.Errorf("read the service: %w", err)
	}
	if err := t.people(ctx, r); err != nil {
		return fmt.Errorf("search people: %w", err)
	}
	if err := t.service.Stop(); err != nil {
		return err
	}
	if err := t.stored(ctx, r); err != nil {
		return fmt.Errorf("read the store: %w", err)
	}
	return nil
}

// shown reads every site's journal over HTTP: each acknowledged command must be there with its
// number and its facts, and the facts must keep the line in order.
func (t *trial) shown(ctx context.Context, r *report) error {
	facts := map[string]map[int64]digest{}
	for _, s := range t.sites {
		c := load.NewClient([]string{t.service.Addr}, s.Token)
		line := newLine(s.ID, &r.findings)
		seen := map[int64]digest{}
		err := entries(ctx, c, s.ID, func(e *entry) error {
			line.fold(e)
			d, err := digestOf(e.Raw)
			seen[e.Seq] = d
			return err
		})
		c.Close()
		if err != nil {
			return err
		}
		facts[s.ID] = seen
	}
	for _, k := range t.acks.list {
		if d, ok := facts[k.site][k.seq]; !ok {
			r.add(lost, "site %s: GET commits lacks commit %d, acknowledged to %s", k.site, k.seq,
				k.key)
		} else if d != k.facts {
			r.add(lost, "site %s: GET commits shows other facts at commit %d than were "+
				"acknowledged to %s", k.site, k.seq, k.key)
		}
	}
	return nil
}

// entry is a commit as GET commits shows it.
type entry struct {
	Seq   int64
	Raw   json.RawMessage // the facts as they came
	Facts []workflow.Fact
}

// entries calls f for every commit of a site.
func entries(ctx context.Context, c *load.Client, site string, f func(*entry) error) error {
	for after := int64(0); ; {
		a, err := c.Get(ctx, fmt.Sprintf("/v1/sites/%s/commits?limit=200&after=%d", site, after))
		if err != nil {
			return err
		}
		if a.Status != http.StatusOK {
			return load.Unexpected("GET commits", a)
		}
		var page struct {
			Commits []struct {
				Seq   int64           `json:"seq"`
				Facts json.RawMessage `json:"facts"`
			} `json:"commits"`
			NextAfter int64 `json:"next_after"`
		}
		if err := json.Unmarshal(a.Body, &page); err != nil {
			return err
		}
		for _, k := range page.Commits {
			e := entry{Seq: k.Seq, Raw: k.Facts}
			if err := json.Unmarshal(k.Facts, &e.Facts); err != nil {
				return err
			}
			if err := f(&e); err != nil {
				return err
			}
		}
		if page.NextAfter == 0 {
			return nil
		}
		after = page.NextAfter
	}
}

// maxSearches bounds the searches at one site: the service itself bounds them, so that nobody
// probes a phone book.
const maxSearches = 50

// people looks up phones that were given: each must lead to the customer who was registered with
// it.
func (t *trial) people(ctx context.Context, r *report) error {
	for _, s := range t.sites {
		c := load.NewClient([]string{t.service.Addr}, s.Token)
		defer c.Close()
		n := 0
		for phone, customer := range t.acks.phones[s.ID] {
			if n++; n > maxSearches {
				break
			}
			a, err := c.Post(ctx, "/v1/sites/"+s.ID+"/customers/search", "search-"+phone,
				`{"phone":"`+phone+`"}`)
			if err != nil {
				return err
			}
			var found struct{ Customer string }
			if a.Status != http.StatusOK {
				return load.Unexpected("search", a)
			}
			if err := json.Unmarshal(a.Body, &found); err != nil {
				return err
			}
			if found.Customer != customer {
				r.add("phone", "site %s: a phone leads to customer %q, registered was %q", s.ID,
					found.Customer, customer)
			}
		}
	}
	return nil
}

// stored reads the journal in the store itself: the ids of commands, and whether documents and
// journal agree.
func (t *trial) stored(ctx context.Context, r *report) (err error) {
	s, err := t.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	acked := make(map[string]*ack, len(t.acks.list))
	for i := range t.acks.list {
		acked[t.acks.list[i].site+" "+t.acks.list[i].id] = &t.acks.list[i]
	}
	for _, site := range t.sites {
		if err := ids(ctx, s, site.ID, acked, r); err != nil {
			return err
		}
	}
	for _, k := range acked {
		r.add(lost, "site %s: the journal lacks command %s, acknowledged as commit %d", k.site,
			k.key, k.seq)
	}
	return verify(ctx, s, r)
}

// ids removes every command in a site's journal from acked. What is left was lost; a command that
// is there twice, or was acknowledged to nobody, is a duplicate.
func ids(ctx context.Context, s repo.Journal, site string, acked map[string]*ack, r *report) error {
	for next := int64(2); ; { // the first commit founded the site
		pages, err := s.Since(ctx, workflow.SiteID(site), next, 64)
		if err != nil || len(pages) == 0 {
			return err
		}
		for _, p := range pages {
			cs, err := p.Commits()
			if err != nil {
				return err
			}
			for _, c := range cs {
				if c.Seq < next {
					continue
				}
				next = c.Seq + 1
				k, ok := acked[site+" "+c.ID]
				switch {
				case !ok && c.Kind == "search_customer": // the judge's own: visitors search nobody
				case !ok:
					r.add(doubled, "site %s: commit %d (%s) ran twice, or was acknowledged to "+
						"nobody", site, c.Seq, c.Kind)
				case k.seq != c.Seq:
					r.add(doubled, "site %s: command %s stands at commit %d, acknowledged was %d",
						site, k.key, c.Seq, k.seq)
				}
				delete(acked, site+" "+c.ID)
			}
		}
	}
}

// verify runs the product's own check once the documents have caught up.
func verify(ctx context.Context, s repo.Store, r *report) error {
	for wait := time.Now().Add(30 * time.Second); ; {
		reports, err := repo.Verify(ctx, s, repo.VerifyOptions{})
		if err != nil {
			return err
		}
		trailing := ""
		for _, site := range reports {
			if site.Mark != site.Commits {
				trailing = fmt.Sprintf("site %s: documents stand at commit %d of %d", site.Site,
					site.Mark, site.Commits)
			}
		}
		if trailing != "" && time.Now().Before(wait) {
			if err := load.Sleep(ctx, time.Second); err != nil {
				return err
			}
			continue
		}
		if trailing != "" {
			r.add("documents", "%s", trailing)
		}
		if err := repo.Sound(reports); err != nil {
			for _, line := range strings.Split(err.Error(), "\n") {
				r.add("verify", "%s", line)
			}
		}
		return nil
	}
}

// open opens the trial's store without the service.
func (t *trial) open(ctx context.Context) (repo.Store, error) {
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	uri := t.store.URI(database)
	if path, ok := strings.CutPrefix(uri, "sqlite:"); ok {
		return sqlitestore.OpenReadOnly(ctx, path)
	}
	return mongostore.Open(ctx, mongostore.Config{URI: uri, Log: log})
}
