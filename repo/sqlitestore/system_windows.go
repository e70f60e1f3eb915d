package sqlitestore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/windows"
)

// acquire locks the lock file beside the database. The system frees the lock when the process ends,
// however it ends.
func acquire(path string) (*os.File, error) {
	name := path + lockEnd
	//nolint:gosec // the operator names the file
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	const exclusively = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	if err := windows.LockFileEx(windows.Handle(f.Fd()), exclusively, 0, 1, 0,
		&windows.Overlapped{}); err != nil {
		if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
			err = fmt.Errorf("%s is locked by another process: stop that process first, or serve "+
				"another file", name)
		}
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// abandon removes what a failed Open has made, and frees the lock. The lock file comes last and
// cannot be removed while it is open; if somebody else has opened it by then, it stays.
func abandon(lock *os.File, made []string) error {
	var name string
	if n := len(made); n > 0 && made[n-1] == lock.Name() {
		made, name = made[:n-1], lock.Name()
	}
	err := errors.Join(remove(made), release(lock))
	if name != "" {
		_ = os.Remove(name)
	}
	return err
}

// release frees the lock.
func release(f *os.File) error { return f.Close() }

// syncDir has nothing to do: NTFS writes names with the file.
func syncDir(string) error { return nil }

// links is how many names a file has.
func links(path string) (_ uint64, err error) {
	f, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	var i windows.ByHandleFileInformation
	if err := windows.GetFileInformationByHandle(windows.Handle(f.Fd()), &i); err != nil {
		return 0, fmt.Errorf("names of %s: %w", path, err)
	}
	return uint64(i.NumberOfLinks), nil
}

// changed says nothing: Windows may record the time of a change late while a file is open.
func changed(fs.FileInfo) (none time.Time) { return none }

// noSpace reports whether a file could not be written for lack of space.
func noSpace(err error) bool {
	return errors.Is(err, windows.ERROR_DISK_FULL) || errors.Is(err, windows.ERROR_HANDLE_DISK_FULL)
}
