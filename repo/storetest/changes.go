package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/lunpai/lunpai/repo"
)

// others are documents that differ from one document in a single field each: whoever read one of
// them did not read that document.
func others(d repo.Side) map[string]repo.Side {
	out := map[string]repo.Side{}
	put := func(field string, change func(*repo.Side)) {
		c := d
		change(&c)
		out[field] = c
	}
	put("id", func(d *repo.Side) { d.ID += "x" })
	put("site", func(d *repo.Side) { d.Site += "x" })
	put("lookup", func(d *repo.Side) { d.Lookup += "x" })
	put("no lookup", func(d *repo.Side) { d.Lookup = "" })
	put("command", func(d *repo.Side) { d.Command += "x" })
	put("pending", func(d *repo.Side) { d.Pending = !d.Pending })
	put("at", func(d *repo.Side) { d.At = d.At.Add(time.Millisecond) })
	put("body", func(d *repo.Side) { d.Body = quoted("somebody else") })
	return out
}

func testReplaceIf(t *testing.T, db Database) {
	s := open(t, db)
	ctx := testContext(t)
	for _, read := range []repo.Side{person("c1", "a", "x"), person("c2", "a", "")} {
		now := read
		now.Body, now.Pending, now.Command = quoted("李"), false, ""
		if err := s.ReplaceIf(ctx, read, now); !errors.Is(err, repo.ErrChanged) {
			t.Errorf("over nothing: want ErrChanged, got %v", err)
		}
		if _, err := s.Side(ctx, repo.People, read.ID); !errors.Is(err, repo.ErrNotFound) {
			t.Errorf("what was not there was written: %v", err)
		}
		mustInsert(t, s, read)
		for field, other := range others(read) {
			if field == "no lookup" && read.Lookup == "" {
				continue
			}
			if err := s.ReplaceIf(ctx, other, now); !errors.Is(err, repo.ErrChanged) {
				t.Errorf("%s: with another %s: want ErrChanged, got %v", read.ID, field, err)
			}
			wantSide(t, s, read)
		}
		if err := s.ReplaceIf(ctx, read, now); err != nil {
			t.Errorf("as read: %v", err)
		}
		wantSide(t, s, now)
		if err := s.ReplaceIf(ctx, read, now); !errors.Is(err, repo.ErrChanged) {
			t.Errorf("a second time: want ErrChanged, got %v", err)
		}
	}
	mustInsert(t, s, person("c3", "a", "z"))
	stands, err := s.Side(ctx, repo.People, "c1")
	if err != nil {
		t.Fatal(err)
	}
	taken := stands
	taken.Lookup = "z"
	if err := s.ReplaceIf(ctx, stands, taken); !errors.Is(err, repo.ErrExists) {
		t.Errorf("another's lookup: want ErrExists, got %v", err)
	}
	wantSide(t, s, stands)
}

func testDeleteIf(t *testing.T, db Database) {
	s := open(t, db)
	ctx := testContext(t)
	read := person("c1", "a", "x")
	if err := s.DeleteIf(ctx, read); !errors.Is(err, repo.ErrChanged) {
		t.Errorf("what is not there: want ErrChanged, got %v", err)
	}
	mustInsert(t, s, read)
	for field, other := range others(read) {
		if err := s.DeleteIf(ctx, other); !errors.Is(err, repo.ErrChanged) {
			t.Errorf("with another %s: want ErrChanged, got %v", field, err)
		}
		wantSide(t, s, read)
	}
	if err := s.DeleteIf(ctx, read); err != nil {
		t.Errorf("as read: %v", err)
	}
	if _, err := s.Side(ctx, repo.People, "c1"); !errors.Is(err, repo.ErrNotFound) {
		t.Errorf("it is still there: %v", err)
	}
}

// testChangesRace: of many who read the same document only one changes it, whatever instance they
// use.
func testChangesRace(t *testing.T, db Database) {
	stores := handles(t, db)
	ctx := testContext(t)
	read := person("c1", "a", "x")
	mustInsert(t, stores[0], read)
	for round := range 5 {
		errs := make([]error, writers)
		won := make([]repo.Side, writers)
		var wg sync.WaitGroup
		for i := range errs {
			won[i] = read
			won[i].Body = quoted(fmt.Sprintf("round %d writer %d", round, i))
			wg.Go(func() { errs[i] = stores[i%len(stores)].ReplaceIf(ctx, read, won[i]) })
		}
		wg.Wait()
		if n := count(t, errs, repo.ErrChanged); n != 1 {
			t.Fatalf("round %d: %d of %d writers changed what all had read", round, n, writers)
		}
		for i, err := range errs {
			if err == nil {
				read = won[i]
			}
		}
		wantSide(t, stores[round%len(stores)], read)
	}
	errs := make([]error, writers)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			if s := stores[i%len(stores)]; i%2 == 0 {
				errs[i] = s.DeleteIf(ctx, read)
			} else {
				erased := read
				erased.Body, erased.Lookup = quoted("erased"), ""
				errs[i] = s.ReplaceIf(ctx, read, erased)
			}
		})
	}
	wg.Wait()
	if n := count(t, errs, repo.ErrChanged); n != 1 {
		t.Errorf("%d of %d erased what all had read", n, writers)
	}
}

func testUnder(t *testing.T, db Database) {
	s := open(t, db)
	note := func(id string, lookup string) repo.Side {
		n := person(id, "a", lookup)
		n.Collection = repo.Notes
		return n
	}
	foreign := note("n8", "visits/1/n8")
	foreign.Site = "b"
	mustInsert(t, s, note("n3", "visits/1/n3"), note("n1", "visits/1/n1"),
		note("n2", "visits/10/n2"), note("n4", "visits/"),
		note("n5", "visits/2/n5"), note("n6", ""), note("n7", "visits0"), foreign, person("c1", "a",
			"visits/1/c1"))
	for prefix, want := range map[string][]string{
		"visits/1/": {"n1", "n3"}, "visits/": {"n4", "n1", "n3", "n2", "n5"}, "visits/3/": nil,
		"v": {"n4", "n1", "n3", "n2", "n5", "n7"},
	} {
		got, err := s.Under(testContext(t), repo.Notes, "a", prefix)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "under "+prefix, want, sideIDs(got))
		for _, side := range got {
			wantSide(t, s, side)
		}
	}
}
