package sqlitestore

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/lunpai/lunpai/repo"
)

// Under load nobody rests, so the log is written back beside the writer: a connection of its own
// copies what is in the log while commits go on. The writer itself only writes back the end, when
// the log is long, so that the log begins anew. Where all that is too slow, SQLite writes the log
// back with a commit (walPages).

const (
	drainAfter = walPages     // lines written since the drainer was last started
	longLog    = walPages / 2 // pages of log after which its end is written back too
)

// drainer is the connection that writes the log back beside the writer.
type drainer struct {
	db      *sql.DB
	work    sync.WaitGroup
	running atomic.Bool
	long    atomic.Bool // the log is long, and all but its end is written back
}

func openDrainer(ctx context.Context, path string) (*drainer, error) {
	db, err := dial(ctx, path, "rw", 1, writing())
	if err != nil {
		return nil, err
	}
	return &drainer{db: db}, nil
}

// close waits for what is being written back.
func (d *drainer) close() error {
	d.work.Wait()
	return d.db.Close()
}

// drain begins to write the log back beside the writer, if it is time, or writes back its end.
func (w *writer) drain(ctx context.Context) {
	s := w.session
	if s == nil || w.full || w.awake || w.store.watch.lost.Load() != nil {
		return
	}
	d := s.drainer
	switch {
	case d.running.Load():
	case d.long.Swap(false):
		if err := w.checkpoint(ctx, passive, 0); err != nil {
			w.notDrained(ctx, err)
		}
	case w.logged >= drainAfter:
		w.logged = 0
		d.running.Store(true)
		d.work.Go(func() {
			defer d.running.Store(false)
			if err := d.drain(ctx, w.store.watch); err != nil {
				w.notDrained(ctx, err)
			}
		})
	}
}

// drain writes back what it can without anybody waiting for it.
func (d *drainer) drain(ctx context.Context, watch *watch) error {
	return watch.change(func() error {
		var busy, frames, done int
		if err := d.db.QueryRowContext(ctx, `PRAGMA wal_checkpoint(`+passive+`)`).Scan(&busy,
			&frames, &done); err != nil {
			return fmt.Errorf("checkpoint: %w", err)
		}
		if frames >= longLog {
			d.long.Store(true)
		}
		return nil
	})
}

// notDrained notes that the log could not be written back: nothing is lost, it only grows.
func (w *writer) notDrained(ctx context.Context, err error) {
	if isBusy(err) || isOne(err, repo.ErrStoreReplaced) { // the watch has told of that
		return
	}
	w.store.log.WarnContext(ctx, "sqlite: log not written back", "path", w.store.path, "error", err)
}
