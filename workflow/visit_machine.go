package workflow

import "slices"

// visitNeeds names a visit and, once the board holds it, its customers and whoever brought them.
func (b *Board) visitNeeds(id VisitID) []Ref {
	refs := []Ref{visitRef(id)}
	if v, ok := b.records[visitRef(id)].(*Visit); ok && v.Site == b.ID {
		refs = append(refs, customerRef(v.Customer), customerRef(v.BroughtBy))
		refs = append(refs, recordRef(Appointments, v.AppointmentID))
		for _, k := range v.Joint {
			refs = append(refs, customerRef(k))
		}
	}
	return refs
}

// Event is what moves a visit.
type Event string

// The events.
const (
	EventIdentify         Event = "identify"
	EventRecognise        Event = "recognise"
	EventAssign           Event = "assign"
	EventReidentify       Event = "reidentify"
	EventHandOver         Event = "hand_over"
	EventChange           Event = "change"
	EventAddAssistant     Event = "add_assistant"
	EventReleaseAssistant Event = "release_assistant"
	EventServe            Event = "serve"
	EventRegister         Event = "register"
	EventAbandon          Event = "abandon"
	EventMerge            Event = "merge"
	EventWithdraw         Event = "withdraw"
	EventReturnTurn       Event = "return_turn"
)

// visitMachine is the whole life of a visit.
var visitMachine = NewMachine(
	Row[State, Event]{EventIdentify, []State{Arrived, Identified}, Identified},
	Row[State, Event]{EventRecognise, []State{Arrived}, Identified},
	Row[State, Event]{EventAssign, []State{Identified}, Assigned},
	Row[State, Event]{EventReidentify, []State{Assigned}, Assigned},
	Row[State, Event]{EventHandOver, []State{Assigned}, Assigned},
	Row[State, Event]{EventChange, []State{Assigned}, Assigned},
	Row[State, Event]{EventAddAssistant, []State{Assigned}, Assigned},
	Row[State, Event]{EventReleaseAssistant, []State{Assigned}, Assigned},
	Row[State, Event]{EventServe, []State{Assigned}, Served},
	Row[State, Event]{EventRegister, []State{Served}, Registered},
	Row[State, Event]{EventAbandon, []State{Arrived, Identified, Assigned}, Abandoned},
	Row[State, Event]{EventMerge, []State{Arrived, Identified, Assigned}, Merged},
	Row[State, Event]{EventWithdraw, []State{Assigned}, Identified},
	Row[State, Event]{EventReturnTurn, []State{Assigned}, Assigned},
	Row[State, Event]{EventReturnTurn, []State{Served}, Served},
	Row[State, Event]{EventReturnTurn, []State{Registered}, Registered},
)

// Transitions are the rows of the visit's state machine.
func Transitions() []Row[State, Event] { return visitMachine.Rows() }

// AllowedEvents are the events that the visit's state admits, in order of the table.
func AllowedEvents(v *Visit) []Event { return visitMachine.Allowed(v.State) }

// ownStep is a step with its own rule about which consultants may take it. Without one, those who
// take part in the visit may.
type ownStep interface {
	ownStep(v *Visit, me StaffID) bool
}

// rareStep is a step that only some visits in a state admit.
type rareStep interface {
	applies(v *Visit) bool
}

// AllowedTo are the events that the visit's state admits and that somebody may put to it, in order
// of the table. A consultant may take the steps of his own visits.
func AllowedTo(by Actor, v *Visit) []Event {
	return slices.DeleteFunc(AllowedEvents(v), func(e Event) bool {
		cmd := steps[e]
		ok, own := may(cmd, by.Role)
		step, special := cmd.(ownStep)
		rare, seldom := cmd.(rareStep)
		switch {
		case seldom && !rare.applies(v):
			return true
		case !ok || !own:
			return !ok
		case special:
			return !step.ownStep(v, by.Staff)
		}
		return !v.Of(by.Staff)
	})
}

// steps are the commands that move a visit.
var steps = func() map[Event]Command {
	m := map[Event]Command{}
	for _, c := range commands {
		if e := c.About().Event; e != "" {
			m[e] = c
		}
	}
	return m
}()

// transition is the state to which an event moves a visit, or why it cannot.
func transition(v *Visit, e Event) (State, *Fault) {
	to, ok := visitMachine.Target(v.State, e)
	if !ok {
		return v.State, wrongState(v, e)
	}
	return to, nil
}

func wrongState(v *Visit, e Event) *Fault {
	f := &Fault{
		Class: ClassWrongState, Code: "transition",
		Args: pairs("visit", v.ID, "state", string(v.State), "event", string(e)),
	}
	switch {
	case e == EventAssign && v.State == Arrived:
		f.Code, f.Rule = "not_identified", "P1-12a"
	case e == EventRecognise:
		f.Code, f.Rule = "too_late", "P1-14"
	case e == EventRegister && v.State == Assigned:
		f.Rule = "P1-28"
	}
	for _, a := range AllowedEvents(v) {
		f.Allowed = append(f.Allowed, string(a))
	}
	return f
}
