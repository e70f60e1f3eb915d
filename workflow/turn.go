package workflow

import "slices"

// useTurn takes a unit's turn for a visit: it leaves the line (RS-4). With pass, those who stand
// ahead of it are passed (RS-5). The visit remembers the turn, so that it can be given back.
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
		d.toTeamTail(v, d.unit(u.ID), who)
	}
	d.fact(FactTurnUsed, rule, string(u.ID), "visit", v.ID, "staff", string(who))
}

// pass goes past every unit ahead of u; each has a reason why it is not eligible (RS-5).
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
			// It is free: the supervisor or a colleague's own customer took another one, so nobody
			// is passed.
			continue
		}
		d.passUnit(v, id, h)
		if h.pass == PassHold {
			d.noteHeld(v, id)
		}
	}
}

// passUnit lets the turn of v go past a unit that h keeps from receiving. What it does to the place
// is judged by the policy of what keeps the unit.
func (d *draft) passUnit(v *Visit, id UnitID, h *hindrance) {
	v.Passed = append(v.Passed, Passed{Unit: id, Effect: h.pass, Why: h.why})
	d.passFact(id, h, v.ID)
	back := d.under(h.policy(d))
	defer back()
	if h.pass != PassHold {
		d.void(id, h)
	}
}

// passFact says what a turn that goes past a unit does to its place.
func (d *draft) passFact(id UnitID, h *hindrance, visit string) {
	back := d.under(h.policy(d))
	defer back()
	d.fact(FactTurnPassed, h.rule, string(id), "effect", string(h.pass), "why", h.why,
		"visit", visit)
}

// noteHeld notes in the visit of somebody who is no customer that a turn went past its receiver. It
// costs the place should the visitor ask about sales after all (A91). Where another member holds
// the place of the team too, it does not.
func (d *draft) noteHeld(v *Visit, id UnitID) {
	var held []*Visit
	for _, s := range d.unit(id).Members {
		if h := d.hindered(s); h != nil && h.pass == PassHold {
			held = append(held, h.visit)
		}
	}
	if len(held) == 1 && held[0] != nil && held[0].ServerRole == Lead && !held[0].customerKind() {
		w := edit[*Visit](d, held[0].Ref())
		w.PassedBy = append(w.PassedBy, VisitID(v.ID))
	}
}

// void takes a passed unit out of the line, with a make-up right where the reason gives one: one
// for each absence in which a turn was missed (A27, A79).
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
	since := h.since
	if h.visit != nil {
		since = h.visit.AssignedAt
	}
	if slices.ContainsFunc(r.MakeUps, func(m MakeUpRight) bool {
		return m.Unit == id && m.Reason == why && !m.At.Before(since)
	}) {
		return // of the same absence
	}
	r.MakeUps = append(r.MakeUps, MakeUpRight{
		Unit: id, Reason: why, OrderedBy: h.by, Missed: d.seq,
		At: d.now,
	})
	d.fact(FactMakeUpArose, h.rule, string(id), "why", why)
}

// lapse records that a right to a make-up ended without having been granted.
func (d *draft) lapse(m MakeUpRight, rule, why string) {
	d.fact(FactMakeUpLapsed, rule, string(m.Unit), "why", why)
}

// expired reports whether a right to a make-up has ended by a day.
func (d *draft) expired(m MakeUpRight, day Date) bool {
	n := d.policy.MakeUp.ExpiresDays
	return n > 0 && dateOf(d.Local(m.At)).AddDays(n) < day
}

// expireMakeUps ends the rights to a make-up whose days are over.
func (d *draft) expireMakeUps(day Date) {
	r := d.editRota()
	r.MakeUps = slices.DeleteFunc(r.MakeUps, func(m MakeUpRight) bool {
		if !d.expired(m, day) {
			return false
		}
		d.lapse(m, "makeup.expires_days", "too_late")
		return true
	})
}

// giveBack undoes the turn that a visit used: it returns to its former place, or stays where it is
// if that is better, and so do those whom it passed (A35, A60, A62, A78).
func (d *draft) giveBack(v *Visit, rule, why string) {
	d.backInPlan(v)
	if t := v.TurnClaim; t != nil && t.Unit != v.TurnUnit {
		d.returnTurn(v, t.Unit, t.Ticket, rule, why)
	}
	v.TurnClaim = nil
	id, ticket := v.TurnUnit, v.TurnTicket
	if id == "" {
		return
	}
	v.TurnUnit, v.TurnTicket = "", 0
	d.returnTurn(v, id, ticket, rule, why)
}

// returnTurn gives a turn that the visit used back to its unit.
func (d *draft) returnTurn(v *Visit, id UnitID, ticket int64, rule, why string) {
	d.restorePassed(v, rule)
	if d.unit(id) == nil {
		return // taken off the roster meanwhile
	}
	v.TurnsBack = append(v.TurnsBack, id)
	d.backInTeam(v, id)
	d.replace(id, ticket)
	d.fact(FactTurnGivenBack, rule, string(id), "visit", v.ID, "why", why)
}

// replace puts a unit back at a ticket, unless it stands further ahead already.
func (d *draft) replace(id UnitID, ticket int64) {
	r := d.editRota()
	if i := r.outIndex(id); i >= 0 {
		r.Out = slices.Delete(r.Out, i, i+1)
	}
	if i := r.lineIndex(id); i >= 0 {
		if r.Line[i].Ticket <= ticket {
			return
		}
		r.Line = slices.Delete(r.Line, i, i+1)
	}
	r.insert(Place{Unit: id, Ticket: ticket})
}

// restorePassed undoes the voids of those whom the visit's turn passed, with the rights to a
// make-up that arose from them. Whoever is back in line already has lost nothing more (A78).
func (d *draft) restorePassed(v *Visit, rule string) {
	v.Passed = slices.DeleteFunc(slices.Clone(v.Passed), func(p Passed) bool {
		if p.Effect == PassHold {
			return true
		}
		r := d.rota()
		i := r.outIndex(p.Unit)
		if i < 0 || r.Out[i].Reason != OutVoided || !d.changedAt(v, r.Out[i].Since) {
			return false
		}
		r = d.editRota()
		gone := r.Out[i]
		r.MakeUps = slices.DeleteFunc(r.MakeUps, func(m MakeUpRight) bool {
			mine := m.Unit == p.Unit && m.Missed == gone.Since
			if mine {
				d.lapse(m, "P1-08", "turn_undone")
			}
			return mine
		})
		d.replace(p.Unit, gone.Ticket)
		d.fact(FactTurnRestored, rule, string(p.Unit), "visit", v.ID)
		return true
	})
}

// changedAt reports whether the commit changed the visit.
func (d *draft) changedAt(v *Visit, seq int64) bool {
	return seq == d.seq || slices.Contains(v.Commits, seq)
}

// backInTeam gives the receiver his former place in the order of the team.
func (d *draft) backInTeam(v *Visit, id UnitID) {
	if v.TurnMember == "" || d.unit(id) == nil {
		return
	}
	d.editRota()
	u := d.unit(id)
	if i := slices.Index(u.Members, v.TurnMember); i >= v.TeamSeat {
		u.Members = slices.Insert(slices.Delete(u.Members, i, i+1), v.TeamSeat-1, v.TurnMember)
	}
	v.TurnMember, v.TeamSeat = "", 0
}

// backInPlan gives the receiver his former place in the plan of the event under which the visit
// began, while that plan holds.
func (d *draft) backInPlan(v *Visit) {
	e := d.rota().Event
	if v.PlanEntry == "" || e == nil || v.AssignedAt.Before(e.FromAt) {
		return
	}
	if i := slices.Index(e.Order, v.PlanEntry); i >= v.PlanSeat {
		e = d.editRota().Event
		e.Order = slices.Insert(slices.Delete(e.Order, i, i+1), v.PlanSeat-1, v.PlanEntry)
	}
	d.backInTeam(v, v.PlanEntry)
	v.PlanEntry, v.PlanSeat = "", 0
}
