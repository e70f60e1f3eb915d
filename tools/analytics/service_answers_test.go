package analytics

import (
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// This file answers the questions about the service desk, from the times that the journal has.

// day is the office's day of a moment.
func day(t time.Time) workflow.Date { return workflow.Date(t.In(shanghai).Format(time.DateOnly)) }

// mean is the average of some seconds, to the second; nil of none.
func mean(seconds []int64) any {
	if len(seconds) == 0 {
		return nil
	}
	sum := int64(0)
	for _, s := range seconds {
		sum += s
	}
	return round(float64(sum)/float64(len(seconds)), 0)
}

// between are the whole seconds from one moment to the next.
func between(from, to time.Time) int64 { return int64(to.Sub(from) / time.Second) }

func byArea(o *office) []any {
	type sums struct {
		tickets, handed, again, unsolved, late int64
		took                                   []int64
	}
	areas := map[workflow.AreaCode]*sums{}
	for _, t := range o.tickets {
		if t.Outcome == workflow.OutcomeWithdrawn {
			continue
		}
		if areas[t.Area] == nil {
			areas[t.Area] = &sums{}
		}
		s := areas[t.Area]
		s.tickets++
		s.again += int64(len(t.Repeats))
		if len(t.Handovers) > 0 {
			s.handed++
		}
		took := between(t.OpenedAt, t.ResolvedAt)
		switch {
		case t.State == workflow.TicketOpen:
			s.unsolved++
			s.late++
			continue
		case took > 24*60*60:
			s.late++
		}
		s.took = append(s.took, took)
	}
	var rows []row
	for area, s := range areas {
		rows = append(rows, row{
			"_id": orNull(string(area)), "tickets": s.tickets, "handed": s.handed,
			"came_again": s.again, "unsolved": s.unsolved, "average": mean(s.took),
			"over_a_day": s.late, "over_a_day_share": share(s.late, s.tickets),
		})
	}
	return order(rows, "-over_a_day_share", "_id")
}

func referrals(o *office) []any {
	came := map[workflow.CustomerID][]workflow.Date{} // days of groups, by who brought them
	for _, v := range o.visits {
		if v.BroughtBy != "" {
			came[v.BroughtBy] = append(came[v.BroughtBy], v.BusinessDay)
		}
	}
	type sums struct{ calls, fruitful, groups int64 }
	answered := map[bool]*sums{true: {}, false: {}}
	for _, p := range o.projects {
		for _, c := range p.Calls {
			if p.Customer == "" || c.On > "2024-10-01" {
				continue
			}
			s, brought := answered[c.Reached], int64(0)
			for _, on := range came[p.Customer] {
				if n := days(c.On, on); n > 0 && n <= 90 {
					brought++
				}
			}
			s.calls++
			s.groups += brought
			if brought > 0 {
				s.fruitful++
			}
		}
	}
	var rows []any
	for _, reached := range []bool{true, false} {
		s := answered[reached]
		rows = append(rows, row{
			"_id": reached, "calls": s.calls, "brought_somebody": s.fruitful, "groups": s.groups,
			"share": share(s.fruitful, s.calls),
		})
	}
	return rows
}

// days is how many days lie between two.
func days(from, to workflow.Date) int {
	a, _ := time.Parse(time.DateOnly, string(from))
	b, _ := time.Parse(time.DateOnly, string(to))
	return int(b.Sub(a) / (24 * time.Hour))
}

func atFirstContact(o *office) []any {
	type sums struct {
		tickets, first, handed int64
		recorded, took         []int64
	}
	people := map[workflow.StaffID]*sums{}
	for _, t := range o.tickets {
		who := t.FirstResponder
		if people[who] == nil {
			people[who] = &sums{}
		}
		s := people[who]
		s.tickets++
		if !t.RecordedAt.IsZero() {
			s.recorded = append(s.recorded, between(t.OpenedAt, t.RecordedAt))
		}
		switch {
		case len(t.Handovers) > 0:
			s.handed++
		case !t.ResolvedAt.IsZero() && t.ResolvedBy == who && day(t.ResolvedAt) == day(t.OpenedAt):
			s.first++
			s.took = append(s.took, between(t.OpenedAt, t.ResolvedAt))
		}
	}
	var rows []row
	for who, s := range people {
		rows = append(rows, row{
			"_id": string(who), "tickets": s.tickets, "first_contact": s.first, "handed": s.handed,
			"to_record": mean(s.recorded), "to_resolve": mean(s.took),
			"share": share(s.first, s.tickets),
		})
	}
	return order(rows, "-share", "_id")
}
