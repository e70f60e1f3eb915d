package workflow

// RecordTicket writes down what is known of a matter (policy 3, item 2.2). Until the first
// hand-over the first responder may correct its area and whether it is within his duties.
type RecordTicket struct {
	// Id of the ticket.
	Ticket RecordID `json:"ticket"`
	// Id of the note on the matter.
	Note NoteID `json:"note,omitempty"`
	// Correct area; empty to keep the present one.
	Area AreaCode `json:"area,omitempty"`
	// Whether it is within the first responder's duties; missing to keep what was said.
	InScope *bool `json:"in_scope,omitempty"`
}

func (*RecordTicket) About() About {
	return About{
		Kind: "record_ticket", May: serviceStaff, Rule: "P3-2.2", Scope: ScopeService, Since: 5,
	}
}

func (c *RecordTicket) Needs(b *Board) []Ref { return b.ticketNeeds(c.Ticket) }

func (c *RecordTicket) texts() []string { return []string{string(c.Area)} }

func (c *RecordTicket) notes(SiteID) ([]NoteID, Ref) {
	return []NoteID{c.Note}, recordRef(Tickets, c.Ticket)
}

func (c *RecordTicket) decide(d *draft) *Fault {
	a, f := d.desk()
	if f != nil {
		return f
	}
	t, f := d.seeTicket(c.Ticket)
	if f != nil {
		return f
	}
	me := d.env.By.Staff
	corrects := c.Area != "" || c.InScope != nil
	switch {
	case me == "" || me != t.FirstResponder && me != t.Holder && !d.isOf(CustomerService):
		return forbidden("not_holder", "P3-2.2", "ticket", t.ID)
	case t.judgesHimself(me):
		return forbidden("own_matter", "P3-2.7a", "ticket", t.ID)
	case c.Note == "" && !corrects:
		return invalidUnder("nothing_recorded", "P3-2.2", "ticket", t.ID)
	case corrects && me != t.FirstResponder:
		return forbidden("not_holder", "P3-2.2", "ticket", t.ID)
	case corrects && !t.HandedAt.IsZero():
		return refused("handed", "P3-2.2", "ticket", t.ID)
	case c.Area != "" && a.area(c.Area) == nil:
		return invalidUnder("area_not_found", "P3-2.4", "area", string(c.Area))
	}
	if t, f = d.moveTicket(t, TicketRecord, "P3-2.2"); f != nil {
		return f
	}
	t.annotate(c.Note, d.now)
	if c.Area != "" {
		d.correctArea(t, c.Area)
	}
	if c.InScope != nil {
		t.InScope = *c.InScope
	}
	d.fact(FactTicketRecorded, "P3-2.2", t.ID, "by", string(me))
	d.settle(t, a)
	return nil
}

// correctArea changes the area of a ticket, also where the customer's open matters are listed.
func (d *draft) correctArea(t *Ticket, area AreaCode) {
	t.Area = area
	k := d.customer(t.Customer)
	if k == nil {
		return
	}
	k = d.editCustomer(t.Customer)
	for i := range k.OpenTickets {
		if k.OpenTickets[i].Ticket == RecordID(t.ID) {
			k.OpenTickets[i].Area = area
		}
	}
}
