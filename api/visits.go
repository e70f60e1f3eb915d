package api

import (
	"encoding/json"
	"errors"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/vault"
	"github.com/lunpai/lunpai/workflow"
)

// identity is the answer to the first question, on the wire.
type identity struct {
	Kind        workflow.VisitKind  `json:"kind"`
	Customer    workflow.CustomerID `json:"customer,omitempty"`
	Person      *person             `json:"person,omitempty"`
	Named       workflow.StaffID    `json:"named,omitempty"`
	BroughtBy   workflow.CustomerID `json:"brought_by,omitempty"`
	Appointment workflow.StaffID    `json:"appointment,omitempty"`
	Delegate    workflow.StaffID    `json:"delegate,omitempty"`
	Groups      int                 `json:"groups,omitempty"`
	Party       int                 `json:"party,omitempty"`
	Purpose     string              `json:"purpose,omitempty"`
}

func (i *identity) command(c *call) (workflow.Identity, error) {
	out := workflow.Identity{
		Kind: i.Kind, Customer: i.Customer, Named: i.Named, BroughtBy: i.BroughtBy, Appointment: i.Appointment,
		Delegate: i.Delegate, Groups: i.Groups, Party: i.Party, Purpose: i.Purpose,
	}
	if i.Customer != "" {
		return out, nil
	}
	var err error
	out.Customer, out.NewCustomer, err = c.customerOf(i.Person)
	return out, err
}

type arriveBody struct {
	Party    int       `json:"party,omitempty"`
	Channel  string    `json:"channel,omitempty"`
	Person   *person   `json:"person,omitempty"`
	Identify *identity `json:"identify,omitempty"`
	Assign   assignNow `json:"assign,omitempty"`
}

// assignNow is whether an arrival is assigned at once: true, false, or "if_free".
type assignNow struct{ wanted, ifFree bool }

// UnmarshalJSON reads what the contract lets through.
func (a *assignNow) UnmarshalJSON(text []byte) error {
	if a.ifFree = string(text) == `"if_free"`; a.ifFree {
		a.wanted = true
		return nil
	}
	return json.Unmarshal(text, &a.wanted)
}

// arrive creates a visit. A kiosk may create it and nothing more.
func arrive(c *call, b *arriveBody) (workflow.Command, error) {
	cmd := &workflow.ArriveVisit{Visit: workflow.VisitID(newID()), Party: b.Party, Channel: b.Channel, Assign: b.Assign.wanted, IfFree: b.Assign.ifFree}
	if cmd.Assign && b.Identify == nil {
		return nil, badRequest("not_identified", "assign needs identify: nobody is received before the first question", "send identify too")
	}
	if c.key.Role == workflow.RoleKiosk || c.own() {
		if b.Identify != nil || cmd.Assign {
			return nil, problem(403, "role", "a key of role "+string(c.key.Role)+" announces arrivals and nothing more", "leave out identify and assign")
		}
	}
	if c.key.Role == workflow.RoleKiosk {
		if wait := c.api.kiosks.take(c.key.ID, c.id+c.fingerprint(), c.now()); wait > 0 {
			return nil, tooMany(wait)
		}
	}
	var err error
	if cmd.Customer, cmd.NewCustomer, err = c.customerOf(b.Person); err != nil {
		return nil, err
	}
	if b.Identify == nil {
		return cmd, nil
	}
	id, err := b.Identify.command(c)
	cmd.Identify = &id
	return cmd, err
}

func tooMany(wait int) *Problem {
	p := problem(429, "too_many", "too many requests from this key", "wait as long as Retry-After says")
	p.retry = wait
	return p
}

func (c *call) visit() workflow.VisitID { return workflow.VisitID(c.Param("visit")) }

func identify(c *call, b *identity) (workflow.Command, error) {
	id, err := b.command(c)
	return &workflow.IdentifyVisit{Visit: c.visit(), Identity: id}, err
}

func reidentify(c *call, b *identity) (workflow.Command, error) {
	id, err := b.command(c)
	return &workflow.ReidentifyVisit{Visit: c.visit(), Identity: id}, err
}

type recogniseBody struct {
	Who      workflow.StaffID    `json:"who,omitempty"` // default: the caller
	Customer workflow.CustomerID `json:"customer,omitempty"`
}

func recognise(c *call, b *recogniseBody) (workflow.Command, error) {
	return &workflow.RecogniseVisit{Visit: c.visit(), Who: c.staffOr(b.Who), Customer: b.Customer}, nil
}

// staffOr is the member of staff named in a body, or the caller himself.
func (c *call) staffOr(named workflow.StaffID) workflow.StaffID {
	if named != "" {
		return named
	}
	return c.key.Staff
}

type assignBody struct {
	To         workflow.StaffID     `json:"to,omitempty"`
	Reason     string               `json:"reason,omitempty"`
	Note       string               `json:"note,omitempty"`
	Concurrent bool                 `json:"concurrent,omitempty"`
	StandIn    *workflow.StandInFor `json:"stand_in,omitempty"`
}

func assign(c *call, b *assignBody) (workflow.Command, error) {
	note, err := c.note(b.Note)
	return &workflow.AssignVisit{Visit: c.visit(), To: b.To, Reason: b.Reason, Note: note, Concurrent: b.Concurrent, StandIn: b.StandIn}, err
}

type serveBody struct {
	Topic       workflow.Topic   `json:"topic,omitempty"`
	ExplainedTo workflow.StaffID `json:"explained_to,omitempty"`
}

func serve(c *call, b *serveBody) (workflow.Command, error) {
	return &workflow.ServeVisit{Visit: c.visit(), Topic: b.Topic, ExplainedTo: b.ExplainedTo}, nil
}

// formBody is the visitor register on the wire; the remark goes to the vault.
type formBody struct {
	Channel    string `json:"channel,omitempty"`
	Purpose    string `json:"purpose,omitempty"`
	District   string `json:"district,omitempty"`
	Layout     string `json:"layout,omitempty"`
	AreaSqm    int    `json:"area_sqm,omitempty"`
	BudgetFrom int64  `json:"budget_from,omitempty"`
	BudgetTo   int64  `json:"budget_to,omitempty"`
	Intent     string `json:"intent,omitempty"`
	Remark     string `json:"remark,omitempty"`
}

type registerBody struct {
	// Serve ends the reception in the same request.
	Serve       bool                `json:"serve,omitempty"`
	Topic       workflow.Topic      `json:"topic,omitempty"`
	ExplainedTo workflow.StaffID    `json:"explained_to,omitempty"`
	Matches     workflow.CustomerID `json:"matches,omitempty"`
	Person      *person             `json:"person,omitempty"`
	Form        *formBody           `json:"form,omitempty"`
}

func register(c *call, b *registerBody) (workflow.Command, error) {
	cmd := &workflow.RegisterVisit{Visit: c.visit(), Topic: b.Topic, Matches: b.Matches, Customer: workflow.CustomerID(newID())}
	if b.Serve {
		cmd.Serve = &workflow.ServeVisit{Visit: c.visit(), Topic: b.Topic, ExplainedTo: b.ExplainedTo}
	} else if b.ExplainedTo != "" {
		return nil, badRequest("explained_to_needs_serve", "explained_to belongs to the end of the reception", "send serve: true too, or explain with the serve step")
	}
	if b.Form != nil {
		note, err := c.note(b.Form.Remark)
		if err != nil {
			return nil, err
		}
		cmd.Form = &workflow.Form{
			Channel: b.Form.Channel, Purpose: b.Form.Purpose, District: b.Form.District, Layout: b.Form.Layout,
			AreaSqm: b.Form.AreaSqm, BudgetFrom: b.Form.BudgetFrom, BudgetTo: b.Form.BudgetTo, Intent: b.Form.Intent, Note: note,
		}
	}
	return cmd, c.registerPerson(cmd, b.Person)
}

// registerPerson ties the person on the form to the visit's customer. A phone that is another customer's is a match, which the
// rules judge; otherwise the person is kept under the customer that registration makes. Of a customer who has a record
// already the person is written when the rules have let the command pass.
func (c *call) registerPerson(cmd *workflow.RegisterVisit, p *person) error {
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
func (c *call) tie(cmd *workflow.RegisterVisit, p *person, r vault.Person) error {
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

type reasonBody struct {
	Reason string `json:"reason,omitempty"`
	Note   string `json:"note,omitempty"`
}

func abandon(c *call, b *reasonBody) (workflow.Command, error) {
	note, err := c.note(b.Note)
	return &workflow.AbandonVisit{Visit: c.visit(), Reason: b.Reason, Note: note}, err
}

type mergeBody struct {
	Into workflow.VisitID `json:"into"`
}

func merge(c *call, b *mergeBody) (workflow.Command, error) {
	return &workflow.MergeVisit{Visit: c.visit(), Into: b.Into}, nil
}

type changeBody struct {
	To     workflow.StaffID `json:"to"`
	Reason string           `json:"reason"`
	Note   string           `json:"note,omitempty"`
}

func change(c *call, b *changeBody) (workflow.Command, error) {
	note, err := c.note(b.Note)
	return &workflow.ChangeLead{Visit: c.visit(), To: b.To, Reason: b.Reason, Note: note}, err
}

type toBody struct {
	To workflow.StaffID `json:"to"`
}

func handOver(c *call, b *toBody) (workflow.Command, error) {
	return &workflow.HandOver{Visit: c.visit(), To: b.To}, nil
}

type whoBody struct {
	Who workflow.StaffID `json:"who"`
}

func addAssistant(c *call, b *whoBody) (workflow.Command, error) {
	return &workflow.AddAssistant{Visit: c.visit(), Who: b.Who}, nil
}
