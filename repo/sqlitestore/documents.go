package sqlitestore

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// Mark is the number up to which a site's documents are written: here always the last commit's.
func (s *Store) Mark(ctx context.Context, site workflow.SiteID) (mark int64, err error) {
	err = s.readSite(ctx, site, "mark of "+string(site), func(p *pool) error {
		mark, err = s.mark(ctx, p, site)
		return err
	})
	return mark, err
}

func (s *Store) mark(ctx context.Context, p *pool, site workflow.SiteID) (int64, error) {
	if head, ok := s.heads.get(site); ok {
		return head.Last, nil
	}
	head, err := headOf(ctx, p.head, site)
	if err != nil {
		return 0, err
	}
	return head.Last, nil
}

// Load returns every open document of a site and its sites, staff and live rota records.
func (s *Store) Load(
	ctx context.Context, site workflow.SiteID,
) (docs []repo.Document, mark int64, err error) {
	err = s.readSite(ctx, site, "load "+string(site), func(p *pool) error {
		if mark, err = s.mark(ctx, p, site); err != nil {
			// the mark first: what is written meanwhile makes documents newer, never older
			return err
		}
		rows, err := p.board.QueryContext(ctx, site, workflow.LiveRotaRef(site).ID)
		if docs, err = collect(rows, err, scanDocument); err != nil {
			return err
		}
		return s.genuine(ctx, p, docs)
	})
	return docs, mark, err
}

// Read returns the named documents that exist. None is ever behind the journal.
func (s *Store) Read(
	ctx context.Context, site workflow.SiteID, _ int64, refs []workflow.Ref,
) (docs []repo.Document, err error) {
	err = s.readSite(ctx, site, "read documents of "+string(site), func(p *pool) error {
		for _, r := range refs {
			rows, err := p.image.QueryContext(ctx, r.Collection, site, r.ID)
			found, err := collect(rows, err, scanDocument)
			if err != nil {
				return fmt.Errorf("%s %s: %w", r.Collection, r.ID, err)
			}
			docs = append(docs, found...)
		}
		return s.genuine(ctx, p, docs)
	})
	return docs, err
}

// scanDocument reads the columns imageColumns.
func scanDocument(rows *sql.Rows) (d repo.Document, err error) {
	var doc []byte
	err = rows.Scan(&d.Collection, &d.Site, &d.ID, &d.Seq, &d.Open, &doc)
	d.Doc = doc
	return d, err
}
