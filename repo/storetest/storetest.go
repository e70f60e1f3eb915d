// Package storetest is the conformance suite for every store: what repo.Store promises, by concern,
// conflicts first.
//
// A store's own test is a few lines:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) storetest.Database {
//			path := filepath.Join(t.TempDir(), "lunpai.db")
//			return storetest.Database{
//				Exclusive: true,
//				Open: func(ctx context.Context) (repo.Store, error) {
//					return sqlitestore.Open(ctx, sqlitestore.Config{Path: path})
//				},
//			}
//		})
//	}
//
// Stores may write documents behind the journal. The suite brings them up to date with repo.Journal
// and Project alone, never by waiting for a store's background work.
package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// Database is one database under test, new and empty. What its store cannot do is declared here,
// never skipped silently.
type Database struct {
	// Open opens a handle. The suite closes it.
	Open func(ctx context.Context) (repo.Store, error)
	// Exclusive: while a handle is open another Open fails. Otherwise tests of conflicts use
	// several handles.
	Exclusive bool
	// Holds reports whether the bytes are anywhere in the database's files; it is called while no
	// handle is open. nil: the files cannot be searched, and only the API is asked whether
	// something was erased.
	Holds func(t *testing.T, canary []byte) bool
}

// Run tests a store. create makes a new, empty database each time; it cleans up by t.Cleanup.
func Run(t *testing.T, create func(t *testing.T) Database) {
	for _, concern := range []struct {
		name  string
		tests []test
	}{
		{"Conflict", conflictTests},
		{"Journal", journalTests},
		{"Crash", crashTests},
		{"Identity", identityTests},
		{"Documents", documentTests},
		{"Lists", listTests},
		{"Asks", askTests},
		{"Sides", sideTests},
		{"NoSite", noSiteTests},
		{"Context", contextTests},
	} {
		t.Run(concern.name, func(t *testing.T) {
			for _, c := range concern.tests {
				t.Run(c.name, func(t *testing.T) { c.run(t, create(t)) })
			}
		})
	}
}

// test is one promise.
type test struct {
	name string
	run  func(t *testing.T, db Database)
}

// patience is how long one test may take before its context ends.
const patience = 2 * time.Minute

func testContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// open opens a handle that lives as long as the test.
func open(t *testing.T, db Database) repo.Store {
	t.Helper()
	s, err := db.Open(t.Context())
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// reopen closes s and opens the database again: all that a crash leaves is what was stored.
func reopen(t *testing.T, db Database, s repo.Store) repo.Store {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
	return open(t, db)
}

// handles opens four handles, or returns the same one four times if only one may be open.
func handles(t *testing.T, db Database) []repo.Store {
	t.Helper()
	out := make([]repo.Store, 4)
	for i := range out {
		if i > 0 && db.Exclusive {
			out[i] = out[0]
			continue
		}
		out[i] = open(t, db)
	}
	return out
}

// appendOne appends a page alone.
func appendOne(ctx context.Context, s repo.Store, p *repo.Page) error {
	errs := s.Append(ctx, []*repo.Page{p})
	if len(errs) != 1 {
		return cmpError("answers to one page", 1, len(errs))
	}
	return errs[0]
}

// mustAppend appends pages one after another.
func mustAppend(t *testing.T, s repo.Store, pages ...*repo.Page) {
	t.Helper()
	for _, p := range pages {
		if err := appendOne(testContext(t), s, p); err != nil {
			t.Fatalf("append %s: %v", repo.PageID(p.Site, p.First), err)
		}
	}
}

// journal reads the whole journal of a site and checks its chain.
func journal(t *testing.T, s repo.Store, site workflow.SiteID) []*repo.Page {
	t.Helper()
	var all []*repo.Page
	for seq, prev := int64(1), ""; ; {
		pages, err := s.Since(testContext(t), site, seq, 100)
		if err != nil {
			t.Fatalf("since %s/%d: %v", site, seq, err)
		}
		if len(pages) == 0 {
			return all
		}
		for _, p := range pages {
			if p.First != seq || p.Prev != prev {
				t.Fatalf("page %s does not follow: expected first %d after %q, got prev %q",
					repo.PageID(p.Site, p.First), seq, prev, p.Prev)
			}
			if _, err := p.Commits(); err != nil {
				t.Fatal(err)
			}
			seq, prev = p.Last+1, p.Hash
		}
		all = append(all, pages...)
	}
}

// catchUp projects a site's journal to its documents, as a replay does, and checks that the mark
// follows.
func catchUp(t *testing.T, s repo.Store, site workflow.SiteID) {
	t.Helper()
	ctx := testContext(t)
	pages := journal(t, s, site)
	for _, p := range pages {
		if err := s.Project(ctx, []*repo.Page{p}); err != nil {
			t.Fatalf("project %s: %v", repo.PageID(p.Site, p.First), err)
		}
	}
	mark, err := s.Mark(ctx, site)
	if err != nil {
		t.Fatalf("mark %s: %v", site, err)
	}
	if n := len(pages); n > 0 && mark != pages[n-1].Last {
		t.Fatalf("mark of %s = %d after projecting up to %d", site, mark, pages[n-1].Last)
	}
}
