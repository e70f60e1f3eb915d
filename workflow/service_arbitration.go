package workflow

import (
	"slices"
	"time"
)

// ArbitrationState is how far a case between departments has come.
type ArbitrationState string

// The states of an arbitration.
const (
	ArbitrationOpen     ArbitrationState = "open"
	ArbitrationRuled    ArbitrationState = "ruled"
	ArbitrationExecuted ArbitrationState = "executed"
)

// ArbitrationEvent is what moves an arbitration.
type ArbitrationEvent string

// The events of an arbitration.
const (
	ArbitrationOpinion ArbitrationEvent = "add_opinion"
	ArbitrationRule    ArbitrationEvent = "rule"
	ArbitrationConfirm ArbitrationEvent = "confirm"
)

// arbitrationMachine is the whole life of an arbitration (policy 3, item 6).
var arbitrationMachine = NewMachine(
	Row[ArbitrationState, ArbitrationEvent]{
		ArbitrationOpinion, []ArbitrationState{ArbitrationOpen}, ArbitrationOpen,
	},
	Row[ArbitrationState, ArbitrationEvent]{
		ArbitrationRule, []ArbitrationState{ArbitrationOpen}, ArbitrationRuled,
	},
	Row[ArbitrationState, ArbitrationEvent]{
		ArbitrationConfirm, []ArbitrationState{ArbitrationRuled}, ArbitrationExecuted,
	},
)

// ArbitrationTransitions are the rows of the arbitration's state machine.
func ArbitrationTransitions() []Row[ArbitrationState, ArbitrationEvent] {
	return arbitrationMachine.Rows()
}

// Arbitration is a case on which departments do not agree (policy 3, item 6): the Office rules, on
// all opinions, and sees that it is carried out.
type Arbitration struct {
	Head
	// Department that needs something and leads.
	Lead Department `json:"lead"`
	// How far the case has come.
	State ArbitrationState `json:"state"`
	// Opinions, one a department, in the order in which departments were first heard.
	Opinions []Opinion `json:"opinions,omitempty"`
	// Ticket that led to it.
	Ticket RecordID `json:"ticket,omitempty"`
	// Member of staff who opened it.
	OpenedBy StaffID `json:"opened_by"`
	// Member of staff who ruled.
	RuledBy StaffID `json:"ruled_by,omitempty"`
	// Id of the note that holds the ruling.
	Note NoteID `json:"note,omitempty"`
	// Id of the note on how it was carried out.
	Execution NoteID `json:"execution,omitempty"`
	// When it was opened.
	OpenedAt time.Time `json:"opened_at"`
	// When it was ruled.
	RuledAt time.Time `json:"ruled_at,omitzero"`
	// When it was seen to be carried out.
	ExecutedAt time.Time `json:"executed_at,omitzero"`
	// What must be done next; missing when it is carried out.
	Next *Next `json:"next,omitempty"`
	Chronicle
}

// Opinion is what a department says; the newest stands.
type Opinion struct {
	// Department whose opinion it is.
	Department Department `json:"department"`
	// Member of staff who gave it.
	By StaffID `json:"by"`
	// When it was given.
	At time.Time `json:"at"`
	// Id of the note that holds it.
	Note NoteID `json:"note,omitempty"`
}

// Ref names the case's record.
func (x *Arbitration) Ref() Ref { return Ref{Arbitrations, x.ID} }

func (x *Arbitration) next() *Next { return x.Next }

func (x *Arbitration) clone() Record {
	k := *x
	k.Opinions = slices.Clone(x.Opinions)
	if x.Next != nil {
		n := *x.Next
		k.Next = &n
	}
	return &k
}

// party reports whether a department leads or was heard.
func (x *Arbitration) party(dep Department) bool {
	return x.Lead == dep || x.heard(dep) >= 0
}

func (x *Arbitration) heard(dep Department) int {
	return slices.IndexFunc(x.Opinions, func(o Opinion) bool { return o.Department == dep })
}

// hear enters an opinion; the newest of a department stands.
func (x *Arbitration) hear(o Opinion) {
	if i := x.heard(o.Department); i >= 0 {
		x.Opinions[i] = o
		return
	}
	x.Opinions = append(x.Opinions, o)
}

// enough is how many departments must be heard before the Office rules.
const enough = 2

// wait writes what must be done next about a case. The manager acts where the Office is a party.
func (d *draft) wait(x *Arbitration) {
	who := forDepartment(GeneralOffice)
	if x.party(GeneralOffice) {
		who = forManager
	}
	switch {
	case x.State == ArbitrationExecuted:
		x.Next = nil
	case x.State == ArbitrationRuled:
		x.Next = next(ItemArbitration, who, x.RuledAt, 0)
	case len(x.Opinions) >= enough:
		x.Next = next(ItemArbitration, who, d.now, 0)
	default:
		x.Next = next(ItemOpinion, forDepartment(x.Lead), x.OpenedAt, 0)
	}
}

// mayRule lets the Office rule; the manager where it is a party, or nobody is in it.
func (d *draft) mayRule(x *Arbitration) *Fault {
	if !x.party(GeneralOffice) {
		return d.ofDepartment("P3-6", GeneralOffice)
	}
	if d.may(RoleManager) {
		return nil
	}
	if m := d.staffMember(d.env.By.Staff); m != nil && m.Department == GeneralOffice {
		return forbidden("own_matter", "P3-6", "arbitration", x.ID)
	}
	return forbidden("function_needed", "P3-6", "function", string(RoleManager))
}

// arbitration finds a case.
func (d *draft) arbitration(id RecordID) (*Arbitration, *Fault) {
	if _, f := d.desk(); f != nil {
		return nil, f
	}
	x, ok := look[*Arbitration](d, recordRef(Arbitrations, id))
	if !ok || x.Site != d.ID {
		return nil, notFound("arbitration", string(id))
	}
	return x, nil
}

// moveArbitration takes a case through an event and returns it to be changed.
func (d *draft) moveArbitration(x *Arbitration, e ArbitrationEvent) (*Arbitration, *Fault) {
	to, f := moveTo(arbitrationMachine, "arbitration", x.ID, x.State, e, "P3-6")
	if f != nil {
		return nil, f
	}
	x = edit[*Arbitration](d, x.Ref())
	x.State = to
	d.subject = x.Ref()
	return x, nil
}
