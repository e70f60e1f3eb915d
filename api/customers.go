package api

import (
	"errors"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// CustomerDecision is the answer to a command about a customer.
type CustomerDecision struct {
	Decided
	// Customer is the customer after the command.
	Customer Doc[workflow.Customer] `json:"customer,omitzero"`
}

// ImportBody is a customer the office had before it used lunpai, taken from its paper book.
type ImportBody struct {
	// Person is the customer's name and phone. A phone that already belongs to a customer is
	// refused. Absent: unknown.
	Person *Person `json:"person,omitempty"`
	// Owner is the consultant whose customer this is. Absent: nobody's.
	Owner workflow.StaffID `json:"owner,omitempty"`
	// Status is how far the customer has come.
	Status workflow.CustomerStatus `json:"status"`
	// LastContactAt is when the office was last in contact with the customer. Absent: unknown.
	LastContactAt time.Time `json:"last_contact_at,omitzero"`
	// Remark is what the paper book says beside that, in free text. It is kept as a note.
	Remark workflow.NoteID `json:"remark,omitempty"`
}

// importCustomer takes a customer over from the paper book.
func importCustomer(c *call, b *ImportBody) (*workflow.ImportCustomer, error) {
	cmd := &workflow.ImportCustomer{
		Owner: b.Owner, Status: b.Status, LastContactAt: b.LastContactAt,
		Note: b.Remark,
	}
	var err error
	if b.Person != nil {
		// the rules refuse a customer who exists already
		cmd.Customer, _, err = c.customerOf(b.Person)
	}
	if cmd.Customer == "" {
		cmd.Customer = workflow.CustomerID(newID())
	}
	return cmd, err
}

func (c *call) customer() workflow.CustomerID { return workflow.CustomerID(c.Param("customer")) }

// readCustomer is a customer's record from a caught-up board.
func (c *call) readCustomer(id workflow.CustomerID) (*workflow.Customer, error) {
	return readRecord[*workflow.Customer](c, workflow.CustomerRef(id))
}

// ownCustomer reads the customer in the address. For a consultant, only their own customers exist.
func (c *call) ownCustomer() (*workflow.Customer, error) {
	k, err := c.readCustomer(c.customer())
	if err == nil && c.own() && k.Owner != c.key.Staff {
		err = repo.ErrNotFound
	}
	return k, err
}

// CustomerView is a customer.
type CustomerView struct {
	// Customer is the customer's record: owner, status, follow-ups, deals. Name and phone are not
	// in it, see GET person.
	Customer *workflow.Customer `json:"customer"`
}

// getCustomer reads a customer's record. A consultant may read only their own customers.
func getCustomer(c *call, _ *none) (*CustomerView, error) {
	k, err := c.ownCustomer()
	if err != nil {
		return nil, err
	}
	c.stands(k)
	return &CustomerView{k}, nil
}

// CustomersQuery is the query of the list of customers.
type CustomersQuery struct {
	// Owner selects the customers of this consultant.
	Owner workflow.StaffID `query:"owner" compares:"owner"`
	// Status selects customers of these statuses.
	Status []workflow.CustomerStatus `query:"status" compares:"status"`
	Paging
}

// CustomerList is a page of customers.
type CustomerList struct {
	// Customers are the customers on this page that the caller may see.
	Customers []Doc[workflow.Customer] `json:"customers"`
	Page
}

// listCustomers lists customers, oldest first. A consultant sees only their own.
func listCustomers(c *call, query *CustomersQuery) (*CustomerList, error) {
	q, err := c.asks(workflow.Customers, query.Paging, false)
	if err != nil {
		return nil, err
	}
	if c.own() {
		q.In["owner"] = []string{string(c.key.Staff)}
	}
	p, docs, err := list[workflow.Customer](c, q)
	return &CustomerList{docs, p}, err
}

// SearchBody is a phone to look up.
type SearchBody struct {
	// Phone is the complete phone number, in any notation.
	Phone string `json:"phone"`
}

// Found is the result of a search. It always has the same shape.
type Found struct {
	// Known says whether the phone belongs to a customer.
	Known bool `json:"known"`
	// Customer is the customer's id. Consultants see it only for their own customers.
	Customer workflow.CustomerID `json:"customer,omitempty"`
	// Owner is the consultant whose customer this is. Absent: nobody's.
	Owner workflow.StaffID `json:"owner,omitempty"`
	// Person is the masked name and phone. Not shown to consultants.
	Person *Person `json:"person,omitempty"`
}

// search finds a customer by exact phone number. A consultant learns whether the phone is known and
// who owns the customer; other roles also see the masked person.
func search(c *call, b *SearchBody) (*Found, error) {
	id, known, err := c.byPhone(&Person{Phone: b.Phone})
	if err != nil {
		return nil, err
	}
	c.look()
	if _, err := c.do(&workflow.SearchCustomer{Customer: id}); err != nil {
		return nil, err
	}
	if !known {
		return &Found{}, nil
	}
	a := &Found{Known: true, Customer: id}
	k, err := c.readCustomer(id)
	switch {
	case err == nil:
		a.Owner = k.Owner
	case !errors.Is(err, repo.ErrNotFound):
		return nil, err
	}
	if c.own() {
		if a.Owner != c.key.Staff {
			a.Customer = ""
		}
		return a, nil
	}
	if p, err := c.api.cfg.Vault.Person(c.Request().Context(), c.site, id); err == nil {
		m := p.Masked()
		a.Person = &Person{Name: m.Name, Phone: m.Phone}
	}
	return a, nil
}
