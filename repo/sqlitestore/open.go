package sqlitestore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"
)

// Open opens the file to serve it, and holds it until Close: a second Open of the same file, in
// this process or another, is refused. So are network file systems, on which SQLite's locks cannot
// be trusted, and files of a newer schema.
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
	if len(missing(path)) > 0 { // otherwise no file of the database is ours to remove
		made = missing(path, path+sideNames[0], path+sideNames[1], path+beaconName)
	}
	made = append(made, newLock...) // last: once it is gone somebody else may create these files
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
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, damaged(path, err)),
			abandon(lock, made))
	}
	return s, nil
}

// lockEnd ends the name of the lock file.
const lockEnd = ".lock"

// remove deletes files that may be gone already. The lock must be held: otherwise they may belong
// to another process.
func remove(paths []string) (err error) {
	for _, path := range paths {
		if e := os.Remove(path); !errors.Is(e, os.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	return err
}

// missing are those of the files that do not exist.
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
		err = s.findTrailing(ctx, s.pool)
	}
	if err == nil {
		err = s.findUnlisted(ctx, s.pool)
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

// make creates the file if it does not exist.
func (s *Store) make() error {
	// The file holds personal data, so only its owner may read it. SQLite gives its other files the
	// same rights.
	f, err := os.OpenFile(s.path, os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		err = f.Close()
	}
	if err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	// Flush sizes but not times of change: just as durable, and faster on most disks. Where the
	// system has no such call nothing changes.
	if _, err := sqlite.Fdatasync(true); err != nil &&
		!errors.Is(err, sqlite.ErrFdatasyncUnavailable) {
		return err
	}
	return nil
}

// compare checks the file against the beacon and returns how much it holds.
func (s *Store) compare(ctx context.Context, seen *light, acceptLoss bool) (light, error) {
	if seen != nil {
		if err := s.accept(seen.holds(ctx, s.path, s.pool.db), acceptLoss); err != nil {
			return light{}, err
		}
	}
	l, err := lightOf(ctx, s.pool.db)
	if err == nil && seen == nil && l.Row > 0 {
		s.log.Warn("sqlite: no beacon beside the file: nothing tells whether it is the newest",
			"path", s.path)
	}
	return l, err
}

// afterCrash checks a file that was not closed properly and empties its log, so that a new one
// holds nothing from before.
func (s *Store) afterCrash(ctx context.Context, session *session) error {
	if err := s.checkQuickly(ctx); err != nil {
		return err
	}
	if err := session.checkpoint(ctx, truncate, usualPatience); err != nil {
		s.log.Warn("sqlite: log not emptied at the start", "path", s.path, "error", err)
	}
	return s.watch.begin()
}

// accept ignores a loss that the operator knows of.
func (s *Store) accept(err error, known bool) error {
	if known && errors.Is(err, ErrLoss) {
		s.log.Warn("sqlite: loss accepted", "path", s.path, "error", err)
		return nil
	}
	return err
}

// lightUp writes to the beacon that the store is being served.
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

// location is where a database file really lies: the absolute path without symbolic links. SQLite's
// log and the lock are beside it, whatever other names the file has.
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

// oneName refuses a file with several names (hard links): each name has a log and a lock of its
// own.
func oneName(path string) error {
	n, err := links(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err == nil && n > 1 {
		err = fmt.Errorf("the file has %d names (hard links), and SQLite's log goes by the name: "+
			"keep one, or serve a copy", n)
	}
	return err
}
