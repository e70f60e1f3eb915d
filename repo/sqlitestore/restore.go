package sqlitestore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
)

// Restore replaces a database that nobody serves by a copy of a backup, if verify finds nothing
// wrong with the copy. The old database and its log are kept under the returned name; "" when there
// was none. An interrupted restore leaves the store as it was, or one that Open refuses until the
// restore is repeated.
func Restore(
	ctx context.Context, path, backup string, verify func(*Store) error,
) (kept string, err error) {
	if path, err = location(path); err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("restore %s: %w", path, err)
		}
	}()
	if err := refuseNetwork(filepath.Dir(path)); err != nil {
		return "", err
	}
	if a, err := os.Stat(backup); err != nil {
		return "", err
	} else if b, err := os.Stat(path); err == nil && os.SameFile(a, b) {
		return "", errors.New("the backup is the store itself")
	}
	lock, err := acquire(path)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, release(lock)) }()
	if err := oneName(path); err != nil {
		return "", err
	}
	fresh := path + ".restoring"
	if err := removeFile(fresh); err != nil {
		return "", err
	}
	l, err := copyIn(ctx, backup, fresh, verify)
	if err != nil {
		return "", errors.Join(err, removeFile(fresh))
	}
	return exchange(path, fresh, l)
}

// copyIn copies a backup to a new file and verifies the copy.
func copyIn(
	ctx context.Context, backup, fresh string, verify func(*Store) error,
) (l light, err error) {
	from, err := OpenReadOnly(ctx, backup)
	if err != nil {
		return l, err
	}
	if err := errors.Join(from.Backup(ctx, fresh), from.Close()); err != nil {
		return l, err
	}
	if from.old != nil { // opening it for writing migrates it
		session, err := openSession(ctx, fresh, slog.New(slog.DiscardHandler))
		if err != nil {
			return l, err
		}
		if err := session.close(); err != nil {
			return l, err
		}
	}
	s, err := OpenReadOnly(ctx, fresh)
	if err != nil {
		return l, err
	}
	if err = verify(s); err == nil {
		l, err = lightOf(ctx, s.pool.db)
	}
	return l, errors.Join(err, s.Close())
}

// exchange moves the old files aside and puts the new one in their place. The beacon comes last:
// until it is reset it refuses a half-finished exchange.
func exchange(path, fresh string, l light) (kept string, err error) {
	seen, err := readBeacon(path)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(path); err == nil {
		if kept, err = free(path + ".replaced"); err != nil {
			return "", err
		}
		if err := os.Rename(path, kept); err != nil {
			return "", err
		}
	}
	if kept != "" {
		err = os.Rename(path+"-wal", kept+"-wal")
	} else {
		err = os.Remove(path + "-wal")
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return kept, err
	}
	if err := errors.Join(removeFile(path+"-shm"), os.Rename(fresh, path),
		syncDir(filepath.Dir(path))); err != nil {
		return kept, err
	}
	b, err := openBeacon(path, seen, nil)
	if err != nil {
		return kept, err
	}
	return kept, errors.Join(b.write(l, stateClosed), b.write(l, stateClosed), b.file.Close(),
		syncDir(filepath.Dir(path)))
}

// free is the first of the names "x", "x-2", "x-3" … that is not taken, with its log.
func free(name string) (string, error) {
	for n := 1; ; n++ {
		try := name
		if n > 1 {
			try = fmt.Sprintf("%s-%d", name, n)
		}
		_, err := os.Lstat(try)
		_, log := os.Lstat(try + "-wal")
		if errors.Is(err, fs.ErrNotExist) && errors.Is(log, fs.ErrNotExist) {
			return try, nil
		}
		if err := errors.Join(err, log); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
}

// removeFile removes a file that may not be there.
func removeFile(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
