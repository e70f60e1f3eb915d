package workflow

import (
	"cmp"
	"slices"
	"time"
)

// PlannedAbsence is an absence that begins on a later day: a leave, a day off, a business trip.
type PlannedAbsence struct {
	// First day.
	From Date `json:"from"`
	// Last day.
	Until Date `json:"until"`
	// Why: personal, leave, day_off or company_duty.
	Reason Presence `json:"reason"`
	// Member of staff who ordered it; empty when nobody did.
	OrderedBy StaffID `json:"ordered_by,omitempty"`
	// Member of staff who planned it; empty for the front desk.
	By StaffID `json:"by,omitempty"`
	// When it was planned.
	At time.Time `json:"at"`
}

// The bounds of planning.
const (
	planAhead    = 366 // days
	plansAtATime = 50  // of one consultant
)

// PlanAbsence says that a consultant will be away from a day on. The absence begins by itself when
// that day is opened, and ends by itself after its last day (policy 1, art. 9).
type PlanAbsence struct {
	// Consultant who will be away.
	Who StaffID `json:"who"`
	// First day: today or later, at most a year ahead. If today is open already, it begins at once.
	From Date `json:"from"`
	// Last day; empty for a single day.
	Until Date `json:"until,omitempty"`
	// Why: personal, leave, day_off or company_duty.
	Reason Presence `json:"reason"`
	// Member of staff who ordered it; company_duty needs one.
	OrderedBy StaffID `json:"ordered_by,omitempty"`
}

func (*PlanAbsence) About() About {
	return About{Kind: "plan_absence", May: receptionists, Rule: "P1-09a", Since: 4}
}

func (*PlanAbsence) Needs(*Board) []Ref { return nil }

func (c *PlanAbsence) own(d *draft) bool { return c.Who == d.env.By.Staff }

// decide refuses days that another absence of his covers.
func (c *PlanAbsence) decide(d *draft) *Fault {
	p := PlannedAbsence{
		From: c.From, Until: cmp.Or(c.Until, c.From), Reason: c.Reason, OrderedBy: c.OrderedBy,
		By: d.env.By.Staff, At: d.now,
	}
	if f := d.checkPlan(c.Who, &p); f != nil {
		return f
	}
	d.subject = staffRef(d.ID, c.Who)
	if r := d.rota(); p.From == d.today && r.Day == d.today {
		d.beginPlanned(c.Who, &p)
		return nil
	}
	s := edit[*Staff](d, staffRef(d.ID, c.Who))
	s.Planned = append(s.Planned, p)
	byDay := func(a, b PlannedAbsence) int { return cmp.Compare(a.From, b.From) }
	slices.SortFunc(s.Planned, byDay)
	d.fact(FactAbsencePlanned, d.absenceRule(p.Reason), string(c.Who), "from_day", string(p.From),
		"until", string(p.Until), "reason", string(p.Reason), "ordered_by", string(p.OrderedBy))
	return nil
}

func (d *draft) checkPlan(who StaffID, p *PlannedAbsence) *Fault {
	if f := d.working(who); f != nil {
		return f
	}
	if f := d.colleague(p.OrderedBy); f != nil {
		return f
	}
	last := d.today.AddDays(planAhead)
	switch {
	case !p.Reason.away():
		return invalid("bad_reason", "reason", string(p.Reason))
	case p.Reason == CompanyDuty && p.OrderedBy == "":
		return invalid("ordered_by_missing")
	case !p.From.Valid() || !p.Until.Valid() || p.From < d.today || p.Until < p.From ||
		p.Until > last:
		return invalid("bad_absence", "today", string(d.today), "last", string(last))
	}
	if len(d.staffMember(who).Planned) >= plansAtATime {
		return refused("too_many_absences", "", "staff", string(who), "count", itoa(plansAtATime))
	}
	for _, a := range d.absences(who) {
		switch {
		case a.From > p.Until || p.From > a.Until:
		case a.Planned:
			return refused("absence_overlaps", "", "staff", string(who),
				"from_day", string(a.From), "until", string(a.Until))
		default:
			return refused("already_away", "", "staff", string(who), "until", string(a.Until))
		}
	}
	return nil
}

// CancelAbsence takes a planned absence back that has not begun. One that has begun ends with the
// return.
type CancelAbsence struct {
	// Consultant who will not be away.
	Who StaffID `json:"who"`
	// First day of the planned absence.
	From Date `json:"from"`
}

func (*CancelAbsence) About() About {
	return About{Kind: "cancel_absence", May: receptionists, Since: 4}
}

func (*CancelAbsence) Needs(*Board) []Ref { return nil }

func (c *CancelAbsence) own(d *draft) bool { return c.Who == d.env.By.Staff }

func (c *CancelAbsence) decide(d *draft) *Fault {
	if f := d.consultant(c.Who); f != nil {
		return f
	}
	begins := func(p PlannedAbsence) bool { return p.From == c.From }
	if !slices.ContainsFunc(d.staffMember(c.Who).Planned, begins) {
		return notFound("absence", string(c.From))
	}
	s := edit[*Staff](d, staffRef(d.ID, c.Who))
	s.Planned = slices.DeleteFunc(s.Planned, begins)
	d.subject = s.Ref()
	d.fact(FactAbsenceCancelled, "", string(c.Who), "from_day", string(c.From))
	return nil
}

// beginAbsences begins the absences that were planned for a day which is being opened, or for an
// earlier one on which the office stayed closed, and forgets those that are over.
func (d *draft) beginAbsences(day Date) {
	for _, m := range d.staffAll() {
		if len(m.Planned) == 0 || m.Planned[0].From > day {
			continue
		}
		s := edit[*Staff](d, m.Ref())
		for len(s.Planned) > 0 && s.Planned[0].From <= day {
			p := s.Planned[0]
			s.Planned = s.Planned[1:]
			if p.Until >= day && d.works(s.Staff) {
				d.beginPlanned(s.Staff, &p)
			}
		}
	}
}

// beginPlanned puts a planned absence in the place of whatever else keeps the consultant.
func (d *draft) beginPlanned(who StaffID, p *PlannedAbsence) {
	r := d.editRota()
	r.Absent = slices.DeleteFunc(r.Absent, func(b Absence) bool { return b.Staff == who })
	r.Absent = append(r.Absent, Absence{
		Staff: who, State: p.Reason, OrderedBy: p.OrderedBy, Until: p.Until, At: d.now,
	})
	d.fact(FactStaffLeft, d.absenceRule(p.Reason), string(who), "reason", string(p.Reason),
		"ordered_by", string(p.OrderedBy), "until", string(p.Until))
}

// Away is an absence from the office, begun or planned.
type Away struct {
	// Consultant who is away.
	Staff StaffID `json:"staff"`
	// First day.
	From Date `json:"from"`
	// Last day; today for one who is expected back today.
	Until Date `json:"until"`
	// Why: personal, leave, day_off or company_duty.
	Reason Presence `json:"reason"`
	// Member of staff who ordered it; empty when nobody did.
	OrderedBy StaffID `json:"ordered_by,omitempty"`
	// Whether it has still to begin.
	Planned bool `json:"planned"`
}

// Absences are everybody's absences from the office that hold at a moment or begin later, by day
// and consultant.
func (b *Board) Absences(now time.Time) []Away {
	all := []Away{}
	if b.Rota() == nil {
		return all
	}
	d := newDraft(b, Envelope{At: now})
	for _, s := range b.staff {
		if d.works(s.Staff) {
			all = append(all, d.absences(s.Staff)...)
		}
	}
	slices.SortStableFunc(all, func(a, b Away) int { return cmp.Compare(a.From, b.From) })
	return all
}

// absences are one consultant's, by day. What was left over from an earlier day has ended, even if
// today is not open yet.
func (d *draft) absences(who StaffID) []Away {
	var all []Away
	a := d.absence(who)
	if a != nil && a.State.away() && max(a.Until, dateOf(d.Local(a.At))) >= d.today {
		all = append(all, Away{
			Staff: who, From: dateOf(d.Local(a.At)), Until: max(a.Until, d.today),
			Reason: a.State, OrderedBy: a.OrderedBy,
		})
	}
	for _, p := range d.staffMember(who).Planned {
		if p.Until >= d.today {
			all = append(all, Away{
				Staff: who, From: p.From, Until: p.Until, Reason: p.Reason,
				OrderedBy: p.OrderedBy, Planned: true,
			})
		}
	}
	return all
}
