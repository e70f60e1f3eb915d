package repo

import "github.com/lunpai/lunpai/workflow"

// Decider is what a Desk decides with.
type Decider = func(*workflow.Board, workflow.Envelope, workflow.Command) (*workflow.Commit, *workflow.Fault)

// DecideWith makes a desk decide with f; for tests, before it is used.
func DecideWith(d *Desk, f Decider) { d.decide = f }

// Boards is how many sites a desk holds in memory.
func Boards(d *Desk) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.sites)
}
