package workflow

import (
	"slices"
	"time"
)

// State is where a visit stands.
type State string

// The states: four steps to registered, two side exits. A state is named after the transition that leads to it.
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
var VisitKinds = []VisitKind{KindNew, KindReturning, KindReferral, KindUnrelated, KindPeer, KindUnstated, KindCompanyStaff}

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
	RouteLine, RouteNamed, RouteRecognised, RouteOwner, RouteAppointment, RouteFirst, RouteLastSeat, RouteAssistAbsent, RouteAssistBusy,
	RouteStandIn, RouteDuty, RouteOffHours, RouteEvent, RouteConcurrent, RouteSupervisor, RouteChange,
}

// ServerRole is what the one who receives is to this visit.
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
	From   StaffID   `json:"from"`
	To     StaffID   `json:"to"`
	Reason string    `json:"reason"` // customer_demand, handed_back, late_identity
	At     time.Time `json:"at"`
}

// Passed is one unit that a turn went past, what kept it, and what that did to its place.
type Passed struct {
	Unit   UnitID     `json:"unit"`
	Effect PassEffect `json:"effect"`
	Why    string     `json:"why,omitempty"` // a Presence, receiving, assisting or inactive
}

// Form is the visitor register (来访客户登记表): codes and numbers only; remarks go to notes.
type Form struct {
	Channel    string `json:"channel,omitempty"`     // how the customer heard of the project: passing_by, online, referral …
	Purpose    string `json:"purpose,omitempty"`     // first_home, upgrade, investment …
	District   string `json:"district,omitempty"`    // where the customer lives or works
	Layout     string `json:"layout,omitempty"`      // layout asked for: 2br, 3br …
	AreaSqm    int    `json:"area_sqm,omitempty"`    // area asked for, square metres
	BudgetFrom int64  `json:"budget_from,omitempty"` // fen
	BudgetTo   int64  `json:"budget_to,omitempty"`   // fen
	BudgetBand string `json:"budget_band,omitempty"` // derived, see BudgetBands
	Intent     string `json:"intent,omitempty"`      // a, b, c, d: how serious
	Note       NoteID `json:"note,omitempty"`
}

// Visit is one visit of one group: a finite-state machine and the analysts' main record.
type Visit struct {
	Head
	State       State     `json:"state"`
	BusinessDay Date      `json:"business_day"`
	Policy      string    `json:"policy"` // preset in force when it was assigned (or arrived)
	Channel     string    `json:"channel,omitempty"`
	Party       int       `json:"party,omitempty"`  // people
	Groups      int       `json:"groups,omitempty"` // groups that arranged to view together (policy 1, art. 50)
	Kind        VisitKind `json:"kind,omitempty"`
	Purpose     string    `json:"purpose,omitempty"`

	Customer     CustomerID `json:"customer,omitempty"`
	Named        StaffID    `json:"named,omitempty"`
	RecognisedBy StaffID    `json:"recognised_by,omitempty"`
	BroughtBy    CustomerID `json:"brought_by,omitempty"`
	Appointment  StaffID    `json:"appointment,omitempty"`
	Delegate     StaffID    `json:"delegate,omitempty"`
	// FirstVisit: the customer had not been received before (freshness aside).
	FirstVisit bool `json:"first_visit,omitempty"`
	// VisitNo: the customer's how many-th registered visit this is, 1 = first; set at registration.
	VisitNo int `json:"visit_no,omitempty"`

	Route      Route      `json:"route,omitempty"`
	Server     StaffID    `json:"server,omitempty"` // who receives
	ServerRole ServerRole `json:"server_role,omitempty"`
	Principal  StaffID    `json:"principal,omitempty"` // whose customer
	Unit       UnitID     `json:"unit,omitempty"`      // the unit whose turn or place is in play
	TurnEffect TurnEffect `json:"turn_effect,omitempty"`
	TurnUnit   UnitID     `json:"turn_unit,omitempty"`   // whose turn the visit used
	TurnTicket int64      `json:"turn_ticket,omitempty"` // where that turn stood in the line
	TurnsBack  []UnitID   `json:"turns_back,omitempty"`  // who got back a turn that the visit had used
	PassEffect PassEffect `json:"pass_effect,omitempty"` // what happens to the server's place when passed meanwhile
	Assistants []StaffID  `json:"assistants,omitempty"`
	Passed     []Passed   `json:"passed,omitempty"`
	Changes    []Change   `json:"changes,omitempty"`
	FirstLead  StaffID    `json:"first_lead,omitempty"`
	Guide      StaffID    `json:"guide,omitempty"`
	Water      StaffID    `json:"water,omitempty"`

	// CountsFor is whom the reception counts for; before registration whom it is going to count for. CountRule is the
	// article that gives or denies it.
	CountsFor StaffID `json:"counts_for,omitempty"`
	CountRule string  `json:"count_rule,omitempty"`
	Count     int     `json:"count,omitempty"` // counted receptions, final at registration
	Topic     Topic   `json:"topic,omitempty"`

	ExplainedTo StaffID  `json:"explained_to,omitempty"`
	MergedInto  VisitID  `json:"merged_into,omitempty"`
	Reason      string   `json:"reason,omitempty"` // why abandoned, or assigned against the order
	Note        NoteID   `json:"note,omitempty"`
	Form        *Form    `json:"form,omitempty"`
	Outcome     *Outcome `json:"outcome,omitempty"`

	ArrivedAt    time.Time `json:"arrived_at"`
	IdentifiedAt time.Time `json:"identified_at,omitzero"`
	AssignedAt   time.Time `json:"assigned_at,omitzero"`
	ServedAt     time.Time `json:"served_at,omitzero"`
	RegisteredAt time.Time `json:"registered_at,omitzero"`
	EndedAt      time.Time `json:"ended_at,omitzero"`    // abandoned or merged
	RemindedAt   time.Time `json:"reminded_at,omitzero"` // the supervisor was told that the visitor waits

	Reading

	// Commits are the numbers of the commits that changed this visit, for its history.
	Commits []int64 `json:"commits"`
}

// Ref names the visit's record.
func (v *Visit) Ref() Ref { return visitRef(VisitID(v.ID)) }

func (v *Visit) clone() Record {
	c := *v
	c.TurnsBack = slices.Clone(v.TurnsBack)
	c.Assistants, c.Passed, c.Changes = slices.Clone(v.Assistants), slices.Clone(v.Passed), slices.Clone(v.Changes)
	c.Outcome, c.Commits = v.Outcome.clone(), slices.Clone(v.Commits)
	if v.Form != nil {
		f := *v.Form
		c.Form = &f
	}
	return &c
}

// customerKind reports whether people of this kind are customers, who get a register entry and a customer record
// (policy 1, art. 28; not unrelated visitors, company staff or peers).
func (v *Visit) customerKind() bool {
	switch v.Kind {
	case KindNew, KindReturning, KindReferral, KindUnstated:
		return true
	case KindUnrelated, KindPeer, KindCompanyStaff:
		return false
	}
	return false
}

// mustRegister reports whether the server is bound to this visit until it is registered (RS-3, RS-6).
func (v *Visit) mustRegister() bool {
	return v.Kind != KindUnrelated && v.Kind != KindCompanyStaff || v.Topic == TopicSales
}

// leading reports whether the visit still binds its leader (RS-3).
func (v *Visit) leading() bool {
	return v.ServerRole == Lead && (v.State == Assigned || v.State == Served && v.mustRegister())
}

// assisting reports whether the visit still binds those who assist in it.
func (v *Visit) assisting() bool { return v.State == Assigned }
