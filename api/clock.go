package api

import (
	"sync"
	"time"
)

// ManualClock is a clock for rehearsals and tests. It stands still until it is told to run.
type ManualClock struct {
	machine func() time.Time

	mu      sync.Mutex
	at      time.Time
	running time.Time // the machine's time when it began to run; zero: it stands
}

// NewManualClock makes a clock that stands at a time. Once it runs, it follows machine; nil: the
// system's clock.
func NewManualClock(at time.Time, machine func() time.Time) *ManualClock {
	if machine == nil {
		machine = time.Now //nolint:forbidigo // the system's clock is the default
	}
	return &ManualClock{machine: machine, at: at}
}

// Now is the time the clock shows.
func (m *ManualClock) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.running.IsZero() {
		return m.at
	}
	return m.at.Add(m.machine().Sub(m.running))
}

// Set sets the clock. If it was running, it keeps running from there.
func (m *ManualClock) Set(at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.at = at
	if !m.running.IsZero() {
		m.running = m.machine()
	}
}

// Run starts the clock from where it stands, at normal speed.
func (m *ManualClock) Run() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.running.IsZero() {
		m.running = m.machine()
	}
}
