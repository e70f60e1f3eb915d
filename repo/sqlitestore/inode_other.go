//go:build !linux

package sqlitestore

import "os"

// hold does nothing outside Linux, which alone has a second kind of lock: the lock file alone keeps
// other processes away.
func hold(*os.File) error { return nil }

// keepOff needs Linux.
func keepOff(*os.File) error { return nil }
