package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// session is the one connection that writes, with its statements.
type session struct {
	db      *sql.DB
	conn    *sql.Conn
	drainer *drainer

	statements                                 []*sql.Stmt // all of these:
	begin, commit, rollback                    *sql.Stmt
	head, pageAt, row, lookUp                  *sql.Stmt
	insertPage, insertIndex, insertID, setMark *sql.Stmt
	setListed                                  *sql.Stmt
	refreshImage, replaceImage                 *sql.Stmt
	sideExists, insertSide, replaceSide, erase *sql.Stmt
	sideStands, setSides                       *sql.Stmt
}

func openSession(ctx context.Context, path string, log *slog.Logger) (*session, error) {
	db, err := dial(ctx, path, "rw", 1, writing())
	if err != nil {
		return nil, err
	}
	s := &session{db: db}
	if err := s.open(ctx, path, log); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *session) open(ctx context.Context, path string, log *slog.Logger) (err error) {
	if s.conn, err = s.db.Conn(ctx); err != nil {
		return fmt.Errorf("open: %w", err)
	}
	if err := ensureSchema(ctx, s.conn, log); err != nil {
		return err
	}
	if s.drainer, err = openDrainer(ctx, path); err != nil {
		return err
	}
	s.statements, err = prepare(ctx, s.conn, map[**sql.Stmt]string{
		&s.begin: `BEGIN IMMEDIATE`, &s.commit: `COMMIT`, &s.rollback: `ROLLBACK`,

		&s.head: headQuery,
		&s.pageAt: `SELECT ` + pageColumns + ` FROM page_index i CROSS JOIN journal j ` +
			`ON j.key = i.key WHERE i.site = ? AND i.first = ?`,
		&s.row:    rowQuery,
		&s.lookUp: listedQuery,
		&s.insertPage: `INSERT INTO journal (site, first, last, at, prev, hash, ids, body) ` +
			`VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		// Writing the same line twice is harmless; another page at this number is not.
		&s.insertIndex: `INSERT INTO page_index (site, first, key) VALUES (?, ?, ?) ` +
			`ON CONFLICT (site, first) DO UPDATE SET key = key WHERE key = excluded.key`,
		&s.insertID:  `INSERT INTO command_ids (hash, key) VALUES (?, ?) ON CONFLICT DO NOTHING`,
		&s.setMark:   `UPDATE meta SET value = ? WHERE name = 'mark'`,
		&s.setListed: `UPDATE meta SET value = ? WHERE name = 'listed'`,

		// Most images differ from the stored one only in seq and doc; then no index is touched.
		&s.refreshImage: `UPDATE images SET seq = ?4, doc = ?8 WHERE collection = ?1 ` +
			`AND site = ?2 AND id = ?3
			AND seq <= ?4 AND open = ?5 AND day IS ?6 AND who IS ?7`,
		&s.replaceImage: `INSERT INTO images (collection, site, id, seq, open, day, who, doc) ` +
			`VALUES (?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (collection, site, id) DO UPDATE
			SET seq = excluded.seq, open = excluded.open, day = excluded.day, ` +
			`who = excluded.who, doc = excluded.doc
			WHERE seq <= excluded.seq`,

		&s.insertSide: `INSERT INTO sides (` + sideColumns +
			`) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		&s.sideExists: `SELECT id FROM sides WHERE collection = ? AND site = ? AND lookup = ? ` +
			`AND lookup <> '' AND id <> ?`,
		&s.replaceSide: `INSERT INTO sides (` + sideColumns +
			`) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (collection, id) DO UPDATE
			SET site = excluded.site, lookup = excluded.lookup, command = excluded.command, ` +
			`pending = excluded.pending,
				at = excluded.at, body = excluded.body`,
		&s.sideStands: `SELECT 1 FROM sides WHERE collection = ? AND id = ? AND site = ? ` +
			`AND lookup = ? AND command = ?
			AND pending = ? AND at = ? AND body = ?`,
		&s.setSides: `INSERT INTO meta (name, value) VALUES ('sides', ?1) ` +
			`ON CONFLICT (name) DO UPDATE SET value = ?1`,
		&s.erase: `DELETE FROM sides WHERE collection = ? AND id = ?`,
	})
	return err
}

// checkpoint writes the log back to the file. TRUNCATE leaves an empty log, or fails because
// somebody reads from it longer than patience; PASSIVE does what it can and waits for nobody.
func (s *session) checkpoint(ctx context.Context, mode string, patience time.Duration) (err error) {
	s.drainer.work.Wait()
	if err := s.setPatience(ctx, patience); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.setPatience(ctx, usualPatience)) }()
	var busy, frames, done int
	if err := s.conn.QueryRowContext(ctx, `PRAGMA wal_checkpoint(`+mode+`)`).Scan(&busy, &frames,
		&done); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	if mode == truncate && busy != 0 {
		return errors.New("checkpoint: a reader is in the way")
	}
	return nil
}

// usualPatience is how long a statement waits for other processes.
const usualPatience = 5 * time.Second

func (s *session) setPatience(ctx context.Context, d time.Duration) error {
	_, err := s.conn.ExecContext(ctx, fmt.Sprintf(`PRAGMA busy_timeout = %d`, d.Milliseconds()))
	return err
}

// The modes of a checkpoint.
const (
	passive  = "PASSIVE"
	truncate = "TRUNCATE"
)

// close closes the connection; the last one of the file writes the log back. A statement left open
// would keep the connection alive.
func (s *session) close() error {
	var errs []error
	if s.drainer != nil {
		errs = append(errs, s.drainer.close())
	}
	for _, statement := range s.statements {
		errs = append(errs, statement.Close())
	}
	if s.conn != nil {
		errs = append(errs, s.conn.Close())
	}
	return errors.Join(append(errs, s.db.Close())...)
}
