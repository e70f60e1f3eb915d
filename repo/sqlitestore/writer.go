package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// call is a caller's wish to write. do may run more than once; what it wrote in a failed run is
// gone.
type call struct {
	weight int // pages
	do     func(*tx) error
	done   chan error
}

// writer owns the writing connection. All that run does is done by one goroutine.
type writer struct {
	store *Store
	calls chan *call
	quit  chan struct{}
	ended chan struct{}

	session *session              // nil after a failure that could not be mended yet
	strikes int                   // failures since the last success
	tried   time.Time             // when mending was last tried, or room last looked for
	light   light                 // how much the store holds
	logged  int                   // about how many lines, since the drainer was last started
	full    bool                  // the disk is full; nothing is written until there is room
	tight   atomic.Bool           // it was: what trails is written in small parts
	erasing time.Time             // since when the log holds what was erased; zero: it does not
	blocked atomic.Pointer[error] // why writes are refused; read by others
	now     func() time.Time

	// commit replaces the end of a transaction in tests of failure; nil in service.
	commit func(context.Context, *sql.Stmt) error
	awake  bool // in tests: it never rests
}

const (
	maxWeight    = 256                    // pages in one transaction
	restAfter    = 200 * time.Millisecond // of idle time: then the log is written back
	eraseWithin  = 2 * time.Second        // how soon what was erased leaves the log
	maxRest      = 100 * time.Millisecond // how long writers wait for a reader to leave the log
	mendEvery    = 250 * time.Millisecond
	strikesToEnd = 2
)

// newWriter starts a writer. Only stop ends it; it goes on when ctx ends.
func newWriter(ctx context.Context, s *Store, session *session, l light) *writer {
	w := &writer{
		//nolint:forbidigo // measures pauses, dates nothing
		store: s, session: session, light: l, now: time.Now,
		calls: make(chan *call), quit: make(chan struct{}), ended: make(chan struct{}),
	}
	go w.run(context.WithoutCancel(ctx))
	return w
}

// stop ends the goroutine; what is being written is finished first.
func (w *writer) stop() {
	close(w.quit)
	<-w.ended
}

// write hands in a call and waits for its end. An error that wraps ErrUnknown leaves open whether
// it was written; any other says that it was not.
func (s *Store) write(ctx context.Context, weight int, do func(*tx) error) error {
	s.mu.RLock()
	closed := s.closed
	s.mu.RUnlock()
	switch {
	case closed:
		return repo.ErrClosed
	case ctx.Err() != nil:
		return ctx.Err()
	case s.writer == nil:
		return fmt.Errorf("%w: opened for reading only", repo.ErrReadOnly)
	}
	c := &call{weight: weight, do: do, done: make(chan error, 1)}
	select {
	case s.writer.calls <- c:
	case <-s.writer.quit:
		return repo.ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-c.done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", repo.ErrUnknown, ctx.Err())
	}
}

// refusal is why the store refuses writes; nil when it does not.
func (w *writer) refusal() error {
	if p := w.blocked.Load(); p != nil {
		return *p
	}
	return w.store.watch.intact()
}

func (w *writer) run(ctx context.Context) {
	defer close(w.ended)
	rest := time.NewTimer(restAfter)
	defer rest.Stop()
	for {
		select {
		case <-w.quit:
			if !w.full && w.session != nil && w.refusal() == nil {
				w.writeTail(ctx)
				for w.listSome(ctx) {
				}
			}
			if w.session != nil {
				w.session.drainer.work.Wait()
			}
			return
		case c := <-w.calls:
			w.perform(ctx, w.gather(c))
			w.drain(ctx)
			if !w.erasing.IsZero() && w.now().Sub(w.erasing) > eraseWithin {
				w.rest(ctx)
			}
			rest.Reset(restAfter)
		case <-rest.C:
			if w.awake {
				continue
			}
			if again := w.rest(ctx); again > 0 {
				rest.Reset(again)
			}
		}
	}
}

// gather takes what else is waiting, up to one transaction's worth. When nothing waits it yields
// once: whoever was about to hand in a call gets the processor first, and shares the flush.
func (w *writer) gather(first *call) []*call {
	group := []*call{first}
	yielded := false
	for weight := first.weight; weight < maxWeight; {
		select {
		case c := <-w.calls:
			group = append(group, c)
			weight += c.weight
		default:
			if yielded {
				return group
			}
			runtime.Gosched()
			yielded = true
		}
	}
	return group
}

// perform does the calls in one transaction and answers them. If one of them fails, each gets a
// transaction of its own.
func (w *writer) perform(ctx context.Context, group []*call) {
	if err := w.ready(ctx); err != nil {
		answer(group, err)
		return
	}
	t := &tx{
		session: w.session, store: w.store, ctx: ctx, heads: make(map[workflow.SiteID]*repo.Page),
		light: w.light,
	}
	err := w.transact(t, group)
	if err == nil {
		w.strikes = 0
		w.store.tail.advance(t.wrote)
		if oldest, _ := w.store.tail.ends(); oldest == 0 {
			w.tight.Store(false)
		}
		w.store.tail.add(t.landed, w.now())
		w.store.unlisted.advance(t.listed)
		w.store.unlisted.add(t.landed)
		w.store.readable.Store(t.light.Row)
		w.store.heads.put(t.heads)
		w.light = t.light
		w.logged += len(t.landed) + t.wrote.rows + t.wrote.docs + t.listed
		w.store.beacon.note(w.light)
		if t.erased && w.erasing.IsZero() {
			w.erasing = w.now()
		}
		answer(group, nil)
		return
	}
	switch {
	case errors.Is(err, repo.ErrStoreReplaced):
		answer(group, fmt.Errorf("%w: %w", repo.ErrUnknown, err))
	case w.isFull(err):
		answer(group, w.diskFull(ctx, err))
	case isDoubt(err):
		w.mend(ctx, err)
		answer(group, fmt.Errorf("%w: %w", repo.ErrUnknown, err))
	case isBusy(err):
		answer(group,
			fmt.Errorf("%w: another process writes to the file: %w", repo.ErrUnavailable, err))
	case len(group) > 1:
		for _, c := range group {
			w.perform(ctx, []*call{c})
		}
	default:
		answer(group, err)
	}
}

func answer(group []*call, err error) {
	for _, c := range group {
		c.done <- err
	}
}

// transact runs calls between BEGIN and COMMIT. Callers may leave meanwhile: once begun, a write is
// finished.
func (w *writer) transact(t *tx, group []*call) error {
	if _, err := t.begin.ExecContext(t.ctx); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	for _, c := range group {
		if err := c.do(t); err != nil {
			if _, undone := t.rollback.ExecContext(t.ctx); undone != nil {
				return &doubt{errors.Join(err, undone)}
			}
			return err
		}
	}
	err := t.countSides(w.light.Sides)
	if err == nil {
		err = w.writeTrailing(t, group)
	}
	if err == nil {
		err = w.writeIDs(t)
	}
	if err != nil {
		if _, undone := t.rollback.ExecContext(t.ctx); undone != nil {
			return &doubt{errors.Join(err, undone)}
		}
		return err
	}
	t.store.heads.drop(t.heads)
	commit := func(ctx context.Context, s *sql.Stmt) error {
		_, err := s.ExecContext(ctx)
		return err
	}
	if w.commit != nil {
		commit = w.commit
	}
	err = t.store.watch.commit(func() error {
		if err := commit(t.ctx, t.commit); err != nil {
			return &doubt{err}
		}
		return nil
	})
	if t.store.watch.lost.Load() != nil {
		// nothing is written any more; if it was committed there is nothing to roll back
		_, _ = t.rollback.ExecContext(t.ctx)
	}
	return err
}

// doubt is a COMMIT or a ROLLBACK that failed: the transaction may be on the disk, or still open.
type doubt struct{ error }

func (e *doubt) Unwrap() error { return e.error }

// isDoubt reports whether a failure leaves the disk or the connection in doubt. It does not when
// the transaction was rolled back because its data contradicted itself or did not fit the tables,
// or because another process had the file.
func isDoubt(err error) bool {
	if _, ok := errors.AsType[*doubt](err); ok {
		return true
	}
	switch code(err) {
	case codeConstraint, codeTooBig, codeMismatch:
		return false
	}
	return !isBusy(err) && !errors.Is(err, repo.ErrCorrupt)
}

// isBusy reports whether another process had the file.
func isBusy(err error) bool { return code(err) == codeBusy || code(err) == codeLocked }

// rest uses idle time: it writes what trails, writes the log back, and empties it after an erasure.
// It says when it has to go on; 0: all is done.
func (w *writer) rest(ctx context.Context) (again time.Duration) {
	if w.full && w.ready(ctx) != nil {
		return eraseWithin
	}
	if w.session == nil || w.store.watch.intact() != nil {
		return 0
	}
	if !w.writeTail(ctx) {
		again = eraseWithin
	} else if w.listSome(ctx) {
		again = time.Millisecond // after whoever waits
	}
	if w.session == nil || w.full {
		return eraseWithin
	}
	if w.erasing.IsZero() {
		if err := w.checkpoint(ctx, passive, 0); err != nil {
			w.store.log.WarnContext(ctx, "sqlite: log not written back", "path", w.store.path,
				"error", err)
		}
		return again
	}
	if err := w.checkpoint(ctx, truncate, maxRest); err != nil {
		w.store.log.DebugContext(ctx, "sqlite: log not emptied yet", "path", w.store.path, "error",
			err)
		w.erasing = w.now()
		return eraseWithin
	}
	w.erasing = time.Time{}
	return again
}

// checkpoint writes the log back, to a file that nobody else touched.
func (w *writer) checkpoint(ctx context.Context, mode string, patience time.Duration) error {
	return w.store.watch.change(func() error { return w.session.checkpoint(ctx, mode, patience) })
}
