package repo

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// committer writes the pages of all sites together: whatever waits goes into the next append, with
// up to Store.Parallel appends under way. A site hands in one page at a time, so it is never in two
// appends.
type committer struct {
	store   Store
	timeout time.Duration

	mu      sync.Mutex
	waiting []submission
	appends int // that are under way
	work    *crew
}

type submission struct {
	page *Page
	done chan error
}

func newCommitter(s Store, timeout time.Duration) *committer {
	return &committer{store: s, timeout: timeout, work: newCrew()}
}

// append hands a page in and waits for its answer.
func (c *committer) append(p *Page) error {
	s := submission{p, make(chan error, 1)}
	c.mu.Lock()
	c.waiting = append(c.waiting, s)
	if c.appends < c.store.Parallel() {
		c.appends++
		c.work.run(c.appendWaiting)
	}
	c.mu.Unlock()
	return <-s.done
}

// appendWaiting appends batch after batch until nothing waits.
func (c *committer) appendWaiting() {
	for {
		c.mu.Lock()
		if len(c.waiting) == 0 {
			c.appends--
			c.mu.Unlock()
			return
		}
		batch := c.nextBatch()
		c.mu.Unlock()
		c.appendBatch(batch)
	}
}

// Bounds of one append: pages, and bytes of body after which no further page is added.
const (
	maxBatchPages = 256
	maxBatchBytes = 8 << 20
)

// nextBatch removes from what waits as much as one append may hold.
func (c *committer) nextBatch() []submission {
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

// appendBatch appends one batch. Its context is not a request's: a client that goes away must not
// stop the append half-way.
func (c *committer) appendBatch(batch []submission) {
	//nolint:forbidigo // detached on purpose
	ctx, cancel := context.WithTimeout(context.Background(), c.timeout)
	defer cancel()
	pages := make([]*Page, len(batch))
	for i, s := range batch {
		pages[i] = s.page
	}
	errs := c.store.Append(ctx, pages)
	for i, s := range batch {
		if i >= len(errs) {
			s.done <- fmt.Errorf("%w: the store answered for %d of %d pages",
				ErrUnknown, len(errs), len(pages))
			continue
		}
		s.done <- errs[i]
	}
}

func (c *committer) wait() { c.work.wait() }
