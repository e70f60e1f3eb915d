package workflow

import (
	"slices"
	"time"
)

// ImportCustomer records a customer whom the office had before it used lunpai, as its paper book
// says.
type ImportCustomer struct {
	// Id of the new record.
	Customer CustomerID `json:"customer"`
	// Consultant who owns the customer, even one who has left; empty when nobody does.
	Owner StaffID `json:"owner,omitempty"`
	// How far the customer has come.
	Status CustomerStatus `json:"status"`
	// Last reception or contact; missing when nobody knows.
	LastContactAt time.Time `json:"last_contact_at,omitzero"`
	// Id of the note with what the paper book says beside that; empty without one.
	Note NoteID `json:"note,omitempty"`
	// Whether the owner must be on the list of staff as a consultant: a mistyped line of a long
	// table must not make an owner whom nobody knows.
	Listed bool `json:"listed,omitempty"`
}

func (*ImportCustomer) About() About {
	return About{Kind: "import_customer", May: managers, Scope: ScopeOffice}
}

func (c *ImportCustomer) Needs(*Board) []Ref { return []Ref{customerRef(c.Customer)} }

func (c *ImportCustomer) texts() []string { return []string{string(c.Owner)} }

func (c *ImportCustomer) note(SiteID) (NoteID, Ref) { return c.Note, customerRef(c.Customer) }

// decide accepts an owner who has left.
func (c *ImportCustomer) decide(d *draft) *Fault {
	if d.customer(c.Customer) != nil {
		return refused("customer_exists", "", "customer", string(c.Customer))
	}
	if c.Customer == "" || !slices.Contains(CustomerStatuses, c.Status) {
		return invalid("bad_status", "status", string(c.Status))
	}
	if c.Listed && c.Owner != "" && d.consultant(c.Owner) != nil {
		return invalid("owner_unknown") // without what was written there: it may be anything
	}
	// He may have left, but he had an id.
	if d.colleague(c.Owner) != nil && !plain(string(c.Owner), 32) {
		return d.colleague(c.Owner)
	}
	if c.LastContactAt.After(d.now) {
		return invalid("bad_contact")
	}
	k := add(d, &Customer{
		Head: Head{ID: string(c.Customer), Site: d.ID}, Owner: c.Owner,
		Status: c.Status, LastContactAt: c.LastContactAt,
		Note: c.Note,
	})
	if c.Owner != "" {
		k.OwnerSinceAt = d.now
	}
	d.subject = k.Ref()
	d.fact(FactCustomerImported, "P1-17a", k.ID, "owner", string(c.Owner),
		"status", string(c.Status))
	return nil
}
