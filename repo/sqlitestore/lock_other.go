//go:build !unix

package sqlitestore

import "os"

// Without flock, SQLite's own exclusive mode would shut out our own readers: the lock file is opened, which is enough on
// Windows as long as nobody opens it with sharing allowed, and SQLite's locks keep two writers from mixing their pages.

func acquire(path string) (*os.File, error) {
	return os.OpenFile(path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
}

func release(f *os.File) error { return f.Close() }
