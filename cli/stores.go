package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/mongostore"
	"github.com/lunpai/lunpai/repo/sqlitestore"
	"github.com/lunpai/lunpai/repo/vault"
)

const defaultStore = "sqlite:lunpai.db"

// opening says how a store is opened.
type opening struct {
	// acceptLoss: also when it holds less than was acknowledged (SQLite).
	acceptLoss bool
	// unfinished: also when a copy into it was never finished.
	unfinished bool
}

// openStore opens the store that a --store names.
func openStore(ctx context.Context, name string, log *slog.Logger) (repo.Store, error) {
	return openAs(ctx, name, opening{}, log)
}

// openAs opens a store in a certain way.
func openAs(ctx context.Context, name string, how opening, log *slog.Logger) (s repo.Store, err error) {
	switch path, ok := strings.CutPrefix(name, "sqlite:"); {
	case ok && path != "":
		s, err = sqlitestore.Open(ctx, sqlitestore.Config{Path: path, AcceptLoss: how.acceptLoss, Log: log})
	case strings.HasPrefix(name, "mongodb://"), strings.HasPrefix(name, "mongodb+srv://"):
		s, err = mongostore.Open(ctx, mongostore.Config{URI: name, Log: log})
	default:
		err = errors.New("--store is neither sqlite:PATH nor mongodb://…: write for instance sqlite:lunpai.db")
	}
	if err != nil {
		return nil, err
	}
	return finished(ctx, s, how)
}

func noFile(path string) error {
	return fmt.Errorf("there is no file %s: name the store with --store", path)
}

// openForReading opens a store to look at it. A SQLite store may be served at the same time.
func openForReading(ctx context.Context, name string, log *slog.Logger) (repo.Store, error) {
	path, ok := strings.CutPrefix(name, "sqlite:")
	if !ok {
		return openStore(ctx, name, log)
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, noFile(path)
	}
	s, err := sqlitestore.OpenReadOnly(ctx, path)
	if err != nil {
		return nil, err
	}
	return finished(ctx, s, opening{})
}

// finished closes a store again that is half a copy.
func finished(ctx context.Context, s repo.Store, how opening) (repo.Store, error) {
	if how.unfinished {
		return s, nil
	}
	if err := repo.Unfinished(ctx, s); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// keysPath is where the keyring of a store lies unless --keys says so: beside the SQLite file, or here.
func keysPath(store, flag string) string {
	if flag != "" {
		return flag
	}
	if path, ok := strings.CutPrefix(store, "sqlite:"); ok {
		return strings.TrimSuffix(path, filepath.Ext(path)) + ".keys.json"
	}
	return "lunpai.keys.json"
}

// keyringFirst looks at the keyring before a new SQLite file is made, and makes a new one if there is none: a keyring that
// cannot be had then leaves no empty store behind. undo takes a new keyring away again when the store cannot be made.
func keyringFirst(store, keys string) (undo func() error, err error) {
	undo = func() error { return nil }
	path, ok := strings.CutPrefix(store, "sqlite:")
	if !ok || path == "" {
		return undo, nil
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return undo, nil // openKeyring asks the store whether there ought to be one
	}
	if _, err := vault.LoadKeyring(keys); !errors.Is(err, fs.ErrNotExist) {
		return undo, err
	}
	if _, err := vault.CreateKeyring(keys); err != nil {
		return undo, fmt.Errorf("%w (name another place with --keys)", err)
	}
	return func() error { return os.Remove(keys) }, nil
}

// openKeyring loads the keyring of a store. It is made at the first start; a store that has one must find it.
func openKeyring(ctx context.Context, s repo.Store, path string) (*vault.Keyring, error) {
	ring, err := vault.LoadKeyring(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return ring, err
	}
	id, err := vault.KeyringOf(ctx, s)
	if err != nil {
		return nil, err
	}
	if id != "" {
		return nil, fmt.Errorf("the keyring %s is missing, but names and phones in this store were written under one: bring the file back from your backup, or name it with --keys", path)
	}
	return vault.CreateKeyring(path)
}

// clockMark is the meta document of a store whose clock is set by hand.
const clockMark = "clock"

// checkClock sees to it that rehearsals and real work never share a store: a manual clock only on a store created with one.
func checkClock(ctx context.Context, s repo.Store, manual bool) error {
	_, err := s.Side(ctx, repo.Meta, clockMark)
	if err != nil && !errors.Is(err, repo.ErrNotFound) {
		return fmt.Errorf("look for the store's clock: %w", err)
	}
	marked := err == nil
	switch {
	case marked && !manual:
		return errors.New("this store was created with --clock=manual, for rehearsals: start it that way, or use another store")
	case !manual || marked:
		return nil
	}
	sites, err := s.Sites(ctx)
	if err != nil {
		return fmt.Errorf("look for sites: %w", err)
	}
	if len(sites) > 0 {
		return errors.New("this store was not created with --clock=manual and holds real visits: rehearse on a new store")
	}
	body, err := json.Marshal(map[string]bool{"manual": true})
	if err != nil {
		return err
	}
	err = s.Insert(ctx, repo.Side{Collection: repo.Meta, ID: clockMark, At: time.Now().UTC().Truncate(time.Millisecond), Body: body})
	if err != nil && !errors.Is(err, repo.ErrExists) {
		return fmt.Errorf("mark the store's clock: %w", err)
	}
	return nil
}
