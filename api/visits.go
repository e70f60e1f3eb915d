package api

import (
	"encoding/json"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// VisitDecision is the answer to a command about a visit.
type VisitDecision struct {
	Decided
	// Visit is the visit after the command.
	Visit Doc[workflow.Visit] `json:"visit,omitzero"`
	// Allowed lists the steps of the visit that are open to the caller now, named like their
	// addresses. Empty when the visit is over.
	Allowed []string `json:"allowed,omitzero"`
	// Known says whether the phone in the request already belonged to a customer. Only front desk,
	// shift leader, supervisor and manager see it, and only if a phone was sent.
	Known *bool `json:"known,omitempty"`
}

// VisitView is a visit and what the caller may do with it.
type VisitView struct {
	// Allowed lists the steps of the visit that are open to the caller now, named like their
	// addresses. Empty when the visit is over.
	Allowed []string `json:"allowed"`
	// Visit is the visit. On a colleague's visit a consultant does not see which customer it is.
	Visit Doc[workflow.Visit] `json:"visit"`
}

// VisitList is a page of visits.
type VisitList struct {
	Page
	// Visits are the visits on this page that the caller may see.
	Visits []Doc[workflow.Visit] `json:"visits"`
}

// VisitHistory is a page of the history of a visit.
type VisitHistory struct {
	// Commits are the commits that changed the visit, oldest first.
	Commits []Entry `json:"commits"`
	// NextCursor is the cursor of the next page. Absent on the last page.
	NextCursor Cursor `json:"next_cursor,omitempty"`
	// Visit is the visit's id.
	Visit string `json:"visit"`
}

// Arrival is all a kiosk is ever told: which visit it announced, its number, and how far it has
// come.
type Arrival struct {
	// Ahead is how many groups wait that came before. Absent once somebody receives the visitor, or
	// the visit is over.
	Ahead *int `json:"ahead,omitempty"`
	// Number is the number by which the visitor is called, such as A07. Absent in visits from
	// before there were numbers.
	Number string `json:"number,omitempty"`
	// State is how far the visit has come.
	State workflow.State `json:"state"`
	// Visit is the visit's id.
	Visit string `json:"visit"`
}

func (c *call) visit() workflow.VisitID { return workflow.VisitID(c.Param("visit")) }

// visitDecision is a decision about a visit as the caller may see it. A kiosk sees only its
// arrival.
func (c *call) visitDecision(a *VisitDecision, k *workflow.Commit) (any, error) {
	if c.key.Role == workflow.RoleKiosk {
		v := &workflow.Visit{}
		_ = json.Unmarshal(a.Visit.text, v) // our own image
		return c.arrival(v)
	}
	if c.phoned && c.hears() {
		known := knownBy(c.redacted(k))
		a.Known = &known
	}
	if r, err := k.Record(k.Subject); err == nil {
		if v, ok := r.(*workflow.Visit); ok {
			a.Allowed = c.allowed(v)
		}
	}
	return a, nil
}

// arrival is what a kiosk is told of a visit.
func (c *call) arrival(v *workflow.Visit) (*Arrival, error) {
	a := &Arrival{Visit: v.ID, Number: v.Number, State: v.State}
	err := c.view(nil, func(b *workflow.Board) error {
		if n, waits := b.Ahead(v); waits {
			a.Ahead = &n
		}
		return nil
	})
	return a, err
}

// readVisit reads a visit the caller may see: a consultant their own, a kiosk those it announced.
func (c *call) readVisit() (*workflow.Visit, error) {
	v, err := readRecord[*workflow.Visit](c, workflow.VisitRef(c.visit()))
	switch {
	case err != nil:
		return nil, err
	case c.key.Role != workflow.RoleKiosk && !c.own() || v.Of(c.key.Staff):
		return v, nil
	}
	k, err := c.commitAt(v.Commits[0]) // whoever announced it may see it
	if err == nil && k.By != c.key.Actor() {
		err = repo.ErrNotFound
	}
	return v, err
}

// getVisit reads a visit and the steps that are open to the caller. A kiosk reads the arrivals it
// announced.
func getVisit(c *call, _ *none) (*VisitView, error) {
	v, err := c.readVisit()
	if err != nil {
		return nil, err
	}
	if c.key.Role == workflow.RoleKiosk {
		a, err := c.arrival(v)
		if err != nil {
			return nil, err
		}
		return nil, c.answer(a)
	}
	c.stands(v)
	doc, err := c.redactedVisit(v)
	return &VisitView{Allowed: c.allowed(v), Visit: doc}, err
}

// HistoryQuery is the query of a history.
type HistoryQuery struct {
	Limit Limit `query:"limit"`
	// Cursor is next_cursor of the previous page. Absent: the first page.
	Cursor Cursor `query:"cursor"`
	Explaining
}

// getHistory lists the commits that changed a visit, oldest first.
func getHistory(c *call, q *HistoryQuery) (*VisitHistory, error) {
	v, err := c.readVisit()
	if err != nil {
		return nil, err
	}
	a := &VisitHistory{Visit: v.ID}
	a.Commits, a.NextCursor, err = c.commitsOf(v.Commits, q)
	return a, err
}

// VisitsQuery is the query of the list of visits.
type VisitsQuery struct {
	// From is the first business day.
	From workflow.Date `query:"from"`
	// To is the last business day.
	To workflow.Date `query:"to"`
	// Open selects visits that still need somebody (true) or are over (false).
	Open *bool `query:"open"`
	// State selects visits in these states.
	State []workflow.State `query:"state" compares:"state"`
	// Kind selects visits of these kinds.
	Kind []workflow.VisitKind `query:"kind" compares:"kind"`
	// Server selects visits that this consultant receives.
	Server workflow.StaffID `query:"server" compares:"server"`
	// Principal selects visits whose customer is this consultant's.
	Principal workflow.StaffID `query:"principal" compares:"principal"`
	// Assistant selects visits in which this consultant assists.
	Assistant workflow.StaffID `query:"assistant" compares:"assistants"`
	// Customer selects visits of this customer.
	Customer workflow.CustomerID `query:"customer" compares:"customer"`
	Paging
}

// listVisits lists visits, newest first. Front desk and shift leader see today's. A consultant sees
// visits they receive or assist in, and those of their customers.
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
