package sqlitestore

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// wakeKey is the SQL for the moment at which the service looks at a record by itself.
const wakeKey = `rtrim(doc ->> '$.` + repo.WakePath + `', 'Z')`

// wakes is the SQL condition for records that the service looks at by itself.
func wakes() string {
	names := make([]string, len(workflow.Wakers))
	for i, c := range workflow.Wakers {
		names[i] = "'" + string(c) + "'"
	}
	return `collection IN (` + strings.Join(names, ", ") + `) AND doc ->> '$.` + repo.WakePath +
		`' IS NOT NULL`
}

// wakeIndex is the index over those moments at all sites.
func wakeIndex() addition {
	return addition{
		make: `CREATE INDEX images_wake ON images (` + wakeKey + `, id) WHERE ` + wakes(),
	}
}

// dueQuery reads what is due up to ?1, from behind id ?3 of the moment ?2 on.
//
//nolint:gosec // made of the program's own words
var dueQuery = `SELECT ` + imageColumns + ` FROM images INDEXED BY images_wake WHERE ` + wakes() +
	` AND ` + wakeKey + ` <= ?1 AND ` + wakeKey + ` >= ?2 AND (` + wakeKey +
	` > ?2 OR id > ?3) ORDER BY ` + wakeKey + `, id LIMIT ?4`

// DueAll returns the records of all sites that the service has to look at by itself, from the tail
// and the file. None is ever behind the journal.
func (s *Store) DueAll(
	ctx context.Context, before time.Time, after repo.Waking, limit int,
) (docs []repo.Document, err error) {
	err = s.read(ctx, "what is due", func(p *pool) error {
		trail := s.tail.wakers() // before the file: see Asked
		rows, err := p.db.QueryContext(ctx, dueQuery, momentText(before), momentText(after.At),
			after.ID, limit+len(trail))
		stored, err := collect(rows, err, scanDocument)
		if err != nil {
			return err
		}
		stored = slices.DeleteFunc(stored, func(d repo.Document) bool {
			newer, ok := trail[spotOf(d)]
			return ok && newer.Seq > d.Seq
		})
		docs, err = dueNow(stored, trail, before, after, limit)
		if err != nil {
			return err
		}
		return s.genuine(ctx, p, slices.DeleteFunc(slices.Clone(docs), func(d repo.Document) bool {
			_, trails := trail[spotOf(d)]
			return trails
		}))
	})
	return docs, err
}

// spot is where a document is stored.
type spot struct {
	site workflow.SiteID
	ref  workflow.Ref
}

func spotOf(d repo.Document) spot { return spot{d.Site, d.Ref} }

// wakers are the newest images that trail of records that the service may look at by itself.
func (t *tail) wakers() map[spot]repo.Document {
	all := map[spot]repo.Document{}
	for _, c := range workflow.Wakers {
		for _, site := range t.sitesWith(c) {
			for _, d := range t.documents(site, c) {
				all[spotOf(d)] = d
			}
		}
	}
	return all
}

// dueNow are the first of what is stored and what trails, in order of the moment.
func dueNow(
	stored []repo.Document, trail map[spot]repo.Document, before time.Time, after repo.Waking,
	limit int,
) ([]repo.Document, error) {
	type waiting struct {
		repo.Document
		at repo.Waking
	}
	var all []waiting
	seen := map[spot]bool{}
	for _, d := range slices.Concat(stored, slices.Collect(maps.Values(trail))) {
		at, err := d.Waking()
		if err != nil {
			return nil, err
		}
		if at.At.IsZero() || at.At.After(before) || at.Compare(after) <= 0 || seen[spotOf(d)] {
			continue
		}
		seen[spotOf(d)] = true
		all = append(all, waiting{d, at})
	}
	slices.SortFunc(all, func(x, y waiting) int { return x.at.Compare(y.at) })
	var docs []repo.Document
	for _, w := range all[:min(limit, len(all))] {
		docs = append(docs, w.Document)
	}
	return docs, nil
}
