package workflow

import (
	"slices"
	"time"
)

// calendarItem is something that is due on the calendar of the service desk.
type calendarItem struct {
	at   time.Time
	what calendarWhat
	day  Date // the day, or the Monday of a week, or the last day of a month
}

type calendarWhat int

const (
	sheetReminder calendarWhat = iota
	sheetJudged
	supervisionReminder
	supervisionOverdue
	campaignReminder
	rosterCheck
	watchReminder
	watchCheck
)

// calendarReach is how far back the calendar is made up for after a standstill.
const calendarReach = 7 * 24 * time.Hour

// calendarDays is how far ahead the next moment of the calendar is looked for.
const calendarDays = 8

// calendar are the items of a day, earliest first.
func (d *draft) calendar(s *ServiceDesk, day Date) []calendarItem {
	if !s.openOn(day) {
		return nil
	}
	var items []calendarItem
	add := func(at time.Time, what calendarWhat, of Date) {
		items = append(items, calendarItem{at, what, of})
	}
	nine := d.morning(day)
	if due, ok := s.SheetDay(day.Week()); ok && due == day &&
		len(d.inDepartment(TechService)) > 0 {
		at, _ := d.sheetDue(s, day.Week())
		add(nine, sheetReminder, day)
		add(at, sheetJudged, day.Week())
	}
	if len(d.inDepartment(Business)) > 0 {
		if last := day.month().last(); last == day {
			add(nine, supervisionReminder, last)
		}
		last := day.month().first().AddDays(-1) // of the month before
		if s.openOn(last) && s.supervisionLate(last.month()) == day {
			add(nine, supervisionOverdue, last)
		}
	}
	if n := day.time().Day(); s.inCampaign(day) &&
		(n == 1 || n == 15 || day == day.month().last()) {
		add(nine, campaignReminder, day)
	}
	for _, a := range s.Adoptions {
		for _, h := range a.Holidays {
			if s.On(h) == nil || s.On(h).From != a.From || !s.holiday(h) {
				continue // another adoption holds on that day
			}
			if h.AddDays(-a.Parameters.Holiday.RemindDays) == day {
				add(nine, rosterCheck, h)
			}
			if h == day {
				add(nine, watchReminder, h)
			}
			if h.AddDays(1) == day {
				add(nine, watchCheck, h)
			}
		}
	}
	slices.SortStableFunc(items, func(x, y calendarItem) int { return x.at.Compare(y.at) })
	return items
}

// calendarFrom is the moment behind which the calendar was not carried out yet.
func (s *ServiceDesk) calendarFrom(now time.Time) time.Time {
	if back := now.Add(-calendarReach); back.After(s.CalendarAt) {
		return back
	}
	return s.CalendarAt
}

// dueCalendar lists the moments of the calendar that have come and were not carried out, earliest
// first.
func (d *draft) dueCalendar(s *ServiceDesk) (moments []time.Time) {
	from := s.calendarFrom(d.now)
	for day := dateOf(d.Local(from)); day <= d.today; day = day.AddDays(1) {
		for _, i := range d.calendar(s, day) {
			if i.at.After(from) && !i.at.After(d.now) &&
				(len(moments) == 0 || !moments[len(moments)-1].Equal(i.at)) {
				moments = append(moments, i.at)
			}
		}
	}
	return moments
}

// nextCalendar is the next moment of the calendar, or one before it.
func (d *draft) nextCalendar(s *ServiceDesk) time.Time {
	from := s.calendarFrom(d.now)
	end := d.today.AddDays(calendarDays)
	for day := dateOf(d.Local(from)); day < end; day = day.AddDays(1) {
		for _, i := range d.calendar(s, day) {
			if i.at.After(from) {
				return i.at
			}
		}
	}
	return d.begins(end)
}

// passCalendar notes that nothing was due on the calendar until now, before something changes that
// would make it due in hindsight.
func (d *draft) passCalendar() {
	s := d.serviceDesk()
	if s != nil && len(d.dueCalendar(s)) == 0 {
		edit[*ServiceDesk](d, s.Ref()).CalendarAt = d.now
	}
}

// RunCalendar carries out what the service desk's calendar says for a moment: reminders and flags
// (policy 3, items 1, 3, 4 and 8).
type RunCalendar struct {
	// Moment of the calendar.
	At time.Time `json:"at"`
}

func (*RunCalendar) About() About {
	return About{Kind: "run_calendar", Scope: ScopeService, Since: 5}
}

func (c *RunCalendar) Needs(b *Board) []Ref {
	var refs []Ref
	for _, i := range c.items(newDraft(b, Envelope{At: c.At})) {
		switch i.what {
		case sheetJudged:
			refs = append(refs, sheetRef(b.ID, i.day))
		case supervisionReminder, supervisionOverdue:
			refs = append(refs, supervisionRef(b.ID, i.day.month()))
		case rosterCheck, watchReminder, watchCheck:
			refs = append(refs, watchRef(b.ID, i.day))
		case sheetReminder, campaignReminder:
		}
	}
	return refs
}

// items are those of the command's moment.
func (c *RunCalendar) items(d *draft) []calendarItem {
	s := d.serviceDesk()
	if s == nil {
		return nil
	}
	other := func(i calendarItem) bool { return !i.at.Equal(c.At) }
	return slices.DeleteFunc(d.calendar(s, dateOf(d.Local(c.At))), other)
}

// decide refuses to run early, or a second time.
func (c *RunCalendar) decide(d *draft) *Fault {
	items := c.items(d)
	s := d.serviceDesk()
	if len(items) == 0 || !c.At.After(s.CalendarAt) || c.At.After(d.now) {
		return refused("not_due", "P3-4")
	}
	s = edit[*ServiceDesk](d, s.Ref())
	s.CalendarAt, d.subject = c.At, s.Ref()
	for _, i := range items {
		d.carryOut(s, i)
	}
	return nil
}

func (d *draft) carryOut(s *ServiceDesk, i calendarItem) {
	month := i.day.month()
	switch i.what {
	case sheetReminder:
		d.remind("P3-4", "weekly:"+string(i.day), string(TechService),
			"as", "group", "date", string(i.day))
	case sheetJudged:
		d.judgeSheet(i.day)
	case supervisionReminder:
		if !d.held(supervisionRef(d.ID, month)) {
			d.remind("P3-1", "supervision:"+string(month), string(Business),
				"as", "group", "month", string(month))
		}
	case supervisionOverdue:
		if !d.held(supervisionRef(d.ID, month)) {
			add(d, &ServiceReport{
				Head: Head{ID: supervisionRef(d.ID, month).ID, Site: d.ID}, Kind: ReportSupervision,
				Month: month, DueAt: i.at, JudgedAt: d.now,
			})
			d.flag("P3-1", "supervision_late:"+string(month), string(month))
			d.tellHat("P3-1", GeneralManager, string(month), "supervision_late")
		}
	case campaignReminder:
		d.campaign(s, i.day)
	case rosterCheck:
		if len(d.onWatch(i.day)) == 0 {
			d.missWatch(i.day)
		}
	case watchReminder:
		on := d.onWatch(i.day)
		if len(on) == 0 {
			d.missWatch(i.day)
		}
		if d.watch(i.day) == nil {
			add(d, &Watch{
				Head: Head{ID: watchRef(d.ID, i.day).ID, Site: d.ID}, Date: i.day,
				Staff: []StaffID{}, State: WatchStaffed,
			})
		}
		for _, who := range on {
			d.remind("P3-8", "watch:"+string(i.day), string(who))
		}
	case watchCheck:
		if w := d.watch(i.day); w != nil && len(w.Log) == 0 {
			edit[*Watch](d, w.Ref()).JudgedAt = d.now
			d.flag("P3-8", "watch_unlogged:"+string(i.day), string(i.day))
			d.tellGroup("P3-8", string(CustomerService), string(i.day), "watch_unlogged")
		}
	}
}

// held reports whether a record is there.
func (d *draft) held(ref Ref) bool { _, ok := look[Record](d, ref); return ok }

// judgeSheet fixes who is missing in the sheet of a week, and who is excused.
func (d *draft) judgeSheet(monday Date) {
	r := d.sheet(monday)
	if !r.JudgedAt.IsZero() {
		return
	}
	d.judge(r)
	for _, who := range r.Missing {
		d.flag("P3-4", "weekly_missing:"+string(who), string(who))
	}
	if len(r.Missing) > 0 {
		d.tellHat("P3-4", TechHead, string(monday), "weekly_missing")
	}
}

// campaign reminds of gifts and needs; on the first day it also asks for next year's statutory
// days (A74).
func (d *draft) campaign(s *ServiceDesk, day Date) {
	year := day.time().Year()
	d.remind("P3-3", "campaign:"+itoa(year), string(CustomerService),
		"as", "group", "year", itoa(year))
	next := itoa(year + 1)
	known := slices.ContainsFunc(s.Adoptions, func(a ServiceAdoption) bool {
		return slices.ContainsFunc(a.Holidays, func(h Date) bool {
			return itoa(h.time().Year()) == next && s.holiday(h)
		})
	})
	if day.time().Day() != 1 || known {
		return
	}
	d.flag("P3-8", "holidays_missing:"+next, next)
	manages := func(m *Staff) bool { return m.Role == RoleManager }
	for _, who := range d.activeStaff(manages) {
		d.tell("P3-8", who, next, "holidays_missing")
	}
}

func (d *draft) missWatch(day Date) {
	d.flag("P3-8", "watch_missing:"+string(day), string(day))
	d.tellGroup("P3-8", string(CustomerService), string(day), "watch_missing")
}
