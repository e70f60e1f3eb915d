package sqlitestore

import (
	"context"
	"fmt"
	"slices"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// How many documents a scan holds in memory: of one site, and of all sites together.
const (
	scanChunk = 128
	scanTotal = 1024
)

// Scan calls f for every document of a span. No connection is held while f runs, so f may be slow
// and may use the store; a document that changes meanwhile is given as it was or as it is.
func (s *Store) Scan(ctx context.Context, of repo.Span, f func(repo.Document) error) error {
	if err := repo.NeedSite(of.Site); err != nil {
		return fmt.Errorf("scan %s: %w", of.Collection, err)
	}
	c := &cursor{store: s, of: of, chunk: scanChunk, day: of.From}
	if !of.ByDay {
		c.after = of.After
	}
	return merge(ctx, []*cursor{c}, f)
}

// ScanAllSites is Scan over a collection of all sites, by id.
func (s *Store) ScanAllSites(
	ctx context.Context, c workflow.Collection, f func(repo.Document) error,
) error {
	sites, err := s.sitesWith(ctx, c)
	if err != nil {
		return err
	}
	cursors := make([]*cursor, len(sites))
	for i, id := range sites {
		of := repo.Span{Collection: c, Site: id}
		cursors[i] = &cursor{store: s, of: of, chunk: min(scanChunk, max(1, scanTotal/len(sites)))}
	}
	return merge(ctx, cursors, f)
}

// merge calls f for the documents of all cursors, in order.
func merge(ctx context.Context, cursors []*cursor, f func(repo.Document) error) error {
	for {
		next, err := earliest(ctx, cursors)
		if err != nil || next == nil {
			return err
		}
		if err := f(next.docs[0]); err != nil {
			return err
		}
		next.docs = next.docs[1:]
	}
}

// sitesWith are the sites that have a document of a collection.
func (s *Store) sitesWith(
	ctx context.Context, c workflow.Collection,
) (sites []workflow.SiteID, err error) {
	err = s.read(ctx, fmt.Sprintf("scan %s", c), func(p *pool) error {
		trail := s.tail.sitesWith(c)
		rows, err := p.scanSites.QueryContext(ctx, c)
		sites, err = collect(rows, err, scanSite)
		sites = append(sites, trail...)
		return err
	})
	slices.Sort(sites)
	return slices.Compact(sites), err
}

// earliest is the cursor whose next document has the lowest id; nil when all are at their end.
func earliest(ctx context.Context, cursors []*cursor) (first *cursor, err error) {
	for _, c := range cursors {
		if err := c.refill(ctx); err != nil {
			return nil, err
		}
		if len(c.docs) > 0 && (first == nil || c.docs[0].ID < first.docs[0].ID) {
			first = c
		}
	}
	return first, nil
}

// cursor goes through one site's documents of a span, a chunk at a time.
type cursor struct {
	store *Store
	of    repo.Span
	chunk int
	day   workflow.Date // of a scan by day: where it stands
	after string        // the last id that was read, of that day
	docs  []repo.Document
	end   bool

	trail *overlay // what trailed when the scan began
}

// refill reads the next chunk when the last one is used up.
func (c *cursor) refill(ctx context.Context) error {
	for len(c.docs) == 0 && !c.end {
		if err := c.read(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (c *cursor) read(ctx context.Context) error {
	return c.store.read(ctx, fmt.Sprintf("scan %s of %s", c.of.Collection, c.of.Site),
		func(p *pool) (err error) {
			if c.trail == nil { // before the file is read: what is written meanwhile comes once
				trail := c.store.tail.documents(c.of.Site, c.of.Collection)
				if c.trail, err = newOverlay(c.of, trail); err != nil {
					return err
				}
			}
			if c.docs, err = c.next(ctx, p); err != nil {
				return err
			}
			if c.store.doubts.scans {
				if err := c.store.genuine(ctx, p, c.docs); err != nil {
					c.docs = nil
					return err
				}
			}
			if c.end = len(c.docs) < c.chunk; !c.end {
				last := c.docs[len(c.docs)-1]
				c.after = last.ID
				if c.of.ByDay {
					if c.day, err = last.BusinessDay(); err != nil {
						return err
					}
				}
			}
			c.docs, err = c.trail.over(c.docs, place{c.day, c.after}, c.end)
			return err
		})
}

// next reads a chunk.
func (c *cursor) next(ctx context.Context, p *pool) ([]repo.Document, error) {
	if !c.of.ByDay {
		rows, err := p.scan.QueryContext(ctx, c.of.Collection, c.of.Site, c.after, c.chunk)
		return collect(rows, err, scanDocument)
	}
	to := c.of.To
	if to == "" {
		to = "~" // behind every day
	}
	rows, err := p.scanDays.QueryContext(ctx, c.of.Collection, c.of.Site, c.day, c.after, to,
		c.chunk)
	return collect(rows, err, scanDocument)
}
