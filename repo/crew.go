package repo

import (
	"sync"
	"time"
)

// crew runs functions side by side, in goroutines that it keeps for a while: a new one begins with
// a small stack and has to grow it for each command anew.
type crew struct {
	work sync.WaitGroup
	idle chan func()
}

func newCrew() *crew { return &crew{idle: make(chan func())} }

// crewStays is how long a goroutine waits for something to do.
const crewStays = 200 * time.Millisecond

// run begins f and does not wait for it.
func (c *crew) run(f func()) {
	c.work.Add(1)
	select {
	case c.idle <- f:
	default:
		go c.member(f)
	}
}

func (c *crew) member(f func()) {
	patience := time.NewTimer(crewStays)
	defer patience.Stop()
	for {
		f()
		c.work.Done()
		patience.Reset(crewStays)
		select {
		case f = <-c.idle:
		case <-patience.C:
			return
		}
	}
}

// wait waits until everything that was begun has ended.
func (c *crew) wait() { c.work.Wait() }
