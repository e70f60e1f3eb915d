package sample

import (
	"fmt"
	"slices"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// consultant is somebody who takes turns.
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

// The other members of staff, and how each acts.
const (
	supervisor  workflow.StaffID = "qian"
	shiftLeader workflow.StaffID = "tang"
	manager     workflow.StaffID = "luo"
)

var (
	boss    = staffKey(workflow.RoleManager, manager)
	referee = staffKey(workflow.RoleSupervisor, supervisor)
	leader  = staffKey(workflow.RoleShiftLeader, shiftLeader)
	desk    = workflow.Actor{Key: "key-desk", Role: workflow.RoleFrontDesk}
	kiosk   = workflow.Actor{Key: "key-kiosk", Role: workflow.RoleKiosk}
	founder = workflow.Actor{Key: "key-admin", Role: workflow.RoleAdministrator}
	system  = workflow.Actor{Role: workflow.RoleSystem}
)

// staffKey is how a member of staff acts.
func staffKey(role workflow.Role, who workflow.StaffID) workflow.Actor {
	return workflow.Actor{Key: "key-" + string(who), Role: role, Staff: who}
}

// himself is a consultant acting with his own key.
func himself(s workflow.StaffID) workflow.Actor {
	return staffKey(workflow.RoleConsultant, s)
}

// called are the consultants' ids, in the order of hiring.
var called = []workflow.StaffID{
	"li", "wang", "zhang", "liu", "chen", "yang", "zhao", "huang", "zhou", "wu", "xu", "sun", "hu",
	"zhu", "gao", "lin", "he", "guo", "ma", "liang", "song", "zheng", "xie", "han", "feng", "yu",
	"dong", "xiao", "cheng", "cao", "yuan", "deng", "shen", "zeng", "peng",
}

// hire adds consultants, each with his own talents.
func (o *office) hire(n int) {
	for range n {
		id := called[o.hired%len(called)]
		if o.hired >= len(called) {
			id = workflow.StaffID(fmt.Sprintf("%s%d", id, o.hired/len(called)+1))
		}
		o.staff = append(o.staff, &consultant{
			id: id, skill: min(max(o.around(1, .3), .45), 2.2), care: .35 + .6*o.Float64(),
			dayOff: time.Weekday(1 + o.hired%5),
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

// idle is a consultant who is here and has nothing to do, from the end of the line; empty if there
// is none.
func (o *office) idle(except workflow.StaffID) workflow.StaffID {
	for _, p := range slices.Backward(o.rota.Line) {
		if c := o.consultant(workflow.StaffID(p.Unit)); c != nil && c.id != except &&
			c.engaged == 0 && !c.away && !c.off {
			return c.id
		}
	}
	return ""
}

// engage adds n to the receptions of everybody in a visit.
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

// found creates the site and imports the paper book.
func (o *office) found() error {
	c := &workflow.CreateSite{
		Site: o.site, Zone: zone, Holidays: o.closedDays(),
		Policy: workflow.P1(), Duty: o.duty(),
	}
	for i := range c.Hours {
		c.Hours[i] = workflow.DayHours{From: "09:00", To: "18:00"}
	}
	for _, s := range o.staff {
		c.Staff = append(c.Staff, workflow.NewStaff{Staff: s.id, Role: workflow.RoleConsultant})
	}
	c.Staff = append(c.Staff, workflow.NewStaff{Staff: supervisor, Role: workflow.RoleSupervisor},
		workflow.NewStaff{Staff: shiftLeader, Role: workflow.RoleShiftLeader},
		workflow.NewStaff{Staff: manager, Role: workflow.RoleManager})
	c.Staff = append(c.Staff, deskStaff...)
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
			shifts = append(shifts, workflow.DutyShift{
				From: "18:00", To: "19:00", Staff: s.id,
				Days: []int{0, 6},
			})
		case i <= 2: // nobody on his day off
			var days []int
			for d := 1; d <= 5; d++ {
				if time.Weekday(d) != s.dayOff && (i == 1) == (d%2 == 1) {
					days = append(days, d)
				}
			}
			shifts = append(shifts, workflow.DutyShift{
				From: "12:00", To: "13:00", Staff: s.id,
				Days: days,
			})
		}
	}
	return shifts
}
