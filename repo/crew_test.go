package repo

import (
	"sync"
	"sync/atomic"
	"testing"
)

// TestCrew: everything that is begun runs once, side by side, and is waited for.
func TestCrew(t *testing.T) {
	t.Parallel()
	c := newCrew()
	var ran atomic.Int64
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() {
			for range 200 {
				c.run(func() { ran.Add(1) })
			}
		})
	}
	callers.Wait()
	together := make(chan int)
	c.run(func() { together <- 1 }) // ends only if the next one runs meanwhile
	c.run(func() { <-together })
	c.wait()
	if n := ran.Load(); n != 8*200 {
		t.Errorf("%d of %d ran", n, 8*200)
	}
}
