package mongostore

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// connect makes every job begin where the site's written pages end: pages in between, of other instances, are put in
// front of it, and pages that are written already are left out.
func (p *projector) connect(ctx context.Context, jobs []*job) {
	var open []*job
	written := make(map[*job]int64, len(jobs))
	p.mu.Lock()
	for _, j := range jobs {
		written[j] = p.follower(j.f.site).done
		if j.first() > written[j]+1 {
			open = append(open, j)
		}
	}
	p.mu.Unlock()
	if len(open) > 0 {
		sites := make([]workflow.SiteID, len(open))
		for i, j := range open {
			sites[i] = j.f.site
		}
		marks, err := p.s.markOf(ctx, sites)
		for _, j := range open {
			j.err = err
			written[j] = max(written[j], marks[j.f.site])
			if err == nil && j.first() > written[j]+1 {
				j.err = p.fill(ctx, j, written[j])
			}
		}
	}
	for _, j := range jobs {
		if j.err == nil {
			j.pages, j.err = chain(j.f.site, j.pages, written[j])
		}
	}
}

// errGap: more is missing than is worth waiting for here; repair does it.
var errGap = errors.New("too many pages are missing")

// fill puts the pages after number n in front of a job.
func (p *projector) fill(ctx context.Context, j *job, n int64) error {
	missing, err := p.s.since(ctx, j.f.site, n+1, replayPages)
	if err != nil {
		return err
	}
	if len(missing) == replayPages && missing[len(missing)-1].Last < j.first() {
		return errGap
	}
	if err := decode(missing); err != nil {
		return err
	}
	missing = slices.DeleteFunc(missing, func(m *repo.Page) bool { return m.First >= j.first() })
	j.pages = append(missing, j.pages...)
	return nil
}

// chain drops doubles and checks that pages follow number n and each other.
func chain(site workflow.SiteID, pages []*repo.Page, n int64) ([]*repo.Page, error) {
	var out []*repo.Page
	for _, page := range pages {
		if k := len(out); k > 0 {
			n = out[k-1].Last
			if page.First == n+1 && page.Prev != out[k-1].Hash {
				return nil, fmt.Errorf("%w: page %s does not follow the page before it", repo.ErrCorrupt, repo.PageID(site, page.First))
			}
			if page.First == out[k-1].First {
				continue
			}
		} else if page.First <= n {
			n = page.First - 1 // written once already: writing it twice is harmless
		}
		if page.First != n+1 {
			return nil, fmt.Errorf("%w: commits %d to %d of %s are missing", repo.ErrCorrupt, n+1, page.First-1, site)
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

// ensure waits until every document of a site is written up to seq, and writes them itself where nobody is about to.
func (p *projector) ensure(ctx context.Context, site workflow.SiteID, seq int64) error {
	for {
		p.mu.Lock()
		f := p.follower(site)
		done, busy, changed := f.done >= seq, f.flying || len(f.wait) > 0, p.changed
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

// catchUp replays the tail of a site, if its mark has not reached seq.
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
