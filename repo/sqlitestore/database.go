package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"modernc.org/sqlite" // also registers the driver

	"github.com/lunpai/lunpai/repo"
)

// Result codes of SQLite that matter here (https://sqlite.org/rescode.html); extended codes carry
// them in the low byte.
const (
	codeBusy       = 5
	codeLocked     = 6
	codeIOErr      = 10
	codeCorrupt    = 11
	codeFull       = 13
	codeTooBig     = 18
	codeConstraint = 19
	codeMismatch   = 20
	codeNotADB     = 26
)

// code is the primary result code in err; 0 when it is not SQLite's.
func code(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code() & 0xff
	}
	return 0
}

// damaged adds the remedy when SQLite says that a file is damaged.
func damaged(path string, err error) error {
	switch code(err) {
	case codeCorrupt, codeNotADB:
		return fmt.Errorf("%w: %w: put a backup in its place (lunpai restore --store sqlite:%s "+
			"BACKUP)", repo.ErrCorrupt, err, path)
	}
	return err
}

// pragmas are settings of a connection, by name; each is read back after opening.
type pragmas map[string]string

// walPages is how long the write-ahead log may get (in pages of 4 kB) before a commit has to write
// it back. Long logs are cheap: a page that changes often is written back once. While the store is
// idle the log is written back anyway.
const walPages = 8000

// writing are the settings of the only connection that writes.
func writing() pragmas {
	p := pragmas{
		"journal_mode": "wal", "synchronous": "2",
		"busy_timeout": fmt.Sprint(usualPatience.Milliseconds()), "foreign_keys": "1",
		"secure_delete":      "1",
		"journal_size_limit": "67108864", "wal_autocheckpoint": fmt.Sprint(walPages),
		"cache_size": "-32000",
	}
	maps.Copy(p, flushing(runtime.GOOS))
	return p
}

// flushing are the settings without which a flush is not one: macOS leaves what it was told to
// flush in the disk's cache.
func flushing(system string) pragmas {
	if system == "darwin" || system == "ios" {
		return pragmas{"fullfsync": "1", "checkpoint_fullfsync": "1"}
	}
	return nil
}

// reading are the settings of the connections that only read.
func reading() pragmas {
	return pragmas{
		"query_only": "1", "busy_timeout": fmt.Sprint(usualPatience.Milliseconds()),
		"foreign_keys": "1", "cache_size": "-8000",
	}
}

// dsn names a file and how to open it; mode is rw, rwc or ro.
func dsn(path, mode string, p pragmas) string {
	u := url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(path)}
	if !strings.HasPrefix(u.Path, "/") {
		u.Path = "/" + u.Path // a Windows volume
	}
	q := url.Values{"mode": {mode}}
	for _, name := range slices.Sorted(maps.Keys(p)) {
		q.Add("_pragma", name+"("+p[name]+")")
	}
	return u.String() + "?" + q.Encode()
}

// dial opens a pool of n connections, tries one and verifies that its settings are in force.
func dial(ctx context.Context, path, mode string, n int, p pragmas) (*sql.DB, error) {
	connector, err := sqlite.NewConnector(dsn(path, mode, p))
	if err != nil {
		return nil, fmt.Errorf("open: %w", err)
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(n)
	db.SetMaxIdleConns(n)
	if err := verify(ctx, db, p); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// verify reads the settings back: SQLite ignores what it does not know, and silently keeps what it
// cannot change.
func verify(ctx context.Context, db *sql.DB, want pragmas) error {
	c, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	defer c.Close()
	for _, name := range slices.Sorted(maps.Keys(want)) {
		var got string
		if err := c.QueryRowContext(ctx, "PRAGMA "+name).Scan(&got); err != nil {
			return fmt.Errorf("read back %s: %w", name, err)
		}
		if got != want[name] {
			return fmt.Errorf("SQLite keeps %s = %s where %s is needed: the file or its file "+
				"system does not allow it", name, got, want[name])
		}
	}
	return nil
}

// prepare fills in prepared statements and lists those that it made.
func prepare(ctx context.Context, on interface {
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
}, texts map[**sql.Stmt]string,
) (made []*sql.Stmt, err error) {
	for dst, text := range texts {
		//nolint:sqlclosecheck // closed with its session or pool
		s, err := on.PrepareContext(ctx, text)
		if err != nil {
			return made, fmt.Errorf("prepare: %w", err)
		}
		*dst = s
		made = append(made, s)
	}
	return made, nil
}
