package sqlitestore

import (
	"context"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// A file of schema version 1 keeps each page as text in one table with its index, and the ids of
// its commands in another. Its pages are moved to the new tables in portions, each in a transaction
// of its own, so that an interruption loses nothing and the next start goes on. Rows keep their
// numbers, texts and hashes; documents stay as they are.

// What a migration is made of. While it runs, meta has a row "migrating".
var migration = []string{
	`ALTER TABLE journal RENAME TO journal_1`,
	schema[1], schema[2], schema[3],
	`INSERT INTO meta (name, value) VALUES ('mark', '0'), ('migrating', '1')`,
	`UPDATE meta SET value = '2' WHERE name = 'schema'`,
}

// maxPortion limits a portion of a migration, in bytes of text; tests make it small.
var maxPortion = 16 << 20

// From 2 to 3 a number is added: up to which row the ids are listed. The index of visits by
// customer is made anew: customers of visits had a column, and an index more.
var toThree = []string{
	`DROP INDEX IF EXISTS visits_customer`,
	`INSERT INTO meta SELECT 'listed', value FROM meta WHERE name = 'mark'`,
	`UPDATE meta SET value = '3' WHERE name = 'schema'`,
}

// migrate brings an older file to this version, or finishes what an earlier start began.
func migrate(ctx context.Context, c *sql.Conn, log *slog.Logger) error {
	version, err := versionOf(ctx, c)
	if err != nil {
		return err
	}
	if version == 1 {
		log.InfoContext(ctx, "sqlite: the file is of an earlier lunpai, its journal is repacked; "+
			"an earlier lunpai cannot read it any more")
		if err := inTransaction(ctx, c, migration...); err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
	}
	moving, err := isMigrating(ctx, c)
	if err == nil && moving {
		err = moveAll(ctx, c, log)
	}
	if err == nil && version < 3 {
		err = inTransaction(ctx, c, toThree...)
	}
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

func isMigrating(ctx context.Context, on querier) (bool, error) {
	rows, err := on.QueryContext(ctx, `SELECT name FROM meta WHERE name = 'migrating'`)
	found, err := collect(rows, err, scanText)
	return len(found) > 0, err
}

// moveAll moves what is left, and drops the old tables.
func moveAll(ctx context.Context, c *sql.Conn, log *slog.Logger) error {
	var last int64
	if err := c.QueryRowContext(ctx, `SELECT coalesce(max(key), 0) FROM journal_1`).
		Scan(&last); err != nil {
		return err
	}
	began := time.Now() //nolint:forbidigo // measures, dates nothing
	told := began
	for {
		at, more, err := movePortion(ctx, c)
		if err != nil {
			return err
		}
		if now := time.Now(); now.Sub(told) > time.Second { //nolint:forbidigo // measures
			told = now
			log.InfoContext(ctx, "sqlite: repacking the journal", "row", at, "of", last)
		}
		if !more {
			break
		}
	}
	// The journal holds no personal data, so the old pages need not be overwritten.
	if _, err := c.ExecContext(ctx, `PRAGMA secure_delete = 0`); err != nil {
		return err
	}
	err := inTransaction(ctx, c, `DROP TABLE journal_1`, `DROP TABLE journal_ids`,
		`DELETE FROM meta WHERE name = 'migrating'`)
	_, undone := c.ExecContext(ctx, `PRAGMA secure_delete = 1`)
	if err := errors.Join(err, undone); err != nil {
		return err
	}
	log.InfoContext(ctx, "sqlite: the journal is repacked", "rows", last,
		"took", time.Since(began).Round(time.Millisecond))
	return nil
}

// inTransaction runs statements in one transaction.
func inTransaction(ctx context.Context, c *sql.Conn, statements ...string) error {
	tx, err := c.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // nothing after Commit
	for _, statement := range statements {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// oldPage is a row of version 1.
type oldPage struct {
	key, first, last, at int64
	site, prev, hash     string
	entries, body        []byte
}

// movePortion moves the next rows and returns the number of the last.
func movePortion(ctx context.Context, c *sql.Conn) (at int64, more bool, err error) {
	tx, err := c.BeginTx(ctx, nil)
	if err != nil {
		return 0, false, err
	}
	defer tx.Rollback() // nothing after Commit
	if err := tx.QueryRowContext(ctx, markQuery).Scan(&at); err != nil {
		return 0, false, err
	}
	pages, err := oldPages(ctx, tx, at)
	if err != nil || len(pages) == 0 {
		return at, false, err
	}
	var ids []idLine
	for _, p := range pages {
		hashes, err := movePage(ctx, tx, p)
		if err != nil {
			return at, false, err
		}
		for _, h := range hashes {
			ids = append(ids, idLine{h, p.key})
		}
	}
	slices.SortFunc(ids, func(a, b idLine) int {
		switch {
		case a.hash < b.hash:
			return -1
		case a.hash > b.hash:
			return 1
		}
		return 0
	})
	for _, l := range ids {
		if _, err := tx.ExecContext(ctx, `INSERT INTO command_ids (hash, key) VALUES (?, ?)`,
			l.hash, l.key); err != nil {
			return at, false, err
		}
	}
	at = pages[len(pages)-1].key
	if _, err := tx.ExecContext(ctx, `UPDATE meta SET value = ? WHERE name = 'mark'`,
		fmt.Sprint(at)); err != nil {
		return at, false, err
	}
	return at, true, tx.Commit()
}

// oldPages reads the next portion.
func oldPages(ctx context.Context, tx *sql.Tx, after int64) (pages []oldPage, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT key, site, first, last, at, prev, hash, entries, body
		FROM journal_1 WHERE key > ? ORDER BY key`, after)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for size := 0; size < maxPortion && rows.Next(); {
		var p oldPage
		if err := rows.Scan(&p.key, &p.site, &p.first, &p.last, &p.at, &p.prev, &p.hash,
			&p.entries, &p.body); err != nil {
			return nil, err
		}
		size += len(p.body)
		pages = append(pages, p)
	}
	return pages, rows.Err()
}

// movePage writes a page to the new tables and returns the hashes of its commands' ids.
func movePage(ctx context.Context, tx *sql.Tx, p oldPage) (hashes []int64, err error) {
	fail := func(err error) ([]int64, error) {
		return nil, fmt.Errorf("%w: page %s/%d: %w", repo.ErrCorrupt, p.site, p.first, err)
	}
	prev, err := hex.DecodeString(p.prev)
	if err != nil {
		return fail(err)
	}
	hash, err := hex.DecodeString(p.hash)
	if err != nil {
		return fail(err)
	}
	if repo.Chain(p.prev, p.body) != p.hash {
		return fail(errors.New("it does not match its hash"))
	}
	var entries []repo.Entry
	if err := json.Unmarshal(p.entries, &entries); err != nil {
		return fail(err)
	}
	var listed []byte
	for _, e := range entries {
		h := hashOf(workflow.SiteID(p.site), e.ID)
		hashes = append(hashes, h)
		listed = binary.BigEndian.AppendUint64(listed, uint64(h)) //nolint:gosec // its bits
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO journal (key, site, first, last, at, prev, hash,
		ids, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`, p.key, p.site, p.first, p.last, p.at, prev,
		hash, listed, pack(p.body)); err != nil {
		return nil, err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO page_index (site, first, key) VALUES (?, ?, ?)`,
		p.site, p.first, p.key)
	return hashes, err
}
