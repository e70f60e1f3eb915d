package report

import (
	"maps"
	"slices"

	"github.com/lunpai/lunpai/workflow"
)

// receptionColumns: what counts (policy 1, chapter 6; policy 2, items 08 and 09). Grouped by rule,
// a row is an article that gives or denies the count.
var receptionColumns = []Column{
	{"receptions", Integer},
	{"counted", Integer},
	{"uncounted", Integer},
	{"pending", Integer},
}

type receptions struct{ receptions, counted, uncounted, pending int64 }

func newReceptions() tally { return &receptions{} }

func (r *receptions) add(e *entry) {
	switch v := e.visit; {
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

// waitingColumns: from the door to the beginning of the reception. Percentiles are by the nearest
// rank.
var waitingColumns = []Column{
	{"received", Integer},
	{"wait_avg", Ratio},
	{"wait_p50", Seconds},
	{"wait_p90", Seconds},
	{"wait_max", Seconds},
	{"over_10_min", Integer},
	{"reception_avg", Ratio},
}

type waiting struct {
	waits                              map[int64]int64 // seconds → visits
	received, sum, late, served, spent int64
}

func newWaiting() tally { return &waiting{waits: map[int64]int64{}} }

const tenMinutes = 10 * 60

func (w *waiting) add(e *entry) {
	v := e.visit
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
	return append(to, w.received, ratio(w.sum, w.received), w.percentile(seconds, 50),
		w.percentile(seconds, 90), w.percentile(seconds, 100),
		w.late, ratio(w.spent, w.served))
}

// percentile is the smallest wait, in seconds, that at least p per cent of the visits did not
// exceed.
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
	{"unreceived", Integer},
	{"given_up", Integer},
	{"rate", Ratio},
	{"left_after_avg", Ratio},
}

type walkouts struct{ visits, unreceived, givenUp, seen, sum int64 }

func newWalkouts() tally { return &walkouts{} }

func (w *walkouts) add(e *entry) {
	v := e.visit
	w.visits++
	switch {
	case v.State != workflow.Abandoned:
	case v.AssignedAt.IsZero():
		w.unreceived++
		if v.Seconds.Waited != nil { // missing for those who were found gone the next morning
			w.seen++
			w.sum += *v.Seconds.Waited
		}
	default:
		w.givenUp++
	}
}

func (w *walkouts) row(to []any) []any {
	all := w.unreceived + w.givenUp
	return append(to, w.visits, all, w.unreceived, w.givenUp, ratio(all, w.visits),
		ratio(w.sum, w.seen))
}
