package workflow

import "time"

// Call is one call on the sales telephone (policy 1, art. 38 … 41; policy 2, item 12).
type Call struct {
	Head
	// Consultant who answered, by the rules of the policy.
	AnsweredBy StaffID `json:"answered_by,omitempty"`
	// Consultant whom the caller asked for; empty when nobody was named.
	For StaffID `json:"for,omitempty"`
	// Customer who called, where known.
	Customer CustomerID `json:"customer,omitempty"`
	// Message that was kept for the consultant; empty when the call was passed on.
	Message RecordID `json:"message,omitempty"`
	// Id of the note that holds the caller's contact data.
	Note NoteID `json:"note,omitempty"`
	// When the call was taken.
	At time.Time `json:"at"`
}

// Ref names the record.
func (c *Call) Ref() Ref { return Ref{Calls, c.ID} }

func (c *Call) clone() Record { k := *c; return &k }

// TakeCall records a call on the sales telephone.
type TakeCall struct {
	// Id of the new record.
	Call RecordID `json:"call"`
	// Consultant whom the caller asked for; he gets a message.
	For StaffID `json:"for,omitempty"`
	// Caller, when the office knows him.
	Customer CustomerID `json:"customer,omitempty"`
	// Id of the note with the caller's contact.
	Note NoteID `json:"note,omitempty"`
}

func (*TakeCall) About() About { return About{Kind: "take_call", May: receptionists} }

func (c *TakeCall) Needs(*Board) []Ref { return []Ref{customerRef(c.Customer)} }

// own is true for unknown callers too: a consultant answers the telephone whoever is asked for.
func (c *TakeCall) own(d *draft) bool { return c.Customer == "" || d.ownCustomer(c.Customer) }

func (c *TakeCall) note(SiteID) (NoteID, Ref) { return c.Note, recordRef(Calls, c.Call) }

// decide records a call and says who answers it. A call makes nobody an owner. The one asked for
// gets a message, delivered once he is in no reception.
func (c *TakeCall) decide(d *draft) *Fault {
	h, f := d.newHead(Calls, c.Call, false)
	if f != nil {
		return f
	}
	if c.Customer != "" && d.customer(c.Customer) == nil {
		return notFound("customer", string(c.Customer))
	}
	k := add(d, &Call{
		Head: h, For: c.For, Customer: c.Customer, Note: c.Note,
		AnsweredBy: d.answers(), At: d.now,
	})
	d.fact(FactCallTaken, "phone.answered_by", k.ID, "answered_by", string(k.AnsweredBy),
		"for", string(c.For))
	if c.For == "" {
		return nil
	}
	if f := d.consultant(c.For); f != nil {
		return f
	}
	mh := Head{ID: k.ID + "/message", Site: d.ID, Open: true}
	m := add(d, &Message{
		Head: mh, To: c.For, State: MessagePending, Call: c.Call, Note: c.Note,
		At: d.now,
	})
	k.Message = RecordID(m.ID)
	rule := "P1-40"
	if !d.onSite(c.For) {
		rule = "P1-41"
	}
	d.fact(FactMessageKept, rule, m.ID, "to", string(c.For))
	return nil
}

// answers is who takes calls now; empty when nobody is free.
func (d *draft) answers() StaffID {
	e := d.eligible("")
	switch {
	case len(e) == 0:
		return ""
	case d.policy.Phone.AnsweredBy == AnswerThird:
		return e[min(2, len(e)-1)].who
	}
	return e[len(e)-1].who
}
