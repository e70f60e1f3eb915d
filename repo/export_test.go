package repo

import "github.com/lunpai/lunpai/workflow"

// Decider is what an Engine decides with.
type Decider = func(*workflow.Board, workflow.Envelope, workflow.Command) (*workflow.Commit,
	*workflow.Fault)

// DecideWith makes an engine decide with f; for tests, before it is used.
func DecideWith(e *Engine, f Decider) { e.decide = f }

// Boards is how many sites an engine holds in memory.
func Boards(e *Engine) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.writers)
}

// Queue is what happens at a site: jobs that wait, commands that wait or are decided, and whether
// anybody works.
func Queue(e *Engine, site workflow.SiteID) (waiting, commands int, working bool) {
	e.mu.Lock()
	s := e.writers[site]
	e.mu.Unlock()
	if s == nil {
		return 0, 0, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.queue), len(s.pending), s.working
}

// KeepRecords makes a filler forget what is not open as soon as it holds more than n records.
func KeepRecords(f *Filler, n int) { f.keep = n }

// RecordsAtOnce makes an engine look at n due records in a round.
func RecordsAtOnce(e *Engine, n int) { e.page = n }
