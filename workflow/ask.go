package workflow

import (
	"slices"
	"sort"
	"time"
)

// MaxAsked is how many records an agenda reads for one Ask: the oldest.
const MaxAsked = 200

// Ask is a question to an index: the closed records of a collection that are somebody's, and whose
// moment lies between two. Of customers, the owner and the last contact; of everything else, who
// must do what is next, and since when it waits.
type Ask struct {
	Collection Collection
	// Whose are the values that the first may have: at least one.
	Whose []string
	// From ≤ moment < To; zero: from the beginning, to the end.
	From, To time.Time
	// Status, when not nil: only records with one of these statuses.
	Status []string
}

// Holds reports whether a record is one of those asked for.
func (q *Ask) Holds(r Record) bool {
	if r.Ref().Collection != q.Collection || r.head().Open {
		return false
	}
	who, at := "", time.Time{}
	switch r := r.(type) {
	case *Customer:
		who, at = string(r.Owner), r.LastContactAt
		if q.Status != nil && !slices.Contains(q.Status, string(r.Status)) {
			return false
		}
	case interface{ next() *Next }:
		if n := r.next(); n != nil {
			who, at = n.Who, n.At
		}
	}
	return who != "" && !at.IsZero() && slices.Contains(q.Whose, who) && !at.Before(q.From) &&
		(q.To.IsZero() || at.Before(q.To))
}

// Asks are the questions whose answers the agenda needs.
func (a *Agenda) Asks() []Ask {
	d := a.d
	var all, active []string // whose items it shows, as Next names them; and the owners
	for _, s := range d.staff {
		if a.whose.Staff != "" && a.whose.Staff != s.Staff {
			continue
		}
		all = append(all, forStaff(s.Staff))
		if s.Active {
			active = append(active, string(s.Staff))
		}
	}
	if len(all) == 0 || d.rota() == nil {
		return nil
	}
	asks := []Ask{{Collection: Visits, Whose: all}}
	if a.whose.Desk || len(active) == 0 {
		return asks
	}
	var to []string
	for _, s := range active {
		to = append(to, forStaff(StaffID(s)))
	}
	asks = append(asks, Ask{
		Collection: Notices, Whose: to, From: d.now.AddDate(0, 0, -NoticeDays),
	})
	if d.policy.stales() {
		from, end := d.staleBetween()
		asks = append(asks, Ask{
			Collection: Customers, Whose: active, From: from, To: end, Status: goStale,
		})
	}
	return asks
}

// staleBetween are the moments of last contact that make a customer new within the next StaleDays:
// from the first, before the second.
func (d *draft) staleBetween() (from, to time.Time) {
	const longest = 5000 // days; no policy waits longer
	first := d.today.AddDays(-longest)
	// reaches is the first day of contact whose last fresh day is not before a day.
	reaches := func(day Date) time.Time {
		n := sort.Search(longest, func(n int) bool {
			noon := first.AddDays(n).time().Add(12 * time.Hour)
			local := time.Date(noon.Year(), noon.Month(), noon.Day(), 12, 0, 0, 0, d.loc)
			return d.policy.lastFresh(local) >= day
		})
		return d.begins(first.AddDays(n))
	}
	const shift = 2 * time.Hour // begins may be off where the clocks change
	return reaches(d.today).Add(-shift), reaches(d.today.AddDays(StaleDays + 1)).Add(shift)
}
