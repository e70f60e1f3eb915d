package workflow_test

import (
	"fmt"
	"slices"

	"github.com/lunpai/lunpai/workflow"
)

// ledger books every turn by the facts alone: what was used or voided and neither given back nor
// made good by coming back must be exactly what the rota shows as out, and what a visit used must
// be what its record says.
type ledger struct {
	out   map[workflow.UnitID]bool
	spent map[string][]workflow.UnitID // visit → the units whose turns it used
	// claimed: visit → the unit whose turn waits to be given back; meanwhile another may be used
	claimed map[string]workflow.UnitID
	used    map[workflow.UnitID]int
	voided  map[workflow.UnitID]int
	back    map[workflow.UnitID]int // given back
	rejoin  map[workflow.UnitID]int
}

func newLedger() ledger {
	return ledger{
		map[workflow.UnitID]bool{},
		map[string][]workflow.UnitID{},
		map[string]workflow.UnitID{},
		map[workflow.UnitID]int{},
		map[workflow.UnitID]int{},
		map[workflow.UnitID]int{},
		map[workflow.UnitID]int{},
	}
}

// enter books a commit and compares the result with the rota.
func (l *ledger) enter(c *commit, r *rota) error {
	for _, f := range c.Facts {
		u, v := workflow.UnitID(f.Subject), f.Detail["visit"]
		switch f.Kind { //nolint:exhaustive // the facts that move a turn
		case workflow.FactTurnUsed:
			if l.out[u] {
				return fmt.Errorf("%s used a turn for %s while out of the line", u, v)
			}
			for _, other := range l.spent[v] {
				if other != l.claimed[v] {
					return fmt.Errorf("%s used the turns of %s and %s", v, other, u)
				}
			}
			l.out[u], l.spent[v] = true, append(l.spent[v], u)
			l.used[u]++
		case workflow.FactTurnPassed:
			if f.Detail["effect"] == "hold" {
				continue
			}
			if l.out[u] {
				return fmt.Errorf("%s was passed while out of the line", u)
			}
			l.out[u] = true
			l.voided[u]++
		case workflow.FactTurnGivenBack:
			if !slices.Contains(l.spent[v], u) {
				return fmt.Errorf("%s got a turn back for %s, which had not used it", u, v)
			}
			l.spent[v] = without(l.spent[v], u)
			if l.out[u] {
				l.back[u]++
			}
			l.out[u] = false
		case workflow.FactTurnClaimed:
			l.claimed[v] = u
		case workflow.FactTurnRestored:
			if !l.out[u] {
				return fmt.Errorf("%s was restored without having been out", u)
			}
			l.out[u] = false
			l.voided[u]--
		case workflow.FactRejoined:
			if !l.out[u] {
				return fmt.Errorf("%s came back without having been out", u)
			}
			l.out[u] = false
			l.rejoin[u]++
		}
	}
	return l.reconcile(r)
}

func without(us []workflow.UnitID, u workflow.UnitID) []workflow.UnitID {
	return slices.DeleteFunc(slices.Clone(us), func(x workflow.UnitID) bool { return x == u })
}

func (l *ledger) reconcile(r *rota) error {
	out := r.OutUnits()
	for u := range l.out {
		if !slices.ContainsFunc(
			r.Units,
			func(x workflow.Unit) bool { return x.ID == u },
		) { // taken off the roster
			delete(l.out, u)
			delete(l.used, u)
			delete(l.voided, u)
			delete(l.back, u)
			delete(l.rejoin, u)
			for v, us := range l.spent {
				l.spent[v] = without(us, u)
			}
			continue
		}
		if l.out[u] != slices.Contains(out, u) {
			return fmt.Errorf("by the facts %s is out: %t; the rota says out: %v", u, l.out[u], out)
		}
		due := l.used[u] + l.voided[u] - l.back[u] - l.rejoin[u]
		if due != 0 && due != 1 || (due == 1) != l.out[u] {
			return fmt.Errorf(
				"the turns of %s: %d used, %d voided, %d given back, %d times come back, out: %t",
				u,
				l.used[u],
				l.voided[u],
				l.back[u],
				l.rejoin[u],
				l.out[u],
			)
		}
	}
	return nil
}
