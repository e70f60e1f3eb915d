package workflow

import (
	"fmt"
	"strconv"
	"strings"
)

// LastNumber is the highest number of a day among the visits that have left the board. Numbers of
// open visits stand in the visits.
type LastNumber struct {
	// Business day of the number.
	Day Date `json:"day"`
	// The number, without the letter in front.
	Number int `json:"number"`
}

// numberOf is the number of a visit without the letter; 0 when it has none.
func numberOf(v *Visit) int {
	n, err := strconv.Atoi(strings.TrimPrefix(v.Number, "A"))
	if err != nil {
		return 0
	}
	return n
}

// cameToday reports whether the group came on the business day of the decision, or, where the
// site's zone was changed meanwhile, after it.
func (d *draft) cameToday(v *Visit) bool { return dateOf(d.Local(v.ArrivedAt)) >= d.today }

// nextNumber is the number of the group that comes now: one more than the highest of the day, which
// is that of an open visit or kept in the rota.
func (d *draft) nextNumber() string {
	last := d.keptNumber()
	d.visits(func(v *Visit) {
		if d.cameToday(v) {
			last = max(last, numberOf(v))
		}
	})
	return fmt.Sprintf("A%02d", last+1)
}

// keptNumber is the day's number that the rota keeps; 0 when it keeps none.
func (d *draft) keptNumber() int {
	if k := d.rota().LastNumber; k != nil && k.Day >= d.today {
		return k.Number
	}
	return 0
}

// keepNumber lets the rota keep the highest number of the day when the visit that has it leaves the
// board: no number is given twice on one day.
func (d *draft) keepNumber() {
	open, gone := d.keptNumber(), 0
	d.visits(func(v *Visit) {
		switch {
		case !d.cameToday(v):
		case v.Open:
			open = max(open, numberOf(v))
		default:
			gone = max(gone, numberOf(v))
		}
	})
	if gone > open {
		d.editRota().LastNumber = &LastNumber{Day: d.today, Number: gone}
	}
}

// Ahead is how many groups wait that came before a visit, and whether the visit itself waits.
func (b *Board) Ahead(v *Visit) (n int, waits bool) {
	if !v.waits() {
		return 0, false
	}
	for _, o := range b.open {
		if o.waits() && o.cameBefore(v) {
			n++
		}
	}
	return n, true
}

// waits reports whether nobody receives the visitors yet.
func (v *Visit) waits() bool { return v.State == Arrived || v.State == Identified }

func (v *Visit) cameBefore(o *Visit) bool {
	if v.ArrivedAt.Equal(o.ArrivedAt) {
		return v.ID < o.ID
	}
	return v.ArrivedAt.Before(o.ArrivedAt)
}
