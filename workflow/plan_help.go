package workflow

import (
	"slices"
	"strings"
)

// planPrincipal gives the visit to x, to whom the visitor belongs (RS-13). When x is absent, who is
// on duty assists; when x is busy, the delegate or the last seat does.
func (d *draft) planPrincipal(v *Visit, id identity, x StaffID, route Route, rule string,
	concurrent bool,
) (plan, *Fault) {
	off := d.offHours()
	p := plan{route: route, rule: rule, server: x, principal: x, role: Lead}
	p.counts = d.countFor(v, id, x, off)
	h := d.hindered(x)
	switch {
	case h == nil:
		d.offTurn(&p, off)
		return p, nil
	case route == RouteRecognised: // a claim to receive, and he cannot (A83)
		f := notFree(x, h)
		f.Rule = "P1-14"
		return plan{}, f
	}
	p.role, p.effect, p.pass = Assist, TurnHeld, d.policy.Pass.Assist
	if !d.onSite(x) {
		p.route, p.rule = RouteAssistAbsent, "P1-12c"
		s, ok := d.onDuty()
		if ok {
			p.rule = off.rule()
		} else {
			s, ok = d.byOrder()
		}
		if !ok {
			return d.planConcurrent(v, id, x, off, concurrent)
		}
		p.server = s
		return p, nil
	}
	p.route, p.rule = RouteAssistBusy, "assist.when_busy"
	if f := d.mayHelpBusy(x); f != nil {
		return plan{}, f
	}
	if v.Delegate != "" && v.Delegate != x {
		if !d.free(v.Delegate) {
			return plan{}, refused("delegate_busy", "P1-15", "staff", string(v.Delegate),
				"free", d.whoIsFree(x))
		}
		p.server = v.Delegate
		return p, nil
	}
	s, ok := d.lastSeat(x)
	if !ok {
		return d.planConcurrent(v, id, x, off, concurrent)
	}
	p.server = s.who
	return p, nil
}

// onDuty is the first free one of the duty shift in force: all of it serve before the line helps
// out (policy 1, art. 48; A93).
func (d *draft) onDuty() (StaffID, bool) {
	for _, s := range d.site().onDuty(d.local) {
		if d.free(s) {
			return s, true
		}
	}
	return "", false
}

// byOrder is the first free one of the manager's plan (A81), or of the line.
func (d *draft) byOrder() (StaffID, bool) {
	if e := d.eventPlan(); e != nil {
		_, s, ok := d.planned(e)
		return s, ok
	}
	s, ok := d.onTurn()
	return s.who, ok
}

// whoIsFree lists the consultants of the line who are free, without x, in order.
func (d *draft) whoIsFree(x StaffID) string {
	var free []string
	for _, p := range d.rota().Line {
		for _, s := range d.unit(p.Unit).Members {
			if s != x && d.free(s) {
				free = append(free, string(s))
			}
		}
	}
	return strings.Join(free, ", ")
}

// mayHelpBusy refuses help, under policy 2, for somebody whose customer's deal is not closed (C05,
// A44).
func (d *draft) mayHelpBusy(x StaffID) *Fault {
	leads, closed := d.leads(x)
	if d.policy.Assist.WhenBusy == HelpAnyone || leads == closed {
		return nil
	}
	rule, _ := d.cite("assist.when_busy")
	return refused("stand_in_forbidden", rule, "staff", string(x))
}

// leads counts the visits that x leads, and those of them whose customer's deal is closed.
func (d *draft) leads(x StaffID) (all, closed int) {
	d.visits(func(v *Visit) {
		if v.Server == x && v.leading() {
			all++
			if c := d.customer(v.Customer); c != nil && c.Status.closed() {
				closed++
			}
		}
	})
	return all, closed
}

// planConcurrent gives the visit, when nobody is eligible and the command asks for it, to the
// present consultant with the fewest open visits (RS-19). Ties go to whoever left the line first. A
// visitor who belongs to x stays his: another consultant assists; x himself receives him out of the
// order.
func (d *draft) planConcurrent(v *Visit, id identity, x StaffID, off OffTime, asked bool) (
	plan, *Fault,
) {
	who, ok := d.leastLoaded()
	if !asked || !ok {
		return plan{}, nobodyFree(asked)
	}
	p := plan{
		route: RouteConcurrent, rule: "P1-30b", server: who, principal: who, role: Lead,
		effect: TurnNone, pass: d.policy.Pass.OwnReception,
	}
	if x != "" {
		p.principal = x
	}
	p.counts = d.countFor(v, id, p.principal, off)
	u := d.unitOf(who)
	switch {
	case x == who:
		d.offTurn(&p, off)
	case x != "":
		p.role, p.pass = Assist, d.policy.Pass.Assist
		if d.inLine(u) {
			p.effect = TurnHeld
		}
	case !d.inLine(u):
	case off != withinHours:
		p.effect, p.pass = TurnHeld, d.policy.Pass.OffHours
	case d.eventPlan() != nil:
		p.effect, p.pass = TurnHeld, PassHold
	default:
		p.effect, p.turn = TurnUsed, u
	}
	return p, nil
}

// leastLoaded is the present consultant, not sent elsewhere, with the fewest open visits; during an
// event, of those in the manager's plan.
func (d *draft) leastLoaded() (StaffID, bool) {
	load := make(map[StaffID]int)
	d.visits(func(v *Visit) {
		if v.leading() || v.assisting() {
			load[v.Server]++
			for _, a := range v.Assistants {
				load[a]++
			}
		}
	})
	r := d.rota()
	order := append(r.OutUnits(), r.Order()...)
	if e := d.eventPlan(); e != nil {
		order = e.Order
	}
	var best StaffID
	found := false
	for _, id := range order {
		for _, s := range d.entryMembers(id) {
			if m := d.staffMember(s); m == nil || !m.Active || d.absence(s) != nil {
				continue
			}
			if !found || load[s] < load[best] {
				best, found = s, true
			}
		}
	}
	return best, found
}

// planChosen follows the supervisor's choice against the order. It uses the chosen one's own turn;
// those ahead lose nothing (A33). Whoever asked for somebody else, or is his customer, stays his:
// the chosen one assists, and he is told (A89).
func (d *draft) planChosen(v *Visit, to StaffID) (plan, *Fault) {
	if h := d.hindered(to); h != nil {
		return plan{}, notFree(to, h)
	}
	id := d.identity(v)
	off := d.offHours()
	p := plan{route: RouteSupervisor, rule: "P1-04", server: to, principal: to, role: Lead}
	x, route, _ := d.claimant(v, id)
	if x != "" && x != to && route != RouteRecognised && v.customerKind() {
		p.principal, p.role, p.effect, p.pass = x, Assist, TurnHeld, d.policy.Pass.Assist
		p.counts = d.countFor(v, id, x, off)
		return p, nil
	}
	p.counts = d.countFor(v, id, to, off)
	if r, _ := d.category(v.Kind); r != RouteLine {
		p.effect, p.pass = TurnHeld, d.policy.Pass.Unrelated
		return p, nil
	}
	d.offTurn(&p, off)
	if p.effect == TurnKept && id.owner == "" && d.eventPlan() == nil {
		p.effect, p.turn = TurnUsed, d.unitOf(to)
	}
	return p, nil
}

// planStandIn lets a colleague receive a turn visit for the first of the line, who is with a closed
// customer (policy 2, item 10; A46). It uses the first one's turn, and the reception is his; the
// colleague keeps his place.
func (d *draft) planStandIn(v *Visit, s StandInFor) (plan, *Fault) {
	u := d.unitOf(s.For)
	if h := d.noStandIn(v, s.For, u); h != nil {
		return plan{}, refused("stand_in_forbidden", h.rule, "for", string(s.For),
			"by", string(s.By), "why", h.why)
	}
	if h := d.hindered(s.By); h != nil {
		return plan{}, notFree(s.By, h)
	}
	if s.By == s.For {
		return plan{}, notFree(s.By, &hindrance{why: "himself"})
	}
	id := d.identity(v)
	off := d.offHours()
	p := plan{
		route: RouteStandIn, rule: "assist.stand_in", server: s.By, role: StandIn, principal: s.For,
		effect: TurnHeld, pass: d.policy.Pass.Assist, turn: u, passes: true,
	}
	p.counts = d.countFor(v, id, s.For, off)
	return p, nil
}

// noStandIn says why nobody may stand in for x, whose unit is u; nil when somebody may.
func (d *draft) noStandIn(v *Visit, x StaffID, u *Unit) *hindrance {
	rule, _ := d.cite("assist.stand_in")
	claimed, _, _ := d.claimant(v, d.identity(v))
	r, _ := d.category(v.Kind)
	off := d.offHours()
	switch {
	case !d.policy.Assist.StandIn:
		return &hindrance{why: "no_stand_in", rule: rule}
	case claimed != "" || r != RouteLine || off != withinHours || d.eventPlan() != nil:
		return &hindrance{why: "not_by_order", rule: rule}
	case !d.inLine(u) || d.unitHindrance(u) == nil:
		return &hindrance{why: "able_to_receive", rule: rule}
	case !withClosedOnly(d.leads(x)):
		return &hindrance{why: "deal_open", rule: "P2-10a"}
	}
	line := d.rota()
	if first, ok := d.onTurn(); ok && line.lineIndex(first.unit.ID) < line.lineIndex(u.ID) {
		return &hindrance{why: "not_his_turn", rule: rule}
	}
	return nil
}

func withClosedOnly(all, closed int) bool { return all > 0 && all == closed }

// customersInHouse are the customers of all open visits.
func (b *Board) customersInHouse() []Ref {
	refs := make([]Ref, 0, len(b.open))
	for _, v := range b.open {
		refs = append(refs, customerRef(v.Customer))
	}
	return refs
}

// helpMatters reports whether the policy lets help depend on the customers of those who are busy
// (C05).
func (b *Board) helpMatters() bool {
	s := b.Site()
	limits := func(a Adoption) bool { return a.Policy.Assist.WhenBusy != HelpAnyone }
	return s != nil && slices.ContainsFunc(s.Adoptions, limits)
}
