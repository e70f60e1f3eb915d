package sqlitestore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

const headQuery = `SELECT ` + pageColumns +
	` FROM journal WHERE site = ? ORDER BY first DESC LIMIT 1`

// Since returns up to limit pages, in order, from the page that holds commit seq on.
func (s *Store) Since(
	ctx context.Context, site workflow.SiteID, seq int64, limit int,
) (pages []*repo.Page, err error) {
	err = s.readSite(ctx, site, fmt.Sprintf("since %s", repo.PageID(site, seq)),
		func(p *pool) error {
			if head, ok := s.heads.page(site); ok && seq >= head.First && limit > 0 {
				if seq <= head.Last {
					pages = []*repo.Page{head}
				}
				return nil
			}
			rows, err := p.since.QueryContext(ctx, site, seq, limit)
			pages, err = collect(rows, err, scanPage)
			return err
		})
	return pages, err
}

// Before returns up to limit pages whose First ≤ seq, newest first.
func (s *Store) Before(
	ctx context.Context, site workflow.SiteID, seq int64, limit int,
) (pages []*repo.Page, err error) {
	err = s.readSite(ctx, site, fmt.Sprintf("before %s", repo.PageID(site, seq)),
		func(p *pool) error {
			rows, err := p.before.QueryContext(ctx, site, seq, limit)
			pages, err = collect(rows, err, scanPage)
			return err
		})
	return pages, err
}

// Find returns the page that holds the command id; ErrNotFound when there is none.
func (s *Store) Find(
	ctx context.Context, site workflow.SiteID, id string,
) (page *repo.Page, err error) {
	err = s.readSite(ctx, site, fmt.Sprintf("find command %s of %s", id, site),
		func(p *pool) error {
			rows, err := p.find.QueryContext(ctx, site, id)
			pages, err := collect(rows, err, scanPage)
			switch {
			case err != nil:
				return err
			case len(pages) == 0:
				return repo.ErrNotFound
			}
			page = pages[0]
			return nil
		})
	return page, err
}

// Sites lists the sites that have a journal, by id.
func (s *Store) Sites(ctx context.Context) (sites []workflow.SiteID, err error) {
	err = s.read(ctx, "list sites", func(p *pool) error {
		rows, err := p.sites.QueryContext(ctx)
		sites, err = collect(rows, err, scanSite)
		return err
	})
	return sites, err
}

// Moved tells which sites have new pages; the number to go on with is that of the newest page's
// row.
func (s *Store) Moved(
	ctx context.Context, after int64,
) (heads map[workflow.SiteID]int64, next int64, err error) {
	heads, next = map[workflow.SiteID]int64{}, after
	err = s.read(ctx, "sites that moved on", func(p *pool) error {
		if after == 0 {
			if err := p.newest.QueryRowContext(ctx).Scan(&next); err != nil {
				return err
			}
			rows, err := p.sites.QueryContext(ctx)
			sites, err := collect(rows, err, scanSite)
			for _, site := range sites {
				heads[site] = 1
			}
			return err
		}
		rows, err := p.moved.QueryContext(ctx, after)
		_, err = collect(rows, err, func(rows *sql.Rows) (none struct{}, err error) {
			var site workflow.SiteID
			var last int64
			if err = rows.Scan(&next, &site, &last); err == nil {
				heads[site] = max(heads[site], last)
			}
			return none, err
		})
		return err
	})
	return heads, max(next, 1), err
}

func scanSite(rows *sql.Rows) (site workflow.SiteID, err error) {
	err = rows.Scan(&site)
	return site, err
}

// scanPage reads the columns pageColumns.
func scanPage(rows *sql.Rows) (*repo.Page, error) {
	var (
		p       repo.Page
		at      int64
		entries []byte
	)
	if err := rows.Scan(&p.Site, &p.First, &p.Last, &at, &p.Prev, &p.Hash, &entries,
		&p.Body); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(entries, &p.Entries); err != nil {
		return nil, fmt.Errorf("%w: entries of page %s: %w", repo.ErrCorrupt,
			repo.PageID(p.Site, p.First), err)
	}
	p.At = time.UnixMilli(at).UTC()
	return &p, nil
}

// heads remembers the last page of the sites that were written to. Every decision begins by asking
// for it, and nobody else writes to the file, so nearly every such question is answered from here.
// The writer drops a page before the commit that replaces it, and puts the new one in afterwards.
// In between the file answers, so that whoever has seen a new document finds the page that wrote
// it.
type heads struct {
	mu    sync.Mutex
	pages map[workflow.SiteID]*repo.Page
}

// What is remembered is limited: so many sites, and bodies up to this size.
const (
	maxHeads    = 4096
	maxHeadBody = 32 << 10
)

// get is what the writer knows of the head; its body may be missing.
func (h *heads) get(site workflow.SiteID) (*repo.Page, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	p, ok := h.pages[site]
	return p, ok
}

// page is a copy of the head, when all of it is remembered.
func (h *heads) page(site workflow.SiteID) (*repo.Page, bool) {
	p, ok := h.get(site)
	if !ok || p.Body == nil {
		return nil, false
	}
	c := *p
	return &c, true
}

// put remembers pages that are durable now.
func (h *heads) put(pages map[workflow.SiteID]*repo.Page) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.pages == nil || len(h.pages)+len(pages) > maxHeads {
		h.pages = make(map[workflow.SiteID]*repo.Page)
	}
	for site, p := range pages {
		c := *p
		c.Images, c.At = nil, time.UnixMilli(p.At.UnixMilli()).UTC()
		if len(c.Body) > maxHeadBody {
			c.Body = nil
		}
		h.pages[site] = &c
	}
}

// drop forgets the heads of sites whose new pages are about to be committed.
func (h *heads) drop(pages map[workflow.SiteID]*repo.Page) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for site := range pages {
		delete(h.pages, site)
	}
}

// forget drops everything: after a failure only the file knows.
func (h *heads) forget() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.pages = nil
}

// headOf reads the head of a site through a statement of headQuery; a site without a journal has an
// empty page.
func headOf(ctx context.Context, query *sql.Stmt, site workflow.SiteID) (*repo.Page, error) {
	rows, err := query.QueryContext(ctx, site)
	pages, err := collect(rows, err, scanPage)
	if err != nil {
		return nil, fmt.Errorf("head of %s: %w", site, err)
	}
	if len(pages) == 0 {
		return &repo.Page{Site: site}, nil
	}
	return pages[0], nil
}

// errNoRows says whether a single-row query found nothing.
func errNoRows(err error) bool { return errors.Is(err, sql.ErrNoRows) }
