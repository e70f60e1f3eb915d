package workflow

import "slices"

// IdentifyVisit records the answer to the first question (policy 1, art. 12).
type IdentifyVisit struct {
	// Id of the visit.
	Visit VisitID `json:"visit"`
	Identity
}

func (*IdentifyVisit) About() About {
	return About{Kind: "identify_visit", Event: EventIdentify, May: receptionists, Rule: "P1-12a"}
}

func (c *IdentifyVisit) Needs(b *Board) []Ref {
	return append(b.visitNeeds(c.Visit), c.needs(b)...)
}

func (c *IdentifyVisit) texts() []string { return []string{c.Purpose} }

func (c *IdentifyVisit) decide(d *draft) *Fault { return d.identify(c.Visit, &c.Identity) }

// Identity is the answer to the first question: who came, and for whom (policy 1, art. 12).
type Identity struct {
	// Kind of visitor.
	Kind VisitKind `json:"kind"`
	// Customer who came, when the office knows him.
	Customer CustomerID `json:"customer,omitempty"`
	// Customer is a fresh id of somebody whose person was just recorded.
	NewCustomer bool `json:"new_customer,omitempty"`
	// Consultant whom the visitor asked for.
	Named StaffID `json:"named,omitempty"`
	// Customer who brought the visitor; a referral needs one.
	BroughtBy CustomerID `json:"brought_by,omitempty"`
	// Consultant with whom an appointment was made by telephone.
	Appointment StaffID `json:"appointment,omitempty"`
	// Appointment that the visitor came to, of those expected; it says with whom, and which
	// customer. Empty: today's appointment of the customer, if there is one.
	AppointmentID RecordID `json:"appointment_id,omitempty"`
	// Colleague whom a busy consultant appointed to assist; must be free when the visit is
	// assigned.
	Delegate StaffID `json:"delegate,omitempty"`
	// Number of groups that arranged to view together, when more than one.
	Groups int `json:"groups,omitempty"`
	// Number of people; 0 to keep what was said on arrival.
	Party int `json:"party,omitempty"`
	// What an unrelated visitor came for, as a code.
	Purpose string `json:"purpose,omitempty"`
}

// needs are the customers and the appointment that an identity names, and once the board holds it,
// the appointment's customer.
func (i *Identity) needs(b *Board) []Ref {
	if i == nil {
		return nil
	}
	refs := []Ref{
		customerRef(i.Customer), customerRef(i.BroughtBy),
		recordRef(Appointments, i.AppointmentID),
	}
	if a, ok := b.records[recordRef(Appointments, i.AppointmentID)].(*Appointment); ok &&
		a.Site == b.ID {
		refs = append(refs, customerRef(a.Customer))
	}
	return refs
}

// identify takes the visit to identified.
func (d *draft) identify(id VisitID, a *Identity) *Fault {
	v, f := d.visit(id, EventIdentify)
	if f != nil {
		return f
	}
	if f := d.takeIdentity(v, a); f != nil {
		return f
	}
	v.IdentifiedAt = d.now
	d.fact(FactVisitIdentified, "P1-12a", v.ID, "kind", string(v.Kind),
		"customer", string(v.Customer), "named", string(v.Named))
	return nil
}

// takeIdentity checks the answer and writes it into the visit.
func (d *draft) takeIdentity(v *Visit, a *Identity) *Fault {
	switch {
	case !slices.Contains(VisitKinds, a.Kind):
		return invalid("bad_kind", "kind", string(a.Kind))
	case a.Party < 0 || a.Party > maxParty:
		return badParty()
	case a.Groups < 0 || a.Groups > maxParty:
		return invalid("bad_groups")
	case a.Kind == KindReferral && a.BroughtBy == "":
		return invalid("brought_by_missing")
	case a.BroughtBy != "" && d.customer(a.BroughtBy) == nil:
		return notFound("customer", string(a.BroughtBy))
	}
	for _, s := range []StaffID{a.Named, a.Appointment, a.Delegate} {
		if f := d.consultant(s); s != "" && f != nil {
			return f
		}
	}
	if v.AssignedAt.IsZero() && v.RecognisedBy != "" && !d.free(v.RecognisedBy) {
		v.RecognisedBy = "" // a claim to receive, and he cannot any more (A83)
	}
	v.Kind, v.Named, v.BroughtBy, v.Purpose = a.Kind, a.Named, a.BroughtBy, a.Purpose
	v.Appointment, v.Delegate = a.Appointment, a.Delegate
	if a.Party > 0 {
		v.Party = a.Party
	}
	if a.Groups > 0 {
		v.Groups = a.Groups
	}
	known := a.Customer
	if x, ok := look[*Appointment](d, recordRef(Appointments, a.AppointmentID)); ok && known == "" {
		known = x.Customer
	}
	if known != "" {
		if f := d.takeCustomer(v, known, a.NewCustomer); f != nil {
			return f
		}
	} else {
		v.FirstVisit = v.Customer == "" && v.customerKind() && v.Kind != KindReturning
	}
	return d.keepAppointment(v, a.AppointmentID)
}
