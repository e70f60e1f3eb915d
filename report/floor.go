package report

import (
	"maps"
	"slices"

	"github.com/lunpai/lunpai/workflow"
)

// receptionColumns: what counts (policy 1, chapter 6; policy 2, items 08 and 09). Grouped by rule, a row is an article that gives
// or denies the count.
var receptionColumns = []Column{
	{"receptions", Integer}, // visits received; not those that were given up or merged
	{"counted", Integer},    // receptions counted: a visit of several groups may count several times
	{"uncounted", Integer},  // visits that do not count
	{"pending", Integer},    // visits whose form is not written yet: nothing is final
}

type receptions struct{ receptions, counted, uncounted, pending int64 }

func newReceptions() tally { return &receptions{} }

func (r *receptions) add(m *mark) {
	switch v := m.visit; {
	case v.Open:
		r.pending++
	case v.Count > 0:
		r.counted += int64(v.Count)
	default:
		r.uncounted++
	}
	r.receptions++
}

func (r *receptions) row(to []any) []any {
	return append(to, r.receptions, r.counted, r.uncounted, r.pending)
}

// waitingColumns: from the door to the beginning of the reception. Percentiles are by the nearest rank.
var waitingColumns = []Column{
	{"received", Integer},
	{"wait_avg", Ratio}, // seconds
	{"wait_p50", Seconds},
	{"wait_p90", Seconds},
	{"wait_max", Seconds},
	{"over_10_min", Integer}, // waited longer than ten minutes
	{"reception_avg", Ratio}, // seconds, of the receptions that are over
}

type waiting struct {
	waits                              map[int64]int64 // seconds → visits
	received, sum, late, served, spent int64
}

func newWaiting() tally { return &waiting{waits: map[int64]int64{}} }

const tenMinutes = 10 * 60

func (w *waiting) add(m *mark) {
	v := m.visit
	s := *v.Seconds.Waited
	w.waits[s]++
	w.received++
	w.sum += s
	if s > tenMinutes {
		w.late++
	}
	if v.Seconds.ToServed != nil {
		w.served++
		w.spent += *v.Seconds.ToServed
	}
}

func (w *waiting) row(to []any) []any {
	seconds := slices.Sorted(maps.Keys(w.waits))
	return append(to, w.received, ratio(w.sum, w.received), w.percentile(seconds, 50), w.percentile(seconds, 90), w.percentile(seconds, 100),
		w.late, ratio(w.spent, w.served))
}

// percentile is the least of the seconds that at least p per cent of the visits did not wait longer than.
func (w *waiting) percentile(seconds []int64, p int64) any {
	upTo := int64(0)
	for _, s := range seconds {
		if upTo += w.waits[s]; upTo*100 >= w.received*p {
			return s
		}
	}
	return nil
}

// walkoutColumns: who left before the reception was over.
var walkoutColumns = []Column{
	{"visits", Integer},
	{"walkouts", Integer},
	{"unreceived", Integer},   // of them before anybody received them
	{"given_up", Integer},     // of them after a reception had begun
	{"rate", Ratio},           // walkouts / visits
	{"left_after_avg", Ratio}, // seconds from the door until the unreceived left
}

type walkouts struct{ visits, unreceived, givenUp, sum int64 }

func newWalkouts() tally { return &walkouts{} }

func (w *walkouts) add(m *mark) {
	v := m.visit
	w.visits++
	switch {
	case v.State != workflow.Abandoned:
	case v.AssignedAt.IsZero():
		w.unreceived++
		if v.Seconds.Waited != nil {
			w.sum += *v.Seconds.Waited
		}
	default:
		w.givenUp++
	}
}

func (w *walkouts) row(to []any) []any {
	all := w.unreceived + w.givenUp
	return append(to, w.visits, all, w.unreceived, w.givenUp, ratio(all, w.visits), ratio(w.sum, w.unreceived))
}
