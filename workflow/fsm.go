package workflow

import (
	"context"
	"errors"
	"slices"

	"github.com/looplab/fsm"
)

// Event is what moves a visit.
type Event string

// The events.
const (
	EventIdentify     Event = "identify"
	EventRecognise    Event = "recognise"
	EventAssign       Event = "assign"
	EventReidentify   Event = "reidentify"
	EventHandOver     Event = "hand_over"
	EventChange       Event = "change"
	EventAddAssistant Event = "add_assistant"
	EventServe        Event = "serve"
	EventRegister     Event = "register"
	EventAbandon      Event = "abandon"
	EventMerge        Event = "merge"
)

// Transition is a row of the visit's state machine.
type Transition struct {
	Event Event
	From  []State
	To    State
}

// Transitions is the whole machine; everything else is refused. A row that leads to its own state changes the visit but not
// where it stands.
func Transitions() []Transition { return transitions }

var transitions = []Transition{
	{EventIdentify, []State{Arrived, Identified}, Identified},
	{EventRecognise, []State{Arrived}, Identified},
	{EventAssign, []State{Identified}, Assigned},
	{EventReidentify, []State{Assigned}, Assigned},
	{EventHandOver, []State{Assigned}, Assigned},
	{EventChange, []State{Assigned}, Assigned},
	{EventAddAssistant, []State{Assigned}, Assigned},
	{EventServe, []State{Assigned}, Served},
	{EventRegister, []State{Served}, Registered},
	{EventAbandon, []State{Arrived, Identified, Assigned}, Abandoned},
	{EventMerge, []State{Arrived, Identified, Assigned}, Merged},
}

var machine = func() fsm.Events {
	es := make(fsm.Events, len(transitions))
	for i, t := range transitions {
		es[i] = fsm.EventDesc{Name: string(t.Event), Dst: string(t.To)}
		for _, s := range t.From {
			es[i].Src = append(es[i].Src, string(s))
		}
	}
	return es
}()

// step is the state to which an event moves a visit, or why it cannot.
func step(v *Visit, e Event) (State, *Fault) {
	m := fsm.NewFSM(string(v.State), machine, nil)
	err := m.Event(context.Background(), string(e)) // a cancelled context would stick the machine
	var same fsm.NoTransitionError
	if err != nil && !errors.As(err, &same) {
		return v.State, wrongState(v, e)
	}
	return State(m.Current()), nil
}

// AllowedEvents are the events that the visit's state admits, in order of the table.
func AllowedEvents(v *Visit) []Event {
	var es []Event
	for _, t := range transitions {
		if slices.Contains(t.From, v.State) {
			es = append(es, t.Event)
		}
	}
	return es
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
