package workflow

// SearchCustomer records that a customer was looked up by phone.
type SearchCustomer struct {
	// Customer who was found; empty when nobody was.
	Customer CustomerID `json:"customer,omitempty"`
}

func (*SearchCustomer) About() About {
	return About{Kind: "search_customer", May: everybody, Scope: ScopePerson}
}

func (c *SearchCustomer) Needs(*Board) []Ref { return []Ref{customerRef(c.Customer)} }

// decide records who was found.
func (c *SearchCustomer) decide(d *draft) *Fault {
	if d.subject = siteRef(d.ID); c.Customer != "" {
		d.subject = customerRef(c.Customer)
	}
	d.fact(FactCustomerSearched, "", string(c.Customer))
	return nil
}

// ShowPerson records that a customer's name and phone were shown in full.
type ShowPerson struct {
	// Id of the customer.
	Customer CustomerID `json:"customer"`
	// Why, as a code of a-z, 0-9 and _.
	Reason string `json:"reason"`
}

func (*ShowPerson) About() About {
	return About{Kind: "show_person", May: clerks, Scope: ScopePerson}
}

func (c *ShowPerson) Needs(b *Board) []Ref { return b.customerAndVisits(c.Customer) }

func (c *ShowPerson) own(d *draft) bool { return d.ownCustomer(c.Customer) }

func (c *ShowPerson) texts() []string { return []string{c.Reason} }

// decide shows the front desk the full phone of today's visitors only.
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

// ChangePerson records that a customer's name or phone was written.
type ChangePerson struct {
	// Id of the customer.
	Customer CustomerID `json:"customer"`
}

func (*ChangePerson) About() About {
	return About{Kind: "change_person", May: clerks, Scope: ScopePerson}
}

func (c *ChangePerson) Needs(*Board) []Ref { return []Ref{customerRef(c.Customer)} }

func (c *ChangePerson) own(d *draft) bool { return d.ownCustomer(c.Customer) }

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

// ErasePerson erases what is known of a customer for good: name, phone and the notes about him.
type ErasePerson struct {
	// Id of the customer.
	Customer CustomerID `json:"customer"`
}

func (*ErasePerson) About() About {
	return About{Kind: "erase_person", May: managers, Scope: ScopePerson}
}

func (c *ErasePerson) Needs(*Board) []Ref { return []Ref{customerRef(c.Customer)} }

// decide marks the customer as erased. A second time it only records the request, so that an
// erasure left half done is finished.
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

func reasonMissing() *Fault {
	return invalid("no_reason")
}

func notToday() *Fault {
	return forbidden("not_here_today", "")
}

// hereToday reports whether the customer has an open visit, or had his last one today.
func (d *draft) hereToday(k *Customer) bool {
	today := false
	d.visits(func(v *Visit) { today = today || v.Customer == CustomerID(k.ID) })
	if v, ok := look[*Visit](d, visitRef(k.LastVisit)); ok {
		today = today || v.BusinessDay == d.today
	}
	return today
}

// FormPerson says whether a form may write the person of a customer who has a record. A consultant
// writes only to customers who are his own or nobody's. Nobody writes to an erased one.
func FormPerson(by Actor, k *Customer) (write bool, f *Fault) {
	if f := erased(k); f != nil {
		return false, f
	}
	return by.Role != RoleConsultant || k.Owner == "" || k.Owner == by.Staff, nil
}
