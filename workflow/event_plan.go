package workflow

import (
	"slices"
	"time"
)

// EventPlan is the manager's plan for an exhibition or a major event (policy 1, art. 5). The line
// stands still. Receptions by order go to the first free unit of the plan, which then goes to its
// end.
type EventPlan struct {
	// Units, or single members of a team, in the order in which they receive.
	Order []UnitID `json:"order"`
	// When the plan begins to hold.
	FromAt time.Time `json:"from_at"`
	// When the plan ends; missing when it holds until it is ended.
	ToAt time.Time `json:"to_at,omitzero"`
	// Member of staff who made the plan.
	By StaffID `json:"by,omitempty"`
}

// StartEvent puts the manager's plan for an exhibition or a major event in force (policy 1, art.
// 5).
type StartEvent struct {
	// Units of the rotation, or single members of a team (A82), in the order in which they receive.
	Order []UnitID `json:"order"`
	// When the plan ends by itself; missing when it ends by command.
	ToAt time.Time `json:"to_at,omitzero"`
}

func (*StartEvent) About() About {
	return About{Kind: "start_event", May: managers, Rule: "P1-05"}
}

func (*StartEvent) Needs(*Board) []Ref { return nil }

// decide lets the plan begin now (A30).
func (c *StartEvent) decide(d *draft) *Fault {
	if len(c.Order) == 0 {
		return invalid("order_missing")
	}
	for i, u := range c.Order {
		if len(d.entryMembers(u)) == 0 {
			return notFound("unit", string(u))
		}
		if slices.Contains(c.Order[:i], u) {
			return invalid("named_twice", "unit", string(u))
		}
	}
	if !c.ToAt.IsZero() && !c.ToAt.After(d.now) {
		return invalid("bad_end")
	}
	d.editRota().Event = &EventPlan{
		Order: slices.Clone(c.Order), FromAt: d.now, ToAt: c.ToAt,
		By: d.env.By.Staff,
	}
	d.subject = liveRotaRef(d.ID)
	d.fact(FactEventStarted, "P1-05", string(d.ID), "order", unitList(c.Order))
	return nil
}

// EndEvent ends the plan in force.
type EndEvent struct{}

func (*EndEvent) About() About { return About{Kind: "end_event", May: managers, Rule: "P1-05"} }

func (*EndEvent) Needs(*Board) []Ref { return nil }

func (*EndEvent) decide(d *draft) *Fault { return d.endEvent() }

// eventPlan is the manager's plan, if one is in force now.
func (d *draft) eventPlan() *EventPlan {
	e := d.rota().Event
	if e == nil || d.now.Before(e.FromAt) || !e.ToAt.IsZero() && !d.now.Before(e.ToAt) {
		return nil
	}
	return e
}

// entryMembers are the consultants behind an entry of a plan: a unit's, or the single member of a
// team whose id it is. Nobody, when it is neither.
func (d *draft) entryMembers(entry UnitID) []StaffID {
	if u := d.unit(entry); u != nil {
		return u.Members
	}
	if d.unitOf(StaffID(entry)) != nil {
		return []StaffID{StaffID(entry)}
	}
	return nil
}

// planned is whose turn it is by a plan: its first entry with somebody free.
func (d *draft) planned(e *EventPlan) (entry UnitID, who StaffID, ok bool) {
	for _, entry := range e.Order {
		for _, s := range d.entryMembers(entry) {
			if d.free(s) {
				return entry, s, true
			}
		}
	}
	return "", "", false
}

// rotate puts an entry at the end of the plan. A team's member who received stands last in it.
// The visit remembers where they stood.
func (d *draft) rotate(v *Visit, entry UnitID, who StaffID) {
	r := d.editRota()
	i := slices.Index(r.Event.Order, entry)
	v.PlanEntry, v.PlanSeat = entry, i+1
	r.Event.Order = append(slices.Delete(r.Event.Order, i, i+1), entry)
	if u := d.unit(entry); u != nil && u.Type == TeamUnit {
		d.toTeamTail(v, u, who)
	}
}

// toTeamTail lets a member stand last in his team. The visit remembers where he stood.
func (d *draft) toTeamTail(v *Visit, u *Unit, who StaffID) {
	k := slices.Index(u.Members, who)
	v.TurnMember, v.TeamSeat = who, k+1
	u.Members = append(slices.Delete(u.Members, k, k+1), who)
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
