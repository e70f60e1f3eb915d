// Package sqlitestore is the embedded store: one SQLite file, nothing to install, the same guarantees as a server.
//
// One goroutine writes. It takes every call that waits and commits all of them in one transaction (pages, the images they
// leave, side documents), so that one flush to the disk answers many. Documents are never behind the journal, and the mark
// of a site is the number of its last commit. A few connections read beside it.
package sqlitestore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"modernc.org/sqlite"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// Config says which file to serve.
type Config struct {
	// Path of the database file; it is made when it is not there, its folder is not. Beside it stand SQLite's own files
	// (-wal, -shm) and a lock file.
	Path string
	// Readers is how many connections read; 0 means 4.
	Readers int
	// AcceptLoss opens a file that holds less than was acknowledged from it.
	AcceptLoss bool
	// Log gets what an operator must know; nil means nothing is logged.
	Log *slog.Logger
}

// Store is an open database file. It implements repo.Store; its methods may be called from many goroutines.
type Store struct {
	path    string
	log     *slog.Logger
	readers int
	lock    *os.File
	watch   *watch  // nil: opened read-only
	beacon  *beacon // nil: opened read-only
	heads   heads
	doubts  doubts

	checking  sync.WaitGroup // behind a disorderly stop
	stopCheck context.CancelFunc
	writer    *writer // nil: opened read-only

	mu     sync.RWMutex // held shared by everything that reads, alone by Close and by the mending after a failure
	pool   *pool        // nil while the file cannot be read
	closed bool
}

var _ repo.Store = (*Store)(nil)

// Open opens the file to serve it, and holds it until Close: a second Open of the same file, in this process or another, is
// refused. So are network file systems, on which SQLite's locks cannot be trusted, and files of a newer schema.
func Open(ctx context.Context, c Config) (*Store, error) {
	path, err := location(c.Path)
	if err != nil {
		return nil, err
	}
	if err := refuseNetwork(filepath.Dir(path)); err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	newLock := missing(path + lockEnd)
	lock, err := acquire(path)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	var made []string
	if len(missing(path)) > 0 { // otherwise nothing of the database is ours to remove
		made = missing(path, path+sideNames[0], path+sideNames[1], path+beaconName)
	}
	made = append(made, newLock...) // last: whoever comes after it is gone makes files of his own
	if err := oneName(path); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), abandon(lock, made))
	}
	s := &Store{path: path, log: c.Log, readers: c.Readers, lock: lock}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.readers <= 0 {
		s.readers = 4
	}
	if err := s.start(ctx, c.AcceptLoss); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, damaged(path, err)), abandon(lock, made))
	}
	return s, nil
}

// lockEnd ends the name of the lock file.
const lockEnd = ".lock"

// remove deletes files that may be gone already. The lock must be held: without it they may be another process's.
func remove(paths []string) (err error) {
	for _, path := range paths {
		if e := os.Remove(path); !errors.Is(e, os.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	return err
}

// missing are those of some files that are not there.
func missing(paths ...string) (out []string) {
	for _, path := range paths {
		if _, err := os.Lstat(path); errors.Is(err, os.ErrNotExist) {
			out = append(out, path)
		}
	}
	return out
}

// start opens the connections and starts the writer.
func (s *Store) start(ctx context.Context, acceptLoss bool) error {
	seen, err := readBeacon(s.path)
	if err != nil {
		return err
	}
	if err := s.accept(seen.beforeOpening(s.path), acceptLoss); err != nil {
		return err
	}
	calm := seen.untouched(s.path)
	if err := s.make(); err != nil {
		return err
	}
	if s.watch, err = newWatch(s.path, s.log); err != nil {
		return err
	}
	session, err := s.connect(ctx)
	if err != nil {
		return errors.Join(err, s.watch.close())
	}
	l, err := s.compare(ctx, seen, acceptLoss)
	if err == nil && !calm && l != (light{}) {
		s.doubts.scans = true
		err = s.afterCrash(ctx, session)
	}
	if err == nil {
		err = s.lightUp(seen, l)
	}
	if err != nil {
		return errors.Join(err, s.pool.close(), session.close(), s.watch.close())
	}
	s.writer = newWriter(ctx, s, session, l)
	if s.doubts.scans {
		behind, stop := context.WithCancel(context.WithoutCancel(ctx))
		s.stopCheck = stop
		s.checking.Go(func() { s.checkBehind(behind) })
	}
	return nil
}

// make makes the file when it is not there.
func (s *Store) make() error {
	// The file holds personal data: nobody but its owner reads it. SQLite gives its other files the same rights.
	f, err := os.OpenFile(s.path, os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		err = f.Close()
	}
	if err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	// Sizes are flushed, times of change are not: as durable, on most disks faster. Where the system has no such call this
	// changes nothing.
	if _, err := sqlite.Fdatasync(true); err != nil && !errors.Is(err, sqlite.ErrFdatasyncUnavailable) {
		return err
	}
	return nil
}

// compare holds the file against the beacon and returns how far it has come.
func (s *Store) compare(ctx context.Context, seen *light, acceptLoss bool) (light, error) {
	if seen != nil {
		if err := s.accept(seen.holds(ctx, s.path, s.pool.db), acceptLoss); err != nil {
			return light{}, err
		}
	}
	l, err := lightOf(ctx, s.pool.db)
	if err == nil && seen == nil && l.Row > 0 {
		s.log.Warn("sqlite: no beacon beside the file: nothing tells whether it is the newest", "path", s.path)
	}
	return l, err
}

// afterCrash looks a file through that was not closed in order, and empties its log: one that goes on from here holds nothing from
// before.
func (s *Store) afterCrash(ctx context.Context, session *session) error {
	if err := s.checkQuickly(ctx); err != nil {
		return err
	}
	if err := session.checkpoint(ctx, truncate, usualPatience); err != nil {
		s.log.Warn("sqlite: log not emptied at the start", "path", s.path, "error", err)
	}
	return s.watch.begin()
}

// accept lets a loss pass that the operator knows of.
func (s *Store) accept(err error, known bool) error {
	if known && errors.Is(err, ErrLoss) {
		s.log.Warn("sqlite: loss accepted", "path", s.path, "error", err)
		return nil
	}
	return err
}

// lightUp says that the store is served from here on.
func (s *Store) lightUp(seen *light, l light) (err error) {
	if s.beacon, err = openBeacon(s.path, seen, s.log); err != nil {
		return err
	}
	if err := s.beacon.write(l, stateOpen); err != nil {
		return errors.Join(err, s.beacon.file.Close())
	}
	if err := syncDir(filepath.Dir(s.path)); err != nil {
		return errors.Join(err, s.beacon.file.Close())
	}
	go s.beacon.run()
	return nil
}

// connect opens the connections; the first to write makes the tables in a new file.
func (s *Store) connect(ctx context.Context) (*session, error) {
	session, err := openSession(ctx, s.path)
	if err != nil {
		return nil, err
	}
	if err := s.openReaders(ctx); err != nil {
		return nil, errors.Join(err, session.close())
	}
	return session, nil
}

// openReaders opens the connections that read, and begins to watch the files as they are now.
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

// location is where a database file really lies: the absolute path without symbolic links. SQLite's log and the lock stand beside
// it, whatever the file is called elsewhere.
func location(path string) (string, error) {
	if path == "" || strings.HasPrefix(path, ":") || strings.HasPrefix(path, "file:") {
		return "", fmt.Errorf("open %q: the path of a file is needed", path)
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if _, err := os.Lstat(path); err == nil {
		return filepath.EvalSymlinks(path) // fails on a link that leads nowhere
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(path))
	return filepath.Join(dir, filepath.Base(path)), err
}

// oneName refuses a file with several names (hard links): each name has a log and a lock of its own.
func oneName(path string) error {
	n, err := links(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err == nil && n > 1 {
		err = fmt.Errorf("the file has %d names (hard links), and SQLite's log goes by the name: keep one, or serve a copy", n)
	}
	return err
}

// Close ends the store: what waits is answered with ErrClosed, what is being written is finished, and the write-ahead log
// is written back to the file. Closing twice is harmless.
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
	s.mu.Lock() // readers that were in time have finished
	defer s.mu.Unlock()
	if s.writer == nil {
		errs = append(errs, s.pool.close())
	} else {
		errs = append(errs, s.end(), s.beacon.file.Close(), s.watch.close(), release(s.lock))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close %s: %w", s.path, err)
	}
	return nil
}

// end closes the connections: the last one writes the log back and takes it away, between two words of the beacon. Nothing of that
// holds when the file is another one.
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

// Ping tells whether the file can be read, is still the one that was opened, and takes writes.
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

// readSite is read for what is about one site.
func (s *Store) readSite(ctx context.Context, site workflow.SiteID, what string, f func(*pool) error) error {
	if err := repo.NeedSite(site); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return s.read(ctx, what, f)
}

// read runs f on the reading connections, with what was asked for in every error.
func (s *Store) read(ctx context.Context, what string, f func(*pool) error) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return fmt.Errorf("%s: %w", what, repo.ErrClosed)
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if s.pool == nil {
		if err := s.watch.intact(); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		return fmt.Errorf("%s: %w", what, repo.ErrUnavailable)
	}
	err := f(s.pool)
	if s.watch != nil {
		err = errors.Join(s.watch.intact(), err) // looked at afterwards: what was read before a look may be anything
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
