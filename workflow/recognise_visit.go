package workflow

// RecogniseVisit is a consultant's claim that he knows the visitor (policy 1, art. 14).
type RecogniseVisit struct {
	// Id of the visit, which has just arrived.
	Visit VisitID `json:"visit"`
	// Consultant who recognises the visitor.
	Who StaffID `json:"who"`
	// Customer whom he recognises; empty when there is no record.
	Customer CustomerID `json:"customer,omitempty"`
}

func (*RecogniseVisit) About() About {
	return About{Kind: "recognise_visit", Event: EventRecognise, May: receptionists, Rule: "P1-14"}
}

func (c *RecogniseVisit) Needs(b *Board) []Ref {
	return append(b.visitNeeds(c.Visit), customerRef(c.Customer))
}

func (c *RecogniseVisit) own(d *draft) bool { return c.Who == d.env.By.Staff }

// ownStep: he may know any visitor.
func (*RecogniseVisit) ownStep(*Visit, StaffID) bool { return true }

// decide accepts the claim of a consultant of the rota who is on site, while the visit has just
// arrived (A16, A17).
func (c *RecogniseVisit) decide(d *draft) *Fault {
	v, f := d.visit(c.Visit, EventRecognise)
	if f != nil {
		return f
	}
	if f := d.consultant(c.Who); f != nil {
		return f
	}
	if !d.onSite(c.Who) || d.unitOf(c.Who) == nil {
		return refused("not_on_rota", "P1-14", "staff", string(c.Who))
	}
	if h := d.hindered(c.Who); h != nil { // a claim to receive, and he cannot (A83)
		f := notFree(c.Who, h)
		f.Rule = "P1-14"
		return f
	}
	v.RecognisedBy, v.IdentifiedAt = c.Who, d.now
	v.Kind = KindNew
	if c.Customer != "" {
		if f := d.takeCustomer(v, c.Customer, false); f != nil {
			return f
		}
	}
	if k := d.customer(v.Customer); k != nil && k.Owner != "" {
		v.Kind = KindReturning
	}
	if f := d.keepAppointment(v, ""); f != nil {
		return f
	}
	d.fact(FactVisitRecognised, "P1-14", string(c.Who), "visit", v.ID,
		"customer", string(v.Customer))
	if v.Kind == KindNew {
		v.FirstVisit = true
		d.notifySupervisors("P1-14", v.ID, "why", "recognised_without_record",
			"staff", string(c.Who))
	}
	return nil
}
