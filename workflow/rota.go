package workflow

import (
	"slices"
	"time"
)

// UnitType says what holds a place in the rotation (RS-1).
type UnitType string

// The unit types.
const (
	PersonUnit UnitType = "person"
	TeamUnit   UnitType = "team"
)

// Unit is a place in the rotation: one consultant, or one team (policy 1, art. 3).
type Unit struct {
	// Id of the unit: a consultant's or a team's id.
	ID UnitID `json:"id"`
	// Whether the unit is one person or a team.
	Type UnitType `json:"type"`
	// Consultants of the unit, in the order in which they receive next: whoever received last
	// stands last (A31).
	Members []StaffID `json:"members"`
}

// Place is an unspent turn in the line.
type Place struct {
	// Unit that holds the turn.
	Unit UnitID `json:"unit"`
	// Orders the line; a turn that is given back returns to its ticket.
	Ticket int64 `json:"ticket"`
	// Commit at which the unit last left the line; missing when it never did.
	Left int64 `json:"left_seq,omitempty"`
}

// OutReason says why a unit is out of the line.
type OutReason string

// The reasons to be out.
const (
	OutUsed   OutReason = "used"
	OutVoided OutReason = "voided"
)

// Gone is a unit out of the line: its turn was used or voided, and it has not come back (RS-2).
type Gone struct {
	// Unit that left the line.
	Unit UnitID `json:"unit"`
	// Ticket of the turn that is gone.
	Ticket int64 `json:"ticket"`
	// Whether the turn was used or voided.
	Reason OutReason `json:"reason"`
	// Commit at which the unit left the line.
	Since int64 `json:"since_seq"`
}

// MakeUpRight may be granted by those whom the policy names, never taken (RS-16).
type MakeUpRight struct {
	// Unit that may be given a turn.
	Unit UnitID `json:"unit"`
	// What kept the unit: company_duty, leader_task, company_staff, or whatever the policy gives a
	// right for.
	Reason string `json:"reason"`
	// Member of staff who gave the order that kept the unit; empty when nobody did.
	OrderedBy StaffID `json:"ordered_by,omitempty"`
	// Commit at which the turn went past the unit.
	Missed int64 `json:"missed_at_seq"`
	// When the turn went past the unit.
	At time.Time `json:"at"`
}

// Rota is the site's line and everything that decides about it. One record, live, never starts anew
// (RS-8); a dated copy for each business day is the rota table (客户轮值表).
type Rota struct {
	Head
	// Business day; empty before the first one.
	Day Date `json:"day"`
	// When the day was opened.
	OpenedAt time.Time `json:"opened_at,omitzero"`
	// When the day was closed; missing while it is open.
	ClosedAt time.Time `json:"closed_at,omitzero"`
	// Units of the rotation.
	Units []Unit `json:"units"`
	// Unspent turns, first to last.
	Line []Place `json:"line"`
	// Units out of the line, in the order in which they left.
	Out []Gone `json:"out"`
	// Rights to a make-up that were not used.
	MakeUps []MakeUpRight `json:"make_ups,omitempty"`
	// Consultants who cannot receive, and why.
	Absent []Absence `json:"absent,omitempty"`
	// Manager's plan for an event, while it holds.
	Event *EventPlan `json:"event,omitempty"`
	// Make-ups granted (policy 1, art. 8): in the live line since the last closing, in a day's
	// table those it was closed with. Those of a day that nobody closed stand in the next.
	MadeUp []MadeUp `json:"made_up,omitempty"`
	// Last ticket given out.
	NextTicket int64 `json:"next_ticket"`
	// Unit that opens the next day; set at closing (policy 1, art. 7).
	NextFirst UnitID `json:"next_first,omitempty"`
	// Rank and presence of everybody at opening; in a day's table only. Who received whom stands in
	// the visits.
	Table []Rank `json:"table,omitempty"`
	// Highest number of the day among the visits that are over; missing while an open visit has a
	// higher one, and in a day's table.
	LastNumber *LastNumber `json:"last_number,omitempty"`
	// Version of these fields; in a day's table only.
	Schema int `json:"schema,omitempty"`
}

// Rank is a row of the day's table as it was opened: the units of the line first to last, then
// those who are out.
type Rank struct {
	// Position in the line, 1 for the first; 0 when the unit is out of it.
	Rank int `json:"rank"`
	// Unit of the row.
	Unit UnitID `json:"unit"`
	// Consultants of the unit.
	Members []StaffID `json:"members"`
	// Presence of the member who is nearest to receiving.
	Presence Presence `json:"presence"`
}

// MadeUp is a make-up that was granted.
type MadeUp struct {
	// Unit that got the turn.
	Unit UnitID `json:"unit"`
	// Position in the line that the unit was given, 1 for the first.
	Position int `json:"position"`
	// Member of staff who granted it.
	By StaffID `json:"by,omitempty"`
	// When it was granted.
	At time.Time `json:"at"`
}

// Ref names the rota's record.
func (r *Rota) Ref() Ref { return Ref{Rotas, r.ID} }

// reader: programs before version 4 know no single members of a team in a plan, and nobody who
// helps by order; they keep one right to a make-up for each unit.
func (r *Rota) reader() int {
	noUnit := func(x UnitID) bool {
		return !slices.ContainsFunc(r.Units, func(u Unit) bool { return u.ID == x })
	}
	helping := func(a Absence) bool { return a.State == Helping || a.Customer != "" }
	ranked := func(k Rank) bool { return k.Presence == Helping }
	more := false
	for i, m := range r.MakeUps {
		more = more || slices.ContainsFunc(r.MakeUps[:i], func(n MakeUpRight) bool {
			return n.Unit == m.Unit
		})
	}
	return since(4, slices.ContainsFunc(r.Absent, helping), slices.ContainsFunc(r.Table, ranked),
		r.Event != nil && slices.ContainsFunc(r.Event.Order, noUnit), more)
}

func (r *Rota) clone() Record {
	c := *r
	c.Units = slices.Clone(r.Units)
	for i := range c.Units {
		c.Units[i].Members = slices.Clone(c.Units[i].Members)
	}
	c.Line, c.Out, c.MakeUps, c.Absent = slices.Clone(r.Line), slices.Clone(r.Out),
		slices.Clone(r.MakeUps), slices.Clone(r.Absent)
	c.MadeUp, c.Table = slices.Clone(r.MadeUp), slices.Clone(r.Table)
	if r.Event != nil {
		e := *r.Event
		e.Order = slices.Clone(e.Order)
		c.Event = &e
	}
	return &c // its last number is replaced, never changed
}
