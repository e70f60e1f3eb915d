package workflow

import (
	"slices"
	"time"
)

// DisputeState says whether a dispute was ruled.
type DisputeState string

// The states of a dispute.
const (
	DisputeOpen  DisputeState = "open"
	DisputeRuled DisputeState = "ruled"
)

// Dispute is decided from the journal; the customer is not asked (policy 1, art. 35).
type Dispute struct {
	Head
	// Customer whose owner is in dispute.
	Customer CustomerID `json:"customer"`
	// Consultants who claim the customer.
	Claimants []StaffID `json:"claimants"`
	// Visits of the customer that the journal shows.
	Evidence []VisitID `json:"evidence"`
	// Whether the dispute was ruled.
	State DisputeState `json:"state"`
	// Ruling that ended the dispute.
	Ruling RecordID `json:"ruling,omitempty"`
	// Id of the note that explains the claim.
	Note NoteID `json:"note,omitempty"`
	// When the dispute was opened.
	At time.Time `json:"at"`
}

// Ruling is the manager's word on what the policy does not cover (policy 1, art. 51).
type Ruling struct {
	Head
	// Manager who ruled.
	By StaffID `json:"by,omitempty"`
	// Dispute that the ruling ends; empty for a ruling of its own.
	Dispute RecordID `json:"dispute,omitempty"`
	// Id of the note that holds the text.
	Note NoteID `json:"note,omitempty"`
	// When the ruling was made.
	At time.Time `json:"at"`
}

// Ref names the record.
func (x *Dispute) Ref() Ref { return Ref{Disputes, x.ID} }

// Ref names the record.
func (r *Ruling) Ref() Ref { return Ref{Rulings, r.ID} }

func (x *Dispute) clone() Record {
	k := *x
	k.Claimants, k.Evidence = slices.Clone(x.Claimants), slices.Clone(x.Evidence)
	return &k
}

func (r *Ruling) clone() Record { k := *r; return &k }

// disputeNeeds are a dispute and its customer.
func (b *Board) disputeNeeds(id RecordID) []Ref {
	refs := []Ref{recordRef(Disputes, id)}
	if x, ok := b.records[recordRef(Disputes, id)].(*Dispute); ok && x.Site == b.ID {
		refs = append(refs, customerRef(x.Customer))
	}
	return refs
}

// OpenDispute starts a dispute about a customer (policy 1, art. 35).
type OpenDispute struct {
	// Id of the new record.
	Dispute RecordID `json:"dispute"`
	// Customer whose owner is in dispute.
	Customer CustomerID `json:"customer"`
	// Consultants who claim the customer.
	Claimants []StaffID `json:"claimants"`
	// Id of the note that explains the claim.
	Note NoteID `json:"note,omitempty"`
}

func (*OpenDispute) About() About {
	return About{Kind: "open_dispute", May: referees, Rule: "P1-35"}
}

func (c *OpenDispute) Needs(b *Board) []Ref { return b.customerAndVisits(c.Customer) }

func (c *OpenDispute) own(d *draft) bool {
	return slices.Contains(c.Claimants, d.env.By.Staff) &&
		(d.ownCustomer(c.Customer) || d.received(c.Customer))
}

func (c *OpenDispute) note(SiteID) (NoteID, Ref) { return c.Note, recordRef(Disputes, c.Dispute) }

// decide collects the evidence: the customer's visits, from the journal and never from the
// customer.
func (c *OpenDispute) decide(d *draft) *Fault {
	k := d.customer(c.Customer)
	if k == nil {
		return notFound("customer", string(c.Customer))
	}
	if len(c.Claimants) == 0 {
		return invalid("claimants_missing")
	}
	for _, s := range c.Claimants {
		if f := d.consultant(s); f != nil {
			return f
		}
	}
	h, f := d.newHead(Disputes, c.Dispute, true)
	if f != nil {
		return f
	}
	evidence := slices.Clone(k.VisitIDs)
	d.visits(func(v *Visit) {
		if v.with(c.Customer) && !slices.Contains(evidence, VisitID(v.ID)) {
			evidence = append(evidence, VisitID(v.ID))
		}
	})
	x := add(d, &Dispute{
		Head: h, Customer: c.Customer, Claimants: slices.Clone(c.Claimants),
		Evidence: evidence, State: DisputeOpen, Note: c.Note, At: d.now,
	})
	d.fact(FactDisputeOpened, "P1-35", x.ID, "customer", k.ID, "owner", string(k.Owner))
	d.notifySupervisors("P1-35", x.ID, "why", "dispute")
	return nil
}

// MakeRuling records the manager's word on what the policy does not cover (policy 1, art. 51).
type MakeRuling struct {
	// Id of the new record.
	Ruling RecordID `json:"ruling"`
	// Dispute that it ends; empty when it is about none.
	Dispute RecordID `json:"dispute,omitempty"`
	// Id of the note with the ruling's text.
	Note NoteID `json:"note,omitempty"`
}

func (*MakeRuling) About() About {
	return About{Kind: "make_ruling", May: managers, Rule: "P1-51"}
}

func (c *MakeRuling) Needs(b *Board) []Ref { return b.disputeNeeds(c.Dispute) }

func (c *MakeRuling) note(SiteID) (NoteID, Ref) { return c.Note, recordRef(Rulings, c.Ruling) }

func (c *MakeRuling) decide(d *draft) *Fault {
	h, f := d.newHead(Rulings, c.Ruling, false)
	if f != nil {
		return f
	}
	if c.Dispute != "" {
		ref := recordRef(Disputes, c.Dispute)
		if x, ok := look[*Dispute](d, ref); !ok || x.Site != d.ID {
			return notFound("dispute", string(c.Dispute))
		}
		x := edit[*Dispute](d, ref)
		x.State, x.Open, x.Ruling = DisputeRuled, false, c.Ruling
	}
	r := add(d, &Ruling{Head: h, By: d.env.By.Staff, Dispute: c.Dispute, Note: c.Note, At: d.now})
	d.fact(FactRulingMade, "P1-51", r.ID, "by", string(r.By))
	return nil
}
