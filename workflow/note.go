package workflow

import "slices"

// ShowNote records that free text was shown.
type ShowNote struct {
	// Id of the note.
	Note NoteID `json:"note"`
	// Record that the note belongs to.
	Of Ref `json:"of"`
	// Why, as a code of a-z, 0-9 and _.
	Reason string `json:"reason"`
}

func (*ShowNote) About() About {
	return About{Kind: "show_note", May: readers, Scope: ScopePerson}
}

func (c *ShowNote) Needs(b *Board) []Ref {
	switch c.Of.Collection {
	case Visits:
		return b.visitNeeds(VisitID(c.Of.ID))
	case Customers:
		return b.customerAndVisits(CustomerID(c.Of.ID))
	case Disputes:
		return b.disputeNeeds(RecordID(c.Of.ID))
	case Tickets:
		return b.ticketNeeds(RecordID(c.Of.ID))
	default:
		return []Ref{c.Of}
	}
}

func (c *ShowNote) texts() []string { return []string{c.Reason} }

// decide lets whoever may read a record's personal data read the notes of that record.
func (c *ShowNote) decide(d *draft) *Fault {
	r, ok := look[Record](d, c.Of)
	switch {
	case !ok || r.head().Site != d.ID:
		return notFound("note", string(c.Note))
	case c.Reason == "":
		return reasonMissing()
	case d.may(RoleSupervisor, RoleManager, RoleSystem):
	case d.may(RoleFrontDesk):
		if !d.ofToday(r) && !d.noteOfDesk(r) {
			return notToday()
		}
	case !d.may(RoleConsultant, RoleEmployee) && !everybodys(r) && !d.noteOfDesk(r),
		d.may(RoleConsultant, RoleEmployee) && !d.notesOf(r):
		return forbidden("not_yours", "", "role", string(d.env.By.Role))
	}
	d.subject = c.Of
	d.fact(FactNoteShown, "", string(c.Note), "of", c.Of.ID, "reason", c.Reason)
	return nil
}

// EraseNote erases free text for good.
type EraseNote struct {
	// Id of the note.
	Note NoteID `json:"note"`
}

func (*EraseNote) About() About {
	return About{Kind: "erase_note", May: managers, Scope: ScopePerson}
}

func (*EraseNote) Needs(*Board) []Ref { return nil }

func (c *EraseNote) decide(d *draft) *Fault {
	if c.Note == "" {
		return notFound("note", "")
	}
	d.subject = siteRef(d.ID)
	d.fact(FactNoteErased, "", string(c.Note))
	return nil
}

// noted are commands that bring free text, with the record that it hangs on: what the command is
// about.
type noted interface {
	note(SiteID) (NoteID, Ref)
}

// annotated are commands that bring several free texts; those that were not given are empty.
type annotated interface {
	notes(SiteID) ([]NoteID, Ref)
}

// everybodys reports whether a record is meant for everybody: a ruling on what the policy does not
// say. One about a dispute is about a customer.
func everybodys(r Record) bool {
	x, ok := r.(*Ruling)
	return ok && x.Dispute == ""
}

// notesOf reports whether the record is the acting consultant's.
func (d *draft) notesOf(r Record) bool {
	me := d.env.By.Staff
	switch r := r.(type) {
	case *Visit:
		return r.Of(me) || d.ownCustomer(r.Customer)
	case *Customer:
		return d.ownCustomer(CustomerID(r.ID))
	case *Call: // the message kept for him (policy 1, art. 40)
		return r.For == me
	case *Appointment:
		return r.With == me
	case *Approval:
		return r.By == me || r.AskedBy == me
	case *Dispute:
		return d.ownCustomer(r.Customer)
	default:
		return everybodys(r) || d.noteOfDesk(r)
	}
}

// ofToday reports whether the front desk has to do with the record today.
func (d *draft) ofToday(r Record) bool {
	switch r := r.(type) {
	case *Visit:
		return r.Open || r.BusinessDay == d.today
	case *Customer:
		return d.hereToday(r)
	case *Call:
		return dateOf(d.Local(r.At)) == d.today
	case *Appointment:
		return r.Day == d.today || dateOf(d.Local(r.MadeAt)) == d.today
	case *Approval:
		return dateOf(d.Local(r.At)) == d.today
	case *Ticket:
		return r.BusinessDay == d.today
	default:
		return everybodys(r)
	}
}

// NotesOf are the notes that a command brings, and the record that they hang on: what the command
// is about.
func NotesOf(site SiteID, cmd Command) ([]NoteID, Ref) {
	var ids []NoteID
	var of Ref
	switch n := cmd.(type) {
	case noted:
		var id NoteID
		id, of = n.note(site)
		ids = []NoteID{id}
	case annotated:
		ids, of = n.notes(site)
	}
	return slices.DeleteFunc(ids, func(id NoteID) bool { return id == "" }), of
}

// refuseNote refuses a note about a customer who was erased. The journal of a site has one order,
// so a note either came before the erasure, which found it, or is refused here.
func (d *draft) refuseNote(cmd Command) *Fault {
	notes, of := NotesOf(d.ID, cmd)
	if len(notes) == 0 {
		return nil
	}
	var id CustomerID
	switch r, _ := look[Record](d, of); r := r.(type) {
	case *Visit:
		id = r.Customer
	case *Customer:
		id = CustomerID(r.ID)
	case *Call:
		id = r.Customer
	case *Dispute:
		id = r.Customer
	case *Appointment:
		id = r.Customer
	case *Ticket:
		id = d.whoseTicket(r)
	case *Project:
		id = r.Customer
	}
	k := d.customer(id)
	if k == nil || k.ErasedAt.IsZero() {
		return nil
	}
	return erased(k)
}
