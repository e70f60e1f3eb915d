package repo_test

import (
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

// did is what a client of a site saw: a commit of its own, a commit that it found in the journal,
// or the board.
type did struct {
	what string // commit, replay or view
	seq  int64
}

// siteModel is what a site is to its clients: a number that each commit raises by one, and that
// everybody sees.
var siteModel = porcupine.Model{
	Init: func() any { return int64(0) },
	Step: func(state, input, _ any) (bool, any) {
		is, _ := state.(int64)
		d, _ := input.(did)
		switch d.what {
		case "commit":
			return d.seq == is+1, d.seq
		case "replay":
			return d.seq <= is, is
		default:
			return d.seq == is, is
		}
	},
}

// linearizable has somebody else judge the calls (porcupine): there is one order of them that
// agrees with the clock and with every answer. It knows nothing of the journal.
func (h *history) linearizable(t testing.TB) {
	t.Helper()
	var ops []porcupine.Operation
	add := func(d did, from, to time.Duration) {
		ops = append(ops, porcupine.Operation{
			ClientId: len(ops), Input: d, Call: int64(from), Return: int64(to),
		})
	}
	add(did{"commit", 1}, 0, 0) // the site was founded
	began := map[string]time.Duration{}
	landed := map[string]bool{}
	for _, c := range h.calls { // in the order in which they ended
		if first, ok := began[c.req.ID]; !ok || c.began < first {
			began[c.req.ID] = c.began
		}
	}
	for _, c := range h.calls {
		switch {
		case c.view >= 0:
			add(did{"view", c.view}, c.began, c.ended)
		case c.out != nil && landed[c.req.ID]:
			add(did{"replay", c.out.Commit.Seq}, c.began, c.ended)
		case c.out != nil:
			// An earlier call with the same id may have landed it and lost the answer.
			landed[c.req.ID] = true
			add(did{"commit", c.out.Commit.Seq}, began[c.req.ID], c.ended)
		}
	}
	switch porcupine.CheckOperationsTimeout(siteModel, ops, time.Minute) {
	case porcupine.Illegal:
		t.Error("no order of the calls agrees with what their clients saw")
	case porcupine.Unknown:
		t.Log("porcupine found no answer within a minute")
	case porcupine.Ok:
		t.Logf("porcupine: %d calls are linearizable", len(ops))
	}
}
