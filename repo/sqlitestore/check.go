package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/lunpai/lunpai/repo"
)

// maxProblems limits how many problems are reported for a file.
const maxProblems = 20

var _ repo.SelfChecker = (*Store)(nil)

// Check reads the whole file and reports what is wrong. It runs SQLite's own check of every page
// and of the indexes against the tables, then checks that exactly the journal's commands are found
// by their ids, and that the file holds what was acknowledged from it. It may run while the file is
// served.
func (s *Store) Check(ctx context.Context) (problems []string, err error) {
	if err := s.read(ctx, "check", func(*pool) error { return nil }); err != nil {
		return nil, err
	}
	// a connection of its own: it may take minutes
	db, err := dial(ctx, s.path, "ro", 1, pragmas{"busy_timeout": "5000"})
	if err != nil {
		return nil, fmt.Errorf("check: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	for _, look := range []func(context.Context, *sql.DB) ([]string,
		error){integrity("integrity_check", maxProblems), commandIDs, s.checkBeacon} {
		found, err := look(ctx, db)
		if ctx.Err() != nil {
			return nil, fmt.Errorf("check: %w", ctx.Err())
		}
		if err != nil { // the file is so damaged that it cannot be read through
			found = append(found, err.Error())
		}
		problems = append(problems, found...)
	}
	return problems, nil
}

// integrity runs one of SQLite's checks: on everything, up to a number of problems, or on one table
// and its indexes.
func integrity(check string, of any) func(context.Context, *sql.DB) ([]string, error) {
	return func(ctx context.Context, db *sql.DB) ([]string, error) {
		rows, err := db.QueryContext(ctx, fmt.Sprintf(`PRAGMA %s(%v)`, check, of))
		found, err := collect(rows, err, scanText)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", check, err)
		}
		if len(found) == 1 && found[0] == "ok" {
			return nil, nil
		}
		return found, nil
	}
}

// commandIDs checks the index of command ids against the journal: a command that is not found would
// be carried out a second time.
func commandIDs(ctx context.Context, db *sql.DB) ([]string, error) {
	rows, err := db.QueryContext(ctx,
		`SELECT j.site, j.first, e.value ->> 'id' FROM journal j, json_each(j.entries) e
		LEFT JOIN journal_ids i ON i.site = j.site AND i.id = e.value ->> 'id' `+
			`WHERE i.first IS NOT j.first LIMIT ?`, maxProblems)
	found, err := collect(rows, err, func(rows *sql.Rows) (string, error) {
		var p repo.Page
		var id sql.NullString
		err := rows.Scan(&p.Site, &p.First, &id)
		return fmt.Sprintf("command %s of page %s is not found by its id", id.String,
			repo.PageID(p.Site, p.First)), err
	})
	if err != nil {
		return nil, fmt.Errorf("ids of commands: %w", err)
	}
	var listed, held int64
	err = db.QueryRowContext(ctx,
		`SELECT (SELECT count(*) FROM journal_ids), (SELECT coalesce(sum(last - first + 1), 0) `+
			`FROM journal)`).
		Scan(&listed, &held)
	if err == nil && listed != held {
		found = append(found, fmt.Sprintf("%d commands are listed by their ids, the journal "+
			"holds %d", listed, held))
	}
	return found, err
}

// checkBeacon checks the file against its beacon.
func (s *Store) checkBeacon(ctx context.Context, db *sql.DB) ([]string, error) {
	seen, err := readBeacon(s.path)
	if err != nil || seen == nil {
		return nil, err
	}
	err = seen.holds(ctx, s.path, db)
	if errors.Is(err, ErrLoss) {
		return []string{err.Error()}, nil
	}
	return nil, err
}

// checkQuickly runs after a service that was not stopped properly: the checks that take a moment,
// before anybody relies on the file.
func (s *Store) checkQuickly(ctx context.Context) error {
	// The index of the phones comes first: nothing else would show that somebody it lacks is known.
	for _, look := range []func(context.Context, *sql.DB) ([]string, error){
		integrity("quick_check", maxProblems), integrity("integrity_check", "sides"), commandIDs,
	} {
		found, err := look(ctx, s.pool.db)
		if err == nil && len(found) > 0 {
			err = errors.New(strings.TrimPrefix(strings.ReplaceAll(found[0], "\n", ": "),
				"*** in database main ***: "))
		}
		if err != nil {
			return fmt.Errorf("%w: looked through, for the service was not stopped in order: %w. "+
				"lunpai verify says more; put a backup in its place "+
				"(lunpai restore --store sqlite:%s BACKUP)", repo.ErrCorrupt, err, s.path)
		}
	}
	return nil
}

// checkBehind does what takes longer, the indexes against the tables, while the store is already
// served. If it finds something the service stops: an index that lacks a visit makes a wrong board.
func (s *Store) checkBehind(ctx context.Context) {
	db, err := dial(ctx, s.path, "ro", 1, pragmas{"busy_timeout": "5000"})
	var found []string
	if err == nil {
		found, err = integrity("integrity_check", maxProblems)(ctx, db)
		err = errors.Join(err, db.Close())
	}
	if err == nil && len(found) > 0 {
		err = errors.New(found[0])
	}
	switch {
	case ctx.Err() != nil:
	case err != nil:
		// reported in the log and with every answer
		_ = s.watch.keep(fmt.Errorf("%w: %s: %w", repo.ErrCorrupt, s.path, err))
	default:
		s.log.InfoContext(ctx, "sqlite: looked through after a disorderly stop, all is well",
			"path", s.path)
	}
}
