package api

import (
	"github.com/lunpai/lunpai/explain"
	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// AgendaQuery says whose agenda is asked for. Without a parameter: one's own, or the front desk's
// for its key.
type AgendaQuery struct {
	// Staff is the member of staff whose agenda it is. Shift leader, supervisor and manager may
	// read anybody's, others only their own; a front desk's key those of the person that it names.
	Staff workflow.StaffID `query:"staff"`
	// Everybody asks for what waits for anybody in the office: shift leader, supervisor, manager.
	Everybody bool `query:"everybody"`
}

// AgendaItem is an item of the agenda and its sentence.
type AgendaItem struct {
	workflow.Item
	// Text says it in the language of the request, with the article.
	Text string `json:"text"`
}

// AgendaView is what is due, oldest first.
type AgendaView struct {
	// Items are what is due.
	Items []AgendaItem `json:"items"`
	// More is true when there is more of a kind than is shown: the oldest 100 are. Absent
	// otherwise.
	More bool `json:"more,omitempty"`
	// Seq is the number of the last commit that is taken into account.
	Seq int64 `json:"seq"`
	// Staff is whose agenda it is. Absent for the front desk's and for everybody's.
	Staff workflow.StaffID `json:"staff,omitempty"`
}

// whose is whose agenda the caller asks for, if they may read it.
func (c *call) whose(q *AgendaQuery) (workflow.Whose, error) {
	leads := !c.own() && c.key.Role != workflow.RoleFrontDesk
	switch {
	case q.Everybody && q.Staff != "":
		return workflow.Whose{}, bad("agenda_of_whom")
	case !leads && (q.Everybody || q.Staff != "" && q.Staff != c.key.Staff):
		return workflow.Whose{}, forbidden("agenda_not_own", c.key.Role)
	case q.Everybody:
		return workflow.Whose{Everybody: true}, nil
	case q.Staff != "":
		return workflow.Whose{Staff: q.Staff}, nil
	case c.key.Staff == "" || c.key.Role == workflow.RoleFrontDesk:
		return workflow.Whose{Desk: true}, nil
	}
	return workflow.Whose{Staff: c.key.Staff}, nil
}

// getAgenda lists what is due: receptions to be registered, requests, disputes, notices, customers
// about to become new and more. Each item says which commands end it. A consultant sees their own,
// the front desk what the floor waits for.
func getAgenda(c *call, q *AgendaQuery) (*AgendaView, error) {
	whose, err := c.whose(q)
	if err != nil {
		return nil, err
	}
	var a *workflow.Agenda
	view := &AgendaView{Staff: whose.Staff}
	if err := c.view(nil, func(b *workflow.Board) error {
		if s := whose.Staff; s != "" {
			if _, ok := b.Record(workflow.StaffRef(c.site, s)); !ok {
				return missing("staff")
			}
		}
		a, view.Seq = b.Agenda(c.now(), whose), b.Seq
		return nil
	}); err != nil {
		return nil, err
	}
	looked := 0
	take := func(docs []repo.Document, err error) error {
		if err != nil {
			return reading(err)
		}
		looked += len(docs)
		for _, d := range docs {
			r, err := d.Record()
			if err != nil {
				return reading(err)
			}
			a.Take(r)
		}
		return nil
	}
	for _, ask := range a.Asks() {
		docs, err := c.api.cfg.Store.Asked(c.Request().Context(), c.site, view.Seq, ask,
			workflow.MaxAsked+1)
		if len(docs) > workflow.MaxAsked {
			docs, view.More = docs[:workflow.MaxAsked], true
		}
		if err := take(docs, err); err != nil {
			return nil, err
		}
	}
	if refs := a.Refs(); len(refs) > 0 {
		err := take(c.api.cfg.Store.Read(c.Request().Context(), c.site, view.Seq, refs))
		if err != nil {
			return nil, err
		}
	}
	c.looked(looked)
	items := a.Items()
	view.Items = make([]AgendaItem, len(items))
	for k, i := range items {
		view.Items[k] = AgendaItem{i, explain.Item(lang(c), i, nil)}
	}
	return view, nil
}

// NoticeDecision is the answer when a notice is acknowledged.
type NoticeDecision struct {
	Decided
	// Notice is the notice as it stands now.
	Notice Doc[workflow.Notice] `json:"notice,omitzero"`
}
