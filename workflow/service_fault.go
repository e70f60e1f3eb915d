package workflow

import (
	"slices"
	"time"
)

// FaultState is how far a major fault has come.
type FaultState string

// The states of a major fault.
const (
	FaultReported FaultState = "reported"
	FaultFiled    FaultState = "filed"
	FaultTracking FaultState = "tracking"
	FaultEnded    FaultState = "ended"
	FaultAnalysed FaultState = "analysed"
	FaultClosed   FaultState = "closed"
)

// FaultEvent is what moves a major fault.
type FaultEvent string

// The events of a major fault.
const (
	FaultFile     FaultEvent = "file"
	FaultRelay    FaultEvent = "relay"
	FaultTrack    FaultEvent = "track"
	FaultEnd      FaultEvent = "end"
	FaultAnalyse  FaultEvent = "analyse"
	FaultFeedBack FaultEvent = "feed_back"
)

// faultMachine is the whole life of a major fault (policy 3, item 7).
var faultMachine = NewMachine(
	Row[FaultState, FaultEvent]{FaultFile, []FaultState{FaultReported}, FaultFiled},
	Row[FaultState, FaultEvent]{FaultRelay, []FaultState{FaultFiled}, FaultTracking},
	Row[FaultState, FaultEvent]{FaultTrack, []FaultState{FaultTracking}, FaultTracking},
	Row[FaultState, FaultEvent]{FaultEnd, []FaultState{FaultTracking}, FaultEnded},
	Row[FaultState, FaultEvent]{FaultAnalyse, []FaultState{FaultEnded}, FaultAnalysed},
	Row[FaultState, FaultEvent]{FaultFeedBack, []FaultState{FaultAnalysed}, FaultClosed},
)

// FaultTransitions are the rows of the major fault's state machine.
func FaultTransitions() []Row[FaultState, FaultEvent] { return faultMachine.Rows() }

// MajorFault is a major fault of a building or a system (policy 3, item 7).
type MajorFault struct {
	Head
	// How far the fault has come.
	State FaultState `json:"state"`
	// Member of staff who reported it.
	ReportedBy StaffID `json:"reported_by"`
	// When it happened.
	OccurredAt time.Time `json:"occurred_at"`
	// Id of the note on where it happened.
	Place NoteID `json:"place"`
	// Id of the note on what is wrong.
	Symptoms NoteID `json:"symptoms"`
	// Id of the note on what is done about it.
	Plan NoteID `json:"plan"`
	// Departments that were told.
	Departments []Department `json:"departments,omitempty"`
	// Project that has the fault.
	Project ProjectID `json:"project,omitempty"`
	// Ticket that led to it.
	Ticket RecordID `json:"ticket,omitempty"`
	// Earlier fault that has come back.
	Recurs RecordID `json:"recurs,omitempty"`
	// Id of the note on what it did.
	Impact NoteID `json:"impact,omitempty"`
	// Id of the note on how it was handled.
	Handling NoteID `json:"handling,omitempty"`
	// Id of the note on its cause.
	Cause NoteID `json:"cause,omitempty"`
	// Id of the note on what is done against it from now on.
	Measures NoteID `json:"measures,omitempty"`
	// Ids of the notes on its course, oldest first; the newest 50.
	Track []NoteID `json:"track,omitempty"`
	// To whom the analysis was fed back.
	FedBack []string `json:"fed_back,omitempty"`
	// When it was reported.
	ReportedAt time.Time `json:"reported_at"`
	// When it was filed.
	FiledAt time.Time `json:"filed_at,omitzero"`
	// When it was passed on to the top management.
	RelayedAt time.Time `json:"relayed_at,omitzero"`
	// When it ended.
	EndedAt time.Time `json:"ended_at,omitzero"`
	// When the analysis is late.
	AnalysisDueAt time.Time `json:"analysis_due_at,omitzero"`
	// When it was analysed.
	AnalysedAt time.Time `json:"analysed_at,omitzero"`
	// When the analysis was fed back.
	ClosedAt time.Time `json:"closed_at,omitzero"`
	// Day on which it was reported.
	BusinessDay Date `json:"business_day"`
	// Month of that day, such as 2024-03.
	Month Month `json:"month"`
	// What must be done next; missing when it is closed.
	Next *Next `json:"next,omitempty"`
	Chronicle
}

// Ref names the fault's record.
func (x *MajorFault) Ref() Ref { return Ref{MajorFaults, x.ID} }

func (x *MajorFault) next() *Next { return x.Next }

func (x *MajorFault) clone() Record {
	k := *x
	k.Departments, k.Track = slices.Clone(x.Departments), slices.Clone(x.Track)
	k.FedBack = slices.Clone(x.FedBack)
	if x.Next != nil {
		n := *x.Next
		k.Next = &n
	}
	return &k
}

// moveFault finds a fault and takes it through an event.
func (d *draft) moveFault(id RecordID, e FaultEvent) (*MajorFault, *ServiceAdoption, *Fault) {
	a, f := d.desk()
	if f != nil {
		return nil, nil, f
	}
	x, ok := look[*MajorFault](d, recordRef(MajorFaults, id))
	if !ok || x.Site != d.ID {
		return nil, nil, notFound("fault", string(id))
	}
	hats := []Hat{DivisionManager}
	switch e {
	case FaultAnalyse:
		hats = []Hat{TechHead}
	case FaultFeedBack:
		hats = []Hat{TechHead, DivisionManager}
	case FaultFile, FaultRelay, FaultTrack, FaultEnd:
	}
	if f := d.underHat("P3-7", hats...); f != nil {
		return nil, nil, f
	}
	to, f := moveTo(faultMachine, "fault", x.ID, x.State, e, "P3-7")
	if f != nil {
		return nil, nil, f
	}
	x = edit[*MajorFault](d, x.Ref())
	x.State = to
	d.subject = x.Ref()
	return x, a, nil
}

// due writes what must be done next about a fault.
func (d *draft) due(x *MajorFault, p *ServiceParameters) {
	manager, head := forHat(DivisionManager), forHat(TechHead)
	relay := time.Duration(p.Fault.RelayMin) * time.Minute
	days := time.Duration(p.Fault.AnalysisDays) * 24 * time.Hour
	switch x.State {
	case FaultReported:
		x.Next = next(ItemFault, manager, x.ReportedAt, relay)
	case FaultFiled:
		x.Next = next(ItemFault, manager, x.FiledAt, relay)
	case FaultTracking:
		x.Next = next(ItemFault, manager, x.RelayedAt, 0)
	case FaultEnded:
		x.Next = next(ItemFault, head, x.EndedAt, days)
		x.AnalysisDueAt = x.Next.DueAt
	case FaultAnalysed:
		x.Next = next(ItemFault, head, x.AnalysedAt, 0)
	case FaultClosed:
		x.Next = nil
	}
}
