package workflow

import "slices"

// ReidentifyVisit corrects the identity of a visit that is being received (A62).
type ReidentifyVisit struct {
	// Id of the visit.
	Visit VisitID `json:"visit"`
	Identity
}

func (*ReidentifyVisit) About() About {
	return About{
		Kind: "reidentify_visit", Event: EventReidentify,
		May: receptionists, Rule: "P1-12a",
	}
}

func (c *ReidentifyVisit) Needs(b *Board) []Ref {
	return append(b.visitNeeds(c.Visit), c.needs(b)...)
}

func (c *ReidentifyVisit) own(d *draft) bool { return d.ownVisit(c.Visit) }

func (c *ReidentifyVisit) texts() []string { return []string{c.Purpose} }

// decide handles an identity that was learnt late: the consultant to whom the visitor belongs takes
// over when he is free; otherwise the one who receives goes on as his assistant (RS-18).
func (c *ReidentifyVisit) decide(d *draft) *Fault {
	v, f := d.visit(c.Visit, EventReidentify)
	if f != nil {
		return f
	}
	if f := d.takeIdentity(v, &c.Identity); f != nil {
		return f
	}
	d.fact(FactVisitReidentified, "P1-12a", v.ID, "kind", string(v.Kind),
		"customer", string(v.Customer), "named", string(v.Named))
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
	d.noteLeft(v)
	return nil
}

// noteChange records who led before and who leads from now on.
func (d *draft) noteChange(v *Visit, to StaffID, reason string) {
	v.Changes = append(v.Changes, Change{From: v.Server, To: to, Reason: reason, At: d.now})
}

// takeOver lets x receive his own customer out of the order; a turn that was used is given back.
func (d *draft) takeOver(v *Visit, id identity, x StaffID, route Route, rule string, off offTime) {
	d.giveBack(v, "P1-12b", "late_identity")
	p := plan{route: route, rule: rule, server: x, principal: x, role: Lead}
	p.counts = d.countFor(v, id, x, off)
	d.setServer(v, x)
	d.offTurn(&p, off)
	d.setPlan(v, p)
}

// becomeAssist lets the receiver go on for x, who is absent or busy.
func (d *draft) becomeAssist(v *Visit, id identity, x StaffID, off offTime) {
	d.giveBack(v, "P1-12c", "late_identity")
	route, rule := RouteAssistBusy, "P1-15"
	if !d.onSite(x) {
		route, rule = RouteAssistAbsent, "P1-12c"
	}
	p := plan{
		route: route, rule: rule, server: v.Server, principal: x, role: Assist,
		effect: TurnHeld, pass: d.policy.Pass.Assist,
	}
	p.counts = d.countFor(v, id, x, off)
	d.setPlan(v, p)
}

// becomeLine lets the receiver go on with a visitor who belongs to nobody. It uses his turn where
// the kind takes one and he has not used it yet.
func (d *draft) becomeLine(v *Visit, id identity, off offTime) {
	p := plan{
		route: v.Route, rule: d.lineRule(v, id), server: v.Server, principal: v.Server,
		role: Lead, effect: v.TurnEffect, pass: d.policy.Pass.OwnReception,
	}
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
	case v.TurnUnit != "" || off != withinHours || d.eventPlan() != nil || !d.inLine(u):
	default:
		p.route, p.effect, p.turn = RouteLine, TurnUsed, u
	}
	if off != withinHours {
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
	d.fact(FactVisitAssigned, p.rule, string(v.Server), "visit", v.ID, "route", string(p.route),
		"role", string(p.role), "for", string(p.principal))
	d.placeEffect(v, p)
}
