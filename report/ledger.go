package report

import (
	"slices"

	"github.com/lunpai/lunpai/workflow"
)

// ledgerColumns: the account of a unit's turns (RS-4, RS-5). A turn that came was used or missed; a
// held or kept place is neither.
var ledgerColumns = []Column{
	{"on_table", Integer},
	{"due", Integer},
	{"used", Integer},
	{"given_back", Integer},
	{"kept", Integer},
	{"held", Integer},
	{"void", Integer},
	{"void_with_right", Integer},
	{"hold", Integer},
	{"made_up", Integer},
}

// ledger counts what became of turns, by effect.
type ledger struct{ n [passedHold + 1]int64 }

func newLedger() tally { return &ledger{} }

func (l *ledger) add(e *entry) { l.n[e.effect]++ }

func (l *ledger) due() int64 { return l.n[used] + l.n[passedVoid] + l.n[passedWithRight] }

func (l *ledger) row(to []any) []any {
	return append(to, l.n[onTable], l.due(), l.n[used], l.n[givenBack], l.n[kept], l.n[held],
		l.n[passedVoid], l.n[passedWithRight],
		l.n[passedHold], l.n[madeUp])
}

// fairnessColumns: how evenly the turns fell on those who were expected or had a turn.
var fairnessColumns = []Column{
	{"units", Integer},
	{"due", Integer},
	{"served", Integer},
	{"missed", Integer},
	{"most", Integer},
	{"least", Integer},
	{"spread", Integer},
	{"gini", Ratio},
}

// fairness is the ledger of every unit over a period.
type fairness struct{ units map[workflow.UnitID]*ledger }

func newFairness() tally { return &fairness{map[workflow.UnitID]*ledger{}} }

func (f *fairness) add(e *entry) {
	l := f.units[e.unit]
	if l == nil {
		l = &ledger{}
		f.units[e.unit] = l
	}
	l.add(e)
}

func (f *fairness) row(to []any) []any {
	served := make([]int64, 0, len(f.units))
	var due, sum int64
	for _, l := range f.units {
		if l.n[onTable] == 0 && l.n[used] == 0 { // a day off is not a missed turn
			continue
		}
		served = append(served, l.n[used])
		due += l.due()
		sum += l.n[used]
	}
	if len(served) == 0 {
		return nil
	}
	slices.Sort(served)
	least, most := served[0], served[len(served)-1]
	return append(to, int64(len(served)), due, sum, due-sum, most, least, most-least, gini(served))
}
