package workflow

import (
	"fmt"
	"time"
)

// Date is a business day in the site's zone, written 2006-01-02.
type Date string

// Clock is a time of day in the site's zone, written 15:04. "24:00" ends a day.
type Clock string

// Minutes since midnight; -1 when c is not a time of day.
func (c Clock) minutes() int {
	if len(c) != 5 || c[2] != ':' {
		return -1
	}
	for _, i := range []int{0, 1, 3, 4} {
		if c[i] < '0' || c[i] > '9' {
			return -1
		}
	}
	h, m := int(c[0]-'0')*10+int(c[1]-'0'), int(c[3]-'0')*10+int(c[4]-'0')
	if h > 24 || m > 59 || (h == 24 && m > 0) {
		return -1
	}
	return h*60 + m
}

// Valid reports whether c is a time of day.
func (c Clock) Valid() bool { return c.minutes() >= 0 }

// The years in which days lie that anybody may name. What is reckoned from such a day still has a
// year of four digits, so that days compare as texts.
const (
	firstYear = 1900
	lastYear  = 8999
)

// Valid reports whether d is a day of the calendar, in the years 1900 to 8999.
func (d Date) Valid() bool {
	t, err := time.Parse(time.DateOnly, string(d))
	return err == nil && t.Year() >= firstYear && t.Year() <= lastYear
}

// span is a half-open interval of a day: from ≤ t < to (A20).
type span struct{ from, to Clock }

func (s span) holds(t time.Time) bool {
	m := t.Hour()*60 + t.Minute()
	return s.from.minutes() <= m && m < s.to.minutes()
}

// dateOf is the calendar day of t in its own location.
func dateOf(t time.Time) Date { return Date(t.Format(time.DateOnly)) }

// time is midnight of the day in UTC; of what is no day, of some day long ago.
func (d Date) time() time.Time { t, _ := time.Parse(time.DateOnly, string(d)); return t }

// AddDays is the day n days later.
func (d Date) AddDays(n int) Date { return dateOf(d.time().AddDate(0, 0, n)) }

// Weekday is 1 for Monday … 7 for Sunday.
func (d Date) Weekday() int { return (int(d.time().Weekday())+6)%7 + 1 }

// Week is the Monday of the day's week.
func (d Date) Week() Date { return d.AddDays(1 - d.Weekday()) }

// daysTo counts the calendar days from d to e.
func (d Date) daysTo(e Date) int { return int(e.time().Sub(d.time()) / (24 * time.Hour)) }

// freshUntil is the last day on which a customer is still old: the policy's months or days after
// the last contact, or a later word of the manager, in the site's zone (RS-14). It is false for one
// who never goes stale, as with money down.
func (d *draft) freshUntil(c *Customer) (last Date, ends bool) {
	since := c.HeldSince()
	switch {
	case c.Status.moneyDown() || !d.policy.stales():
		return "", false
	case since.IsZero():
		return "", true
	}
	return d.policy.lastFresh(d.Local(since)), true
}

// stales reports whether customers without money down go stale at all (C12).
func (p *Policy) stales() bool { return p.StaleMonths > 0 || p.StaleDays > 0 }

// lastFresh is the last day on which a customer is old who was in contact at local time t.
func (p *Policy) lastFresh(t time.Time) Date {
	if p.StaleDays > 0 {
		return dateOf(t).AddDays(p.StaleDays)
	}
	return lastFreshDay(t, p.StaleMonths)
}

// lastFreshDay is the day t + n calendar months, clamped to the end of the month (policy 1, art.
// 17; A13): 31 January + 1 month is the last day of February.
func lastFreshDay(t time.Time, months int) Date {
	first := time.Date(t.Year(), t.Month()+time.Month(months), 1, 0, 0, 0, 0, t.Location())
	last := first.AddDate(0, 1, -1).Day()
	return Date(fmt.Sprintf("%04d-%02d-%02d", first.Year(), first.Month(), min(t.Day(), last)))
}
