package sqlitestore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lunpai/lunpai/repo"
)

// After a failed write nobody knows what the disk holds: the commit may be in the log, and what the
// system keeps in memory may differ from the disk. So every connection is closed and opened again,
// which reads the log from disk, and the log is written back and flushed: what can be read
// afterwards is durable. The calls are answered with ErrUnknown; the same page, sent again, is
// found or written.

// ready makes the writer able to write, or says why it cannot.
func (w *writer) ready(ctx context.Context) error {
	if err := w.store.watch.intact(); err != nil {
		return err
	}
	if err := w.refusal(); err != nil && w.strikes >= strikesToEnd {
		return err
	}
	if w.full {
		return w.lookForRoom(ctx)
	}
	if w.session != nil {
		return nil
	}
	if w.now().Sub(w.tried) < mendEvery {
		return w.refusal()
	}
	if err := w.reopen(ctx); err != nil {
		return fmt.Errorf("%w: %w", repo.ErrUnavailable, err)
	}
	return nil
}

// mend runs after a failed transaction. One failure is mended; a second one without a success in
// between makes the store read-only until an operator has looked.
func (w *writer) mend(ctx context.Context, cause error) {
	w.strikes++
	w.store.log.ErrorContext(ctx, "sqlite: write failed", "path", w.store.path, "strikes",
		w.strikes, "error", cause)
	err := w.reopen(ctx)
	if err != nil {
		w.store.log.ErrorContext(ctx, "sqlite: reopen failed", "path", w.store.path, "error", err)
		if code(err) != codeFull {
			w.strikes = strikesToEnd
		}
	}
	if w.strikes >= strikesToEnd {
		w.block(fmt.Errorf("%w: the disk under %s failed twice: look at it, then start again",
			repo.ErrReadOnly, w.store.path))
	}
}

// block makes every later write fail with err.
func (w *writer) block(err error) { w.blocked.Store(&err) }

// reopen closes every connection and opens them again. Readers come back even when the writer does
// not.
func (w *writer) reopen(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	w.tried = w.now()
	s := w.store
	if w.session != nil {
		w.session.drainer.work.Wait()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heads.forget()
	err = s.beacon.pause(w.light)
	err = errors.Join(err, s.watch.end(w.disconnect))
	if err != nil {
		s.log.WarnContext(ctx, "sqlite: close after a failure", "path", s.path, "error", err)
	}
	defer func() {
		if err != nil {
			w.block(fmt.Errorf("%w: %w", repo.ErrUnavailable, err))
		}
	}()
	if err := s.watch.intact(); err != nil { // what is opened now is found by its name
		return err
	}
	if err := s.openReaders(ctx); err != nil {
		return err
	}
	session, err := openSession(ctx, s.path, s.log)
	if err != nil {
		return err
	}
	w.session = session
	if err := w.checkpoint(ctx, truncate, usualPatience); err != nil {
		w.session = nil
		return errors.Join(err, session.close())
	}
	if w.light, err = lightOf(ctx, s.pool.db); err != nil {
		return err
	}
	if err := s.findTrailing(ctx, s.pool); err != nil {
		return err
	}
	if err := s.findUnlisted(ctx, s.pool); err != nil {
		return err
	}
	s.beacon.note(w.light)
	w.blocked.Store(nil)
	return nil
}

// disconnect closes every connection.
func (w *writer) disconnect() (err error) {
	s := w.store
	if s.pool != nil {
		err = s.pool.close()
		s.pool = nil
	}
	if w.session != nil {
		err = errors.Join(err, w.session.close())
		w.session = nil
	}
	return err
}
