package mongostore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// closeGaps makes every run begin where the site's written pages end, without holes: pages of other
// instances, before its first page or between two of its own, are added, and pages that are already
// written are left out.
func (p *projector) closeGaps(ctx context.Context, runs []*siteRun) {
	written := make(map[*siteRun]int64, len(runs))
	var late, torn []*siteRun
	p.mu.Lock()
	for _, r := range runs {
		n := p.follower(r.f.site).done
		written[r] = n
		if r.first() > n+1 {
			late = append(late, r)
		}
	}
	p.mu.Unlock()
	p.lookUp(ctx, late, written)
	for _, r := range runs {
		if r.err == nil && len(r.holes(written[r])) > 0 {
			torn = append(torn, r)
		}
	}
	p.fillGaps(ctx, torn, written)
	for _, r := range runs {
		if r.err == nil {
			r.pages, r.err = chain(r.f.site, r.pages, written[r])
		}
	}
}

// lookUp reads from the marks how far others have written the sites of these runs.
func (p *projector) lookUp(ctx context.Context, runs []*siteRun, written map[*siteRun]int64) {
	if len(runs) == 0 {
		return
	}
	sites := make([]workflow.SiteID, len(runs))
	for i, r := range runs {
		sites[i] = r.f.site
	}
	marks, err := p.s.markOf(ctx, sites)
	for _, r := range runs {
		r.err = err
		written[r] = max(written[r], marks[r.f.site])
	}
}

// stretch is a run of commits.
type stretch struct{ from, to int64 }

// holes are the commits that a run lacks if everything up to number n is written.
func (r *siteRun) holes(n int64) (out []stretch) {
	n = min(n, r.first()-1)
	for _, page := range r.pages {
		if page.First > n+1 {
			out = append(out, stretch{n + 1, page.First - 1})
		}
		n = max(n, page.Last)
	}
	return out
}

// errGap: too much is missing to read it here; repair does it.
var errGap = errors.New("too many pages are missing")

// maxMissing limits the commits that are read for one batch, and so its memory.
const maxMissing = 1024

// fillGaps adds the pages that runs lack, with one query for all sites: holes begin and end where
// pages do.
func (p *projector) fillGaps(ctx context.Context, runs []*siteRun, written map[*siteRun]int64) {
	var or bson.A
	of := make(map[workflow.SiteID]*siteRun, len(runs))
	room := int64(maxMissing)
	for _, r := range runs {
		holes, n := r.holes(written[r]), int64(0)
		for _, h := range holes {
			n += h.to - h.from + 1
		}
		if n > room {
			r.err = errGap
			continue
		}
		room -= n
		of[r.f.site] = r
		for _, h := range holes {
			or = append(or, ranged(r.f.site, h.from, h.to))
		}
	}
	if len(or) == 0 {
		return
	}
	pages, faults, err := p.s.pagesOfMany(ctx, bson.D{{Key: "$or", Value: or}})
	for site, r := range of {
		if r.err = cmp.Or(err, faults[site]); r.err == nil {
			r.insert(pages[site])
		}
	}
}

// insert adds pages in their places.
func (r *siteRun) insert(pages []*repo.Page) {
	if r.err = decode(pages); r.err == nil {
		r.pages = append(r.pages, pages...)
		slices.SortFunc(r.pages, func(a, b *repo.Page) int { return cmp.Compare(a.First, b.First) })
	}
}

// chain drops duplicates and checks that the pages follow number n and each other.
func chain(site workflow.SiteID, pages []*repo.Page, n int64) ([]*repo.Page, error) {
	var out []*repo.Page
	for _, page := range pages {
		if k := len(out); k > 0 {
			n = out[k-1].Last
			if page.First == n+1 && page.Prev != out[k-1].Hash {
				return nil, fmt.Errorf("%w: page %s does not follow the page before it",
					repo.ErrCorrupt, repo.PageID(site, page.First))
			}
			if page.First == out[k-1].First {
				continue
			}
		} else if page.First <= n {
			n = page.First - 1 // written already: writing it twice is harmless
		}
		if page.First != n+1 {
			return nil, fmt.Errorf("%w: commits %d to %d of %s are missing", repo.ErrCorrupt, n+1,
				page.First-1, site)
		}
		out = append(out, page)
	}
	return out, nil
}

// decode fills in the images of pages read from the journal.
func decode(pages []*repo.Page) error {
	for _, page := range pages {
		if _, err := page.Commits(); err != nil {
			return err
		}
	}
	return nil
}

// ensure waits until every document of a site is written up to seq, and writes them itself if
// nobody is about to.
func (p *projector) ensure(ctx context.Context, site workflow.SiteID, seq int64) error {
	for {
		p.mu.Lock()
		f := p.follower(site)
		done, busy, changed := f.done >= seq, f.writing || len(f.wait) > 0, p.changed
		p.mu.Unlock()
		if done {
			return nil
		}
		if !busy {
			return p.catchUp(ctx, site, seq)
		}
		wake(p.hurry)
		select {
		case <-changed:
		case <-ctx.Done():
			return fail(fmt.Sprintf("wait for documents of %s", site), ctx.Err())
		}
	}
}

// hasten has what waits of a site written now and waits for it: whoever lists what he has just
// changed finds it. It gives up after a moment, and when the site is left to repair: a list of
// older documents, which says up to where they reach, is better than none.
func (p *projector) hasten(ctx context.Context, site workflow.SiteID) {
	ctx, cancel := context.WithTimeout(ctx, hastenFor)
	defer cancel()
	newest := int64(-1)
	for {
		p.mu.Lock()
		f, changed := p.followers[site], p.changed
		trails := f != nil && (f.writing || len(f.wait) > 0)
		if trails && newest < 0 {
			newest = f.newest
		}
		done := !trails || f.done >= newest
		p.mu.Unlock()
		if done {
			return
		}
		wake(p.hurry)
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// catchUp replays the rest of a site's journal if its mark has not reached seq.
func (p *projector) catchUp(ctx context.Context, site workflow.SiteID, seq int64) error {
	marks, err := p.s.markOf(ctx, []workflow.SiteID{site})
	if err != nil {
		return err
	}
	n := marks[site]
	if n < seq {
		if n, err = p.replay(ctx, site, n); err != nil {
			return err
		}
	}
	if n < seq {
		return fmt.Errorf("documents of %s up to %d: the journal ends at %d", site, seq, n)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	f := p.follower(site)
	f.done = max(f.done, n)
	return nil
}
