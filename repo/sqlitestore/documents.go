package sqlitestore

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// Mark is the contiguous number up to which a site's documents are written: here always the last commit's.
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
func (s *Store) Load(ctx context.Context, site workflow.SiteID) (docs []repo.Document, mark int64, err error) {
	err = s.readSite(ctx, site, "load "+string(site), func(p *pool) error {
		if mark, err = s.mark(ctx, p, site); err != nil { // first the mark: what is written meanwhile makes documents newer, never older
			return err
		}
		rows, err := p.board.QueryContext(ctx, site, workflow.LiveRotaRef(site).ID)
		docs, err = collect(rows, err, scanDocument)
		return err
	})
	return docs, mark, err
}

// Read returns the named documents that exist. None is ever behind the journal.
func (s *Store) Read(ctx context.Context, site workflow.SiteID, _ int64, refs []workflow.Ref) (docs []repo.Document, err error) {
	err = s.readSite(ctx, site, "read documents of "+string(site), func(p *pool) error {
		for _, r := range refs {
			rows, err := p.image.QueryContext(ctx, r.Collection, site, r.ID)
			found, err := collect(rows, err, scanDocument)
			if err != nil {
				return fmt.Errorf("%s %s: %w", r.Collection, r.ID, err)
			}
			docs = append(docs, found...)
		}
		return nil
	})
	return docs, err
}

// filters are the fields a query may compare.
var filters = []string{"state", "business_day", "customer", "owner", "status", "principal", "server", "kind"}

// List answers a query.
func (s *Store) List(ctx context.Context, q repo.Query) (docs []repo.Document, mark int64, err error) {
	text, args, err := listing(q)
	if err != nil {
		return nil, 0, fmt.Errorf("list %s of %s: %w", q.Collection, q.Site, err)
	}
	err = s.readSite(ctx, q.Site, fmt.Sprintf("list %s of %s", q.Collection, q.Site), func(p *pool) error {
		if mark, err = s.mark(ctx, p, q.Site); err != nil {
			return err
		}
		rows, err := p.db.QueryContext(ctx, text, args...)
		docs, err = collect(rows, err, scanDocument)
		return err
	})
	return docs, mark, err
}

// listing is a query as SQL. Nothing of the caller's stands in the text: fields come from filters, values are arguments.
func listing(q repo.Query) (string, []any, error) {
	where := []string{"collection = ?", "site = ?"}
	args := []any{q.Collection, q.Site}
	add := func(term string, arg any) {
		where = append(where, term)
		args = append(args, arg)
	}
	for _, field := range slices.Sorted(maps.Keys(q.Equal)) {
		if !slices.Contains(filters, field) {
			return "", nil, fmt.Errorf("cannot be filtered by %q", field)
		}
		add(column(q.Collection, field)+" = ?", q.Equal[field])
	}
	if q.From != "" {
		add(column(q.Collection, "business_day")+" >= ?", q.From)
	}
	if q.To != "" {
		add(column(q.Collection, "business_day")+" <= ?", q.To)
	}
	order := "id"
	switch {
	case q.Descending:
		order = "id DESC"
		if q.After != "" {
			add("id < ?", q.After)
		}
	case q.After != "":
		add("id > ?", q.After)
	}
	limit := q.Limit
	if limit <= 0 {
		limit = -1
	}
	args = append(args, limit)
	return `SELECT ` + imageColumns + ` FROM images WHERE ` + strings.Join(where, " AND ") + ` ORDER BY ` + order + ` LIMIT ?`, args, nil
}

// column is where a field of a document is compared.
func column(c workflow.Collection, field string) string {
	switch field {
	case listed[c].day:
		return "day"
	case listed[c].who:
		return "who"
	}
	return "doc ->> '$." + field + "'"
}

// scanDocument reads the columns imageColumns.
func scanDocument(rows *sql.Rows) (d repo.Document, err error) {
	var doc []byte
	err = rows.Scan(&d.Collection, &d.Site, &d.ID, &d.Seq, &d.Open, &doc)
	d.Doc = doc
	return d, err
}
