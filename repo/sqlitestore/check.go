package sqlitestore

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
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
		error){integrity("integrity_check", maxProblems), lookups, bodies, s.checkBeacon} {
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

// lookups checks what leads to the pages against the journal, as far as each is written: the index
// by number, and the list of ids. A command that is not found would be carried out a second time.
func lookups(ctx context.Context, db *sql.DB) (found []string, err error) {
	tx, err := db.BeginTx(ctx, nil) // all of it at one moment
	if err != nil {
		return nil, fmt.Errorf("lookups: %w", err)
	}
	defer tx.Rollback() // nothing was written
	for _, look := range []func(context.Context, *sql.Tx) ([]string, error){
		pageIndex, commandIDs,
	} {
		problems, err := look(ctx, tx)
		if err != nil {
			return nil, fmt.Errorf("lookups: %w", err)
		}
		found = append(found, problems...)
	}
	return found, nil
}

// pageIndex checks that each page is found by its number.
func pageIndex(ctx context.Context, tx *sql.Tx) ([]string, error) {
	rows, err := tx.QueryContext(ctx, `SELECT j.site, j.first FROM journal j
		LEFT JOIN page_index i ON i.site = j.site AND i.first = j.first
		WHERE j.key <= (`+markQuery+`) AND i.key IS NOT j.key LIMIT ?`, maxProblems)
	found, err := collect(rows, err, func(rows *sql.Rows) (string, error) {
		var p repo.Page
		err := rows.Scan(&p.Site, &p.First)
		return fmt.Sprintf("page %s is not found by its number", repo.PageID(p.Site, p.First)), err
	})
	if err != nil {
		return nil, err
	}
	var lines, right int64
	err = tx.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM page_index),
		(SELECT count(*) FROM page_index i CROSS JOIN journal j ON j.key = i.key
			AND j.site = i.site AND j.first = i.first)`).Scan(&lines, &right)
	if err == nil && lines != right {
		found = append(found, fmt.Sprintf("%d pages are listed by their numbers, %d of them are "+
			"in the journal", lines, right))
	}
	return found, err
}

// commandIDs checks that exactly the journal's commands are listed by their ids. The sums of both
// sides are compared; only when they differ each command is looked up.
func commandIDs(ctx context.Context, tx *sql.Tx) (found []string, err error) {
	var held, listed, heldSum, listedSum uint64
	err = eachPage(ctx, tx, func(p *repo.Page, key int64, hashes []int64) error {
		if int64(len(hashes)) != p.Last-p.First+1 {
			found = append(found, fmt.Sprintf("page %s says %d ids", repo.PageID(p.Site, p.First),
				len(hashes)))
		}
		for _, h := range hashes {
			held, heldSum = held+1, heldSum+mix(h, key)
		}
		return nil
	})
	if err != nil || len(found) > 0 {
		return found[:min(len(found), maxProblems)], err
	}
	rows, err := tx.QueryContext(ctx, `SELECT hash, key FROM command_ids
		WHERE key <= (`+listedMarkQuery+`) OR key > (SELECT max(key) FROM journal)`)
	_, err = collect(rows, err, func(rows *sql.Rows) (none struct{}, err error) {
		var hash, key int64
		err = rows.Scan(&hash, &key)
		listed, listedSum = listed+1, listedSum+mix(hash, key)
		return none, err
	})
	if err != nil || listed == held && listedSum == heldSum {
		return nil, err
	}
	err = eachPage(ctx, tx, func(p *repo.Page, key int64, hashes []int64) error {
		for n, h := range hashes {
			err := tx.QueryRowContext(ctx,
				`SELECT key FROM command_ids WHERE hash = ? AND key = ?`, h, key).Scan(&key)
			if errNoRows(err) && len(found) < maxProblems {
				found = append(found, fmt.Sprintf("the command of commit %d of site %s is not "+
					"found by its id", p.First+int64(n), p.Site))
			} else if err != nil && !errNoRows(err) {
				return err
			}
		}
		return nil
	})
	return append(found, fmt.Sprintf("%d commands are listed by their ids, the journal holds %d",
		listed, held)), err
}

// mix makes one number of a line of the list of ids.
func mix(hash, key int64) uint64 {
	//nolint:gosec // it may wrap
	x := uint64(hash) ^ uint64(key)*0x9e3779b97f4a7c15
	x ^= x >> 29
	return x * 0xbf58476d1ce4e5b9
}

// eachPage calls f for the pages whose commands are listed, without their texts.
func eachPage(
	ctx context.Context, tx *sql.Tx, f func(p *repo.Page, key int64, hashes []int64) error,
) error {
	rows, err := tx.QueryContext(ctx, `SELECT key, site, first, last, ids FROM journal
		WHERE key <= (`+listedMarkQuery+`)`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var p repo.Page
		var key int64
		var listed []byte
		if err := rows.Scan(&key, &p.Site, &p.First, &p.Last, &listed); err != nil {
			return err
		}
		if err := f(&p, key, hashesIn(listed)); err != nil {
			return err
		}
	}
	return rows.Err()
}

// hashesIn are the hashes of ids that a row lists.
func hashesIn(listed []byte) (hashes []int64) {
	for ; len(listed) >= 8; listed = listed[8:] {
		hashes = append(hashes, int64(binary.BigEndian.Uint64(listed))) //nolint:gosec // its bits
	}
	return hashes
}

// bodies unpacks every page and checks that its row lists the ids of its commands.
func bodies(ctx context.Context, db *sql.DB) (found []string, err error) {
	rows, err := db.QueryContext(ctx, `SELECT `+pageColumns+` FROM journal j`)
	if err != nil {
		return nil, fmt.Errorf("bodies: %w", err)
	}
	defer rows.Close()
	for rows.Next() && len(found) < maxProblems {
		p, listed, err := scanListed(rows)
		if err != nil {
			return nil, fmt.Errorf("bodies: %w", err)
		}
		var hashes []int64
		for _, e := range p.Entries {
			hashes = append(hashes, hashOf(p.Site, e.ID))
		}
		if len(hashes) == 0 || !slices.Equal(hashes, hashesIn(listed)) {
			found = append(found, fmt.Sprintf("page %s lists other ids than it holds",
				repo.PageID(p.Site, p.First)))
		}
	}
	return found, rows.Err()
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
		integrity("quick_check", maxProblems), integrity("integrity_check", "sides"), lookups,
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
