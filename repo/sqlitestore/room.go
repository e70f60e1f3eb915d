package sqlitestore

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/lunpai/lunpai/repo"
)

// A full disk is not a damaged disk, and no reason to stop reading: the connections stay open. The
// outcome of what was being committed is unknown. From then on writes are refused at once, until a
// file of some size fits on the disk again.

// roomNeeded is how much must fit on a disk that was full before anything is written again.
const roomNeeded = 1 << 20

// isFull reports whether a transaction failed for lack of space. SQLite says so itself, except when
// a quota is used up.
func (w *writer) isFull(err error) bool {
	switch code(err) {
	case codeFull:
		return true
	case codeIOErr:
		return noSpace(w.tryRoom())
	}
	return false
}

// diskFull runs after a transaction that found no room. It returns the answer for its calls.
func (w *writer) diskFull(ctx context.Context, cause error) error {
	_, doubtful := errors.AsType[*doubt](cause)
	if _, err := w.session.rollback.ExecContext(ctx); err == nil {
		// SQLite may have rolled back by itself
		w.store.log.DebugContext(ctx, "sqlite: taken back", "path", w.store.path)
	}
	w.store.heads.forget()
	w.full, w.tried = true, w.now()
	full := fmt.Errorf("%w: the disk under %s is full", repo.ErrStorageFull, w.store.path)
	w.block(full)
	w.store.log.ErrorContext(ctx, "sqlite: disk full, nothing is written until there is space",
		"path", w.store.path, "error", cause)
	if doubtful {
		return fmt.Errorf("%w: %w: %w", repo.ErrUnknown, full, cause)
	}
	return full
}

// lookForRoom looks for room from time to time, and resumes writing when there is some.
func (w *writer) lookForRoom(ctx context.Context) error {
	if w.now().Sub(w.tried) < mendEvery {
		return w.refusal()
	}
	w.tried = w.now()
	if err := w.tryRoom(); err != nil {
		w.store.log.DebugContext(ctx, "sqlite: disk still full", "path", w.store.path, "error", err)
		return w.refusal()
	}
	// what was being committed when the disk was full may be there
	if err := w.store.findTrailing(ctx, w.store.pool); err != nil {
		return fmt.Errorf("%w: %w", repo.ErrUnavailable, err)
	}
	w.full = false
	w.tight.Store(true)
	w.blocked.Store(nil)
	w.store.log.InfoContext(ctx, "sqlite: there is space again", "path", w.store.path)
	return nil
}

// tryRoom writes a file of the needed size beside the database, and removes it.
func (w *writer) tryRoom() error {
	name := w.store.path + ".room"
	//nolint:gosec // the operator names the file
	f, err := os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(make([]byte, roomNeeded))
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close(), os.Remove(name))
}
