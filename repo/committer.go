package repo

import (
	"context"
	"fmt"
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
		c.work.Go(c.fly)
	}
	c.mu.Unlock()
	return <-s.done
}

// fly writes what waits until nothing does.
func (c *committer) fly() {
	for {
		c.mu.Lock()
		if len(c.waiting) == 0 {
			c.flying--
			c.mu.Unlock()
			return
		}
		batch := c.take()
		c.mu.Unlock()
		c.write(batch)
	}
}

// Bounds of one append: pages, and bytes of body after which no further page is added.
const (
	maxBatchPages = 256
	maxBatchBytes = 8 << 20
)

// take removes from what waits as much as one append may hold.
func (c *committer) take() []submission {
	n, size := 0, 0
	for n < len(c.waiting) && n < maxBatchPages && size < maxBatchBytes {
		size += len(c.waiting[n].page.Body)
		n++
	}
	batch := c.waiting[:n:n]
	c.waiting = c.waiting[n:]
	if len(c.waiting) == 0 {
		c.waiting = nil
	}
	return batch
}

// write appends one batch. Its context belongs to nobody's request: a client that goes away tears nothing.
func (c *committer) write(batch []submission) {
	ctx, cancel := context.WithTimeout(context.Background(), c.timeout) //nolint:forbidigo // detached on purpose
	defer cancel()
	pages := make([]*Page, len(batch))
	for i, s := range batch {
		pages[i] = s.page
	}
	errs := c.store.Append(ctx, pages)
	for i, s := range batch {
		if i >= len(errs) {
			s.done <- fmt.Errorf("%w: the store answered for %d of %d pages", ErrUnknown, len(errs), len(pages))
			continue
		}
		s.done <- errs[i]
	}
}

func (c *committer) wait() { c.work.Wait() }
