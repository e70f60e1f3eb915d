package workflow

import "slices"

// This file is who is on the floor (policy 1, art. 9; policy 2, item 07).

func (c *Leave) decide(d *draft) *Fault {
	switch c.Reason {
	case Personal, OnLeave, DayOff, CompanyDuty:
	default:
		return invalid("bad_reason", "reason", string(c.Reason))
	}
	if c.Until != "" && (!c.Until.Valid() || c.Until < d.today) {
		return invalid("bad_until")
	}
	if f := d.setAbsent(Absence{Staff: c.Who, State: c.Reason, OrderedBy: c.OrderedBy, Until: c.Until, At: d.now}); f != nil {
		return f
	}
	d.fact(FactStaffLeft, d.absenceRule(c.Reason), string(c.Who), "reason", string(c.Reason), "ordered_by", string(c.OrderedBy))
	return nil
}

func (c *Busy) decide(d *draft) *Fault {
	if c.With != Chores && c.With != LeaderTask {
		return invalid("bad_work", "with", string(c.With))
	}
	if a := d.absence(c.Who); a != nil && !a.State.onSite() {
		return refused("not_on_site", "", "staff", string(c.Who))
	}
	if f := d.setAbsent(Absence{Staff: c.Who, State: c.With, OrderedBy: c.OrderedBy, At: d.now}); f != nil {
		return f
	}
	d.fact(FactStaffBusy, d.absenceRule(c.With), string(c.Who), "with", string(c.With), "ordered_by", string(c.OrderedBy))
	return nil
}

// absenceRule is the article about an absence: what it costs when the turn comes meanwhile.
func (d *draft) absenceRule(p Presence) string { return "pass_effect." + string(p) }

// colleague checks that somebody who is named is on the staff: free text has no place in the journal.
func (d *draft) colleague(s StaffID) *Fault {
	if s != "" && d.staffMember(s) == nil {
		f := notFound("staff", string(s))
		f.Class = ClassInvalid
		return f
	}
	return nil
}

// setAbsent notes why a consultant cannot receive, in place of what was noted before.
func (d *draft) setAbsent(a Absence) *Fault {
	if f := d.consultant(a.Staff); f != nil {
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
	return d.endAbsence(who, func(p Presence) bool { return !p.onSite() }, FactStaffReturned, "not_away")
}

func (d *draft) freed(who StaffID) *Fault {
	return d.endAbsence(who, func(p Presence) bool { return p == Chores || p == LeaderTask }, FactStaffFreed, "not_busy")
}

func (d *draft) endAbsence(who StaffID, match func(Presence) bool, done FactKind, code string) *Fault {
	if f := d.consultant(who); f != nil {
		return f
	}
	a := d.absence(who)
	if a == nil || !match(a.State) {
		return refused(code, "", "staff", string(who))
	}
	was := a.State
	r := d.editRota()
	r.Absent = slices.DeleteFunc(r.Absent, func(b Absence) bool { return b.Staff == who })
	d.subject = liveRotaRef(d.ID)
	d.fact(done, d.absenceRule(was), string(who), "was", string(was))
	return nil
}
