package workflow

import (
	"slices"
	"time"
)

// DayHours are the working hours of one weekday (policy 1, art. 43; A20): one interval, and more
// where the office closes in between. Both ends are empty on a day on which the office is closed.
type DayHours struct {
	// Time of day at which work begins.
	From Clock `json:"from"`
	// Time of day at which work ends; this minute no longer belongs to it. When more intervals
	// follow, it ends for the time being.
	To Clock `json:"to"`
	// Further intervals of the day, such as the afternoon after a lunch break; each begins at or
	// after the end of the one before. Missing when the office works without a break.
	More []Interval `json:"more,omitempty"`
}

// Interval is a part of a day.
type Interval struct {
	// Time of day at which it begins.
	From Clock `json:"from"`
	// Time of day at which it ends; this minute no longer belongs to it.
	To Clock `json:"to"`
}

// cloneWeek shares no intervals with the week.
func cloneWeek(week [7]DayHours) [7]DayHours {
	for i, h := range week {
		week[i].More = slices.Clone(h.More)
	}
	return week
}

// holds reports whether local time t is in one of the day's intervals.
func (h *DayHours) holds(t time.Time) bool {
	return (span{h.From, h.To}).holds(t) ||
		slices.ContainsFunc(h.More, func(i Interval) bool { return (span{i.From, i.To}).holds(t) })
}

// whole is the day from its first opening to its last closing.
func (h *DayHours) whole() span {
	if n := len(h.More); n > 0 {
		return span{h.From, h.More[n-1].To}
	}
	return span{h.From, h.To}
}

// check refuses intervals that end before they begin, that overlap or stand out of order.
func (h *DayHours) check(weekday int) *Fault {
	if h.From == "" && h.To == "" && len(h.More) == 0 {
		return nil
	}
	before := Clock("00:00")
	for _, i := range slices.Insert(slices.Clone(h.More), 0, Interval{h.From, h.To}) {
		switch {
		case !i.From.Valid() || !i.To.Valid() || i.From.minutes() >= i.To.minutes():
			return invalid("bad_hours", "weekday", itoa(weekday))
		case i.From.minutes() < before.minutes():
			return invalid("bad_hours", "weekday", itoa(weekday), "time", string(i.From),
				"last", string(before))
		}
		before = i.To
	}
	return nil
}

// InHours reports whether the office works at local time t: open ≤ t < close in one of the day's
// intervals, not on a holiday (RS-9).
func (s *Site) InHours(t time.Time) bool {
	return !s.holiday(t) && s.Hours[t.Weekday()].holds(t)
}

// dayRuns reports whether local time t lies between the day's first opening and its last closing,
// lunch break included, not on a holiday.
func (s *Site) dayRuns(t time.Time) bool {
	return !s.holiday(t) && s.Hours[t.Weekday()].whole().holds(t)
}

func (s *Site) holiday(t time.Time) bool { return slices.Contains(s.Holidays, dateOf(t)) }
