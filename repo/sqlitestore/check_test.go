package sqlitestore

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/lunpai/lunpai/repo"
)

// TestCheckFindsDamagedIndexes: index entries that the table does not have, and ids that lead
// nowhere, are found although the journal and the documents agree.
func TestCheckFindsDamagedIndexes(t *testing.T) {
	t.Parallel()
	s, _ := busyStore(t)
	whole := crash(t, s)
	for name, damage := range map[string]string{
		"": ``,
		"index entries gone": `CREATE TEMP TABLE was AS SELECT sql FROM sqlite_schema WHERE ` +
			`name = 'images_day';
			DROP INDEX images_day; CREATE INDEX images_day ON images (day) WHERE 0; PRAGMA ` +
			`writable_schema = 1;
			UPDATE sqlite_schema SET sql = (SELECT sql FROM was) WHERE name = 'images_day'`,
		"not found by its id": `UPDATE command_ids SET key = key + 1 WHERE hash = (SELECT ` +
			`min(hash) FROM command_ids)`,
		"another id": `UPDATE command_ids SET hash = hash + 1 WHERE hash = (SELECT min(hash) ` +
			`FROM command_ids)`,
		"an id too many":          `INSERT INTO command_ids VALUES (1, 1)`,
		"an id of no page":        `INSERT INTO command_ids VALUES (1, 1000000)`,
		"not found by its number": `DELETE FROM page_index WHERE first = 1`,
		"a number too many":       `INSERT INTO page_index VALUES ('site', 1000000, 1)`,
		"other ids listed":        `UPDATE journal SET ids = zeroblob(8) WHERE first = 1`,
		"newest page gone":        `DELETE FROM journal WHERE key = (SELECT max(key) FROM journal)`,
		"counted sides gone":      `DELETE FROM meta WHERE name = 'sides'`,
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "lunpai.db")
			for _, part := range []string{"", "-wal", beaconName} {
				copyOpen(t, whole+part, path+part)
			}
			c := openAt(t, path)
			person := repo.Side{Collection: repo.People, ID: "c1", Site: "site", Body: []byte(`{}`)}
			must(t, c.Insert(t.Context(), person))
			must(t, c.Close())
			if damage != "" {
				alter(t, path, damage)
			}
			problems, err := openReader(t, path).Check(t.Context())
			must(t, err)
			if (len(problems) > 0) != (damage != "") {
				t.Errorf("found %q", problems)
			}
		})
	}
}

// TestDamagedIndexEndsTheService: an index that lacks a record makes a wrong board. After a
// disorderly stop it is found while the store is already being served, and then nothing is answered
// any more.
func TestDamagedIndexEndsTheService(t *testing.T) {
	s, o := busyStore(t)
	must(t, s.Close())
	alter(t, s.path,
		`CREATE TEMP TABLE was AS SELECT sql FROM sqlite_schema WHERE name = 'images_open';
		DROP INDEX images_open; CREATE INDEX images_open ON images (site) WHERE 0; PRAGMA `+
			`writable_schema = 1;
		UPDATE sqlite_schema SET sql = (SELECT sql FROM was) WHERE name = 'images_open'`)
	c, err := Open(t.Context(), Config{Path: s.path})
	must(t, err)
	defer func() { _ = c.Close() }() // it may complain
	waitFor(t, "the damage to be found", func() bool {
		return errors.Is(c.Ping(t.Context()), repo.ErrCorrupt)
	})
	if _, _, err := c.Load(t.Context(), o.id); !errors.Is(err, repo.ErrCorrupt) {
		t.Errorf("load: want ErrCorrupt, got %v", err)
	}
	if err := appendOne(t.Context(), c, o.mustPage(t, 1)); !errors.Is(err, repo.ErrCorrupt) {
		t.Errorf("append: want ErrCorrupt, got %v", err)
	}
}
