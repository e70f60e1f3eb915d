package sample

import (
	"slices"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// assign asks who receives a group; false if nobody can now.
func (o *office) assign(g *guest) (bool, error) {
	if s := o.standIn(g); s != nil {
		if c, err := o.ask(desk, &workflow.AssignVisit{Visit: g.visit, StandIn: s}); err != nil ||
			c != nil {
			return true, o.received(g, err)
		}
	}
	if to := o.idle(""); to != "" && g.plain() && o.chance(.01) {
		reason := pick(o.dice, []string{"language", "important_guest", "fairness"})
		if c, err := o.ask(referee, &workflow.AssignVisit{
			Visit: g.visit, To: to,
			Reason: reason,
		}); err != nil || c != nil {
			return true, o.received(g, err)
		}
	}
	c, err := o.ask(desk, &workflow.AssignVisit{Visit: g.visit})
	if err != nil || c == nil {
		return false, err
	}
	return true, o.received(g, nil)
}

// plain reports whether a group goes by the order.
func (g *guest) plain() bool {
	return g.friend == "" && g.says.Named == "" && g.says.Appointment == "" &&
		g.says.Kind == workflow.KindNew
}

// standIn finds a colleague for the first of the line, who is with a customer whose deal is closed
// (policy 2, item 10).
func (o *office) standIn(g *guest) *workflow.StandInFor {
	if !o.underP2() || !g.plain() || o.rota == nil || len(o.rota.Line) < 2 {
		return nil
	}
	first := workflow.StaffID(o.rota.Line[0].Unit)
	for _, v := range o.open {
		if v.record != nil && v.record.Server == first && v.record.State == workflow.Assigned &&
			v.customer != nil && v.customer.closed() {
			if by := o.idle(first); by != "" {
				return &workflow.StandInFor{For: first, By: by}
			}
		}
	}
	return nil
}

// wait lets a group wait: the supervisor is told after ten minutes, a short-staffed office lets a
// consultant look after two groups, and nobody waits forever.
func (o *office) wait(g *guest) error {
	o.waiting = append(o.waiting, g)
	o.after(10*time.Minute+time.Second, func() error {
		if !g.waits() {
			return nil
		}
		return o.may(system, &workflow.RemindWaiting{Visit: g.visit})
	})
	patient := 13.
	if g.customer != nil { // his own consultant may become free
		patient = 20
	}
	o.after(o.minutes(patient, .2), func() error { return o.press(g) })
	o.after(g.patience, func() error { return o.giveUp(g) })
	return nil
}

func (g *guest) waits() bool { return g.record != nil && g.record.State == workflow.Identified }

// press: somebody has waited too long. A consultant takes two groups, or the supervisor chooses
// somebody.
func (o *office) press(g *guest) error {
	if !g.waits() {
		return nil
	}
	cmd, by := &workflow.AssignVisit{Visit: g.visit, Concurrent: true}, desk
	if to := o.idle(""); to != "" {
		cmd, by = &workflow.AssignVisit{Visit: g.visit, To: to, Reason: "waited_long"}, referee
	} else if o.chance(.75) {
		return nil
	}
	c, err := o.ask(by, cmd)
	if err != nil || c == nil {
		return err
	}
	return o.received(g, nil)
}

// giveUp: a group goes home. Towards the evening nobody may notice; then the next morning's opening
// does.
func (o *office) giveUp(g *guest) error {
	if !g.waits() {
		return nil
	}
	o.forget(g)
	if o.now.Sub(o.day().midnight) > 16*time.Hour && o.chance(.15) {
		return nil
	}
	return o.lost(g, "waited_too_long")
}

// lost ends a visit whose visitor left.
func (o *office) lost(g *guest, reason string) error {
	if err := o.must(desk, &workflow.AbandonVisit{Visit: g.visit, Reason: reason}); err != nil {
		return err
	}
	if k := g.customer; k != nil && (k.buyer || o.chance(.4)) {
		o.expect(int(o.around(5, .6)), k)
	}
	return o.relieve()
}

// forget removes a group from those who wait.
func (o *office) forget(g *guest) {
	o.waiting = slices.DeleteFunc(o.waiting, func(w *guest) bool { return w == g })
}

// seat has the waiting groups received, first come, first served. Once nobody is free, no further
// group that goes by the order is tried.
func (o *office) seat() error {
	full := false
	for _, g := range slices.Clone(o.waiting) {
		if !g.waits() || full && g.customer == nil && g.says.Named == "" &&
			g.says.Appointment == "" {
			continue
		}
		ok, err := o.assign(g)
		if err != nil {
			return err
		}
		full = full || !ok && o.refusal.Code == "nobody_free"
	}
	return nil
}

// lengths are the median lengths of receptions, in minutes.
var lengths = map[workflow.VisitKind]float64{
	workflow.KindNew: 32, workflow.KindReturning: 38, workflow.KindReferral: 36,
	workflow.KindUnrelated: 4, workflow.KindPeer: 14, workflow.KindUnstated: 15,
	workflow.KindCompanyStaff: 11,
}

// received arranges what happens while a group is being received.
func (o *office) received(g *guest, err error) error {
	if err != nil {
		return err
	}
	o.forget(g)
	length := min(o.minutes(lengths[g.says.Kind], .45), 130*time.Minute)
	if g.record.Route == workflow.RouteConcurrent {
		length = length * 5 / 4
	}
	if g.says.Kind == workflow.KindNew && o.chance(.012) {
		o.after(min(length, time.Duration(o.between(60, 540))*time.Second),
			func() error { return o.leaveEarly(g) })
		return nil
	}
	o.after(length, func() error { return o.finish(g) })
	o.within(g, length)
	return nil
}

// leaveEarly: a group goes before the reception has really begun.
func (o *office) leaveEarly(g *guest) error {
	if g.record.State != workflow.Assigned {
		return nil
	}
	return o.lost(g, "left_early")
}

// within arranges what may happen during a reception.
func (o *office) within(g *guest, length time.Duration) {
	during := func(p float64, do func(*guest) error) {
		if o.chance(p) {
			o.after(time.Duration((.1+.7*o.Float64())*float64(length)), func() error {
				if g.record.State != workflow.Assigned {
					return nil
				}
				return do(g)
			})
		}
	}
	if last := o.last; g.says.Kind == workflow.KindNew {
		if o.last = g; last != nil && o.now.Sub(last.came) < 6*time.Minute && last.record != nil &&
			last.record.State == workflow.Assigned && last.customer == nil {
			during(.06, func(g *guest) error { return o.join(g, last) })
		}
	}
	if g.party >= 6 {
		during(.7, o.help)
	}
	if g.hidden {
		during(.5, o.unmask)
	}
	if g.record.ServerRole != workflow.Lead {
		during(.6, o.handBack)
	}
	if g.customer != nil {
		during(1, o.sign)
	}
	during(.005, o.demand)
}

// join: two groups turn out to have come together.
func (o *office) join(g, with *guest) error {
	if with.record.State != workflow.Assigned {
		return nil
	}
	if err := o.must(desk, &workflow.MergeVisit{Visit: g.visit, Into: with.visit}); err != nil {
		return err
	}
	return o.relieve()
}

// help: the supervisor sends somebody to help with a large party.
func (o *office) help(g *guest) error {
	who := o.idle(g.record.Server)
	if who == "" {
		return nil
	}
	return o.may(referee, &workflow.AddAssistant{Visit: g.visit, Who: who})
}

// unmask: the consultant finds out that his visitor has been here before.
func (o *office) unmask(g *guest) error {
	g.hidden = false
	g.says = workflow.Identity{Kind: workflow.KindReturning, Customer: g.customer.id}
	if err := o.must(himself(g.record.Server),
		&workflow.ReidentifyVisit{Visit: g.visit, Identity: g.says}); err != nil {
		return err
	}
	return o.relieve()
}

// handBack: the helper hands the customer back to his own consultant, if that one has become free.
func (o *office) handBack(g *guest) error {
	p := o.consultant(g.record.Principal)
	if p == nil || p.off || p.away || p.engaged > 0 || g.record.ServerRole == workflow.Lead {
		return nil
	}
	if err := o.must(himself(g.record.Server),
		&workflow.HandOver{Visit: g.visit, To: p.id}); err != nil {
		return err
	}
	return o.relieve()
}

// demand: the customer wants somebody else.
func (o *office) demand(g *guest) error {
	to := o.idle(g.record.Server)
	if to == "" {
		return nil
	}
	if err := o.must(referee, &workflow.ChangeLead{
		Visit: g.visit, To: to,
		Reason: "customer_demand",
	}); err != nil {
		return err
	}
	return o.relieve()
}
