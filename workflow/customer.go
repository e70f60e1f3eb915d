package workflow

import (
	"slices"
	"time"
)

// CustomerStatus is how far a customer has come.
type CustomerStatus string

// The statuses. Intention money, holding fee, deposit and contract are money down; refunded is a unit given back.
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
	StatusReceived, StatusRegistered, StatusIntention, StatusHoldingFee, StatusDeposit, StatusSigned, StatusRefunded,
}

// moneyDown reports whether anything was paid (RS-14, A44).
func (s CustomerStatus) moneyDown() bool {
	return s == StatusIntention || s == StatusHoldingFee || s == StatusDeposit || s == StatusSigned
}

// closed reports whether a deal was made: deposit or contract (policy 2, item 10; A44).
func (s CustomerStatus) closed() bool { return s == StatusDeposit || s == StatusSigned }

// FollowUp is one recorded contact with a customer outside a reception (policy 1, art. 17).
type FollowUp struct {
	By      StaffID   `json:"by,omitempty"`
	Channel string    `json:"channel,omitempty"`
	Reached bool      `json:"reached"`
	Note    NoteID    `json:"note,omitempty"`
	At      time.Time `json:"at"`
}

// Deal is one step of a purchase. Credit is whose deal it is.
type Deal struct {
	ID      DealID         `json:"id"`
	Unit    string         `json:"unit,omitempty"` // the flat or shop bought
	Status  CustomerStatus `json:"status"`
	Amount  int64          `json:"amount,omitempty"` // fen
	Credit  StaffID        `json:"credit,omitempty"`
	Helpers []StaffID      `json:"helpers,omitempty"`
	Visit   VisitID        `json:"visit,omitempty"`
	At      time.Time      `json:"at"`
}

// Cover is a colleague named by the supervisor to accompany the paperwork (policy 1, art. 37).
type Cover struct {
	To StaffID   `json:"to"`
	By StaffID   `json:"by,omitempty"`
	At time.Time `json:"at"`
}

// Customer is a customer of the site, without name or phone: those stand in people.
type Customer struct {
	Head
	Owner         StaffID        `json:"owner,omitempty"`
	OwnerSinceAt  time.Time      `json:"owner_since_at,omitzero"`
	Status        CustomerStatus `json:"status"`
	LastContactAt time.Time      `json:"last_contact_at,omitzero"` // the later of reception and follow-up
	FollowUps     []FollowUp     `json:"follow_ups,omitempty"`     // the newest 20
	Deals         []Deal         `json:"deals,omitempty"`
	Covers        []Cover        `json:"covers,omitempty"`
	BroughtBy     CustomerID     `json:"brought_by,omitempty"`
	FirstVisit    VisitID        `json:"first_visit,omitempty"`
	LastVisit     VisitID        `json:"last_visit,omitempty"`
	Visits        int            `json:"visits,omitempty"`    // registered visits
	VisitIDs      []VisitID      `json:"visit_ids,omitempty"` // the newest 50 of them
	// CountedDay and CountedFor: for whom a reception of this customer was counted that day (policy 2, item 08).
	CountedDay Date      `json:"counted_day,omitempty"`
	CountedFor []StaffID `json:"counted_for,omitempty"`
	// ErasedAt: name, phone and notes were erased; nothing personal is written to this customer again.
	ErasedAt time.Time `json:"erased_at,omitzero"`
}

// Ref names the customer's record.
func (c *Customer) Ref() Ref { return customerRef(CustomerID(c.ID)) }

func (c *Customer) clone() Record {
	k := *c
	k.FollowUps, k.Deals, k.Covers = slices.Clone(c.FollowUps), slices.Clone(c.Deals), slices.Clone(c.Covers)
	k.VisitIDs = slices.Clone(c.VisitIDs)
	k.CountedFor = slices.Clone(c.CountedFor)
	return &k
}
