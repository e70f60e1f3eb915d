package sqlitestore

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/lunpai/lunpai/repo"
)

// oldHead is the head of the store in testdata/schema1.db.gz: two days of a made-up office, written
// by the program of 2026-11-28 (lunpai generate --visits 40 --from 2026-06-01 --to 2026-06-03).
const oldHead = "f1112fd4bac9424d3b2eee292c05e0f0d274c996c71aa56a0c11ec45da00c58b"

// oldFile is a copy of it.
func oldFile(t *testing.T) string {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "schema1.db.gz"))
	must(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	must(t, err)
	content, err := io.ReadAll(z)
	must(t, err)
	path := filepath.Join(t.TempDir(), "lunpai.db")
	must(t, os.WriteFile(path, content, 0o600))
	return path
}

// sound verifies a store and its one site.
func sound(t *testing.T, s *Store, commits int64, head string) {
	t.Helper()
	reports, err := repo.Verify(t.Context(), s, repo.VerifyOptions{})
	must(t, errors.Join(err, repo.Sound(reports)))
	if len(reports) != 1 || reports[0].Commits != commits || reports[0].Head != head {
		t.Errorf("verified: %+v", reports)
	}
}

// TestMigrate: a file of schema version 1 is brought to version 2 when it is opened for writing,
// also when it is interrupted at any portion. Journal, ids and documents are the same, and the file
// goes on. Until then it can be copied, not read.
func TestMigrate(t *testing.T) {
	for _, interrupted := range []bool{false, true} {
		path := oldFile(t)
		old, err := OpenReadOnly(t.Context(), path)
		must(t, err)
		if _, err := old.Sites(t.Context()); !errors.Is(err, errOldSchema) {
			t.Errorf("read without migration: %v", err)
		}
		must(t, old.Close())
		if interrupted {
			interruptMigration(t, path)
		}
		s := openAt(t, path)
		sound(t, s, 124, oldHead)
		pages, err := s.Since(t.Context(), "riverside", 1, 10)
		must(t, err)
		for _, p := range pages {
			for _, e := range p.Entries {
				if at, err := s.Find(t.Context(), "riverside", e.ID); err != nil ||
					at.First != p.First {
					t.Errorf("command %s is not found in page %d: %v", e.ID, p.First, err)
				}
			}
		}
		o := &office{id: "riverside", seq: 124, prev: oldHead}
		next := o.mustPage(t, 2)
		again := *next
		mustAppend(t, s, next)
		must(t, s.Close())
		s = openAt(t, path)
		mustAppend(t, s, &again) // it is there
		sound(t, s, 126, next.Hash)
		for _, gone := range []string{"journal_1", "journal_ids"} {
			rows, err := s.pool.db.QueryContext(t.Context(),
				`SELECT name FROM sqlite_schema WHERE name = ?`, gone)
			if found, err := collect(rows, err, scanText); err != nil || len(found) > 0 {
				t.Errorf("%s is still there: %v", gone, err)
			}
		}
	}
}

// interruptMigration moves the first portion of a file and leaves it there, as a kill does.
func interruptMigration(t *testing.T, path string) {
	t.Helper()
	db, err := dial(t.Context(), path, "rw", 1, writing())
	must(t, err)
	c, err := db.Conn(t.Context())
	must(t, err)
	must(t, inTransaction(t.Context(), c, migration...))
	defer func(was int) { maxPortion = was }(maxPortion)
	maxPortion = 1
	if _, more, err := movePortion(t.Context(), c); err != nil || !more {
		t.Fatalf("the first portion: %t, %v", more, err)
	}
	must(t, errors.Join(c.Close(), db.Close()))
	half, err := OpenReadOnly(t.Context(), path)
	must(t, err)
	if _, err := half.Sites(t.Context()); !errors.Is(err, errOldSchema) {
		t.Errorf("half a migration is read: %v", err)
	}
	must(t, half.Close())
}

// TestMigrateFromTwo: the program before this one listed the ids up to the mark. A file of which it
// was killed in the middle is taken over; no command of it runs again.
func TestMigrateFromTwo(t *testing.T) {
	s, o := openNew(t), newOffice("site")
	keepAwake(t, s)
	for range 5 {
		mustAppend(t, s, o.mustPage(t, 2))
	}
	must(t, s.flush(t.Context()))
	must(t, s.write(t.Context(), 0, func(t *tx) error { t.list = true; return nil }))
	for range 5 {
		mustAppend(t, s, o.mustPage(t, 2))
	}
	path := crash(t, s)
	alter(t, path, `DELETE FROM meta WHERE name = 'listed'`)
	alter(t, path, `UPDATE meta SET value = '2' WHERE name = 'schema'`)
	alter(t, path, `DROP INDEX visits_customer`)
	alter(t, path, `CREATE INDEX visits_customer ON images (site, who, day, id) `+
		`WHERE collection = 'visits' AND NOT open`)
	old, err := OpenReadOnly(t.Context(), path)
	must(t, err)
	if _, err := old.Sites(t.Context()); !errors.Is(err, errOldSchema) {
		t.Errorf("read without migration: %v", err)
	}
	must(t, old.Close())
	c := openAt(t, path)
	runAgain(t, c, o)
	sound(t, c, 20, o.prev)
}

// TestMigrateRefusesDamage: a page that does not match its hash is not repacked as if it did.
func TestMigrateRefusesDamage(t *testing.T) {
	path := oldFile(t)
	alter(t, path, `UPDATE journal SET body = replace(body, 'arrive_visit', 'assign_visit')`)
	if s, err := Open(t.Context(), Config{Path: path}); !errors.Is(err, repo.ErrCorrupt) {
		t.Errorf("want ErrCorrupt, got %v", err)
		if err == nil {
			must(t, s.Close())
		}
	}
}

// TestRestoreOldBackup: a backup that an earlier program made is restored.
func TestRestoreOldBackup(t *testing.T) {
	backup := filepath.Join(t.TempDir(), "backup.db")
	old, err := OpenReadOnly(t.Context(), oldFile(t))
	must(t, err)
	must(t, errors.Join(old.Backup(t.Context(), backup), old.Close()))
	path := filepath.Join(t.TempDir(), "lunpai.db")
	_, err = Restore(context.Background(), path, backup, func(s *Store) error {
		reports, err := repo.Verify(t.Context(), s, repo.VerifyOptions{})
		return errors.Join(err, repo.Sound(reports))
	})
	must(t, err)
	sound(t, openAt(t, path), 124, oldHead)
}
