package api

import (
	"net/http"
	"strconv"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// rotaView is the line as people read it.
type rotaView struct {
	Rota  *workflow.Rota          `json:"rota"`
	Line  []workflow.UnitID       `json:"line"`
	Out   []workflow.UnitID       `json:"out"`
	Ranks map[workflow.UnitID]int `json:"ranks"`
	// Next is whose turn it is, Receiver the one of the unit who would receive; empty when nobody is eligible, or in the past.
	Next     workflow.UnitID  `json:"next"`
	Receiver workflow.StaffID `json:"receiver"`
	Seq      int64            `json:"seq"`
}

func viewOf(r *workflow.Rota, seq int64) rotaView {
	v := rotaView{Rota: shownRota(r), Line: r.Order(), Out: r.OutUnits(), Ranks: map[workflow.UnitID]int{}, Seq: seq}
	for i, u := range v.Line {
		v.Ranks[u] = i + 1
	}
	return v
}

// getRota shows the line now, or as it stood at a commit or a moment.
func getRota(c *call) error {
	seq, at := c.QueryParam("seq"), c.QueryParam("at")
	switch {
	case seq != "" && at != "":
		return badRequest("bad_parameter", "seq and at stand together", "send one of them")
	case seq != "":
		n, err := strconv.ParseInt(seq, 10, 64)
		if err != nil || n < 1 {
			return badRequest("bad_parameter", "seq is not the number of a commit", "send seq=12")
		}
		return c.pastRota(n)
	case at != "":
		t, err := time.Parse(time.RFC3339, at)
		if err != nil {
			return badRequest("bad_parameter", "at is not a time", "write it as 2024-03-04T09:10:00+08:00")
		}
		n, err := c.seqAt(t)
		if err != nil {
			return err
		}
		return c.pastRota(n)
	}
	return c.view(nil, func(b *workflow.Board) error {
		v := viewOf(b.Rota(), b.Seq)
		v.Next, v.Receiver = b.Next(c.now())
		c.Response().Header().Set("ETag", etag(workflow.Version(b.Rota())))
		return c.JSON(http.StatusOK, v)
	})
}

// pastRota shows the rota as commit seq left it: the newest image up to there.
func (c *call) pastRota(seq int64) error {
	ref, looked := workflow.LiveRotaRef(c.site), 0
	defer func() { c.looked(looked) }()
	for at := seq; at > 0; {
		pages, err := c.api.cfg.Store.Before(c.Request().Context(), c.site, at, 16)
		if err != nil {
			return reading(err)
		}
		if at == seq && len(pages) > 0 && pages[0].Last < seq {
			return repo.ErrNotFound // there is no such commit yet
		}
		for _, p := range pages {
			ks, err := p.Outlines()
			if err != nil {
				return err
			}
			looked += len(ks)
			for i := len(ks) - 1; i >= 0; i-- {
				if r := imageOf(ks[i], ref); r != nil && ks[i].Seq <= seq {
					return c.JSON(http.StatusOK, viewOf(r, seq))
				}
			}
			at = p.First - 1
		}
		if len(pages) == 0 {
			break
		}
	}
	return repo.ErrNotFound
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

// seqAt is the last commit decided up to a moment, found by halving.
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

// mark is a visit's line on the printed rota table.
type mark struct {
	Visit        string              `json:"visit"`
	Unit         workflow.UnitID     `json:"unit,omitempty"`
	Server       workflow.StaffID    `json:"server,omitempty"`
	Principal    workflow.StaffID    `json:"principal,omitempty"`
	State        workflow.State      `json:"state"`
	Kind         workflow.VisitKind  `json:"kind,omitempty"`
	Route        workflow.Route      `json:"route,omitempty"`
	TurnEffect   workflow.TurnEffect `json:"turn_effect,omitempty"`
	CountsFor    workflow.StaffID    `json:"counts_for,omitempty"`
	AssignedAt   time.Time           `json:"assigned_at,omitzero"`
	RegisteredAt time.Time           `json:"registered_at,omitzero"`
}

// getDatedRota is the day's rota table with the visits' marks; head is the journal's seq and hash, to be kept with a printout.
func getDatedRota(c *call) error {
	day := workflow.Date(c.Param("date"))
	if !day.Valid() {
		return badRequest("bad_date", "the address does not end in a day of the calendar", "write it as 2024-03-04")
	}
	if err := c.onlyToday(day); err != nil {
		return err
	}
	r, err := readRecord[*workflow.Rota](c, workflow.DatedRotaRef(c.site, day))
	if err != nil {
		return err
	}
	marks, err := c.marks(day)
	if err != nil {
		return err
	}
	pages, err := c.api.cfg.Store.Before(c.Request().Context(), c.site, 1<<62, 1)
	if err != nil {
		return reading(err)
	}
	body := map[string]any{"rota": shownRota(r), "line": r.Order(), "out": r.OutUnits(), "marks": marks}
	if len(pages) > 0 {
		body["head"] = map[string]any{"seq": pages[0].Last, "hash": pages[0].Hash}
	}
	return c.JSON(http.StatusOK, body)
}

// onlyToday keeps front desk and shift leader to the table of the day.
func (c *call) onlyToday(day workflow.Date) error {
	if c.key.Role != workflow.RoleFrontDesk && c.key.Role != workflow.RoleShiftLeader {
		return nil
	}
	return c.view(nil, func(b *workflow.Board) error {
		if day != workflow.Date(b.Local(c.now()).Format(time.DateOnly)) {
			return problem(http.StatusForbidden, "not_today", "this key sees today's table only", "ask the supervisor")
		}
		return nil
	})
}

// marks are the visits of a day; a consultant sees his own.
func (c *call) marks(day workflow.Date) ([]mark, error) {
	marks := []mark{}
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
				marks = append(marks, mark{v.ID, v.Unit, v.Server, v.Principal, v.State, v.Kind, v.Route, v.TurnEffect, v.CountsFor, v.AssignedAt, v.RegisteredAt})
			}
		}
		if l.Next == (repo.Place{}) {
			return marks, nil
		}
		q.After = l.Next
	}
}
