// Package sqlitestore is the embedded store: one SQLite file, nothing to install, the same
// guarantees as a server.
//
// One goroutine writes. It takes every call that waits and commits all of them in one transaction,
// so that one flush to disk answers many. A page is a row of the journal and no more; its index,
// the ids of its commands and the images it leaves follow within a second, merged: see tail. What
// follows is read from memory until it is in the file. A few other connections read.
package sqlitestore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// Config says which file to serve.
type Config struct {
	// Path of the database file. The file is created if it does not exist; its folder is not.
	// SQLite's own files (-wal, -shm) and a lock file are kept beside it.
	Path string
	// Readers is how many connections read; 0 means 4.
	Readers int
	// AcceptLoss opens a file that holds less than was acknowledged from it.
	AcceptLoss bool
	// Log gets what an operator must know; nil means nothing is logged.
	Log *slog.Logger
}

// Store is an open database file. It implements repo.Store; its methods may be called from many
// goroutines.
type Store struct {
	path    string
	log     *slog.Logger
	readers int
	lock    *os.File
	watch   *watch  // nil: opened read-only
	beacon  *beacon // nil: opened read-only
	heads   heads
	tail    tail

	unlisted unlisted
	doubts   doubts

	// readable is the newest row that is found by its site.
	readable atomic.Int64

	// of a store that is only read
	old        error // why its tables cannot be read, only copied; nil: they can
	refreshing sync.Mutex
	seen       [2]int64 // mark and newest row when it was last looked at

	checking  sync.WaitGroup // the checks after a disorderly stop
	stopCheck context.CancelFunc
	writer    *writer // nil: opened read-only

	// held shared by everything that reads, exclusively by Close and by mending after a failure
	mu     sync.RWMutex
	pool   *pool // nil while the file cannot be read
	closed bool
}

var _ repo.Store = (*Store)(nil)

// connect opens the connections. The one that writes makes the tables in a new file.
func (s *Store) connect(ctx context.Context) (*session, error) {
	session, err := openSession(ctx, s.path, s.log)
	if err != nil {
		return nil, err
	}
	if err := s.openReaders(ctx); err != nil {
		return nil, errors.Join(err, session.close())
	}
	return session, nil
}

// openReaders opens the connections that read, and starts to watch the files as they are now.
func (s *Store) openReaders(ctx context.Context) error {
	p, err := openPool(ctx, s.path, "rw", s.readers)
	if err != nil {
		return err
	}
	if err := s.watch.begin(); err != nil {
		return errors.Join(err, p.close())
	}
	s.pool = p
	return nil
}

// Close closes the store: what waits is answered with ErrClosed, what is being written is finished,
// and the write-ahead log is written back to the file. Closing twice is harmless.
func (s *Store) Close() error {
	s.mu.Lock()
	closed := s.closed
	s.closed = true
	s.mu.Unlock()
	if closed {
		return nil
	}
	var errs []error
	if s.writer != nil {
		s.writer.stop()
	}
	if s.stopCheck != nil {
		s.stopCheck()
		s.checking.Wait()
	}
	s.mu.Lock() // readers that had begun have finished
	defer s.mu.Unlock()
	if s.writer == nil {
		if s.pool != nil {
			errs = append(errs, s.pool.close())
		}
	} else {
		errs = append(errs, s.end(), s.beacon.file.Close(), s.watch.close(), release(s.lock))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close %s: %w", s.path, err)
	}
	return nil
}

// end closes the connections. The last one writes the log back and removes it; the beacon says so
// before and after. If the file was exchanged, nothing is written.
func (s *Store) end() error {
	s.beacon.stop()
	if s.watch.lost.Load() != nil {
		return errors.Join(keepOff(s.watch.file), s.writer.disconnect())
	}
	l := s.writer.light
	if err := errors.Join(s.beacon.write(l, stateClosing), s.writer.disconnect()); err != nil {
		return err
	}
	return errors.Join(l.asItLies(s.watch.file), s.beacon.write(l, stateClosed))
}

// Parallel is 1: there is one writer, and it gathers what waits by itself.
func (s *Store) Parallel() int { return 1 }

// Ping tells whether the file can be read, is still the one that was opened, and accepts writes.
func (s *Store) Ping(ctx context.Context) error {
	return s.read(ctx, "ping", func(p *pool) error {
		if s.writer != nil {
			if err := s.writer.refusal(); err != nil {
				return err
			}
		}
		return p.ping.QueryRowContext(ctx).Scan(new(int))
	})
}

// readSite is read for a call about one site.
func (s *Store) readSite(
	ctx context.Context, site workflow.SiteID, what string, f func(*pool) error,
) error {
	if err := repo.NeedSite(site); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return s.read(ctx, what, f)
}

// read runs f on the reading connections; every error names what was asked for.
func (s *Store) read(ctx context.Context, what string, f func(*pool) error) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return fmt.Errorf("%s: %w", what, repo.ErrClosed)
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if s.old != nil {
		return fmt.Errorf("%s: %w", what, s.old)
	}
	if s.watch == nil {
		if err := s.refresh(ctx); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	if s.pool == nil {
		if err := s.watch.intact(); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		return fmt.Errorf("%s: %w", what, repo.ErrUnavailable)
	}
	err := f(s.pool)
	if s.watch != nil {
		// checked afterwards: what was read before the check may be anything
		err = errors.Join(s.watch.intact(), err)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// Confirm has nothing to do: nobody else writes to the file.
func (s *Store) Confirm(context.Context, workflow.SiteID, int64, []string) (bool, error) {
	return true, nil
}

// Clock is zero: the file has no clock.
func (s *Store) Clock(context.Context) (time.Time, error) { return time.Time{}, nil }
