package report

import (
	"cmp"
	"slices"

	"github.com/lunpai/lunpai/workflow"
)

// funnelBy are the dimensions of a visit that conversion can depend on.
var funnelBy = []string{
	"day", "week", "month", "weekday", "hour", "consultant", "server", "channel", "policy", "kind", "route", "first_visit", "party",
	"purpose", "district", "layout", "budget_band", "intent",
}

// atDoor are those that are known when a visitor has just come.
var atDoor = []string{"day", "week", "month", "weekday", "hour", "channel", "policy", "kind", "party"}

// receptionsBy names for whom a reception counts instead of whose customer it is: the two part when the customer demands another
// consultant (policy 1, art. 16; A19).
var receptionsBy = append([]string{"rule", "credited"}, slices.DeleteFunc(slices.Clone(funnelBy), func(d string) bool { return d == "consultant" })...)

// definitions are the reports, in the order of docs/analytics.md.
var definitions = []*definition{
	{
		name: "conversion_daily", title: [2]string{"conversion of the visits of each day", "每日来访转化"},
		by: []string{"day"}, may: funnelBy, holds: funnelColumns, only: notMerged, tally: newFunnel,
	},
	{
		name: "funnel_by_consultant", title: [2]string{"conversion of each consultant's customers", "各销售人员的客户转化"},
		by: []string{"consultant"}, may: funnelBy, holds: funnelColumns, only: notMerged, tally: newFunnel,
	},
	{
		name: "funnel_by_channel", title: [2]string{"conversion by the channel through which customers came", "各来访渠道的转化"},
		by: []string{"channel"}, may: funnelBy, holds: funnelColumns, only: notMerged, tally: newFunnel,
	},
	{
		name: "cohorts_weekly", title: [2]string{"new customers of each week, and how many have paid or signed after so many days", "每周新客户在若干天内下定、签约的比例"},
		by: []string{"week"}, may: funnelBy, holds: cohortColumns, only: firstOne, tally: newCohort,
	},
	{
		name: "receptions_daily", title: [2]string{"receptions of each day: counted, and not counted by article", "每日接待次数：计入与不计入（按条款）"},
		by: []string{"day", "rule"}, may: receptionsBy, holds: receptionColumns, only: received, whose: credited, tally: newReceptions,
	},
	{
		name: "turns_ledger", title: [2]string{"what became of the turns of each unit, day by day", "每日各轮排单位的轮次台账"},
		by: []string{"day", "unit"}, may: []string{"day", "week", "month", "weekday", "unit"}, holds: ledgerColumns, tally: newLedger, turns: true,
	},
	{
		name: "waiting_times", title: [2]string{"how long visitors waited until they were received, by the hour of arrival", "各时段客户等候时间"},
		by: []string{"hour"}, may: funnelBy, holds: waitingColumns, only: waited, tally: newWaiting,
	},
	{
		name: "walkouts", title: [2]string{"visitors who left before their reception was over", "未完成接待即离开的客户"},
		by: []string{"day"}, may: append([]string{"reason"}, atDoor...), holds: walkoutColumns, only: notMerged, tally: newWalkouts,
	},
	{
		name: "fairness_daily", title: [2]string{"how evenly turns fell on the units of each day's table", "每日轮次分配的均衡程度"},
		by: []string{"day"}, may: []string{"day", "week", "month", "weekday"}, holds: fairnessColumns, tally: newFairness, turns: true, floor: true,
	},
	{
		name: "visits", title: [2]string{"every visit, a row each", "来访明细"},
		holds: visitColumns, tally: newRow,
	},
}

// notMerged: a merged visit belongs to another one, which is counted.
func notMerged(v *workflow.Visit) bool { return v.State != workflow.Merged }

// received: somebody receives the visitor, or has.
func received(v *workflow.Visit) bool {
	return v.State == workflow.Assigned || v.State == workflow.Served || v.State == workflow.Registered
}

func waited(v *workflow.Visit) bool { return received(v) && v.Seconds.Waited != nil }

// firstOne: a customer's first registered visit.
func firstOne(v *workflow.Visit) bool { return v.Outcome != nil && v.Outcome.First != nil }

// credited is for whom a reception counts, or who received when it counts for nobody.
func credited(v *workflow.Visit) workflow.StaffID { return cmp.Or(v.CountsFor, v.Server) }
