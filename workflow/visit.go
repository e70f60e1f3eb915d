package workflow

import (
	"slices"
	"time"
)

// Of reports whether a visit is a consultant's own: he receives or assists, or the customer is his.
func (v *Visit) Of(s StaffID) bool {
	return s != "" && (v.Server == s || v.Principal == s || slices.Contains(v.Assistants, s))
}

// with reports whether a customer takes part in the visit.
func (v *Visit) with(k CustomerID) bool {
	return k != "" && (v.Customer == k || slices.Contains(v.Joint, k))
}

// unreminded reports whether a visitor waits of whom the supervisors were not told yet.
func (v *Visit) unreminded() bool {
	return v.waits() && v.RemindedAt.IsZero()
}

// State is how far a visit has come.
type State string

// The states: four steps to registered, and two side exits. Each is named after the transition that
// leads to it.
const (
	Arrived    State = "arrived"
	Identified State = "identified"
	Assigned   State = "assigned" // being received since AssignedAt
	Served     State = "served"   // the reception is over
	Registered State = "registered"
	Abandoned  State = "abandoned"
	Merged     State = "merged"
)

// VisitKind is who came.
type VisitKind string

// The kinds of visit.
const (
	KindNew          VisitKind = "new"
	KindReturning    VisitKind = "returning"
	KindReferral     VisitKind = "referral"
	KindUnrelated    VisitKind = "unrelated"
	KindPeer         VisitKind = "peer"
	KindUnstated     VisitKind = "unstated"
	KindCompanyStaff VisitKind = "company_staff"
)

// VisitKinds lists the kinds.
var VisitKinds = []VisitKind{
	KindNew, KindReturning, KindReferral, KindUnrelated, KindPeer,
	KindUnstated, KindCompanyStaff,
}

// Route says by which rule the receiver was found (RS-12).
type Route string

// The routes.
const (
	RouteLine         Route = "line"
	RouteNamed        Route = "named"
	RouteRecognised   Route = "recognised"
	RouteOwner        Route = "owner"
	RouteAppointment  Route = "appointment"
	RouteFirst        Route = "first"     // the first of the line attends without a turn
	RouteLastSeat     Route = "last_seat" // the last of the line attends without a turn
	RouteAssistAbsent Route = "assist_absent"
	RouteAssistBusy   Route = "assist_busy"
	RouteStandIn      Route = "stand_in"
	RouteDuty         Route = "duty"
	RouteOffHours     Route = "off_hours"
	RouteEvent        Route = "event"
	RouteConcurrent   Route = "concurrent"
	RouteSupervisor   Route = "supervisor"
	RouteChange       Route = "change"
)

// Routes lists the routes.
var Routes = []Route{
	RouteLine, RouteNamed, RouteRecognised, RouteOwner, RouteAppointment, RouteFirst, RouteLastSeat,
	RouteAssistAbsent, RouteAssistBusy,
	RouteStandIn, RouteDuty, RouteOffHours, RouteEvent, RouteConcurrent, RouteSupervisor,
	RouteChange,
}

// ServerRole says in what role somebody receives the visit.
type ServerRole string

// The roles of the one who receives.
const (
	Lead    ServerRole = "lead"
	Assist  ServerRole = "assist"
	StandIn ServerRole = "stand_in"
)

// TurnEffect is what a reception does to the place of the one who receives (RS-7).
type TurnEffect string

// The turn effects.
const (
	TurnUsed TurnEffect = "used" // leaves the line, comes back at the tail
	TurnKept TurnEffect = "kept" // keeps the place unless passed
	TurnHeld TurnEffect = "held" // keeps the place even when passed
	TurnNone TurnEffect = "none" // no place of his is in play
)

// Topic is what the visitor turned out to want.
type Topic string

// The topics (policy 2, item 09).
const (
	TopicSales Topic = "sales"
	TopicOther Topic = "other"
)

// Change is one change of the one who leads a visit.
type Change struct {
	// Consultant who led before.
	From StaffID `json:"from"`
	// Consultant who leads from then on.
	To StaffID `json:"to"`
	// Why: customer_demand, handed_back or late_identity.
	Reason string `json:"reason"`
	// When the lead changed.
	At time.Time `json:"at"`
}

// Passed is one unit that a turn went past, what kept it, and what that did to its place.
type Passed struct {
	// Unit that the turn went past.
	Unit UnitID `json:"unit"`
	// What that did to the unit's place.
	Effect PassEffect `json:"effect"`
	// What kept the unit: a presence, receiving, assisting or inactive.
	Why string `json:"why,omitempty"`
}

// TurnClaim is a report by which a turn would go back to the unit of the one who reports it. Nobody
// takes a turn back himself (policy 1, art. 6 and 8; A90): the floor confirms it.
type TurnClaim struct {
	// Unit to which the turn would go back.
	Unit UnitID `json:"unit"`
	// Ticket of the turn: where it stood in the line.
	Ticket int64 `json:"ticket"`
	// Why: late_identity or not_about_sales.
	Why string `json:"why"`
	// Article by which it would go back.
	Rule string `json:"rule"`
	// What the reception does to the place once the turn is back.
	Effect TurnEffect `json:"effect"`
	// Consultant who reported it.
	By StaffID `json:"by"`
	// When it was reported.
	At time.Time `json:"at"`
}

// Form is the visitor register (来访客户登记表): codes and numbers only; remarks go to notes.
type Form struct {
	// How the customer heard of the project, as told to the consultant: passing_by, online,
	// referral …
	Channel string `json:"channel,omitempty"`
	// Why the customer buys: first_home, upgrade, investment …
	Purpose string `json:"purpose,omitempty"`
	// Where the customer lives or works, as a code.
	District string `json:"district,omitempty"`
	// Layout that the customer asked for: 2br, 3br …
	Layout string `json:"layout,omitempty"`
	// Area that the customer asked for, in square metres.
	AreaSqm int `json:"area_sqm,omitempty"`
	// Lower end of the budget, in fen.
	BudgetFrom int64 `json:"budget_from,omitempty"`
	// Upper end of the budget, in fen.
	BudgetTo int64 `json:"budget_to,omitempty"`
	// Band of the budget's upper end, upper bound included: up_to_1m, 1m_2m, 2m_3m, 3m_5m, 5m_8m or
	// over_8m (yuan).
	BudgetBand string `json:"budget_band,omitempty"`
	// How serious the customer is: a, b, c or d.
	Intent string `json:"intent,omitempty"`
	// Id of the note that holds the remark; analysts cannot read it.
	Note NoteID `json:"note,omitempty"`
}

// Visit is one visit of one group, from arrival to register: the analysts' main record.
type Visit struct {
	Head
	// How far the visit has come.
	State State `json:"state"`
	// Number by which the group is called: A and at least two digits, from A01 each business day,
	// given at arrival and never twice on one day. Missing in visits from before there were
	// numbers.
	Number string `json:"number,omitempty"`
	// Day on which the reception began; until then, the day on which the group came.
	BusinessDay Date `json:"business_day"`
	// Preset in force when somebody was assigned, or when the group came: p1 or p2.
	Policy string `json:"policy"`
	// How the group heard of the office, said at the door, else in the register: passing_by, online
	// …
	Channel string `json:"channel,omitempty"`
	// Number of people.
	Party int `json:"party,omitempty"`
	// Number of groups that arranged to view together, when more than one (policy 1, art. 50).
	Groups int `json:"groups,omitempty"`
	// Kind of visitor; empty until identified.
	Kind VisitKind `json:"kind,omitempty"`
	// What an unrelated visitor came for, as a code.
	Purpose string `json:"purpose,omitempty"`

	// Id of the customer. Peers, company people and unrelated visitors have none unless the talk
	// turned to sales.
	Customer CustomerID `json:"customer,omitempty"`
	// Customers of the groups that were merged into this visit (policy 1, art. 50): each keeps his
	// owner.
	Joint []CustomerID `json:"joint_customers,omitempty"`
	// Consultant whom the visitor asked for.
	Named StaffID `json:"named,omitempty"`
	// Consultant who recognised the visitor.
	RecognisedBy StaffID `json:"recognised_by,omitempty"`
	// What the visitor said of himself at the kiosk; missing when he said nothing. It is advice for
	// the front desk and decides nothing.
	Claim *Claim `json:"claim,omitempty"`
	// Customer who brought this one.
	BroughtBy CustomerID `json:"brought_by,omitempty"`
	// Consultant with whom an appointment was made by telephone.
	Appointment StaffID `json:"appointment,omitempty"`
	// Appointment to which the visitor came; empty when there is no record of one.
	AppointmentID RecordID `json:"appointment_id,omitempty"`
	// Colleague whom a busy consultant appointed to assist.
	Delegate StaffID `json:"delegate,omitempty"`
	// As known at the door: nobody had received this customer before.
	FirstVisit bool `json:"first_visit,omitempty"`
	// Which registered visit of the customer this is, 1 for the first; set at registration.
	VisitNo int `json:"visit_no,omitempty"`

	// Rule by which the receiver was found.
	Route Route `json:"route,omitempty"`
	// Consultant who receives.
	Server StaffID `json:"server,omitempty"`
	// What the receiver is to this visit: lead, assist for the principal, or stand_in.
	ServerRole ServerRole `json:"server_role,omitempty"`
	// Consultant whose customer it is.
	Principal StaffID `json:"principal,omitempty"`
	// Unit, a consultant or a team, of the receiver.
	Unit UnitID `json:"unit,omitempty"`
	// What the reception does to that unit's place.
	TurnEffect TurnEffect `json:"turn_effect,omitempty"`
	// Whether the reception began outside the hours of the line: outside_hours or duty_shift;
	// missing within hours. Then nobody's turn is used and places are held.
	BeganOff OffTime `json:"began_off,omitempty"`
	// Unit whose turn the visit used; missing when none was used, or when it was given back.
	TurnUnit UnitID `json:"turn_unit,omitempty"`
	// Ticket of that turn: where it stood in the line.
	TurnTicket int64 `json:"turn_ticket,omitempty"`
	// Member of the team who moved to the end of its order; missing when the unit is one
	// consultant.
	TurnMember StaffID `json:"turn_member,omitempty"`
	// Where that member stood in the order before; 1 for the first.
	TeamSeat int `json:"team_seat,omitempty"`
	// Entry of the event plan that the reception moved to the plan's end; missing without a plan.
	PlanEntry UnitID `json:"plan_entry,omitempty"`
	// Where that entry stood in the plan before; 1 for the first.
	PlanSeat int `json:"plan_seat,omitempty"`
	// What the receiver reported with an own key and what would give the turn back; missing when
	// there is nothing to confirm.
	TurnClaim *TurnClaim `json:"turn_claim,omitempty"`
	// Visits whose turn went past the receiver, whose place was held because the visitor was no
	// customer.
	PassedBy []VisitID `json:"passed_by,omitempty"`
	// Units that got back a turn that this visit had used.
	TurnsBack []UnitID `json:"turns_back,omitempty"`
	// What happens when a turn goes past the unit meanwhile.
	PassEffect PassEffect `json:"pass_effect,omitempty"`
	// Further consultants who assist.
	Assistants []StaffID `json:"assistants,omitempty"`
	// Units that this visit's turn went past.
	Passed []Passed `json:"passed,omitempty"`
	// Changes of who leads, oldest first.
	Changes []Change `json:"changes,omitempty"`
	// Consultant who led first; set when the lead changes.
	FirstLead StaffID `json:"first_lead,omitempty"`
	// Consultant who was asked to meet the group at the door and guide (policy 2): named on
	// arrival, another one when the reception begins if the first is busy by then.
	Guide StaffID `json:"guide,omitempty"`
	// Consultant who was asked to bring water (policy 2), named in the same way.
	Water StaffID `json:"water,omitempty"`

	// What is still owed about the visit when the reception is over; missing when nothing is.
	Next *Next `json:"next,omitempty"`

	// Consultant for whom the reception counts; until registration, for whom it is going to.
	CountsFor StaffID `json:"counts_for,omitempty"`
	// Article that gives or denies the count.
	CountRule string `json:"count_rule,omitempty"`
	// Receptions counted, final at registration; missing when none is.
	Count int `json:"count,omitempty"`
	// What the visit was about; empty until the reception is over.
	Topic Topic `json:"topic,omitempty"`

	// Colleague who was told that it was not about sales.
	ExplainedTo StaffID `json:"explained_to,omitempty"`
	// Visit that this one belongs to.
	MergedInto VisitID `json:"merged_into,omitempty"`
	// Why the visit was abandoned (waited_too_long, left_early …) or assigned against the order, as
	// a code.
	Reason string `json:"reason,omitempty"`
	// Id of a note, which analysts cannot read.
	Note NoteID `json:"note,omitempty"`
	// The visitor register; missing until registration.
	Form *Form `json:"form,omitempty"`
	// What became of the customer; from registration on.
	Outcome *Outcome `json:"outcome,omitempty"`

	// When the group came in.
	ArrivedAt time.Time `json:"arrived_at"`
	// When the visitors had said who they are and whom they want.
	IdentifiedAt time.Time `json:"identified_at,omitzero"`
	// When the reception began.
	AssignedAt time.Time `json:"assigned_at,omitzero"`
	// When the reception was over.
	ServedAt time.Time `json:"served_at,omitzero"`
	// When the visit was entered in the visitor register.
	RegisteredAt time.Time `json:"registered_at,omitzero"`
	// When the visit was abandoned or merged.
	EndedAt time.Time `json:"ended_at,omitzero"`
	// When the supervisors were told that the visitor waits.
	RemindedAt time.Time `json:"reminded_at,omitzero"`

	Reading

	// Numbers of the commits that changed this visit, for its history.
	Commits []int64 `json:"commits"`
}

// Ref names the visit's record.
func (v *Visit) Ref() Ref { return visitRef(VisitID(v.ID)) }

func (v *Visit) next() *Next { return v.Next }

func (v *Visit) clone() Record {
	c := *v
	c.TurnsBack, c.Joint = slices.Clone(v.TurnsBack), slices.Clone(v.Joint)
	c.PassedBy = slices.Clone(v.PassedBy)
	if v.TurnClaim != nil {
		t := *v.TurnClaim
		c.TurnClaim = &t
	}
	c.Assistants, c.Passed, c.Changes = slices.Clone(v.Assistants), slices.Clone(v.Passed),
		slices.Clone(v.Changes)
	c.Outcome, c.Commits = v.Outcome.clone(), slices.Clone(v.Commits)
	if v.Form != nil {
		f := *v.Form
		c.Form = &f
	}
	return &c // a claim never changes
}

func (v *Visit) reader() int {
	return max(since(4, len(v.Joint) > 0, v.AppointmentID != "", v.BeganOff != "",
		v.TurnMember != "", v.TeamSeat != 0, v.PlanEntry != "", v.PlanSeat != 0,
		v.TurnClaim != nil, len(v.PassedBy) > 0, v.Next != nil), since(5, v.Claim != nil))
}

// customerKind reports whether people of this kind are customers, who get a register entry and a
// customer record (policy 1, art. 28; not unrelated visitors, company staff or peers).
func (v *Visit) customerKind() bool {
	switch v.Kind {
	case KindNew, KindReturning, KindReferral, KindUnstated:
		return true
	case KindUnrelated, KindPeer, KindCompanyStaff:
		return false
	}
	return false
}

// aboutSales reports whether the visitor asked about sales, as far as is known: customers do unless
// they said otherwise, or never said why they came; others only when they did.
func (v *Visit) aboutSales() bool {
	if v.Kind == KindUnstated || !v.customerKind() {
		return v.Topic == TopicSales
	}
	return v.Topic != TopicOther
}

// mustRegister reports whether the server is bound to this visit until it is registered (RS-3,
// RS-6).
func (v *Visit) mustRegister() bool {
	return v.Kind != KindUnrelated && v.Kind != KindCompanyStaff || v.Topic == TopicSales
}

// leading reports whether the visit still binds its leader (RS-3).
func (v *Visit) leading() bool {
	return v.ServerRole == Lead && (v.State == Assigned || v.State == Served && v.mustRegister())
}

// assisting reports whether the visit still binds those who assist in it.
func (v *Visit) assisting() bool { return v.State == Assigned }
