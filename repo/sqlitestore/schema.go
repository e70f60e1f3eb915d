package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// schemaVersion is the version that this program writes. A file of a newer version is refused, one
// of an older version is changed when it is opened for writing.
//
// 1 kept a body as text, and wrote ids and images with it. 2 listed the ids up to the mark. See
// migrate.
const schemaVersion = 3

// The tables. Texts are compared byte by byte (SQLite's default). Journal and images have row
// numbers, so that new rows of all sites are next to each other and one transaction changes few
// pages of the file; indexes hold keys only.
var schema = []string{
	`CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID`,

	// One row per page; its number says in which order pages of all sites were appended. at:
	// milliseconds since 1970, UTC. prev, hash: SHA-256. ids: the hashes of the commands' ids, 8
	// bytes each. body: packed, see pack.
	`CREATE TABLE journal (
		key INTEGER PRIMARY KEY, site TEXT NOT NULL, first INTEGER NOT NULL, ` +
		`last INTEGER NOT NULL, at INTEGER NOT NULL,
		prev BLOB NOT NULL, hash BLOB NOT NULL, ids BLOB NOT NULL, body BLOB NOT NULL
	) STRICT`,

	// What follows is written behind the journal, up to the row that meta calls mark; the ids up to
	// the row that it calls listed.
	`CREATE TABLE page_index (
		site TEXT NOT NULL, first INTEGER NOT NULL, key INTEGER NOT NULL, PRIMARY KEY (site, first)
	) STRICT, WITHOUT ROWID`,
	`CREATE TABLE command_ids (
		hash INTEGER NOT NULL, key INTEGER NOT NULL, PRIMARY KEY (hash, key)
	) STRICT, WITHOUT ROWID`,

	// The newest image of every record. day and who are copies of the fields by which a collection
	// is listed: of visits the business day, of customers the owner.
	`CREATE TABLE images (
		key INTEGER PRIMARY KEY, collection TEXT NOT NULL, site TEXT NOT NULL, ` +
		`id TEXT NOT NULL, seq INTEGER NOT NULL,
		open INTEGER NOT NULL, day TEXT, who TEXT, doc TEXT NOT NULL, UNIQUE (collection, site, id)
	) STRICT`,
	`CREATE INDEX images_open ON images (site) WHERE open`,
	`CREATE INDEX images_day ON images (collection, site, day, id) WHERE day IS NOT NULL`,
	`CREATE INDEX images_who ON images (collection, site, who, id) WHERE who IS NOT NULL`,

	`CREATE TABLE sides (
		key INTEGER PRIMARY KEY, collection TEXT NOT NULL, id TEXT NOT NULL, ` +
		`site TEXT NOT NULL, lookup TEXT NOT NULL,
		command TEXT NOT NULL, pending INTEGER NOT NULL, at INTEGER NOT NULL, ` +
		`body TEXT NOT NULL, UNIQUE (collection, id)
	) STRICT`,
	`CREATE UNIQUE INDEX sides_lookup ON sides (collection, site, lookup) WHERE lookup <> ''`,
	`CREATE INDEX sides_pending ON sides (collection, at) WHERE pending`,

	`INSERT INTO meta (name, value) VALUES ('schema', '` + strconv.Itoa(schemaVersion) + `')`,
	`INSERT INTO meta (name, value) VALUES ('mark', '0'), ('listed', '0')`,
}

// addition is something that was added to the schema later, without a new version: it decides
// nothing and only makes lists fast. A file that lacks it gets it when it is opened for writing; an
// older program maintains it without knowing.
type addition struct {
	make string
	fill string // from what is stored; indexes fill themselves
}

// closedOf is an index by which the closed documents of a collection are listed. Open ones are
// found by images_open: leaving them out spares the steps of a visit the index.
func closedOf(c workflow.Collection, field string) addition {
	order := "id"
	if c == workflow.Visits {
		order = "day, id"
	}
	by := strings.ReplaceAll(expression("images", c, field), "images.", "")
	return addition{
		make: fmt.Sprintf(
			`CREATE INDEX %s_%s ON images (site, %s, %s) WHERE collection = '%s' AND NOT open`, c,
			field, by, order, c),
	}
}

// momentOf is an index by which the closed documents of somebody are found by a moment
// (repo.Moments).
func momentOf(m repo.Moment) addition {
	who, at := momentKeys("", m)
	has := who
	if m.By == workflow.ByGiven { // most were never given
		has = "doc ->> '$." + m.At + "'"
	}
	return addition{
		make: fmt.Sprintf(`CREATE INDEX %s_%s ON images (site, %s, %s, id) `+
			`WHERE collection = '%s' AND NOT open AND %s IS NOT NULL`, m.Collection, m.By, who, at,
			m.Collection, has),
	}
}

// additions are all of them, in the order in which they are made.
var additions = []addition{
	closedOf(workflow.Visits, "customer"),
	closedOf(workflow.Visits, "state"), closedOf(workflow.Visits, "kind"),
	closedOf(workflow.Customers, "status"),
	closedOf(workflow.Messages, "state"), closedOf(workflow.Approvals, "state"),
	closedOf(workflow.Appointments, "customer"), closedOf(workflow.Appointments, "with"),
	closedOf(workflow.Appointments, "day"), closedOf(workflow.Appointments, "state"),
	closedOf(workflow.Calls, "customer"), closedOf(workflow.Calls, "for"),
	closedOf(workflow.Calls, "answered_by"),
	closedOf(workflow.Disputes, "customer"), closedOf(workflow.Disputes, "state"),
	closedOf(workflow.Cards, "customer"), closedOf(workflow.Cards, "by"),
	closedOf(workflow.Checks, "visit"), closedOf(workflow.Checks, "by"),
	closedOf(workflow.Checks, "item"),
	closedOf(workflow.Tickets, "customer"), closedOf(workflow.Tickets, "holder"),
	closedOf(workflow.Tickets, "first_responder"), closedOf(workflow.Tickets, "area"),
	closedOf(workflow.Tickets, "grade"), closedOf(workflow.Tickets, "kind"),
	closedOf(workflow.Tickets, "state"),
	closedOf(workflow.Projects, "customer"), closedOf(workflow.Projects, "state"),
	closedOf(workflow.MajorFaults, "project"), closedOf(workflow.MajorFaults, "state"),
	closedOf(workflow.Arbitrations, "lead"), closedOf(workflow.Arbitrations, "state"),
	closedOf(workflow.ServiceReports, "kind"),
	momentOf(repo.Moments[0]), momentOf(repo.Moments[1]), momentOf(repo.Moments[2]),
	momentOf(repo.Moments[3]), momentOf(repo.Moments[4]), momentOf(repo.Moments[5]),
	momentOf(repo.Moments[6]), momentOf(repo.Moments[7]),
	wakeIndex(),
	{
		// Who takes part in which closed visit: an index over a list. Triggers maintain it, so that
		// no code that writes images can forget it. A row says where to look; the document says
		// whether it is so.
		make: `CREATE TABLE visit_staff (
		site TEXT NOT NULL, staff TEXT NOT NULL, day TEXT NOT NULL, id TEXT NOT NULL, ` +
			`PRIMARY KEY (site, staff, day, id)
	) STRICT, WITHOUT ROWID`,
		fill: `INSERT OR IGNORE INTO visit_staff SELECT v.site, p.value, v.day, v.id ` +
			`FROM images v, json_each(json_array(
			v.doc ->> '$.server', v.doc ->> '$.principal')) p
			WHERE v.collection = 'visits' AND NOT v.open AND v.day IS NOT NULL ` +
			`AND p.value IS NOT NULL
		UNION SELECT v.site, p.value, v.day, v.id FROM images v, json_each(v.doc, '$.assistants') p
			WHERE v.collection = 'visits' AND NOT v.open AND v.day IS NOT NULL`,
	},
	{make: `CREATE TRIGGER visit_staff_new AFTER INSERT ` +
		`ON images WHEN new.collection = 'visits' AND NOT new.open AND new.day IS NOT NULL
	BEGIN ` + taken + ` END`},
	{make: `CREATE TRIGGER visit_staff_changed AFTER UPDATE ` +
		`ON images WHEN new.collection = 'visits' AND NOT new.open AND new.day IS NOT NULL
	BEGIN ` + taken + ` END`},
	{
		// Where an upsert fires a trigger, SQLite does not heed an OR IGNORE in it: whoever is
		// noted already is taken out before he is noted again. The trigger above stays as it is,
		// because an older program would make it anew beside another one.
		make: `CREATE TRIGGER visit_staff_again BEFORE UPDATE ` +
			`ON images WHEN new.collection = 'visits' AND NOT new.open AND new.day IS NOT NULL
	BEGIN DELETE FROM visit_staff WHERE site = new.site AND day = new.day AND id = new.id
		AND staff IN (SELECT p.value FROM (` + takers + `) p); END`,
	},
}

// takers are those who take part in the visit that a trigger is about.
const takers = `
		SELECT value FROM json_each(json_array(new.doc ->> '$.server', new.doc ->> '$.principal'))
		UNION SELECT value FROM json_each(new.doc, '$.assistants')`

// taken notes them.
const taken = `INSERT OR IGNORE INTO visit_staff SELECT new.site, p.value, new.day, new.id FROM (` +
	takers + `) p WHERE p.value IS NOT NULL;`

// retired are indexes of earlier programs that nothing is read by any more. Whatever is not written
// makes each visit cheaper.
var retired = []string{"visits_principal", "visits_server"}

// extend makes the additions that are missing, and drops what is not used any more.
func extend(ctx context.Context, c *sql.Conn) error {
	rows, err := c.QueryContext(ctx, `SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL`)
	is, err := collect(rows, err, scanText)
	if err != nil {
		return fmt.Errorf("read schema: %w", err)
	}
	tx, err := c.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("extend schema: %w", err)
	}
	defer tx.Rollback() // nothing after Commit
	for _, a := range additions {
		if slices.Contains(is, a.make) {
			continue
		}
		for _, statement := range []string{a.make, a.fill} {
			if _, err := tx.ExecContext(ctx, statement); err != nil {
				return fmt.Errorf("extend schema: %w", err)
			}
		}
	}
	for _, index := range retired {
		if _, err := tx.ExecContext(ctx, `DROP INDEX IF EXISTS `+index); err != nil {
			return fmt.Errorf("extend schema: %w", err)
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("extend schema: %w", err)
	}
	return nil
}

// ensureSchema makes the tables in an empty file, and what is missing in one that an earlier
// program made.
func ensureSchema(ctx context.Context, c *sql.Conn, log *slog.Logger) error {
	var objects int
	if err := c.QueryRowContext(ctx,
		`SELECT count(*) FROM sqlite_schema`).Scan(&objects); err != nil {
		return fmt.Errorf("read schema: %w", err)
	}
	if objects > 0 {
		if err := migrate(ctx, c, log); err != nil {
			return err
		}
		if err := checkSchema(ctx, c); err != nil {
			return err
		}
		return extend(ctx, c)
	}
	tx, err := c.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("make schema: %w", err)
	}
	defer tx.Rollback() // nothing after Commit
	for _, statement := range schema {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("make schema: %w", err)
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("make schema: %w", err)
	}
	return extend(ctx, c)
}

// querier is a pool or a connection.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// checkSchema accepts a file of exactly this version, with every table and index as this program
// makes it: without a unique index two commits could take one number. Anything else in the file is
// ignored.
func checkSchema(ctx context.Context, on querier) error {
	rows, err := on.QueryContext(ctx, `SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL`)
	is, err := collect(rows, err, scanText)
	if err != nil {
		return fmt.Errorf("read schema: %w", err)
	}
	version, err := versionOf(ctx, on)
	if err != nil {
		return err
	}
	if version < schemaVersion {
		return fmt.Errorf("%w: it has schema version %d, this program reads %d. Start the "+
			"service on it once: that changes it (lunpai backup first)", errOldSchema, version,
			schemaVersion)
	}
	if moving, err := isMigrating(ctx, on); err != nil || moving {
		return errors.Join(err, fmt.Errorf("%w: its migration was interrupted. Start the "+
			"service on it: that finishes it", errOldSchema))
	}
	for _, statement := range schema {
		if strings.HasPrefix(statement, "CREATE") && !slices.Contains(is, statement) {
			return fmt.Errorf("%w: the file lacks, or has otherwise: %s", repo.ErrCorrupt,
				statement)
		}
	}
	return nil
}

// errOldSchema: the file has to be migrated before it is read.
var errOldSchema = errors.New("the file is of an earlier lunpai")

// versionOf is the version of a file's schema.
func versionOf(ctx context.Context, on querier) (int, error) {
	rows, err := on.QueryContext(ctx, `SELECT count(*) FROM sqlite_schema WHERE sql = ?`, schema[0])
	found, err := collect(rows, err, scanText)
	if err != nil {
		return 0, fmt.Errorf("read schema: %w", err)
	}
	if found[0] == "0" {
		return 0, errors.New("this is no lunpai database: name another file")
	}
	rows, err = on.QueryContext(ctx, `SELECT value FROM meta WHERE name = 'schema'`)
	versions, err := collect(rows, err, scanText)
	if err != nil {
		return 0, fmt.Errorf("read schema version: %w", err)
	}
	version := 0
	if len(versions) == 1 {
		version, err = strconv.Atoi(versions[0])
	}
	switch {
	case err != nil || version < 1:
		return 0, fmt.Errorf("%w: schema version %q", repo.ErrCorrupt, versions)
	case version > schemaVersion:
		return 0, fmt.Errorf("the file has schema version %d, this program reads up to %d: run a "+
			"newer lunpai", version, schemaVersion)
	}
	return version, nil
}

func scanText(rows *sql.Rows) (text string, err error) {
	err = rows.Scan(&text)
	return text, err
}
