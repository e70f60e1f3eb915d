package report

import (
	"slices"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// This file adds up what the service desk did (policy 3). A ticket belongs to the day on which it
// was opened.

var ticketColumns = []Column{
	{"opened", Integer},
	{"major", Integer},
	{"handed", Integer},
	{"repeat_calls", Integer},
	{"resolved", Integer},
	{"closed", Integer},
	{"withdrawn", Integer},
	{"told", Integer},
}

type tickets struct{ opened, major, handed, repeats, resolved, closed, withdrawn, told int64 }

func newTickets() tally { return &tickets{} }

func (n *tickets) add(e *entry) {
	t := e.ticket
	n.opened++
	n.major += one(!t.MajorAt.IsZero())
	n.handed += one(!t.HandedAt.IsZero())
	n.repeats += int64(len(t.Repeats))
	n.resolved += one(!t.ResolvedAt.IsZero())
	n.closed += one(!t.ClosedAt.IsZero())
	n.withdrawn += one(t.Outcome == workflow.OutcomeWithdrawn)
	n.told += one(t.Told)
}

func (n *tickets) row(to []any) []any {
	return append(to, n.opened, n.major, n.handed, n.repeats, n.resolved, n.closed, n.withdrawn,
		n.told)
}

func one(is bool) int64 {
	if is {
		return 1
	}
	return 0
}

var responderColumns = []Column{
	{"opened", Integer},
	{"first_contact", Integer},
	{"first_contact_rate", Ratio},
	{"handed", Integer},
	{"handed_inside", Integer},
	{"conduct_notes", Integer},
	{"record_p50", Seconds},
	{"record_p90", Seconds},
	{"resolve_p50", Seconds},
	{"resolve_p90", Seconds},
}

type responders struct {
	opened, first, handed, inside, noted int64
	record, resolve                      []int64
}

func newResponders() tally { return &responders{} }

func (n *responders) add(e *entry) {
	t := e.ticket
	if t == nil {
		n.noted++
		return
	}
	n.opened++
	n.first += one(t.FirstContact)
	n.handed += one(!t.HandedAt.IsZero())
	for _, h := range t.Handovers {
		n.inside += one(h.Inside)
	}
	if s := t.Seconds.ToRecord; s != nil {
		n.record = append(n.record, *s)
	}
	if s := t.Seconds.ToResolve; s != nil {
		n.resolve = append(n.resolve, *s)
	}
}

func (n *responders) row(to []any) []any {
	return append(to, n.opened, n.first, ratio(n.first, n.opened), n.handed, n.inside, n.noted,
		rank(n.record, 50), rank(n.record, 90), rank(n.resolve, 50), rank(n.resolve, 90))
}

// rank is the smallest value that at least p per cent of the values do not exceed; nil for none.
func rank(values []int64, p int) any {
	if len(values) == 0 {
		return nil
	}
	slices.Sort(values)
	return values[(len(values)*p+99)/100-1]
}

var slipColumns = []Column{
	{"solved_first", Integer},
	{"in_time", Integer},
	{"late", Integer},
	{"pending", Integer},
}

type slips struct{ all, inTime, late, pending int64 }

func newSlips() tally { return &slips{} }

func (n *slips) add(e *entry) {
	t := e.ticket
	n.all++
	switch {
	case t.Slip == workflow.SlipPending:
		n.pending++
	case !t.SlipDueAt.IsZero() && t.SlipAt.After(t.SlipDueAt):
		n.late++
	default:
		n.inTime++
	}
}

func (n *slips) row(to []any) []any { return append(to, n.all, n.inTime, n.late, n.pending) }

var followUpColumns = []Column{
	{"expected", Integer},
	{"in_time", Integer},
	{"late", Integer},
	{"not_done", Integer},
	{"open", Integer},
}

// outcome is what became of something that was due.
type outcome string

const (
	wasInTime  outcome = "in_time"
	wasLate    outcome = "late"
	wasMissed  outcome = "missed"
	wasExcused outcome = "excused"
	isOpen     outcome = "open"
)

// duties counts what was due by what became of it, in the order of the columns.
type duties struct {
	of    []outcome
	count []int64
}

func newDuties(of ...outcome) func() tally {
	return func() tally { return &duties{of, make([]int64, len(of))} }
}

func (n *duties) add(e *entry) {
	if i := slices.Index(n.of, e.outcome); i >= 0 {
		n.count[i]++
	}
}

func (n *duties) row(to []any) []any {
	all, at := int64(0), len(to)
	to = append(to, nil)
	for _, c := range n.count {
		all += c
		to = append(to, c)
	}
	to[at] = all
	return to
}

var faultColumns = []Column{
	{"faults", Integer},
	{"recurring", Integer},
	{"filed", Integer},
	{"file_avg", Ratio},
	{"relayed", Integer},
	{"relay_avg", Ratio},
	{"analysed", Integer},
	{"analysed_in_time", Integer},
	{"fed_back", Integer},
}

type faults struct {
	all, recurring, filed, fileSum, relayed, relaySum, analysed, inTime, fedBack int64
}

func newFaults() tally { return &faults{} }

func (n *faults) add(e *entry) {
	x := e.fault
	n.all++
	n.recurring += one(x.Recurs != "")
	if !x.FiledAt.IsZero() {
		n.filed++
		n.fileSum += between(x.ReportedAt, x.FiledAt)
	}
	if !x.RelayedAt.IsZero() {
		n.relayed++
		n.relaySum += between(x.FiledAt, x.RelayedAt)
	}
	if !x.AnalysedAt.IsZero() {
		n.analysed++
		n.inTime += one(!x.AnalysedAt.After(x.AnalysisDueAt))
	}
	n.fedBack += one(!x.ClosedAt.IsZero())
}

// between is the whole seconds from one moment to another.
func between(from, to time.Time) int64 { return int64(to.Sub(from) / time.Second) }

func (n *faults) row(to []any) []any {
	return append(to, n.all, n.recurring, n.filed, ratio(n.fileSum, n.filed), n.relayed,
		ratio(n.relaySum, n.relayed), n.analysed, n.inTime, n.fedBack)
}

var disciplineColumns = []Column{
	{"expected", Integer},
	{"in_time", Integer},
	{"late", Integer},
	{"not_done", Integer},
	{"excused", Integer},
}

var supervisionColumns = []Column{
	{"opened", Integer},
	{"complaints", Integer},
	{"major", Integer},
	{"handed", Integer},
	{"repeat_calls", Integer},
	{"resolved", Integer},
	{"first_contact", Integer},
	{"closed", Integer},
	{"told", Integer},
	{"resolve_avg", Ratio},
}

type supervision struct {
	tickets
	complaints, first, sum int64
}

func newSupervision() tally { return &supervision{} }

func (n *supervision) add(e *entry) {
	n.tickets.add(e)
	n.complaints += one(e.ticket.Kind == workflow.TicketComplaint)
	n.first += one(e.ticket.FirstContact)
	if s := e.ticket.Seconds.ToResolve; s != nil {
		n.sum += *s
	}
}

func (n *supervision) row(to []any) []any {
	return append(to, n.opened, n.complaints, n.major, n.handed, n.repeats, n.resolved, n.first,
		n.closed, n.told, ratio(n.sum, n.resolved))
}
