package api

import (
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// Depth is how much of the office a picture shows.
type Depth string

// The depths.
const (
	DepthPublic Depth = "public" // what anybody in the hall may see
	DepthFloor  Depth = "floor"  // a consultant: the line, and their own visits
	DepthDesk   Depth = "desk"
)

// Picture is what goes on at the office now, with the words for screens in the caller's language.
// Whose turn it is, what being passed costs and what the caller may do come from the rules that
// decide it. In public it holds no id of a visit or customer, no person, no kind of visitor, no
// reason and no count, and names of consultants only as the site says.
type Picture struct {
	// Seq is the number of the last commit that is taken into account.
	Seq int64 `json:"seq"`
	// Now is when the picture was made. Screens count from it, not from their own clock.
	Now time.Time `json:"now"`
	// Depth is how much of the office the caller may see.
	Depth Depth `json:"depth"`
	// Site is the office.
	Site PictureSite `json:"site"`
	// Day is what kind of hour it is.
	Day PictureDay `json:"day"`
	// Turn is who would receive a new customer now.
	Turn PictureTurn `json:"turn"`
	// Line are the units in the line, first to last.
	Line []PictureUnit `json:"line"`
	// Out are the units that have had their turn, in the order in which they left the line.
	Out []PictureUnit `json:"out"`
	// Waiting are the visits that nobody receives yet, as they came.
	Waiting []PictureVisit `json:"waiting"`
	// Serving are the visits that are received and, for the desk and whose they are, those that
	// wait to be registered; as they came.
	Serving []PictureVisit `json:"serving"`
	// Due is what has to be seen to, oldest first: for the desk what the floor waits for, for a
	// consultant their own. It knows open records only; GET agenda knows all. Absent in public.
	Due []AgendaItem `json:"due,omitempty"`
	// Desk is who sits where. Absent in public.
	Desk *workflow.Desk `json:"desk,omitempty"`
	// Vacancy is the empty first seat. Absent while it is taken, and in public.
	Vacancy *workflow.Vacancy `json:"vacancy,omitempty"`
	// Counts are how much waits for somebody. Absent in public.
	Counts *PictureCounts `json:"counts,omitempty"`
	// Can are the commands about no visit and nobody's presence that the caller may give now.
	// Absent in public.
	Can []Action `json:"can,omitempty"`
}

// Action is something that the caller may do, with its label.
type Action struct {
	// Do names it: a step of a visit like its address, or a command.
	Do string `json:"do"`
	// Label says it on a button.
	Label string `json:"label"`
}

// PictureSite is the office on a screen.
type PictureSite struct {
	// ID is the office's id.
	ID workflow.SiteID `json:"id"`
	// Name is what the office is called; its id where it has no name.
	Name string `json:"name"`
	// Zone is the office's time zone.
	Zone string `json:"zone"`
}

// PictureDay is what kind of hour it is.
type PictureDay struct {
	// Date is the business day.
	Date workflow.Date `json:"date"`
	// State is what kind of hour it is.
	State workflow.DayKind `json:"state"`
	// Text says it in words.
	Text string `json:"text"`
	// Ends is when the day, the duty shift or the event plan ends. Absent where nobody knows.
	Ends time.Time `json:"ends,omitzero"`
}

// PictureTurn is who would receive a new customer now.
type PictureTurn struct {
	// Unit is the unit. Absent in public, and when nobody would receive.
	Unit workflow.UnitID `json:"unit,omitempty"`
	// Staff is the member of that unit. Absent when nobody would receive, and in public unless
	// names are shown.
	Staff workflow.StaffID `json:"staff,omitempty"`
	// Name is what they are called. Absent when nobody would receive.
	Name string `json:"name,omitempty"`
	// Text says whose turn it is, or that it is nobody's.
	Text string `json:"text"`
	// Why is the rule, or why nobody would receive. Absent in public.
	Why *PictureWhy `json:"why,omitempty"`
}

// PictureWhy is a reason and its article.
type PictureWhy struct {
	// Text says it, with the article.
	Text string `json:"text"`
	// Effect is what it does to the place, where it is about being passed. Absent otherwise.
	Effect workflow.PassEffect `json:"effect,omitempty"`
	// Rule is the article. Absent where no article speaks.
	Rule string `json:"rule,omitempty"`
}

// PictureUnit is a place in the line, or out of it.
type PictureUnit struct {
	// Unit is the unit's id. Absent in public.
	Unit workflow.UnitID `json:"unit,omitempty"`
	// Name is what the unit is called.
	Name string `json:"name"`
	// Rank is the place in the line; the first is 1. Absent out of the line.
	Rank int `json:"rank,omitempty"`
	// Members are the consultants of the unit, in the order in which they receive next.
	Members []PictureMember `json:"members"`
	// IfPassed is what happens to the place when a turn goes past now. Absent while a member is
	// free, out of the line, and in public.
	IfPassed *PictureWhy `json:"if_passed,omitempty"`
	// MakeUp is true when the unit has a right to a make-up. Absent otherwise, and in public.
	MakeUp bool `json:"make_up,omitempty"`
	// Reason is why the unit is out of the line. Absent in the line, and in public.
	Reason workflow.OutReason `json:"reason,omitempty"`
}

// PictureMember is what a consultant does.
type PictureMember struct {
	// Staff is the consultant's id. Absent in public unless names are shown.
	Staff workflow.StaffID `json:"staff,omitempty"`
	// Name is what they are called; the id where they have no name.
	Name string `json:"name"`
	// Pinyin is the initials by which somebody who types finds them. Absent in public, and where
	// there are none.
	Pinyin string `json:"py,omitempty"`
	// Tone is how much it wants to be seen.
	Tone workflow.Tone `json:"tone"`
	// Text says what they do.
	Text string `json:"text"`
	// Why is what keeps them: a presence, receiving, assisting or inactive. Absent when they are
	// free, and in public.
	Why string `json:"why,omitempty"`
	// Since is when that began. Absent when nobody knows, when they are free, and in public.
	Since time.Time `json:"since,omitzero"`
	// Visit is the visit they receive or assist. Absent otherwise, in public, and on a colleague's
	// visit for consultants.
	Visit workflow.VisitID `json:"visit,omitempty"`
	// Allowed are the commands about their presence that the caller may give now. Absent where
	// there are none.
	Allowed []Action `json:"allowed,omitempty"`
}

// PictureVisit is a group in the house.
type PictureVisit struct {
	// Visit is the visit's id. Absent in public, and on a colleague's visit for consultants.
	Visit workflow.VisitID `json:"visit,omitempty"`
	// Number is what the group is called by. Absent in visits from before there were numbers.
	Number string `json:"number,omitempty"`
	// State is how far the visit has come. Absent in public.
	State workflow.State `json:"state,omitempty"`
	// Tone is how much it wants to be seen.
	Tone workflow.Tone `json:"tone"`
	// Text says how far the visit has come.
	Text string `json:"text"`
	// Since is when the group came or, once it is received, when that began.
	Since time.Time `json:"since"`
	// Late is true when the group waits longer than the policy allows. Absent otherwise, and in
	// public.
	Late bool `json:"late,omitempty"`
	// Party is the number of people. Absent when nobody counted, and in public.
	Party int `json:"party,omitempty"`
	// Kind is the kind of visitor. Absent before the first question, in public, and on a
	// colleague's visit for consultants.
	Kind workflow.VisitKind `json:"kind,omitempty"`
	// KindText says the kind in words. Absent like kind.
	KindText string `json:"kind_text,omitempty"`
	// Staff is the consultant who receives. Absent before, and in public unless names are shown.
	Staff workflow.StaffID `json:"staff,omitempty"`
	// Name is what the consultant is called. Absent before somebody receives.
	Name string `json:"name,omitempty"`
	// Role is what the receiver is to the visit. Absent before, in public, and on a colleague's
	// visit for consultants.
	Role workflow.ServerRole `json:"role,omitempty"`
	// Assistants are further consultants who assist. Absent where there are none, and like role.
	Assistants []workflow.StaffID `json:"assistants,omitempty"`
	// Customer is the customer, as far as known. Absent where nobody knows, and like role.
	Customer *PictureCustomer `json:"customer,omitempty"`
	// Person is the masked name and phone. Absent where there is none, and like role.
	Person *Person `json:"person,omitempty"`
	// Claim is what the visitor said at the kiosk, to be confirmed. Absent where nothing was said,
	// and like role.
	Claim *PictureClaim `json:"claim,omitempty"`
	// Allowed are the steps that the caller may take now. Absent where there are none.
	Allowed []Action `json:"allowed,omitempty"`
}

// PictureCustomer is whose customer somebody is.
type PictureCustomer struct {
	// ID is the customer's id.
	ID workflow.CustomerID `json:"id"`
	// Owner is the consultant whose customer it is or was. Absent: nobody's.
	Owner workflow.StaffID `json:"owner,omitempty"`
	// Fresh is true while the first reception responsibility holds. Absent otherwise.
	Fresh bool `json:"fresh,omitempty"`
	// Text says whose customer it is.
	Text string `json:"text"`
}

// PictureClaim is what a visitor says of himself.
type PictureClaim struct {
	workflow.Claim
	// Text says it in words.
	Text string `json:"text"`
}

// PictureCounts are how much waits for somebody. A consultant sees their own.
type PictureCounts struct {
	// Messages are those that were not delivered yet.
	Messages int `json:"messages"`
	// Approvals are requests that wait for a decision.
	Approvals int `json:"approvals"`
	// Disputes wait for a ruling.
	Disputes int `json:"disputes"`
	// Appointments are customers who are expected today.
	Appointments int `json:"appointments"`
	// MakeUps are rights to a make-up that can be granted.
	MakeUps int `json:"make_ups"`
}
