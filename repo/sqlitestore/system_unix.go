//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package sqlitestore

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// acquire locks the lock file beside the database. The system frees the lock when the process ends,
// however it ends; the file stays. Only a failing Open may delete it, while it holds the lock, and
// only if the file was not there before.
func acquire(path string) (*os.File, error) {
	for {
		f, err := lock(path + lockEnd)
		if err != nil {
			return nil, err
		}
		ours, err := f.Stat()
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		if there, err := os.Stat(f.Name()); err == nil && os.SameFile(ours, there) {
			return f, nil
		}
		// It was deleted between our opening and locking it: two processes would lock two files of
		// one name.
		if err := f.Close(); err != nil {
			return nil, err
		}
	}
}

// lock opens a lock file, locks it and writes down who has it.
func lock(name string) (*os.File, error) {
	//nolint:gosec // the operator names the file
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		if errors.Is(err, unix.EWOULDBLOCK) {
			err = fmt.Errorf("%s is locked by %s: stop that process first, or serve another file",
				name, holder(f))
		}
		return nil, errors.Join(err, f.Close())
	}
	err = f.Truncate(0)
	if err == nil {
		_, err = fmt.Fprintf(f, "process %d\n", os.Getpid())
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// holder is the process that is named in the lock file.
func holder(f *os.File) string {
	text, err := io.ReadAll(io.LimitReader(f, 64))
	if who := strings.TrimSpace(string(text)); err == nil && who != "" {
		return who
	}
	return "another process"
}

// abandon removes what a failed Open has made, and frees the lock. While the lock is held nobody
// else makes files of these names; the lock file is the last.
func abandon(lock *os.File, made []string) error { return errors.Join(remove(made), release(lock)) }

// release frees the lock.
func release(f *os.File) error { return f.Close() }

// syncDir makes the name of a new file durable.
func syncDir(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // the operator names the folder
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// links is how many names a file has.
func links(path string) (uint64, error) {
	var s unix.Stat_t
	if err := unix.Stat(path, &s); err != nil {
		return 0, fmt.Errorf("names of %s: %w", path, err)
	}
	return uint64(s.Nlink), nil //nolint:unconvert // the field differs by platform
}

// changed is when a file was written last.
func changed(f fs.FileInfo) time.Time { return f.ModTime() }

// noSpace reports whether a file could not be written for lack of space.
func noSpace(err error) bool { return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) }
