package workflow

// OpenTicket records that somebody brought a matter to the office. Who gives the command is the
// first responder (policy 3, items 2.1, 2.2, 2.7).
type OpenTicket struct {
	// Id of the new ticket.
	Ticket RecordID `json:"ticket"`
	// What it is: request, complaint or question.
	Kind TicketKind `json:"kind"`
	// How it came: in_person, phone or online; empty for in_person.
	Channel TicketChannel `json:"channel,omitempty"`
	// Whether it is within the duties of the first responder.
	InScope bool `json:"in_scope"`
	// Field of the matter; empty where nobody knows yet.
	Area AreaCode `json:"area,omitempty"`
	// It touches a major matter of the office; the general manager is told.
	Major bool `json:"major,omitempty"`
	// Customer whose matter it is; empty for the one of the visit or the call out of which it came,
	// where that is known.
	Customer CustomerID `json:"customer,omitempty"`
	// Visit out of which it came.
	Visit VisitID `json:"visit,omitempty"`
	// Call on the sales telephone out of which it came.
	Call RecordID `json:"call,omitempty"`
	// Member of staff whom a complaint is about.
	Complained StaffID `json:"about,omitempty"`
	// Closed ticket which this one takes up again.
	Follows RecordID `json:"follows,omitempty"`
	// Id of the note on the matter; without one it must be recorded before anything else.
	Note NoteID `json:"note,omitempty"`
	// Id of the note on how to reach a caller who is no customer.
	Contact NoteID `json:"contact,omitempty"`
}

func (*OpenTicket) About() About {
	return About{
		Kind: "open_ticket", May: serviceStaff, Rule: "P3-2.1", Scope: ScopeService, Since: 5,
	}
}

func (c *OpenTicket) Needs(b *Board) []Ref {
	refs := []Ref{
		recordRef(Tickets, c.Ticket), visitRef(c.Visit), recordRef(Calls, c.Call),
		recordRef(Tickets, c.Follows), customerRef(c.whose(b)),
	}
	if k, ok := b.records[customerRef(c.whose(b))].(*Customer); ok && k.Site == b.ID {
		if first := k.openTicket(c.Area); first != "" {
			refs = append(refs, recordRef(Tickets, first))
		}
	}
	return refs
}

// whose is the customer whose matter it is; empty where nobody knows.
func (c *OpenTicket) whose(b *Board) CustomerID {
	return b.whoseTicket(&Ticket{Customer: c.Customer, Visit: c.Visit, Call: c.Call})
}

func (c *OpenTicket) texts() []string { return []string{string(c.Area)} }

func (c *OpenTicket) notes(SiteID) ([]NoteID, Ref) {
	return []NoteID{c.Note, c.Contact}, recordRef(Tickets, c.Ticket)
}

func (c *OpenTicket) decide(d *draft) *Fault {
	a, f := d.openDesk()
	if f != nil {
		return f
	}
	me, f := d.me("P3-2.1")
	if f != nil {
		return f
	}
	if f := c.check(d, a); f != nil {
		return f
	}
	h, f := d.newHead(Tickets, c.Ticket, false)
	if f != nil {
		return f
	}
	whose := c.whose(d.Board)
	if d.customer(whose) == nil { // he is called by a name that he has no record under yet
		whose = ""
	}
	t := add(d, &Ticket{
		Head: h, Kind: c.Kind, Channel: c.Channel, Grade: GradeOrdinary,
		Area: c.Area, InScope: c.InScope,
		State: TicketOpen, Slip: SlipNone, FirstResponder: me.Staff, Holder: me.Staff,
		Complained: c.Complained, Customer: whose, Visit: c.Visit, Call: c.Call,
		Follows: c.Follows, Department: me.Department, Contact: c.Contact,
		OpenedAt: d.now, BusinessDay: d.today, Month: d.today.month(),
	})
	if t.Channel == "" {
		t.Channel = TicketInPerson
	}
	t.annotate(c.Note, d.now)
	d.fact(FactTicketOpened, "P3-2.1", t.ID, "kind", string(t.Kind), "by", string(me.Staff),
		"area", string(t.Area))
	if !t.RecordedAt.IsZero() {
		d.fact(FactTicketRecorded, "P3-2.2", t.ID, "by", string(me.Staff))
	}
	if c.Major {
		d.escalate(t)
	}
	if t.Channel == TicketByPhone && !d.inScope(t, a, me.Staff) &&
		me.Department != CustomerService {
		d.tellGroup("P3-2.7b", string(CustomerService), t.ID, "ticket_by_phone")
	}
	d.seeRepeat(t)
	d.settle(t, a)
	return nil
}

// check refuses what is not there and what makes no sense.
func (c *OpenTicket) check(d *draft, a *ServiceAdoption) *Fault {
	switch {
	case !contains(c.Kind):
		return invalidUnder("bad_kind", "P3-2.1", "kind", string(c.Kind))
	case c.Channel != "" && !contains(c.Channel):
		return invalidUnder("bad_channel", "P3-2.1", "channel", string(c.Channel))
	case c.Area != "" && a.area(c.Area) == nil:
		return invalidUnder("area_not_found", "P3-2.4", "area", string(c.Area))
	case c.Complained != "" && c.Kind != TicketComplaint:
		return invalidUnder("not_a_complaint", "P3-2.7a", "kind", string(c.Kind))
	}
	if f := d.colleague(c.Complained); f != nil {
		return f
	}
	if c.Customer != "" && d.customer(c.Customer) == nil {
		return notFound("customer", string(c.Customer))
	}
	if c.Visit != "" {
		if v, ok := look[*Visit](d, visitRef(c.Visit)); !ok || v.Site != d.ID {
			return notFound("visit", string(c.Visit))
		}
	}
	if c.Call != "" {
		if k, ok := look[*Call](d, recordRef(Calls, c.Call)); !ok || k.Site != d.ID {
			return notFound("call", string(c.Call))
		}
	}
	if c.Follows == "" {
		return nil
	}
	was, f := d.seeTicket(c.Follows)
	if f == nil && was.State != TicketClosed {
		return refused("still_open", "P3-2.7b", "ticket", was.ID)
	}
	return f
}

// seeRepeat flags a customer who has an open matter in the same area already, tells its holder
// (policy 3, item 2.7; A55), and enters the new ticket among the customer's open ones.
func (d *draft) seeRepeat(t *Ticket) {
	if t.Customer == "" {
		return
	}
	k := d.editCustomer(t.Customer)
	if first := k.openTicket(t.Area); first != "" {
		d.flag("P3-2.7b", "repeat_call:"+string(first), string(first))
		if x, _ := d.seeTicket(first); x != nil {
			x = edit[*Ticket](d, x.Ref())
			x.Repeats = keep(x.Repeats, Repeat{
				By: t.FirstResponder, Ticket: RecordID(t.ID), At: d.now,
			})
			d.tell("P3-2.7b", x.Holder, x.ID, "repeat_call")
		}
	}
	k.OpenTickets = append(k.OpenTickets, OpenMatter{Ticket: RecordID(t.ID), Area: t.Area})
	k.OpenTickets = k.OpenTickets[max(0, len(k.OpenTickets)-keptOpenTickets):]
}

// inScope reports whether a ticket is within the duties of somebody: whoever is in charge of its
// area has it in scope, the first responder if he said so; a complaint about himself never is
// (A77).
func (d *draft) inScope(t *Ticket, a *ServiceAdoption, who StaffID) bool {
	if t.Complained == who {
		return false
	}
	return t.FirstResponder == who && t.InScope || a.area(t.Area).inCharge(who)
}

// contains reports whether a word is one of its type's.
func contains[T interface {
	~string
	Words() []string
}](w T) bool {
	for _, x := range w.Words() {
		if x == string(w) {
			return true
		}
	}
	return false
}
