package sqlitestore

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// mostParts is how many parts one statement has; SQLite allows 500.
const mostParts = 400

// Asked returns the records that an agenda asks for, from the tail and the file. None is ever
// behind the journal.
func (s *Store) Asked(
	ctx context.Context, site workflow.SiteID, _ int64, ask workflow.Ask, limit int,
) (docs []repo.Document, err error) {
	m, err := repo.NeedMoment(ask, limit)
	if err != nil {
		return nil, err
	}
	whose := slices.Compact(slices.Sorted(slices.Values(ask.Whose)))
	err = s.readSite(ctx, site, fmt.Sprintf("ask for %s of %s", ask.Collection, site),
		func(p *pool) error {
			// the tail before the file: what is written meanwhile is found twice, never missed
			trail := s.tail.imagesOf(site)
			maps.DeleteFunc(trail, func(r workflow.Ref, _ *image) bool {
				return r.Collection != ask.Collection
			})
			var found []asked
			for some := range slices.Chunk(whose, mostParts) {
				// as many more as may be out of date
				text, args := asking(site, m, ask, some, limit+len(trail))
				rows, err := p.db.QueryContext(ctx, text, args...)
				part, err := collect(rows, err, scanAsked)
				if err != nil {
					return err
				}
				found = append(found, part...)
			}
			found, err := askedNow(found, trail, ask)
			if err != nil {
				return err
			}
			var stored []repo.Document
			for _, f := range firstAsked(found, limit) {
				docs = append(docs, f.Document)
				if !f.trails {
					stored = append(stored, f.Document)
				}
			}
			return s.genuine(ctx, p, stored)
		})
	return docs, err
}

// asked is a document and the text by which its moment is ordered.
type asked struct {
	repo.Document
	at     string
	trails bool // it is not from the file
}

// askedNow puts what trails over what the file answers.
func askedNow(
	found []asked, trail map[workflow.Ref]*image, ask workflow.Ask,
) (now []asked, err error) {
	for _, f := range found {
		if newer := trail[f.Ref]; newer == nil || newer.seq <= f.Seq {
			delete(trail, f.Ref)
			now = append(now, f)
		}
	}
	for _, i := range trail {
		r, err := workflow.Decode(i.Image)
		if err != nil {
			return nil, fmt.Errorf("%w: %s %s: %w", repo.ErrCorrupt, i.Collection, i.ID, err)
		}
		if ask.Holds(r) {
			_, at := ask.By.Of(r)
			now = append(now, asked{i.document(), momentText(at), true})
		}
	}
	return now, nil
}

func scanAsked(rows *sql.Rows) (a asked, err error) {
	var doc []byte
	err = rows.Scan(&a.Collection, &a.Site, &a.ID, &a.Seq, &a.Open, &doc, &a.at)
	a.Doc = doc
	return a, err
}

// firstAsked are the first of several statements' answers.
func firstAsked(all []asked, limit int) []asked {
	slices.SortStableFunc(all, func(x, y asked) int {
		return strings.Compare(x.at+"\x00"+x.ID, y.at+"\x00"+y.ID)
	})
	return all[:min(limit, len(all))]
}

// asking is an Ask as SQL: one part for everybody, each in the order of its index, merged.
func asking(
	site workflow.SiteID, m repo.Moment, ask workflow.Ask, whose []string, limit int,
) (text string, args []any) {
	who, at := momentKeys("i.", m)
	var parts []string
	for _, x := range whose {
		part := `SELECT i.collection, i.site, i.id AS id, i.seq, i.open, i.doc, ` + at + ` AS at ` +
			`FROM images i INDEXED BY ` + string(m.Collection) + `_` + string(m.By) +
			` WHERE i.collection = '` + string(m.Collection) +
			`' AND NOT i.open AND i.site = ? AND ` + who + ` = ? AND ` + at + ` >= ?`
		if m.By == workflow.ByGiven {
			part += ` AND i.doc ->> '$.` + m.At + `' IS NOT NULL`
		}
		args = append(args, site, x, momentText(ask.From))
		if !ask.To.IsZero() {
			part, args = part+` AND `+at+` < ?`, append(args, momentText(ask.To))
		}
		if ask.Status != nil {
			part += ` AND +(i.doc ->> '$.status') IN (?` +
				strings.Repeat(`, ?`, len(ask.Status)-1) + `)`
			for _, v := range ask.Status {
				args = append(args, v)
			}
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, " UNION ALL ") + " ORDER BY at, id LIMIT ?", append(args, limit)
}

// momentKeys are the SQL for whose a document is, and for its moment. Times end in Z after a
// fraction of any length: without the Z they are in order.
func momentKeys(table string, m repo.Moment) (who, at string) {
	who = table + "doc ->> '$." + m.Whose + "'"
	if listed[m.Collection].who == m.Whose {
		who = table + "who"
	}
	return who, "rtrim(" + table + "doc ->> '$." + m.At + "', 'Z')"
}

// momentText is a moment as momentKeys orders it; the zero comes before all.
func momentText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return strings.TrimSuffix(t.UTC().Format(time.RFC3339Nano), "Z")
}
