package workflow

// plan is what the rules make of a visit at this moment: who receives, for whom, and what it does
// to his place.
type plan struct {
	route     Route
	rule      string // article or parameter that decided
	server    StaffID
	role      ServerRole
	principal StaffID
	effect    TurnEffect
	pass      PassEffect // for the server's place while he receives
	turn      *Unit      // whose turn is used
	entry     UnitID     // of an event plan, which goes to its end
	passes    bool       // the turn goes past those ahead
	counts    count
}

// identity is what the records say about a visit's customer at this moment.
type identity struct {
	customer *Customer
	owner    StaffID // first reception responsibility, while it holds and he works here
	left     StaffID // the same, but he no longer works here: the customer waits for reassignment
	old      bool    // has been received before and is not to be treated as new
	rule     string  // why an old customer is treated as new
}

// identity says who the visitor is at this moment: somebody's old customer, or one to be treated as
// new (RS-14, RS-15).
func (d *draft) identity(v *Visit) identity {
	c := d.customer(v.Customer)
	id := identity{customer: c}
	switch {
	case c == nil || c.Owner == "":
	case c.Status == StatusRefunded:
		id.rule = "P1-13b"
		if d.asked(v) == c.Owner {
			id.owner, id.old = c.Owner, true
		}
	case d.freshOn(c, d.dayOf(v)):
		id.owner, id.old = c.Owner, true
	default:
		id.rule = d.policy.staleRule()
	}
	if id.owner != "" && !d.works(id.owner) {
		id.owner, id.left = "", id.owner
	}
	return id
}

// fresh reports whether the first reception still counts, to the end of the last day (RS-14).
func (d *draft) fresh(c *Customer) bool { return d.freshOn(c, d.today) }

func (d *draft) freshOn(c *Customer, day Date) bool {
	last, ends := d.freshUntil(c)
	return !ends || day <= last
}

// decideAssign routes a visit by RS-12: the visitor's own naming, recognition at the door, the
// owner while fresh, the telephone appointment, the category, the line.
func (d *draft) decideAssign(v *Visit, concurrent bool) (plan, *Fault) {
	id := d.identity(v)
	if x, route, rule := d.claimant(v, id); x != "" {
		return d.planPrincipal(v, id, x, route, rule, concurrent)
	}
	off := d.offHours()
	if s, ok := d.onDuty(); ok {
		p := plan{
			route: RouteDuty, rule: off.rule(), server: s, principal: s, role: Lead,
			effect: TurnHeld, pass: d.policy.Pass.OffHours,
		}
		p.counts = d.countFor(v, id, p.server, off)
		return p, nil
	}
	if r, param := d.category(v.Kind); r != RouteLine {
		return d.planCategory(v, id, r, param, off, concurrent)
	}
	return d.planLine(v, id, off, concurrent)
}

// claimant is the consultant whom the visitor goes to outside the order, if any (RS-12).
func (d *draft) claimant(v *Visit, id identity) (StaffID, Route, string) {
	named := d.asked(v)
	switch {
	case named != "" && (v.customerKind() || d.free(named)):
		rule := "P1-12b"
		if v.Kind == KindReferral {
			rule = "P1-13a"
		} else if id.customer != nil && id.customer.Status == StatusRefunded {
			rule = "P1-13b"
		}
		return named, RouteNamed, rule
	case d.works(v.RecognisedBy) && id.owner == "":
		return v.RecognisedBy, RouteRecognised, "P1-14"
	case id.owner != "" && v.customerKind():
		return id.owner, RouteOwner, d.article("P1-17a", "P2-08a")
	case d.policy.Phone.AppointmentOwns && d.works(v.Appointment) && v.customerKind():
		return v.Appointment, RouteAppointment, "phone.appointment_owns"
	}
	return "", "", ""
}

// offTurn sets what receiving out of the order does to the server's place (RS-7): it is held
// outside hours, used where what counts uses the turn, and otherwise kept unless passed. It passes
// nobody.
func (d *draft) offTurn(p *plan, off OffTime) {
	u := d.unitOf(p.server)
	p.effect, p.pass = TurnKept, d.policy.Pass.OwnReception
	switch {
	case !d.inLine(u):
		p.effect = TurnNone
	case off != withinHours:
		p.effect, p.pass = TurnHeld, d.policy.Pass.OffHours
	case d.consumes(p, off):
		p.effect, p.turn = TurnUsed, u
	}
}

// consumes reports whether the reception uses the server's turn because it counts for him, wherever
// he stands in the line (A07).
func (d *draft) consumes(p *plan, off OffTime) bool {
	return d.policy.Count.ConsumesTurn && off == withinHours && p.counts.who == p.server &&
		d.eventPlan() == nil
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

// planCategory lets the first or the last seat attend, without a turn unless what counts uses one;
// when nobody is free and the command asks for it, somebody who looks after both.
func (d *draft) planCategory(v *Visit, id identity, r Route, param string, off OffTime,
	concurrent bool,
) (plan, *Fault) {
	s, ok := d.onTurn()
	if r == RouteLastSeat {
		s, ok = d.lastSeat("")
	}
	if !ok && concurrent {
		s.who, ok = d.leastLoaded()
		r, param = RouteConcurrent, "P1-30b"
	}
	if !ok {
		return plan{}, nobodyFree(concurrent)
	}
	p := plan{
		route: r, rule: param, server: s.who, principal: s.who, role: Lead, effect: TurnHeld,
		pass: d.policy.Pass.Unrelated,
	}
	if v.Kind == KindCompanyStaff {
		p.pass = d.policy.Pass.CompanyStaff
	}
	if off != withinHours {
		p.pass = d.policy.Pass.OffHours
	}
	p.counts = d.countFor(v, id, s.who, off)
	switch u := d.unitOf(s.who); {
	case !d.inLine(u):
		p.effect = TurnNone
	case d.consumes(&p, off):
		p.effect, p.pass, p.turn = TurnUsed, d.policy.Pass.OwnReception, u
	case p.pass != PassHold:
		p.effect = TurnKept
	}
	return p, nil
}

// planLine goes by the order (RS-4), or by the event plan that replaces it (policy 1, art. 5).
// Outside hours the first eligible unit receives and keeps the turn.
func (d *draft) planLine(v *Visit, id identity, off OffTime, concurrent bool) (plan, *Fault) {
	if e := d.eventPlan(); e != nil {
		return d.planEvent(v, id, e, off, concurrent)
	}
	s, ok := d.onTurn()
	switch {
	case !ok:
		return d.planConcurrent(v, id, "", off, concurrent)
	case concurrent:
		return plan{}, refused("somebody_free", "P1-30a", "staff", string(s.who))
	}
	p := plan{
		route: RouteLine, rule: d.lineRule(v, id), server: s.who, principal: s.who,
		role: Lead,
	}
	p.counts = d.countFor(v, id, s.who, off)
	if off != withinHours {
		p.route, p.rule = RouteOffHours, off.rule()
		p.effect, p.pass = TurnHeld, d.policy.Pass.OffHours
		if off == InDutyShift {
			p.route = RouteLine
		}
		return p, nil
	}
	if id.left != "" && p.counts.who == "" && d.policy.Count.ConsumesTurn {
		p.effect, p.pass = TurnHeld, d.policy.Pass.Assist // what does not count takes no turn (A07)
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
	case id.left != "":
		return d.article("P1-06", "P2-01")
	case v.Kind == KindReferral:
		return "P1-49b"
	case v.Kind == KindUnstated:
		return "count.unstated"
	case v.Kind == KindPeer:
		return "route.peer"
	}
	return d.article("P1-06", "P2-01")
}

// planEvent gives the visit to the first free entry of the plan, which goes to the plan's end; the
// line stands still and holds the receiver's place (A30). When everybody in the plan is busy, one
// of them may look after both (policy 1, art. 30).
func (d *draft) planEvent(v *Visit, id identity, e *EventPlan, off OffTime, concurrent bool) (
	plan, *Fault,
) {
	entry, s, ok := d.planned(e)
	switch {
	case !ok:
		return d.planConcurrent(v, id, "", off, concurrent)
	case concurrent:
		return plan{}, refused("somebody_free", "P1-30a", "staff", string(s))
	}
	p := plan{
		route: RouteEvent, rule: "P1-05", server: s, principal: s, role: Lead, entry: entry,
		effect: TurnNone, pass: PassHold,
	}
	if d.inLine(d.unitOf(s)) {
		p.effect = TurnHeld
	}
	p.counts = d.countFor(v, id, s, off)
	return p, nil
}

// nobodyFree refuses where everybody is busy or away. Who had asked for concurrent learns that
// nobody is on site at all.
func nobodyFree(concurrent bool) *Fault {
	if concurrent {
		return refused("nobody_on_site", "P1-30b")
	}
	return refused("nobody_free", "P1-30b")
}

func notFree(who StaffID, h *hindrance) *Fault {
	return refused("not_free", "P1-30a", "staff", string(who), "why", h.why)
}
