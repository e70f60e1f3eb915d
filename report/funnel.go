package report

import "github.com/lunpai/lunpai/workflow"

// funnelColumns: visit → deposit → signed. Each customer is counted once, at the first registered
// visit, with what has happened since (outcome.first); the _last columns count visits that were the
// last one before a step (outcome.last).
var funnelColumns = []Column{
	{"visits", Integer},
	{"received", Integer},
	{"registered", Integer},
	{"customers", Integer},
	{"intention", Integer},
	{"holding_fee", Integer},
	{"deposit", Integer},
	{"signed", Integer},
	{"refunded", Integer},
	{"deposit_rate", Ratio},
	{"signed_rate", Ratio},
	{"deposit_amount", Fen},
	{"signed_amount", Fen},
	{"refunded_amount", Fen},
	{"flats", Integer},
	{"deposit_last", Integer},
	{"signed_last", Integer},
	{"signed_amount_last", Fen},
}

// funnel adds up conversion.
type funnel struct {
	visits, received, registered, customers  int64
	intention, holding, deposit, signed, out reached
	depositLast, signedLast                  reached
}

func newFunnel() tally { return &funnel{} }

// reached adds up a step of a purchase.
type reached struct{ customers, count, amount int64 }

func (r *reached) add(s *workflow.Step) {
	if s != nil {
		r.customers++
		r.count += int64(s.Count)
		r.amount += s.Amount
	}
}

func (f *funnel) add(e *entry) {
	v := e.visit
	f.visits++
	if received(v) {
		f.received++
	}
	if v.State == workflow.Registered {
		f.registered++
	}
	if v.Outcome == nil {
		return
	}
	if s := v.Outcome.First; s != nil {
		f.customers++
		f.intention.add(s.Intention)
		f.holding.add(s.HoldingFee)
		f.deposit.add(s.Deposit)
		f.signed.add(s.Signed)
		f.out.add(s.Refunded)
	}
	if s := v.Outcome.Last; s != nil {
		f.depositLast.add(s.Deposit)
		f.signedLast.add(s.Signed)
	}
}

func (f *funnel) row(to []any) []any {
	return append(to,
		f.visits, f.received, f.registered, f.customers, f.intention.customers, f.holding.customers,
		f.deposit.customers, f.signed.customers, f.out.customers,
		ratio(f.deposit.customers, f.customers), ratio(f.signed.customers, f.customers),
		f.deposit.amount, f.signed.amount, f.out.amount, f.signed.count, f.depositLast.customers,
		f.signedLast.customers, f.signedLast.amount,
	)
}

// cohortDays are the days after the first visit at which a cohort is measured.
var cohortDays = []int{7, 14, 28, 56, 84}

// cohortColumns: of the customers who came first in a week (or whatever it is grouped by), how many
// had paid a deposit or signed so many days after their first visit, and until now.
var cohortColumns = []Column{
	{"customers", Integer},
	{"deposit_7d", Integer},
	{"deposit_14d", Integer},
	{"deposit_28d", Integer},
	{"deposit_56d", Integer},
	{"deposit_84d", Integer},
	{"deposit", Integer},
	{"signed_7d", Integer},
	{"signed_14d", Integer},
	{"signed_28d", Integer},
	{"signed_56d", Integer},
	{"signed_84d", Integer},
	{"signed", Integer},
	{"signed_rate", Ratio},
}

type cohort struct {
	customers       int64
	deposit, signed [6]int64 // within cohortDays[i]; last: ever
}

func newCohort() tally { return &cohort{} }

func (c *cohort) add(e *entry) {
	first := e.visit.Outcome.First
	c.customers++
	within(&c.deposit, first.Deposit)
	within(&c.signed, first.Signed)
}

func within(n *[6]int64, s *workflow.Step) {
	if s == nil {
		return
	}
	for i, days := range cohortDays {
		if s.Days <= days {
			n[i]++
		}
	}
	n[len(cohortDays)]++
}

func (c *cohort) row(to []any) []any {
	to = append(to, c.customers)
	for _, n := range [][6]int64{c.deposit, c.signed} {
		for _, k := range n {
			to = append(to, k)
		}
	}
	return append(to, ratio(c.signed[len(cohortDays)], c.customers))
}
