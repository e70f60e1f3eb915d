package api

import (
	"github.com/lunpai/lunpai/workflow"
)

// TimersView is what fell due by itself.
type TimersView struct {
	// Commits are those by which it was carried out, oldest first.
	Commits []Doc[Entry] `json:"commits"`
	// Seq is the number of the site's last commit.
	Seq int64 `json:"seq"`
}

// fireTimers carries out what has fallen due by itself up to this moment, as the service otherwise
// does every few seconds. Only a service with a manual clock has this address: there nothing fires
// by itself, so that a rehearsal says when.
func fireTimers(c *call, _ *none) (*TimersView, error) {
	var before int64
	err := c.view(nil, func(b *workflow.Board) error { before = b.Seq; return nil })
	if err != nil {
		return nil, err
	}
	if err := c.api.cfg.Engine.CarryOut(c.Request().Context(), c.site); err != nil {
		return nil, reading(err)
	}
	a := &TimersView{Commits: []Doc[Entry]{}, Seq: before}
	for more := true; more; {
		var entries []shownEntry
		var err error
		if entries, a.Seq, more, err = c.entries(a.Seq, scanBudget); err != nil {
			return nil, err
		}
		for _, e := range entries {
			a.Commits = append(a.Commits, Doc[Entry]{e.text})
		}
	}
	return a, nil
}
