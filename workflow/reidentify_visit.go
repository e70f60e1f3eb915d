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
	wasCustomer := v.customerKind()
	if f := d.takeIdentity(v, &c.Identity); f != nil {
		return f
	}
	d.fact(FactVisitReidentified, "P1-12a", v.ID, "kind", string(v.Kind),
		"customer", string(v.Customer), "named", string(v.Named))
	id := d.identity(v)
	off := v.begunOff()
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
		f = d.becomeLine(v, id, off, wasCustomer)
	}
	d.tellOwner(v)
	d.noteLeft(v)
	return f
}

// noteChange records who led before and who leads from now on.
func (d *draft) noteChange(v *Visit, to StaffID, reason string) {
	v.Changes = append(v.Changes, Change{From: v.Server, To: to, Reason: reason, At: d.now})
}

// takeOver lets x receive his own customer out of the order; a turn that was used goes back. Where
// his own turn stays used, because the visit counts or because nobody has confirmed it yet, no
// other place of his is in play.
func (d *draft) takeOver(v *Visit, id identity, x StaffID, route Route, rule string, off OffTime) {
	p := plan{route: route, rule: rule, server: x, principal: x, role: Lead}
	p.counts = d.countFor(v, id, x, off)
	u := d.unitOf(x)
	his := u != nil && v.TurnUnit == u.ID
	still := his && d.byReceiver() && d.policy.Count.ConsumesTurn && p.counts.who == x
	if !still {
		still = !d.reclaim(v, "P1-12b", "late_identity", TurnKept) && his
	}
	d.setServer(v, x)
	d.offTurn(&p, off)
	if still { // also when his team is back in line already
		p.effect, p.turn = TurnUsed, nil
	}
	d.setPlan(v, p)
}

// becomeAssist lets the receiver go on for x, who is absent or busy.
func (d *draft) becomeAssist(v *Visit, id identity, x StaffID, off OffTime) {
	route, rule := RouteAssistBusy, "P1-15"
	if !d.onSite(x) {
		route, rule = RouteAssistAbsent, "P1-12c"
	}
	p := plan{
		route: route, rule: rule, server: v.Server, principal: x, role: Assist,
		effect: TurnHeld, pass: d.policy.Pass.Assist,
	}
	p.counts = d.countFor(v, id, x, off)
	d.noBetter(v, &p)
	if !d.reclaim(v, "P1-12c", "late_identity", TurnHeld) {
		p.effect = TurnUsed
	}
	d.setPlan(v, p)
}

// becomeLine lets the receiver go on with a visitor who belongs to nobody. It uses his turn where
// the kind takes one and he has not used it yet; where the visitor had come for something else and
// is a customer, it costs what a visit costs that turns to sales. A stand-in goes on for the first
// of the line.
func (d *draft) becomeLine(v *Visit, id identity, off OffTime, wasCustomer bool) *Fault {
	p := plan{
		route: v.Route, rule: d.lineRule(v, id), server: v.Server, principal: v.Server,
		role: Lead, effect: v.TurnEffect, pass: d.policy.Pass.OwnReception,
	}
	if r, param := d.category(v.Kind); r != RouteLine {
		p.counts = d.countFor(v, id, v.Server, off)
		d.becomeOther(v, p, r, param, off)
		return nil
	}
	if v.ServerRole == StandIn {
		p.role, p.principal, p.pass = StandIn, v.Principal, d.policy.Pass.Assist
	}
	p.counts = d.countFor(v, id, p.principal, off)
	if off != withinHours {
		p.pass = d.policy.Pass.OffHours
	}
	if v.TurnUnit != "" { // whatever was claimed, it is a turn visit
		v.TurnClaim = nil
		if p.role == Lead {
			p.effect = TurnUsed
		}
	}
	u := d.unitOf(v.Server)
	payNow := v.TurnUnit == "" && p.role == Lead && off == withinHours && d.eventPlan() == nil
	switch {
	case payNow && (wasCustomer || v.Kind == KindPeer) && d.inLine(u):
		p.route, p.effect, p.turn = RouteLine, TurnUsed, u
	case payNow && !wasCustomer && v.Kind != KindPeer:
		d.setPlan(v, p)
		return d.payForSales(v, false)
	}
	d.setPlan(v, p)
	return nil
}

// becomeOther lets the receiver go on with somebody who is no customer: nobody's turn is used.
func (d *draft) becomeOther(v *Visit, p plan, r Route, param string, off OffTime) {
	p.route, p.rule, p.effect, p.pass = r, param, TurnHeld, d.policy.Pass.Unrelated
	switch {
	case off != withinHours:
		p.pass = d.policy.Pass.OffHours
	case v.Kind == KindCompanyStaff:
		p.pass = d.policy.Pass.CompanyStaff
	}
	d.noBetter(v, &p)
	if !d.reclaim(v, param, "late_identity", TurnHeld) {
		p.effect = TurnUsed
	}
	d.setPlan(v, p)
}

// noBetter keeps what passing does to the receiver's place where he himself reports who came and it
// would become milder (A90).
func (d *draft) noBetter(v *Visit, p *plan) {
	mild := []PassEffect{PassHold, PassVoidWithRight, PassVoid}
	if d.byReceiver() && slices.Index(mild, p.pass) < slices.Index(mild, v.PassEffect) {
		p.pass, p.effect = v.PassEffect, v.TurnEffect
	}
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
