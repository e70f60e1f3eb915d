package workflow

import (
	"slices"
	"time"
)

// OpenDay opens the business day.
type OpenDay struct {
	// Day to open, which must be today in the site's zone; empty for today.
	Date Date `json:"date"`
	// Consultants who have the day off.
	Away []StaffID `json:"away,omitempty"`
}

func (*OpenDay) About() About {
	return About{Kind: "open_day", May: receptionists, Scope: ScopeOffice}
}

func (*OpenDay) Needs(b *Board) []Ref { return b.tableOfDay() }

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
		if f := d.hasPresence(s); f != nil {
			return f
		}
	}
	d.subject = liveRotaRef(d.ID)
	d.openOn(day, c.Away)
	return nil
}

// reset restores the roster's order. Units out of the line stay out until they come back.
func (r *Rota) reset() {
	var order []UnitID
	for _, u := range r.Units {
		if r.lineIndex(u.ID) >= 0 {
			order = append(order, u.ID)
		}
	}
	r.setLine(order)
}

// reasonDayOver is the reason of visits that were still waiting the next morning.
const reasonDayOver = "day_over"

// tableOfDay names the table of the rota's day, which keeps the ranks of its first opening.
func (b *Board) tableOfDay() []Ref {
	if r := b.Rota(); r != nil && r.Day != "" {
		return []Ref{datedRotaRef(b.ID, r.Day)}
	}
	return nil
}

// openByItself opens the business day at the first command between its first opening and its last
// closing: nothing is refused because nobody opened the day.
func (d *draft) openByItself() {
	if r := d.rota(); r != nil && r.Day < d.today && d.site().dayRuns(d.local) {
		d.openOn(d.today, nil)
	}
}

// openOn starts a business day (RS-8) with the line as it was, or in the roster's order where the
// policy resets it. Everybody is expected on site except those who are away today or absent for
// longer. Units that are out and have everything registered come back at the tail, in the order of
// leaving (RS-6). Opening an open day again only records who is away.
func (d *draft) openOn(day Date, away []StaffID) {
	r := d.editRota()
	if r.Day < day {
		r.Absent = slices.DeleteFunc(r.Absent, func(a Absence) bool {
			// One noted this morning, before opening, still holds.
			return a.Until < day && dateOf(d.Local(a.At)) < day
		})
		d.beginAbsences(day)
		d.dropWaiting(day)
		d.restUnregistered(day)
		d.expireMakeUps(day)
	}
	anew := r.Day < day && r.Day != "" && !d.policy.CarryOver
	r.Day, r.OpenedAt, r.ClosedAt, r.NextFirst = day, d.now, time.Time{}, ""
	for _, s := range away {
		r.Absent = slices.DeleteFunc(r.Absent, func(a Absence) bool { return a.Staff == s })
		r.Absent = append(r.Absent, Absence{Staff: s, State: DayOff, At: d.now})
	}
	d.fact(FactDayOpened, "carry_over", string(day))
	d.rejoin()
	if anew {
		r.reset()
	}
	d.datedCopy(away)
}

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
		if to, f := transition(v, EventAbandon); f == nil {
			v.State = to
			v.Reason, v.EndedAt, v.Open = reasonDayOver, d.now, false
			d.fact(FactVisitAbandoned, "", v.ID, "reason", reasonDayOver)
		}
	}
}

// restUnregistered takes receptions off the board that ended over a month ago, were never
// registered and bind nobody (RS-3): those of an assistant or a stand-in. Nothing else ends them,
// and the board would carry them for ever. They can still be registered. A leader's own stay: he
// receives nobody until he registers them (policy 1, art. 28).
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

// datedCopy copies the live rota to the table of its day. The ranks stay as they were when the day
// was first opened, except that whoever is said to be away at a later opening is marked. A day that
// an older program opened has none. Make-ups enter the table at closing, each in one table; those
// of a day that nobody closed enter the next.
func (d *draft) datedCopy(away []StaffID) {
	c := d.rota().clone().(*Rota)
	c.ID, c.Open, c.Schema = datedRotaRef(d.ID, c.Day).ID, false, Schema
	before, mine := d.changed[c.Ref()].(*Rota)
	if r := d.Rota(); !mine && r.Day == c.Day { // the one that Needs names
		before, _ = look[*Rota](d, c.Ref())
	}
	granted := c.MadeUp
	c.MadeUp, c.LastNumber = nil, nil
	switch {
	case before != nil:
		c.Table, c.MadeUp = slices.Clone(before.Table), slices.Clone(before.MadeUp)
		for i, row := range c.Table {
			isAway := func(s StaffID) bool { return slices.Contains(away, s) }
			if slices.ContainsFunc(row.Members, isAway) {
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

// ranks are the units of a rota with their places in the line and their presence.
func (d *draft) ranks(r *Rota) []Rank {
	table := make([]Rank, 0, len(r.Units))
	add := func(rank int, id UnitID) {
		members := slices.Clone(d.unit(id).Members)
		table = append(table, Rank{
			Rank: rank, Unit: id, Members: members,
			Presence: d.presence(members),
		})
	}
	for i, p := range r.Line {
		add(i+1, p.Unit)
	}
	for _, g := range r.Out {
		add(0, g.Unit)
	}
	return table
}

// presence is that of the member who is nearest to receiving.
func (d *draft) presence(members []StaffID) Presence {
	nearest := []Presence{
		OnSite, Chores, LeaderTask, Helping, Personal, CompanyDuty, DayOff, OnLeave,
	}
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
