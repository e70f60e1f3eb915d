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

// Unit is a place in the rotation: one consultant, or one team (policy 1, art. 3). The members of a team stand in the
// order in which they receive next: whoever received last stands last (A31).
type Unit struct {
	ID      UnitID    `json:"id"`
	Type    UnitType  `json:"type"`
	Members []StaffID `json:"members"`
}

// Place is an unspent turn in the line. Ticket orders the line; a turn that is given back returns to its ticket.
type Place struct {
	Unit   UnitID `json:"unit"`
	Ticket int64  `json:"ticket"`
	// Left is the commit at which the unit last left the line; 0 when it never did.
	Left int64 `json:"left_seq,omitempty"`
}

// OutReason says why a unit is out of the line.
type OutReason string

// The reasons to be out.
const (
	OutUsed   OutReason = "used"
	OutVoided OutReason = "voided"
)

// Gone is a unit out of the line: its turn was used or voided, and it has not come back (RS-2). The list of those gone is
// in the order in which they left.
type Gone struct {
	Unit   UnitID    `json:"unit"`
	Ticket int64     `json:"ticket"`
	Reason OutReason `json:"reason"`
	Since  int64     `json:"since_seq"`
}

// MakeUpRight may be granted by those whom the policy names, never taken (RS-16).
type MakeUpRight struct {
	Unit      UnitID    `json:"unit"`
	Reason    string    `json:"reason"` // company_duty, leader_task, company_staff
	OrderedBy StaffID   `json:"ordered_by,omitempty"`
	Missed    int64     `json:"missed_at_seq"`
	At        time.Time `json:"at"`
}

// Presence is whether a consultant is on the floor, and what keeps him if he is.
type Presence string

// On site with nothing else to do is the zero of Presence and is not stored.
const (
	OnSite      Presence = "on_site"
	Personal    Presence = "personal"
	OnLeave     Presence = "leave"
	DayOff      Presence = "day_off"
	CompanyDuty Presence = "company_duty"
	Chores      Presence = "chores"      // on site, busy
	LeaderTask  Presence = "leader_task" // on site, busy
)

// onSite reports whether somebody with this presence can be met at the office.
func (p Presence) onSite() bool { return p == OnSite || p == Chores || p == LeaderTask }

// Absence is why a consultant cannot receive: away, or on site with other work.
type Absence struct {
	Staff     StaffID   `json:"staff"`
	State     Presence  `json:"state"`
	OrderedBy StaffID   `json:"ordered_by,omitempty"`
	Until     Date      `json:"until,omitempty"` // last day of a longer absence
	At        time.Time `json:"at"`
}

// EventPlan is the manager's plan for an exhibition or a major event (policy 1, art. 5): the line stands still, receptions by
// order go to the first free unit of Order, which then goes to its end.
type EventPlan struct {
	Order  []UnitID  `json:"order"`
	FromAt time.Time `json:"from_at"`
	ToAt   time.Time `json:"to_at,omitzero"` // zero: until it is ended
	By     StaffID   `json:"by,omitempty"`
}

// Rota is the site's line and everything that decides about it. One record `live` never resets (RS-8); a dated copy per
// business day is the rota table (客户轮值表).
type Rota struct {
	Head
	Day      Date          `json:"day"`
	OpenedAt time.Time     `json:"opened_at,omitzero"`
	ClosedAt time.Time     `json:"closed_at,omitzero"`
	Units    []Unit        `json:"units"`
	Line     []Place       `json:"line"`
	Out      []Gone        `json:"out"`
	MakeUps  []MakeUpRight `json:"make_ups,omitempty"`
	Absent   []Absence     `json:"absent,omitempty"`
	Event    *EventPlan    `json:"event,omitempty"`
	// MadeUp are the make-ups granted (policy 1, art. 8): in the live rota those since the last closing, in a table those that it closed with.
	MadeUp     []MadeUp `json:"made_up,omitempty"`
	NextTicket int64    `json:"next_ticket"`
	NextFirst  UnitID   `json:"next_first,omitempty"` // set at closing (policy 1, art. 7)
	// Table is the printed table's first column, in the dated copy only: everybody's rank and presence at opening. Who received
	// whom, and whose turn it was, are marks of the day's visits.
	Table  []Rank `json:"table,omitempty"`
	Schema int    `json:"schema,omitempty"`
}

// Rank is a row of the day's table as it was opened: the units of the line first to last, then those who are out.
type Rank struct {
	Rank     int       `json:"rank"` // 1 = first of the line; 0 = out of the line
	Unit     UnitID    `json:"unit"`
	Members  []StaffID `json:"members"`
	Presence Presence  `json:"presence"` // of a team: of the member who is nearest to receiving
}

// MadeUp is a make-up that was granted.
type MadeUp struct {
	Unit     UnitID    `json:"unit"`
	Position int       `json:"position"` // in the line, 1 = first
	By       StaffID   `json:"by,omitempty"`
	At       time.Time `json:"at"`
}

// Ref names the rota's record.
func (r *Rota) Ref() Ref { return Ref{Rotas, r.ID} }

func (r *Rota) clone() Record {
	c := *r
	c.Units = slices.Clone(r.Units)
	for i := range c.Units {
		c.Units[i].Members = slices.Clone(c.Units[i].Members)
	}
	c.Line, c.Out, c.MakeUps, c.Absent = slices.Clone(r.Line), slices.Clone(r.Out), slices.Clone(r.MakeUps), slices.Clone(r.Absent)
	c.MadeUp, c.Table = slices.Clone(r.MadeUp), slices.Clone(r.Table)
	if r.Event != nil {
		e := *r.Event
		e.Order = slices.Clone(e.Order)
		c.Event = &e
	}
	return &c
}
