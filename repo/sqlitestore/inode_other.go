//go:build !linux

package sqlitestore

import "os"

// hold has no lock of another kind than SQLite's outside Linux: there the lock file alone keeps a
// second process away.
func hold(*os.File) error { return nil }

// keepOff needs Linux.
func keepOff(*os.File) error { return nil }
