// Package mongod runs real MongoDB servers on the loopback interface, for tests, measurements and torture runs.
//
// Servers are plain processes: they can be killed with SIGKILL, paused and restarted on the same data and port.
// Nothing here is part of the product.
package mongod

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
)

// ErrNotFound is the answer of Find when this machine has no MongoDB server.
var ErrNotFound = errors.New("no mongod found: set $MONGOD, put mongod on the PATH, or run `make mongod` (tools/mongod.sh)")

// version names the folder that tools/mongod.sh fills.
const version = "6.0.5"

// Find returns the path of a mongod: $MONGOD, else mongod on the PATH, else the one that tools/mongod.sh left in
// the cache. It never downloads. The error is ErrNotFound when there is none.
func Find() (string, error) {
	if path := os.Getenv("MONGOD"); path != "" {
		// A wrong $MONGOD is a mistake to report, never a reason to run another server.
		if err := executable(path); err != nil {
			return "", fmt.Errorf("$MONGOD: %w", err)
		}
		return path, nil
	}
	if path, err := exec.LookPath("mongod"); err == nil {
		return path, nil
	}
	path, err := cached()
	if err != nil {
		return "", err
	}
	if err := executable(path); err != nil {
		return "", ErrNotFound
	}
	return path, nil
}

// cached is where tools/mongod.sh puts the server; the script documents the same rule.
func cached() (string, error) {
	root := os.Getenv("LUNPAI_CACHE")
	if root == "" {
		base := os.Getenv("XDG_CACHE_HOME")
		if base == "" {
			home, err := os.UserHomeDir()
			if err != nil {
				return "", fmt.Errorf("%w (and no home folder: %w)", ErrNotFound, err)
			}
			base = filepath.Join(home, ".cache")
		}
		root = filepath.Join(base, "lunpai")
	}
	return filepath.Join(root, "mongod-"+version, "mongod"), nil
}

func executable(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return err
	case info.IsDir() || info.Mode()&0o111 == 0:
		return &fs.PathError{Op: "run", Path: path, Err: fs.ErrPermission}
	}
	return nil
}
