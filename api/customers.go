package api

import (
	"errors"
	"net/http"
	"regexp"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/vault"
	"github.com/lunpai/lunpai/workflow"
)

func (c *call) customer() workflow.CustomerID { return workflow.CustomerID(c.Param("customer")) }

type importBody struct {
	Person        *person                 `json:"person,omitempty"`
	Owner         workflow.StaffID        `json:"owner,omitempty"`
	Status        workflow.CustomerStatus `json:"status"`
	LastContactAt time.Time               `json:"last_contact_at,omitzero"`
}

// importCustomer takes a customer over from the paper book.
func importCustomer(c *call, b *importBody) (workflow.Command, error) {
	id := workflow.CustomerID(newID())
	if b.Person != nil {
		found, _, err := c.customerOf(b.Person) // somebody who is there already is refused by the rules
		if err != nil {
			return nil, err
		}
		if found != "" {
			id = found
		}
	}
	return &workflow.ImportCustomer{Customer: id, Owner: b.Owner, Status: b.Status, LastContactAt: b.LastContactAt.UTC().Truncate(time.Millisecond)}, nil
}

type followUpBody struct {
	By        workflow.StaffID `json:"by,omitempty"`
	Channel   string           `json:"channel,omitempty"`
	Unreached bool             `json:"unreached,omitempty"`
	Note      string           `json:"note,omitempty"`
}

func followUp(c *call, b *followUpBody) (workflow.Command, error) {
	note, err := c.note(b.Note)
	return &workflow.RecordFollowUp{Customer: c.customer(), By: b.By, Channel: b.Channel, Unreached: b.Unreached, Note: note}, err
}

type dealBody struct {
	Unit    string                  `json:"unit,omitempty"`
	Status  workflow.CustomerStatus `json:"status"`
	Amount  int64                   `json:"amount,omitempty"`
	Helpers []workflow.StaffID      `json:"helpers,omitempty"`
}

func deal(c *call, b *dealBody) (workflow.Command, error) {
	return &workflow.RecordDeal{Customer: c.customer(), Deal: workflow.DealID(newID()), Unit: b.Unit, Status: b.Status, Amount: b.Amount, Helpers: b.Helpers}, nil
}

type toReasonBody struct {
	To     workflow.StaffID `json:"to"`
	Reason string           `json:"reason,omitempty"`
	Note   string           `json:"note,omitempty"`
}

func reassign(c *call, b *toReasonBody) (workflow.Command, error) {
	note, err := c.note(b.Note)
	return &workflow.ReassignCustomer{Customer: c.customer(), To: b.To, Reason: b.Reason, Note: note}, err
}

func cover(c *call, b *toReasonBody) (workflow.Command, error) {
	return &workflow.CoverCustomer{Customer: c.customer(), To: b.To, Reason: b.Reason}, nil
}

type searchBody struct {
	Phone string `json:"phone"`
}

// found is the answer to a search: always of one shape.
type found struct {
	Known    bool                `json:"known"`
	Customer workflow.CustomerID `json:"customer,omitempty"`
	Owner    workflow.StaffID    `json:"owner,omitempty"`
	Person   *person             `json:"person,omitempty"` // masked
}

// search finds a customer by his exact phone. A consultant learns whether he is known and whose he is, others see the masked
// person too.
func search(c *call) error {
	var b searchBody
	if p := decode(c.text, &b); p != nil {
		return p
	}
	id, known, err := c.byPhone(&person{Phone: b.Phone})
	if err != nil {
		return err
	}
	c.look()
	if _, err := c.do(&workflow.SearchCustomer{Customer: id}); err != nil {
		return err
	}
	answer := found{Known: known}
	if !known {
		return c.JSON(http.StatusOK, answer)
	}
	answer.Customer = id
	k, err := c.readCustomer(id)
	switch {
	case err == nil:
		answer.Owner = k.Owner
	case !errors.Is(err, repo.ErrNotFound):
		return err
	}
	if c.own() {
		if answer.Owner != c.key.Staff {
			answer.Customer = ""
		}
		return c.JSON(http.StatusOK, answer)
	}
	p, err := c.api.cfg.Vault.Person(c.Request().Context(), c.site, id)
	if err == nil {
		m := p.Masked()
		answer.Person = &person{Name: m.Name, Phone: m.Phone}
	}
	return c.JSON(http.StatusOK, answer)
}

// readCustomer is a customer's record from a caught-up board; a consultant sees only his own.
func (c *call) readCustomer(id workflow.CustomerID) (*workflow.Customer, error) {
	return readRecord[*workflow.Customer](c, workflow.CustomerRef(id))
}

func getCustomer(c *call) error {
	k, err := c.readCustomer(c.customer())
	if err != nil {
		return err
	}
	if c.own() && k.Owner != c.key.Staff {
		return repo.ErrNotFound
	}
	c.Response().Header().Set("ETag", etag(workflow.Version(k)))
	return c.JSON(http.StatusOK, map[string]any{"customer": k})
}

// personOf is the customer whose person a request is about; a consultant's own only.
func (c *call) personOf() (*workflow.Customer, error) {
	k, err := c.readCustomer(c.customer())
	if err == nil && c.own() && k.Owner != c.key.Staff {
		err = repo.ErrNotFound
	}
	return k, err
}

// getPerson shows a person in full. Who looked, at whom and why stands in the journal before anything is shown.
func getPerson(c *call) error {
	reason, err := c.reason()
	if err != nil {
		return err
	}
	k, err := c.personOf()
	if err != nil {
		return err
	}
	id := workflow.CustomerID(k.ID)
	p, err := c.api.cfg.Vault.Person(c.Request().Context(), c.site, id)
	if err != nil {
		return err
	}
	c.look()
	if _, err := c.do(&workflow.ShowPerson{Customer: id, Reason: reason}); err != nil {
		return err
	}
	c.api.cfg.Log.Info("person shown", "site", c.site, "customer", k.ID, "key", c.key.ID, "reason", reason)
	return c.JSON(http.StatusOK, map[string]any{"person": p})
}

// codes are the reasons and channels of the contract: no more than four digits in a row, so that no phone passes for one.
var codes = regexp.MustCompile(`^[0-9]{0,4}([a-z_]+[0-9]{0,4})*$`)

func validCode(s string) bool {
	return s != "" && len(s) <= 40 && codes.MatchString(s) && !workflow.HoldsPhone(s)
}

// putPerson writes who a customer is.
func putPerson(c *call) error {
	var b person
	if p := decode(c.text, &b); p != nil {
		return p
	}
	k, err := c.personOf()
	if err != nil {
		return err
	}
	id := workflow.CustomerID(k.ID)
	err = c.once()
	var before *replay
	if errors.As(err, &before) {
		return c.done(before.Outcome)
	}
	if err != nil {
		return err
	}
	other, found, err := c.byPhone(&b)
	if err == nil && found && other != id {
		err = phoneTaken()
	}
	if err != nil {
		return err
	}
	r, err := c.record(&b)
	if err != nil {
		return err
	}
	c.intent = &vault.Intent{Customer: id, Person: &r, Whole: true}
	out, err := c.do(&workflow.ChangePerson{Customer: id})
	if errors.Is(err, repo.ErrExists) {
		return phoneTaken()
	}
	if err != nil {
		return err
	}
	return c.done(out)
}

func phoneTaken() *Problem {
	return problem(http.StatusConflict, "phone_taken", "this phone belongs to another customer", "search for the phone")
}

// erasePerson removes for good what is known of a customer: name, phone, and the notes that hang on his records. The journal says it
// first; whoever asks again finishes what was left half done, and so does the sweep.
func erasePerson(c *call) error {
	id := c.customer()
	c.intent = &vault.Intent{Customer: id, Erase: true}
	out, err := c.do(&workflow.ErasePerson{Customer: id})
	if err == nil && out.Replayed {
		err = c.api.cfg.Vault.Erase(c.Request().Context(), c.site, id) // nothing comes back by it, nothing that was corrected is undone
	}
	if err != nil {
		return err
	}
	c.api.cfg.Log.Info("person erased", "site", c.site, "customer", string(id), "key", c.key.ID)
	return c.done(out)
}
