package workflow

// ReassignCustomer gives a customer another owner by the manager's decision (RS-15).
type ReassignCustomer struct {
	// Id of the customer.
	Customer CustomerID `json:"customer"`
	// Consultant who owns the customer from now on.
	To StaffID `json:"to"`
	// Why, as a code.
	Reason string `json:"reason,omitempty"`
	// Id of the note that explains the decision.
	Note NoteID `json:"note,omitempty"`
}

func (*ReassignCustomer) About() About {
	return About{Kind: "reassign_customer", May: managers, Rule: "P1-51"}
}

func (c *ReassignCustomer) Needs(*Board) []Ref { return []Ref{customerRef(c.Customer)} }

func (c *ReassignCustomer) texts() []string { return []string{c.Reason} }

func (c *ReassignCustomer) note(SiteID) (NoteID, Ref) { return c.Note, customerRef(c.Customer) }

// decide changes the owner and tells the new one (A34).
func (c *ReassignCustomer) decide(d *draft) *Fault {
	k, f := d.knownCustomer(c.Customer)
	if f != nil {
		return f
	}
	if f := d.working(c.To); f != nil {
		return f
	}
	before := k.Owner
	d.own(k, c.To)
	k.GivenAt = d.now
	d.fact(FactCustomerReassigned, "P1-51", k.ID, "owner", string(c.To), "before", string(before),
		"reason", c.Reason)
	d.notify("P1-51", c.To, k.ID, "why", "customer_reassigned")
	return nil
}

// CoverCustomer names a colleague to accompany the paperwork (policy 1, art. 37).
type CoverCustomer struct {
	// Id of the customer.
	Customer CustomerID `json:"customer"`
	// Colleague who accompanies it; owner and credit stay as they are.
	To StaffID `json:"to"`
	// Why, as a code.
	Reason string `json:"reason,omitempty"`
	// Id of the note that explains it.
	Note NoteID `json:"note,omitempty"`
}

func (*CoverCustomer) About() About {
	return About{Kind: "cover_customer", May: referees, Rule: "P1-37"}
}

func (c *CoverCustomer) Needs(*Board) []Ref { return []Ref{customerRef(c.Customer)} }

func (c *CoverCustomer) texts() []string { return []string{c.Reason} }

func (c *CoverCustomer) note(SiteID) (NoteID, Ref) { return c.Note, customerRef(c.Customer) }

// decide leaves credit and owner as they are.
func (c *CoverCustomer) decide(d *draft) *Fault {
	k, f := d.knownCustomer(c.Customer)
	if f != nil {
		return f
	}
	if f := d.consultant(c.To); f != nil {
		return f
	}
	k.Covers = append(k.Covers, Cover{To: c.To, By: d.env.By.Staff, At: d.now})
	d.fact(FactCustomerCovered, "P1-37", k.ID, "to", string(c.To), "owner", string(k.Owner),
		"reason", c.Reason)
	d.notify("P1-37", c.To, k.ID, "why", "cover")
	return nil
}
