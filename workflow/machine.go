package workflow

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/looplab/fsm"
)

// Row is one row of a state machine: the event leads from each of the states in From to the state
// To. A row that leads back to its own state changes the record but not where it stands.
type Row[S, E ~string] struct {
	Event E
	From  []S
	To    S
}

// Machine is a state machine given as a table; whatever has no row is refused. It holds no record's
// state and is safe for concurrent use.
type Machine[S, E ~string] struct {
	rows []Row[S, E]
	idle sync.Pool // of *fsm.FSM: making one costs nine times as much as setting its state
}

// NewMachine makes a machine of its rows.
func NewMachine[S, E ~string](rows ...Row[S, E]) *Machine[S, E] {
	events := make(fsm.Events, len(rows))
	for i, r := range rows {
		events[i] = fsm.EventDesc{Name: string(r.Event), Dst: string(r.To)}
		for _, s := range r.From {
			events[i].Src = append(events[i].Src, string(s))
		}
	}
	made := func() any { return fsm.NewFSM("", events, nil) }
	return &Machine[S, E]{rows: rows, idle: sync.Pool{New: made}}
}

// Rows is the whole table. Callers must not change it.
func (m *Machine[S, E]) Rows() []Row[S, E] { return m.rows }

// Target is the state to which an event leads from a state; false when the state does not admit the
// event.
func (m *Machine[S, E]) Target(from S, e E) (S, bool) {
	f, _ := m.idle.Get().(*fsm.FSM)
	defer m.idle.Put(f)
	f.SetState(string(from))
	err := f.Event(context.Background(), string(e)) // a cancelled context would stick the machine
	var same fsm.NoTransitionError
	if err != nil && !errors.As(err, &same) {
		return from, false
	}
	return S(f.Current()), true
}

// Allowed are the events that a state admits, in order of the table.
func (m *Machine[S, E]) Allowed(from S) []E {
	var es []E
	for _, r := range m.rows {
		if slices.Contains(r.From, from) {
			es = append(es, r.Event)
		}
	}
	return es
}
