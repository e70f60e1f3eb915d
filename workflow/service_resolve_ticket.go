package workflow

import "time"

// ResolveTicket says that a matter is solved (policy 3, items 2.3, 2.6 and 9). It may be solved
// first and the liaison slip handed in afterwards.
type ResolveTicket struct {
	// Id of the ticket.
	Ticket RecordID `json:"ticket"`
	// It was solved first; the slip is owed.
	FixFirst bool `json:"fix_first,omitempty"`
	// Id of the note on what was done.
	Note NoteID `json:"note,omitempty"`
}

func (*ResolveTicket) About() About {
	return About{
		Kind: "resolve_ticket", May: serviceStaff, Rule: "P3-2.6", Scope: ScopeService, Since: 5,
	}
}

func (c *ResolveTicket) Needs(b *Board) []Ref { return b.ticketNeeds(c.Ticket) }

func (c *ResolveTicket) notes(SiteID) ([]NoteID, Ref) {
	return []NoteID{c.Note}, recordRef(Tickets, c.Ticket)
}

func (c *ResolveTicket) decide(d *draft) *Fault {
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
	case me == "" || me != t.Holder && me != t.FirstResponder && !d.isOf(TechService):
		return forbidden("not_holder", "P3-2.6", "ticket", t.ID)
	case me == t.Complained:
		return forbidden("own_matter", "P3-2.7a", "ticket", t.ID)
	case t.State == TicketOpen && t.RecordedAt.IsZero():
		return refused("not_recorded", "P3-2.2", "ticket", t.ID)
	}
	if t, f = d.moveTicket(t, TicketResolve, "P3-2.6"); f != nil {
		return f
	}
	t.ResolvedBy, t.ResolvedAt = me, d.now
	t.FirstContact = me == t.FirstResponder && t.HandedAt.IsZero() && d.today == t.BusinessDay
	t.annotate(c.Note, d.now)
	d.fact(FactTicketResolved, "P3-2.6", t.ID, "by", string(me))
	if c.FixFirst || d.solvedFirst(t, a) {
		t.Slip, _ = slipMachine.Target(t.Slip, SlipOwe) // owed from any state
		if hours := a.Parameters.Slip.RemindHours; hours > 0 {
			t.SlipDueAt = d.now.Add(time.Duration(hours) * time.Hour)
		}
		rule := "P3-2.6"
		if d.isOf(TechService) {
			rule = "P3-9"
		}
		d.fact(FactSlipPending, rule, t.ID, "by", string(me))
	}
	d.settle(t, a)
	return nil
}

// solvedFirst reports whether who solves a ticket was not in charge of it: not its holder, or the
// first responder of a matter outside his duties (A98).
func (d *draft) solvedFirst(t *Ticket, a *ServiceAdoption) bool {
	me := d.env.By.Staff
	return me != t.Holder || me == t.FirstResponder && !d.inScope(t, a, me)
}

// SubmitSlip hands in the liaison slip of a matter that was solved first (policy 3, items 2.6 and
// 9).
type SubmitSlip struct {
	// Id of the ticket.
	Ticket RecordID `json:"ticket"`
	// Id of the note with the slip.
	Note NoteID `json:"note,omitempty"`
}

func (*SubmitSlip) About() About {
	return About{
		Kind: "submit_slip", May: serviceStaff, Rule: "P3-2.6", Scope: ScopeService, Since: 5,
	}
}

func (c *SubmitSlip) Needs(b *Board) []Ref { return b.ticketNeeds(c.Ticket) }

func (c *SubmitSlip) notes(SiteID) ([]NoteID, Ref) {
	return []NoteID{c.Note}, recordRef(Tickets, c.Ticket)
}

func (c *SubmitSlip) decide(d *draft) *Fault {
	a, f := d.desk()
	if f != nil {
		return f
	}
	t, f := d.seeTicket(c.Ticket)
	if f != nil {
		return f
	}
	me := d.env.By.Staff
	slip, owed := slipMachine.Target(t.Slip, SlipHandIn)
	switch {
	case me == "" || me != t.ResolvedBy && me != t.FirstResponder && me != t.Holder:
		return forbidden("not_holder", "P3-2.6", "ticket", t.ID)
	case me == t.Complained:
		return forbidden("own_matter", "P3-2.7a", "ticket", t.ID)
	case !owed:
		return refused("no_slip", "P3-2.6", "ticket", t.ID, "slip", string(t.Slip))
	}
	if t, f = d.moveTicket(t, TicketSlip, "P3-2.6"); f != nil {
		return f
	}
	t.Slip, t.SlipAt = slip, d.now
	t.annotate(c.Note, d.now)
	d.fact(FactSlipSubmitted, "P3-2.6", t.ID, "by", string(me))
	d.settle(t, a)
	return nil
}

// CloseTicket ends a ticket (policy 3, item 2.2): it is solved, or the customer wants nothing any
// more.
type CloseTicket struct {
	// Id of the ticket.
	Ticket RecordID `json:"ticket"`
	// How it ended: done or withdrawn; empty for done.
	Outcome TicketOutcome `json:"outcome,omitempty"`
	// The customer was told how it ended (policy 3, item 9).
	Told bool `json:"told,omitempty"`
}

func (*CloseTicket) About() About {
	return About{
		Kind: "close_ticket", May: serviceStaff, Rule: "P3-2.2", Scope: ScopeService, Since: 5,
	}
}

func (c *CloseTicket) Needs(b *Board) []Ref { return b.ticketNeeds(c.Ticket) }

func (c *CloseTicket) decide(d *draft) *Fault {
	a, f := d.desk()
	if f != nil {
		return f
	}
	t, f := d.seeTicket(c.Ticket)
	if f != nil {
		return f
	}
	event := TicketClose
	if c.Outcome == OutcomeWithdrawn {
		event = TicketWithdraw
	}
	me := d.env.By.Staff
	switch {
	case c.Outcome != "" && !contains(c.Outcome):
		return invalidUnder("bad_outcome", "P3-2.2", "outcome", string(c.Outcome))
	case me == "" || me != t.Holder && me != t.FirstResponder && !d.isOf(CustomerService):
		return forbidden("not_holder", "P3-2.2", "ticket", t.ID)
	case me == t.Complained:
		return forbidden("own_matter", "P3-2.7a", "ticket", t.ID)
	}
	moved, f := d.moveTicket(t, event, "P3-2.2")
	switch {
	case f != nil:
		return f
	case t.Slip == SlipPending:
		return refused("slip_missing", "P3-2.6", "ticket", t.ID)
	}
	t = moved
	t.Told, t.ClosedAt, t.Outcome = c.Told, d.now, OutcomeDone
	if c.Outcome != "" {
		t.Outcome = c.Outcome
	}
	d.dropOpenTicket(t)
	d.fact(FactTicketClosed, "P3-2.2", t.ID, "outcome", string(t.Outcome), "by", string(me),
		"told", yes(t.Told))
	d.settle(t, a)
	return nil
}

// dropOpenTicket takes a ticket off the customer's open matters.
func (d *draft) dropOpenTicket(t *Ticket) {
	if d.customer(t.Customer) != nil {
		d.editCustomer(t.Customer).closeTicket(RecordID(t.ID))
	}
}

func yes(b bool) string {
	if b {
		return "true"
	}
	return ""
}
