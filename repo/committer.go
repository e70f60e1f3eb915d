package repo

import (
	"context"
	"sync"
	"time"
)

// committer writes the pages of all sites together: whatever waits goes into the next append, up to Store.Parallel appends in
// flight. A site hands in one page at a time, so it is never in two appends.
type committer struct {
	store   Store
	timeout time.Duration

	mu      sync.Mutex
	waiting []submission
	flying  int
	work    sync.WaitGroup
}

type submission struct {
	page *Page
	done chan error
}

func newCommitter(s Store, timeout time.Duration) *committer {
	return &committer{store: s, timeout: timeout}
}

// append hands a page in and waits for its answer.
func (c *committer) append(p *Page) error {
	s := submission{p, make(chan error, 1)}
	c.mu.Lock()
	c.waiting = append(c.waiting, s)
	if c.flying < c.store.Parallel() {
		c.flying++
		c.work.Add(1)
		go c.fly()
	}
	c.mu.Unlock()
	return <-s.done
}

// fly writes what waits until nothing does.
func (c *committer) fly() {
	defer c.work.Done()
	for {
		c.mu.Lock()
		batch := c.waiting
		if len(batch) == 0 {
			c.flying--
			c.mu.Unlock()
			return
		}
		c.waiting = nil
		c.mu.Unlock()
		c.write(batch)
	}
}

// write appends one batch. Its context belongs to nobody's request: a client that goes away tears nothing.
func (c *committer) write(batch []submission) {
	ctx, cancel := context.WithTimeout(context.Background(), c.timeout) //nolint:forbidigo // detached on purpose
	defer cancel()
	pages := make([]*Page, len(batch))
	for i, s := range batch {
		pages[i] = s.page
	}
	for i, err := range c.store.Append(ctx, pages) {
		batch[i].done <- err
	}
}

func (c *committer) wait() { c.work.Wait() }
