package report

import (
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// visitColumns: a visit as one flat row. Money and days of the steps are those since the first
// visit; the _last dates belong to the steps for which this visit was the last one before.
var visitColumns = []Column{
	{"visit", Text},
	{"day", Text},
	{"week", Text},
	{"weekday", Integer},
	{"hour", Integer},
	{"policy", Text},
	{"state", Text},
	{"kind", Text},
	{"channel", Text},
	{"party", Integer},
	{"groups", Integer},
	{"customer", Text},
	{"first_visit", Bool},
	{"visit_no", Integer},
	{"route", Text},
	{"server", Text},
	{"server_role", Text},
	{"principal", Text},
	{"turn_effect", Text},
	{"turn_unit", Text},
	{"counts_for", Text},
	{"count", Integer},
	{"count_rule", Text},
	{"topic", Text},
	{"reason", Text},
	{"purpose", Text},
	{"district", Text},
	{"layout", Text},
	{"area_sqm", Integer},
	{"budget_from", Fen},
	{"budget_to", Fen},
	{"budget_band", Text},
	{"intent", Text},
	{"arrived_at", Time},
	{"identified_at", Time},
	{"assigned_at", Time},
	{"served_at", Time},
	{"registered_at", Time},
	{"ended_at", Time},
	{"waited", Seconds},
	{"to_served", Seconds},
	{"intention_day", Text},
	{"holding_fee_day", Text},
	{"deposit_day", Text},
	{"deposit_amount", Fen},
	{"signed_day", Text},
	{"signed_amount", Fen},
	{"refunded_day", Text},
	{"refunded_amount", Fen},
	{"deposit_day_last", Text},
	{"signed_day_last", Text},
}

// visitRow is a tally of one visit.
type visitRow struct{ e *entry }

func newRow() tally { return &visitRow{} }

func (r *visitRow) add(e *entry) { r.e = e }

func (r *visitRow) row(to []any) []any {
	v, f := r.e.visit, form(r.e)
	to = append(to,
		v.ID, string(v.BusinessDay), text(v.Week), number(v.Weekday), hour(v), text(v.Policy),
		string(v.State), text(v.Kind), text(v.Channel), number(v.Party), number(v.Groups),
		text(v.Customer), firstVisit(v), number(v.VisitNo), text(v.Route), text(v.Server),
		text(v.ServerRole), text(v.Principal), text(v.TurnEffect), text(v.TurnUnit),
		text(v.CountsFor), countOf(v), text(v.CountRule), text(v.Topic), text(v.Reason),
		text(f.Purpose), text(f.District), text(f.Layout), number(f.AreaSqm),
		fen(f.BudgetFrom), fen(f.BudgetTo), text(f.BudgetBand), text(f.Intent))
	for _, at := range []time.Time{
		v.ArrivedAt, v.IdentifiedAt, v.AssignedAt, v.ServedAt,
		v.RegisteredAt, v.EndedAt,
	} {
		to = append(to, moment(at))
	}
	for _, s := range []*int64{v.Seconds.Waited, v.Seconds.ToServed} {
		to = append(to, optional(s))
	}
	first, last := stepsOf(v)
	to = append(to, dayOf(first.Intention), dayOf(first.HoldingFee))
	for _, s := range []*workflow.Step{first.Deposit, first.Signed, first.Refunded} {
		to = append(to, dayOf(s), amountOf(s))
	}
	return append(to, dayOf(last.Deposit), dayOf(last.Signed))
}

// countOf is how often a visit counts; nil while nothing is final.
func countOf(v *workflow.Visit) any {
	if v.Open {
		return nil
	}
	return int64(v.Count)
}

func stepsOf(v *workflow.Visit) (first, last workflow.Steps) {
	if v.Outcome == nil {
		return first, last
	}
	if v.Outcome.First != nil {
		first = *v.Outcome.First
	}
	if v.Outcome.Last != nil {
		last = *v.Outcome.Last
	}
	return first, last
}

func dayOf(s *workflow.Step) any {
	if s == nil {
		return nil
	}
	return string(s.Day)
}

func amountOf(s *workflow.Step) any {
	if s == nil {
		return nil
	}
	return s.Amount
}

func fen(amount int64) any {
	if amount == 0 {
		return nil
	}
	return amount
}

func moment(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}

func optional(n *int64) any {
	if n == nil {
		return nil
	}
	return *n
}
