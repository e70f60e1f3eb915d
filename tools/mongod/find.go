// Package mongod runs real MongoDB servers on the loopback interface, for tests, measurements and
// torture runs.
//
// Servers are plain processes: they can be killed with SIGKILL, paused and restarted on the same
// data and port. Nothing here is part of the product.
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
var ErrNotFound = errors.New("no mongod found: set $MONGOD, put mongod on the PATH, or run `make " +
	"mongod` (tools/mongod.sh)")

// version names the folder that tools/mongod.sh fills.
const version = "6.0.5"

// The programs with which people use MongoDB, named like the variables that may say where they are.
const (
	Mongosh = "MONGOSH"
	Python  = "PYTHON" // with PyMongo
)

// clientsFolder is the folder that tools/analytics.sh fills, and clients are the programs in it.
const clientsFolder = "analytics-mongosh-2.12.0-pymongo-4.17.0"

var clients = map[string]string{
	Mongosh: filepath.Join("bin", "mongosh"),
	Python:  filepath.Join("python", "bin", "python"),
}

// Find returns the path of a mongod: $MONGOD, else mongod on the PATH, else the one that
// tools/mongod.sh left in the cache. It never downloads. The error is ErrNotFound when there is
// none.
func Find() (string, error) {
	if path := os.Getenv("MONGOD"); path != "" {
		return named("MONGOD", path)
	}
	if path, err := exec.LookPath("mongod"); err == nil {
		return path, nil
	}
	return cached(ErrNotFound, "mongod-"+version, "mongod")
}

// FindClient returns the path of Mongosh or Python: the one that its variable names, else the one
// that tools/analytics.sh left in the cache. It never downloads. The error is ErrNotFound when
// there is none.
func FindClient(variable string) (string, error) {
	if path := os.Getenv(variable); path != "" {
		return named(variable, path)
	}
	none := noClient(variable)
	return cached(none, clientsFolder, clients[variable])
}

// noClient is the ErrNotFound of one client.
type noClient string

func (c noClient) Error() string {
	return fmt.Sprintf("$%s is not set, and `make mongod` (tools/analytics.sh) was not run",
		string(c))
}

func (noClient) Is(target error) bool { return target == ErrNotFound }

// named is a program that a variable names. A wrong one is a mistake to report, never a reason to
// run another.
func named(variable, path string) (string, error) {
	if err := executable(path); err != nil {
		return "", fmt.Errorf("$%s: %w", variable, err)
	}
	return path, nil
}

// cached is a program that a script of tools left in the cache, or the error none. The scripts
// document the same rule.
func cached(none error, parts ...string) (string, error) {
	root := os.Getenv("LUNPAI_CACHE")
	if root == "" {
		base := os.Getenv("XDG_CACHE_HOME")
		if base == "" {
			home, err := os.UserHomeDir()
			if err != nil {
				return "", fmt.Errorf("%w (and no home folder: %w)", none, err)
			}
			base = filepath.Join(home, ".cache")
		}
		root = filepath.Join(base, "lunpai")
	}
	path := filepath.Join(root, filepath.Join(parts...))
	if err := executable(path); err != nil {
		return "", none
	}
	return path, nil
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
