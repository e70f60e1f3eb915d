package sqlitestore

import (
	"context"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

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
			// What trails is looked at first: what is written meanwhile is then found twice, and
			// nothing is missed.
			trail := s.tail.of(site)
			if len(trail) == 0 || seq < trail[0].first {
				rows, err := p.since.QueryContext(ctx, site, seq, limit)
				if pages, err = collect(rows, err, scanPage); err != nil {
					return err
				}
			}
			for _, behind := range trail {
				n := len(pages)
				if n >= limit {
					return nil
				}
				if behind.last < seq || n > 0 && behind.first <= pages[n-1].First {
					continue
				}
				if pages, err = p.addRow(ctx, pages, behind.key); err != nil {
					return err
				}
			}
			return nil
		})
	return pages, err
}

// Before returns up to limit pages whose First ≤ seq, newest first.
func (s *Store) Before(
	ctx context.Context, site workflow.SiteID, seq int64, limit int,
) (pages []*repo.Page, err error) {
	err = s.readSite(ctx, site, fmt.Sprintf("before %s", repo.PageID(site, seq)),
		func(p *pool) error {
			pages, err = s.before(ctx, p, site, seq, limit)
			return err
		})
	return pages, err
}

func (s *Store) before(
	ctx context.Context, p *pool, site workflow.SiteID, seq int64, limit int,
) (pages []*repo.Page, err error) {
	trail := s.tail.of(site)
	for _, behind := range slices.Backward(trail) {
		if behind.first > seq || len(pages) >= limit {
			continue
		}
		if pages, err = p.addRow(ctx, pages, behind.key); err != nil {
			return nil, err
		}
		seq = behind.first - 1
	}
	if len(trail) > 0 {
		seq = min(seq, trail[0].first-1)
	}
	if len(pages) >= limit {
		return pages, nil
	}
	rows, err := p.before.QueryContext(ctx, site, seq, limit-len(pages))
	older, err := collect(rows, err, scanPage)
	return append(pages, older...), err
}

// addRow adds the page of a row.
func (p *pool) addRow(ctx context.Context, pages []*repo.Page, key int64) ([]*repo.Page, error) {
	rows, err := p.row.QueryContext(ctx, key)
	found, err := collect(rows, err, scanPage)
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("%w: row %d of the journal is gone", repo.ErrCorrupt, key)
	}
	return append(pages, found...), err
}

// Find returns the page that holds the command id; ErrNotFound when there is none.
func (s *Store) Find(
	ctx context.Context, site workflow.SiteID, id string,
) (page *repo.Page, err error) {
	err = s.readSite(ctx, site, fmt.Sprintf("find command %s of %s", id, site),
		func(p *pool) error {
			pages, err := s.under(ctx, p, hashOf(site, id))
			if err != nil {
				return err
			}
			if page = pageWith(pages, id); page == nil {
				return repo.ErrNotFound
			}
			if page.Site != site {
				return fmt.Errorf("%w: the command is listed in page %s", repo.ErrCorrupt,
					repo.PageID(page.Site, page.First))
			}
			return nil
		})
	return page, err
}

// under are the pages that hold a command with this hash. Those that are not listed yet are looked
// for first: what is listed meanwhile is then found twice, and nothing is missed.
func (s *Store) under(ctx context.Context, p *pool, hash int64) (pages []*repo.Page, err error) {
	if s.writer == nil {
		held := binary.BigEndian.AppendUint64(nil, uint64(hash)) //nolint:gosec // its bits
		rows, err := p.unlisted.QueryContext(ctx, held)
		if pages, err = collect(rows, err, scanPage); err != nil {
			return nil, err
		}
	}
	for _, key := range s.unlisted.rowsWith(hash) {
		if pages, err = p.addRow(ctx, pages, key); err != nil {
			return nil, err
		}
	}
	rows, err := p.listed.QueryContext(ctx, hash)
	listed, err := collect(rows, err, scanPage)
	return append(pages, listed...), err
}

// Sites lists the sites that have a journal, by id.
func (s *Store) Sites(ctx context.Context) (sites []workflow.SiteID, err error) {
	err = s.read(ctx, "list sites", func(p *pool) error {
		sites, err = s.allSites(ctx, p)
		return err
	})
	return sites, err
}

func (s *Store) allSites(ctx context.Context, p *pool) ([]workflow.SiteID, error) {
	trail := s.tail.sitesWith("")
	rows, err := p.sites.QueryContext(ctx)
	sites, err := collect(rows, err, scanSite)
	sites = append(sites, trail...)
	slices.Sort(sites)
	return slices.Compact(sites), err
}

// Moved tells which sites have new pages; the number to go on with is that of the newest page's
// row.
func (s *Store) Moved(
	ctx context.Context, after int64,
) (heads map[workflow.SiteID]int64, next int64, err error) {
	heads, next = map[workflow.SiteID]int64{}, after
	err = s.read(ctx, "sites that moved on", func(p *pool) error {
		readable := int64(math.MaxInt64) // a page is read by its site a moment after its commit
		if s.writer != nil {
			readable = s.readable.Load()
		}
		if after == 0 {
			if err := p.newest.QueryRowContext(ctx).Scan(&next); err != nil {
				return err
			}
			next = min(next, readable)
			sites, err := s.allSites(ctx, p)
			for _, site := range sites {
				heads[site] = 1
			}
			return err
		}
		rows, err := p.moved.QueryContext(ctx, after, readable)
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
	p, _, _, err := scanColumns(rows, true)
	return p, err
}

// scanRow is scanPage with the row's number, scanListed with the hashes of ids that it lists.
func scanRow(rows *sql.Rows) (*repo.Page, int64, error) {
	p, key, _, err := scanColumns(rows, true)
	return p, key, err
}

func scanListed(rows *sql.Rows) (*repo.Page, []byte, error) {
	p, _, listed, err := scanColumns(rows, true)
	return p, listed, err
}

// scanColumns reads the columns pageColumns, and the entries where they are wanted. A body that
// cannot be unpacked is left as it is: the page does not match its hash then, and whoever decodes
// it is told so.
func scanColumns(
	rows *sql.Rows, entries bool,
) (p *repo.Page, key int64, listed []byte, err error) {
	var at int64
	var prev, hash, stored []byte
	p = &repo.Page{}
	if err := rows.Scan(&key, &p.Site, &p.First, &p.Last, &at, &prev, &hash, &listed,
		&stored); err != nil {
		return nil, 0, nil, err
	}
	p.Prev, p.Hash = hex.EncodeToString(prev), hex.EncodeToString(hash)
	p.At, p.Body = time.UnixMilli(at).UTC(), stored
	if text, err := unpack(stored); err == nil {
		if p.Body = text; !entries {
			return p, key, listed, nil
		}
		if p.Entries, err = entriesOf(text); err != nil {
			p.Entries = nil
		}
	}
	return p, key, listed, nil
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

// errNoRows says whether a single-row query found nothing.
func errNoRows(err error) bool { return errors.Is(err, sql.ErrNoRows) }
