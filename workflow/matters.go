package workflow

import (
	"slices"
	"time"
)

// This file holds what an office records beside visits: calls and messages, approvals, disputes, rulings, conduct,
// checklists and cards.

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

// Message waits until its consultant is on site and in no reception (policy 1, art. 40; A37).
type Message struct {
	Head
	// Consultant for whom the message is.
	To StaffID `json:"to"`
	// Whether the message was delivered.
	State string `json:"state"`
	// Call that left the message.
	Call RecordID `json:"call,omitempty"`
	// Id of the note that holds the caller's contact data.
	Note NoteID `json:"note,omitempty"`
	// When the message was taken.
	At time.Time `json:"at"`
	// When the message was delivered.
	DeliveredAt time.Time `json:"delivered_at,omitzero"`
}

// Approval is a question beyond a consultant's authority (policy 1, art. 24).
type Approval struct {
	Head
	// What is asked for.
	Kind string `json:"kind"`
	// Whether the approval was decided, and how.
	State string `json:"state"`
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
	State string `json:"state"`
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

// ConductNote records conduct against an article; it moves no line and no count.
type ConductNote struct {
	Head
	// Article against which somebody acted.
	Rule string `json:"rule"`
	// Member of staff whose conduct it was.
	Who StaffID `json:"who"`
	// Member of staff who noted it.
	By StaffID `json:"by,omitempty"`
	// Id of the note that describes it.
	Note NoteID `json:"note,omitempty"`
	// When it was noted.
	At time.Time `json:"at"`
}

// Check is an item of a checklist that somebody did (policy 1, art. 20, 25, 26, 36).
type Check struct {
	Head
	// Item of the checklist, as a code.
	Item string `json:"item"`
	// Visit to which the item belongs; empty for one of the day.
	Visit VisitID `json:"visit,omitempty"`
	// Member of staff who did it.
	By StaffID `json:"by,omitempty"`
	// When it was done.
	At time.Time `json:"at"`
}

// Card is a business card given to a customer (policy 1, art. 33).
type Card struct {
	Head
	// Customer who got the card.
	Customer CustomerID `json:"customer"`
	// Consultant who gave it.
	By StaffID `json:"by"`
	// Whether the customer asked for the card.
	Requested bool `json:"requested_by_customer,omitempty"`
	// Whether the owner of the customer agreed.
	Consent bool `json:"consent,omitempty"`
	// When the card was given.
	At time.Time `json:"at"`
}

// Ref names the record.
func (c *Call) Ref() Ref { return Ref{Calls, c.ID} }

// Ref names the record.
func (m *Message) Ref() Ref { return Ref{Messages, m.ID} }

// Ref names the record.
func (a *Approval) Ref() Ref { return Ref{Approvals, a.ID} }

// Ref names the record.
func (x *Dispute) Ref() Ref { return Ref{Disputes, x.ID} }

// Ref names the record.
func (r *Ruling) Ref() Ref { return Ref{Rulings, r.ID} }

// Ref names the record.
func (n *ConductNote) Ref() Ref { return Ref{Conduct, n.ID} }

// Ref names the record.
func (c *Check) Ref() Ref { return Ref{Checks, c.ID} }

// Ref names the record.
func (c *Card) Ref() Ref { return Ref{Cards, c.ID} }

func (c *Call) clone() Record     { k := *c; return &k }
func (m *Message) clone() Record  { k := *m; return &k }
func (a *Approval) clone() Record { k := *a; return &k }
func (x *Dispute) clone() Record {
	k := *x
	k.Claimants, k.Evidence = slices.Clone(x.Claimants), slices.Clone(x.Evidence)
	return &k
}
func (r *Ruling) clone() Record      { k := *r; return &k }
func (n *ConductNote) clone() Record { k := *n; return &k }
func (c *Check) clone() Record       { k := *c; return &k }
func (c *Card) clone() Record        { k := *c; return &k }

// fresh makes the head of a new record, or refuses an id that is missing or taken.
func (d *draft) newHead(c Collection, id RecordID, open bool) (Head, *Fault) {
	if id == "" {
		return Head{}, invalid("id_missing")
	}
	if _, ok := look[Record](d, Ref{c, string(id)}); ok {
		return Head{}, refused("record_exists", "", "id", string(id))
	}
	d.subject = Ref{c, string(id)}
	return Head{ID: string(id), Site: d.ID, Open: open}, nil
}

// actor is who a matter is about when the body names nobody.
func (d *draft) actor(named StaffID) StaffID {
	if named != "" {
		return named
	}
	return d.env.By.Staff
}

// takeCall notes a call and says who answers: the last seat, or the third of the line (policy parameter). A call makes nobody
// an owner. Whoever is asked for gets a message, delivered when he is in no reception.
func (c *TakeCall) decide(d *draft) *Fault {
	h, f := d.newHead(Calls, c.Call, false)
	if f != nil {
		return f
	}
	if c.Customer != "" && d.customer(c.Customer) == nil {
		return notFound("customer", string(c.Customer))
	}
	k := add(d, &Call{Head: h, For: c.For, Customer: c.Customer, Note: c.Note, AnsweredBy: d.answers(), At: d.now})
	d.fact(FactCallTaken, "phone.answered_by", k.ID, "answered_by", string(k.AnsweredBy), "for", string(c.For))
	if c.For == "" {
		return nil
	}
	if f := d.consultant(c.For); f != nil {
		return f
	}
	mh := Head{ID: k.ID + "/message", Site: d.ID, Open: true}
	m := add(d, &Message{Head: mh, To: c.For, State: "pending", Call: c.Call, Note: c.Note, At: d.now})
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
	case d.policy.Phone.AnsweredBy == "third":
		return e[min(2, len(e)-1)].who
	}
	return e[len(e)-1].who
}

// deliver hands messages to those who are on site and in no running reception.
func (d *draft) deliver() {
	for _, m := range d.pending() {
		if !d.onSite(m.To) || d.inReception(m.To) {
			continue
		}
		k := edit[*Message](d, m.Ref())
		k.State, k.Open, k.DeliveredAt = "delivered", false, d.now
		d.fact(FactMessageDelivered, "P1-40", k.ID, "to", string(k.To))
	}
}

// pending are the messages that wait, in order of id, as they stand in the draft.
func (d *draft) pending() []*Message {
	var ms []*Message
	for ref, r := range d.changed {
		if m, ok := r.(*Message); ok && m.Open && d.records[ref] == nil {
			ms = append(ms, m)
		}
	}
	for _, r := range d.matters {
		if m, ok := r.(*Message); ok {
			if c, ok := d.changed[m.Ref()].(*Message); ok {
				m = c
			}
			if m.Open {
				ms = append(ms, m)
			}
		}
	}
	slices.SortFunc(ms, func(a, b *Message) int {
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	return ms
}

func (d *draft) inReception(s StaffID) bool {
	in := false
	d.visits(func(v *Visit) { in = in || v.State == Assigned && (v.Server == s || slices.Contains(v.Assistants, s)) })
	return in
}

var approvalKinds = []string{"engineering", "discount", "delay_signing", "payment_method", "other"}

func (c *RequestApproval) decide(d *draft) *Fault {
	if !slices.Contains(approvalKinds, c.Subject) {
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
	a := add(d, &Approval{Head: h, Kind: c.Subject, State: "pending", By: by, Note: c.Note, At: d.now})
	if me := d.env.By.Staff; me != by {
		a.AskedBy = me
	}
	d.fact(FactApprovalRequested, "P1-24", a.ID, "kind", a.Kind, "by", string(a.By))
	d.notifySupervisors("P1-24", a.ID, "why", "approval_requested")
	return nil
}

func (c *DecideApproval) decide(d *draft) *Fault {
	ref := recordRef(Approvals, c.Approval)
	a, ok := look[*Approval](d, ref)
	switch {
	case !ok || a.Site != d.ID:
		return notFound("approval", string(c.Approval))
	case a.State != "pending":
		return refused("decided", "P1-24", "state", a.State)
	case d.env.By.Staff != "" && (a.By == d.env.By.Staff || a.AskedBy == d.env.By.Staff):
		return forbidden("own_benefit", "P1-24")
	}
	a = edit[*Approval](d, ref)
	a.State, a.Open, a.DecidedBy, a.DecidedAt = "refused", false, d.env.By.Staff, d.now
	if c.Grant {
		a.State = "granted"
	}
	d.subject = ref
	d.fact(FactApprovalDecided, "P1-24", a.ID, "state", a.State)
	if a.By != "" {
		d.notify("P1-24", a.By, a.ID, "state", a.State)
	}
	return nil
}

// openDispute collects the evidence: the customer's visits, from the records and never from the customer.
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
		if v.Customer == c.Customer && !slices.Contains(evidence, VisitID(v.ID)) {
			evidence = append(evidence, VisitID(v.ID))
		}
	})
	x := add(d, &Dispute{Head: h, Customer: c.Customer, Claimants: slices.Clone(c.Claimants), Evidence: evidence, State: "open", Note: c.Note, At: d.now})
	d.fact(FactDisputeOpened, "P1-35", x.ID, "customer", k.ID, "owner", string(k.Owner))
	d.notifySupervisors("P1-35", x.ID, "why", "dispute")
	return nil
}

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
		x.State, x.Open, x.Ruling = "ruled", false, c.Ruling
	}
	r := add(d, &Ruling{Head: h, By: d.env.By.Staff, Dispute: c.Dispute, Note: c.Note, At: d.now})
	d.fact(FactRulingMade, "P1-51", r.ID, "by", string(r.By))
	return nil
}

func (c *NoteConduct) decide(d *draft) *Fault {
	if d.staffMember(c.Who) == nil {
		return notFound("staff", string(c.Who))
	}
	if !knownArticle(c.Rule) {
		return invalid("bad_rule", "rule", c.Rule)
	}
	h, f := d.newHead(Conduct, c.Conduct, false)
	if f != nil {
		return f
	}
	n := add(d, &ConductNote{Head: h, Rule: c.Rule, Who: c.Who, By: d.env.By.Staff, Note: c.Note, At: d.now})
	d.fact(FactConductNoted, c.Rule, string(c.Who), "record", n.ID)
	return nil
}

func (c *CompleteCheck) decide(d *draft) *Fault {
	if c.Item == "" {
		return invalid("item_missing")
	}
	if c.Visit != "" {
		if v, ok := look[*Visit](d, visitRef(c.Visit)); !ok || v.Site != d.ID {
			return notFound("visit", string(c.Visit))
		}
	}
	by, f := d.asker(c.By, "")
	if f != nil {
		return f
	}
	h, f := d.newHead(Checks, c.Check, false)
	if f != nil {
		return f
	}
	k := add(d, &Check{Head: h, Item: c.Item, Visit: c.Visit, By: by, At: d.now})
	d.fact(FactChecked, "P1-26", k.ID, "item", k.Item, "by", string(k.By), "visit", string(k.Visit))
	return nil
}

// giveCard: the owner is told when the customer asked for another's card; without that and without consent it is flagged.
func (c *GiveCard) decide(d *draft) *Fault {
	k := d.customer(c.Customer)
	if k == nil {
		return notFound("customer", string(c.Customer))
	}
	by := d.actor(c.By)
	if f := d.consultant(by); f != nil {
		return f
	}
	h, f := d.newHead(Cards, c.Card, false)
	if f != nil {
		return f
	}
	card := add(d, &Card{Head: h, Customer: c.Customer, By: by, Requested: c.Requested, Consent: c.Consent, At: d.now})
	d.fact(FactCardGiven, "P1-33", card.ID, "customer", k.ID, "by", string(by))
	if k.Owner == "" || k.Owner == by || c.Consent && d.env.By.Staff != by { // nobody speaks for the owner in his own favour
		return nil
	}
	if !c.Requested && !c.Consent {
		d.flag("P1-33", "card_without_consent", card.ID)
	}
	d.notify("P1-33", k.Owner, card.ID, "why", "card_given", "staff", string(by))
	return nil
}
