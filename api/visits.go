package api

import (
	"encoding/json"
	"errors"
	"sort"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/vault"
	"github.com/lunpai/lunpai/workflow"
)

// VisitDecision is the answer to a command about a visit.
type VisitDecision struct {
	Decided
	// Visit is the visit as the command left it.
	Visit Doc[workflow.Visit] `json:"visit,omitzero"`
	// Allowed are the steps of the visit that are open to the caller now, named like their addresses; empty when the visit is over.
	Allowed []string `json:"allowed,omitzero"`
	// Known reports whether the phone in the request was a customer's already. Front desk, shift leader, supervisor and manager are
	// told, where a phone was sent.
	Known *bool `json:"known,omitempty"`
}

// VisitView is a visit and what the caller may do with it.
type VisitView struct {
	// Allowed are the steps of the visit that are open to the caller now, named like their addresses; empty when the visit is over.
	Allowed []string `json:"allowed"`
	// Visit is the visit. Of a colleague's visit a consultant does not see which customer it is.
	Visit Doc[workflow.Visit] `json:"visit"`
}

// VisitList is a page of visits.
type VisitList struct {
	Page
	// Visits are those of this page that the caller may see.
	Visits []Doc[workflow.Visit] `json:"visits"`
}

// VisitHistory is what happened to a visit, one page at a time.
type VisitHistory struct {
	// Commits are those that changed the visit, the first of them first.
	Commits []Entry `json:"commits"`
	// NextCursor is where the next page begins; absent on the last.
	NextCursor Cursor `json:"next_cursor,omitempty"`
	// Visit is the visit's id.
	Visit string `json:"visit"`
}

// Arrival is all that a kiosk is ever told: which visit it announced, and how far that has come.
type Arrival struct {
	// Visit is the visit.
	Visit Announced `json:"visit"`
}

// Announced is what a kiosk is told of a visit.
type Announced struct {
	// ID is the visit's id.
	ID string `json:"id"`
	// State is how far the visit has come.
	State workflow.State `json:"state"`
}

// Identity is the answer to the first question.
type Identity struct {
	// Kind is what the visitor says he is.
	Kind workflow.VisitKind `json:"kind"`
	// Customer is who he is, where that is known; then person is not looked at.
	Customer workflow.CustomerID `json:"customer,omitempty"`
	// Person is who he says he is: a phone that is a customer's finds that customer, otherwise the person is kept under a new one.
	Person *Person `json:"person,omitempty"`
	// Named is the consultant for whom he asks.
	Named workflow.StaffID `json:"named,omitempty"`
	// BroughtBy is the customer who brought him or sent him.
	BroughtBy workflow.CustomerID `json:"brought_by,omitempty"`
	// Appointment is the consultant with whom he has an appointment.
	Appointment workflow.StaffID `json:"appointment,omitempty"`
	// Delegate is the colleague whom an absent consultant asked to receive him.
	Delegate workflow.StaffID `json:"delegate,omitempty"`
	// Groups is how many groups arranged to view together; absent: one.
	Groups int `json:"groups,omitempty"`
	// Party is how many people came; absent: as at arrival.
	Party int `json:"party,omitempty"`
	// Purpose is why somebody comes who is no visitor of the office: a code such as delivery.
	Purpose string `json:"purpose,omitempty"`
}

func (i *Identity) command(c *call) (workflow.Identity, error) {
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

func identify(c *call, b *Identity) (*workflow.IdentifyVisit, error) {
	id, err := b.command(c)
	return &workflow.IdentifyVisit{Identity: id}, err
}

func reidentify(c *call, b *Identity) (*workflow.ReidentifyVisit, error) {
	id, err := b.command(c)
	return &workflow.ReidentifyVisit{Identity: id}, err
}

// ArriveBody is who came in.
type ArriveBody struct {
	// Party is how many people came together; absent: not counted.
	Party int `json:"party,omitempty"`
	// Channel is how they heard of the project: a code such as passing_by.
	Channel string `json:"channel,omitempty"`
	// Person is what the visitor left at a kiosk of himself.
	Person *Person `json:"person,omitempty"`
	// Identify answers the first question in the same request. A kiosk and a consultant leave it out.
	Identify *Identity `json:"identify,omitempty"`
	// Assign says whether the visit is assigned in the same request. A kiosk and a consultant leave it out.
	Assign AssignNow `json:"assign,omitempty"`
}

// AssignNow says whether an arrival is assigned at once: true, false, or "if_free", with which the visitor waits where nobody is
// free to receive him. With true nothing is recorded then.
type AssignNow struct{ wanted, ifFree bool }

// UnmarshalJSON reads what the contract lets through.
func (a *AssignNow) UnmarshalJSON(text []byte) error {
	if a.ifFree = string(text) == `"if_free"`; a.ifFree {
		a.wanted = true
		return nil
	}
	return json.Unmarshal(text, &a.wanted)
}

// arrive creates a visit. A kiosk may create it and nothing more.
func arrive(c *call, b *ArriveBody) (*workflow.ArriveVisit, error) {
	cmd := &workflow.ArriveVisit{Party: b.Party, Channel: b.Channel, Assign: b.Assign.wanted, IfFree: b.Assign.ifFree}
	if cmd.Assign && b.Identify == nil {
		return nil, bad("not_identified")
	}
	if c.key.Role == workflow.RoleKiosk || c.own() {
		if b.Identify != nil || cmd.Assign {
			return nil, forbidden("role/arrivals_only", c.key.Role)
		}
	}
	if c.key.Role == workflow.RoleKiosk {
		if wait := c.api.kiosks.take(c.key.ID, c.id+c.fingerprint(), c.now()); wait > 0 {
			return nil, tooMany("too_many", wait)
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

func (c *call) visit() workflow.VisitID { return workflow.VisitID(c.Param("visit")) }

// visitDecision is a decision about a visit as the caller may hear it: a kiosk hears of its arrival and nothing more.
func (c *call) visitDecision(a *VisitDecision, k *workflow.Commit) any {
	if c.key.Role == workflow.RoleKiosk {
		var v struct {
			State workflow.State `json:"state"`
		}
		_ = json.Unmarshal(a.Visit.text, &v) // our own image
		return &Arrival{Announced{k.Subject.ID, v.State}}
	}
	if c.phoned && c.hears() {
		known := knownBy(c.redacted(k))
		a.Known = &known
	}
	for _, i := range k.Images {
		if i.Ref != k.Subject {
			continue
		}
		if r, err := workflow.Decode(i); err == nil {
			if v, ok := r.(*workflow.Visit); ok {
				a.Allowed = c.allowed(v)
			}
		}
	}
	return a
}

// readVisit is a visit the caller may see: a consultant his own, a kiosk the one it announced.
func (c *call) readVisit() (*workflow.Visit, error) {
	v, err := readRecord[*workflow.Visit](c, workflow.VisitRef(c.visit()))
	switch {
	case err != nil:
		return nil, err
	case c.key.Role != workflow.RoleKiosk && !c.own() || v.Of(c.key.Staff):
		return v, nil
	}
	k, err := c.commitAt(v.Commits[0]) // who announced it may see it
	if err == nil && k.By != c.key.Actor() {
		err = repo.ErrNotFound
	}
	return v, err
}

// getVisit reads a visit, with the steps that are open to the caller. A kiosk reads the arrivals that it announced.
func getVisit(c *call, _ *none) (*VisitView, error) {
	v, err := c.readVisit()
	if err != nil {
		return nil, err
	}
	if c.key.Role == workflow.RoleKiosk {
		return nil, c.answer(&Arrival{Announced{v.ID, v.State}})
	}
	c.stands(v)
	doc, err := c.redactedVisit(v)
	return &VisitView{Allowed: c.allowed(v), Visit: doc}, err
}

// HistoryQuery is the query of a history.
type HistoryQuery struct {
	Limit Limit `query:"limit"`
	// Cursor is where to go on: next_cursor of the page before. Empty: at the beginning.
	Cursor Cursor `query:"cursor"`
}

// getHistory lists the commits that changed a visit, the first of them first, one page at a time.
func getHistory(c *call, q *HistoryQuery) (*VisitHistory, error) {
	after, err := q.Cursor.seq()
	if err != nil {
		return nil, err
	}
	v, err := c.readVisit()
	if err != nil {
		return nil, err
	}
	seqs := v.Commits[sort.Search(len(v.Commits), func(i int) bool { return v.Commits[i] > after }):]
	a := &VisitHistory{Visit: v.ID}
	if limit := q.Limit.orUsual(); len(seqs) > limit {
		seqs = seqs[:limit]
		a.NextCursor = seqCursor(seqs[limit-1])
	}
	a.Commits = make([]Entry, 0, len(seqs))
	for _, seq := range seqs {
		k, err := c.commitAt(seq)
		if err != nil {
			return nil, err
		}
		a.Commits = append(a.Commits, shown(c.redacted(k)))
	}
	return a, nil
}

// VisitsQuery is the query of the list of visits.
type VisitsQuery struct {
	// From is the first business day.
	From workflow.Date `query:"from"`
	// To is the last business day.
	To workflow.Date `query:"to"`
	// Open, when true, leaves the visits that still need somebody; when false, those that are over.
	Open *bool `query:"open"`
	// State leaves the visits in one of these states.
	State []workflow.State `query:"state" compares:"state"`
	// Kind leaves the visits of one of these kinds.
	Kind []workflow.VisitKind `query:"kind" compares:"kind"`
	// Server leaves the visits that this consultant receives.
	Server workflow.StaffID `query:"server" compares:"server"`
	// Principal leaves the visits whose customer is this consultant's.
	Principal workflow.StaffID `query:"principal" compares:"principal"`
	// Assistant leaves the visits in which this consultant assists.
	Assistant workflow.StaffID `query:"assistant" compares:"assistants"`
	// Customer leaves the visits of this customer.
	Customer workflow.CustomerID `query:"customer" compares:"customer"`
	Paging
}

// listVisits lists visits, the newest first. Front desk and shift leader see today's, a consultant his own: those he receives, those
// of his customers and those in which he assists.
func listVisits(c *call, query *VisitsQuery) (*VisitList, error) {
	q, err := c.asks(workflow.Visits, query.Paging, true)
	if err != nil {
		return nil, err
	}
	q.From, q.To, q.Open = query.From, query.To, query.Open
	switch c.key.Role {
	case workflow.RoleFrontDesk, workflow.RoleShiftLeader:
		if err := c.view(nil, func(b *workflow.Board) error {
			q.From = workflow.Date(b.Local(c.now()).Format(time.DateOnly))
			q.To = q.From
			return nil
		}); err != nil {
			return nil, err
		}
	case workflow.RoleConsultant:
		q.Of = c.key.Staff
	default:
	}
	p, docs, err := list[workflow.Visit](c, q)
	return &VisitList{p, docs}, err
}
