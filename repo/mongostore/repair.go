package mongostore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// tailQuery is how many sites are asked for their tails at once.
const tailQuery = 200

// repairRounds is how many rounds it takes to ask all sites of a big database. All that can be
// found is what an instance left that died, and asking every site in every round would cost more
// than anything else when the database is idle.
const repairRounds = 6

// repair replays the sites whose marks are behind. It looks at all sites at the start and soon
// after something failed, and every RepairEvery at the next tailQuery sites, or as many as it takes
// to finish in repairRounds.
func (p *projector) repair() {
	tick := time.NewTicker(p.s.cfg.RepairEvery)
	defer tick.Stop()
	for all := true; ; {
		p.repairSome(all)
		all = true
		select {
		case <-p.s.life.Done():
			return
		case <-tick.C:
			all = false
			continue
		case <-p.behind:
		}
		if !repo.Pause(p.s.life, min(retryAfter, p.s.cfg.RepairEvery)) {
			return
		}
	}
}

// repairSome replays sites that trail, except those that this process is writing anyway. A site
// that fails does not stop the others.
func (p *projector) repairSome(all bool) {
	trailing, err := p.trailing(all)
	if err != nil {
		if p.s.life.Err() == nil {
			p.s.log.Warn("sites whose documents trail cannot be found", "error", err)
		}
		return
	}
	p.leaveToOwners(trailing)
	var (
		wg     sync.WaitGroup
		mu     sync.Mutex
		failed int
		last   error
		gate   = make(chan struct{}, repairAtOnce)
	)
	for site, mark := range trailing {
		gate <- struct{}{}
		wg.Go(func() {
			defer func() { <-gate }()
			ctx, cancel := context.WithTimeout(p.s.life, p.s.cfg.ReportTimeout)
			defer cancel()
			if p.busy(site) {
				return
			}
			if _, err := p.replay(ctx, site, mark); err != nil {
				mu.Lock()
				defer mu.Unlock()
				failed, last = failed+1, err
			}
		})
	}
	wg.Wait()
	if failed > 0 && p.s.life.Err() == nil {
		p.s.log.Warn("sites whose documents trail could not be repaired", "sites", failed, "error",
			last)
	}
}

// leaveToOwners drops the sites that another instance owns: it writes their documents, and repairs
// them.
func (p *projector) leaveToOwners(trailing map[workflow.SiteID]int64) {
	if len(trailing) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(p.s.life, p.s.cfg.PointTimeout)
	defer cancel()
	leases, err := p.s.leases(ctx, slices.Collect(maps.Keys(trailing)))
	if err != nil {
		return // then all are repaired: twice does no harm
	}
	for site, l := range leases {
		if l.Who != p.s.instance {
			delete(trailing, site)
		}
	}
}

func (p *projector) busy(site workflow.SiteID) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	f := p.followers[site]
	return f != nil && (f.writing || len(f.wait) > 0 || p.marks[site] > 0)
}

// portion is the sites to ask now. Only the goroutine that repairs calls it.
func (p *projector) portion(ctx context.Context, all bool) ([]workflow.SiteID, error) {
	if all || len(p.rest) == 0 {
		sites, err := p.s.siteIDs(ctx)
		if err != nil {
			return nil, err
		}
		if p.rest, p.step = sites, max(tailQuery, (len(sites)+repairRounds-1)/repairRounds); all {
			p.rest = nil
			return sites, nil
		}
	}
	n := min(p.step, len(p.rest))
	now := p.rest[:n]
	p.rest = p.rest[n:]
	return now, nil
}

// trailing finds the sites whose journal goes beyond the mark, with their marks.
func (p *projector) trailing(all bool) (map[workflow.SiteID]int64, error) {
	ctx, cancel := context.WithTimeout(p.s.life, p.s.cfg.ReportTimeout)
	defer cancel()
	sites, err := p.portion(ctx, all)
	if err != nil || len(sites) == 0 {
		return nil, err
	}
	marks, err := p.s.markOf(ctx, sites)
	if err != nil {
		return nil, err
	}
	out := make(map[workflow.SiteID]int64)
	for len(sites) > 0 {
		n := min(tailQuery, len(sites))
		or := make(bson.A, n)
		for i, site := range sites[:n] {
			or[i] = ranged(site, marks[site]+1, maxSeq)
		}
		sites = sites[n:]
		o := options.Find().SetProjection(bson.D{{Key: pathID, Value: 1}})
		cursor, err := p.s.journal.Find(ctx, bson.D{{Key: "$or", Value: or}}, o)
		if err != nil {
			return nil, fail("tails", err)
		}
		for cursor.Next(ctx) {
			id, _ := cursor.Current.Lookup(pathID).StringValueOK()
			if k := len(id) - len("/000000000000"); k > 0 {
				site := workflow.SiteID(id[:k])
				out[site] = marks[site]
			}
		}
		err = cursor.Err()
		_ = cursor.Close(context.WithoutCancel(ctx))
		if err != nil {
			return nil, fail("tails", err)
		}
	}
	return out, nil
}

// replay writes the documents of a site from its journal, from mark to the end, and returns the
// number reached. The mark is moved before it returns.
func (p *projector) replay(ctx context.Context, site workflow.SiteID, mark int64) (int64, error) {
	n, err := p.replayFrom(ctx, site, mark)
	if errors.Is(err, context.Canceled) {
		return n, err // the caller left; that says nothing about the site
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	f := p.follower(site)
	if p.judge(f, err) {
		f.done = max(f.done, n)
	}
	p.signalProgress()
	return n, err
}

func (p *projector) replayFrom(ctx context.Context, site workflow.SiteID, n int64) (int64, error) {
	for prev := ""; ; {
		pages, err := p.s.since(ctx, site, n+1, replayPages)
		if err != nil {
			return n, err
		}
		if len(pages) == 0 {
			return n, nil
		}
		if prev != "" && pages[0].Prev != prev {
			return n, fmt.Errorf("%w: page %s does not follow the page before it", repo.ErrCorrupt,
				repo.PageID(site, pages[0].First))
		}
		if err := p.apply(ctx, site, pages, n); err != nil {
			return n, err
		}
		n, prev = pages[len(pages)-1].Last, pages[len(pages)-1].Hash
		if len(pages) < replayPages {
			return n, nil
		}
	}
}

// apply writes pages that follow number n and moves the mark over them.
func (p *projector) apply(
	ctx context.Context, site workflow.SiteID, pages []*repo.Page, n int64,
) error {
	pages, err := chain(site, pages, n)
	if err != nil || len(pages) == 0 {
		return err
	}
	if err := decode(pages); err != nil {
		return err
	}
	r := &siteRun{f: &follower{site: site}, pages: pages}
	p.write(ctx, []*siteRun{r})
	if r.err != nil {
		return r.err
	}
	return p.s.moveMarks(ctx, map[workflow.SiteID]int64{site: r.last()})
}

// Project implements repo.Documents.
func (s *Store) Project(ctx context.Context, pages []*repo.Page) error {
	if err := repo.NeedSites(pages); err != nil {
		return fmt.Errorf("project: %w", err)
	}
	ctx, leave, err := s.begin(ctx, s.cfg.ReportTimeout)
	if err != nil {
		return err
	}
	defer leave()
	var order []workflow.SiteID
	sites := make(map[workflow.SiteID][]*repo.Page)
	for _, page := range pages {
		if sites[page.Site] == nil {
			order = append(order, page.Site)
		}
		own := *page // its images are filled in, and the caller's page must not be written to
		sites[page.Site] = append(sites[page.Site], &own)
	}
	marks, err := s.markOf(ctx, order)
	if err != nil || len(order) == 0 {
		return err
	}
	for _, site := range order {
		mark, pages := marks[site], sites[site]
		if pages[0].First > mark+1 { // what is missing first
			if mark, err = s.projector.replay(ctx, site, mark); err != nil {
				return fmt.Errorf("project %s: %w", site, err)
			}
		}
		if err := s.projector.apply(ctx, site, pages, mark); err != nil {
			return fmt.Errorf("project %s: %w", site, err)
		}
	}
	return nil
}
