package api

import (
	"net/http"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// RotaDecision is the answer to a command about the line.
type RotaDecision struct {
	Decided
	// Rota is the line after the command.
	Rota Doc[workflow.Rota] `json:"rota,omitzero"`
}

// RotaView is the line as people read it.
type RotaView struct {
	// Rota is the rota itself.
	Rota *workflow.Rota `json:"rota"`
	// Line lists the units in the line, first to last.
	Line []workflow.UnitID `json:"line"`
	// Out lists the units that have had their turn, in the order they left the line.
	Out []workflow.UnitID `json:"out"`
	// Ranks are the units' places in the line; the first is 1.
	Ranks map[workflow.UnitID]int `json:"ranks"`
	// Next is the unit whose turn it is; during an event, the one on duty by the manager's plan.
	// Empty if nobody is eligible, and for the past.
	Next workflow.UnitID `json:"next"`
	// NextStaff is the member of that unit who would receive. Empty if nobody is eligible, and for
	// the past.
	NextStaff workflow.StaffID `json:"next_staff"`
	// Seq is the number of the last commit that is taken into account.
	Seq int64 `json:"seq"`
}

func viewOf(r *workflow.Rota, seq int64) *RotaView {
	v := &RotaView{
		Rota: shownRota(r), Line: r.Order(), Out: r.OutUnits(), Ranks: map[workflow.UnitID]int{},
		Seq: seq,
	}
	for i, u := range v.Line {
		v.Ranks[u] = i + 1
	}
	return v
}

// shownRota is a rota with the id that addresses use: the day, or live.
func shownRota(r *workflow.Rota) *workflow.Rota {
	c := *r
	c.ID = recordID(r.Ref())
	return &c
}

// UnitBody is a unit to add to the line.
type UnitBody struct {
	// ID is the unit's id: a consultant's id, or the name of a team.
	ID workflow.UnitID `json:"id"`
	// Type says whether the unit is a person or a team. Absent: a person.
	Type workflow.UnitType `json:"type,omitempty"`
	// Members are the consultants of a team. Absent for a person.
	Members []workflow.StaffID `json:"members,omitempty"`
}

// RosterBody changes who is in the line.
type RosterBody struct {
	// Add are the units to add at the end of the line, in this order.
	Add []UnitBody `json:"add,omitempty"`
	// Remove are the units to take out of the line.
	Remove []workflow.UnitID `json:"remove,omitempty"`
}

func roster(_ *call, b *RosterBody) (*workflow.ChangeRoster, error) {
	cmd := &workflow.ChangeRoster{Remove: b.Remove}
	for _, u := range b.Add {
		cmd.Add = append(cmd.Add, workflow.Unit{ID: u.ID, Type: u.Type, Members: u.Members})
	}
	return cmd, nil
}

// RotaQuery asks for the line at an earlier time. Without parameters: the line now.
type RotaQuery struct {
	// Seq asks for the line after that commit. Not together with at.
	Seq Seq `query:"seq"`
	// At asks for the line at that time. Not together with seq.
	At time.Time `query:"at"`
}

// getRota shows the line now, or at an earlier commit or time.
func getRota(c *call, q *RotaQuery) (*RotaView, error) {
	switch {
	case q.Seq != 0 && !q.At.IsZero():
		return nil, bad("bad_parameter/both", "name", "seq", "other", "at")
	case q.Seq != 0:
		return c.pastRota(int64(q.Seq))
	case !q.At.IsZero():
		n, err := c.seqAt(q.At)
		if err != nil {
			return nil, err
		}
		return c.pastRota(n)
	}
	var v *RotaView
	err := c.view(nil, func(b *workflow.Board) error {
		v = viewOf(b.Rota(), b.Seq)
		v.Next, v.NextStaff = b.Next(c.now())
		c.stands(b.Rota())
		return nil
	})
	return v, err
}

// pastRota shows the rota after a commit: its newest image up to there.
func (c *call) pastRota(seq int64) (*RotaView, error) {
	ref, looked := workflow.LiveRotaRef(c.site), 0
	defer func() { c.looked(looked) }()
	for at := seq; at > 0; {
		pages, err := c.api.cfg.Store.Before(c.Request().Context(), c.site, at, 16)
		if err != nil {
			return nil, reading(err)
		}
		if at == seq && len(pages) > 0 && pages[0].Last < seq {
			return nil, repo.ErrNotFound // there is no such commit yet
		}
		for _, p := range pages {
			ks, err := p.Outlines()
			if err != nil {
				return nil, err
			}
			looked += len(ks)
			for i := len(ks) - 1; i >= 0; i-- {
				if r := imageOf(ks[i], ref); r != nil && ks[i].Seq <= seq {
					return viewOf(r, seq), nil
				}
			}
			at = p.First - 1
		}
		if len(pages) == 0 {
			break
		}
	}
	return nil, repo.ErrNotFound
}

// imageOf is the rota image a commit holds, if any.
func imageOf(k *workflow.Outline, ref workflow.Ref) *workflow.Rota {
	for _, im := range k.Images {
		if im.Ref != ref {
			continue
		}
		if r, err := workflow.Decode(im); err == nil {
			rota, _ := r.(*workflow.Rota)
			return rota
		}
	}
	return nil
}

// seqAt is the number of the last commit up to a time, found by binary search.
func (c *call) seqAt(t time.Time) (int64, error) {
	var head int64
	if err := c.view(nil, func(b *workflow.Board) error { head = b.Seq; return nil }); err != nil {
		return 0, err
	}
	lo, hi := int64(0), head
	for lo < hi {
		mid := (lo + hi + 1) / 2
		k, err := c.commitAt(mid)
		if err != nil {
			return 0, err
		}
		if k.At.After(t) {
			hi = mid - 1
		} else {
			lo = mid
		}
	}
	if lo == 0 {
		return 0, repo.ErrNotFound
	}
	return lo, nil
}

// Mark is a visit on the printed rota table.
type Mark struct {
	// Visit is the visit's id.
	Visit string `json:"visit"`
	// Unit is the unit whose turn or place is concerned. Empty before the visit is assigned.
	Unit workflow.UnitID `json:"unit,omitempty"`
	// Server is the consultant who receives. Empty before the visit is assigned.
	Server workflow.StaffID `json:"server,omitempty"`
	// Principal is the consultant whose customer the visitor is. Empty if nobody's.
	Principal workflow.StaffID `json:"principal,omitempty"`
	// State is how far the visit has come.
	State workflow.State `json:"state"`
	// Kind is the kind of visitor. Empty before the first question is answered.
	Kind workflow.VisitKind `json:"kind,omitempty"`
	// Route is how the visit came to its consultant. Empty before it is assigned.
	Route workflow.Route `json:"route,omitempty"`
	// TurnEffect is what the visit does to the turn. Empty before it is assigned.
	TurnEffect workflow.TurnEffect `json:"turn_effect,omitempty"`
	// CountsFor is the consultant the reception counts for. Empty if nobody.
	CountsFor workflow.StaffID `json:"counts_for,omitempty"`
	// AssignedAt is when the reception began. Absent before.
	AssignedAt time.Time `json:"assigned_at,omitzero"`
	// RegisteredAt is when the visit was entered in the visitor register. Absent before.
	RegisteredAt time.Time `json:"registered_at,omitzero"`
}

// DatedRota is the rota table of a day.
type DatedRota struct {
	// Head is the end of the journal. Kept with a printout, it proves later whether the journal was
	// changed. Absent if the journal is empty.
	Head *JournalHead `json:"head,omitempty"`
	// Line lists the units in the line, first to last.
	Line []workflow.UnitID `json:"line"`
	// Marks are the visits of the day. A consultant sees only their own.
	Marks []Mark `json:"marks"`
	// Out lists the units that have had their turn.
	Out []workflow.UnitID `json:"out"`
	// Rota is the rota of the day.
	Rota *workflow.Rota `json:"rota"`
}

// JournalHead is the last page of a journal.
type JournalHead struct {
	// Hash is the hash of the page, in hexadecimal digits.
	Hash string `json:"hash"`
	// Seq is the number of the page's last commit.
	Seq int64 `json:"seq"`
}

// getDatedRota shows the rota table of a day with its visits. Front desk and shift leader see only
// today's.
func getDatedRota(c *call, _ *none) (*DatedRota, error) {
	day := workflow.Date(c.Param("date"))
	if !day.Valid() {
		return nil, bad("bad_date/address")
	}
	if err := c.onlyToday(day); err != nil {
		return nil, err
	}
	r, err := readRecord[*workflow.Rota](c, workflow.DatedRotaRef(c.site, day))
	if err != nil {
		return nil, err
	}
	marks, err := c.marks(day)
	if err != nil {
		return nil, err
	}
	pages, err := c.api.cfg.Store.Before(c.Request().Context(), c.site, 1<<62, 1)
	if err != nil {
		return nil, reading(err)
	}
	a := &DatedRota{Rota: shownRota(r), Line: r.Order(), Out: r.OutUnits(), Marks: marks}
	if len(pages) > 0 {
		a.Head = &JournalHead{Hash: pages[0].Hash, Seq: pages[0].Last}
	}
	return a, nil
}

// onlyToday restricts front desk and shift leader to today's table.
func (c *call) onlyToday(day workflow.Date) error {
	if c.key.Role != workflow.RoleFrontDesk && c.key.Role != workflow.RoleShiftLeader {
		return nil
	}
	return c.view(nil, func(b *workflow.Board) error {
		if day != workflow.Date(b.Local(c.now()).Format(time.DateOnly)) {
			return problem(http.StatusForbidden, "not_today")
		}
		return nil
	})
}

// marks lists the visits of a day. A consultant sees only their own.
func (c *call) marks(day workflow.Date) ([]Mark, error) {
	marks := []Mark{}
	q := repo.Query{Collection: workflow.Visits, Site: c.site, From: day, To: day, Limit: maxLimit}
	if c.own() {
		q.Of = c.key.Staff
	}
	for {
		l, err := c.api.cfg.Store.List(c.Request().Context(), q)
		if err != nil {
			return nil, reading(err)
		}
		for _, d := range l.Docs {
			r, err := workflow.Decode(d.Image)
			if err != nil {
				return nil, err
			}
			if v, ok := r.(*workflow.Visit); ok {
				marks = append(marks, Mark{
					v.ID, v.Unit, v.Server, v.Principal, v.State, v.Kind,
					v.Route, v.TurnEffect, v.CountsFor, v.AssignedAt, v.RegisteredAt,
				})
			}
		}
		if l.Next == (repo.Place{}) {
			return marks, nil
		}
		q.After = l.Next
	}
}

// Units are the units of the line.
type Units struct {
	// Seq is the number of the last commit that is taken into account.
	Seq int64 `json:"seq"`
	// Units are all units, in the line or not.
	Units []workflow.Unit `json:"units"`
}

// listUnits lists the units of the line.
func listUnits(c *call, _ *none) (a *Units, err error) {
	err = c.view(nil, func(b *workflow.Board) error {
		a = &Units{b.Seq, b.Rota().Units}
		return nil
	})
	return a, err
}
