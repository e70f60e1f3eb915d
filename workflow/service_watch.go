package workflow

import (
	"slices"
	"time"
)

// WatchState says whether anything was written into the log of a watch.
type WatchState string

// The states of a watch.
const (
	WatchStaffed WatchState = "staffed"
	WatchLogged  WatchState = "logged"
)

// WatchEvent is what moves a watch.
type WatchEvent string

// The events of a watch.
const (
	WatchSet WatchEvent = "set"
	WatchLog WatchEvent = "log"
)

// watchMachine is the whole life of a watch.
var watchMachine = NewMachine(
	Row[WatchState, WatchEvent]{WatchSet, []WatchState{WatchStaffed}, WatchStaffed},
	Row[WatchState, WatchEvent]{WatchSet, []WatchState{WatchLogged}, WatchLogged},
	Row[WatchState, WatchEvent]{
		WatchLog, []WatchState{WatchStaffed, WatchLogged}, WatchLogged,
	},
)

// WatchTransitions are the rows of the watch's state machine.
func WatchTransitions() []Row[WatchState, WatchEvent] { return watchMachine.Rows() }

// Watch is who watches on a statutory day (policy 3, item 8).
type Watch struct {
	Head
	// Statutory day.
	Date Date `json:"date"`
	// Members of staff who watch; empty when the day had come and nobody was named.
	Staff []StaffID `json:"staff"`
	// When nobody had written its log in time; missing when somebody had.
	JudgedAt time.Time `json:"judged_at,omitzero"`
	// Whether anything was written into its log.
	State WatchState `json:"state"`
	// Entries of its log, oldest first; the newest 50.
	Log []WatchEntry `json:"log,omitempty"`
}

// WatchEntry is an entry in the log of a watch.
type WatchEntry struct {
	// Member of staff who wrote it.
	By StaffID `json:"by"`
	// When it was written.
	At time.Time `json:"at"`
	// Ticket of what was found; empty when all was well.
	Ticket RecordID `json:"ticket,omitempty"`
	// Id of the note on what was seen.
	Note NoteID `json:"note,omitempty"`
}

// Ref names the watch's record.
func (w *Watch) Ref() Ref { return watchRef(w.Site, w.Date) }

func (w *Watch) clone() Record {
	k := *w
	k.Staff, k.Log = slices.Clone(w.Staff), slices.Clone(w.Log)
	return &k
}

func watchRef(s SiteID, day Date) Ref { return Ref{Watches, string(s) + "/" + string(day)} }

// WatchRef names the record of the watch of a day.
func WatchRef(s SiteID, day Date) Ref { return watchRef(s, day) }

func (d *draft) watch(day Date) *Watch {
	w, ok := look[*Watch](d, watchRef(d.ID, day))
	if !ok || len(w.Staff) == 0 {
		return nil
	}
	return w
}

// onWatch are those named to watch on a day who have not left the office since.
func (d *draft) onWatch(day Date) []StaffID {
	w := d.watch(day)
	if w == nil {
		return nil
	}
	return d.activeStaff(func(s *Staff) bool { return slices.Contains(w.Staff, s.Staff) })
}

// SetWatch says who watches on a statutory day; it replaces who was named before.
type SetWatch struct {
	// Statutory day, today or later.
	Date Date `json:"date"`
	// Members of staff who watch.
	Staff []StaffID `json:"staff"`
}

func (*SetWatch) About() About {
	return About{Kind: "set_watch", May: serviceStaff, Rule: "P3-8", Scope: ScopeService, Since: 5}
}

func (c *SetWatch) Needs(b *Board) []Ref { return []Ref{watchRef(b.ID, c.Date)} }

func (c *SetWatch) decide(d *draft) *Fault {
	if _, f := d.openDesk(); f != nil {
		return f
	}
	if f := d.ofDepartment("P3-8", CustomerService); f != nil {
		return f
	}
	switch {
	case !c.Date.Valid():
		return invalidUnder("bad_date", "P3-8", "date", string(c.Date))
	case c.Date < d.today:
		return refused("in_past", "P3-8", "date", string(c.Date), "today", string(d.today))
	case !d.serviceDesk().holiday(c.Date):
		return refused("not_a_holiday", "P3-8", "date", string(c.Date))
	case len(c.Staff) == 0 || len(c.Staff) > keptNotes:
		return invalidUnder("incomplete", "P3-8", "missing", "staff")
	}
	for _, who := range c.Staff {
		if m := d.staffMember(who); m == nil || !m.Active {
			return invalidUnder("staff_not_found", "P3-8", "id", string(who))
		}
	}
	w, ok := look[*Watch](d, watchRef(d.ID, c.Date))
	if !ok {
		w = add(d, &Watch{
			Head: Head{ID: watchRef(d.ID, c.Date).ID, Site: d.ID}, Date: c.Date,
			State: WatchStaffed,
		})
	}
	to, f := moveTo(watchMachine, "watch", string(c.Date), w.State, WatchSet, "P3-8")
	if f != nil {
		return f
	}
	w = edit[*Watch](d, w.Ref())
	w.State, w.Staff = to, slices.Clone(c.Staff)
	d.subject = w.Ref()
	d.fact(FactWatchSet, "P3-8", string(c.Date), "by", string(d.env.By.Staff))
	for _, who := range c.Staff {
		d.tell("P3-8", who, string(c.Date), "on_watch")
	}
	return nil
}

// holiday reports whether a day is a statutory one by the adoption of that day.
func (s *ServiceDesk) holiday(day Date) bool {
	return s.openOn(day) && slices.Contains(s.On(day).Holidays, day)
}

// LogWatch writes into the log of a watch (policy 3, item 8). What was found is a ticket; technical
// service is told of it.
type LogWatch struct {
	// Statutory day.
	Date Date `json:"date"`
	// Ticket of what was found; empty when all was well.
	Ticket RecordID `json:"ticket,omitempty"`
	// Id of the note on what was seen.
	Note NoteID `json:"note,omitempty"`
}

func (*LogWatch) About() About {
	return About{Kind: "log_watch", May: serviceStaff, Rule: "P3-8", Scope: ScopeService, Since: 5}
}

func (c *LogWatch) Needs(b *Board) []Ref {
	return []Ref{watchRef(b.ID, c.Date), recordRef(Tickets, c.Ticket)}
}

func (c *LogWatch) note(s SiteID) (NoteID, Ref) { return c.Note, watchRef(s, c.Date) }

func (c *LogWatch) decide(d *draft) *Fault {
	if _, f := d.desk(); f != nil {
		return f
	}
	me, f := d.me("P3-8")
	if f != nil {
		return f
	}
	w := d.watch(c.Date)
	switch {
	case !c.Date.Valid():
		return invalidUnder("bad_date", "P3-8", "date", string(c.Date))
	case w == nil:
		return refused("no_watch", "P3-8", "date", string(c.Date))
	case !slices.Contains(w.Staff, me.Staff) && !d.isOf(CustomerService):
		return forbidden("not_on_watch", "P3-8", "date", string(c.Date))
	case d.today != c.Date && d.today != c.Date.AddDays(1):
		return refused("not_that_day", "P3-8", "date", string(c.Date), "today", string(d.today))
	}
	if c.Ticket != "" {
		if _, f := d.seeTicket(c.Ticket); f != nil {
			return f
		}
	}
	to, f := moveTo(watchMachine, "watch", string(c.Date), w.State, WatchLog, "P3-8")
	if f != nil {
		return f
	}
	w = edit[*Watch](d, w.Ref())
	w.State = to
	w.Log = keep(w.Log, WatchEntry{By: me.Staff, At: d.now, Ticket: c.Ticket, Note: c.Note})
	d.subject = w.Ref()
	d.fact(FactWatchLogged, "P3-8", string(c.Date), "by", string(me.Staff), "ticket",
		string(c.Ticket))
	if c.Ticket != "" {
		d.tellGroup("P3-8", string(TechService), string(c.Ticket), "found_on_watch")
	}
	return nil
}

// Unwatched are the statutory days from a day on for which nobody watches, in order.
func (s *ServiceDesk) Unwatched(from Date, watches []*Watch) []Date {
	days := []Date{}
	for _, a := range s.Adoptions {
		for _, h := range a.Holidays {
			watched := func(w *Watch) bool { return w.Date == h && len(w.Staff) > 0 }
			if h >= from && s.holiday(h) && !slices.Contains(days, h) &&
				!slices.ContainsFunc(watches, watched) {
				days = append(days, h)
			}
		}
	}
	slices.Sort(days)
	return days
}
