package sqlitestore

import (
	"context"
	"database/sql"
	"fmt"
	"math"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// Mark is the number up to which a site's documents can be read: the last commit's. Those that are
// not in the file yet are read from the tail.
func (s *Store) Mark(ctx context.Context, site workflow.SiteID) (mark int64, err error) {
	err = s.readSite(ctx, site, "mark of "+string(site), func(p *pool) error {
		pages, err := s.before(ctx, p, site, math.MaxInt64, 1)
		if len(pages) > 0 {
			mark = pages[0].Last
		}
		return err
	})
	return mark, err
}

// siteMarkOf is the number up to which a site's documents are in the file.
func (p *pool) siteMarkOf(ctx context.Context, site workflow.SiteID) (mark int64, err error) {
	err = p.siteMark.QueryRowContext(ctx, site).Scan(&mark)
	if errNoRows(err) {
		return 0, nil
	}
	return mark, err
}

// Load returns every open document of a site and its sites, staff and live rota records, from the
// tail and the file.
func (s *Store) Load(
	ctx context.Context, site workflow.SiteID,
) (docs []repo.Document, mark int64, err error) {
	err = s.readSite(ctx, site, "load "+string(site), func(p *pool) error {
		// the mark first, the tail next: what is written meanwhile makes documents newer, never
		// older
		head, err := s.before(ctx, p, site, math.MaxInt64, 1)
		if err != nil {
			return err
		}
		if len(head) > 0 {
			mark = head[0].Last
		}
		trail := s.tail.imagesOf(site)
		rows, err := p.board.QueryContext(ctx, site, workflow.LiveRotaRef(site).ID)
		stored, err := collect(rows, err, scanDocument)
		if err != nil {
			return err
		}
		for _, d := range stored {
			if newer := trail[d.Ref]; newer != nil && newer.seq > d.Seq {
				continue
			}
			delete(trail, d.Ref)
			docs = append(docs, d)
		}
		if err := s.genuine(ctx, p, docs); err != nil {
			return err
		}
		for _, i := range trail {
			if i.Open || i.Collection == workflow.Sites || i.Collection == workflow.StaffList ||
				i.Ref == workflow.LiveRotaRef(site) {
				docs = append(docs, i.document())
			}
		}
		return nil
	})
	return docs, mark, err
}

// Read returns the named documents that exist, from the tail or the file. None is ever behind the
// journal.
func (s *Store) Read(
	ctx context.Context, site workflow.SiteID, _ int64, refs []workflow.Ref,
) (docs []repo.Document, err error) {
	err = s.readSite(ctx, site, "read documents of "+string(site), func(p *pool) error {
		var stored []repo.Document
		for _, r := range refs {
			if i := s.tail.image(site, r); i != nil {
				docs = append(docs, i.document())
				continue
			}
			rows, err := p.image.QueryContext(ctx, r.Collection, site, r.ID)
			found, err := collect(rows, err, scanDocument)
			if err != nil {
				return fmt.Errorf("%s %s: %w", r.Collection, r.ID, err)
			}
			docs, stored = append(docs, found...), append(stored, found...)
		}
		return s.genuine(ctx, p, stored)
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
