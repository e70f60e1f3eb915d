package sqlitestore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// OpenReadOnly opens a file for reading, whether or not it is being served: it takes no lock and
// writes nothing. Writing methods fail with repo.ErrReadOnly. It sees every commit acknowledged
// before a call.
func OpenReadOnly(ctx context.Context, path string) (*Store, error) {
	path, err := location(path)
	if err != nil {
		return nil, err
	}
	if err := refuseNetwork(filepath.Dir(path)); err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	p, err := openPool(ctx, path, "ro", 1)
	if errors.Is(err, errOldSchema) { // it can still be copied, and restored
		return &Store{path: path, old: err}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return &Store{path: path, pool: p}, nil
}

// Backup copies the file as it is at one moment to a new file, also while it is served, and flushes
// the copy to disk. A target that exists is refused. The copy is complete: it needs no
// -wal file beside it, as a copy by hand would.
func (s *Store) Backup(ctx context.Context, path string) error {
	err := s.read(ctx, "backup", func(*pool) error { return nil })
	if err != nil && !errors.Is(err, errOldSchema) {
		return err
	}
	target, err := location(path)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if _, err := os.Lstat(target); err == nil {
		return fmt.Errorf("backup: %s: %w", target, os.ErrExist)
	}
	// an unfinished backup never has a backup's name
	part := target + ".part"
	//nolint:gosec // the operator names the file
	f, err := os.OpenFile(part, os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	err = s.vacuum(ctx, part)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(part, target)
	}
	if err == nil {
		err = syncDir(filepath.Dir(target))
	}
	if err != nil {
		return fmt.Errorf("backup to %s: %w", target, errors.Join(err, removeFile(part)))
	}
	return nil
}

// vacuum writes the copy on a connection of its own: that may take minutes.
func (s *Store) vacuum(ctx context.Context, target string) error {
	db, err := dial(ctx, s.path, "ro", 1, pragmas{"busy_timeout": "5000"})
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, `VACUUM INTO ?`, target)
	return errors.Join(err, db.Close())
}
