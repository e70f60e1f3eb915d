package api

import (
	"errors"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/vault"
	"github.com/lunpai/lunpai/workflow"
)

// FormBody is the visitor register. Codes and numbers stand in the visit; the remark is kept apart.
type FormBody struct {
	// Channel is how the customer heard of the project: a code such as passing_by.
	Channel string `json:"channel,omitempty"`
	// Purpose is what he buys for: a code such as first_home.
	Purpose string `json:"purpose,omitempty"`
	// District is where he lives or works: a code.
	District string `json:"district,omitempty"`
	// Layout is the layout he asked for: a code such as 3br.
	Layout string `json:"layout,omitempty"`
	// AreaSqm is the area he asked for, in square metres.
	AreaSqm int `json:"area_sqm,omitempty"`
	// BudgetFrom is the least he wants to spend, in fen.
	BudgetFrom int64 `json:"budget_from,omitempty"`
	// BudgetTo is the most he wants to spend, in fen.
	BudgetTo int64 `json:"budget_to,omitempty"`
	// Intent is how serious he is: a, b, c or d, a being the most serious.
	Intent string `json:"intent,omitempty"`
	// Remark is free text. The visit carries its id; GET notes/{note} shows it to those who may read it.
	Remark workflow.NoteID `json:"remark,omitempty"`
}

// RegisterBody is what stands in the visitor register.
type RegisterBody struct {
	// Serve ends the reception in the same request.
	Serve bool `json:"serve,omitempty"`
	// Topic is what was talked about; absent: sales.
	Topic workflow.Topic `json:"topic,omitempty"`
	// ExplainedTo is the colleague to whom the visitor's case was explained at the end of the reception. It needs serve.
	ExplainedTo workflow.StaffID `json:"explained_to,omitempty"`
	// Matches is the customer whom the form shows the visitor to be.
	Matches workflow.CustomerID `json:"matches,omitempty"`
	// Person is the person on the form.
	Person *Person `json:"person,omitempty"`
	// Form is the visitor register; absent: nothing was filled in.
	Form *FormBody `json:"form,omitempty"`
}

func register(c *call, b *RegisterBody) (*workflow.RegisterVisit, error) {
	cmd := &workflow.RegisterVisit{Visit: c.visit(), Topic: b.Topic, Matches: b.Matches, Customer: workflow.CustomerID(newID())}
	if b.Serve {
		cmd.Serve = &workflow.ServeVisit{Visit: c.visit(), Topic: b.Topic, ExplainedTo: b.ExplainedTo}
	} else if b.ExplainedTo != "" {
		return nil, bad("explained_to_needs_serve")
	}
	if f := b.Form; f != nil {
		cmd.Form = &workflow.Form{
			Channel: f.Channel, Purpose: f.Purpose, District: f.District, Layout: f.Layout, AreaSqm: f.AreaSqm,
			BudgetFrom: f.BudgetFrom, BudgetTo: f.BudgetTo, Intent: f.Intent, Note: f.Remark,
		}
	}
	return cmd, c.registerPerson(cmd, b.Person)
}

// registerPerson ties the person on the form to the visit's customer. A phone that is another customer's is a match, which the
// rules judge; otherwise the person is kept under the customer that registration makes. Of a customer who has a record
// already the person is written when the rules have let the command pass.
func (c *call) registerPerson(cmd *workflow.RegisterVisit, p *Person) error {
	if p.empty() {
		return nil
	}
	if err := c.once(); err != nil {
		return err
	}
	r, err := c.record(p)
	for range maxFinds {
		if err != nil {
			return err
		}
		if err = c.tie(cmd, p, r); !errors.Is(err, repo.ErrChanged) {
			return err
		}
		err = nil
	}
	return repo.ErrBusy
}

// tie tries it once; ErrChanged: somebody else was quicker with the same phone.
func (c *call) tie(cmd *workflow.RegisterVisit, p *Person, r vault.Person) error {
	known, found, err := c.byPhone(p)
	fresh := false
	if err == nil && found {
		fresh, err = c.unrecorded(known)
	}
	if err != nil {
		return err
	}
	id, err := c.visitor(cmd)
	switch {
	case err != nil:
		return err
	case found && !fresh && known != id:
		if cmd.Matches == "" {
			cmd.Matches = known
		}
		return nil
	case id != "":
		return c.reviseBehind(id, r, cmd.Matches == "")
	case found:
		cmd.Customer = known
		if c.dry {
			return nil
		}
		return c.api.cfg.Vault.Adopt(c.Request().Context(), c.site, known, c.id)
	case c.dry:
		return nil
	}
	return c.keep(cmd.Customer, r)
}

// reviseBehind has a form's person written behind the command: over what is known where it is the visitor's own record, beside it
// where the form only named it, and not at all where the rules leave that customer to a colleague.
func (c *call) reviseBehind(id workflow.CustomerID, r vault.Person, over bool) error {
	k, err := c.readCustomer(id)
	if errors.Is(err, repo.ErrNotFound) {
		return nil // the rules say so
	}
	if err != nil {
		return err
	}
	write, f := workflow.FormPerson(c.key.Actor(), k)
	if f != nil {
		return f
	}
	if write && !c.dry {
		c.intent = &vault.Intent{Customer: id, Person: &r, Over: over}
	}
	return nil
}

// visitor is the customer whom a form is about and who has a record: the one it names, or the visit's.
func (c *call) visitor(cmd *workflow.RegisterVisit) (id workflow.CustomerID, err error) {
	if cmd.Matches != "" {
		return cmd.Matches, nil
	}
	err = c.view([]workflow.Ref{workflow.VisitRef(cmd.Visit)}, func(b *workflow.Board) error {
		r, _ := b.Record(workflow.VisitRef(cmd.Visit))
		if v, ok := r.(*workflow.Visit); ok && v.Site == c.site {
			id = v.Customer
		}
		return nil
	})
	return id, err
}
