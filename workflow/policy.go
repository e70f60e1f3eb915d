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

// UnstatedMode says when a visit counts whose visitor did not say why he came (C08).
type UnstatedMode string

// The modes of counting the unstated.
const (
	CountAtOnce    UnstatedMode = "at_once"
	CountWhenSales UnstatedMode = "when_sales" // only when he asks about sales
)

// HelpMode says who may be helped while he is busy (C05).
type HelpMode string

// The modes of help.
const (
	HelpAnyone     HelpMode = "anyone"
	HelpClosedOnly HelpMode = "closed_only" // only who is with a customer whose deal is closed
)

// AnswerMode says who answers the sales telephone (C06).
type AnswerMode string

// The modes of answering.
const (
	AnswerLastSeat AnswerMode = "last_seat" // the last eligible unit of the line
	AnswerThird    AnswerMode = "third"     // the third, or the last of fewer
)

// RejoinMode is the order among units that come back to the line (A03).
type RejoinMode string

// The modes of coming back.
const (
	RejoinReentry   RejoinMode = "reentry"    // in the order of coming back
	RejoinTurnTaken RejoinMode = "turn_taken" // in the order of taking their turns
)

// Policy is the written policy of an office as data: a preset and the value of every parameter in
// which offices differ. The zero value is not a policy; take P1 or P2 and change fields.
type Policy struct {
	// Policy whose articles are cited: p1 or p2.
	Preset string `json:"preset"`

	// What counts as a reception.
	Count CountPolicy `json:"count"`
	// What happens to the place of a unit that a turn goes past, by what keeps the unit.
	Pass PassPolicy `json:"pass_effect"`
	// Who attends to those who are not customers.
	Route RoutePolicy `json:"route"`
	// When a colleague may help a consultant who is busy.
	Assist AssistPolicy `json:"assist"`
	// Who answers the sales telephone, and what an appointment is worth.
	Phone PhonePolicy `json:"phone"`
	// Who grants make-ups.
	MakeUp MakeUpPolicy `json:"makeup"`
	// How the front desk works.
	Desk DeskPolicy `json:"desk"`

	// Calendar months without contact after which a customer without money down is new again; 0
	// means never, unless stale_after_days is set (C12).
	StaleMonths int `json:"stale_after_months"`
	// Days without contact after which such a customer is new again, instead of months; 0: the
	// months decide.
	StaleDays int `json:"stale_after_days,omitempty"`
	// Whether the line goes on over night; otherwise each day starts from the roster's order (C14).
	CarryOver bool `json:"carry_over"`
	// Order in which units come back to the line: reentry or turn_taken (A03).
	RejoinOrder RejoinMode `json:"rejoin_order"`
	// Minutes after the assignment within which an abandoned visit gives the turn back.
	AbandonGraceMin int `json:"abandon_grace_min"`
	// Minutes after which a waiting visitor is brought to the supervisor's notice (policy 1, art.
	// 4).
	WaitReminderMin int `json:"wait_reminder_min"`
}

// CountPolicy says what counts as a reception.
type CountPolicy struct {
	// Whether the visit of an old customer who has paid nothing counts (C01).
	UnpaidReturning bool `json:"unpaid_returning"`
	// When the visit of somebody who did not say what for counts: at_once, or when_sales, which is
	// only when the visitor asks about sales (C08).
	Unstated UnstatedMode `json:"unstated"`
	// Whether people of the trade count (C03).
	Peers bool `json:"peers"`
	// Whether what counts uses the counted consultant's turn and what does not count uses none
	// (C10).
	ConsumesTurn bool `json:"consumes_turn"`
	// Whether the same customer counts only once a day for the same consultant (C11).
	OncePerDay bool `json:"same_day_once"`
	// Whether receptions outside hours and in duty shifts count (C13).
	OffHours bool `json:"off_hours"`
	// Whether groups that view together count once, instead of once a group (C17).
	JointGroupsOnce bool `json:"joint_groups_once"`
}

// PassPolicy says what passing does, by what keeps the one passed (C02, RS-5).
type PassPolicy struct {
	// Effect on a unit that receives its own customer.
	OwnReception PassEffect `json:"own_reception"`
	// Effect on a unit away on personal business.
	Personal PassEffect `json:"personal"`
	// Effect on a unit on leave.
	Leave PassEffect `json:"leave"`
	// Effect on a unit that has the day off.
	DayOff PassEffect `json:"day_off"`
	// Effect on a unit that does chores on site.
	Chores PassEffect `json:"chores"`
	// Effect on a unit away on company duty.
	CompanyDuty PassEffect `json:"company_duty"`
	// Effect on a unit with a task from a leader.
	LeaderTask PassEffect `json:"leader_task"`
	// Effect on a unit that helps with a colleague's paperwork or deal by order; missing: hold
	// (A88).
	Helping PassEffect `json:"helping,omitempty"`
	// Effect on a unit that assists a colleague.
	Assist PassEffect `json:"assist"`
	// Effect on a unit that attends to an unrelated visitor.
	Unrelated PassEffect `json:"unrelated"`
	// Effect on a unit that attends to company staff.
	CompanyStaff PassEffect `json:"company_staff"`
	// Effect on a unit that receives outside working hours.
	OffHours PassEffect `json:"off_hours"`
}

// RoutePolicy says who attends to those who are not customers: line (a turn), first or last_seat
// (no turn).
type RoutePolicy struct {
	// Who attends to people of the trade (C03).
	Peer Route `json:"peer"`
	// Who attends to unrelated visitors (C04).
	Unrelated Route `json:"unrelated"`
	// Who attends to company staff (C09).
	CompanyStaff Route `json:"company_staff"`
}

// AssistPolicy says when a colleague may help a consultant who is busy (C05).
type AssistPolicy struct {
	// Who may be helped: anyone, or closed_only, which is only while the busy one serves a customer
	// whose deal is closed.
	WhenBusy HelpMode `json:"when_busy"`
	// Whether a colleague may receive a turn visit for the first of the line who is with a closed
	// customer.
	StandIn bool `json:"stand_in"`
}

// PhonePolicy says who answers the sales telephone and what an appointment is worth (C06, C07).
type PhonePolicy struct {
	// Seat that answers the telephone: last_seat or third.
	AnsweredBy AnswerMode `json:"answered_by"`
	// Whether a customer who comes by telephone appointment belongs to the consultant of the
	// appointment.
	AppointmentOwns bool `json:"appointment_owns"`
}

// MakeUpPolicy says who grants make-ups (C16), and for how long.
type MakeUpPolicy struct {
	// Roles that may grant a make-up.
	Approvers []Role `json:"approvers"`
	// Days after the missed turn on which a make-up may still be granted; 0: it does not expire.
	ExpiresDays int `json:"expires_days,omitempty"`
}

// DeskPolicy describes the front desk (C15).
type DeskPolicy struct {
	// Number of seats at the front desk.
	Seats int `json:"seats"`
	// Minutes for which the first seat may stand empty.
	VacancyGraceMin int `json:"vacancy_grace_min"`
	// Whether guiding, water and standing up are asked of people.
	Guiding bool `json:"guiding"`
}

// P1 is policy 1 as it stands.
func P1() Policy {
	return Policy{
		Preset: "p1",
		Count: CountPolicy{
			Unstated: CountAtOnce, Peers: true, JointGroupsOnce: true,
		},
		Pass: PassPolicy{
			OwnReception: PassVoid, Personal: PassVoid, Leave: PassVoid, DayOff: PassVoid,
			Chores:      PassVoid,
			CompanyDuty: PassVoidWithRight, LeaderTask: PassVoidWithRight,
			Assist: PassHold, Unrelated: PassHold, CompanyStaff: PassHold, OffHours: PassHold,
		},
		Route: RoutePolicy{
			Peer: RouteLine, Unrelated: RouteLastSeat,
			CompanyStaff: RouteLastSeat,
		},
		Assist:      AssistPolicy{WhenBusy: HelpAnyone},
		Phone:       PhonePolicy{AnsweredBy: AnswerLastSeat},
		MakeUp:      MakeUpPolicy{Approvers: []Role{RoleSupervisor, RoleManager}},
		Desk:        DeskPolicy{Seats: 3, VacancyGraceMin: 2},
		StaleMonths: 1, CarryOver: true, RejoinOrder: RejoinReentry, AbandonGraceMin: 10,
		WaitReminderMin: 10,
	}
}

// P2 is policy 2 as it stands; where it is silent it follows policy 1.
func P2() Policy {
	p := P1()
	p.Preset = "p2"
	p.Count = CountPolicy{
		UnpaidReturning: true, Unstated: CountWhenSales, ConsumesTurn: true, OncePerDay: true,
		JointGroupsOnce: true,
	}
	p.Pass.CompanyStaff = PassVoidWithRight
	p.Route = RoutePolicy{Peer: RouteLastSeat, Unrelated: RouteFirst, CompanyStaff: RouteFirst}
	p.Assist = AssistPolicy{WhenBusy: HelpClosedOnly, StandIn: true}
	p.Phone = PhonePolicy{AnsweredBy: AnswerThird, AppointmentOwns: true}
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

// staleRule is the parameter that makes an old customer new again.
func (p *Policy) staleRule() string {
	if p.StaleDays > 0 {
		return "stale_after_days"
	}
	return "stale_after_months"
}

func (p *Policy) abandonGrace() time.Duration {
	return time.Duration(p.AbandonGraceMin) * time.Minute
}

func (p *Policy) mayMakeUp(r Role) bool { return slices.Contains(p.MakeUp.Approvers, r) }
