package workflow

import (
	"slices"
	"time"
)

// ApprovalKind is what approval is asked for.
type ApprovalKind string

// The kinds of approval.
const (
	ApproveEngineering   ApprovalKind = "engineering"
	ApproveDiscount      ApprovalKind = "discount"
	ApproveDelaySigning  ApprovalKind = "delay_signing"
	ApprovePaymentMethod ApprovalKind = "payment_method"
	ApproveOther         ApprovalKind = "other"
)

// ApprovalState is how far a request for approval has come.
type ApprovalState string

// The states of a request for approval.
const (
	ApprovalPending ApprovalState = "pending"
	ApprovalGranted ApprovalState = "granted"
	ApprovalRefused ApprovalState = "refused"
)

// Approval is a question beyond a consultant's authority (policy 1, art. 24).
type Approval struct {
	Head
	// What is asked for.
	Kind ApprovalKind `json:"kind"`
	// Whether the approval was decided, and how.
	State ApprovalState `json:"state"`
	// Consultant who asks.
	By StaffID `json:"by,omitempty"`
	// Member of staff who sent the request, when another than the one who asks.
	AskedBy StaffID `json:"asked_by,omitempty"`
	// Member of staff who decided.
	DecidedBy StaffID `json:"decided_by,omitempty"`
	// Id of the note that explains the request.
	Note NoteID `json:"note,omitempty"`
	// When it was asked.
	At time.Time `json:"at"`
	// When it was decided.
	DecidedAt time.Time `json:"decided_at,omitzero"`
}

// Ref names the record.
func (a *Approval) Ref() Ref { return Ref{Approvals, a.ID} }

func (a *Approval) clone() Record { k := *a; return &k }

// RequestApproval asks for what is beyond a consultant's authority (policy 1, art. 24).
type RequestApproval struct {
	// Id of the new record.
	Approval RecordID `json:"approval"`
	// What is asked for: engineering, discount, delay_signing, payment_method or other.
	Subject string `json:"subject"`
	// Member of staff who asks; empty for the one whose key it is.
	By StaffID `json:"by,omitempty"`
	// Id of the note that explains the request.
	Note NoteID `json:"note,omitempty"`
}

func (*RequestApproval) About() About {
	return About{Kind: "request_approval", May: receptionists, Rule: "P1-24"}
}

func (*RequestApproval) Needs(*Board) []Ref { return nil }

func (c *RequestApproval) own(d *draft) bool { return d.himself(c.By) }

func (c *RequestApproval) texts() []string { return []string{c.Subject} }

func (c *RequestApproval) note(SiteID) (NoteID, Ref) {
	return c.Note, recordRef(Approvals, c.Approval)
}

func (c *RequestApproval) decide(d *draft) *Fault {
	if !slices.Contains(ApprovalKind("").Words(), c.Subject) {
		return invalid("bad_kind", "kind", c.Subject)
	}
	by, f := d.asker(c.By, "P1-24")
	if f != nil {
		return f
	}
	h, f := d.newHead(Approvals, c.Approval, true)
	if f != nil {
		return f
	}
	a := add(d, &Approval{
		Head: h, Kind: ApprovalKind(c.Subject), State: ApprovalPending, By: by,
		Note: c.Note, At: d.now,
	})
	if me := d.env.By.Staff; me != by {
		a.AskedBy = me
	}
	d.fact(FactApprovalRequested, "P1-24", a.ID, "kind", string(a.Kind), "by", string(a.By))
	d.notifySupervisors("P1-24", a.ID, "why", "approval_requested")
	return nil
}

// DecideApproval grants or refuses a request.
type DecideApproval struct {
	// Id of the request.
	Approval RecordID `json:"approval"`
	// True grants it, false refuses it.
	Grant bool `json:"grant"`
}

func (*DecideApproval) About() About {
	return About{Kind: "decide_approval", May: referees, Rule: "P1-24"}
}

func (c *DecideApproval) Needs(*Board) []Ref { return []Ref{recordRef(Approvals, c.Approval)} }

func (c *DecideApproval) decide(d *draft) *Fault {
	ref := recordRef(Approvals, c.Approval)
	a, ok := look[*Approval](d, ref)
	switch {
	case !ok || a.Site != d.ID:
		return notFound("approval", string(c.Approval))
	case a.State != ApprovalPending:
		return refused("decided", "P1-24", "state", string(a.State))
	case d.env.By.Staff != "" && (a.By == d.env.By.Staff || a.AskedBy == d.env.By.Staff):
		return forbidden("own_benefit", "P1-24")
	}
	a = edit[*Approval](d, ref)
	a.State, a.Open, a.DecidedBy, a.DecidedAt = ApprovalRefused, false, d.env.By.Staff, d.now
	if c.Grant {
		a.State = ApprovalGranted
	}
	d.subject = ref
	d.fact(FactApprovalDecided, "P1-24", a.ID, "state", string(a.State))
	if a.By != "" {
		d.notify("P1-24", a.By, a.ID, "state", string(a.State))
	}
	return nil
}
