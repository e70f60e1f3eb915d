package workflow

import "slices"

// This file changes a running reception: late identity, hand-over, the customer's demand, assistants, joint groups.

// reidentify corrects the identity of a visit for a visit whose identity was learnt while server receives: x, to whom the visitor belongs, takes
// over when he is free; otherwise the server goes on and assists (RS-18, A62).
func (c *ReidentifyVisit) decide(d *draft) *Fault {
	v, f := d.visit(c.Visit, EventReidentify)
	if f != nil {
		return f
	}
	if f := d.takeIdentity(v, &c.Identity); f != nil {
		return f
	}
	d.fact(FactVisitReidentified, "P1-12a", v.ID, "kind", string(v.Kind), "customer", string(v.Customer), "named", string(v.Named))
	id := d.identity(v)
	off := d.begunOff(v)
	x, route, rule := d.claimant(v, id)
	switch {
	case x == v.Server:
		d.takeOver(v, id, x, route, rule, off)
	case x != "" && d.free(x):
		d.noteChange(v, x, "late_identity")
		d.takeOver(v, id, x, route, rule, off)
	case x != "":
		d.becomeAssist(v, id, x, off)
	default:
		d.becomeLine(v, id, off)
	}
	d.tellOwner(v)
	return nil
}

// noteChange notes a change of the one who leads.
func (d *draft) noteChange(v *Visit, to StaffID, reason string) {
	v.Changes = append(v.Changes, Change{From: v.Server, To: to, Reason: reason, At: d.now})
}

// takeOver: x receives his own customer out of the order; whoever's turn was used gets it back.
func (d *draft) takeOver(v *Visit, id identity, x StaffID, route Route, rule, off string) {
	d.giveBack(v, "P1-12b", "late_identity")
	p := plan{route: route, rule: rule, server: x, principal: x, role: Lead}
	p.counts = d.countFor(v, id, x, off)
	d.setServer(v, x)
	d.offTurn(&p, off)
	d.setPlan(v, p)
}

// becomeAssist: the server goes on for x, who is absent or busy.
func (d *draft) becomeAssist(v *Visit, id identity, x StaffID, off string) {
	d.giveBack(v, "P1-12c", "late_identity")
	route, rule := RouteAssistBusy, "P1-15"
	if !d.onSite(x) {
		route, rule = RouteAssistAbsent, "P1-12c"
	}
	p := plan{route: route, rule: rule, server: v.Server, principal: x, role: Assist, effect: TurnHeld, pass: d.policy.Pass.Assist}
	p.counts = d.countFor(v, id, x, off)
	d.setPlan(v, p)
}

// becomeLine: the visitor belongs to nobody; the server goes on, with his turn if he has not given it yet and the kind takes
// one, without it if the kind takes none.
func (d *draft) becomeLine(v *Visit, id identity, off string) {
	p := plan{route: v.Route, rule: d.lineRule(v, id), server: v.Server, principal: v.Server, role: Lead, effect: v.TurnEffect, pass: d.policy.Pass.OwnReception}
	p.counts = d.countFor(v, id, v.Server, off)
	if r, param := d.category(v.Kind); r != RouteLine {
		d.giveBack(v, param, "late_identity")
		p.route, p.rule, p.effect, p.pass = r, param, TurnHeld, d.policy.Pass.Unrelated
		if v.Kind == KindCompanyStaff {
			p.pass = d.policy.Pass.CompanyStaff
		}
		d.setPlan(v, p)
		return
	}
	u := d.unitOf(v.Server)
	switch {
	case v.TurnUnit != "" || off != "" || d.eventPlan() != nil || !d.inLine(u):
	default:
		p.route, p.effect, p.turn = RouteLine, TurnUsed, u
	}
	if off != "" {
		p.pass = d.policy.Pass.OffHours
	}
	d.setPlan(v, p)
}

// setServer changes who receives.
func (d *draft) setServer(v *Visit, s StaffID) {
	v.Server = s
	v.Assistants = slices.DeleteFunc(v.Assistants, func(a StaffID) bool { return a == s })
	v.Unit = ""
	if u := d.unitOf(s); u != nil {
		v.Unit = u.ID
	}
}

// setPlan writes a plan into a visit that is already being received.
func (d *draft) setPlan(v *Visit, p plan) {
	v.Route, v.ServerRole, v.Principal = p.route, p.role, p.principal
	v.TurnEffect, v.PassEffect = p.effect, p.pass
	v.CountsFor = p.counts.who
	v.CountRule, _ = d.cite(p.counts.rule)
	d.fact(FactVisitAssigned, p.rule, string(v.Server), "visit", v.ID, "route", string(p.route), "role", string(p.role), "for", string(p.principal))
	d.placeEffect(v, p)
}

// changeLead: the customer demands somebody else (policy 1, art. 16; A19): the deal's credit moves, the count and the spent
// turn stay, the new one keeps his place.
func (c *ChangeLead) decide(d *draft) *Fault {
	v, f := d.visit(c.Visit, EventChange)
	if f != nil {
		return f
	}
	if c.Reason != "customer_demand" {
		return refused("no_interruption", "P1-16a", "reason", c.Reason)
	}
	if f := d.consultant(c.To); f != nil {
		return f
	}
	if c.To == v.Server {
		return invalid("same_consultant", "staff", string(c.To))
	}
	if h := d.hindered(c.To); h != nil {
		return notFree(c.To, h)
	}
	from := v.Server
	d.noteChange(v, c.To, c.Reason)
	if c.Note != "" {
		v.Note = c.Note
	}
	d.setServer(v, c.To)
	v.Principal, v.ServerRole, v.Route = c.To, Lead, RouteChange
	v.TurnEffect, v.PassEffect = TurnKept, d.policy.Pass.OwnReception
	if !d.inLine(d.unitOf(c.To)) {
		v.TurnEffect = TurnNone
	} else if d.begunOff(v) != "" {
		v.TurnEffect, v.PassEffect = TurnHeld, d.policy.Pass.OffHours
	}
	d.fact(FactVisitChanged, "P1-16b", v.ID, "from", string(from), "to", string(c.To), "reason", c.Reason)
	d.placeEffect(v, plan{rule: "P1-11", server: c.To, role: Lead, effect: v.TurnEffect})
	return nil
}

// handOver: an assistant returns the customer to the principal, who is free again (RS-18, A36).
func (c *HandOver) decide(d *draft) *Fault {
	v, f := d.visit(c.Visit, EventHandOver)
	if f != nil {
		return f
	}
	if v.ServerRole == Lead || c.To != v.Principal {
		return refused("no_interruption", "P1-16a", "principal", string(v.Principal))
	}
	if h := d.hindered(c.To); h != nil {
		return notFree(c.To, h)
	}
	id := d.identity(v)
	off := d.begunOff(v)
	from := v.Server
	d.noteChange(v, c.To, "handed_back")
	d.setServer(v, c.To)
	p := plan{route: RouteOwner, rule: "P1-17a", server: c.To, principal: c.To, role: Lead}
	p.counts = d.countFor(v, id, c.To, off)
	if v.TurnUnit != "" { // a stand-in used the principal's turn
		p.effect, p.pass = TurnUsed, d.policy.Pass.OwnReception
	} else {
		d.offTurn(&p, off)
	}
	d.fact(FactVisitHandedOver, "P1-16a", v.ID, "from", string(from), "to", string(c.To))
	d.setPlan(v, p)
	return nil
}

// addAssistant: the supervisor appoints, or the lead invites (policy 1, art. 10 and 32; A38).
func (c *AddAssistant) decide(d *draft) *Fault {
	v, f := d.visit(c.Visit, EventAddAssistant)
	if f != nil {
		return f
	}
	if f := d.consultant(c.Who); f != nil {
		return f
	}
	by := d.env.By
	if !d.may(RoleSupervisor, RoleManager) && (by.Role != RoleConsultant || by.Staff != v.Server) {
		return forbidden("not_invited", "P1-32", "staff", string(c.Who))
	}
	if c.Who == v.Server || slices.Contains(v.Assistants, c.Who) {
		return invalid("already_there", "staff", string(c.Who))
	}
	if h := d.hindered(c.Who); h != nil {
		return notFree(c.Who, h)
	}
	v.Assistants = append(v.Assistants, c.Who)
	rule := "P1-10"
	if by.Role == RoleConsultant {
		rule = "P1-32"
	}
	d.fact(FactAssistantAdded, rule, string(c.Who), "visit", v.ID)
	d.fact(FactTurnHeld, "pass_effect.assist", string(c.Who), "visit", v.ID)
	return nil
}

// merge joins a group to another's visit: together they are one group (policy 1, art. 50; A60). A turn that the second group
// used is given back.
func (c *MergeVisit) decide(d *draft) *Fault {
	if c.Visit == c.Into {
		return invalid("same_visit")
	}
	into, ok := look[*Visit](d, visitRef(c.Into))
	if !ok || into.Site != d.ID {
		return notFound("visit", string(c.Into))
	}
	if into.State != Arrived && into.State != Identified && into.State != Assigned {
		return wrongState(into, EventMerge)
	}
	v, f := d.visit(c.Visit, EventMerge)
	if f != nil {
		return f
	}
	into = edit[*Visit](d, visitRef(c.Into))
	into.Groups = max(into.Groups, 1) + max(v.Groups, 1)
	if into.Party > 0 && v.Party > 0 {
		into.Party += v.Party
	}
	if into.Customer == "" && into.State != Assigned {
		into.Customer = v.Customer
	}
	v.MergedInto, v.EndedAt, v.Open, v.CountsFor, v.TurnEffect = c.Into, d.now, false, "", endedEffect(v)
	d.giveBack(v, "P1-50", "joint_groups")
	d.fact(FactVisitMerged, "P1-50", v.ID, "into", string(c.Into))
	return nil
}
