package workflow

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// ItemKind says what an item of the agenda asks for.
type ItemKind string

// The kinds of item.
const (
	ItemRegister  ItemKind = "register"  // a reception is over and not in the register
	ItemExplain   ItemKind = "explain"   // the second of the line was not told why (p2)
	ItemWaiting   ItemKind = "waiting"   // a visitor has waited too long
	ItemVacancy   ItemKind = "vacancy"   // the first seat stands empty (p2)
	ItemDuplicate ItemKind = "duplicate" // a visitor turned out to be a customer
	ItemCard      ItemKind = "card"      // a colleague's card was given to his customer
	ItemNotice    ItemKind = "notice"    // anything else that he was told
	ItemApproval  ItemKind = "approval"  // a request waits for a decision
	ItemDispute   ItemKind = "dispute"   // a dispute waits for a ruling
	ItemMakeUp    ItemKind = "make_up"   // a right to a make-up was not used
	ItemStale     ItemKind = "stale"     // a customer is about to become new again
	// ItemAppointment: a customer is expected today.
	ItemAppointment ItemKind = "appointment"

	ItemTicket      ItemKind = "ticket"       // a matter waits for its holder
	ItemSlip        ItemKind = "slip"         // the liaison slip is missing
	ItemClose       ItemKind = "close"        // a solved matter is not closed
	ItemFault       ItemKind = "fault"        // a major fault waits for its next step
	ItemFollowUp    ItemKind = "follow_up"    // a project is to be called
	ItemOpinion     ItemKind = "opinion"      // departments are to be heard
	ItemArbitration ItemKind = "arbitration"  // a case waits for the Office
	ItemWeekly      ItemKind = "weekly"       // the weekly entry is missing
	ItemSupervision ItemKind = "supervision"  // the month's report is missing
	ItemCampaign    ItemKind = "campaign"     // the December round
	ItemRoster      ItemKind = "watch_roster" // nobody is on watch on a statutory day
	ItemWatch       ItemKind = "watch"        // today's log of the watch is empty
)

// ends are the commands that end an item of a kind. Every kind has one, and whoever sees an item,
// or somebody above him, may give it.
var ends = map[ItemKind][]Kind{
	ItemRegister:  {"register_visit"},
	ItemExplain:   {"explain_visit"},
	ItemWaiting:   {"assign_visit", "abandon_visit"},
	ItemVacancy:   {"fill_seat"},
	ItemDuplicate: {"acknowledge_notice"},
	ItemCard:      {"acknowledge_notice"},
	ItemNotice:    {"acknowledge_notice"},
	ItemApproval:  {"decide_approval"},
	ItemDispute:   {"make_ruling"},
	ItemMakeUp:    {"grant_make_up"},
	ItemStale:     {"record_follow_up"},
	ItemAppointment: {
		"arrive_visit", "identify_visit", "change_appointment", "cancel_appointment",
	},
	ItemTicket: {"hand_ticket", "resolve_ticket", "close_ticket"},
	ItemSlip:   {"submit_slip"},
	ItemClose:  {"close_ticket"},
	ItemFault: {
		"file_fault", "relay_fault", "end_fault", "analyse_fault", "feed_back_fault",
	},
	ItemFollowUp:    {"follow_up_project", "retire_project"},
	ItemOpinion:     {"add_opinion"},
	ItemArbitration: {"rule_arbitration", "confirm_arbitration"},
	ItemWeekly:      {"submit_report"},
	ItemSupervision: {"submit_report"},
	ItemCampaign:    {"mark_need"},
	ItemRoster:      {"set_watch"},
	ItemWatch:       {"log_watch"},
}

// ofTheFloor are the kinds that the front desk sees, whoever has to do it: it sits beside him.
var ofTheFloor = []ItemKind{ItemRegister, ItemExplain, ItemWaiting, ItemVacancy, ItemAppointment}

// Item is something that waits for somebody.
type Item struct {
	// What it asks for.
	What ItemKind `json:"what"`
	// Id of what it is about: a visit, card, vacancy, request, dispute, customer or unit; for a
	// notice, the notice's own.
	Record string `json:"record"`
	// Record that it is about; missing for a make-up, which is a unit's.
	About Ref `json:"about,omitzero"`
	// Notice that ends it when it is acknowledged; empty for items that end otherwise.
	Notice RecordID `json:"notice,omitempty"`
	// Members of staff for whom it is, by id; empty when it is for whoever is at the front desk.
	For []StaffID `json:"for"`
	// Since when it waits.
	Since time.Time `json:"since"`
	// When it is late; missing when it never is.
	Due time.Time `json:"due,omitzero"`
	// Whether it is late.
	Late bool `json:"late"`
	// Article behind it; empty where no article speaks.
	Rule string `json:"rule,omitempty"`
	// Commands that end it.
	Ends []Kind `json:"ends"`

	// Args are the values for the sentence that says it.
	Args map[string]string `json:"-"`
}

// Whose says whose agenda is asked for. One of the members is set.
type Whose struct {
	// Staff is the one whose agenda it is.
	Staff StaffID
	// Desk: what the front desk has to see to, whoever must do it.
	Desk bool
	// Everybody: what waits for anybody.
	Everybody bool
}

// Agenda is what is due for somebody at a moment, oldest first. It is put together from the board,
// which says what the floor waits for, and from closed records, of which nobody can hold all: Asks
// names those, and Take adds them.
type Agenda struct {
	whose  Whose
	now    time.Time
	today  Date
	loc    *time.Location
	policy *Policy // of today
	// stale is the article by which customers become new, and the parameter if the office has a
	// rule of its own.
	stale [2]string
	staff []*Staff
	seen  map[string]bool // customers taken: two asks may find one
	desk  *deskAgenda     // of the service desk; nil where there is none
	items []Item
}

// floor is an agenda with the board that it is begun from.
type floor struct {
	*Agenda
	d *draft
}

// Agenda begins an agenda with what the board says. Afterwards the board may go on.
func (b *Board) Agenda(now time.Time, whose Whose) *Agenda {
	d := newDraft(b, Envelope{At: now})
	a := floor{&Agenda{
		whose: whose, now: now, today: d.today, loc: b.loc, policy: d.policy,
		staff: slices.Clone(b.staff), seen: map[string]bool{},
	}, d}
	a.ofServiceDesk()
	if b.Rota() == nil {
		return a.Agenda
	}
	a.stale[0], a.stale[1] = d.cite(d.policy.staleRule())
	for _, v := range b.open {
		a.ofVisit(v)
	}
	for _, r := range b.matters {
		switch r := r.(type) {
		case *Approval:
			a.add(Item{
				What: ItemApproval, About: r.Ref(), Since: r.At, Rule: "P1-24",
				For:  a.overseers(r.By, r.AskedBy),
				Args: map[string]string{"kind": string(r.Kind), "staff": string(r.By)},
			})
		case *Dispute:
			a.add(Item{
				What: ItemDispute, About: r.Ref(), Since: r.At, Rule: "P1-35",
				For:  a.active(RoleManager),
				Args: map[string]string{"customer": string(r.Customer)},
			})
		case *Appointment:
			if r.State != AppointmentExpected || r.Day > d.today {
				continue
			}
			a.add(Item{
				What: ItemAppointment, About: r.Ref(), Since: d.begins(r.Day), Due: r.At,
				Rule: d.article("P1-39", "P2-08a"), For: a.working(r.With),
				Args: pairs("staff", string(r.With), "customer", string(r.Customer),
					"time", d.Local(r.At).Format("15:04")),
			})
		}
	}
	a.ofVacancy()
	a.ofMakeUps()
	return a.Agenda
}

// ofVisit says what an open visit waits for.
func (a floor) ofVisit(v *Visit) {
	d, limit := a.d, a.d.waitLimit()
	switch {
	case v.State == Served && v.mustRegister(), v.State == Assigned && v.BusinessDay < d.today:
		since := v.ServedAt
		if since.IsZero() {
			since = v.AssignedAt
		}
		closed := d.rota().Day == v.BusinessDay && !d.rota().ClosedAt.IsZero()
		a.add(Item{
			What:  ItemRegister,
			About: v.Ref(),
			Since: since,
			Due:   d.begins(v.BusinessDay.AddDays(1)),
			Late:  closed,
			Rule:  d.article("P1-28", "P2-02"),
			For:   a.working(v.Server),
			Args:  map[string]string{"staff": string(v.Server)},
		})
	case d.overdue(v):
		rule, param := d.cite("wait_reminder_min")
		a.add(Item{
			What: ItemWaiting, About: v.Ref(), Since: v.ArrivedAt, Due: v.ArrivedAt.Add(limit),
			Rule: rule, For: a.overseers(), Args: pairs("parameter", param),
		})
	}
	a.owed(v)
}

// owed is the explanation that is missing of a visit, open or closed.
func (a *Agenda) owed(v *Visit) {
	if v.Next != nil && v.Next.What == ItemExplain {
		a.add(Item{
			What: ItemExplain, About: v.Ref(), Since: v.Next.At, Rule: "P2-09b",
			For: a.working(v.Next.staff()), Args: map[string]string{"staff": string(v.Server)},
		})
	}
}

func (a floor) ofVacancy() {
	v := a.d.vacancy()
	if v == nil || !v.FilledAt.IsZero() {
		return
	}
	who, since := v.holder()
	a.add(Item{
		What: ItemVacancy, About: v.Ref(), Since: v.SinceAt, Due: since.Add(a.d.grace()),
		Rule: "P2-04", For: a.working(who), Args: map[string]string{"staff": string(who)},
	})
}

// ofMakeUps are the rights to a make-up, one item a unit: a grant uses one.
func (a floor) ofMakeUps() {
	d := a.d
	rule, param := d.cite("makeup.approvers")
	seen := map[UnitID]bool{}
	for _, m := range d.rota().MakeUps {
		u := d.unit(m.Unit)
		if u == nil || seen[m.Unit] || d.expired(m, d.today) {
			continue
		}
		seen[m.Unit] = true
		who := a.active(d.policy.MakeUp.Approvers...)
		who = slices.DeleteFunc(who, func(s StaffID) bool { return slices.Contains(u.Members, s) })
		for _, s := range u.Members {
			who = append(who, a.working(s)...)
		}
		a.add(Item{
			What: ItemMakeUp, Record: string(m.Unit), Since: m.At,
			Rule: rule, For: who,
			Args: pairs("unit", string(m.Unit), "why", m.Reason, "parameter", param),
		})
	}
}

// add puts an item on the agenda, if it belongs there.
func (a *Agenda) add(i Item) {
	slices.Sort(i.For)
	i.For = slices.Compact(i.For)
	switch {
	case a.whose.Desk && !slices.Contains(ofTheFloor, i.What):
		return
	case a.whose.Staff != "" && !slices.Contains(i.For, a.whose.Staff):
		return
	}
	if i.Record == "" {
		i.Record = i.About.ID
	}
	if i.For == nil {
		i.For = []StaffID{}
	}
	i.Late = i.Late || !i.Due.IsZero() && !a.now.Before(i.Due)
	i.Ends = ends[i.What]
	a.items = append(a.items, i)
}

// working is somebody who is still of the staff; nobody otherwise.
func (a *Agenda) working(s StaffID) []StaffID {
	i, ok := slices.BinarySearchFunc(a.staff, s, byStaffID)
	if !ok || !a.staff[i].Active {
		return nil
	}
	return []StaffID{s}
}

// active are the active members of staff with one of the roles.
func (a *Agenda) active(roles ...Role) (who []StaffID) {
	for _, s := range a.staff {
		if s.Active && slices.Contains(roles, s.Role) {
			who = append(who, s.Staff)
		}
	}
	return who
}

// overseers are the supervisors, or the managers where there is none; except those whose own
// matter it is.
func (a *Agenda) overseers(except ...StaffID) []StaffID {
	for _, r := range []Role{RoleSupervisor, RoleManager} {
		who := slices.DeleteFunc(a.active(r), func(s StaffID) bool {
			return slices.Contains(except, s)
		})
		if len(who) > 0 {
			return who
		}
	}
	return nil
}

// Items are all items, oldest first.
func (a *Agenda) Items() []Item {
	a.ofCalendar()
	slices.SortFunc(a.items, func(x, y Item) int {
		return cmp.Or(
			x.Since.Compare(y.Since),
			strings.Compare(string(x.What), string(y.What)),
			strings.Compare(x.Record, y.Record),
			strings.Compare(string(x.Notice), string(y.Notice)),
		)
	})
	if a.items == nil {
		return []Item{}
	}
	return a.items
}

// Take adds what closed records say, which Asks named.
func (a *Agenda) Take(rs ...Record) {
	for _, r := range rs {
		switch r := r.(type) {
		case *Visit:
			if !r.Open { // the board has it
				a.owed(r)
			}
		case *Notice:
			a.told(r)
		case *Customer:
			a.soonNew(r)
		case *Ticket, *Project, *MajorFault, *Arbitration:
			a.atDesk(r)
		case *ServiceReport, *Watch:
			a.found(r)
		}
	}
}

// told is a notice that was not acknowledged.
func (a *Agenda) told(n *Notice) {
	if n.Next == nil {
		return
	}
	i := Item{
		What:   n.Next.What,
		Record: n.ID,
		About:  n.About.short(),
		Notice: RecordID(n.ID),
		Since:  n.At,
		Rule:   n.Rule,
		For:    a.working(n.To),
		Args:   maps.Clone(n.Detail),
	}
	if i.What != ItemNotice {
		i.Record = n.About.ID
	}
	if len(i.For) > 0 { // nobody else can acknowledge it
		a.add(i)
	}
}

// AheadDays is how many days ahead the owner learns that a customer is about to become new.
const AheadDays = 7

// soonNew is a customer who becomes new soon, unless somebody is in contact with him (RS-14).
func (a *Agenda) soonNew(k *Customer) {
	since := k.HeldSince()
	if k.Owner == "" || !k.ErasedAt.IsZero() || since.IsZero() || !a.policy.stales() ||
		!slices.Contains(goStale, string(k.Status)) || a.seen[k.ID] {
		return
	}
	a.seen[k.ID] = true
	last := a.policy.lastFresh(since.In(a.loc))
	if last < a.today || last > a.today.AddDays(AheadDays) {
		return
	}
	a.add(Item{
		What: ItemStale, About: k.Ref(), Since: last.AddDays(-AheadDays).begins(a.loc),
		Due: last.AddDays(1).begins(a.loc), Rule: a.stale[0], For: a.working(k.Owner),
		Args: pairs("date", string(last), "parameter", a.stale[1]),
	})
}

// goStale are the statuses of customers who can become new by time alone.
var goStale = []string{string(StatusReceived), string(StatusRegistered)}
