package sample

import (
	"fmt"
	"slices"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// consultant is one who takes turns.
type consultant struct {
	id      workflow.StaffID
	skill   float64 // what he adds to the chance of a deal
	care    float64 // how reliably he follows up
	dayOff  time.Weekday
	until   workflow.Date // last day of his leave
	off     bool          // not here today
	away    bool          // sent out, gone out, or with other work
	engaged int           // receptions he is in
}

// The others of the staff, and how each acts.
const (
	supervisor  workflow.StaffID = "qian"
	shiftLeader workflow.StaffID = "tang"
	manager     workflow.StaffID = "luo"
)

var (
	boss    = workflow.Actor{Key: "key-" + string(manager), Role: workflow.RoleManager, Staff: manager}
	referee = workflow.Actor{Key: "key-" + string(supervisor), Role: workflow.RoleSupervisor, Staff: supervisor}
	leader  = workflow.Actor{Key: "key-" + string(shiftLeader), Role: workflow.RoleShiftLeader, Staff: shiftLeader}
	desk    = workflow.Actor{Key: "key-desk", Role: workflow.RoleFrontDesk}
	kiosk   = workflow.Actor{Key: "key-kiosk", Role: workflow.RoleKiosk}
	founder = workflow.Actor{Key: "key-admin", Role: workflow.RoleAdministrator}
	system  = workflow.Actor{Role: workflow.RoleSystem}
)

// himself is a consultant at his own telephone.
func himself(s workflow.StaffID) workflow.Actor {
	return workflow.Actor{Key: "key-" + string(s), Role: workflow.RoleConsultant, Staff: s}
}

// called are ids of consultants, in the order of hiring.
var called = []workflow.StaffID{
	"li", "wang", "zhang", "liu", "chen", "yang", "zhao", "huang", "zhou", "wu", "xu", "sun", "hu", "zhu", "gao", "lin", "he", "guo",
	"ma", "liang", "song", "zheng", "xie", "han", "feng", "yu", "dong", "xiao", "cheng", "cao", "yuan", "deng", "shen", "zeng", "peng",
}

// hire adds consultants, each with his own gifts.
func (o *office) hire(n int) {
	for range n {
		id := called[o.hired%len(called)]
		if o.hired >= len(called) {
			id = workflow.StaffID(fmt.Sprintf("%s%d", id, o.hired/len(called)+1))
		}
		o.staff = append(o.staff, &consultant{
			id: id, skill: min(max(o.around(1, .3), .45), 2.2), care: .35 + .6*o.Float64(), dayOff: time.Weekday(1 + o.hired%5),
		})
		o.hired++
	}
}

// consultant is nil for somebody who has left.
func (o *office) consultant(id workflow.StaffID) *consultant {
	if i := slices.IndexFunc(o.staff, func(c *consultant) bool { return c.id == id }); i >= 0 {
		return o.staff[i]
	}
	return nil
}

// idle is a consultant who is here and has nothing to do, from the end of the line; empty when there is none.
func (o *office) idle(except workflow.StaffID) workflow.StaffID {
	for _, p := range slices.Backward(o.rota.Line) {
		if c := o.consultant(workflow.StaffID(p.Unit)); c != nil && c.id != except && c.engaged == 0 && !c.away && !c.off {
			return c.id
		}
	}
	return ""
}

// engage notes that those who are in a visit have so many receptions more.
func (o *office) engage(v *workflow.Visit, n int) {
	if v == nil || !v.Open || v.State != workflow.Assigned && v.State != workflow.Served {
		return
	}
	for _, s := range append([]workflow.StaffID{v.Server}, v.Assistants...) {
		if c := o.consultant(s); c != nil {
			c.engaged += n
		}
	}
}

// found creates the site and takes over the paper book.
func (o *office) found() error {
	c := &workflow.CreateSite{Site: o.site, Zone: zone, Holidays: o.closedDays(), Policy: workflow.P1(), Duty: o.duty()}
	for i := range c.Hours {
		c.Hours[i] = workflow.DayHours{From: "09:00", To: "18:00"}
	}
	for _, s := range o.staff {
		c.Staff = append(c.Staff, workflow.NewStaff{Staff: s.id, Role: workflow.RoleConsultant})
	}
	c.Staff = append(c.Staff, workflow.NewStaff{Staff: supervisor, Role: workflow.RoleSupervisor},
		workflow.NewStaff{Staff: shiftLeader, Role: workflow.RoleShiftLeader}, workflow.NewStaff{Staff: manager, Role: workflow.RoleManager})
	if err := o.must(founder, c); err != nil {
		return err
	}
	for range min(o.total/200, 150) {
		if err := o.takeOver(); err != nil {
			return err
		}
	}
	return nil
}

// duty says who is on duty at noon on weekdays and after hours at weekends.
func (o *office) duty() []workflow.DutyShift {
	var shifts []workflow.DutyShift
	for i, n := range o.Perm(len(o.staff)) {
		switch s := o.staff[n]; {
		case i == 0:
			shifts = append(shifts, workflow.DutyShift{From: "18:00", To: "19:00", Staff: s.id, Days: []int{0, 6}})
		case i <= 2: // nobody on his day off
			var days []int
			for d := 1; d <= 5; d++ {
				if time.Weekday(d) != s.dayOff && (i == 1) == (d%2 == 1) {
					days = append(days, d)
				}
			}
			shifts = append(shifts, workflow.DutyShift{From: "12:00", To: "13:00", Staff: s.id, Days: days})
		}
	}
	return shifts
}

// morning opens the day and arranges who will be missing when.
func (o *office) morning() error {
	if err := o.decree(); err != nil {
		return err
	}
	var away []workflow.StaffID
	d := o.day()
	for _, c := range o.staff {
		onLeave := c.until >= d.date
		if !onLeave && o.chance(.009) {
			c.until, onLeave = o.days[min(o.today+o.between(1, 4), len(o.days)-1)].date, true
			if err := o.must(himself(c.id), &workflow.Leave{Who: c.id, Reason: workflow.OnLeave, Until: c.until}); err != nil {
				return err
			}
		}
		dayOff := !onLeave && c.dayOff == d.midnight.Weekday() && !d.exhibit
		if dayOff {
			away = append(away, c.id)
		}
		if c.off, c.away = onLeave || dayOff, false; !c.off {
			o.absences(c)
		}
	}
	o.now = d.midnight.Add(8*time.Hour + 20*time.Minute + o.minutes(5, .4))
	return o.must(desk, &workflow.OpenDay{Date: d.date, Away: away})
}

// decree is what the management decides before the day begins: the policy, the staff, the duty, an exhibition, the order.
func (o *office) decree() error {
	if o.today == max(0, o.policy-7) {
		if err := o.must(boss, &workflow.AdoptPolicy{From: o.days[o.policy].date, Policy: workflow.P2()}); err != nil {
			return err
		}
	}
	if o.today%365 == min(200, len(o.days)*2/3) && len(o.staff) > 4 {
		if err := o.replaceSomebody(); err != nil {
			return err
		}
	}
	if o.today > 0 && o.day().midnight.Day() == 1 && o.day().midnight.Month()%3 == 1 {
		shifts := o.duty()
		if err := o.must(boss, &workflow.ChangeSite{Duty: &shifts}); err != nil {
			return err
		}
	}
	if o.day().exhibit {
		o.exhibition()
	}
	if o.chance(.05) {
		o.at(o.someTime(), o.reorder)
	}
	return nil
}

// replaceSomebody: one leaves and another comes. The manager gives the customers of the one who left to the others.
func (o *office) replaceSomebody() error {
	i := o.IntN(len(o.staff))
	gone := o.staff[i]
	no := false
	if err := o.must(boss, &workflow.ChangeStaff{Staff: gone.id, Active: &no}); err != nil {
		return err
	}
	o.staff = slices.Delete(o.staff, i, i+1)
	o.hire(1)
	if err := o.must(boss, &workflow.AddStaff{NewStaff: workflow.NewStaff{Staff: o.staff[len(o.staff)-1].id, Role: workflow.RoleConsultant}}); err != nil {
		return err
	}
	shifts := o.duty()
	if err := o.must(boss, &workflow.ChangeSite{Duty: &shifts}); err != nil {
		return err
	}
	for _, k := range o.book {
		if k.owner == gone.id && (k.paid() || o.chance(.5)) {
			k.owner = pick(o.dice, o.staff).id
			if err := o.must(boss, &workflow.ReassignCustomer{Customer: k.id, To: k.owner, Reason: "owner_left"}); err != nil {
				return err
			}
		}
	}
	return nil
}

// exhibition puts the manager's plan in force for today: half of the consultants receive in his order.
func (o *office) exhibition() {
	o.at(o.day().midnight.Add(9*time.Hour), func() error {
		var order []workflow.UnitID
		for _, p := range o.rota.Line {
			if c := o.consultant(workflow.StaffID(p.Unit)); c != nil && !c.off && len(order) < max(2, len(o.staff)*2/3) {
				order = append(order, p.Unit)
			}
		}
		if len(order) == 0 {
			return nil
		}
		return o.must(boss, &workflow.StartEvent{Order: order, ToAt: o.day().midnight.Add(17*time.Hour + 30*time.Minute).UTC()})
	})
	o.at(o.day().midnight.Add(17*time.Hour+30*time.Minute), func() error { return o.may(boss, &workflow.EndEvent{}) })
}

// reorder: the supervisor lets two of the line change places.
func (o *office) reorder() error {
	line := o.rota.Order()
	if len(line) < 2 {
		return nil
	}
	i := o.IntN(len(line) - 1)
	line[i], line[i+1] = line[i+1], line[i]
	return o.must(referee, &workflow.Reorder{Line: line, Reason: pick(o.dice, []string{"fairness", "skills", "exchange_agreed"})})
}

// absence is a reason to be missing for a while.
type absence struct {
	often  float64 // a day
	median float64 // minutes
	ask    func(*consultant) (workflow.Actor, workflow.Command)
	onSite bool
}

var absences = []absence{
	{.04, 65, func(c *consultant) (workflow.Actor, workflow.Command) {
		return himself(c.id), &workflow.Leave{Who: c.id, Reason: workflow.Personal}
	}, false},
	{.035, 90, func(c *consultant) (workflow.Actor, workflow.Command) {
		return leader, &workflow.Leave{Who: c.id, Reason: workflow.CompanyDuty, OrderedBy: manager}
	}, false},
	{.07, 17, func(c *consultant) (workflow.Actor, workflow.Command) {
		return himself(c.id), &workflow.Busy{Who: c.id, With: workflow.Chores}
	}, true},
	{.03, 28, func(c *consultant) (workflow.Actor, workflow.Command) {
		return leader, &workflow.Busy{Who: c.id, With: workflow.LeaderTask, OrderedBy: shiftLeader}
	}, true},
}

// absences arranges when a consultant will be missing today.
func (o *office) absences(c *consultant) {
	for _, a := range absences {
		if o.chance(a.often) {
			o.at(o.someTime(), func() error { return o.leave(c, a, 0) })
		}
	}
}

// leave sends a consultant away for a while, as soon as he is in no reception.
func (o *office) leave(c *consultant, a absence, tries int) error {
	switch {
	case c.away || tries > 5 || o.now.Sub(o.day().midnight) > 17*time.Hour:
		return nil
	case c.engaged > 0:
		o.after(15*time.Minute, func() error { return o.leave(c, a, tries+1) })
		return nil
	}
	by, cmd := a.ask(c)
	if err := o.must(by, cmd); err != nil {
		return err
	}
	c.away = true
	o.after(o.minutes(a.median, .4), func() error {
		c.away = false
		var back workflow.Command = &workflow.Return{Who: c.id}
		if a.onSite {
			back = &workflow.Free{Who: c.id}
		}
		if err := o.must(himself(c.id), back); err != nil {
			return err
		}
		return o.relieve()
	})
	return nil
}

// relieve is what happens when somebody has become free: make-ups are granted, those who wait are received.
func (o *office) relieve() error {
	for _, m := range o.rota.MakeUps {
		if m.Missed%7 == 0 || !slices.ContainsFunc(o.rota.Line, func(p workflow.Place) bool { return p.Unit == m.Unit }) {
			continue // it may be granted, and only to one who is back
		}
		by := referee
		if o.underP2() {
			by = leader
		}
		if err := o.must(by, &workflow.GrantMakeUp{Unit: m.Unit, Position: min(o.between(1, 2), len(o.rota.Line)), Reason: m.Reason}); err != nil {
			return err
		}
		break // the list has changed
	}
	return o.seat()
}

// evening closes the day. Who still waits goes home.
func (o *office) evening() error {
	o.waiting = o.waiting[:0]
	clear(o.open)
	if six := o.day().midnight.Add(18 * time.Hour); o.now.Before(six) {
		o.now = six
	}
	o.now = o.now.Add(o.minutes(12, .4))
	return o.must(desk, &workflow.CloseDay{})
}
