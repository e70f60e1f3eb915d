package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// A list is read in two parts, which are merged: what is open, which is never much, through the
// index of open documents, and the rest through the index of one condition. That index holds closed
// documents only: they hardly change any more, so a step of a visit does not touch it.

// List answers a query.
func (s *Store) List(ctx context.Context, q repo.Query) (l repo.Listing, err error) {
	text, args, err := listing(q)
	if err != nil {
		return l, err
	}
	what := fmt.Sprintf("list %s of %s", q.Collection, q.Site)
	complete, trails := s.tail.without(q.Site, q.Collection)
	if trails {
		if err := s.flush(ctx); err != nil {
			if ctx.Err() != nil {
				return l, fmt.Errorf("%s: %w", what, err)
			}
			// a list of what is in the file, which says up to where it reaches, is better than none
			s.log.DebugContext(ctx, "sqlite: listed without what trails", "error", err)
		}
	}
	err = s.readSite(ctx, q.Site, what,
		func(p *pool) error {
			if l.Mark, err = p.siteMarkOf(ctx, q.Site); err != nil {
				return err
			}
			l.Mark = max(l.Mark, complete)
			rows, err := p.db.QueryContext(ctx, text, args...)
			if err != nil {
				return err
			}
			l.Docs, l.Next, err = gather(rows, q.Limit)
			err = errors.Join(err, rows.Close()) //nolint:sqlclosecheck // before the next read
			if err != nil {
				return err
			}
			return s.genuine(ctx, p, l.Docs)
		})
	return l, err
}

// gather reads rows of a listing until there are enough or the budget is used up.
func gather(rows *sql.Rows, limit int) (docs []repo.Document, next repo.Place, err error) {
	var at repo.Place
	for looked := 0; rows.Next(); {
		if len(docs) == limit || looked == repo.ListBudget {
			return docs, at, nil
		}
		var d repo.Document
		var doc []byte
		var day sql.NullString
		if err := rows.Scan(&d.Collection, &d.Site, &d.ID, &d.Seq, &d.Open, &doc,
			&day); err != nil {
			return nil, next, err
		}
		if d.ID == at.ID {
			continue // one visit of two who are asked for
		}
		looked++
		at = repo.Place{ID: d.ID}
		if d.Collection == workflow.Visits {
			at.Day = workflow.Date(day.String)
		}
		if doc != nil {
			d.Doc = doc
			docs = append(docs, d)
		}
	}
	return docs, next, rows.Err()
}

// query is an SQL statement being built. Its text holds nothing of a caller's: collections and
// fields are the program's own, values are arguments.
type query struct {
	repo.Query
	by   string
	rest []string
	args []any
}

// listing is a query as SQL: rows in the list's order, with null in place of the documents that do
// not pass.
func listing(of repo.Query) (string, []any, error) {
	by, rest, err := of.Plan()
	if err != nil {
		return "", nil, err
	}
	if !slices.Contains(workflow.Collections, of.Collection) {
		return "", nil, fmt.Errorf("no collection of records: %q", of.Collection)
	}
	q := &query{Query: of, by: by, rest: rest}
	var parts []string
	if of.Open == nil || *of.Open {
		parts = append(parts, q.open())
	}
	if of.Open == nil || !*of.Open {
		switch values := of.In[by]; {
		case by == repo.Of:
			parts = append(parts, q.ofStaff(string(of.Of)))
		case q.byStaff():
			for _, v := range values {
				parts = append(parts, q.ofStaff(v))
			}
		case by == "":
			parts = append(parts, q.closed(""))
		default:
			for _, v := range values {
				parts = append(parts, q.closed(v))
			}
		}
	}
	order := "id"
	if q.byDay() {
		order = "day, id"
	}
	if of.Descending {
		order = strings.ReplaceAll(order, ",", " DESC,") + " DESC"
	}
	limit := of.Limit
	if len(rest) > 0 || by == repo.Of || q.byStaff() { // not every row passes
		limit = repo.ListBudget
	}
	q.args = append(q.args, limit+1)
	return strings.Join(parts, " UNION ALL ") + " ORDER BY " + order + " LIMIT ?", q.args, nil
}

// byStaff reports whether the closed visits of somebody in one role are read: in each they are
// found among all in which he takes part.
func (q *query) byStaff() bool {
	return q.Collection == workflow.Visits &&
		(q.by == "principal" || q.by == "server" || q.by == "assistants")
}

func (q *query) byDay() bool { return q.Collection == workflow.Visits }

// arg adds an argument and returns its placeholder.
func (q *query) arg(v any) string {
	q.args = append(q.args, v)
	return "?"
}

// shown are the columns of a row; the document only when it passes. Place and order come from a
// table.
func (q *query) shown(from, passes string) string {
	return `SELECT i.collection, i.site, ` + from + `.id AS id, i.seq, i.open, ` + passes + `, ` +
		from + `.day AS day`
}

// open is the part of open documents.
func (q *query) open() string {
	text := q.shown("i", "i.doc") +
		` FROM images i INDEXED BY images_open WHERE i.open AND i.site = ` + q.arg(q.Site) +
		` AND i.collection = '` + string(q.Collection) + `'`
	if q.by != "" {
		for _, field := range append([]string{q.by}, q.rest...) {
			text += " AND " + q.passes(field)
		}
	}
	return text + q.within("i")
}

// closed is the part of closed documents with one value of the condition by which the query is
// read.
func (q *query) closed(value string) string {
	text := q.shown("i", q.compared()) + ` FROM images i WHERE i.collection = '` +
		string(q.Collection) + `' AND NOT i.open AND i.site = ` + q.arg(q.Site)
	if q.by != "" {
		text += " AND " + expression("i", q.Collection, q.by) + " = " + q.arg(value)
	}
	return text + q.within("i")
}

// ofStaff is the part of closed visits in which somebody takes part. The table finds them; the
// document says in what role.
func (q *query) ofStaff(who string) string {
	passes := q.rest
	defer func() { q.rest = passes }()
	q.rest = append([]string{q.by}, passes...)
	return q.shown("s", q.compared()) +
		` FROM visit_staff s CROSS JOIN images i ON i.collection = 'visits' AND i.site = s.site ` +
		`AND i.id = s.id
		WHERE s.site = ` + q.arg(q.Site) + ` AND s.staff = ` + q.arg(who) +
		` AND NOT i.open AND i.day = s.day` + q.within("s")
}

// compared is the document where the remaining conditions hold, else null.
func (q *query) compared() string {
	if len(q.rest) == 0 {
		return "i.doc"
	}
	var terms []string
	for _, field := range q.rest {
		terms = append(terms, q.passes(field))
	}
	return "CASE WHEN " + strings.Join(terms, " AND ") + " THEN i.doc END"
}

// passes compares one condition. The plus keeps the planner away from the field's index.
func (q *query) passes(field string) string {
	const assists = `EXISTS (SELECT 1 FROM json_each(i.doc, '$.assistants') WHERE value IN `
	switch {
	case field == repo.Of:
		me := string(q.Of)
		return `(+(i.doc ->> '$.server') = ` + q.arg(me) + ` OR +(i.doc ->> '$.principal') = ` +
			q.arg(me) + ` OR ` + assists + `(` + q.arg(me) + `)))`
	case slices.Contains(repo.Lists, field):
		return assists + q.values(field) + `)`
	}
	return `+(` + expression("i", q.Collection, field) + `) IN ` + q.values(field)
}

func (q *query) values(field string) string {
	var places []string
	for _, v := range q.In[field] {
		places = append(places, q.arg(v))
	}
	return "(" + strings.Join(places, ", ") + ")"
}

// within are the days, and the place to continue after.
func (q *query) within(from string) string {
	text := ""
	day, id := from+".day", from+".id"
	term := func(left, op string, right any) {
		text += " AND " + left + " " + op + " " + q.arg(right)
	}
	after, op := q.After, ">"
	if q.Descending {
		op = "<"
	}
	if !q.byDay() {
		if after.ID != "" {
			term(id, op, after.ID)
		}
		return text
	}
	text += " AND " + day + " IS NOT NULL"
	if after != (repo.Place{}) {
		text += " AND (" + day + ", " + id + ") " + op + " (" + q.arg(after.Day) + ", " +
			q.arg(after.ID) + ")"
	}
	if q.From != "" && (q.Descending || q.From > after.Day) {
		term(day, ">=", q.From)
	}
	if q.To != "" && (!q.Descending || after.Day == "" || q.To < after.Day) {
		term(day, "<=", q.To)
	}
	return text
}

// expression is the SQL for a field of a document: its column if it is copied to one, else taken
// from the text.
func expression(table string, c workflow.Collection, field string) string {
	switch field {
	case listed[c].day:
		return table + ".day"
	case listed[c].who:
		return table + ".who"
	}
	return table + ".doc ->> '$." + field + "'"
}
