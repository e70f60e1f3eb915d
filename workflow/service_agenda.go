package workflow

import (
	"slices"
	"time"
)

// deskAgenda is what an agenda needs of the service desk.
type deskAgenda struct {
	// by are the members of staff behind what Next.Who says: a department, a function, the manager.
	by map[string][]StaffID
	// items are what the calendar asks for.
	items []calendarItemAt
	// found are the records that they look at, those that exist.
	found map[Ref]Record
}

// calendarItemAt is an item that the calendar asks for, unless the record that it looks at, if it
// is there, says otherwise.
type calendarItemAt struct {
	Item
	at Ref
	// whom is for whom it is, when the record is there or, with nil, is not.
	whom func(Record) []StaffID
}

// ofServiceDesk begins what the service desk asks of its people.
func (a floor) ofServiceDesk() {
	d := a.d
	s := d.serviceDesk()
	if s == nil || s.On(d.today) == nil || a.whose.Desk {
		return
	}
	a.desk = &deskAgenda{by: d.functions(), found: map[Ref]Record{}}
	if s.openOn(d.today) {
		a.desk.items = d.calendarAgenda(s, a.desk.by)
	}
}

// functions are the members of staff behind each department and hat: the manager where nobody has
// it (A95).
func (d *draft) functions() map[string][]StaffID {
	managers := d.activeStaff(func(m *Staff) bool { return m.Role == RoleManager })
	by := map[string][]StaffID{forManager: managers}
	put := func(who string, all []StaffID) {
		if len(all) == 0 {
			all = managers
		}
		by[who] = all
	}
	for _, dep := range d.departments() {
		put(forDepartment(dep), d.inDepartment(dep))
	}
	for _, h := range Hat("").Words() {
		put(forHat(Hat(h)), d.wearing(Hat(h)))
	}
	return by
}

// departments are those that policy 3 knows, and those of the staff.
func (d *draft) departments() []Department {
	all := []Department{TechService, Business, CustomerService, GeneralOffice}
	for _, s := range d.staffAll() {
		if s.Department != "" && !slices.Contains(all, s.Department) {
			all = append(all, s.Department)
		}
	}
	return all
}

// deskRecords are the collections of the service desk whose records say what is next.
var deskRecords = []Collection{Tickets, Projects, MajorFaults, Arbitrations}

// asks are the questions after what is next at the desk.
func (k *deskAgenda) asks(a *Agenda) []Ask {
	if k == nil {
		return nil
	}
	var whose []string
	for _, s := range a.staff {
		if s.Active && (a.whose.Everybody || s.Staff == a.whose.Staff) {
			whose = append(whose, forStaff(s.Staff))
		}
	}
	for who, all := range k.by {
		if a.whose.Everybody || slices.Contains(all, a.whose.Staff) {
			whose = append(whose, who)
		}
	}
	slices.Sort(whose)
	var asks []Ask
	for _, c := range deskRecords {
		// what is asked for ends before To
		to := a.now.Add(time.Millisecond)
		asks = append(asks, Ask{Collection: c, By: ByNext, Whose: whose, To: to})
	}
	return slices.DeleteFunc(asks, func(q Ask) bool { return len(q.Whose) == 0 })
}

// Refs names the records that the agenda looks at beside those of its Asks.
func (a *Agenda) Refs() (refs []Ref) {
	if a.desk == nil {
		return nil
	}
	for _, i := range a.desk.items {
		if i.at != (Ref{}) && !slices.Contains(refs, i.at) {
			refs = append(refs, i.at)
		}
	}
	return refs
}

// found keeps a record that Refs named.
func (a *Agenda) found(r Record) {
	if a.desk != nil {
		a.desk.found[r.Ref()] = r
	}
}

// atDesk is what is next about a record of the service desk.
func (a *Agenda) atDesk(r Record) {
	n := nextOf(r)
	if a.desk == nil || n == nil || n.At.After(a.now) {
		return
	}
	who := a.desk.by[n.Who]
	if s := n.staff(); s != "" {
		who = a.working(s)
	}
	a.add(Item{
		What: n.What, Record: deskRecord(r), About: r.Ref(), Since: n.At, Due: n.DueAt,
		Rule: deskRules[n.What], For: slices.Clone(who),
	})
}

// deskRecord is how the office names a record: a project by its own id.
func deskRecord(r Record) string {
	if p, ok := r.(*Project); ok {
		return string(p.Project)
	}
	return r.Ref().ID
}

// deskRules are the articles that ask for what is next.
var deskRules = map[ItemKind]string{
	ItemTicket: "P3-2.3", ItemSlip: "P3-2.6", ItemClose: "P3-2.2", ItemFault: "P3-7",
	ItemFollowUp: "P3-5", ItemOpinion: "P3-6", ItemArbitration: "P3-6",
}

// ofCalendar adds what the calendar asks for. It is done last, for it depends on what is not there.
func (a *Agenda) ofCalendar() {
	if a.desk == nil {
		return
	}
	for _, i := range a.desk.items {
		r := a.desk.found[i.at]
		if i.For = slices.Clone(i.whom(r)); len(i.For) > 0 {
			a.add(i.Item)
		}
	}
	a.desk.items = nil
}

// calendarAgenda is what the calendar asks for today.
func (d *draft) calendarAgenda(s *ServiceDesk, by map[string][]StaffID) (all []calendarItemAt) {
	ask := func(what ItemKind, record string, since, due time.Time, rule string, at Ref,
		whom func(Record) []StaffID,
	) {
		all = append(all, calendarItemAt{
			Item{What: what, Record: record, Since: since, Due: due, Rule: rule}, at, whom,
		})
	}
	monday := d.today.Week()
	if day, ok := s.SheetDay(monday); ok && day <= d.today {
		due, _ := d.sheetDue(s, monday)
		writers := d.inDepartment(TechService)
		ask(ItemWeekly, string(day), d.begins(day), due, "P3-4", sheetRef(d.ID, monday),
			func(r Record) []StaffID {
				sheet, ok := r.(*ServiceReport)
				return slices.DeleteFunc(slices.Clone(writers), func(who StaffID) bool {
					return ok && sheet.wrote(who)
				})
			})
	}
	missing := func(dep Department) func(Record) []StaffID {
		return func(r Record) []StaffID {
			if done(r) {
				return nil
			}
			return by[forDepartment(dep)]
		}
	}
	for _, month := range d.months() {
		if last := month.last(); d.today >= last && s.openOn(last) {
			ask(ItemSupervision, string(month), d.begins(last), d.morning(s.supervisionLate(month)),
				"P3-1", supervisionRef(d.ID, month), missing(Business))
		}
	}
	if s.inCampaign(d.today) {
		ask(ItemCampaign, itoa(d.today.time().Year()), d.begins(Date(d.today.month()+"-01")),
			time.Time{}, "P3-3", Ref{}, missing(CustomerService))
	}
	for _, h := range d.nearHolidays(s) {
		since := h.AddDays(-s.On(h).Parameters.Holiday.RemindDays)
		ask(ItemRoster, string(h), d.begins(since), d.morning(h), "P3-8", watchRef(d.ID, h),
			missing(CustomerService))
		if h == d.today {
			ask(ItemWatch, string(h), d.begins(h), d.morning(h.AddDays(1)), "P3-8",
				watchRef(d.ID, h), onWatch)
		}
	}
	return all
}

// done reports whether a report was written, or somebody named to watch: the calendar enters those
// that were not.
func done(r Record) bool {
	switch r := r.(type) {
	case nil:
		return false
	case *ServiceReport:
		return len(r.Entries) > 0
	case *Watch:
		return len(r.Staff) > 0
	}
	return true
}

// onWatch are those who owe the log of a watch.
func onWatch(r Record) []StaffID {
	w, ok := r.(*Watch)
	if !ok || len(w.Log) > 0 {
		return nil
	}
	return w.Staff
}

// months are the last one and this one.
func (d *draft) months() []Month {
	this := d.today.month()
	return []Month{Date(this + "-01").AddDays(-1).month(), this}
}

// nearHolidays are the statutory days from today on whose watch is looked for by now.
func (d *draft) nearHolidays(s *ServiceDesk) (days []Date) {
	for n := range maxRemindDays + 1 {
		h := d.today.AddDays(n)
		if s.holiday(h) && n <= s.On(h).Parameters.Holiday.RemindDays {
			days = append(days, h)
		}
	}
	return days
}

// maxRemindDays is the upper bound of holiday.remind_days.
const maxRemindDays = 30

// NextOf is what is next about a record; nil when nothing is.
func NextOf(r Record) *Next { return nextOf(r) }
