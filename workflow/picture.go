package workflow

import (
	"cmp"
	"slices"
	"time"
)

// Tone is how much something on a screen wants to be seen.
type Tone string

// The tones.
const (
	ToneOK    Tone = "ok"    // free, nothing to be done
	ToneWait  Tone = "wait"  // waits, or is held up for a moment
	ToneBusy  Tone = "busy"  // at work with a customer
	ToneOff   Tone = "off"   // not there
	ToneAlert Tone = "alert" // waits for too long
)

// DayKind is what kind of hour it is at an office.
type DayKind string

// The states of a day.
const (
	DayNotOpened DayKind = "not_opened" // in hours, and nobody has opened the day yet
	DayOpened    DayKind = "open"
	DayClosed    DayKind = "closed"
	DayOffHours  DayKind = "off_hours" // outside working hours, lunch break included
	DayDuty      DayKind = "duty"      // a duty shift receives
	DayEvent     DayKind = "event"     // the manager's plan of an event holds
)

// Picture is what goes on at a site at a moment, as the next command would find it: whose turn it
// is and why, who stands where and what being passed would cost, who waits and who is received.
// Every answer comes from the function that decides it.
type Picture struct {
	Seq  int64
	At   time.Time
	Day  Day
	Turn Turn
	Line []Standing // first to last
	Out  []Standing // in the order in which they left the line
	// Waiting are the visits that nobody receives, Serving those that are received or wait to be
	// registered; both as they came.
	Waiting, Serving []Attended
	// Due is what the front desk has to see to, All what waits for anybody; of open records only.
	Due, All []Item
	Desk     Desk
	Vacancy  *Vacancy // nil: the first seat is not empty
	Open     OpenMatters
	MakeUps  int // rights to a make-up that can be granted
	// Can are the commands about no visit and nobody's presence that a role may give now.
	Can map[Role][]Kind
}

// Day is what kind of hour it is.
type Day struct {
	Date Date
	Kind DayKind
	Ends time.Time // of an open day, a duty shift or a plan; zero when it is not known
}

// Turn is who would receive a new customer now, and by which rule; or why nobody would.
type Turn struct {
	Unit  UnitID
	Staff StaffID
	Route Route
	Fact  Fact   // what the assignment would say
	Fault *Fault // nil when somebody would receive
}

// Standing is a unit in the line, or out of it.
type Standing struct {
	Unit    UnitID
	Type    UnitType
	Rank    int // 1 for the first of the line; 0 out of it
	Members []Member
	// Passing is what a turn that goes past does to the place; nil while a member is free, and out
	// of the line.
	Passing *Fact
	MakeUp  bool // has a right to a make-up
	Reason  OutReason
}

// Member is what one consultant does.
type Member struct {
	Staff StaffID
	Tone  Tone
	Why   string    // a presence, receiving, assisting or inactive; empty when he is free
	Since time.Time // when that began; zero when it is not known
	Visit VisitID   // that he receives or assists
	// Number is his place among the consultants of the site by id: it does not change with the
	// line.
	Number int
	// Allowed are the commands about his presence that the front desk, or he himself, may give now.
	Allowed []Kind
}

// Attended is an open visit and whose the customer is.
type Attended struct {
	*Visit
	Tone Tone
	Late bool // waits longer than the policy allows
	// Owner is the consultant whose customer it is, or was, while Fresh is false. Left: he no
	// longer works here.
	Owner       StaffID
	Fresh, Left bool
	Known       *Customer // nil: there is none
}

// OpenMatters counts what waits for somebody.
type OpenMatters struct {
	Messages, Approvals, Disputes, Appointments int
	// MessagesTo are the messages by the one they are kept for.
	MessagesTo map[StaffID]int
}

// PictureNeeds are the records beyond the board that a picture looks at: the customers in the
// house.
func (b *Board) PictureNeeds() []Ref { return b.customersInHouse() }

// Picture is the board at a moment, due items those of the floor. The board must hold what
// PictureNeeds names.
func (b *Board) Picture(now time.Time) *Picture {
	p := &Picture{Seq: b.Seq, At: now, Desk: b.DeskAt(now), Can: map[Role][]Kind{}}
	p.Open.MessagesTo = map[StaffID]int{}
	d := newDraft(b, Envelope{At: now, By: Actor{Role: RoleSystem}})
	if d.rota() == nil {
		return p
	}
	p.Day = d.day()
	p.Due = b.Agenda(now, Whose{Desk: true}).Items()
	p.All = b.Agenda(now, Whose{Everybody: true}).Items()
	for _, r := range everybody {
		p.Can[r] = b.can(Envelope{At: now, By: Actor{Role: r}})
	}
	d.openByItself() // as the next command would
	p.Turn = d.turn()
	for i, s := range d.rota().Line {
		p.Line = append(p.Line, d.standing(s.Unit, i+1, ""))
	}
	for _, g := range d.rota().Out {
		p.Out = append(p.Out, d.standing(g.Unit, 0, g.Reason))
	}
	d.attended(p)
	d.countMatters(p)
	b.presences(p)
	return p
}

// day says what kind of hour it is.
func (d *draft) day() Day {
	r, day := d.rota(), Day{Date: d.today}
	e, off := d.eventPlan(), d.offHours()
	switch {
	case e != nil:
		day.Kind, day.Ends = DayEvent, e.ToAt
	case off == InDutyShift:
		day.Kind, day.Ends = DayDuty, d.dutyEnds()
	case r.Day == d.today && !r.ClosedAt.IsZero():
		day.Kind = DayClosed
	case off == OutsideHours:
		day.Kind = DayOffHours
	case r.Day != d.today:
		day.Kind = DayNotOpened
	default:
		day.Kind, day.Ends = DayOpened, d.clockToday(d.site().Hours[d.local.Weekday()].whole().to)
	}
	return day
}

// dutyEnds is when the first of the duty shifts in force ends.
func (d *draft) dutyEnds() (ends time.Time) {
	on := d.site().onDuty(d.local)
	for _, s := range d.site().Duty {
		if t := d.clockToday(s.To); slices.Contains(on, s.Staff) &&
			(span{s.From, s.To}).holds(d.local) && (ends.IsZero() || t.Before(ends)) {
			ends = t
		}
	}
	return ends
}

// clockToday is a time of day, today.
func (d *draft) clockToday(c Clock) time.Time {
	y, m, day := d.local.Date()
	return time.Date(y, m, day, 0, c.minutes(), 0, 0, d.local.Location()).UTC()
}

// turn is what assigning a new customer would decide.
func (d *draft) turn() Turn {
	v := &Visit{
		Head: Head{Site: d.ID, Open: true}, State: Identified, Kind: KindNew,
		BusinessDay: d.today, ArrivedAt: d.now, IdentifiedAt: d.now,
	}
	p, f := d.decideAssign(v, false)
	if f != nil {
		return Turn{Fault: f}
	}
	t := Turn{Staff: p.server, Route: p.route, Unit: d.unitID(p.server)}
	rule, param := d.cite(p.rule)
	t.Fact = Fact{
		Kind: FactVisitAssigned, Rule: rule, Subject: string(p.server),
		Detail: pairs("parameter", param),
	}
	return t
}

// wouldSay is the last fact that f notes; the draft does not keep it.
func (d *draft) wouldSay(f func()) Fact {
	n := len(d.facts)
	f()
	said := d.facts[len(d.facts)-1]
	d.facts = d.facts[:n]
	return said
}

// standing is where a unit stands, what its members do, and what being passed would cost it.
func (d *draft) standing(id UnitID, rank int, reason OutReason) Standing {
	u := d.unit(id)
	s := Standing{Unit: id, Type: u.Type, Rank: rank, Reason: reason, Members: []Member{}}
	for _, who := range u.Members {
		s.Members = append(s.Members, d.member(who))
	}
	s.MakeUp = slices.ContainsFunc(d.rota().MakeUps, func(m MakeUpRight) bool {
		return m.Unit == id && !d.expired(m, d.today)
	})
	if h := d.unitHindrance(u); h != nil && rank > 0 {
		said := d.wouldSay(func() { d.passFact(id, h, "") })
		s.Passing = &said
	}
	return s
}

func (d *draft) member(who StaffID) Member {
	m := Member{Staff: who, Tone: ToneOK}
	h := d.hindered(who)
	if h == nil {
		return m
	}
	m.Why, m.Since = h.why, h.since
	switch {
	case h.visit != nil:
		m.Tone, m.Visit, m.Since = ToneBusy, VisitID(h.visit.ID), h.visit.AssignedAt
	case Presence(h.why).atWork():
		m.Tone = ToneWait
	default:
		m.Tone = ToneOff
	}
	return m
}

// attended enters the open visits, as they came.
func (d *draft) attended(p *Picture) {
	d.visits(func(v *Visit) {
		a := Attended{Visit: v, Tone: ToneBusy}
		id := d.identity(v)
		a.Owner, a.Fresh = cmp.Or(id.owner, id.left), id.old
		a.Left, a.Known = id.left != "", id.customer
		if a.Owner == "" && id.customer != nil {
			a.Owner = id.customer.Owner
			a.Left = a.Owner != "" && !d.works(a.Owner)
		}
		switch {
		case !v.Open:
			return
		case v.waits():
			a.Tone = ToneWait
			if a.Late = d.overdue(v); a.Late {
				a.Tone = ToneAlert
			}
			p.Waiting = append(p.Waiting, a)
			return
		case v.State == Served:
			a.Tone = ToneWait
		}
		p.Serving = append(p.Serving, a)
	})
	came := func(a, b Attended) int {
		return cmp.Or(a.ArrivedAt.Compare(b.ArrivedAt), cmp.Compare(a.ID, b.ID))
	}
	slices.SortFunc(p.Waiting, came)
	slices.SortFunc(p.Serving, came)
}

// countMatters counts what waits for somebody.
func (d *draft) countMatters(p *Picture) {
	for _, r := range d.matters {
		switch r := r.(type) {
		case *Message:
			p.Open.Messages++
			p.Open.MessagesTo[r.To]++
		case *Approval:
			p.Open.Approvals++
		case *Dispute:
			p.Open.Disputes++
		case *Appointment:
			if r.State == AppointmentExpected && r.Day == d.today {
				p.Open.Appointments++
			}
		}
	}
	if v := d.vacancy(); v != nil && v.FilledAt.IsZero() {
		p.Vacancy = v
	}
	for _, m := range d.rota().MakeUps {
		if !d.expired(m, d.today) {
			p.MakeUps++
		}
	}
}

// presences enters who may be sent where, and the numbers of the consultants.
func (b *Board) presences(p *Picture) {
	numbers := map[StaffID]int{}
	for _, s := range b.staff {
		if s.Role == RoleConsultant {
			numbers[s.Staff] = len(numbers) + 1
		}
	}
	desk := Envelope{At: p.At, By: Actor{Role: RoleFrontDesk}}
	for _, s := range slices.Concat(p.Line, p.Out) {
		for i := range s.Members {
			m := &s.Members[i]
			m.Number = numbers[m.Staff]
			for _, c := range []Command{
				&Leave{Who: m.Staff, Reason: Personal}, &Return{Who: m.Staff},
				&Busy{Who: m.Staff, With: Chores}, &Free{Who: m.Staff},
			} {
				if b.passes(desk, c) {
					m.Allowed = append(m.Allowed, c.About().Kind)
				}
			}
		}
	}
}

// passes reports whether a command would be decided, not refused: a dry run that makes no commit.
func (b *Board) passes(env Envelope, cmd Command) bool { return newDraft(b, env).try(cmd) == nil }

// onBoard are the commands of the floor that are about no visit and nobody's presence. Those with
// try can be tried as they are; of the others only the role is known.
var onBoard = []struct {
	cmd Command
	try bool
}{
	{&ArriveVisit{Visit: "a visit that comes"}, true},
	{&OpenDay{}, true},
	{&CloseDay{}, true},
	{&EndEvent{}, true},
	{&VacateSeat{Vacancy: "a seat that empties"}, true},
	{cmd: &StartEvent{}},
	{cmd: &Reorder{}},
	{cmd: &GrantMakeUp{}},
	{cmd: &ChangeRoster{}},
	{cmd: &PlanAbsence{}},
	{cmd: &TakeCall{}},
	{cmd: &MakeAppointment{}},
	{cmd: &SearchCustomer{}},
	{cmd: &ImportCustomer{}},
	{cmd: &RecordFollowUp{}},
	{cmd: &RecordDeal{}},
	{cmd: &ReassignCustomer{}},
	{cmd: &RequestApproval{}},
	{cmd: &DecideApproval{}},
	{cmd: &OpenDispute{}},
	{cmd: &MakeRuling{}},
	{cmd: &NoteConduct{}},
	{cmd: &CompleteCheck{}},
	{cmd: &GiveCard{}},
}

// can are the commands that are about no visit and nobody's presence and that somebody may give
// now, as far as his role, and for those that say nothing more the board, lets him.
func (b *Board) can(env Envelope) (kinds []Kind) {
	for _, c := range onBoard {
		k := c.cmd.About().Kind
		ok, _ := MayCommand(k, env.By.Role)
		if n, narrow := c.cmd.(narrowed); ok && narrow {
			if s := b.Site(); s != nil {
				day := dateOf(b.Local(env.At))
				ok = slices.Contains(n.narrow(s.PolicyOn(day)), env.By.Role)
			}
		}
		if ok && (!c.try || b.passes(env, c.cmd)) {
			kinds = append(kinds, k)
		}
	}
	if v := newDraft(b, env).vacancy(); v != nil && v.FilledAt.IsZero() {
		kinds = append(kinds, "notify_seat", "fill_seat")
	}
	return kinds
}
