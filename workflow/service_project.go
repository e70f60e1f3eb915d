package workflow

import (
	"fmt"
	"slices"
	"time"
)

// ProjectID is the office's own id of a delivered project: a unit, a building, a system (A57).
type ProjectID string

// ProjectState says whether a project is in use.
type ProjectState string

// The states of a project.
const (
	ProjectInUse   ProjectState = "in_use"
	ProjectRetired ProjectState = "retired"
)

// ProjectEvent is what moves a project.
type ProjectEvent string

// The events of a project.
const (
	ProjectFollowUp ProjectEvent = "follow_up"
	ProjectRetire   ProjectEvent = "retire"
)

// projectMachine is the whole life of a project.
var projectMachine = NewMachine(
	Row[ProjectState, ProjectEvent]{
		ProjectFollowUp, []ProjectState{ProjectInUse}, ProjectInUse,
	},
	Row[ProjectState, ProjectEvent]{
		ProjectRetire, []ProjectState{ProjectInUse}, ProjectRetired,
	},
)

// ProjectTransitions are the rows of the project's state machine.
func ProjectTransitions() []Row[ProjectState, ProjectEvent] { return projectMachine.Rows() }

// Project is something delivered and in use, whose customer is called regularly (policy 3, item 5).
type Project struct {
	Head
	// Office's own id of the project.
	Project ProjectID `json:"project"`
	// Customer who uses it, where known.
	Customer CustomerID `json:"customer,omitempty"`
	// Member of staff who signed the contract.
	Signer StaffID `json:"signer,omitempty"`
	// Whether it is in use.
	State ProjectState `json:"state"`
	// Day of the delivery, from which the calls are reckoned.
	DeliveredOn Date `json:"delivered_on"`
	// Day on which it was entered here.
	EnteredOn Date `json:"entered_on"`
	// Day from which it is no longer in use.
	RetiredOn Date `json:"retired_on,omitempty"`
	// Why it is no longer in use, as a code.
	RetiredFor string `json:"retired_for,omitempty"`
	// Day of the last call that was answered; earlier ones are no longer open.
	Answered Date `json:"answered,omitempty"`
	// Calls that were made, oldest first; the newest 50.
	Calls []ProjectCall `json:"calls,omitempty"`
	// Days of calls that were not made before the next one was due, oldest first; the newest 50.
	Missed []Date `json:"missed,omitempty"`
	// Day of the next call: the latest that is open, else the next to come; empty when there is
	// none.
	NextDue Date `json:"next_due,omitempty"`
	// Day of the call of which customer service was last reminded, or would have been if the
	// service desk had not ended.
	RemindedOf Date `json:"reminded_of,omitempty"`
	// Day of the call that was last seen to be late.
	LateSeen Date `json:"late_seen,omitempty"`
	// What must be done next; missing when it is no longer in use.
	Next *Next `json:"next,omitempty"`
	Chronicle
}

// ProjectCall is one call to the customer of a project.
type ProjectCall struct {
	// Day of the call.
	On Date `json:"on"`
	// Day of the call that was due and is answered by it; empty for an extra one, or when nobody
	// was reached.
	Due Date `json:"due,omitempty"`
	// Whether it came later than the office allows.
	Late bool `json:"late,omitempty"`
	// Earlier open calls that it leaves missed.
	Missed int `json:"missed,omitempty"`
	// Whether the customer was reached.
	Reached bool `json:"reached"`
	// Member of staff who called.
	By StaffID `json:"by,omitempty"`
	// How, as a code such as phone.
	Channel string `json:"channel,omitempty"`
	// Id of the note on what was said.
	Note NoteID `json:"note,omitempty"`
}

// Ref names the project's record.
func (p *Project) Ref() Ref { return projectRef(p.Site, p.Project) }

func (p *Project) next() *Next { return p.Next }

func (p *Project) clone() Record {
	k := *p
	k.Calls, k.Missed = slices.Clone(p.Calls), slices.Clone(p.Missed)
	if p.Next != nil {
		n := *p.Next
		k.Next = &n
	}
	return &k
}

func projectRef(s SiteID, id ProjectID) Ref { return Ref{Projects, string(s) + "/" + string(id)} }

// ProjectRef names the record of a project.
func ProjectRef(s SiteID, id ProjectID) Ref { return projectRef(s, id) }

// schedule is what the days of calls are reckoned from.
type schedule struct {
	desk *ServiceDesk
	p    *Project
}

// maxMonths is how far a schedule reaches from the delivery: two centuries, since the first year
// that anybody may name is 1900.
const maxMonths = 2400

// until calls f for the day of every call from the delivery to a day, that day included; f says
// whether to go on. Each day stands so many months after the delivery, clamped to the end of its
// month: there is no drift. Whether a call falls on it says the adoption of that day (A51, A68). No
// call falls on the day of retirement or later.
func (s schedule) each(f func(due Date) bool) {
	for n := 1; n <= maxMonths; n++ {
		due := s.p.DeliveredOn.addMonths(n)
		if s.p.RetiredOn != "" && due >= s.p.RetiredOn {
			return
		}
		of := s.desk.judging(due).Parameters.FollowUp
		yearly := n <= monthsOfYear && n%of.FirstYearMonths == 0
		if !yearly && (n <= monthsOfYear || (n-monthsOfYear)%of.LaterMonths != 0) {
			continue
		}
		if !f(due) {
			return
		}
	}
}

const monthsOfYear = 12

// until are the days of all calls up to a day, that day included.
func (s schedule) until(day Date) []Date {
	days := []Date{}
	s.each(func(due Date) bool {
		if due <= day {
			days = append(days, due)
		}
		return due < day
	})
	return days
}

// open are the calls that are due by a day and were not answered. Of those before the project was
// entered only the latest counts (A99).
func (s schedule) open(day Date) []Date {
	var floor Date
	for _, due := range s.until(s.p.EnteredOn) {
		floor = due
	}
	return slices.DeleteFunc(s.until(day), func(due Date) bool {
		return due < floor || due <= s.p.Answered
	})
}

// after is the first call behind a day that was not answered; empty when there is none.
func (s schedule) after(day Date) (next Date) {
	s.each(func(due Date) bool {
		if due > day && due > s.p.Answered {
			next = due
		}
		return next == ""
	})
	return next
}

// nextDue is the latest open call by a day, else the next to come.
func (s schedule) nextDue(day Date) (due Date, open bool) {
	if all := s.open(day); len(all) > 0 {
		return all[len(all)-1], true
	}
	return s.after(day), false
}

// Due are the days of all calls of a project up to a day, answered or not.
func (p *Project) Due(desk *ServiceDesk, until Date) []Date {
	return schedule{desk, p}.until(until)
}

// Overdue are the calls that are open and were due before a day.
func (p *Project) Overdue(desk *ServiceDesk, day Date) []Date {
	days := schedule{desk, p}.open(day.AddDays(-1))
	if days == nil {
		days = []Date{}
	}
	return days
}

// dueHour is the time of day at which the desk reminds of what is due on a day.
const dueHour = 9

// morning is the moment on a day at which the desk reminds.
func (b *Board) morning(day Date) time.Time {
	t := day.time()
	return time.Date(t.Year(), t.Month(), t.Day(), dueHour, 0, 0, 0, b.loc).UTC()
}

// plan writes the next call of a project and when the service looks at it again: on the morning of
// the call, and some days later if it was not made. Only the latest open call matters.
func (d *draft) plan(p *Project) {
	p.NextDue, p.Next = "", nil
	if p.State == ProjectRetired {
		return
	}
	s := schedule{d.serviceDesk(), p}
	d.miss(p, d.today)
	due, open := s.nextDue(d.today)
	if due == "" {
		return
	}
	p.NextDue = due
	late := d.morning(due.AddDays(d.serviceDesk().judging(due).Parameters.FollowUp.LateDays))
	p.Next = &Next{
		What: ItemFollowUp, Who: forDepartment(CustomerService), At: d.begins(due), DueAt: late,
	}
	switch after := s.after(due); {
	case !open || p.RemindedOf < due:
		p.Next.WakeAt = d.morning(due)
	case p.LateSeen < due && (after == "" || late.Before(d.morning(after))):
		p.Next.WakeAt = late
	case after != "":
		p.Next.WakeAt = d.morning(after)
	}
}

// miss enters the open calls by a day whose next one is due already: nobody makes them any more.
func (d *draft) miss(p *Project, day Date) {
	open := schedule{d.serviceDesk(), p}.open(day)
	for _, due := range open[:max(0, len(open)-1)] {
		if len(p.Missed) == 0 || p.Missed[len(p.Missed)-1] < due {
			p.Missed = keep(p.Missed, due)
		}
	}
}

// FirstYear reports whether the call of a day belongs to the year after the delivery.
func (p *Project) FirstYear(due Date) bool { return due <= p.DeliveredOn.addMonths(monthsOfYear) }

// addMonths is the day n calendar months later, clamped to the end of its month.
func (d Date) addMonths(n int) Date { return lastFreshDay(d.time(), n) }

// Month is a calendar month, written 2006-01.
type Month string

// month is the month of a day.
func (d Date) month() Month {
	if len(d) < len("2006-01") {
		return ""
	}
	return Month(d[:len("2006-01")])
}

// Valid reports whether m is a month of the calendar.
func (m Month) Valid() bool { return Date(fmt.Sprintf("%s-01", m)).Valid() }

// first is the first day of the month.
func (m Month) first() Date { return Date(m + "-01") }

// last is the last day of the month.
func (m Month) last() Date { return m.first().addMonths(1).AddDays(-1) }
