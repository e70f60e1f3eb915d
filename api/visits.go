package api

import (
	"encoding/json"
	"sort"
	"time"

	"github.com/lunpai/lunpai/repo"
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
	// Visit is what a kiosk may know of the visit.
	Visit Announced `json:"visit"`
}

// Announced is what a kiosk is told of a visit.
type Announced struct {
	// ID is the visit's id.
	ID string `json:"id"`
	// State is how far the visit has come.
	State workflow.State `json:"state"`
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
