package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/vault"
)

// keyringPath is where the keyring of a store is unless --keys says so: beside the SQLite file,
// or here.
func keyringPath(store, flag string) string {
	if flag != "" {
		return flag
	}
	if path, ok := strings.CutPrefix(store, "sqlite:"); ok {
		return strings.TrimSuffix(path, filepath.Ext(path)) + ".keys.json"
	}
	return "lunpai.keys.json"
}

// keyringFirst looks at the keyring before a new SQLite file is made, and makes one if there is
// none: a keyring that cannot be had then leaves no empty store behind. undo removes the new
// keyring when the store cannot be made.
func keyringFirst(store, keyring string) (undo func() error, err error) {
	undo = func() error { return nil }
	path, ok := strings.CutPrefix(store, "sqlite:")
	if !ok || path == "" {
		return undo, nil
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return undo, nil // openKeyring asks the store whether it has one
	}
	if _, err := vault.LoadKeyring(keyring); !errors.Is(err, fs.ErrNotExist) {
		return undo, err
	}
	if _, err := vault.CreateKeyring(keyring); err != nil {
		return undo, fmt.Errorf("%w (name another place with --keys)", err)
	}
	return func() error { return os.Remove(keyring) }, nil
}

// openKeyring loads the keyring of a store. The first start makes it; from then on a store must
// find the one that it was written under.
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
		return nil, fmt.Errorf("the keyring %s is missing, "+
			"but names and phones in this store were written under one: "+
			"restore the file from your backup, or name it with --keys", path)
	}
	return vault.CreateKeyring(path)
}
