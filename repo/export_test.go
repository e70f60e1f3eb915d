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

// Queue is what happens at a site: jobs that wait, commands that wait or are decided, and whether anybody works.
func Queue(d *Desk, site workflow.SiteID) (waiting, commands int, working bool) {
	d.mu.Lock()
	s := d.sites[site]
	d.mu.Unlock()
	if s == nil {
		return 0, 0, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.queue), len(s.running), s.working
}

// KeepRecords makes a filler forget what is not open as soon as it holds more than n records.
func KeepRecords(f *Filler, n int) { f.keep = n }
