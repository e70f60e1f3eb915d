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
		m := d.unit(u.ID)
		k := slices.Index(m.Members, who)
		m.Members = append(slices.Delete(m.Members, k, k+1), who)
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
		v.Passed = append(v.Passed, Passed{Unit: id, Effect: h.pass, Why: h.why})
		d.fact(FactTurnPassed, h.rule, string(id), "effect", string(h.pass), "why", h.why,
			"visit", v.ID)
		if h.pass != PassHold {
			d.void(id, h)
		}
	}
}

// void takes a passed unit out of the line, with a make-up right where the reason gives one, one
// for each absence (A27).
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
	r.MakeUps = append(r.MakeUps, MakeUpRight{
		Unit: id, Reason: why, OrderedBy: h.by, Missed: d.seq,
		At: d.now,
	})
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
