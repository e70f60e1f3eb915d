package workflow

import (
	"slices"
	"time"
)

// CustomerStatus is how far a customer has come.
type CustomerStatus string

// The statuses. Intention money, holding fee, deposit and contract are money down; refunded is a
// unit given back.
const (
	StatusReceived   CustomerStatus = "received"
	StatusRegistered CustomerStatus = "registered"
	StatusIntention  CustomerStatus = "intention"
	StatusHoldingFee CustomerStatus = "holding_fee"
	StatusDeposit    CustomerStatus = "deposit"
	StatusSigned     CustomerStatus = "signed"
	StatusRefunded   CustomerStatus = "refunded"
)

// CustomerStatuses lists the statuses.
var CustomerStatuses = []CustomerStatus{
	StatusReceived, StatusRegistered, StatusIntention, StatusHoldingFee, StatusDeposit,
	StatusSigned, StatusRefunded,
}

// moneyDown reports whether anything was paid (RS-14, A44).
func (s CustomerStatus) moneyDown() bool {
	return s == StatusIntention || s == StatusHoldingFee || s == StatusDeposit || s == StatusSigned
}

// closed reports whether a deal was made: deposit or contract (policy 2, item 10; A44).
func (s CustomerStatus) closed() bool { return s == StatusDeposit || s == StatusSigned }

// FollowUp is one recorded contact with a customer outside a reception (policy 1, art. 17).
type FollowUp struct {
	// Consultant who made the contact.
	By StaffID `json:"by,omitempty"`
	// How contact was made, as a code such as phone.
	Channel string `json:"channel,omitempty"`
	// Whether the customer was reached; only then the contact keeps the customer fresh.
	Reached bool `json:"reached"`
	// Whether the contact came after the ownership had ended (policy 1, art. 17): it is recorded,
	// but brings nothing back.
	Late bool `json:"late,omitempty"`
	// Id of the note about the contact; empty without one.
	Note NoteID `json:"note,omitempty"`
	// When the contact was made.
	At time.Time `json:"at"`
}

// Deal is one step of a purchase.
type Deal struct {
	// Id of the step.
	ID DealID `json:"id"`
	// Flat or shop that the customer buys.
	Unit string `json:"unit,omitempty"`
	// Status that the customer reaches with this step.
	Status CustomerStatus `json:"status"`
	// Money paid, or given back, in fen.
	Amount int64 `json:"amount,omitempty"`
	// Consultant whose deal it is.
	Credit StaffID `json:"credit,omitempty"`
	// Consultants who helped.
	Helpers []StaffID `json:"helpers,omitempty"`
	// Last registered or running visit before the deal; empty when there was none.
	Visit VisitID `json:"visit,omitempty"`
	// When the deal was recorded.
	At time.Time `json:"at"`
}

// Cover is a colleague named by the supervisor to accompany the paperwork (policy 1, art. 37).
type Cover struct {
	// Consultant who accompanies the paperwork.
	To StaffID `json:"to"`
	// Supervisor who named the colleague.
	By StaffID `json:"by,omitempty"`
	// When the colleague was named.
	At time.Time `json:"at"`
}

// Customer is a customer of the site, without name or phone: those are kept apart.
type Customer struct {
	Head
	// Consultant whose customer it is; empty when nobody owns the customer.
	Owner StaffID `json:"owner,omitempty"`
	// Since when the owner has the customer.
	OwnerSinceAt time.Time `json:"owner_since_at,omitzero"`
	// Since when the customer waits for another owner: he came back, and the owner has left the
	// office. Missing: he waits for nobody.
	WaitsSinceAt time.Time `json:"waits_since_at,omitzero"`
	// How far the customer has come.
	Status CustomerStatus `json:"status"`
	// Id of the note with what the paper book said beside the rest; empty without one.
	Note NoteID `json:"note,omitempty"`
	// Later of the last reception and the last follow-up that reached the customer.
	LastContactAt time.Time `json:"last_contact_at,omitzero"`
	// When a manager last gave the customer to the owner. The ownership then lasts as if this had
	// been a contact.
	GivenAt time.Time `json:"given_at,omitzero"`
	// Contacts outside receptions, oldest first; the newest 20.
	FollowUps []FollowUp `json:"follow_ups,omitempty"`
	// Steps of purchases, oldest first.
	Deals []Deal `json:"deals,omitempty"`
	// Colleagues named to accompany the paperwork.
	Covers []Cover `json:"covers,omitempty"`
	// Customer who brought this one.
	BroughtBy CustomerID `json:"brought_by,omitempty"`
	// First registered visit.
	FirstVisit VisitID `json:"first_visit,omitempty"`
	// Last registered visit.
	LastVisit VisitID `json:"last_visit,omitempty"`
	// Number of registered visits.
	Visits int `json:"visits,omitempty"`
	// Registered visits, oldest first; the newest 50.
	VisitIDs []VisitID `json:"visit_ids,omitempty"`
	// Business day to which counted_for belongs (policy 2, item 08).
	CountedDay Date `json:"counted_day,omitempty"`
	// Consultants for whom a reception of this customer was counted on that day.
	CountedFor []StaffID `json:"counted_for,omitempty"`
	// When name, phone and notes were erased; nothing personal is written to this customer again.
	ErasedAt time.Time `json:"erased_at,omitzero"`
	// Open tickets of the service desk, oldest first; the newest 20.
	OpenTickets []OpenMatter `json:"open_tickets,omitempty"`
	// What was done for the customer in the last round at the end of a year.
	Need *Need `json:"need,omitempty"`
	// What customer service did at the ends of earlier years, oldest first.
	PastNeeds []Need `json:"past_needs,omitempty"`
}

// Ref names the customer's record.
func (c *Customer) Ref() Ref { return customerRef(CustomerID(c.ID)) }

func (c *Customer) clone() Record {
	k := *c
	k.FollowUps, k.Deals = slices.Clone(c.FollowUps), slices.Clone(c.Deals)
	k.Covers, k.VisitIDs = slices.Clone(c.Covers), slices.Clone(c.VisitIDs)
	k.CountedFor, k.OpenTickets = slices.Clone(c.CountedFor), slices.Clone(c.OpenTickets)
	k.PastNeeds = slices.Clone(c.PastNeeds)
	if c.Need != nil {
		n := *c.Need
		k.Need = &n
	}
	return &k
}

func (c *Customer) reader() int {
	return max(since(3, !c.ErasedAt.IsZero()), since(
		4,
		c.Note != "",
		!c.WaitsSinceAt.IsZero(),
		!c.GivenAt.IsZero(),
		slices.ContainsFunc(c.FollowUps, func(f FollowUp) bool { return f.Late }),
	), since(5, len(c.OpenTickets) > 0, c.Need != nil, len(c.PastNeeds) > 0))
}

// HeldSince is when the time began after which the ownership ends: the last contact, or a later
// word of the manager. Zero: nobody knows.
func (c *Customer) HeldSince() time.Time {
	if c.GivenAt.After(c.LastContactAt) {
		return c.GivenAt
	}
	return c.LastContactAt
}

func (d *draft) knownCustomer(id CustomerID) (*Customer, *Fault) {
	if d.customer(id) == nil {
		return nil, notFound("customer", string(id))
	}
	k := d.editCustomer(id)
	d.subject = k.Ref()
	return k, nil
}

// customerAndVisits names a customer with his first and last visit: what he bought, who received
// him, and whether he is here today.
func (b *Board) customerAndVisits(id CustomerID) []Ref {
	refs := []Ref{customerRef(id)}
	if k, ok := b.records[customerRef(id)].(*Customer); ok && k.Site == b.ID {
		refs = append(refs, visitRef(k.FirstVisit), visitRef(k.LastVisit))
	}
	return refs
}

// erased refuses to add anything to a customer whose person was erased.
func erased(k *Customer) *Fault {
	if k.ErasedAt.IsZero() {
		return nil
	}
	return refused("customer_erased", "", "customer", k.ID)
}
