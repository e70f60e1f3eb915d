package sample

import (
	"slices"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// This file decides who is there: opening and closing, days off, leave, errands.

// morning opens the day and arranges who will be away when.
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
			if err := o.must(himself(c.id), &workflow.Leave{
				Who: c.id, Reason: workflow.OnLeave,
				Until: c.until,
			}); err != nil {
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

// absence is a reason to be away for a while.
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

// absences arranges when a consultant will be away today.
func (o *office) absences(c *consultant) {
	for _, a := range absences {
		if o.chance(a.often) {
			o.at(o.someTime(), func() error { return o.leave(c, a, 0) })
		}
	}
}

// leave sends a consultant away for a while, as soon as he is not in a reception.
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

// relieve is what happens when somebody becomes free: make-ups are granted, waiting groups are
// received.
func (o *office) relieve() error {
	for _, m := range o.rota.MakeUps {
		if (m.Missed-o.service.before(m.Missed))%7 == 0 || !slices.ContainsFunc(o.rota.Line,
			func(p workflow.Place) bool { return p.Unit == m.Unit }) {
			continue // it is not always granted, and only to somebody who is back
		}
		by := referee
		if o.underP2() {
			by = leader
		}
		if err := o.must(by, &workflow.GrantMakeUp{
			Unit:     m.Unit,
			Position: min(o.between(1, 2), len(o.rota.Line)), Reason: m.Reason,
		}); err != nil {
			return err
		}
		break // the list has changed
	}
	return o.seat()
}

// evening closes the day. Those still waiting go home.
func (o *office) evening() error {
	o.waiting = o.waiting[:0]
	clear(o.open)
	if six := o.day().midnight.Add(18 * time.Hour); o.now.Before(six) {
		o.now = six
	}
	o.now = o.now.Add(o.minutes(12, .4))
	return o.must(desk, &workflow.CloseDay{})
}
