package sample

import (
	"slices"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// This file has the management's decisions.

// decree makes the management's decisions before the day begins: policy, staff, duty shifts,
// exhibitions, order.
func (o *office) decree() error {
	if o.today == max(0, o.policy-7) {
		if err := o.must(boss, &workflow.AdoptPolicy{
			From:   o.days[o.policy].date,
			Policy: workflow.P2(),
		}); err != nil {
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

// replaceSomebody: one consultant leaves and another comes. The manager gives the leaver's
// customers to the others.
func (o *office) replaceSomebody() error {
	i := o.IntN(len(o.staff))
	gone := o.staff[i]
	no := false
	if err := o.must(boss, &workflow.ChangeStaff{Staff: gone.id, Active: &no}); err != nil {
		return err
	}
	o.staff = slices.Delete(o.staff, i, i+1)
	o.hire(1)
	if err := o.must(boss,
		&workflow.AddStaff{NewStaff: workflow.NewStaff{
			Staff: o.staff[len(o.staff)-1].id,
			Role:  workflow.RoleConsultant,
		}}); err != nil {
		return err
	}
	shifts := o.duty()
	if err := o.must(boss, &workflow.ChangeSite{Duty: &shifts}); err != nil {
		return err
	}
	for _, k := range o.book {
		if k.owner == gone.id && (k.paid() || o.chance(.5)) {
			k.owner = pick(o.dice, o.staff).id
			if err := o.must(boss, &workflow.ReassignCustomer{
				Customer: k.id, To: k.owner,
				Reason: "owner_left",
			}); err != nil {
				return err
			}
		}
	}
	return nil
}

// exhibition puts the manager's plan in force for today: half of the consultants receive in its
// order.
func (o *office) exhibition() {
	o.at(o.day().midnight.Add(9*time.Hour), func() error {
		var order []workflow.UnitID
		for _, p := range o.rota.Line {
			if c := o.consultant(workflow.StaffID(p.Unit)); c != nil && !c.off &&
				len(order) < max(2, len(o.staff)*2/3) {
				order = append(order, p.Unit)
			}
		}
		if len(order) == 0 {
			return nil
		}
		return o.must(boss, &workflow.StartEvent{
			Order: order,
			ToAt:  o.day().midnight.Add(17*time.Hour + 30*time.Minute).UTC(),
		})
	})
	o.at(o.day().midnight.Add(17*time.Hour+30*time.Minute),
		func() error { return o.may(boss, &workflow.EndEvent{}) })
}

// reorder: the supervisor swaps two places in the line.
func (o *office) reorder() error {
	line := o.rota.Order()
	if len(line) < 2 {
		return nil
	}
	i := o.IntN(len(line) - 1)
	line[i], line[i+1] = line[i+1], line[i]
	return o.must(referee, &workflow.Reorder{
		Line:   line,
		Reason: pick(o.dice, []string{"fairness", "skills", "exchange_agreed"}),
	})
}
