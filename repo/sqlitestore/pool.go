package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
)

// pool is the set of connections that read, with their statements.
type pool struct {
	db *sql.DB

	ping, since, before, listed, row, sites *sql.Stmt
	unlisted                                *sql.Stmt
	moved, newest, mark, above, siteMark    *sql.Stmt
	board, image, scan, scanDays, scanSites *sql.Stmt
	side, lookup, sides, siteSides          *sql.Stmt
	overdue, siteOverdue, under             *sql.Stmt
}

const (
	pageColumns  = `j.key, j.site, j.first, j.last, j.at, j.prev, j.hash, j.ids, j.body`
	imageColumns = `collection, site, id, seq, open, doc`
	sideColumns  = `collection, id, site, lookup, command, pending, at, body`
)

// rowQuery reads one page by its row, headQuery the newest that the index has of a site, and
// listedQuery those that are listed under the hash of a command's id.
const (
	rowQuery  = `SELECT ` + pageColumns + ` FROM journal j WHERE j.key = ?`
	headQuery = `SELECT ` + pageColumns + ` FROM page_index i CROSS JOIN journal j ` +
		`ON j.key = i.key WHERE i.site = ? ORDER BY i.first DESC LIMIT 1`
	listedQuery = `SELECT ` + pageColumns + ` FROM command_ids c CROSS JOIN journal j ` +
		`ON j.key = c.key WHERE c.hash = ?`
	markQuery       = `SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'mark'`
	listedMarkQuery = `SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'listed'`
)

// boardQuery reads what Load returns: the open documents of site ?1, and those that every board
// needs; ?2 is the live rota.
const boardQuery = `SELECT ` + imageColumns + ` FROM images WHERE site = ?1 AND open
	UNION ALL SELECT ` + imageColumns +
	` FROM images WHERE collection = 'sites' AND site = ?1 AND NOT open
	UNION ALL SELECT ` + imageColumns +
	` FROM images WHERE collection = 'staff' AND site = ?1 AND NOT open
	UNION ALL SELECT ` + imageColumns +
	` FROM images WHERE collection = 'rotas' AND site = ?1 AND id = ?2 AND NOT open`

// scanDaysQuery reads from behind id ?4 of day ?3 up to day ?5.
const scanDaysQuery = `SELECT ` + imageColumns +
	` FROM images WHERE collection = ?1 AND site = ?2 AND day IS NOT NULL
	AND (day, id) > (?3, ?4) AND day <= ?5 ORDER BY day, id LIMIT ?6`

// underQuery reads a stretch of lookups.
const underQuery = `SELECT ` + sideColumns +
	` FROM sides WHERE collection = ?1 AND site = ?2 AND lookup <> ''
	AND lookup >= ?3 AND lookup < ?4 ORDER BY lookup`

// distinct lists the different values of an indexed column by jumping from one to the next, however
// many rows there are.
func distinct(column, from string) string {
	return `WITH RECURSIVE d (v) AS (
			SELECT min(` + column + `) FROM ` + from + `
			UNION ALL SELECT (SELECT min(` + column + `) FROM ` + from + ` AND ` + column +
		` > d.v) FROM d WHERE d.v IS NOT NULL
		) SELECT v FROM d WHERE v IS NOT NULL`
}

func openPool(ctx context.Context, path, mode string, n int) (*pool, error) {
	db, err := dial(ctx, path, mode, n, reading())
	if err != nil {
		return nil, err
	}
	p := &pool{db: db}
	if err := checkSchema(ctx, db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	_, err = prepare(ctx, db, map[**sql.Stmt]string{
		&p.ping: `SELECT count(*) FROM meta`,

		// From the page that holds commit ?2 on.
		&p.since: `SELECT ` + pageColumns + ` FROM page_index i CROSS JOIN journal j ` +
			`ON j.key = i.key WHERE i.site = ?1 AND i.first >= coalesce(
				(SELECT first FROM page_index WHERE site = ?1 AND first <= ?2 ` +
			`ORDER BY first DESC LIMIT 1), 0)
			AND j.last >= ?2 ORDER BY i.first LIMIT ?3`,
		&p.before: `SELECT ` + pageColumns + ` FROM page_index i CROSS JOIN journal j ` +
			`ON j.key = i.key WHERE i.site = ? AND i.first <= ? ORDER BY i.first DESC LIMIT ?`,
		&p.listed: listedQuery,
		// What is not listed is searched: only for those who do not hold it in memory.
		&p.unlisted: `SELECT ` + pageColumns + ` FROM journal j WHERE j.key > coalesce((` +
			listedMarkQuery + `), 0) AND instr(j.ids, ?) > 0`,
		&p.row:   rowQuery,
		&p.sites: distinct("site", "page_index WHERE true"),
		// New pages of all sites lie side by side.
		&p.moved:  `SELECT key, site, last FROM journal WHERE key > ? AND key <= ? ORDER BY key`,
		&p.newest: `SELECT coalesce(max(key), 0) FROM journal`,
		&p.mark:   markQuery,
		&p.above: `SELECT ` + pageColumns + ` FROM journal j WHERE j.key > coalesce((` +
			markQuery + `), 0) ORDER BY j.key`,
		// The last commit of a site whose documents are written.
		&p.siteMark: `SELECT j.last FROM page_index i CROSS JOIN journal j ON j.key = i.key ` +
			`WHERE i.site = ? AND i.key <= (` + markQuery + `) ORDER BY i.first DESC LIMIT 1`,

		&p.board: boardQuery,
		&p.image: `SELECT ` + imageColumns +
			` FROM images WHERE collection = ? AND site = ? AND id = ?`,
		&p.scan: `SELECT ` + imageColumns +
			` FROM images WHERE collection = ? AND site = ? AND id > ?
			ORDER BY id LIMIT ?`,
		&p.scanDays:  scanDaysQuery,
		&p.scanSites: distinct("site", "images WHERE collection = ?1"),

		&p.side: `SELECT ` + sideColumns + ` FROM sides WHERE collection = ? AND id = ?`,
		&p.lookup: `SELECT ` + sideColumns +
			` FROM sides WHERE collection = ? AND site = ? AND lookup = ? AND lookup <> ''`,
		&p.under: underQuery,
		&p.sides: `SELECT ` + sideColumns + ` FROM sides WHERE collection = ? ORDER BY id`,
		&p.siteSides: `SELECT ` + sideColumns +
			` FROM sides WHERE collection = ? AND site = ? ORDER BY id`,
		&p.overdue: `SELECT ` + sideColumns +
			` FROM sides WHERE collection = ? AND pending AND at < ? ORDER BY id`,
		&p.siteOverdue: `SELECT ` + sideColumns +
			` FROM sides WHERE collection = ?1 AND pending AND at < ?3
			AND site = ?2 ORDER BY id`,
	})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return p, nil
}

// close closes the connections and, as they were prepared on the whole pool, the statements with
// them.
func (p *pool) close() error { return p.db.Close() }

// collect reads all rows of a query.
func collect[T any](rows *sql.Rows, err error, scan func(*sql.Rows) (T, error)) ([]T, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}
