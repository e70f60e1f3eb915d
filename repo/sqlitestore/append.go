package sqlitestore

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// tx is one transaction: what the calls of a group see and change. A call that merely cannot be
// done (the number is taken, the document exists) leaves nothing behind and returns no error. An
// error rolls the whole transaction back.
type tx struct {
	*session
	store  *Store
	ctx    context.Context                //nolint:containedctx // lives as long as the transaction
	heads  map[workflow.SiteID]*repo.Page // of the sites written to
	landed []*trailing                    // the pages written, in order
	ids    map[commandKey]bool            // their commands
	all    bool                           // whatever trails is written too
	wrote  slice                          // of what trailed
	list   bool                           // as much of the list of ids as fits is written too
	listed int                            // lines of it
	light  light                          // how much the store holds
	erased bool
}

// draft is a page made ready to be written.
type draft struct {
	*repo.Page
	*trailing
	prev, hash, ids, body []byte // as stored
}

// Append writes pages, all in one transaction, and answers for each. Their index, ids and images
// follow: see tail.
func (s *Store) Append(ctx context.Context, pages []*repo.Page) []error {
	answers := make([]error, len(pages))
	if len(pages) == 0 {
		return answers
	}
	if err := repo.NeedSites(pages); err != nil {
		for i := range answers {
			answers[i] = err
		}
		return answers
	}
	drafts, err := makeDrafts(pages)
	if err == nil {
		err = s.write(ctx, len(pages), func(t *tx) (err error) {
			for i, d := range drafts {
				if answers[i], err = t.append(d); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err == nil {
		return answers
	}
	failed := make([]error, len(pages)) // answers may still be written to
	for i, p := range pages {
		failed[i] = fmt.Errorf("append %s: %w", repo.PageID(p.Site, p.First), unknown(err))
	}
	return failed
}

// makeDrafts makes pages ready, in the caller's goroutine: there is only one writer. It copies
// them, for the caller may use his again while an abandoned call is still being written.
func makeDrafts(pages []*repo.Page) ([]*draft, error) {
	drafts := make([]*draft, len(pages))
	for i, p := range pages {
		own := *p
		d := &draft{Page: &own, body: pack(p.Body)}
		var err error
		if d.trailing, err = trailingOf(&own); err != nil {
			return nil, err
		}
		d.prev, _ = digest(p.Prev) // the page is written only if this is a hash that is stored
		if d.hash, err = digest(p.Hash); err != nil {
			return nil, err
		}
		for _, h := range d.hashes {
			d.ids = binary.BigEndian.AppendUint64(d.ids, uint64(h)) //nolint:gosec // its bits
		}
		drafts[i] = d
	}
	return drafts, nil
}

// trailingOf is what has to be written behind a page.
func trailingOf(p *repo.Page) (*trailing, error) {
	images, err := imagesOf(p)
	if err != nil {
		return nil, err
	}
	t := &trailing{
		site: p.Site, first: p.First, last: p.Last, images: images, size: len(p.Body),
		hashes: make([]int64, len(p.Entries)),
	}
	for i, e := range p.Entries {
		t.hashes[i] = hashOf(p.Site, e.ID)
	}
	return t, nil
}

// append writes one page that follows the head of its site, or says why it cannot.
func (t *tx) append(d *draft) (answer, err error) {
	p := d.Page
	head, err := t.headOf(p.Site)
	if err != nil {
		return nil, err
	}
	if p.First != head.Last+1 || p.Prev != head.Hash {
		return t.explain(p)
	}
	for i, e := range p.Entries {
		ran, err := t.ran(p.Site, e.ID, d.hashes[i])
		if err != nil {
			return nil, err
		}
		same := func(other repo.Entry) bool { return other.ID == e.ID }
		if ran || slices.ContainsFunc(p.Entries[:i], same) {
			return refusal(p, repo.ErrIDTaken), nil
		}
	}
	r, err := t.insertPage.ExecContext(t.ctx, p.Site, p.First, p.Last, p.At.UnixMilli(), d.prev,
		d.hash, d.ids, d.body)
	if err != nil {
		return nil, err
	}
	if d.key, err = r.LastInsertId(); err != nil {
		return nil, err
	}
	for _, e := range p.Entries {
		if t.ids == nil {
			t.ids = make(map[commandKey]bool)
		}
		t.ids[commandKey{p.Site, e.ID}] = true
	}
	t.light.Row, t.light.Hash = d.key, p.Hash
	t.heads[p.Site] = p
	t.landed = append(t.landed, d.trailing)
	return nil, nil
}

// ran reports whether a command is in the journal: in this transaction, among those that are not
// listed yet, or in the list of ids. These go by hashes; the pages say whose a hash is.
func (t *tx) ran(site workflow.SiteID, id string, hash int64) (bool, error) {
	if t.ids[commandKey{site, id}] {
		return true, nil
	}
	var pages []*repo.Page
	for _, key := range t.store.unlisted.rowsWith(hash) {
		rows, err := t.row.QueryContext(t.ctx, key)
		found, err := collect(rows, err, scanPage)
		if err != nil {
			return false, err
		}
		pages = append(pages, found...)
	}
	rows, err := t.lookUp.QueryContext(t.ctx, hash)
	found, err := collect(rows, err, scanPage)
	if err != nil {
		return false, err
	}
	return pageWith(append(pages, found...), id) != nil, nil
}

// pageWith is the page of these, which are listed under its hash, that holds a command; nil when
// none does. A page that cannot be read, or is not as it was written, may be the one: whoever reads
// it is told so.
func pageWith(pages []*repo.Page, id string) *repo.Page {
	for _, p := range pages {
		if p.Entries == nil || repo.Chain(p.Prev, p.Body) != p.Hash ||
			slices.ContainsFunc(p.Entries, func(e repo.Entry) bool { return e.ID == id }) {
			return p
		}
	}
	return nil
}

// explain answers for a page that does not follow the head: it is there already, one of its
// commands is, or somebody else was first.
func (t *tx) explain(p *repo.Page) (answer, err error) {
	at, err := t.at(p.Site, p.First)
	if err != nil {
		return nil, err
	}
	if at == p.Hash {
		return nil, nil
	}
	for _, e := range p.Entries {
		ran, err := t.ran(p.Site, e.ID, hashOf(p.Site, e.ID))
		if err != nil {
			return nil, err
		}
		if ran {
			return refusal(p, repo.ErrIDTaken), nil
		}
	}
	return refusal(p, repo.ErrSeqTaken), nil
}

// at is the hash of the page that begins with a commit; "" when none does.
func (t *tx) at(site workflow.SiteID, first int64) (string, error) {
	query, args := t.pageAt, []any{site, first}
	for _, p := range slices.Concat(t.store.tail.of(site), t.landed) {
		if p.site == site && p.first == first {
			query, args = t.row, []any{p.key}
		}
	}
	rows, err := query.QueryContext(t.ctx, args...)
	pages, err := collect(rows, err, scanPage)
	if err != nil || len(pages) == 0 {
		return "", err
	}
	return pages[0].Hash, nil
}

func refusal(p *repo.Page, why error) error {
	return fmt.Errorf("append %s: %w", repo.PageID(p.Site, p.First), why)
}

// headOf is the last page of a site as this transaction sees it.
func (t *tx) headOf(site workflow.SiteID) (*repo.Page, error) {
	if p, ok := t.heads[site]; ok {
		return p, nil
	}
	if p, ok := t.store.heads.get(site); ok {
		return p, nil
	}
	query, arg := t.head, any(site)
	if trail := t.store.tail.of(site); len(trail) > 0 {
		query, arg = t.row, trail[len(trail)-1].key
	}
	rows, err := query.QueryContext(t.ctx, arg)
	pages, err := collect(rows, err, scanPage)
	if err != nil {
		return nil, fmt.Errorf("head of %s: %w", site, err)
	}
	if len(pages) == 0 {
		return &repo.Page{Site: site}, nil
	}
	return pages[0], nil
}

// exec runs a statement and counts the rows it changed.
func (t *tx) exec(s *sql.Stmt, args ...any) (int64, error) {
	r, err := s.ExecContext(t.ctx, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// unknown is err as the answer to an append: it wraps ErrUnknown unless it is certain that nothing
// was written.
func unknown(err error) error {
	if isOne(err, repo.ErrUnknown, repo.ErrClosed, repo.ErrStorageFull) {
		return err
	}
	return fmt.Errorf("%w: %w", repo.ErrUnknown, err)
}
