package workflow

import (
	"slices"
	"time"
)

// This file opens and closes business days and keeps the line in order by hand: reorder, make-ups, events, roster.

// openByItself opens the business day at the first command within hours (design: nothing is refused because the day was not
// opened).
func (d *draft) openByItself() {
	if r := d.rota(); r != nil && r.Day < d.today && d.site().InHours(d.local) {
		d.openOn(d.today, nil)
	}
}

func (c *OpenDay) decide(d *draft) *Fault {
	day := c.Date
	if day == "" {
		day = d.today
	}
	switch {
	case !day.Valid():
		return invalid("bad_date", "date", string(day))
	case day != d.today:
		return refused("not_today", "", "date", string(day), "today", string(d.today))
	}
	for _, s := range c.Away {
		if f := d.consultant(s); f != nil {
			return f
		}
	}
	d.subject = liveRotaRef(d.ID)
	d.openOn(day, c.Away)
	return nil
}

// openOn starts a business day (RS-8): the line as it was, or the roster's order where the policy resets; everybody is expected
// on site but those who are away today or on a longer absence; whoever is still out and has everything registered comes
// back at the tail in the order of leaving (RS-6). Opening an open day again only notes who is away.
func (d *draft) openOn(day Date, away []StaffID) {
	r := d.editRota()
	if r.Day < day {
		r.Absent = slices.DeleteFunc(r.Absent, func(a Absence) bool {
			return a.Until < day && dateOf(d.Local(a.At)) < day // noted this morning before opening: still true
		})
		d.dropWaiting(day)
		d.restUnregistered(day)
	}
	fresh := r.Day < day && r.Day != "" && !d.policy.CarryOver
	r.Day, r.OpenedAt, r.ClosedAt, r.NextFirst = day, d.now, time.Time{}, ""
	for _, s := range away {
		r.Absent = slices.DeleteFunc(r.Absent, func(a Absence) bool { return a.Staff == s })
		r.Absent = append(r.Absent, Absence{Staff: s, State: DayOff, At: d.now})
	}
	d.fact(FactDayOpened, "carry_over", string(day))
	d.rejoin()
	if fresh {
		r.reset()
	}
	d.datedCopy(away)
}

// reset puts the line back into the roster's order; those who are out stay out until they come back.
func (r *Rota) reset() {
	var order []UnitID
	for _, u := range r.Units {
		if r.lineIndex(u.ID) >= 0 {
			order = append(order, u.ID)
		}
	}
	r.setLine(order)
}

// reasonDayOver ends visits that were found waiting the next morning.
const reasonDayOver = "day_over"

// dropWaiting ends visits that were left waiting on an earlier day.
func (d *draft) dropWaiting(day Date) {
	var ids []VisitID
	d.visits(func(v *Visit) {
		if (v.State == Arrived || v.State == Identified) && v.BusinessDay < day {
			ids = append(ids, VisitID(v.ID))
		}
	})
	for _, id := range ids {
		v := edit[*Visit](d, visitRef(id))
		if to, f := step(v, EventAbandon); f == nil {
			v.State = to
			v.Reason, v.EndedAt, v.Open = reasonDayOver, d.now, false
			d.fact(FactVisitAbandoned, "", v.ID, "reason", reasonDayOver)
		}
	}
}

// restUnregistered takes receptions off the board that were over a month ago, were never registered, and bind nobody (RS-3): those of
// an assistant or a stand-in. Nothing ends them otherwise, and the board would carry them for ever. They can still be
// registered. A leader's own stay: he receives nobody until he registers them (policy 1, art. 28).
func (d *draft) restUnregistered(day Date) {
	var ids []VisitID
	d.visits(func(v *Visit) {
		if v.State == Served && !v.leading() && lastFreshDay(d.Local(v.ServedAt), 1) < day {
			ids = append(ids, VisitID(v.ID))
		}
	})
	for _, id := range ids {
		v := edit[*Visit](d, visitRef(id))
		v.Open = false
		d.flag(d.article("P1-28", "P2-02"), "unregistered:"+v.ID, v.ID)
	}
}

// datedCopy copies the live rota to the table of its day. The ranks stay as they were when the day was opened first; who is
// said to be away when it is opened again is noted in them. A day that was opened by an older program has none. Make-ups come
// into the table at closing, each into one table: those of a day that nobody closed into the next.
func (d *draft) datedCopy(away []StaffID) {
	c := d.rota().clone().(*Rota)
	c.ID, c.Open, c.Schema = datedRotaRef(d.ID, c.Day).ID, false, Schema
	before, mine := d.changed[c.Ref()].(*Rota)
	if r := d.Rota(); !mine && r.Day == c.Day { // the one that Needs names
		before, _ = look[*Rota](d, c.Ref())
	}
	granted := c.MadeUp
	c.MadeUp = nil
	switch {
	case before != nil:
		c.Table, c.MadeUp = slices.Clone(before.Table), slices.Clone(before.MadeUp)
		for i, row := range c.Table {
			if slices.ContainsFunc(row.Members, func(s StaffID) bool { return slices.Contains(away, s) }) {
				c.Table[i].Presence = d.presence(row.Members)
			}
		}
	case c.ClosedAt.IsZero():
		c.Table = d.ranks(c)
	}
	if !c.ClosedAt.IsZero() {
		c.MadeUp = append(c.MadeUp, granted...)
	}
	d.changed[c.Ref()] = c
}

// ranks are the units of a rota with their places in the line, and who of them is there.
func (d *draft) ranks(r *Rota) []Rank {
	table := make([]Rank, 0, len(r.Units))
	add := func(rank int, id UnitID) {
		members := slices.Clone(d.unit(id).Members)
		table = append(table, Rank{Rank: rank, Unit: id, Members: members, Presence: d.presence(members)})
	}
	for i, p := range r.Line {
		add(i+1, p.Unit)
	}
	for _, g := range r.Out {
		add(0, g.Unit)
	}
	return table
}

// presence is that of the one of several who is nearest to receiving.
func (d *draft) presence(members []StaffID) Presence {
	nearest := []Presence{OnSite, Chores, LeaderTask, Personal, CompanyDuty, DayOff, OnLeave}
	best := len(nearest) - 1
	for _, s := range members {
		at := OnSite
		if a := d.absence(s); a != nil {
			at = a.State
		}
		if i := slices.Index(nearest, at); i >= 0 {
			best = min(best, i)
		}
	}
	return nearest[best]
}

// closeDay completes the day's table, flags what is not registered, and says who opens the next day (policy 1, art. 7, 28).
func (c *CloseDay) decide(d *draft) *Fault {
	if c.Date == "" {
		d.openByItself()
	}
	r := d.editRota()
	if r.Day == "" || !r.ClosedAt.IsZero() || c.Date != "" && c.Date != r.Day {
		return refused("not_open", "")
	}
	d.subject = liveRotaRef(d.ID)
	d.visits(func(v *Visit) {
		if (v.State == Assigned || v.State == Served) && v.mustRegister() {
			d.flag(d.article("P1-28", "P2-02"), "unregistered:"+v.ID, v.ID)
		}
	})
	r.ClosedAt, r.NextFirst = d.now, ""
	if len(r.Line) > 0 { // a kept place opens the next day (A29)
		r.NextFirst = r.Line[0].Unit
	}
	d.fact(FactDayClosed, d.article("P1-07", "P2-01"), string(r.Day), "next_first", string(r.NextFirst))
	d.datedCopy(nil)
	r.MadeUp = nil // they stand in the table now
	return nil
}

// reorder sets the line to a permutation of itself (policy 1, art. 4).
func (c *Reorder) decide(d *draft) *Fault {
	r := d.rota()
	if c.Reason == "" {
		return invalid("reason_missing")
	}
	a, b := slices.Sorted(slices.Values(c.Line)), slices.Sorted(slices.Values(r.Order()))
	if !slices.Equal(a, b) {
		return refused("not_a_permutation", "P1-04")
	}
	before := unitList(r.Order())
	d.editRota().setLine(c.Line)
	d.subject = liveRotaRef(d.ID)
	d.fact(FactLineReordered, "P1-04", string(d.ID), "before", before, "after", unitList(c.Line), "reason", c.Reason)
	return nil
}

func unitList(us []UnitID) string {
	s := ""
	for i, u := range us {
		if i > 0 {
			s += " "
		}
		s += string(u)
	}
	return s
}

// grantMakeUp places a unit that has a right; nobody places himself, and only whoever is back can be placed (RS-16).
func (c *GrantMakeUp) decide(d *draft) *Fault {
	u := d.unit(c.Unit)
	if u == nil {
		return notFound("unit", string(c.Unit))
	}
	if !d.policy.mayMakeUp(d.env.By.Role) {
		return forbidden("role", "makeup.approvers").citing(d)
	}
	if slices.Contains(u.Members, d.env.By.Staff) {
		return forbidden("own_benefit", "P1-08")
	}
	r := d.rota()
	i := slices.IndexFunc(r.MakeUps, func(m MakeUpRight) bool { return m.Unit == c.Unit })
	if i < 0 {
		return refused("no_right", "makeup.approvers", "unit", string(c.Unit)).citing(d)
	}
	if r.lineIndex(c.Unit) < 0 {
		return refused("not_back", "P1-08", "unit", string(c.Unit))
	}
	pos := max(c.Position, 1)
	if c.Position < 0 || pos > len(r.Line) {
		return invalid("bad_position", "position", itoa(c.Position))
	}
	r = d.editRota()
	r.MakeUps = slices.Delete(r.MakeUps, i, i+1)
	order := slices.DeleteFunc(r.Order(), func(x UnitID) bool { return x == c.Unit })
	r.setLine(slices.Insert(order, pos-1, c.Unit))
	r.MadeUp = append(r.MadeUp, MadeUp{Unit: c.Unit, Position: pos, By: d.env.By.Staff, At: d.now})
	d.subject = liveRotaRef(d.ID)
	d.fact(FactMakeUpGranted, "makeup.approvers", string(c.Unit), "position", itoa(pos), "by", string(d.env.By.Staff))
	return nil
}

// startEvent puts the manager's plan in force (policy 1, art. 5; A30).
func (c *StartEvent) decide(d *draft) *Fault {
	if len(c.Order) == 0 {
		return invalid("order_missing")
	}
	for i, u := range c.Order {
		if d.unit(u) == nil {
			return notFound("unit", string(u))
		}
		if slices.Contains(c.Order[:i], u) {
			return invalid("named_twice", "unit", string(u))
		}
	}
	if !c.ToAt.IsZero() && !c.ToAt.After(d.now) {
		return invalid("bad_end")
	}
	d.editRota().Event = &EventPlan{Order: slices.Clone(c.Order), FromAt: d.now, ToAt: c.ToAt, By: d.env.By.Staff}
	d.subject = liveRotaRef(d.ID)
	d.fact(FactEventStarted, "P1-05", string(d.ID), "order", unitList(c.Order))
	return nil
}

func (d *draft) endEvent() *Fault {
	if d.rota().Event == nil {
		return refused("no_event", "P1-05")
	}
	d.editRota().Event = nil
	d.subject = liveRotaRef(d.ID)
	d.fact(FactEventEnded, "P1-05", string(d.ID))
	return nil
}

// changeRoster adds units at the tail and takes units off; only consultants hold a place (policy 1, art. 2; A61).
func (c *ChangeRoster) decide(d *draft) *Fault {
	if len(c.Add)+len(c.Remove) == 0 {
		return invalid("nothing_to_do")
	}
	for _, id := range c.Remove {
		if f := d.removeUnit(id); f != nil {
			return f
		}
	}
	for _, u := range c.Add {
		if f := d.addUnit(u); f != nil {
			return f
		}
	}
	d.subject = liveRotaRef(d.ID)
	d.fact(FactRosterChanged, "P1-02", string(d.ID), "line", unitList(d.rota().Order()))
	return nil
}

func (d *draft) addUnit(u Unit) *Fault {
	if u.Type == "" {
		u.Type = PersonUnit
	}
	if u.Type == PersonUnit && len(u.Members) == 0 {
		u.Members = []StaffID{StaffID(u.ID)}
	}
	switch {
	case !ValidID(string(u.ID)) || u.Type != PersonUnit && u.Type != TeamUnit:
		return invalid("bad_unit")
	case d.unit(u.ID) != nil:
		return refused("already_rostered", "P1-02", "unit", string(u.ID))
	case len(u.Members) == 0:
		return invalid("members_missing")
	case u.Type == PersonUnit && (len(u.Members) != 1 || u.Members[0] != StaffID(u.ID)):
		return invalid("bad_unit")
	}
	for i, s := range u.Members {
		m := d.staffMember(s)
		switch {
		case m == nil:
			return notFound("staff", string(s))
		case m.Role != RoleConsultant || !m.Active:
			return refused("not_a_consultant", "P1-02", "staff", string(s))
		case d.unitOf(s) != nil || slices.Contains(u.Members[:i], s):
			return refused("already_rostered", "P1-02", "staff", string(s))
		}
	}
	r := d.editRota()
	r.Units = append(r.Units, Unit{ID: u.ID, Type: u.Type, Members: slices.Clone(u.Members)})
	r.toTail(u.ID, 0)
	return nil
}

func (d *draft) removeUnit(id UnitID) *Fault {
	u := d.unit(id)
	if u == nil {
		return notFound("unit", string(id))
	}
	for _, s := range u.Members {
		if h := d.hindered(s); h != nil && h.visit != nil {
			return refused("still_receiving", "P1-16a", "staff", string(s), "visit", h.visit.ID)
		}
	}
	r := d.editRota()
	r.Line = slices.DeleteFunc(r.Line, func(p Place) bool { return p.Unit == id })
	r.Out = slices.DeleteFunc(r.Out, func(g Gone) bool { return g.Unit == id })
	r.MakeUps = slices.DeleteFunc(r.MakeUps, func(m MakeUpRight) bool { return m.Unit == id })
	r.Units = slices.DeleteFunc(r.Units, func(x Unit) bool { return x.ID == id })
	if r.Event != nil {
		r.Event.Order = slices.DeleteFunc(r.Event.Order, func(x UnitID) bool { return x == id })
	}
	return nil
}
