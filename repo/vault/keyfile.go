package vault

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// writeNew writes a new file that only its owner can read, and makes sure that it survives a crash.
// If it cannot be written, no file is left.
func writeNew(path string, text []byte) error {
	//nolint:gosec // the operator names the file
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		err = syncFolder(runtime.GOOS, filepath.Dir(path))
	}
	if err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

// syncFolder makes the names in a folder survive a crash. Windows cannot sync a folder; NTFS writes
// names with the file.
func syncFolder(system, path string) error {
	if system == "windows" {
		return nil
	}
	folder, err := os.Open(path) //nolint:gosec // the operator names the file in it
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// ReadPrivate reads a file that only its owner may read.
func ReadPrivate(path string) ([]byte, error) { return readPrivate(path) }

// readPrivate reads a file and refuses one that others may read, where the system can tell.
func readPrivate(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if mode := info.Mode(); !private(runtime.GOOS, mode) {
		return nil, fmt.Errorf("%s can be read by others (mode %v): run chmod 600 %s", path,
			mode.Perm(), path)
	}
	return os.ReadFile(path) //nolint:gosec // the operator names the file
}

// private reports whether a mode keeps a file to its owner. Windows has access control lists
// instead, and Go shows every writable file there as 0666, whoever may read it.
func private(system string, mode fs.FileMode) bool {
	return system == "windows" || mode.Perm()&0o077 == 0
}
