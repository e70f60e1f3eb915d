package workflow

// HandTicket hands a matter that is not one's own to whoever is in charge of it (policy 3, item
// 2.4).
type HandTicket struct {
	// Id of the ticket.
	Ticket RecordID `json:"ticket"`
	// Area to whose leader it goes; empty for the ticket's own.
	Area AreaCode `json:"area,omitempty"`
}

func (*HandTicket) About() About {
	return About{
		Kind: "hand_ticket", May: serviceStaff, Rule: "P3-2.4", Scope: ScopeService, Since: 5,
	}
}

func (c *HandTicket) Needs(b *Board) []Ref { return b.ticketNeeds(c.Ticket) }

func (c *HandTicket) texts() []string { return []string{string(c.Area)} }

func (c *HandTicket) decide(d *draft) *Fault {
	a, f := d.desk()
	if f != nil {
		return f
	}
	t, f := d.seeTicket(c.Ticket)
	if f != nil {
		return f
	}
	if f := d.mayHand(t, a); f != nil {
		return f
	}
	if t, f = d.moveTicket(t, TicketHandOver, "P3-2.4"); f != nil {
		return f
	}
	if t.RecordedAt.IsZero() {
		return refused("not_recorded", "P3-2.2", "ticket", t.ID)
	}
	own := d.handsOwn(t, a)
	if own && a.Parameters.OwnMatter == HandoverRefuse {
		return refused("in_own_scope", "P3-2.3", "ticket", t.ID)
	}
	area, f := c.target(t, a)
	if f != nil {
		return f
	}
	to := d.inChargeOf(area, t)
	if to == "" {
		return refused("nobody_in_charge", "P3-2.4", "area", string(area.Code))
	}
	if c.Area != "" {
		d.correctArea(t, c.Area)
	}
	if t.HandedAt.IsZero() {
		t.HandedAt = d.now
	}
	t.Handovers = keep(t.Handovers, Handover{
		From: t.Holder, To: to, Area: area.Code, Inside: d.sameDepartment(t.Holder, to), At: d.now,
	})
	d.fact(FactTicketHanded, "P3-2.4", t.ID, "from", string(t.Holder), "to", string(to),
		"area", string(area.Code))
	t.Holder = to
	if own {
		d.flag("P3-2.3", "own_matter_handed:"+t.ID, t.ID)
	}
	d.tell("P3-2.4", to, t.ID, "ticket_handed")
	d.settle(t, a)
	return nil
}

// sameDepartment reports whether two members of staff belong to one department.
func (d *draft) sameDepartment(a, b StaffID) bool {
	x, y := d.staffMember(a), d.staffMember(b)
	return x != nil && y != nil && x.Department != "" && x.Department == y.Department
}

// mayHand lets the holder hand on, those in charge of the area, a supervisor and the manager. Who
// is complained about hands on only what he took himself (A77).
func (d *draft) mayHand(t *Ticket, a *ServiceAdoption) *Fault {
	me := d.env.By.Staff
	switch {
	case me == "":
		return forbidden("key_of_nobody", "P3-2.4")
	case me == t.Complained && (me != t.FirstResponder || me != t.Holder):
		return forbidden("own_matter", "P3-2.7a", "ticket", t.ID)
	case me == t.Holder, a.area(t.Area).inCharge(me), d.may(RoleSupervisor, RoleManager):
		return nil
	}
	return forbidden("not_holder", "P3-2.4", "ticket", t.ID)
}

// handsOwn reports whether the first responder hands on what he said is within his duties. Those in
// charge of the area, a supervisor and the manager may (A50).
func (d *draft) handsOwn(t *Ticket, a *ServiceAdoption) bool {
	me := d.env.By.Staff
	return me == t.FirstResponder && t.InScope && me != t.Complained &&
		!a.area(t.Area).inCharge(me) && !d.may(RoleSupervisor, RoleManager)
}

// target is the area to whose leader the ticket goes: the one that the command names; customer
// service for a call that it did not take itself and that nobody has handed on yet, where there is
// such an area; the ticket's own (A58).
func (c *HandTicket) target(t *Ticket, a *ServiceAdoption) (*Area, *Fault) {
	code := c.Area
	calls := a.area(AreaCode(CustomerService))
	switch {
	case code != "":
	case t.Channel == TicketByPhone && t.HandedAt.IsZero() && calls != nil &&
		t.Department != CustomerService && !calls.inCharge(t.FirstResponder):
		return calls, nil
	case t.Area == "":
		return nil, refused("area_missing", "P3-2.4", "ticket", t.ID)
	default:
		code = t.Area
	}
	if area := a.area(code); area != nil {
		return area, nil
	}
	return nil, invalidUnder("area_not_found", "P3-2.4", "area", string(code))
}

// inChargeOf is the leader of an area if he is on site, else its deputy if he is; never who has the
// ticket already, nor whom it is about. Empty when there is nobody (A65).
func (d *draft) inChargeOf(a *Area, t *Ticket) StaffID {
	for _, s := range []StaffID{a.Leader, a.Deputy} {
		if s != "" && s != t.Holder && s != t.Complained && d.present(s) {
			return s
		}
	}
	return ""
}

// EscalateTicket reports a major matter to the general manager (policy 3, item 2.5).
type EscalateTicket struct {
	// Id of the ticket.
	Ticket RecordID `json:"ticket"`
}

func (*EscalateTicket) About() About {
	return About{
		Kind: "escalate_ticket", May: serviceStaff, Rule: "P3-2.5", Scope: ScopeService, Since: 5,
	}
}

func (c *EscalateTicket) Needs(b *Board) []Ref { return b.ticketNeeds(c.Ticket) }

func (c *EscalateTicket) decide(d *draft) *Fault {
	a, f := d.desk()
	if f != nil {
		return f
	}
	t, f := d.seeTicket(c.Ticket)
	if f != nil {
		return f
	}
	me := d.env.By.Staff
	switch {
	case me == "":
		return forbidden("key_of_nobody", "P3-2.5")
	case me != t.FirstResponder && me != t.Holder && !a.area(t.Area).inCharge(me) &&
		!d.may(RoleSupervisor, RoleManager):
		return forbidden("not_holder", "P3-2.5", "ticket", t.ID)
	case t.judgesHimself(me):
		return forbidden("own_matter", "P3-2.7a", "ticket", t.ID)
	}
	if t.State != TicketClosed && !t.MajorAt.IsZero() {
		return refused("already_major", "P3-2.5", "ticket", t.ID)
	}
	if t, f = d.moveTicket(t, TicketEscalate, "P3-2.5"); f != nil {
		return f
	}
	d.escalate(t)
	d.settle(t, a)
	return nil
}

// escalate marks a matter as a major one and tells the general manager; it goes on meanwhile (A52).
func (d *draft) escalate(t *Ticket) {
	t.Grade, t.MajorAt = GradeMajor, d.now
	d.fact(FactTicketEscalated, "P3-2.5", t.ID, "by", string(d.env.By.Staff))
	d.tellHat("P3-2.5", GeneralManager, t.ID, "major_matter")
}
