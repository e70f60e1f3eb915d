package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/lunpai/lunpai/workflow"
)

// groups adds entries up by the dimensions of a report.
type groups struct {
	of    *Report
	open  map[string]*group
	first any // the value of the first dimension, if it is a period of time
	emit  func([]any) error
	row   []any
	by    []any
}

type group struct {
	by    []any
	tally tally
}

// take adds an entry to its group. Entries come in order of their days: when a period is over, its
// rows are complete. A report without dimensions has a row for every entry.
func (g *groups) take(e *entry) error {
	dims := g.of.dims
	if len(dims) == 0 {
		g.open[""] = &group{tally: g.of.defined.tally()}
		g.open[""].tally.add(e)
		return g.flush()
	}
	g.by = g.by[:0]
	for _, d := range dims {
		g.by = append(g.by, d.of(e))
	}
	if dims[0].stretch && g.of.defined.desk == nil && g.by[0] != g.first {
		if err := g.flush(); err != nil {
			return err
		}
		g.first = g.by[0]
	}
	key := keyOf(g.by)
	to := g.open[key]
	if to == nil {
		if len(g.open) == maxGroups {
			return refuse("too_many_groups", "max", strconv.Itoa(maxGroups))
		}
		to = &group{slices.Clone(g.by), g.of.defined.tally()}
		g.open[key] = to
	}
	to.tally.add(e)
	return nil
}

// flush emits the open rows, in order.
func (g *groups) flush() error {
	rows := make([]*group, 0, len(g.open))
	for _, r := range g.open {
		rows = append(rows, r)
	}
	slices.SortFunc(rows, func(a, b *group) int { return slices.CompareFunc(a.by, b.by, compare) })
	for _, r := range rows {
		row := r.tally.row(append(g.row[:0], r.by...))
		if row == nil {
			continue
		}
		g.row = row
		if err := g.emit(row); err != nil {
			return err
		}
	}
	clear(g.open)
	return nil
}

// keyOf is the key of a group.
func keyOf(by []any) string {
	var b strings.Builder
	for _, v := range by {
		if v != nil {
			fmt.Fprint(&b, v)
		}
		b.WriteByte(0)
	}
	return b.String()
}

// compare orders two values of one dimension: none first, then by number or byte by byte.
func compare(a, b any) int {
	switch a := a.(type) {
	case string:
		if b, ok := b.(string); ok {
			return cmp.Compare(a, b)
		}
	case int64:
		if b, ok := b.(int64); ok {
			return cmp.Compare(a, b)
		}
	case bool:
		if b, ok := b.(bool); ok && a != b {
			if b {
				return -1
			}
			return 1
		}
	}
	switch {
	case a == nil && b != nil:
		return -1
	case a != nil && b == nil:
		return 1
	}
	return 0
}

// dimension is something by which rows are grouped.
type dimension struct {
	holds Type
	// stretch: a period of time, whose values never decrease as the days go on.
	stretch bool
	of      func(*entry) any
}

// dimensions lists all dimensions. Those of a visit apply only to entries that have one.
var dimensions = map[string]dimension{
	"day":     {Text, true, func(e *entry) any { return string(e.day) }},
	"week":    {Text, true, func(e *entry) any { return string(e.day.Week()) }},
	"month":   {Text, true, func(e *entry) any { return string(e.day[:len("2024-03")]) }},
	"weekday": {Integer, false, func(e *entry) any { return int64(e.day.Weekday()) }},

	"hour":        {Integer, false, func(e *entry) any { return hour(e.visit) }},
	"consultant":  {Text, false, func(e *entry) any { return text(e.visit.Principal) }},
	"credited":    {Text, false, func(e *entry) any { return text(credited(e.visit)) }},
	"server":      {Text, false, func(e *entry) any { return text(e.visit.Server) }},
	"channel":     {Text, false, func(e *entry) any { return text(e.visit.Channel) }},
	"policy":      {Text, false, func(e *entry) any { return text(e.visit.Policy) }},
	"kind":        {Text, false, func(e *entry) any { return text(e.visit.Kind) }},
	"route":       {Text, false, func(e *entry) any { return text(e.visit.Route) }},
	"first_visit": {Bool, false, func(e *entry) any { return firstVisit(e.visit) }},
	"party":       {Integer, false, func(e *entry) any { return number(e.visit.Party) }},
	"rule":        {Text, false, func(e *entry) any { return text(e.visit.CountRule) }},
	"reason":      {Text, false, func(e *entry) any { return text(e.visit.Reason) }},
	"purpose":     {Text, false, func(e *entry) any { return text(form(e).Purpose) }},
	"district":    {Text, false, func(e *entry) any { return text(form(e).District) }},
	"layout":      {Text, false, func(e *entry) any { return text(form(e).Layout) }},
	"budget_band": {Text, false, func(e *entry) any { return text(form(e).BudgetBand) }},
	"intent":      {Text, false, func(e *entry) any { return text(form(e).Intent) }},

	"unit": {Text, false, func(e *entry) any { return text(e.unit) }},

	"area":            {Text, false, func(e *entry) any { return text(e.ticket.Area) }},
	"ticket_kind":     {Text, false, func(e *entry) any { return text(e.ticket.Kind) }},
	"ticket_channel":  {Text, false, func(e *entry) any { return text(e.ticket.Channel) }},
	"first_responder": {Text, false, func(e *entry) any { return text(e.staff) }},
	"holder":          {Text, false, func(e *entry) any { return text(e.ticket.Holder) }},
	"department":      {Text, false, func(e *entry) any { return text(e.ticket.Department) }},
	"first_year":      {Bool, false, func(e *entry) any { return e.firstYear }},
	"task":            {Text, false, func(e *entry) any { return text(e.task) }},
	"staff":           {Text, false, func(e *entry) any { return text(e.staff) }},
}

// form is the register entry of an entry's visit.
func form(e *entry) workflow.Form {
	if e.visit.Form == nil {
		return workflow.Form{}
	}
	return *e.visit.Form
}

// hour is the hour of the arrival; nil in visits from before schema 1.
func hour(v *workflow.Visit) any {
	if v.Schema == 0 {
		return nil
	}
	return int64(v.Hour)
}

// firstVisit distinguishes new customers from returning ones; nil while it is unknown, and for
// people who are not customers.
func firstVisit(v *workflow.Visit) any {
	if v.Customer == "" && !v.FirstVisit {
		return nil
	}
	return v.FirstVisit
}

// text is a value, or nil when it is empty.
func text[S ~string](s S) any {
	if s == "" {
		return nil
	}
	return string(s)
}

// number is a value, or nil when it is 0.
func number(n int) any {
	if n == 0 {
		return nil
	}
	return int64(n)
}
