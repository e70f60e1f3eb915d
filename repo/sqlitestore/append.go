package sqlitestore

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

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
	light  light                          // how much the store holds with it
	erased bool
}

// Append writes pages and the images they leave, all in one transaction, and answers for each.
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
	// the caller may use his pages again while an abandoned call is still being written
	own := make([]repo.Page, len(pages))
	for i, p := range pages {
		own[i] = *p
	}
	err := s.write(ctx, len(pages), func(t *tx) (err error) {
		for i := range own {
			if answers[i], err = t.append(&own[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		return answers
	}
	failed := make([]error, len(pages)) // answers may still be written to
	for i, p := range pages {
		failed[i] = fmt.Errorf("append %s: %w", repo.PageID(p.Site, p.First), unknown(err))
	}
	return failed
}

// append writes one page that follows the head of its site, or says why it cannot.
func (t *tx) append(p *repo.Page) (answer, err error) {
	head, err := t.headOf(p.Site)
	if err != nil {
		return nil, err
	}
	if p.First != head.Last+1 || p.Prev != head.Hash {
		return t.explain(p)
	}
	for i, e := range p.Entries {
		if n, err := t.exec(t.insertID, p.Site, e.ID, p.First); err != nil {
			return nil, err
		} else if n == 0 {
			return refusal(p, repo.ErrIDTaken), t.withdraw(p, i)
		}
	}
	entries, err := json.Marshal(p.Entries)
	if err != nil {
		return nil, err
	}
	r, err := t.insertPage.ExecContext(t.ctx, p.Site, p.First, p.Last, p.At.UnixMilli(), p.Prev,
		p.Hash, string(entries), string(p.Body))
	if err != nil {
		return nil, err
	}
	if t.light.Row, err = r.LastInsertId(); err != nil {
		return nil, err
	}
	t.light.Hash = p.Hash
	t.heads[p.Site] = p
	return nil, t.project(p)
}

// explain answers for a page that does not follow the head: it is there already, one of its
// commands is, or somebody else was first.
func (t *tx) explain(p *repo.Page) (answer, err error) {
	var hash string
	err = t.pageAt.QueryRowContext(t.ctx, p.Site, p.First).Scan(&hash)
	if err == nil && hash == p.Hash {
		return nil, nil
	}
	if err != nil && !errNoRows(err) {
		return nil, err
	}
	for _, e := range p.Entries {
		var first int64
		switch err := t.findID.QueryRowContext(t.ctx, p.Site, e.ID).Scan(&first); {
		case err == nil:
			return refusal(p, repo.ErrIDTaken), nil
		case !errNoRows(err):
			return nil, err
		}
	}
	return refusal(p, repo.ErrSeqTaken), nil
}

// withdraw removes the first n ids of a page that cannot be written.
func (t *tx) withdraw(p *repo.Page, n int) error {
	for _, e := range p.Entries[:n] {
		if _, err := t.exec(t.deleteID, p.Site, e.ID); err != nil {
			return err
		}
	}
	return nil
}

func refusal(p *repo.Page, why error) error {
	return fmt.Errorf("append %s: %w", repo.PageID(p.Site, p.First), why)
}

// headOf is the last page of a site as this transaction sees it.
func (t *tx) headOf(site workflow.SiteID) (*repo.Page, error) {
	if p, ok := t.heads[site]; ok {
		return p, nil
	}
	p, ok := t.store.heads.get(site)
	if !ok {
		var err error
		if p, err = headOf(t.ctx, t.head, site); err != nil {
			return nil, err
		}
	}
	return p, nil
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
