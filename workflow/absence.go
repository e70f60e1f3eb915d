package workflow

import (
	"cmp"
	"slices"
	"time"
)

// Presence is whether a consultant is on the floor, and what keeps him if he is.
type Presence string

// The presences. OnSite is the zero of Presence and is not stored.
const (
	OnSite      Presence = "on_site"
	Personal    Presence = "personal"
	OnLeave     Presence = "leave"
	DayOff      Presence = "day_off"
	CompanyDuty Presence = "company_duty"
	Chores      Presence = "chores"      // on site, busy
	LeaderTask  Presence = "leader_task" // on site, busy
	Helping     Presence = "helping"     // on site, busy with a colleague's paperwork or deal
)

// onSite reports whether somebody with this presence can be met at the office.
func (p Presence) onSite() bool { return p == OnSite || p.atWork() }

// away reports whether it is an absence from the office.
func (p Presence) away() bool {
	return p == Personal || p == OnLeave || p == DayOff || p == CompanyDuty
}

// atWork reports whether it is other work on site.
func (p Presence) atWork() bool { return p == Chores || p == LeaderTask || p == Helping }

// Absence is why a consultant cannot receive: away, or on site with other work.
type Absence struct {
	// Consultant who cannot receive.
	Staff StaffID `json:"staff"`
	// Presence other than on_site.
	State Presence `json:"state"`
	// Member of staff who gave the order; empty when nobody did.
	OrderedBy StaffID `json:"ordered_by,omitempty"`
	// Customer whose paperwork it is about; empty when helping is about none in particular.
	Customer CustomerID `json:"customer,omitempty"`
	// Last day of a longer absence; empty when it ends with the return.
	Until Date `json:"until,omitempty"`
	// Since when.
	At time.Time `json:"at"`
}

func (p *PassPolicy) of(state Presence) PassEffect {
	switch state {
	case Personal:
		return p.Personal
	case OnLeave:
		return p.Leave
	case DayOff:
		return p.DayOff
	case Chores:
		return p.Chores
	case CompanyDuty:
		return p.CompanyDuty
	case LeaderTask:
		return p.LeaderTask
	case Helping:
		return cmp.Or(p.Helping, PassHold)
	case OnSite:
		return PassHold
	}
	return PassVoid
}

// Leave says that a consultant leaves the floor.
type Leave struct {
	// Consultant who leaves.
	Who StaffID `json:"who"`
	// Why: personal, leave, day_off or company_duty.
	Reason Presence `json:"reason"`
	// Member of staff who ordered it; empty when nobody did.
	OrderedBy StaffID `json:"ordered_by,omitempty"`
	// Last day of a longer absence; empty when it ends with the day.
	Until Date `json:"until,omitempty"`
}

func (*Leave) About() About { return About{Kind: "leave", May: receptionists, Own: employees} }

func (*Leave) Needs(*Board) []Ref { return nil }

func (c *Leave) own(d *draft) bool { return c.Who == d.env.By.Staff }

func (c *Leave) decide(d *draft) *Fault {
	if !c.Reason.away() {
		return invalid("bad_reason", "reason", string(c.Reason))
	}
	if c.Until != "" && (!c.Until.Valid() || c.Until < d.today) {
		return invalid("bad_until")
	}
	if f := d.setAbsent(Absence{
		Staff: c.Who, State: c.Reason, OrderedBy: c.OrderedBy,
		Until: c.Until, At: d.now,
	}); f != nil {
		return f
	}
	d.fact(FactStaffLeft, d.absenceRule(c.Reason), string(c.Who), "reason", string(c.Reason),
		"ordered_by", string(c.OrderedBy))
	return nil
}

// Return says that a consultant is back on the floor.
type Return struct {
	// Consultant who is back.
	Who StaffID `json:"who"`
}

func (*Return) About() About { return About{Kind: "return", May: receptionists, Own: employees} }

func (*Return) Needs(*Board) []Ref { return nil }

func (c *Return) own(d *draft) bool { return c.Who == d.env.By.Staff }

func (c *Return) decide(d *draft) *Fault { return d.comeBack(c.Who) }

// Free says that a consultant's other work is done.
type Free struct {
	// Consultant who is free again.
	Who StaffID `json:"who"`
}

func (*Free) About() About { return About{Kind: "free", May: receptionists, Own: employees} }

func (*Free) Needs(*Board) []Ref { return nil }

func (c *Free) own(d *draft) bool { return c.Who == d.env.By.Staff }

func (c *Free) decide(d *draft) *Fault { return d.freed(c.Who) }

// absenceRule names the parameter that says what a turn costs which comes during the absence.
func (d *draft) absenceRule(p Presence) string { return "pass_effect." + string(p) }

// setAbsent records why a consultant cannot receive; it replaces what was recorded before.
func (d *draft) setAbsent(a Absence) *Fault {
	if f := d.hasPresence(a.Staff); f != nil {
		return f
	}
	if f := d.colleague(a.OrderedBy); f != nil {
		return f
	}
	r := d.editRota()
	r.Absent = slices.DeleteFunc(r.Absent, func(b Absence) bool { return b.Staff == a.Staff })
	r.Absent = append(r.Absent, a)
	d.subject = liveRotaRef(d.ID)
	return nil
}

func (d *draft) comeBack(who StaffID) *Fault {
	away := func(p Presence) bool { return !p.onSite() }
	return d.endAbsence(who, away, FactStaffReturned, "not_away")
}

func (d *draft) freed(who StaffID) *Fault {
	return d.endAbsence(who, Presence.atWork, FactStaffFreed, "not_busy")
}

func (d *draft) endAbsence(who StaffID, is func(Presence) bool, done FactKind, code string) *Fault {
	if f := d.hasPresence(who); f != nil {
		return f
	}
	a := d.absence(who)
	if a == nil || !is(a.State) {
		return refused(code, "", "staff", string(who))
	}
	was := a.State
	r := d.editRota()
	r.Absent = slices.DeleteFunc(r.Absent, func(b Absence) bool { return b.Staff == who })
	d.subject = liveRotaRef(d.ID)
	d.fact(done, d.absenceRule(was), string(who), "was", string(was))
	return nil
}

func (d *draft) absence(s StaffID) *Absence {
	r := d.rota()
	for i := range r.Absent {
		if r.Absent[i].Staff == s {
			return &r.Absent[i]
		}
	}
	return nil
}

// onSite reports whether an active consultant can be met at the office, free or not.
func (d *draft) onSite(s StaffID) bool {
	m := d.staffMember(s)
	if m == nil || !m.Active {
		return false
	}
	a := d.absence(s)
	return a == nil || a.State.onSite()
}
