package workflow

import "time"

// SeesDesk reports whether somebody may read a record of the service desk, without its notes. The
// front desk and those who lead the floor see everything of the site. Consultants and employees see
// their own tickets and those of their department's areas; customer service and those who lead see
// all tickets and faults. The others are read by function, see noteOfDesk.
func (b *Board) SeesDesk(by Actor, r Record, now time.Time) bool {
	switch by.Role {
	case RoleFrontDesk, RoleShiftLeader, RoleSupervisor, RoleManager, RoleSystem:
		return true
	case RoleConsultant, RoleEmployee:
	case RoleKiosk, RoleBoard, RoleAnalyst, RoleAdministrator:
		return false
	}
	d := newDraft(b, Envelope{At: now, By: by})
	if d.noteOfDesk(r) || d.wholeDesk() {
		return true
	}
	t, ok := r.(*Ticket)
	me := d.staffMember(by.Staff)
	a, f := d.desk()
	if !ok || me == nil || f != nil {
		return false
	}
	area := a.area(t.Area)
	return area != nil && (area.inCharge(me.Staff) ||
		me.Department != "" && area.Department == me.Department)
}

// CountsDesk reports whether somebody sees the figures of the whole service desk: business, which
// writes the supervision report (policy 3, item 1), customer service and those who lead.
func (b *Board) CountsDesk(by Actor, now time.Time) bool {
	d := newDraft(b, Envelope{At: now, By: by})
	return d.wholeDesk() || d.isOf(Business)
}
