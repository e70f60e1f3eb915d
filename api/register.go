package api

import (
	"errors"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/vault"
	"github.com/lunpai/lunpai/workflow"
)

// FormBody is the visitor register. The visit gets the codes and numbers; the remark is stored
// apart.
type FormBody struct {
	// Channel is how the customer heard of the project: a code such as passing_by.
	Channel string `json:"channel,omitempty"`
	// Purpose is what the customer is buying for: a code such as first_home.
	Purpose string `json:"purpose,omitempty"`
	// District is where the customer lives or works: a code.
	District string `json:"district,omitempty"`
	// Layout is the layout the customer asked for: a code such as 3br.
	Layout string `json:"layout,omitempty"`
	// AreaSqm is the area the customer asked for, in square metres.
	AreaSqm int `json:"area_sqm,omitempty"`
	// BudgetFrom is the lower end of the budget, in fen.
	BudgetFrom int64 `json:"budget_from,omitempty"`
	// BudgetTo is the upper end of the budget, in fen.
	BudgetTo int64 `json:"budget_to,omitempty"`
	// Intent is how serious the customer is: a (most serious), b, c or d.
	Intent string `json:"intent,omitempty"`
	// Remark is free text. The visit holds its id; GET notes/{note} shows the text to those who may
	// read it.
	Remark workflow.NoteID `json:"remark,omitempty"`
}

// RegisterBody is an entry in the visitor register.
type RegisterBody struct {
	// Serve ends the reception in the same request.
	Serve bool `json:"serve,omitempty"`
	// Topic is what the conversation was about. Absent: sales.
	Topic workflow.Topic `json:"topic,omitempty"`
	// ExplainedTo is the colleague who was told about the visitor at the end of the reception.
	// Requires serve.
	ExplainedTo workflow.StaffID `json:"explained_to,omitempty"`
	// Matches is the customer the form shows the visitor to be.
	Matches workflow.CustomerID `json:"matches,omitempty"`
	// Person is the name and phone on the form.
	Person *Person `json:"person,omitempty"`
	// Form is the visitor register. Absent: nothing was filled in.
	Form *FormBody `json:"form,omitempty"`
}

func register(c *call, b *RegisterBody) (*workflow.RegisterVisit, error) {
	cmd := &workflow.RegisterVisit{
		Visit: c.visit(), Topic: b.Topic, Matches: b.Matches,
		Customer: workflow.CustomerID(newID()),
	}
	if b.Serve {
		cmd.Serve = &workflow.ServeVisit{
			Visit: c.visit(), Topic: b.Topic, ExplainedTo: b.ExplainedTo,
		}
	} else if b.ExplainedTo != "" {
		return nil, bad("explained_to_needs_serve")
	}
	if f := b.Form; f != nil {
		cmd.Form = &workflow.Form{
			Channel: f.Channel, Purpose: f.Purpose, District: f.District, Layout: f.Layout,
			AreaSqm: f.AreaSqm, BudgetFrom: f.BudgetFrom, BudgetTo: f.BudgetTo, Intent: f.Intent,
			Note: f.Remark,
		}
	}
	return cmd, c.registerPerson(cmd, b.Person)
}

// registerPerson ties the person on the form to the visit's customer. If the phone belongs to
// another customer it is a match, which the rules judge. Otherwise the person is stored under the
// customer that the registration makes. If the visitor already has a record, the person is written
// after the rules have accepted the command.
func (c *call) registerPerson(cmd *workflow.RegisterVisit, p *Person) error {
	if p.empty() {
		c.made = append(c.made, workflow.CustomerRef(cmd.Customer))
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

// tie tries once. ErrChanged: another request stored the same phone first.
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

// reviseBehind has a form's person written after the command. It replaces what is known if the
// record is the visitor's own, is added to it if the form only named the customer, and is not
// written if the customer is a colleague's.
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

// visitor is the customer a form is about, if they have a record: the one it names, or the visit's.
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
