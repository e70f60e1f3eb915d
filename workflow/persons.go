package workflow

// This file holds the commands about personal data. They change no line and open no day: the journal says who looked or wrote,
// when and why, in codes and ids. What was seen stands in the vault alone.

// erased refuses what would tie something new to a customer whose person was erased.
func erased(k *Customer) *Fault {
	if k.ErasedAt.IsZero() {
		return nil
	}
	return refused("customer_erased", "", "customer", k.ID)
}

// searched notes that a phone was looked up, and who was found.
func (c *SearchCustomer) decide(d *draft) *Fault {
	if d.subject = siteRef(d.ID); c.Customer != "" {
		d.subject = customerRef(c.Customer)
	}
	d.fact(FactCustomerSearched, "", string(c.Customer))
	return nil
}

// showPerson: the front desk sees the full phone of today's visitors only.
func (c *ShowPerson) decide(d *draft) *Fault {
	k := d.customer(c.Customer)
	switch {
	case k == nil:
		return notFound("customer", string(c.Customer))
	case c.Reason == "":
		return reasonMissing()
	case d.may(RoleFrontDesk) && !d.hereToday(k):
		return notToday()
	}
	d.subject = k.Ref()
	d.fact(FactPersonShown, "", k.ID, "reason", c.Reason)
	return nil
}

func reasonMissing() *Fault {
	return invalid("no_reason")
}

func notToday() *Fault {
	return forbidden("not_here_today", "")
}

// hereToday: the customer has a visit on the floor, or had his last one today.
func (d *draft) hereToday(k *Customer) bool {
	today := false
	d.visits(func(v *Visit) { today = today || v.Customer == CustomerID(k.ID) })
	if v, ok := look[*Visit](d, visitRef(k.LastVisit)); ok {
		today = today || v.BusinessDay == d.today
	}
	return today
}

func (c *ChangePerson) decide(d *draft) *Fault {
	k := d.customer(c.Customer)
	if k == nil {
		return notFound("customer", string(c.Customer))
	}
	if f := erased(k); f != nil {
		return f
	}
	d.subject = k.Ref()
	d.fact(FactPersonChanged, "", k.ID)
	return nil
}

// erasePerson marks the customer; a second time it notes that it was asked for again, so that what was left half done is done.
func (c *ErasePerson) decide(d *draft) *Fault {
	k, f := d.knownCustomer(c.Customer)
	if f != nil {
		return f
	}
	if k.ErasedAt.IsZero() {
		k.ErasedAt = d.now
	}
	d.fact(FactPersonErased, "", k.ID)
	return nil
}

// FormPerson judges a form that says who a customer is who has a record already. A consultant writes only to customers who are his
// own or nobody's: of a colleague's customer nothing is written. To an erased one nobody writes.
func FormPerson(by Actor, k *Customer) (write bool, f *Fault) {
	if f := erased(k); f != nil {
		return false, f
	}
	return by.Role != RoleConsultant || k.Owner == "" || k.Owner == by.Staff, nil
}

// showNote: a note follows the record that it hangs on. Who may read the record's personal data may read the note.
func (c *ShowNote) decide(d *draft) *Fault {
	r, ok := look[Record](d, c.Of)
	switch {
	case !ok || r.head().Site != d.ID:
		return notFound("note", string(c.Note))
	case c.Reason == "":
		return reasonMissing()
	case d.may(RoleSupervisor, RoleManager, RoleSystem):
	case d.may(RoleFrontDesk):
		if !d.ofToday(r) {
			return notToday()
		}
	case !d.may(RoleConsultant) && !everybodys(r) || d.may(RoleConsultant) && !d.notesOf(r):
		return forbidden("not_yours", "", "role", string(d.env.By.Role))
	}
	d.subject = c.Of
	d.fact(FactNoteShown, "", string(c.Note), "of", c.Of.ID, "reason", c.Reason)
	return nil
}

// everybodys: a ruling on what the policy does not say is meant for all; one about a dispute is about a customer.
func everybodys(r Record) bool {
	x, ok := r.(*Ruling)
	return ok && x.Dispute == ""
}

// notesOf: the record is the acting consultant's.
func (d *draft) notesOf(r Record) bool {
	me := d.env.By.Staff
	switch r := r.(type) {
	case *Visit:
		return r.Of(me) || d.ownCustomer(r.Customer)
	case *Customer:
		return d.ownCustomer(CustomerID(r.ID))
	case *Call: // the message kept for him (policy 1, art. 40)
		return r.For == me
	case *Approval:
		return r.By == me || r.AskedBy == me
	case *Dispute:
		return d.ownCustomer(r.Customer)
	default:
		return everybodys(r)
	}
}

// ofToday: what the front desk has to do with today.
func (d *draft) ofToday(r Record) bool {
	switch r := r.(type) {
	case *Visit:
		return r.Open || r.BusinessDay == d.today
	case *Customer:
		return d.hereToday(r)
	case *Call:
		return dateOf(d.Local(r.At)) == d.today
	case *Approval:
		return dateOf(d.Local(r.At)) == d.today
	default:
		return everybodys(r)
	}
}

func (c *EraseNote) decide(d *draft) *Fault {
	if c.Note == "" {
		return notFound("note", "")
	}
	d.subject = siteRef(d.ID)
	d.fact(FactNoteErased, "", string(c.Note))
	return nil
}

// NoteOf is the note that a command brings, and the record that it hangs on: what the command is about.
func NoteOf(site SiteID, cmd Command) (NoteID, Ref) {
	if n, ok := cmd.(noted); ok {
		return n.note(site)
	}
	return "", Ref{}
}

// refuseNote: whatever hung on an erased customer is gone, and nothing comes anew. The journal of a site has one order, so a note
// either came before the erasure and was found by it, or is refused here.
func (d *draft) refuseNote(cmd Command) *Fault {
	note, of := NoteOf(d.ID, cmd)
	if note == "" {
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
	}
	k := d.customer(id)
	if k == nil || k.ErasedAt.IsZero() {
		return nil
	}
	return erased(k)
}
