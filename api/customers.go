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
	// Customer is the customer as the command left him.
	Customer Doc[workflow.Customer] `json:"customer,omitzero"`
}

// ImportBody is a customer whom the office had before it used lunpai, as its paper book says.
type ImportBody struct {
	// Person is who he is; absent: not known. A phone that is a customer's already is refused.
	Person *Person `json:"person,omitempty"`
	// Owner is the consultant whose customer he is; absent: nobody's.
	Owner workflow.StaffID `json:"owner,omitempty"`
	// Status is how far he has come.
	Status workflow.CustomerStatus `json:"status"`
	// LastContactAt is when somebody last spoke with him; absent: not known.
	LastContactAt time.Time `json:"last_contact_at,omitzero"`
}

// importCustomer takes a customer over from the paper book.
func importCustomer(c *call, b *ImportBody) (*workflow.ImportCustomer, error) {
	cmd := &workflow.ImportCustomer{Owner: b.Owner, Status: b.Status, LastContactAt: b.LastContactAt}
	var err error
	if b.Person != nil {
		cmd.Customer, _, err = c.customerOf(b.Person) // somebody who is there already is refused by the rules
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

// ownCustomer is the customer of the address; a consultant's own only.
func (c *call) ownCustomer() (*workflow.Customer, error) {
	k, err := c.readCustomer(c.customer())
	if err == nil && c.own() && k.Owner != c.key.Staff {
		err = repo.ErrNotFound
	}
	return k, err
}

// CustomerView is a customer.
type CustomerView struct {
	// Customer is the customer: whose he is, and what he did here. Who he is stands elsewhere, see GET person.
	Customer *workflow.Customer `json:"customer"`
}

// getCustomer reads a customer. A consultant reads his own.
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
	// Owner leaves the customers of this consultant.
	Owner workflow.StaffID `query:"owner" compares:"owner"`
	// Status leaves the customers of one of these statuses.
	Status []workflow.CustomerStatus `query:"status" compares:"status"`
	Paging
}

// CustomerList is a page of customers.
type CustomerList struct {
	// Customers are those of this page that the caller may see.
	Customers []Doc[workflow.Customer] `json:"customers"`
	Page
}

// listCustomers lists customers, the oldest first. A consultant sees his own.
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

// SearchBody is who is looked for.
type SearchBody struct {
	// Phone is the whole number, however it is written.
	Phone string `json:"phone"`
}

// Found is the answer to a search: always of one shape.
type Found struct {
	// Known reports whether the phone is a customer's.
	Known bool `json:"known"`
	// Customer is who it is; a consultant is told only of his own customers.
	Customer workflow.CustomerID `json:"customer,omitempty"`
	// Owner is whose customer he is; absent: nobody's.
	Owner workflow.StaffID `json:"owner,omitempty"`
	// Person is who he is, masked: some letters of the name, some digits of the phone. Consultants are not told.
	Person *Person `json:"person,omitempty"`
}

// search finds a customer by his exact phone. A consultant learns whether he is known and whose he is, others see the masked
// person too.
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
