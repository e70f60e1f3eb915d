package workflow

import (
	"slices"
	"time"
)

// plan is what the rules make of a visit at this moment: who receives, for whom, and what it does to his place.
type plan struct {
	route     Route
	rule      string // article or parameter that decided
	server    StaffID
	role      ServerRole
	principal StaffID
	effect    TurnEffect
	pass      PassEffect // for the server's place while he receives
	turn      *Unit      // whose turn is used
	passes    bool       // the turn goes past those ahead
	counts    count
}

// identity is what the records say about a visit's customer at this moment.
type identity struct {
	customer *Customer
	owner    StaffID // first reception responsibility, while it holds
	old      bool    // has been received before and is not to be treated as new
	rule     string  // why an old customer is treated as new
}

// who the visitor is at this moment: an old customer of somebody, or to be treated as new (RS-14, RS-15).
func (d *draft) identity(v *Visit) identity {
	c := d.customer(v.Customer)
	id := identity{customer: c}
	switch {
	case c == nil || c.Owner == "":
	case c.Status == StatusRefunded:
		id.rule = "P1-13b"
		if v.Named == c.Owner {
			id.owner, id.old = c.Owner, true
		}
	case d.fresh(c):
		id.owner, id.old = c.Owner, true
	default:
		id.rule = "stale_after_months"
	}
	return id
}

// fresh: money down never goes stale; without it a customer is fresh until the end of the last day of the policy's months
// after the last contact, in the site's zone (RS-14).
func (d *draft) fresh(c *Customer) bool {
	n := d.policy.StaleMonths
	if n == 0 || c.Status.moneyDown() {
		return true
	}
	return !c.LastContactAt.IsZero() && d.today <= lastFreshDay(d.Local(c.LastContactAt), n)
}

// offHours tells whether a reception that begins now is outside hours or in a duty shift, and the article (RS-9).
func (d *draft) offHours() (rule string, duty *DutyShift) { return d.offHoursAt(d.local) }

func (d *draft) offHoursAt(local time.Time) (rule string, duty *DutyShift) {
	if s, ok := d.site().onDuty(local); ok {
		return "P1-48", &s
	}
	if !d.site().InHours(local) {
		return "P1-43", nil
	}
	return "", nil
}

// begunOff is offHours for a reception under way: its beginning decides (A20).
func (d *draft) begunOff(v *Visit) string {
	rule, _ := d.offHoursAt(d.Local(v.AssignedAt))
	return rule
}

// decideAssign routes a visit by RS-12: the visitor's own naming, recognition at the door, the owner while fresh, the
// telephone appointment, the category, the line.
func (d *draft) decideAssign(v *Visit, concurrent bool) (plan, *Fault) {
	id := d.identity(v)
	if x, route, rule := d.claimant(v, id); x != "" {
		return d.planPrincipal(v, id, x, route, rule, concurrent)
	}
	rule, duty := d.offHours()
	if duty != nil && d.free(duty.Staff) {
		p := plan{route: RouteDuty, rule: rule, server: duty.Staff, principal: duty.Staff, role: Lead, effect: TurnHeld, pass: d.policy.Pass.OffHours}
		p.counts = d.countFor(v, id, p.server, rule)
		return p, nil
	}
	if r, param := d.category(v.Kind); r != RouteLine {
		return d.planCategory(v, id, r, param, rule)
	}
	return d.planLine(v, id, rule, concurrent)
}

// claimant is the consultant whom the visitor goes to outside the order, if any (RS-12).
func (d *draft) claimant(v *Visit, id identity) (StaffID, Route, string) {
	switch {
	case v.Named != "" && (v.customerKind() || d.free(v.Named)):
		rule := "P1-12b"
		if v.Kind == KindReferral {
			rule = "P1-13a"
		} else if id.customer != nil && id.customer.Status == StatusRefunded {
			rule = "P1-13b"
		}
		return v.Named, RouteNamed, rule
	case v.RecognisedBy != "" && id.owner == "":
		return v.RecognisedBy, RouteRecognised, "P1-14"
	case id.owner != "":
		return id.owner, RouteOwner, d.article("P1-17a", "P2-08a")
	case v.Appointment != "" && d.policy.Phone.AppointmentOwns && v.customerKind():
		return v.Appointment, RouteAppointment, "phone.appointment_owns"
	}
	return "", "", ""
}

// planPrincipal: the visitor belongs to x. Free, x receives off-turn; absent, whoever is on turn assists; busy, the delegate
// or the last seat assists (RS-13).
func (d *draft) planPrincipal(v *Visit, id identity, x StaffID, route Route, rule string, concurrent bool) (plan, *Fault) {
	off, _ := d.offHours()
	p := plan{route: route, rule: rule, server: x, principal: x, role: Lead}
	p.counts = d.countFor(v, id, x, off)
	h := d.hindered(x)
	if h == nil {
		d.offTurn(&p, off)
		return p, nil
	}
	p.role, p.effect, p.pass = Assist, TurnHeld, d.policy.Pass.Assist
	if !d.onSite(x) {
		p.route, p.rule = RouteAssistAbsent, "P1-12c"
		s, ok := d.onTurn()
		if !ok {
			return d.planConcurrent(v, id, x, off, concurrent)
		}
		p.server = s.who
		return p, nil
	}
	p.route, p.rule = RouteAssistBusy, "assist.when_busy"
	if f := d.mayHelpBusy(x); f != nil {
		return plan{}, f
	}
	if v.Delegate != "" && v.Delegate != x && d.free(v.Delegate) {
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

// mayHelpBusy: under policy 2 nobody helps while the busy one serves a customer whose deal is not closed (C05, A44).
func (d *draft) mayHelpBusy(x StaffID) *Fault {
	leads, closed := d.leads(x)
	if d.policy.Assist.WhenBusy == "anyone" || leads == closed {
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

// offTurn sets what receiving out of the order does to the server's place (RS-7): held outside hours; used where what
// counts uses the turn; otherwise kept unless passed. It passes nobody.
func (d *draft) offTurn(p *plan, off string) {
	u := d.unitOf(p.server)
	p.effect, p.pass = TurnKept, d.policy.Pass.OwnReception
	switch {
	case !d.inLine(u):
		p.effect = TurnNone
	case off != "":
		p.effect, p.pass = TurnHeld, d.policy.Pass.OffHours
	case d.policy.Count.ConsumesTurn && p.counts.who == p.server && d.eventPlan() == nil:
		p.effect, p.turn = TurnUsed, u
	}
}

// category is the route of those who are not plain customers, with the parameter that says so.
func (d *draft) category(k VisitKind) (Route, string) {
	switch k {
	case KindPeer:
		return d.policy.Route.Peer, "route.peer"
	case KindUnrelated:
		return d.policy.Route.Unrelated, "route.unrelated"
	case KindCompanyStaff:
		return d.policy.Route.CompanyStaff, "route.company_staff"
	case KindNew, KindReturning, KindReferral, KindUnstated:
	}
	return RouteLine, ""
}

// planCategory: the first or the last seat attends without a turn.
func (d *draft) planCategory(v *Visit, id identity, r Route, param, off string) (plan, *Fault) {
	s, ok := d.onTurn()
	if r == RouteLastSeat {
		s, ok = d.lastSeat("")
	}
	if !ok {
		return plan{}, nobodyFree()
	}
	p := plan{route: r, rule: param, server: s.who, principal: s.who, role: Lead, effect: TurnHeld, pass: d.policy.Pass.Unrelated}
	if v.Kind == KindCompanyStaff {
		p.pass = d.policy.Pass.CompanyStaff
	}
	if off != "" {
		p.pass = d.policy.Pass.OffHours
	}
	if p.pass != PassHold {
		p.effect = TurnKept
	}
	p.counts = d.countFor(v, id, s.who, off)
	return p, nil
}

// planLine: by the order (RS-4), or by the event plan that replaces it (policy 1, art. 5). Outside hours the first eligible
// receives and keeps the turn.
func (d *draft) planLine(v *Visit, id identity, off string, concurrent bool) (plan, *Fault) {
	if e := d.eventPlan(); e != nil {
		return d.planEvent(v, id, e, off)
	}
	s, ok := d.onTurn()
	switch {
	case !ok:
		return d.planConcurrent(v, id, "", off, concurrent)
	case concurrent:
		return plan{}, refused("somebody_free", "P1-30a", "staff", string(s.who))
	}
	p := plan{route: RouteLine, rule: d.lineRule(v, id), server: s.who, principal: s.who, role: Lead}
	p.counts = d.countFor(v, id, s.who, off)
	if off != "" {
		p.route, p.rule, p.effect, p.pass = RouteOffHours, off, TurnHeld, d.policy.Pass.OffHours
		if off == "P1-48" {
			p.route = RouteLine
		}
		return p, nil
	}
	p.effect, p.pass, p.turn, p.passes = TurnUsed, d.policy.Pass.OwnReception, s.unit, true
	return p, nil
}

// lineRule is the article that sends the visitor to the line.
func (d *draft) lineRule(v *Visit, id identity) string {
	switch {
	case id.rule != "":
		return id.rule
	case v.Kind == KindReferral:
		return "P1-49b"
	case v.Kind == KindUnstated:
		return "count.unstated"
	case v.Kind == KindPeer:
		return "route.peer"
	}
	return d.article("P1-06", "P2-01")
}

// eventPlan is the manager's plan if one is in force now.
func (d *draft) eventPlan() *EventPlan {
	e := d.rota().Event
	if e == nil || d.now.Before(e.FromAt) || !e.ToAt.IsZero() && !d.now.Before(e.ToAt) {
		return nil
	}
	return e
}

// planEvent: the first free unit of the plan receives and goes to its end; the line stands still (A30).
func (d *draft) planEvent(v *Visit, id identity, e *EventPlan, off string) (plan, *Fault) {
	for _, unit := range e.Order {
		u := d.unit(unit)
		if u == nil {
			continue
		}
		if s, ok := d.freeMember(u); ok {
			p := plan{route: RouteEvent, rule: "P1-05", server: s, principal: s, role: Lead, effect: TurnNone, pass: PassHold}
			p.counts = d.countFor(v, id, s, off)
			return p, nil
		}
	}
	return plan{}, nobodyFree()
}

func nobodyFree() *Fault {
	return refused("nobody_free", "P1-30b")
}

// planConcurrent: with nobody eligible, the present consultant with the fewest open visits takes the visitor as well; ties
// go to whoever left the line first (RS-19). Only on the explicit command. A visitor who belongs to x stays his: another one
// assists; x himself receives him out of the order.
func (d *draft) planConcurrent(v *Visit, id identity, x StaffID, off string, asked bool) (plan, *Fault) {
	who, ok := d.leastLoaded()
	if !asked || !ok {
		return plan{}, nobodyFree()
	}
	p := plan{route: RouteConcurrent, rule: "P1-30b", server: who, principal: who, role: Lead, effect: TurnNone, pass: d.policy.Pass.OwnReception}
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
	case off != "":
		p.effect, p.pass = TurnHeld, d.policy.Pass.OffHours
	case d.eventPlan() == nil:
		p.effect, p.turn = TurnUsed, u
	}
	return p, nil
}

// leastLoaded is the present consultant, not sent elsewhere, with the fewest open visits.
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
	var best StaffID
	found := false
	for _, id := range append(r.OutUnits(), r.Order()...) {
		for _, s := range d.unit(id).Members {
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

// planChosen is the supervisor's choice against the order: the chosen one's own turn is used, those ahead lose nothing (A33).
// A customer who belongs to somebody else stays his: the chosen one assists.
func (d *draft) planChosen(v *Visit, to StaffID) (plan, *Fault) {
	if h := d.hindered(to); h != nil {
		return plan{}, notFree(to, h)
	}
	id := d.identity(v)
	off, _ := d.offHours()
	p := plan{route: RouteSupervisor, rule: "P1-04", server: to, principal: to, role: Lead}
	if id.owner != "" && id.owner != to && v.Named != to {
		p.principal, p.role, p.effect, p.pass = id.owner, Assist, TurnHeld, d.policy.Pass.Assist
		p.counts = d.countFor(v, id, id.owner, off)
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

func notFree(who StaffID, h *hindrance) *Fault {
	return refused("not_free", "P1-30a", "staff", string(who), "why", h.why)
}

// planStandIn lets a colleague receive a turn visit for the first of the line, who is with a closed customer (policy 2,
// item 10; A46): the first's turn is used and the reception is his, the colleague keeps his place.
func (d *draft) planStandIn(v *Visit, s StandInFor) (plan, *Fault) {
	u := d.unitOf(s.For)
	if h := d.noStandIn(v, s.For, u); h != nil {
		return plan{}, refused("stand_in_forbidden", h.rule, "for", string(s.For), "by", string(s.By), "why", h.why)
	}
	if h := d.hindered(s.By); h != nil {
		return plan{}, notFree(s.By, h)
	}
	if s.By == s.For {
		return plan{}, notFree(s.By, &hindrance{why: "himself"})
	}
	id := d.identity(v)
	off, _ := d.offHours()
	p := plan{
		route: RouteStandIn, rule: "assist.stand_in", server: s.By, role: StandIn, principal: s.For,
		effect: TurnHeld, pass: d.policy.Pass.Assist, turn: u, passes: true,
	}
	p.counts = d.countFor(v, id, s.For, off)
	return p, nil
}

// noStandIn tells why nobody may stand in for x, whose unit is u; nil when somebody may.
func (d *draft) noStandIn(v *Visit, x StaffID, u *Unit) *hindrance {
	rule, _ := d.cite("assist.stand_in")
	claimed, _, _ := d.claimant(v, d.identity(v))
	r, _ := d.category(v.Kind)
	off, _ := d.offHours()
	switch {
	case !d.policy.Assist.StandIn:
		return &hindrance{why: "no_stand_in", rule: rule}
	case claimed != "" || r != RouteLine || off != "" || d.eventPlan() != nil:
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

// assign carries a plan out.
func (d *draft) assign(v *Visit, p plan) {
	v.Route, v.Server, v.ServerRole, v.Principal = p.route, p.server, p.role, p.principal
	v.TurnEffect, v.PassEffect = p.effect, p.pass
	v.CountsFor = p.counts.who
	v.CountRule, _ = d.cite(p.counts.rule)
	v.AssignedAt, v.BusinessDay = d.now, d.today
	v.Policy = d.policy.Preset
	if u := d.unitOf(p.server); u != nil {
		v.Unit = u.ID
	}
	if v.FirstLead == "" {
		v.FirstLead = p.server
	}
	d.fact(FactVisitAssigned, p.rule, string(p.server), "visit", v.ID, "route", string(p.route), "role", string(p.role), "for", string(p.principal))
	d.noteWaiting(v, p)
	d.placeEffect(v, p)
	if p.route == RouteEvent {
		e := d.editRota().Event
		i := slices.Index(e.Order, v.Unit)
		e.Order = append(slices.Delete(e.Order, i, i+1), v.Unit)
	}
	d.tellOwner(v)
	d.askForHelp(v)
}

// placeEffect does to the line what the plan says and notes the effect on the one who receives.
func (d *draft) placeEffect(v *Visit, p plan) {
	if p.turn != nil {
		d.useTurn(v, p.turn, p.principal, p.rule, p.passes)
	}
	kinds := map[TurnEffect]FactKind{TurnKept: FactTurnKept, TurnHeld: FactTurnHeld, TurnNone: FactTurnNone}
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

// tellOwner: an owner learns that his customer asked for somebody else (A18).
func (d *draft) tellOwner(v *Visit) {
	if c := d.customer(v.Customer); c != nil && c.Owner != "" && c.Owner != v.Principal && v.Named == v.Principal && d.identity(v).old {
		d.notify("P1-16b", c.Owner, v.ID, "why", "asked_for_another", "staff", string(v.Principal))
	}
}

// askForHelp names who guides and who pours water under policy 2, and what to prepare under policy 1.
func (d *draft) askForHelp(v *Visit) {
	if !d.policy.Desk.Guiding {
		d.remind("P1-20", "prepare_and_greet", string(v.Server))
		return
	}
	if !v.customerKind() {
		return
	}
	next := d.eligible("")
	if len(next) == 0 {
		return
	}
	v.Guide, v.Water = next[0].who, next[min(1, len(next)-1)].who
}
