package workflow

import (
	"slices"
	"time"
)

// TicketKind is what somebody comes with.
type TicketKind string

// The kinds of ticket.
const (
	TicketRequest   TicketKind = "request"
	TicketComplaint TicketKind = "complaint"
	TicketQuestion  TicketKind = "question"
)

// TicketChannel is how a matter reached the office.
type TicketChannel string

// The channels.
const (
	TicketInPerson TicketChannel = "in_person"
	TicketByPhone  TicketChannel = "phone"
	TicketOnline   TicketChannel = "online"
)

// TicketGrade says whether a matter is a major one.
type TicketGrade string

// The grades.
const (
	GradeOrdinary TicketGrade = "ordinary"
	GradeMajor    TicketGrade = "major"
)

// TicketState is how far a ticket has come.
type TicketState string

// The states of a ticket.
const (
	TicketOpen     TicketState = "open"
	TicketResolved TicketState = "resolved"
	TicketClosed   TicketState = "closed"
)

// SlipState says whether the liaison slip (工作联络单) of a matter that was solved first is there.
type SlipState string

// The states of a slip.
const (
	SlipNone      SlipState = "none"
	SlipPending   SlipState = "pending"
	SlipSubmitted SlipState = "submitted"
)

// TicketOutcome is how a ticket ended.
type TicketOutcome string

// The outcomes of a ticket.
const (
	OutcomeDone      TicketOutcome = "done"
	OutcomeWithdrawn TicketOutcome = "withdrawn" // the customer wants nothing any more
)

// TicketEvent is what moves a ticket.
type TicketEvent string

// The events of a ticket.
const (
	TicketRecord    TicketEvent = "record"
	TicketHandOver  TicketEvent = "hand_over"
	TicketEscalate  TicketEvent = "escalate"
	TicketCallAgain TicketEvent = "call_again"
	TicketReopen    TicketEvent = "reopen" // he called again: it is not solved
	TicketResolve   TicketEvent = "resolve"
	TicketSlip      TicketEvent = "submit_slip"
	TicketClose     TicketEvent = "close"
	TicketWithdraw  TicketEvent = "withdraw"
)

// ticketMachine is the whole life of a ticket.
var ticketMachine = NewMachine(
	Row[TicketState, TicketEvent]{TicketRecord, []TicketState{TicketOpen}, TicketOpen},
	Row[TicketState, TicketEvent]{TicketRecord, []TicketState{TicketResolved}, TicketResolved},
	Row[TicketState, TicketEvent]{TicketHandOver, []TicketState{TicketOpen}, TicketOpen},
	Row[TicketState, TicketEvent]{TicketEscalate, []TicketState{TicketOpen}, TicketOpen},
	Row[TicketState, TicketEvent]{TicketEscalate, []TicketState{TicketResolved}, TicketResolved},
	Row[TicketState, TicketEvent]{TicketCallAgain, []TicketState{TicketOpen}, TicketOpen},
	Row[TicketState, TicketEvent]{TicketCallAgain, []TicketState{TicketResolved}, TicketResolved},
	Row[TicketState, TicketEvent]{
		TicketReopen, []TicketState{TicketOpen, TicketResolved}, TicketOpen,
	},
	Row[TicketState, TicketEvent]{TicketResolve, []TicketState{TicketOpen}, TicketResolved},
	Row[TicketState, TicketEvent]{TicketSlip, []TicketState{TicketOpen}, TicketOpen},
	Row[TicketState, TicketEvent]{TicketSlip, []TicketState{TicketResolved}, TicketResolved},
	Row[TicketState, TicketEvent]{TicketClose, []TicketState{TicketResolved}, TicketClosed},
	Row[TicketState, TicketEvent]{
		TicketWithdraw, []TicketState{TicketOpen, TicketResolved}, TicketClosed,
	},
)

// SlipEvent is what moves a slip.
type SlipEvent string

// The events of a slip.
const (
	SlipOwe    SlipEvent = "owe"
	SlipHandIn SlipEvent = "hand_in"
)

// slipMachine is the whole life of a ticket's slip: it is owed once the matter was solved first,
// again when that happens again, and handed in once each time.
var slipMachine = NewMachine(
	Row[SlipState, SlipEvent]{
		SlipOwe, []SlipState{SlipNone, SlipPending, SlipSubmitted}, SlipPending,
	},
	Row[SlipState, SlipEvent]{SlipHandIn, []SlipState{SlipPending}, SlipSubmitted},
)

// SlipTransitions are the rows of the slip's state machine.
func SlipTransitions() []Row[SlipState, SlipEvent] { return slipMachine.Rows() }

// TicketTransitions are the rows of the ticket's state machine.
func TicketTransitions() []Row[TicketState, TicketEvent] { return ticketMachine.Rows() }

// Ticket is a matter that somebody brought to the office (policy 3, item 2).
type Ticket struct {
	Head
	// What it is: request, complaint or question.
	Kind TicketKind `json:"kind"`
	// How it reached the office.
	Channel TicketChannel `json:"channel"`
	// Whether it touches a major matter of the office: ordinary or major (policy 3, item 2.5).
	Grade TicketGrade `json:"grade"`
	// Field of the matter; empty where nobody said one.
	Area AreaCode `json:"area,omitempty"`
	// Whether the first responder said that it is within his duties.
	InScope bool `json:"in_scope"`
	// How far the ticket has come.
	State TicketState `json:"state"`
	// Whether a liaison slip is owed, or there.
	Slip SlipState `json:"slip"`
	// Member of staff whom the customer asked first; never changes (policy 3, item 2.1).
	FirstResponder StaffID `json:"first_responder"`
	// Member of staff who has to see to it now.
	Holder StaffID `json:"holder"`
	// Member of staff who solved it last; empty before that.
	ResolvedBy StaffID `json:"resolved_by,omitempty"`
	// Member of staff whom the complaint is about.
	Complained StaffID `json:"about,omitempty"`
	// Customer whose matter it is, where known.
	Customer CustomerID `json:"customer,omitempty"`
	// Visit out of which it came.
	Visit VisitID `json:"visit,omitempty"`
	// Call out of which it came.
	Call RecordID `json:"call,omitempty"`
	// Closed ticket which this one takes up again.
	Follows RecordID `json:"follows,omitempty"`
	// Department of the first responder when it was opened.
	Department Department `json:"department,omitempty"`
	// Ids of the notes on the matter, oldest first; the newest 50.
	Notes []NoteID `json:"notes,omitempty"`
	// Id of the note on how to reach a caller who is no customer.
	Contact NoteID `json:"contact,omitempty"`
	// To whom it was handed on, oldest first; the newest 50.
	Handovers []Handover `json:"handovers,omitempty"`
	// Times at which the customer came again about it, oldest first; the newest 50.
	Repeats []Repeat `json:"calls,omitempty"`
	// Whether the customer was told how it ended; set at closing.
	Told bool `json:"told,omitempty"`
	// How it ended; missing before that.
	Outcome TicketOutcome `json:"outcome,omitempty"`
	// When it was opened.
	OpenedAt time.Time `json:"opened_at"`
	// When it was first written down; nothing is handed on or solved before.
	RecordedAt time.Time `json:"recorded_at,omitzero"`
	// When it was first handed on.
	HandedAt time.Time `json:"handed_at,omitzero"`
	// When it was found to be a major matter (policy 3, item 2.5).
	MajorAt time.Time `json:"major_at,omitzero"`
	// When it was last solved; missing while it is not, also when the customer came again because
	// it was not.
	ResolvedAt time.Time `json:"resolved_at,omitzero"`
	// Whether the first responder solved it on the day on which it was opened, without handing it
	// on.
	FirstContact bool `json:"first_contact,omitempty"`
	// When the slip is late; missing when none is owed, or it never is.
	SlipDueAt time.Time `json:"slip_due_at,omitzero"`
	// When the slip was handed in.
	SlipAt time.Time `json:"slip_at,omitzero"`
	// When it was closed.
	ClosedAt time.Time `json:"closed_at,omitzero"`
	// Day on which it was opened.
	BusinessDay Date `json:"business_day"`
	// Month of that day, such as 2024-03.
	Month Month `json:"month"`
	// Whole seconds from the opening on.
	Seconds TicketSeconds `json:"seconds"`
	// What must be done next; missing when it is closed.
	Next *Next `json:"next,omitempty"`
	Chronicle
}

// Chronicle are the commits that changed a record of the service desk: its history.
type Chronicle struct {
	// Numbers of the commits that changed it.
	Commits []int64 `json:"commits"`
}

// chronicled is a record that knows its history.
type chronicled interface{ changedBy(seq int64) }

func (c *Chronicle) changedBy(seq int64) { c.Commits = append(slices.Clip(c.Commits), seq) }

// History are the commits that changed a record of the service desk, oldest first.
func (c *Chronicle) History() []int64 { return c.Commits }

// Handover is one handing on of a ticket.
type Handover struct {
	// Who had it.
	From StaffID `json:"from"`
	// Who got it.
	To StaffID `json:"to"`
	// Area by which it went.
	Area AreaCode `json:"area"`
	// Whether it stayed within the department of who had it.
	Inside bool `json:"inside,omitempty"`
	// When it was handed on.
	At time.Time `json:"at"`
}

// Repeat is a customer who came again about an open matter.
type Repeat struct {
	// Member of staff who noted it.
	By StaffID `json:"by"`
	// Ticket that he opened for it instead; empty for a mere call.
	Ticket RecordID `json:"ticket,omitempty"`
	// When it was.
	At time.Time `json:"at"`
}

// TicketSeconds are whole seconds from the opening; a time is missing while it has not come.
type TicketSeconds struct {
	// Until the matter was first written down.
	ToRecord *int64 `json:"to_record,omitempty"`
	// Until it was first handed on.
	ToHandover *int64 `json:"to_handover,omitempty"`
	// Until the general manager was told of a major matter.
	ToMajor *int64 `json:"to_major,omitempty"`
	// Until it was last solved.
	ToResolve *int64 `json:"to_resolve,omitempty"`
	// Until it was closed.
	ToClose *int64 `json:"to_close,omitempty"`
}

// Ref names the ticket's record.
func (t *Ticket) Ref() Ref { return Ref{Tickets, t.ID} }

func (t *Ticket) next() *Next { return t.Next }

func (t *Ticket) clone() Record {
	k := *t
	k.Notes, k.Handovers = slices.Clone(t.Notes), slices.Clone(t.Handovers)
	k.Repeats = slices.Clone(t.Repeats)
	if t.Next != nil {
		n := *t.Next
		k.Next = &n
	}
	return &k
}

// keptNotes is how many notes, steps and repeats a record of the service desk keeps; the journal
// keeps all.
const keptNotes = 50

// keep appends to a list of which a record keeps the newest.
func keep[T any](list []T, items ...T) []T {
	list = append(list, items...)
	return list[max(0, len(list)-keptNotes):]
}

// annotate adds a note to the ticket; the first one makes it a recorded one.
func (t *Ticket) annotate(n NoteID, at time.Time) {
	if n == "" {
		return
	}
	t.Notes = keep(t.Notes, n)
	if t.RecordedAt.IsZero() {
		t.RecordedAt = at
	}
}

// judgesHimself reports whether a complaint is about somebody who did not take it himself: nothing
// of it is his to do (A77).
func (t *Ticket) judgesHimself(s StaffID) bool {
	return s == t.Complained && s != t.FirstResponder
}

// read writes the seconds of a ticket as it stands.
func (t *Ticket) read() {
	t.Seconds = TicketSeconds{
		ToRecord:   seconds(t.OpenedAt, t.RecordedAt),
		ToHandover: seconds(t.OpenedAt, t.HandedAt),
		ToMajor:    seconds(t.OpenedAt, t.MajorAt),
		ToResolve:  seconds(t.OpenedAt, t.ResolvedAt),
		ToClose:    seconds(t.OpenedAt, t.ClosedAt),
	}
}

// ticketNeeds names a ticket and, once the board holds it, its customer and what it came out of.
func (b *Board) ticketNeeds(id RecordID) []Ref {
	refs := []Ref{recordRef(Tickets, id)}
	if t, ok := b.records[recordRef(Tickets, id)].(*Ticket); ok && t.Site == b.ID {
		refs = append(refs, visitRef(t.Visit), recordRef(Calls, t.Call),
			customerRef(b.whoseTicket(t)))
	}
	return refs
}

// whoseTicket is the customer whose matter a ticket is: the one it names, else the one of the visit
// or the call out of which it came.
func (b *Board) whoseTicket(t *Ticket) CustomerID {
	if t.Customer != "" {
		return t.Customer
	}
	v, ok := b.records[visitRef(t.Visit)].(*Visit)
	if ok && v.Site == b.ID && v.Customer != "" {
		return v.Customer
	}
	if k, ok := b.records[recordRef(Calls, t.Call)].(*Call); ok && k.Site == b.ID {
		return k.Customer
	}
	return ""
}

// seeTicket is a ticket as it stands; nil with a refusal when there is none.
func (d *draft) seeTicket(id RecordID) (*Ticket, *Fault) {
	t, ok := look[*Ticket](d, recordRef(Tickets, id))
	if !ok || t.Site != d.ID {
		return nil, notFound("ticket", string(id))
	}
	return t, nil
}

// moveTicket takes a ticket through an event and returns it to be changed.
func (d *draft) moveTicket(t *Ticket, e TicketEvent, rule string) (*Ticket, *Fault) {
	to, f := moveTo(ticketMachine, "ticket", t.ID, t.State, e, rule)
	if f != nil {
		return nil, f
	}
	t = edit[*Ticket](d, t.Ref())
	t.State = to
	d.subject = t.Ref()
	return t, nil
}

// settle writes what must be done next about a ticket on which something was just done.
func (d *draft) settle(t *Ticket, a *ServiceAdoption) {
	hours := func(n int) time.Duration { return time.Duration(n) * time.Hour }
	was := t.Next
	switch {
	case t.State == TicketClosed:
		t.Next = nil
	case t.State == TicketOpen:
		t.Next = next(ItemTicket, forStaff(t.Holder), d.now,
			hours(a.Parameters.Ticket.RemindHours))
	case t.Slip == SlipPending:
		if was != nil && was.What == ItemSlip { // the hours run from the solving on
			break
		}
		t.Next = next(ItemSlip, forStaff(t.ResolvedBy), t.ResolvedAt,
			hours(a.Parameters.Slip.RemindHours))
	default:
		t.Next = next(ItemClose, forStaff(t.Holder), d.now, 0)
	}
	if was != nil && t.Next != nil && was.What == t.Next.What && was.Who == t.Next.Who {
		t.Next.At = was.At
	}
	t.read()
}

// moveTo is the state to which an event moves a record of the service desk, or why it cannot.
func moveTo[S, E ~string](
	m *Machine[S, E], noun, id string, from S, e E, rule string,
) (S, *Fault) {
	to, ok := m.Target(from, e)
	if ok {
		return to, nil
	}
	f := &Fault{
		Class: ClassWrongState, Code: "transition", Rule: rule,
		Args: pairs("what", noun, "id", id, "stage", string(from), "step", string(e)),
	}
	switch {
	case noun != "fault":
	case string(e) == string(FaultRelay) && string(from) == string(FaultReported):
		f.Class, f.Code = ClassRefused, "not_filed"
	case string(e) == string(FaultFeedBack) && string(from) != string(FaultClosed):
		f.Class, f.Code = ClassRefused, "analysis_missing"
	}
	for _, a := range m.Allowed(from) {
		if !slices.Contains(f.Allowed, string(a)) {
			f.Allowed = append(f.Allowed, string(a))
		}
	}
	return from, f
}
