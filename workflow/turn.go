package workflow

import (
	"cmp"
	"slices"
)

// This file is the line: who is eligible, what a turn does to the line, who is passed, who comes back (RS-2 … RS-6).

// hindrance is what keeps a consultant from receiving.
type hindrance struct {
	why   string // personal, leave, day_off, company_duty, chores, leader_task, receiving, assisting, inactive
	visit *Visit // when receiving or assisting
	// pass is what a turn that goes past him does to his place.
	pass PassEffect
	rule string // article or parameter behind pass
	by   StaffID
}

// hindered tells what keeps a consultant from receiving; nil when he is free and on site (RS-3).
func (d *draft) hindered(s StaffID) *hindrance {
	var h *hindrance
	d.visits(func(v *Visit) {
		switch {
		case h != nil:
		case v.Server == s && v.leading():
			h = d.busyLeading(v)
		case v.assisting() && (v.Server == s && v.ServerRole != Lead || slices.Contains(v.Assistants, s)):
			h = &hindrance{why: "assisting", visit: v, pass: d.policy.Pass.Assist, rule: "pass_effect.assist"}
		}
	})
	if h != nil {
		return h
	}
	m := d.staffMember(s)
	if m == nil || !m.Active {
		return &hindrance{why: "inactive", pass: PassVoid, rule: "pass_effect.personal"}
	}
	if a := d.absence(s); a != nil {
		h = &hindrance{why: string(a.State), by: a.OrderedBy, rule: "pass_effect." + string(a.State)}
		h.pass = d.policy.Pass.of(a.State)
	}
	return h
}

// busyLeading is the hindrance of the one who leads v; the visit remembers what passing does to his place.
func (d *draft) busyLeading(v *Visit) *hindrance {
	h := &hindrance{why: "receiving", visit: v, pass: v.PassEffect, rule: "pass_effect.own_reception"}
	switch {
	case v.Kind == KindCompanyStaff:
		h.rule = "pass_effect.company_staff"
	case v.PassEffect == PassHold:
		h.rule = "pass_effect.unrelated"
		if v.CountRule == "P1-43" || v.CountRule == "P1-48" {
			h.rule = "pass_effect.off_hours"
		}
	}
	return h
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
	case OnSite:
		return PassHold
	}
	return PassVoid
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

func (d *draft) free(s StaffID) bool { return d.hindered(s) == nil }

// unit returns a rostered unit; unitOf the unit a consultant belongs to. Both are nil when there is none.
func (d *draft) unit(id UnitID) *Unit {
	r := d.rota()
	for i := range r.Units {
		if r.Units[i].ID == id {
			return &r.Units[i]
		}
	}
	return nil
}

func (d *draft) unitOf(s StaffID) *Unit {
	r := d.rota()
	for i := range r.Units {
		if slices.Contains(r.Units[i].Members, s) {
			return &r.Units[i]
		}
	}
	return nil
}

// freeMember is the member of a unit who would receive: in a team the least recently used free one (A31).
func (d *draft) freeMember(u *Unit) (StaffID, bool) {
	for _, s := range u.Members {
		if d.free(s) {
			return s, true
		}
	}
	return "", false
}

// unitHindrance is what keeps a whole unit; of several members the mildest pass effect holds. Nil when a member is free.
func (d *draft) unitHindrance(u *Unit) *hindrance {
	rank := func(h *hindrance) int {
		return slices.Index([]PassEffect{PassHold, PassVoidWithRight, PassVoid}, h.pass)
	}
	var mild *hindrance
	for _, s := range u.Members {
		h := d.hindered(s)
		if h == nil {
			return nil
		}
		if mild == nil || rank(h) < rank(mild) {
			mild = h
		}
	}
	if mild == nil {
		mild = &hindrance{why: "empty", pass: PassHold}
	}
	return mild
}

// seat is an eligible unit of the line and the member who would receive.
type seat struct {
	unit *Unit
	who  StaffID
	rank int // 1 = first of the line, counted over the whole line
}

// eligible are the eligible units of the line, in order (RS-3); except leaves one consultant out.
func (d *draft) eligible(except StaffID) []seat {
	var seats []seat
	for i, p := range d.rota().Line {
		u := d.unit(p.Unit)
		if who, ok := d.freeMember(u); ok && who != except {
			seats = append(seats, seat{u, who, i + 1})
		}
	}
	return seats
}

// onTurn is the first eligible unit of the line: whose turn it is (RS-4).
func (d *draft) onTurn() (seat, bool) {
	for i, p := range d.rota().Line {
		u := d.unit(p.Unit)
		if who, ok := d.freeMember(u); ok {
			return seat{u, who, i + 1}, true
		}
	}
	return seat{}, false
}

// lastSeat is the last eligible unit of the line (RS-10). In a one-seat line it is also the first.
func (d *draft) lastSeat(except StaffID) (seat, bool) {
	if e := d.eligible(except); len(e) > 0 {
		return e[len(e)-1], true
	}
	return seat{}, false
}

func (r *Rota) lineIndex(u UnitID) int {
	return slices.IndexFunc(r.Line, func(p Place) bool { return p.Unit == u })
}

func (r *Rota) outIndex(u UnitID) int {
	return slices.IndexFunc(r.Out, func(g Gone) bool { return g.Unit == u })
}

func (d *draft) inLine(u *Unit) bool { return u != nil && d.rota().lineIndex(u.ID) >= 0 }

// useTurn takes a unit's turn for a visit: it leaves the line (RS-4). With pass, those who stand ahead of it are passed
// (RS-5). The visit remembers the turn, so that it can be given back.
func (d *draft) useTurn(v *Visit, u *Unit, who StaffID, rule string, pass bool) {
	if pass {
		d.pass(v, u)
	}
	r := d.editRota()
	i := r.lineIndex(u.ID)
	p := r.Line[i]
	r.Line = slices.Delete(r.Line, i, i+1)
	r.Out = append(r.Out, Gone{Unit: u.ID, Ticket: p.Ticket, Reason: OutUsed, Since: d.seq})
	v.TurnUnit, v.TurnTicket = u.ID, p.Ticket
	if u.Type == TeamUnit {
		m := d.unit(u.ID)
		k := slices.Index(m.Members, who)
		m.Members = append(slices.Delete(m.Members, k, k+1), who)
	}
	d.fact(FactTurnUsed, rule, string(u.ID), "visit", v.ID, "staff", string(who))
}

// pass goes past every unit that stands ahead of u: none of them is eligible, and each has its reason (RS-5).
func (d *draft) pass(v *Visit, u *Unit) {
	var ahead []UnitID
	for _, p := range d.rota().Line {
		if p.Unit == u.ID {
			break
		}
		ahead = append(ahead, p.Unit)
	}
	for _, id := range ahead {
		h := d.unitHindrance(d.unit(id))
		if h == nil {
			continue // free: the supervisor or a colleague's own customer took another, nobody is passed
		}
		v.Passed = append(v.Passed, Passed{Unit: id, Effect: h.pass, Why: h.why})
		d.fact(FactTurnPassed, h.rule, string(id), "effect", string(h.pass), "why", h.why, "visit", v.ID)
		if h.pass != PassHold {
			d.void(id, h)
		}
	}
}

// void takes a passed unit out of the line, with a make-up right where its reason gives one (one an absence: A27).
func (d *draft) void(id UnitID, h *hindrance) {
	r := d.editRota()
	i := r.lineIndex(id)
	r.Out = append(r.Out, Gone{Unit: id, Ticket: r.Line[i].Ticket, Reason: OutVoided, Since: d.seq})
	r.Line = slices.Delete(r.Line, i, i+1)
	if h.pass != PassVoidWithRight {
		return
	}
	why := h.why
	if why == "receiving" {
		why = string(KindCompanyStaff)
	}
	r.MakeUps = slices.DeleteFunc(r.MakeUps, func(m MakeUpRight) bool { return m.Unit == id })
	r.MakeUps = append(r.MakeUps, MakeUpRight{Unit: id, Reason: why, OrderedBy: h.by, Missed: d.seq, At: d.now})
	d.fact(FactMakeUpArose, h.rule, string(id), "why", why)
}

// giveBack returns a used turn to its former place (A35, A60, A62).
func (d *draft) giveBack(v *Visit, rule, why string) {
	if v.TurnUnit == "" {
		return
	}
	id, ticket := v.TurnUnit, v.TurnTicket
	v.TurnUnit, v.TurnTicket = "", 0
	if d.unit(id) == nil {
		return // taken off the roster meanwhile
	}
	v.TurnsBack = append(v.TurnsBack, id)
	r := d.editRota()
	if i := r.outIndex(id); i >= 0 {
		r.Out = slices.Delete(r.Out, i, i+1)
	}
	if i := r.lineIndex(id); i >= 0 {
		r.Line = slices.Delete(r.Line, i, i+1)
	}
	r.insert(Place{Unit: id, Ticket: ticket})
	d.fact(FactTurnGivenBack, rule, string(id), "visit", v.ID, "why", why)
}

// insert puts a place into the line by its ticket.
func (r *Rota) insert(p Place) {
	i, _ := slices.BinarySearchFunc(r.Line, p.Ticket, func(q Place, t int64) int { return cmp.Compare(q.Ticket, t) })
	r.Line = slices.Insert(r.Line, i, p)
}

// setLine puts the line into a new order of the same units; the tickets stay in order.
func (r *Rota) setLine(order []UnitID) {
	tickets := make([]int64, len(r.Line))
	left := make(map[UnitID]int64, len(r.Line))
	for i, p := range r.Line {
		tickets[i], left[p.Unit] = p.Ticket, p.Left
	}
	line := make([]Place, len(order))
	for i, u := range order {
		line[i] = Place{Unit: u, Ticket: tickets[i], Left: left[u]}
	}
	r.Line = line
}

// toTail puts a unit behind everybody in the line; left is the commit that took it out, 0 for a newcomer.
func (r *Rota) toTail(u UnitID, left int64) {
	r.NextTicket++
	r.Line = append(r.Line, Place{Unit: u, Ticket: r.NextTicket, Left: left})
}

// rejoin brings back every unit that may: on site, free, and every visit it led registered (RS-6). A team comes back as
// soon as one of its members is free (A31). Order: of coming back, which is the order of leaving among those who come
// back at the same moment.
func (d *draft) rejoin() {
	var back []Gone
	for _, g := range d.rota().Out {
		if u := d.unit(g.Unit); u != nil && d.unitHindrance(u) == nil {
			back = append(back, g)
		}
	}
	if len(back) == 0 {
		return
	}
	r := d.editRota()
	for _, g := range back {
		r.Out = slices.Delete(r.Out, r.outIndex(g.Unit), r.outIndex(g.Unit)+1)
		r.toTail(g.Unit, g.Since)
		if d.policy.RejoinOrder == "turn_taken" {
			r.sortTail()
		}
		d.fact(FactRejoined, "rejoin_order", string(g.Unit), "rank", itoa(r.lineIndex(g.Unit)+1))
	}
}

// sortTail moves the last of the line ahead of those who left after it and have come back before it (A03, reading 2).
func (r *Rota) sortTail() {
	order := r.Order()
	i := len(order) - 1
	for i > 0 && r.Line[i-1].Left > r.Line[len(order)-1].Left {
		i--
	}
	last := order[len(order)-1]
	r.setLine(slices.Insert(order[:len(order)-1], i, last))
}

// Order lists the units of the line, first to last.
func (r *Rota) Order() []UnitID {
	us := make([]UnitID, len(r.Line))
	for i, p := range r.Line {
		us[i] = p.Unit
	}
	return us
}

// OutUnits lists the units out of the line in the order in which they left.
func (r *Rota) OutUnits() []UnitID {
	us := make([]UnitID, len(r.Out))
	for i, g := range r.Out {
		us[i] = g.Unit
	}
	return us
}
