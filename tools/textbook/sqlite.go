package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"runtime"

	_ "modernc.org/sqlite" // the driver
)

// sqlite keeps documents in one table: one connection writes, each save is flushed (synchronous
// FULL), a few connections read.
type sqlite struct {
	writer, readers        *sql.DB
	insert, update, choose *sql.Stmt
}

func openSQLite(ctx context.Context, path string) (_ Store, err error) {
	dsn := "file:" + path +
		"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=busy_timeout(10000)"
	s := &sqlite{}
	if s.writer, err = sql.Open("sqlite", dsn+"&_txlock=immediate"); err != nil {
		return nil, err
	}
	s.writer.SetMaxOpenConns(1)
	if s.readers, err = sql.Open("sqlite", dsn); err != nil {
		return nil, err
	}
	s.readers.SetMaxOpenConns(runtime.NumCPU())
	s.readers.SetMaxIdleConns(runtime.NumCPU())
	_, err = s.writer.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS visits (id TEXT PRIMARY KEY, `+
		`version INTEGER NOT NULL, doc TEXT NOT NULL) WITHOUT ROWID`)
	if err != nil {
		return nil, err
	}
	var errs [3]error
	s.insert, errs[0] = s.writer.PrepareContext(ctx,
		`INSERT INTO visits VALUES (?, ?, ?) ON CONFLICT DO NOTHING`)
	s.update, errs[1] = s.writer.PrepareContext(ctx,
		`UPDATE visits SET version = ?, doc = ? WHERE id = ? AND version = ?`)
	s.choose, errs[2] = s.readers.PrepareContext(ctx, `SELECT doc FROM visits WHERE id = ?`)
	return s, errors.Join(errs[:]...)
}

func (s *sqlite) Close() error { return errors.Join(s.readers.Close(), s.writer.Close()) }

func (s *sqlite) Create(ctx context.Context, d *Document) error {
	text, err := json.Marshal(d)
	if err != nil {
		return err
	}
	return changed(s.insert.ExecContext(ctx, d.ID, d.Version, string(text)))
}

func (s *sqlite) Save(ctx context.Context, d *Document, was int64) error {
	text, err := json.Marshal(d)
	if err != nil {
		return err
	}
	return changed(s.update.ExecContext(ctx, d.Version, string(text), d.ID, was))
}

func changed(r sql.Result, err error) error {
	if err != nil {
		return err
	}
	if n, _ := r.RowsAffected(); n == 0 {
		return errConflict
	}
	return nil
}

func (s *sqlite) Get(ctx context.Context, id string) (*Document, error) {
	var text []byte
	err := s.choose.QueryRowContext(ctx, id).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, errNotFound
	}
	if err != nil {
		return nil, err
	}
	d := &Document{}
	return d, json.Unmarshal(text, d)
}
