package sample

import (
	"fmt"
	"slices"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// step is a future step of a purchase.
type step struct {
	status workflow.CustomerStatus
	amount int64   // fen
	days   float64 // after the previous step, roughly
}

const yuan = 100 // fen

// resolve: a customer has made up his mind. Some pay at once.
func (o *office) resolve(k *customer) {
	k.flat = flat(o.sold)
	o.sold++
	k.steps = o.purchase(k.layout)
	if o.now.Sub(o.day().midnight) < 17*time.Hour && o.chance(.35) {
		o.after(o.minutes(15, .5), func() error { return o.record(k) })
		return
	}
	o.arrange(k, o.chance(.4))
}

// flat is the number of the nth flat sold. Buildings with 26 floors of six flats are sold one after
// another.
func flat(n int) string {
	const floors, doors = 26, 6
	place := n * 37 % (floors * doors) // spread over the building
	return fmt.Sprintf("%d-%d%02d", 1+n/(floors*doors), 2+place/doors, 1+place%doors)
}

// purchase makes up the steps of one. Some pay intention money or a holding fee first, most a
// deposit, a few sign at once; not everybody completes it.
func (o *office) purchase(l layout) (steps []step) {
	deposit := int64(o.between(5, 20)) * 10_000 * yuan
	total := int64(o.between(l.from, l.to)) * price * int64(o.between(90, 112)) / 100
	add := func(s workflow.CustomerStatus, amount int64, days float64) {
		steps = append(steps, step{s, amount, days})
	}
	if o.chance(.4) {
		add(workflow.StatusIntention, int64(o.between(1, 5))*10_000*yuan, 1)
	}
	if o.chance(.18) {
		add(workflow.StatusHoldingFee, 20_000*yuan, 3)
	}
	if len(steps) > 0 && o.chance(.14) {
		add(workflow.StatusRefunded, steps[len(steps)-1].amount, 12)
		return steps
	}
	if o.chance(.9) {
		add(workflow.StatusDeposit, deposit, 3)
		if o.chance(.07) {
			add(workflow.StatusRefunded, deposit, 9)
			return steps
		}
	}
	if o.chance(.82) {
		add(workflow.StatusSigned, total, 8)
		if o.chance(.02) {
			add(workflow.StatusRefunded, total, 30)
		}
	}
	return steps
}

// arrange plans the next step for a day: during a visit, or recorded at the desk without one.
func (o *office) arrange(k *customer, withVisit bool) {
	if len(k.steps) == 0 {
		return
	}
	days := int(o.around(k.steps[0].days, .7))
	if withVisit {
		o.expect(days, k)
		return
	}
	o.plan(days, func() error { return o.record(k) })
}

// sign records the step that is due during a visit.
func (o *office) sign(g *guest) error {
	k := g.customer
	if g.hidden || g.record.Customer != k.id {
		return nil
	}
	if len(k.steps) == 0 && k.buyer && k.visits == 0 && !k.closed() && o.chance(.5) {
		o.resolve(k) // he decides on the spot
	}
	if len(k.steps) > 0 {
		return o.record(k)
	}
	return nil
}

// record takes the next step of a purchase.
func (o *office) record(k *customer) error {
	if len(k.steps) == 0 {
		return nil
	}
	s := k.steps[0]
	k.steps = k.steps[1:]
	if s.status == workflow.StatusDeposit && o.chance(.15) {
		if err := o.discount(k); err != nil {
			return err
		}
	}
	cmd := &workflow.RecordDeal{Customer: k.id, Unit: k.flat, Status: s.status, Amount: s.amount}
	if helper := pick(o.dice, o.staff).id; helper != k.owner && o.chance(.06) {
		cmd.Helpers = append(cmd.Helpers, helper)
	}
	if err := o.must(desk, cmd); err != nil {
		return err
	}
	k.status = s.status
	if s.status == workflow.StatusSigned {
		if err := o.signed(k); err != nil {
			return err
		}
	}
	if s.status == workflow.StatusRefunded {
		k.buyer = false
		if o.chance(.3) {
			o.expect(int(o.around(20, .6)), k)
		}
	}
	o.arrange(k, o.chance(.3))
	return nil
}

// discount is asked for and decided before a deposit is paid.
func (o *office) discount(k *customer) error {
	if o.consultant(k.owner) == nil {
		return nil
	}
	id := workflow.RecordID(o.ids.record(o.now))
	if err := o.must(himself(k.owner), &workflow.RequestApproval{
		Approval: id, Subject: "discount",
		By: k.owner,
	}); err != nil {
		return err
	}
	return o.must(referee, &workflow.DecideApproval{Approval: id, Grant: o.chance(.7)})
}

// signed: paperwork follows, which a colleague does if the owner is away, and a few buy a second
// flat.
func (o *office) signed(k *customer) error {
	if i := slices.IndexFunc(o.staff, func(c *consultant) bool {
		return !c.off &&
			c.id != k.owner
	}); i >= 0 {
		if c := o.consultant(k.owner); c == nil || c.off {
			if err := o.must(referee, &workflow.CoverCustomer{
				Customer: k.id, To: o.staff[i].id,
				Reason: "owner_away",
			}); err != nil {
				return err
			}
		}
	}
	switch x := o.Float64(); {
	case x < .035 && len(k.steps) == 0:
		o.plan(int(o.around(40, .5)), func() error {
			o.resolve(k)
			return nil
		})
	case x < .3:
		o.expect(int(o.around(25, .6)), k) // brings papers, or his parents
	}
	return nil
}
