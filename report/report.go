// Package report computes the figures of a sales office: conversion, receptions, turns, waiting.
// Every figure is computed here and nowhere else, from visits and rota tables that a store streams,
// in bounded memory; the API and `lunpai export` write the result. (On MongoDB there are views of
// the same names for those who query it directly; a test compares them with this package.)
//
// Reports contain no personal data: only ids of staff, codes, numbers and days.
package report

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/lunpai/lunpai/explain"
	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// Query asks for a report.
type Query struct {
	Report string
	Site   workflow.SiteID
	// From and To are business days, both included; empty: from the first, to the last.
	From, To workflow.Date
	// GroupBy names the dimensions of the rows, in this order; none: the report's own.
	GroupBy []string
	// Own limits the report to one consultant; nil means everybody. An empty id is refused.
	Own *workflow.StaffID
}

// Column is a field of every row. explain.Column says what it holds.
type Column struct {
	// Name of the column, and of the member of a row.
	Name string `json:"name"`
	// What kind of values the column has.
	Type Type `json:"type"`
}

// About is a column with what it holds.
type About struct {
	Column
	// What the column holds, in the language of Accept-Language.
	Holds string `json:"holds"`
}

// Type is what a column holds. Every value may be nil (null, or empty) where there is none.
type Type string

// The types.
const (
	Text    Type = "text"    // a code, an id, a day
	Integer Type = "integer" // a number of something
	Fen     Type = "fen"     // money
	Seconds Type = "seconds"
	Ratio   Type = "ratio" // rounded to four decimals
	Bool    Type = "bool"
	Time    Type = "time" // UTC
)

// Error is a query that cannot be answered. Its words are those of explain.Problem.
type Error struct {
	Key  string // the problem's code, or code/cause
	Args map[string]string
}

func (e *Error) Error() string {
	_, detail, fix := explain.Problem(explain.En, e.Key, e.Args)
	return detail + ". " + fix
}

// refuse makes an Error of a problem's key and the names and values of its arguments.
func refuse(key string, args ...string) *Error {
	e := &Error{Key: key, Args: map[string]string{}}
	for i := 0; i+1 < len(args); i += 2 {
		e.Args[args[i]] = args[i+1]
	}
	return e
}

// definition describes one report.
type definition struct {
	name  string
	by    []string // its own dimensions
	may   []string // dimensions that a query may name
	holds []Column // columns behind the dimensions
	// only the visits that the report is about; nil: all.
	only func(*workflow.Visit) bool
	// whose says whose visit it is when a consultant asks for his own; nil: the principal's.
	whose func(*workflow.Visit) workflow.StaffID
	tally func() tally
	// turns: the entries are turns of units, not visits.
	turns bool
	// desk is where the entries of a report about the service desk come from, in no order of days;
	// nil: the report is about reception.
	desk func(context.Context, repo.Documents, Query, func(*entry) error) error
	// floor: the report makes sense only for the whole floor, not for one consultant.
	floor bool
}

// tally adds up what belongs to one row.
type tally interface {
	add(e *entry)
	// row appends the values of the columns; nil when there is nothing to report.
	row(to []any) []any
}

// Report is a report that was requested.
type Report struct {
	Query
	Columns []Column
	defined *definition
	dims    []dimension
}

// New checks a query. Its error is an *Error.
func New(q Query) (*Report, error) {
	i := slices.IndexFunc(definitions, func(d *definition) bool { return d.name == q.Report })
	if i < 0 {
		return nil, refuse("not_found/report", "words", strings.Join(Names(), ", "))
	}
	r := &Report{Query: q, defined: definitions[i]}
	if err := r.checkDays(); err != nil {
		return nil, err
	}
	switch {
	case r.Own == nil:
	case *r.Own == "":
		return nil, refuse("bad_own")
	case r.defined.floor:
		return nil, refuse("role/whole_floor", "report", r.defined.name)
	}
	if len(r.GroupBy) == 0 {
		r.GroupBy = r.defined.by
	}
	for i, name := range r.GroupBy {
		if !slices.Contains(r.defined.may, name) || slices.Contains(r.GroupBy[:i], name) {
			return nil, r.badGroup(i + 1)
		}
		d := dimensions[name]
		r.dims = append(r.dims, d)
		r.Columns = append(r.Columns, Column{name, d.holds})
	}
	if len(r.dims) > maxDimensions {
		return nil, r.badGroup(len(r.dims))
	}
	r.Columns = append(r.Columns, r.defined.holds...)
	return r, nil
}

const (
	// maxDimensions bounds what one query groups by.
	maxDimensions = 3
	// maxGroups bounds how many rows are added up at once.
	maxGroups = 100_000
)

// badGroup says by its position which name in group_by is wrong: the name itself may be anything.
func (r *Report) badGroup(place int) error {
	if len(r.defined.may) == 0 {
		return refuse("bad_group_by/none", "report", r.defined.name)
	}
	return refuse("bad_group_by", "place", strconv.Itoa(place), "max", strconv.Itoa(maxDimensions),
		"words", strings.Join(r.defined.may, ", "))
}

func (r *Report) checkDays() error {
	for _, d := range []workflow.Date{r.From, r.To} {
		if d != "" && !d.Valid() {
			return refuse("bad_date")
		}
	}
	if r.From != "" && r.To != "" && r.To < r.From {
		return refuse("bad_range")
	}
	return nil
}

// Rows computes the report and calls f for each of its rows, in order of the dimensions; f must not
// keep the row. If the first dimension is a period of time, its rows come as soon as the period is
// complete; all others come at the end. The error is f's, the store's, or an *Error when the query
// makes too many groups.
func (r *Report) Rows(ctx context.Context, docs repo.Documents, f func(row []any) error) error {
	g := &groups{of: r, open: map[string]*group{}, emit: f}
	source := visits
	switch {
	case r.defined.turns:
		source = turns
	case r.defined.desk != nil:
		source = r.defined.desk
	}
	err := source(ctx, docs, r.Query, func(e *entry) error {
		if r.defined.desk != nil && !r.ofDesk(e) || r.defined.desk == nil && !r.about(e.visit) {
			return nil
		}
		return g.take(e)
	})
	if err != nil {
		return err
	}
	return g.flush()
}

// about reports whether a visit belongs in the report. For turns the source decides.
func (r *Report) about(v *workflow.Visit) bool {
	d := r.defined
	switch {
	case d.turns:
		return true
	case d.only != nil && !d.only(v):
		return false
	case r.Own == nil:
		return true
	case d.whose != nil:
		return d.whose(v) == *r.Own
	}
	return v.Principal == *r.Own
}

// ofDesk reports whether an entry of the service desk belongs in the report.
func (r *Report) ofDesk(e *entry) bool {
	return (r.From == "" || e.day >= r.From) && (r.To == "" || e.day <= r.To) &&
		(r.Own == nil || e.staff == *r.Own)
}

// OfDesk reports whether a report is about the service desk.
func OfDesk(name string) bool {
	return slices.ContainsFunc(definitions, func(d *definition) bool {
		return d.name == name && d.desk != nil
	})
}

// Info describes a report to those who want to request it.
type Info struct {
	// Name of the report, as its address has it.
	Name string `json:"name"`
	// Title in the language of Accept-Language.
	Title string `json:"title"`
	// Dimensions by which the report is grouped unless group_by says otherwise.
	GroupBy []string `json:"group_by"`
	// Dimensions that group_by may name; none for a report that is not grouped.
	Dimensions []About `json:"dimensions"`
	// Columns behind the dimensions.
	Columns []About `json:"columns"`
}

// List describes every report.
func List(lang explain.Lang) []Info {
	list := make([]Info, len(definitions))
	for i, d := range definitions {
		list[i] = Info{
			Name: d.name, Title: explain.Report(lang, d.name), GroupBy: orEmpty(d.by),
			Dimensions: []About{},
		}
		for _, name := range d.may {
			c := Column{name, dimensions[name].holds}
			list[i].Dimensions = append(list[i].Dimensions, About{c, explain.Column(lang, name)})
		}
		for _, c := range d.holds {
			list[i].Columns = append(list[i].Columns, About{c, explain.Column(lang, c.Name)})
		}
	}
	return list
}

func orEmpty(names []string) []string { return append([]string{}, names...) }

// Names lists the reports.
func Names() []string {
	names := make([]string, len(definitions))
	for i, d := range definitions {
		names[i] = d.name
	}
	return names
}
