package sqlitestore

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// hold locks the file itself, whatever its name: a lock file does not help where one file is
// mounted in two places. On Linux this kind of lock does not interfere with SQLite's.
func hold(f *os.File) error {
	err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return fmt.Errorf("%s is served under another name: stop that process first", f.Name())
	}
	return err
}

// keepOff stops SQLite from writing its log over a file that somebody else wrote when the last
// connection closes: while this lock is held no connection is the last. It is in SQLite's range of
// reader locks.
func keepOff(f *os.File) error {
	const readers, many = 0x40000002, 510
	return unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &unix.Flock_t{
		Type: unix.F_RDLCK, Start: readers, Len: many,
	})
}
