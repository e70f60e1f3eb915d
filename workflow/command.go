package workflow

import "time"

// ---- sites, staff, policy ----

// CreateSite is commit 1 of a site.
type CreateSite struct {
	Site     SiteID      `json:"site"`
	Zone     string      `json:"zone"`
	Hours    [7]DayHours `json:"hours"`
	Holidays []Date      `json:"holidays,omitempty"`
	Duty     []DutyShift `json:"duty,omitempty"`
	Policy   Policy      `json:"policy"`
	Staff    []NewStaff  `json:"staff,omitempty"`
	// Keys are those that the site begins with.
	Keys []MakeKey `json:"keys,omitempty"`
}

// NewStaff is somebody to add. A consultant is put at the tail of the line unless he belongs to a team.
type NewStaff struct {
	Staff StaffID `json:"staff"`
	Role  Role    `json:"role"`
	Team  UnitID  `json:"team,omitempty"`
	// OffRoster: a consultant who is not put in the line yet.
	OffRoster bool `json:"off_roster,omitempty"`
}

// ChangeSite changes what is not nil.
type ChangeSite struct {
	Zone     string       `json:"zone,omitempty"`
	Hours    *[7]DayHours `json:"hours,omitempty"`
	Holidays *[]Date      `json:"holidays,omitempty"`
	Duty     *[]DutyShift `json:"duty,omitempty"`
	// Consent is a new wording; it gets the next version.
	Consent *Wording `json:"consent,omitempty"`
	// NoteClock: the site's time stands in the future. From now on every commit carries what the clock says beside its time, until
	// the clock has caught up.
	NoteClock bool `json:"note_clock,omitempty"`
}

// AdoptPolicy puts a policy in force from a day on (policy 1, art. 51 and 52).
type AdoptPolicy struct {
	From   Date   `json:"from"`
	Policy Policy `json:"policy"`
}

// AddStaff adds a member of staff.
type AddStaff struct{ NewStaff }

// ChangeStaff changes a member of staff; inactive staff leave the rotation.
type ChangeStaff struct {
	Staff  StaffID `json:"staff"`
	Role   Role    `json:"role,omitempty"`
	Active *bool   `json:"active,omitempty"`
}

// ---- keys ----

// MakeKey makes an API key. The command carries no secret: that is written down, hashed, behind the commit.
type MakeKey struct {
	Key       KeyID     `json:"key"`
	Role      Role      `json:"role"`
	Staff     StaffID   `json:"staff,omitempty"`
	Sites     []SiteID  `json:"sites,omitempty"`
	ExpiresAt time.Time `json:"expires_at,omitzero"`
}

// RotateKey puts a new secret of a key in force; the one before it goes on working for Overlap seconds.
type RotateKey struct {
	Key     KeyID      `json:"key"`
	Overlap int        `json:"overlap_s,omitempty"`
	Was     *FormerKey `json:"was,omitempty"`
}

// RevokeKey ends a key for good.
type RevokeKey struct {
	Key KeyID      `json:"key"`
	Was *FormerKey `json:"was,omitempty"`
}

// FormerKey is a key that was made before keys stood in the journal; it counts only where the journal does not know the key.
type FormerKey struct {
	Role      Role      `json:"role"`
	Staff     StaffID   `json:"staff,omitempty"`
	Sites     []SiteID  `json:"sites,omitempty"`
	CreatedAt time.Time `json:"created_at,omitzero"`
	RevokedAt time.Time `json:"revoked_at,omitzero"`
}

// ---- the rota ----

// OpenDay opens a business day; those in Away have the day off.
type OpenDay struct {
	Date Date      `json:"date"`
	Away []StaffID `json:"away,omitempty"`
}

// CloseDay closes the business day and says who opens the next one (policy 1, art. 7). Date, when given, is the day meant: the
// timer of a day that nobody closed must not close the next one.
type CloseDay struct {
	Date Date `json:"date,omitempty"`
}

// Reorder sets the line: a permutation of it (policy 1, art. 4).
type Reorder struct {
	Line   []UnitID `json:"line"`
	Reason string   `json:"reason"`
	Note   NoteID   `json:"note,omitempty"`
}

// GrantMakeUp places a unit that has a make-up right at a position of the line, 1 = first (RS-16).
type GrantMakeUp struct {
	Unit     UnitID `json:"unit"`
	Position int    `json:"position"`
	Reason   string `json:"reason,omitempty"`
}

// StartEvent puts the manager's plan in force (policy 1, art. 5).
type StartEvent struct {
	Order []UnitID  `json:"order"`
	ToAt  time.Time `json:"to_at,omitzero"`
}

// EndEvent ends the plan.
type EndEvent struct{}

// ChangeRoster adds units to the tail and takes units off.
type ChangeRoster struct {
	Add    []Unit   `json:"add,omitempty"`
	Remove []UnitID `json:"remove,omitempty"`
}

// Leave says that a consultant leaves the floor: personal, leave, day_off or company_duty.
type Leave struct {
	Who       StaffID  `json:"who"`
	Reason    Presence `json:"reason"`
	OrderedBy StaffID  `json:"ordered_by,omitempty"`
	Until     Date     `json:"until,omitempty"`
}

// Return says that a consultant is back on the floor.
type Return struct {
	Who StaffID `json:"who"`
}

// Busy says that a consultant on site has other work: chores or leader_task.
type Busy struct {
	Who       StaffID  `json:"who"`
	With      Presence `json:"with"`
	OrderedBy StaffID  `json:"ordered_by,omitempty"`
}

// Free says that the other work is done.
type Free struct {
	Who StaffID `json:"who"`
}

// ---- visits ----

// Identity is what the first question brought to light (policy 1, art. 12).
type Identity struct {
	Kind     VisitKind  `json:"kind"`
	Customer CustomerID `json:"customer,omitempty"`
	// NewCustomer: Customer is a fresh id for somebody whose person was just recorded.
	NewCustomer bool       `json:"new_customer,omitempty"`
	Named       StaffID    `json:"named,omitempty"`
	BroughtBy   CustomerID `json:"brought_by,omitempty"`
	Appointment StaffID    `json:"appointment,omitempty"`
	Delegate    StaffID    `json:"delegate,omitempty"`
	Groups      int        `json:"groups,omitempty"`
	Party       int        `json:"party,omitempty"`
	Purpose     string     `json:"purpose,omitempty"`
}

// ArriveVisit creates a visit; with Identity and Assign it goes on at once, in one commit.
type ArriveVisit struct {
	Visit   VisitID `json:"visit"`
	Party   int     `json:"party,omitempty"`
	Channel string  `json:"channel,omitempty"`
	// Customer, NewCustomer: a person left at the kiosk.
	Customer    CustomerID `json:"customer,omitempty"`
	NewCustomer bool       `json:"new_customer,omitempty"`
	Identify    *Identity  `json:"identify,omitempty"`
	Assign      bool       `json:"assign,omitempty"`
	// IfFree, with Assign: where nobody may receive the visitor now he waits, instead of not having come.
	IfFree bool `json:"if_free,omitempty"`
}

// IdentifyVisit answers the first question.
type IdentifyVisit struct {
	Visit VisitID `json:"visit"`
	Identity
}

// RecogniseVisit is a consultant's claim that he knows the visitor (policy 1, art. 14).
type RecogniseVisit struct {
	Visit    VisitID    `json:"visit"`
	Who      StaffID    `json:"who"`
	Customer CustomerID `json:"customer,omitempty"`
}

// StandInFor lets By receive a turn visit for For (policy 2, item 10).
type StandInFor struct {
	For StaffID `json:"for"`
	By  StaffID `json:"by"`
}

// AssignVisit gives the visit to whom the rules say; To with a reason is the supervisor's choice against the order.
type AssignVisit struct {
	Visit      VisitID     `json:"visit"`
	To         StaffID     `json:"to,omitempty"`
	Reason     string      `json:"reason,omitempty"`
	Note       NoteID      `json:"note,omitempty"`
	Concurrent bool        `json:"concurrent,omitempty"`
	StandIn    *StandInFor `json:"stand_in,omitempty"`
}

// ReidentifyVisit corrects the identity of a visit that is being received (A62).
type ReidentifyVisit struct {
	Visit VisitID `json:"visit"`
	Identity
}

// ServeVisit ends the reception.
type ServeVisit struct {
	Visit       VisitID `json:"visit"`
	Topic       Topic   `json:"topic,omitempty"`
	ExplainedTo StaffID `json:"explained_to,omitempty"`
}

// RegisterVisit enters the visit in the visitor register; with Serve the reception ends in the same commit.
type RegisterVisit struct {
	Visit VisitID     `json:"visit"`
	Serve *ServeVisit `json:"serve,omitempty"`
	Topic Topic       `json:"topic,omitempty"`
	// Customer is the id for the customer record that registration makes when the visit has none yet.
	Customer CustomerID `json:"customer,omitempty"`
	// Matches: the form showed that the visitor is this known customer.
	Matches CustomerID `json:"matches,omitempty"`
	Form    *Form      `json:"form,omitempty"`
}

// AbandonVisit ends a visit whose visitor left.
type AbandonVisit struct {
	Visit  VisitID `json:"visit"`
	Reason string  `json:"reason,omitempty"`
	Note   NoteID  `json:"note,omitempty"`
}

// MergeVisit joins a visit to another: groups that arranged to view together (policy 1, art. 50).
type MergeVisit struct {
	Visit VisitID `json:"visit"`
	Into  VisitID `json:"into"`
}

// ChangeLead gives a running reception to somebody else on the customer's demand (policy 1, art. 16).
type ChangeLead struct {
	Visit  VisitID `json:"visit"`
	To     StaffID `json:"to"`
	Reason string  `json:"reason"`
	Note   NoteID  `json:"note,omitempty"`
}

// HandOver returns the customer from an assistant to the principal (RS-18).
type HandOver struct {
	Visit VisitID `json:"visit"`
	To    StaffID `json:"to"`
}

// AddAssistant appoints or invites a consultant to help (policy 1, art. 10 and 32).
type AddAssistant struct {
	Visit VisitID `json:"visit"`
	Who   StaffID `json:"who"`
}

// ---- customers ----

// RecordFollowUp records a contact outside a reception (policy 1, art. 17).
type RecordFollowUp struct {
	Customer CustomerID `json:"customer"`
	By       StaffID    `json:"by,omitempty"`
	Channel  string     `json:"channel,omitempty"`
	// Unreached: nobody answered; it does not keep the customer fresh.
	Unreached bool   `json:"unreached,omitempty"`
	Note      NoteID `json:"note,omitempty"`
}

// RecordDeal records a step of a purchase or its refund.
type RecordDeal struct {
	Customer CustomerID     `json:"customer"`
	Deal     DealID         `json:"deal"`
	Unit     string         `json:"unit,omitempty"`
	Status   CustomerStatus `json:"status"`
	Amount   int64          `json:"amount,omitempty"` // fen
	Helpers  []StaffID      `json:"helpers,omitempty"`
}

// ReassignCustomer gives a customer another owner by the manager's decision (RS-15).
type ReassignCustomer struct {
	Customer CustomerID `json:"customer"`
	To       StaffID    `json:"to"`
	Reason   string     `json:"reason,omitempty"`
	Note     NoteID     `json:"note,omitempty"`
}

// CoverCustomer names a colleague to accompany the paperwork (policy 1, art. 37).
type CoverCustomer struct {
	Customer CustomerID `json:"customer"`
	To       StaffID    `json:"to"`
	Reason   string     `json:"reason,omitempty"`
}

// ImportCustomer records a customer whom the office had before it used lunpai: owner, status and last contact as its
// paper book says.
type ImportCustomer struct {
	Customer      CustomerID     `json:"customer"`
	Owner         StaffID        `json:"owner,omitempty"`
	Status        CustomerStatus `json:"status"`
	LastContactAt time.Time      `json:"last_contact_at,omitzero"`
}

// ---- personal data: the journal says who did it and about whom, never what stands there ----

// SearchCustomer looks a customer up by his phone. Customer is who was found.
type SearchCustomer struct {
	Customer CustomerID `json:"customer,omitempty"`
}

// ShowPerson shows a customer's name and phone in full.
type ShowPerson struct {
	Customer CustomerID `json:"customer"`
	Reason   string     `json:"reason"`
}

// ChangePerson writes who a customer is.
type ChangePerson struct {
	Customer CustomerID `json:"customer"`
}

// ErasePerson erases what is known of a customer for good: name, phone and the notes that hang on him.
type ErasePerson struct {
	Customer CustomerID `json:"customer"`
}

// ShowNote shows free text. Of is the record that it hangs on.
type ShowNote struct {
	Note   NoteID `json:"note"`
	Of     Ref    `json:"of"`
	Reason string `json:"reason"`
}

// EraseNote erases free text for good.
type EraseNote struct {
	Note NoteID `json:"note"`
}

// ---- phone, desk and other matters ----

// TakeCall notes a call on the sales telephone.
type TakeCall struct {
	Call     RecordID   `json:"call"`
	For      StaffID    `json:"for,omitempty"`
	Customer CustomerID `json:"customer,omitempty"`
	Note     NoteID     `json:"note,omitempty"` // the caller's contact
}

// RequestApproval asks for what is beyond a consultant's authority (policy 1, art. 24).
type RequestApproval struct {
	Approval RecordID `json:"approval"`
	Subject  string   `json:"subject"` // engineering, discount, delay_signing, payment_method, other
	By       StaffID  `json:"by,omitempty"`
	Note     NoteID   `json:"note,omitempty"`
}

// DecideApproval grants or refuses it.
type DecideApproval struct {
	Approval RecordID `json:"approval"`
	Grant    bool     `json:"grant"`
}

// OpenDispute starts a dispute about a customer (policy 1, art. 35).
type OpenDispute struct {
	Dispute   RecordID   `json:"dispute"`
	Customer  CustomerID `json:"customer"`
	Claimants []StaffID  `json:"claimants"`
	Note      NoteID     `json:"note,omitempty"`
}

// MakeRuling is the manager's word (policy 1, art. 51).
type MakeRuling struct {
	Ruling  RecordID `json:"ruling"`
	Dispute RecordID `json:"dispute,omitempty"`
	Note    NoteID   `json:"note,omitempty"`
}

// NoteConduct records conduct against an article.
type NoteConduct struct {
	Conduct RecordID `json:"conduct"`
	Rule    string   `json:"rule"`
	Who     StaffID  `json:"who"`
	Note    NoteID   `json:"note,omitempty"`
}

// CompleteCheck ticks an item of a checklist.
type CompleteCheck struct {
	Check RecordID `json:"check"`
	Item  string   `json:"item"`
	Visit VisitID  `json:"visit,omitempty"`
	By    StaffID  `json:"by,omitempty"`
}

// GiveCard records a business card given to a customer (policy 1, art. 33).
type GiveCard struct {
	Card      RecordID   `json:"card"`
	Customer  CustomerID `json:"customer"`
	By        StaffID    `json:"by,omitempty"`
	Requested bool       `json:"requested_by_customer,omitempty"`
	Consent   bool       `json:"consent,omitempty"`
}

// VacateSeat reports that the first seat of the desk stands empty (policy 2, item 04).
type VacateSeat struct {
	Vacancy RecordID `json:"vacancy"`
}

// NotifySeat passes the duty to fill it on.
type NotifySeat struct {
	From StaffID `json:"from"`
	To   StaffID `json:"to"`
}

// FillSeat reports that somebody sits there again.
type FillSeat struct {
	By StaffID `json:"by,omitempty"`
}

// CheckVacancy says who answers for the empty seat.
type CheckVacancy struct{}

// RemindWaiting brings a visitor who waits too long to the supervisor's notice (policy 1, art. 4).
type RemindWaiting struct {
	Visit VisitID `json:"visit"`
}

// The names of the commands in the journal.
const (
	KindCreateSite       Kind = "create_site"
	KindChangeSite       Kind = "change_site"
	KindAdoptPolicy      Kind = "adopt_policy"
	KindAddStaff         Kind = "add_staff"
	KindChangeStaff      Kind = "change_staff"
	KindMakeKey          Kind = "make_key"
	KindRotateKey        Kind = "rotate_key"
	KindRevokeKey        Kind = "revoke_key"
	KindOpenDay          Kind = "open_day"
	KindCloseDay         Kind = "close_day"
	KindReorder          Kind = "reorder"
	KindGrantMakeUp      Kind = "grant_make_up"
	KindStartEvent       Kind = "start_event"
	KindEndEvent         Kind = "end_event"
	KindChangeRoster     Kind = "change_roster"
	KindLeave            Kind = "leave"
	KindReturn           Kind = "return"
	KindBusy             Kind = "busy"
	KindFree             Kind = "free"
	KindArriveVisit      Kind = "arrive_visit"
	KindIdentifyVisit    Kind = "identify_visit"
	KindRecogniseVisit   Kind = "recognise_visit"
	KindAssignVisit      Kind = "assign_visit"
	KindReidentifyVisit  Kind = "reidentify_visit"
	KindServeVisit       Kind = "serve_visit"
	KindRegisterVisit    Kind = "register_visit"
	KindAbandonVisit     Kind = "abandon_visit"
	KindMergeVisit       Kind = "merge_visit"
	KindChangeLead       Kind = "change_lead"
	KindHandOver         Kind = "hand_over"
	KindAddAssistant     Kind = "add_assistant"
	KindRecordFollowUp   Kind = "record_follow_up"
	KindRecordDeal       Kind = "record_deal"
	KindReassignCustomer Kind = "reassign_customer"
	KindCoverCustomer    Kind = "cover_customer"
	KindImportCustomer   Kind = "import_customer"
	KindSearchCustomer   Kind = "search_customer"
	KindShowPerson       Kind = "show_person"
	KindChangePerson     Kind = "change_person"
	KindErasePerson      Kind = "erase_person"
	KindShowNote         Kind = "show_note"
	KindEraseNote        Kind = "erase_note"
	KindTakeCall         Kind = "take_call"
	KindRequestApproval  Kind = "request_approval"
	KindDecideApproval   Kind = "decide_approval"
	KindOpenDispute      Kind = "open_dispute"
	KindMakeRuling       Kind = "make_ruling"
	KindNoteConduct      Kind = "note_conduct"
	KindCompleteCheck    Kind = "complete_check"
	KindGiveCard         Kind = "give_card"
	KindVacateSeat       Kind = "vacate_seat"
	KindNotifySeat       Kind = "notify_seat"
	KindFillSeat         Kind = "fill_seat"
	KindRemindWaiting    Kind = "remind_waiting"
	KindCheckVacancy     Kind = "check_vacancy"
)

// Kinds lists every command by name.
var Kinds = []Kind{
	KindCreateSite, KindChangeSite, KindAdoptPolicy, KindAddStaff, KindChangeStaff,
	KindMakeKey, KindRotateKey, KindRevokeKey,
	KindOpenDay, KindCloseDay, KindReorder, KindGrantMakeUp, KindStartEvent, KindEndEvent, KindChangeRoster,
	KindLeave, KindReturn, KindBusy, KindFree,
	KindArriveVisit, KindIdentifyVisit, KindRecogniseVisit, KindAssignVisit, KindReidentifyVisit, KindServeVisit,
	KindRegisterVisit, KindAbandonVisit, KindMergeVisit, KindChangeLead, KindHandOver, KindAddAssistant,
	KindRecordFollowUp, KindRecordDeal, KindReassignCustomer, KindCoverCustomer, KindImportCustomer,
	KindSearchCustomer, KindShowPerson, KindChangePerson, KindErasePerson, KindShowNote, KindEraseNote,
	KindTakeCall, KindRequestApproval, KindDecideApproval, KindOpenDispute, KindMakeRuling, KindNoteConduct, KindCompleteCheck, KindGiveCard, KindVacateSeat, KindNotifySeat, KindFillSeat, KindCheckVacancy, KindRemindWaiting,
}
