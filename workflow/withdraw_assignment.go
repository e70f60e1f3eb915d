package workflow

import (
	"slices"
	"time"
)

// withdrawLimit is how long after the assignment a mis-click can be undone.
const withdrawLimit = 60 * time.Second

// WithdrawAssignment undoes an assignment that was a mistake: turn, passes, rights to a make-up and
// orders are as they were, and the visit can be assigned anew.
type WithdrawAssignment struct {
	// Id of the visit.
	Visit VisitID `json:"visit"`
}

func (*WithdrawAssignment) About() About {
	return About{
		Kind: "withdraw_assignment", Event: EventWithdraw, May: receptionists, Rule: "P1-06",
		Since: 4,
	}
}

func (c *WithdrawAssignment) Needs(b *Board) []Ref { return b.visitNeeds(c.Visit) }

// decide lets only the floor withdraw, never one who gains by it, and only while nothing but the
// assignment has happened.
func (c *WithdrawAssignment) decide(d *draft) *Fault {
	v, f := d.visit(c.Visit, EventWithdraw)
	if f != nil {
		return f
	}
	if u := d.unit(v.TurnUnit); u != nil && slices.Contains(u.Members, d.env.By.Staff) {
		return forbidden("own_benefit", "P1-08")
	}
	if d.now.Sub(v.AssignedAt) > withdrawLimit || len(v.Changes) > 0 {
		return refused("too_late_to_withdraw", "P1-16a", "visit", v.ID)
	}
	from := v.Server
	d.giveBack(v, "P1-06", "withdrawn")
	v.Route, v.Server, v.ServerRole, v.Principal, v.Unit = "", "", "", "", ""
	v.TurnEffect, v.PassEffect, v.TurnsBack, v.Passed, v.PassedBy = "", "", nil, nil, nil
	v.TurnMember, v.TeamSeat, v.PlanEntry, v.PlanSeat = "", 0, "", 0
	v.FirstLead, v.Assistants, v.Guide, v.Water = "", nil, "", ""
	v.CountsFor, v.CountRule, v.BeganOff, v.AssignedAt = "", "", withinHours, time.Time{}
	v.Reason, v.BusinessDay = "", dateOf(d.Local(v.ArrivedAt))
	v.Policy = d.site().PolicyOn(v.BusinessDay).Preset
	d.fact(FactVisitWithdrawn, "P1-06", v.ID, "staff", string(from))
	return nil
}
