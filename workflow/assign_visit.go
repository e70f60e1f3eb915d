package workflow

import "slices"

// AssignVisit gives the visit to the consultant whom the rules name, or to the supervisor's
// choice.
type AssignVisit struct {
	// Id of the visit.
	Visit VisitID `json:"visit"`
	// Consultant to receive; empty to follow the rules. Against the order it needs a reason and a
	// supervisor.
	To StaffID `json:"to,omitempty"`
	// Why the order is left, as a code.
	Reason string `json:"reason,omitempty"`
	// Id of the note that explains the choice.
	Note NoteID `json:"note,omitempty"`
	// When nobody is free, give the visit to the consultant with the fewest open visits.
	Concurrent bool `json:"concurrent,omitempty"`
	// Let a colleague receive for the one whose turn it is.
	StandIn *StandInFor `json:"stand_in,omitempty"`
}

func (*AssignVisit) About() About {
	return About{Kind: "assign_visit", Event: EventAssign, May: receptionists, Rule: "P1-06"}
}

func (c *AssignVisit) Needs(b *Board) []Ref {
	refs := b.visitNeeds(c.Visit)
	if b.helpMatters() {
		return append(refs, b.customersInHouse()...)
	}
	// Whether somebody may stand in depends on whom the other one is with.
	for _, v := range b.open {
		if c.StandIn != nil && v.Server == c.StandIn.For {
			refs = append(refs, customerRef(v.Customer))
		}
	}
	return refs
}

func (c *AssignVisit) texts() []string { return []string{c.Reason} }

func (c *AssignVisit) note(SiteID) (NoteID, Ref) { return c.Note, visitRef(c.Visit) }

func (c *AssignVisit) decide(d *draft) *Fault {
	v, f := d.visit(c.Visit, EventAssign)
	if f != nil {
		return f
	}
	p, f := d.choose(v, c)
	if f != nil {
		return f
	}
	if c.Reason != "" {
		v.Reason = c.Reason
	}
	if c.Note != "" {
		v.Note = c.Note
	}
	d.assign(v, p)
	return nil
}

// StandInFor lets a colleague receive a turn visit for the first of the line (policy 2, item 10).
type StandInFor struct {
	// Consultant whose turn it is and who is with a customer whose deal is closed.
	For StaffID `json:"for"`
	// Colleague who receives for him.
	By StaffID `json:"by"`
}

// assign carries a plan out.
func (d *draft) assign(v *Visit, p plan) {
	v.Route, v.Server, v.ServerRole, v.Principal = p.route, p.server, p.role, p.principal
	v.TurnEffect, v.PassEffect = p.effect, p.pass
	v.CountsFor = p.counts.who
	v.CountRule, _ = d.cite(p.counts.rule)
	v.AssignedAt, v.BusinessDay = d.now, d.today
	v.BeganOff = d.offHours()
	v.Policy = d.policy.Preset
	if u := d.unitOf(p.server); u != nil {
		v.Unit = u.ID
	}
	if v.FirstLead == "" {
		v.FirstLead = p.server
	}
	d.fact(FactVisitAssigned, p.rule, string(p.server), "visit", v.ID, "route", string(p.route),
		"role", string(p.role), "for", string(p.principal))
	d.noteWaiting(v, p)
	d.placeEffect(v, p)
	if p.entry != "" {
		d.rotate(v, p.entry, p.server)
	}
	if p.route == RouteSupervisor && p.role == Assist {
		d.notify("P1-04", p.principal, v.ID, "why", "chosen_to_assist", "staff", string(p.server))
	}
	d.tellOwner(v)
	d.noteLeft(v)
	d.askForHelp(v)
}

// placeEffect changes the line as the plan says and records what happens to the receiver's place.
func (d *draft) placeEffect(v *Visit, p plan) {
	if p.turn != nil {
		d.useTurn(v, p.turn, p.principal, p.rule, p.passes)
	}
	kinds := map[TurnEffect]FactKind{
		TurnKept: FactTurnKept, TurnHeld: FactTurnHeld,
		TurnNone: FactTurnNone,
	}
	if k, ok := kinds[p.effect]; ok {
		rule := p.rule
		switch {
		case p.effect == TurnKept && p.route != RouteFirst:
			rule = "pass_effect.own_reception"
		case p.role != Lead:
			rule = "pass_effect.assist"
		}
		d.fact(k, rule, string(p.server), "visit", v.ID)
	}
}

// tellOwner tells an owner that his customer asked for somebody else (A18).
func (d *draft) tellOwner(v *Visit) {
	if c := d.customer(v.Customer); c != nil && c.Owner != v.Principal && d.works(c.Owner) &&
		v.Named == v.Principal && d.identity(v).old {
		d.notify("P1-16b", c.Owner, v.ID, "why", "asked_for_another", "staff", string(v.Principal))
	}
}

// askForHelp says what to prepare under policy 1, and settles who guides and who brings water under
// policy 2.
func (d *draft) askForHelp(v *Visit) {
	if d.policy.Desk.Guiding {
		d.settleHelp(v)
		return
	}
	d.remind("P1-20", "prepare_and_greet", string(v.Server))
}

// noteWaiting records why the one on turn does not receive a visitor who goes to somebody else: he
// keeps his turn.
func (d *draft) noteWaiting(v *Visit, p plan) {
	if p.turn != nil || !slices.Contains([]Route{
		RouteNamed, RouteOwner, RouteRecognised,
		RouteAppointment, RouteAssistBusy, RouteDuty, RouteLastSeat, RouteSupervisor,
	}, p.route) {
		return
	}
	s, ok := d.onTurn()
	if ok && s.who != p.server {
		d.fact(FactTurnWaits, p.rule, string(s.unit.ID), "visit", v.ID, "route", string(p.route),
			"staff", string(p.server))
	}
}

// choose finds the plan: a stand-in, the rules, or the supervisor's choice. A choice that the rules
// make anyway needs no authority, and nobody picks himself (policy 1, art. 4, 6, 8 and 29a).
func (d *draft) choose(v *Visit, c *AssignVisit) (plan, *Fault) {
	if c.StandIn != nil {
		return d.planStandIn(v, *c.StandIn)
	}
	p, f := d.decideAssign(v, c.Concurrent)
	if c.To == "" || f == nil && p.server == c.To {
		return p, f
	}
	if e := d.consultant(c.To); e != nil {
		return plan{}, e
	}
	if !d.may(RoleSupervisor, RoleManager) {
		return plan{}, forbidden("not_next", "P1-06", "staff", string(c.To))
	}
	if c.Reason == "" {
		return plan{}, invalid("reason_missing")
	}
	return d.planChosen(v, c.To)
}
