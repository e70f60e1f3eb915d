package sqlitestore

import (
	"context"
	"strings"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// wakeKey is the SQL for the moment at which the service looks at a record by itself.
func wakeKey(table string) string {
	return "rtrim(" + table + "doc ->> '$." + repo.WakePath + "', 'Z')"
}

// wakes is the SQL condition for records that the service looks at by itself.
func wakes(table string) string {
	names := make([]string, len(workflow.Wakers))
	for i, c := range workflow.Wakers {
		names[i] = "'" + string(c) + "'"
	}
	return table + "collection IN (" + strings.Join(names, ", ") + ") AND " +
		table + "doc ->> '$." + repo.WakePath + "' IS NOT NULL"
}

// wakeIndex is the index over those moments at all sites.
func wakeIndex() addition {
	return addition{
		make: `CREATE INDEX images_wake ON images (` + wakeKey("") + `, id) WHERE ` + wakes(""),
	}
}

// dueQuery reads what is due up to ?1, from behind id ?3 of the moment ?2 on.
var dueQuery = `SELECT ` + imageColumns + ` FROM images INDEXED BY images_wake WHERE ` + wakes("") +
	` AND ` + wakeKey("") + ` <= ?1 AND ` + wakeKey("") + ` >= ?2 AND (` + wakeKey("") +
	` > ?2 OR id > ?3) ORDER BY ` + wakeKey("") + `, id LIMIT ?4`

// DueAll returns the records of all sites that the service has to look at by itself. None is ever
// behind the journal.
func (s *Store) DueAll(
	ctx context.Context, before time.Time, after repo.Waking, limit int,
) (docs []repo.Document, err error) {
	err = s.read(ctx, "what is due", func(p *pool) error {
		rows, err := p.db.QueryContext(ctx, dueQuery, momentText(before), momentText(after.At),
			after.ID, limit)
		if docs, err = collect(rows, err, scanDocument); err != nil {
			return err
		}
		return s.genuine(ctx, p, docs)
	})
	return docs, err
}
