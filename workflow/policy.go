package workflow

import (
	"slices"
	"time"
)

// PassEffect is what happens to the place of a unit that a turn goes past (RS-5).
type PassEffect string

// The pass effects.
const (
	PassVoid          PassEffect = "void"            // the turn is lost
	PassVoidWithRight PassEffect = "void_with_right" // lost, with a make-up right
	PassHold          PassEffect = "hold"            // the place stays
)

// Policy is the written policy of an office as data: a preset and the value of every parameter in which offices differ.
// The zero value is not a policy; take P1 or P2 and change fields.
type Policy struct {
	// Preset is the policy whose articles are cited: p1 or p2.
	Preset string `json:"preset"`

	Count  CountPolicy  `json:"count"`
	Pass   PassPolicy   `json:"pass_effect"`
	Route  RoutePolicy  `json:"route"`
	Assist AssistPolicy `json:"assist"`
	Phone  PhonePolicy  `json:"phone"`
	MakeUp MakeUpPolicy `json:"makeup"`
	Desk   DeskPolicy   `json:"desk"`

	// StaleMonths: a customer without money down is new again after so many calendar months without contact; 0 = never (C12).
	StaleMonths int `json:"stale_after_months"`
	// CarryOver: true carries the line over night, false starts each day from the roster's order (C14).
	CarryOver bool `json:"carry_over"`
	// RejoinOrder: reentry, or turn_taken (A03).
	RejoinOrder string `json:"rejoin_order"`
	// AbandonGraceMin: minutes after the assignment within which an abandoned visit gives the turn back.
	AbandonGraceMin int `json:"abandon_grace_min"`
	// WaitReminderMin: minutes after which a waiting visitor is brought to the supervisor's notice (policy 1, art. 4).
	WaitReminderMin int `json:"wait_reminder_min"`
}

// CountPolicy says what counts as a reception.
type CountPolicy struct {
	// UnpaidReturning: the visit of an old customer who has paid nothing counts (C01).
	UnpaidReturning bool `json:"unpaid_returning"`
	// Unstated: at_once, or when_sales: only when the visitor asks about sales (C08).
	Unstated string `json:"unstated"`
	// Peers: people of the trade count (C03).
	Peers bool `json:"peers"`
	// ConsumesTurn: what counts uses the counted consultant's turn, what does not count uses none (C10).
	ConsumesTurn bool `json:"consumes_turn"`
	// OncePerDay: the same customer counts once a day for the same consultant (C11).
	OncePerDay bool `json:"same_day_once"`
	// OffHours: receptions outside hours and in duty shifts count (C13).
	OffHours bool `json:"off_hours"`
	// JointGroupsOnce: groups that view together count once, not once a group (C17).
	JointGroupsOnce bool `json:"joint_groups_once"`
}

// PassPolicy says what passing does, by what keeps the one passed (C02, RS-5).
type PassPolicy struct {
	OwnReception PassEffect `json:"own_reception"`
	Personal     PassEffect `json:"personal"`
	Leave        PassEffect `json:"leave"`
	DayOff       PassEffect `json:"day_off"`
	Chores       PassEffect `json:"chores"`
	CompanyDuty  PassEffect `json:"company_duty"`
	LeaderTask   PassEffect `json:"leader_task"`
	Assist       PassEffect `json:"assist"`
	Unrelated    PassEffect `json:"unrelated"`
	CompanyStaff PassEffect `json:"company_staff"`
	OffHours     PassEffect `json:"off_hours"`
}

// RoutePolicy says who attends to those who are not customers: line (a turn), first or last_seat (no turn).
type RoutePolicy struct {
	Peer         Route `json:"peer"`          // C03
	Unrelated    Route `json:"unrelated"`     // C04
	CompanyStaff Route `json:"company_staff"` // C09
}

// AssistPolicy says when a colleague may help a consultant who is busy (C05).
type AssistPolicy struct {
	// WhenBusy: anyone, or closed_only: only while the busy one serves a customer whose deal is closed.
	WhenBusy string `json:"when_busy"`
	// StandIn: a colleague may receive a turn visit for the first of the line who is with a closed customer.
	StandIn bool `json:"stand_in"`
}

// PhonePolicy says who answers the sales telephone and what an appointment is worth (C06, C07).
type PhonePolicy struct {
	// AnsweredBy: last_seat or third.
	AnsweredBy string `json:"answered_by"`
	// AppointmentOwns: a customer who comes by telephone appointment belongs to the consultant of the appointment.
	AppointmentOwns bool `json:"appointment_owns"`
}

// MakeUpPolicy says who grants make-ups (C16).
type MakeUpPolicy struct {
	Approvers []Role `json:"approvers"`
}

// DeskPolicy describes the front desk (C15).
type DeskPolicy struct {
	Seats           int  `json:"seats"`
	VacancyGraceMin int  `json:"vacancy_grace_min"`
	Guiding         bool `json:"guiding"` // guiding, water and standing up are asked of people
}

// P1 is policy 1 as it stands.
func P1() Policy {
	return Policy{
		Preset: "p1",
		Count: CountPolicy{
			Unstated: "at_once", Peers: true, JointGroupsOnce: true,
		},
		Pass: PassPolicy{
			OwnReception: PassVoid, Personal: PassVoid, Leave: PassVoid, DayOff: PassVoid, Chores: PassVoid,
			CompanyDuty: PassVoidWithRight, LeaderTask: PassVoidWithRight,
			Assist: PassHold, Unrelated: PassHold, CompanyStaff: PassHold, OffHours: PassHold,
		},
		Route:       RoutePolicy{Peer: RouteLine, Unrelated: RouteLastSeat, CompanyStaff: RouteLastSeat},
		Assist:      AssistPolicy{WhenBusy: "anyone"},
		Phone:       PhonePolicy{AnsweredBy: "last_seat"},
		MakeUp:      MakeUpPolicy{Approvers: []Role{RoleSupervisor, RoleManager}},
		Desk:        DeskPolicy{Seats: 3, VacancyGraceMin: 2},
		StaleMonths: 1, CarryOver: true, RejoinOrder: "reentry", AbandonGraceMin: 10, WaitReminderMin: 10,
	}
}

// P2 is policy 2 as it stands; where it is silent it follows policy 1.
func P2() Policy {
	p := P1()
	p.Preset = "p2"
	p.Count = CountPolicy{
		UnpaidReturning: true, Unstated: "when_sales", ConsumesTurn: true, OncePerDay: true, JointGroupsOnce: true,
	}
	p.Pass.CompanyStaff = PassVoidWithRight
	p.Route = RoutePolicy{Peer: RouteLastSeat, Unrelated: RouteFirst, CompanyStaff: RouteFirst}
	p.Assist = AssistPolicy{WhenBusy: "closed_only", StandIn: true}
	p.Phone = PhonePolicy{AnsweredBy: "third", AppointmentOwns: true}
	p.MakeUp.Approvers = []Role{RoleSupervisor, RoleShiftLeader}
	p.Desk.Guiding = true
	p.StaleMonths = 0
	return p
}

// Preset returns a preset by name.
func Preset(name string) (Policy, bool) {
	switch name {
	case "p1":
		return P1(), true
	case "p2":
		return P2(), true
	}
	return Policy{}, false
}

func (p *Policy) abandonGrace() time.Duration { return time.Duration(p.AbandonGraceMin) * time.Minute }

func (p *Policy) mayMakeUp(r Role) bool { return slices.Contains(p.MakeUp.Approvers, r) }
