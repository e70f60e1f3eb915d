package workflow

import (
	"slices"
	"sort"
	"time"
)

// MaxAsked is how many records an agenda reads for one Ask: the oldest.
const MaxAsked = 100

// Moment says by what records are asked for: whose they are, and a moment of theirs.
type Moment string

// The moments.
const (
	ByNext    Moment = "next"    // who must do what is next, and since when it waits
	ByContact Moment = "contact" // of a customer: the owner, and the last contact
	ByGiven   Moment = "given"   // of a customer: the owner, and when a manager gave him
)

// Ask is a question to an index: the closed records of a collection that are somebody's, and whose
// moment lies between two.
type Ask struct {
	Collection Collection
	By         Moment
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
	if k, ok := r.(*Customer); ok && q.Status != nil &&
		!slices.Contains(q.Status, string(k.Status)) {
		return false
	}
	who, at := q.By.Of(r)
	return who != "" && !at.IsZero() && slices.Contains(q.Whose, who) && !at.Before(q.From) &&
		(q.To.IsZero() || at.Before(q.To))
}

// Of is whose a record is by this moment, and the moment; zeros when it has none.
func (m Moment) Of(r Record) (whose string, at time.Time) {
	switch r := r.(type) {
	case *Customer:
		if m == ByGiven {
			return string(r.Owner), r.GivenAt
		}
		return string(r.Owner), r.LastContactAt
	case interface{ next() *Next }:
		if n := r.next(); n != nil {
			return n.Who, n.At
		}
	}
	return "", time.Time{}
}

// Asks are the questions whose answers the agenda needs.
func (a *Agenda) Asks() []Ask {
	asks := a.desk.asks(a)
	if a.policy == nil {
		return asks
	}
	var all, told, owners []string
	for _, s := range a.staff {
		if a.whose.Staff != "" && a.whose.Staff != s.Staff {
			continue
		}
		all = append(all, forStaff(s.Staff))
		if s.Active && !a.whose.Desk {
			told, owners = append(told, forStaff(s.Staff)), append(owners, string(s.Staff))
		}
	}
	since := a.now.AddDate(0, 0, -AgendaDays)
	asks = append(asks,
		Ask{Collection: Visits, By: ByNext, Whose: all, From: since},
		Ask{Collection: Notices, By: ByNext, Whose: told, From: since},
	)
	if a.policy.stales() {
		from, to := a.soonNewBetween()
		for _, by := range []Moment{ByContact, ByGiven} {
			asks = append(asks, Ask{
				Collection: Customers, By: by, Whose: owners, From: from, To: to, Status: goStale,
			})
		}
	}
	return slices.DeleteFunc(asks, func(q Ask) bool { return len(q.Whose) == 0 })
}

// soonNewBetween are the moments of last contact that make a customer new within the next
// AheadDays: from the first, before the second.
func (a *Agenda) soonNewBetween() (from, to time.Time) {
	const longest = 5000 // days; no policy waits longer
	first := a.today.AddDays(-longest)
	// reaches is the first day of contact whose last fresh day is not before a day.
	reaches := func(day Date) time.Time {
		n := sort.Search(longest, func(n int) bool {
			t := first.AddDays(n).time()
			noon := time.Date(t.Year(), t.Month(), t.Day(), 12, 0, 0, 0, a.loc)
			return a.policy.lastFresh(noon) >= day
		})
		return first.AddDays(n).begins(a.loc)
	}
	const shift = 2 * time.Hour // begins may be off where the clocks change
	return reaches(a.today).Add(-shift), reaches(a.today.AddDays(AheadDays + 1)).Add(shift)
}
