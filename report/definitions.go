package report

import (
	"cmp"
	"slices"

	"github.com/lunpai/lunpai/workflow"
)

// funnelBy are the dimensions of a visit that conversion can depend on.
var funnelBy = []string{
	"day", "week", "month", "weekday", "hour", "consultant", "server", "channel", "policy", "kind",
	"route", "first_visit", "party", "purpose", "district", "layout", "budget_band", "intent",
}

// atDoor are the dimensions that are known as soon as a visitor has come in.
var atDoor = []string{
	"day", "week", "month", "weekday", "hour", "channel", "policy", "kind",
	"party",
}

// receptionsBy has for whom a reception counts instead of whose customer it is: the two differ when
// the customer demands another consultant (policy 1, art. 16; A19).
var receptionsBy = append([]string{"rule", "credited"},
	slices.DeleteFunc(slices.Clone(funnelBy), func(d string) bool { return d == "consultant" })...)

// periods are those by which what the service desk did can be grouped.
var periods = []string{"day", "week", "month", "weekday"}

// definitions are the reports, in the order of docs/analytics.md.
var definitions = []*definition{
	{
		name: "conversion_daily",
		by:   []string{"day"}, may: funnelBy, holds: funnelColumns, only: notMerged,
		tally: newFunnel,
	},
	{
		name: "funnel_by_consultant",
		by:   []string{"consultant"}, may: funnelBy, holds: funnelColumns, only: notMerged,
		tally: newFunnel,
	},
	{
		name: "funnel_by_channel",
		by:   []string{"channel"}, may: funnelBy, holds: funnelColumns, only: notMerged,
		tally: newFunnel,
	},
	{
		name: "cohorts_weekly",
		by:   []string{"week"}, may: funnelBy, holds: cohortColumns, only: firstOne,
		tally: newCohort,
	},
	{
		name: "receptions_daily",
		by:   []string{"day", "rule"}, may: receptionsBy, holds: receptionColumns, only: received,
		whose: credited, tally: newReceptions,
	},
	{
		name: "turns_ledger",
		by:   []string{"day", "unit"}, may: []string{"day", "week", "month", "weekday", "unit"},
		holds: ledgerColumns, tally: newLedger, turns: true,
	},
	{
		name: "waiting_times",
		by:   []string{"hour"}, may: funnelBy, holds: waitingColumns, only: waited,
		tally: newWaiting,
	},
	{
		name: "walkouts",
		by:   []string{"day"}, may: append([]string{"reason"}, atDoor...), holds: walkoutColumns,
		only: notMerged, tally: newWalkouts,
	},
	{
		name: "fairness_daily",
		by:   []string{"day"}, may: []string{"day", "week", "month", "weekday"},
		holds: fairnessColumns, tally: newFairness, turns: true, floor: true,
	},
	{
		name: "tickets_daily",
		by:   []string{"day"}, may: append([]string{
			"area", "ticket_kind", "ticket_channel", "first_responder", "holder", "department",
		}, periods...),
		holds: ticketColumns, tally: newTickets, desk: ofTickets,
	},
	{
		name: "first_responders",
		by:   []string{"first_responder"}, may: append([]string{"first_responder"}, periods...),
		holds: responderColumns, tally: newResponders, desk: ofResponders,
	},
	{
		name: "slips_monthly",
		by:   []string{"month"}, may: append([]string{"area", "first_responder", "department"},
			periods...),
		holds: slipColumns, tally: newSlips, desk: ofSlips,
	},
	{
		name: "follow_ups_monthly",
		by:   []string{"month", "first_year"}, may: append([]string{"first_year"}, periods...),
		holds: followUpColumns, tally: newDuties(wasInTime, wasLate, wasMissed, isOpen),
		desk: ofCalls, floor: true,
	},
	{
		name: "faults_monthly",
		by:   []string{"month"}, may: periods,
		holds: faultColumns, tally: newFaults, desk: ofFaults, floor: true,
	},
	{
		name: "service_discipline",
		by:   []string{"month", "task"}, may: append([]string{"task", "staff"}, periods...),
		holds: disciplineColumns, tally: newDuties(wasInTime, wasLate, wasMissed, wasExcused),
		desk: ofDiscipline,
	},
	{
		name: "supervision_monthly",
		by:   []string{"month", "department"}, may: append([]string{"department", "area"},
			periods...),
		holds: supervisionColumns, tally: newSupervision, desk: ofTickets, floor: true,
	},
	{
		name:  "visits",
		holds: visitColumns, tally: newRow,
	},
}

// notMerged: a merged visit belongs to another one, which is counted.
func notMerged(v *workflow.Visit) bool { return v.State != workflow.Merged }

// received: somebody receives the visitor, or has.
func received(v *workflow.Visit) bool {
	return v.State == workflow.Assigned || v.State == workflow.Served ||
		v.State == workflow.Registered
}

func waited(v *workflow.Visit) bool { return received(v) && v.Seconds.Waited != nil }

// firstOne: a customer's first registered visit.
func firstOne(v *workflow.Visit) bool { return v.Outcome != nil && v.Outcome.First != nil }

// credited is for whom a reception counts, or who received when it counts for nobody.
func credited(v *workflow.Visit) workflow.StaffID { return cmp.Or(v.CountsFor, v.Server) }
