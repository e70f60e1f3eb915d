package workflow

import "time"

// CallAgain notes that the customer came again about an open matter (policy 3, item 2.7): he should
// not have to.
type CallAgain struct {
	// Id of the ticket.
	Ticket RecordID `json:"ticket"`
	// He says that it is not solved; a solved ticket is open again.
	Unsolved bool `json:"unsolved,omitempty"`
	// Id of the note on what he said.
	Note NoteID `json:"note,omitempty"`
}

func (*CallAgain) About() About {
	return About{
		Kind: "call_again", May: serviceStaff, Rule: "P3-2.7b", Scope: ScopeService, Since: 5,
	}
}

func (c *CallAgain) Needs(b *Board) []Ref { return b.ticketNeeds(c.Ticket) }

func (c *CallAgain) notes(SiteID) ([]NoteID, Ref) {
	return []NoteID{c.Note}, recordRef(Tickets, c.Ticket)
}

func (c *CallAgain) decide(d *draft) *Fault {
	a, f := d.desk()
	if f != nil {
		return f
	}
	me, f := d.me("P3-2.7b")
	if f != nil {
		return f
	}
	t, f := d.seeTicket(c.Ticket)
	if f != nil {
		return f
	}
	event, was := TicketCallAgain, t.State
	if c.Unsolved {
		event = TicketReopen
	}
	if was == TicketClosed {
		return refused("ticket_closed", "P3-2.7b", "ticket", t.ID)
	}
	if t, f = d.moveTicket(t, event, "P3-2.7b"); f != nil {
		return f
	}
	t.annotate(c.Note, d.now)
	t.Repeats = keep(t.Repeats, Repeat{By: me.Staff, At: d.now})
	d.flag("P3-2.7b", "repeat_call:"+t.ID, t.ID)
	d.tell("P3-2.7b", t.Holder, t.ID, "repeat_call")
	if was != t.State { // until it is solved again it counts as not solved
		t.ResolvedAt, t.FirstContact = time.Time{}, false
		d.fact(FactTicketReopened, "P3-2.7b", t.ID, "by", string(me.Staff))
		d.settle(t, a)
	}
	t.read()
	return nil
}
