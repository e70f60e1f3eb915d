package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

var sideTests = []test{
	{"EveryFieldComesBack", testSideRoundTrip},
	{"InsertTwice", testSideInsertTwice},
	{"LookupIsUnique", testSideLookupUnique},
	{"LookupRace", testSideLookupRace},
	{"EmptyLookupsDoNotCollide", testSideEmptyLookup},
	{"Replace", testSideReplace},
	{"Delete", testSideDelete},
	{"Listing", testSideListing},
	{"PendingByAge", testSidePending},
	{"ErasedForGood", testSideErased},
	{"ReplaceIf", testReplaceIf},
	{"DeleteIf", testDeleteIf},
	{"ChangesRace", testChangesRace},
	{"Under", testUnder},
}

func person(id string, site workflow.SiteID, lookup string) repo.Side {
	return repo.Side{
		Collection: repo.People, ID: id, Site: site, Lookup: lookup, Command: "cmd-" + id,
		Pending: true,
		At:      time.Date(2026, 3, 14, 1, 2, 3, 4e6, time.UTC), Body: quoted("王 " + id),
	}
}

// key is a document that may belong to no site.
func key(id string, site workflow.SiteID) repo.Side {
	k := person(id, site, "")
	k.Collection = repo.APIKeys
	return k
}

func mustInsert(t *testing.T, s repo.Store, sides ...repo.Side) {
	t.Helper()
	for _, side := range sides {
		if err := s.Insert(testContext(t), side); err != nil {
			t.Fatalf("insert %s %s: %v", side.Collection, side.ID, err)
		}
	}
}

func mustReplace(t *testing.T, s repo.Store, side repo.Side) {
	t.Helper()
	if err := s.Replace(testContext(t), side); err != nil {
		t.Fatalf("replace %s %s: %v", side.Collection, side.ID, err)
	}
}

// wantSide checks that a document is stored exactly as given.
func wantSide(t *testing.T, s repo.Store, want repo.Side) {
	t.Helper()
	got, err := s.Side(testContext(t), want.Collection, want.ID)
	if err != nil {
		t.Errorf("side %s %s: %v", want.Collection, want.ID, err)
		return
	}
	equalOne(t, "side "+want.ID, want, got)
}

func testSideRoundTrip(t *testing.T, db Database) {
	s := open(t, db)
	full := person("c1", "武侯", "hmac:1")
	full.Body = quoted(awkward)
	want := []repo.Side{
		full,
		{
			Collection: repo.Notes, ID: "n1", Site: "武侯", At: full.At,
			Body: []byte(`{"text":"第一次来"}`),
		},
		{
			Collection: repo.APIKeys, ID: "bootstrap", At: full.At,
			Body: []byte(`{"role":"administrator","n":9007199254740993}`),
		},
		{Collection: repo.Meta, ID: "clock", At: full.At, Body: []byte(`{}`)},
		{
			Collection: repo.Sessions, ID: "5e551011", At: full.At, Pending: true,
			Body: []byte(`{"key":"bootstrap","secret":1}`),
		},
		{
			Collection: repo.Pairings, ID: "c0de", Site: "武侯", At: full.At, Pending: true,
			Body: []byte(`{"key":"k"}`),
		},
		{
			Collection: repo.PINs, ID: "武侯/wang", Site: "武侯", At: full.At,
			Body: []byte(`{"salt":"","hash":"","seq":3,"failures":4}`),
		},
		// the id of another collection
		{Collection: repo.Meta, ID: "c1", At: full.At, Body: []byte(`{"list":[1,"2",null,true]}`)},
	}
	mustInsert(t, s, want...)
	s = reopen(t, db, s)
	for _, side := range want {
		wantSide(t, s, side)
	}
	got, err := s.Lookup(testContext(t), repo.People, "武侯", "hmac:1")
	if err != nil {
		t.Fatal(err)
	}
	equalOne(t, "lookup", full, got)
}

func testSideInsertTwice(t *testing.T, db Database) {
	s := open(t, db)
	first := person("c1", "a", "x")
	mustInsert(t, s, first)
	for name, again := range map[string]repo.Side{
		"the same": first, "other lookup": person("c1", "a", "y"),
		"other site": person("c1", "b", "x"), "no lookup": person("c1", "a", ""),
	} {
		if err := s.Insert(testContext(t), again); !errors.Is(err, repo.ErrExists) {
			t.Errorf("%s: want ErrExists, got %v", name, err)
		}
	}
	wantSide(t, s, first)
	if _, err := s.Lookup(testContext(t), repo.People, "a", "y"); !errors.Is(err,
		repo.ErrNotFound) {
		t.Errorf("lookup of a refused insert: %v", err)
	}
}

func testSideLookupUnique(t *testing.T, db Database) {
	s := open(t, db)
	mustInsert(t, s, person("c1", "a", "x"))
	if err := s.Insert(testContext(t), person("c2", "a", "x")); !errors.Is(err, repo.ErrExists) {
		t.Errorf("same lookup: want ErrExists, got %v", err)
	}
	if _, err := s.Side(testContext(t), repo.People, "c2"); !errors.Is(err, repo.ErrNotFound) {
		t.Errorf("a refused insert is there: %v", err)
	}
	note := person("n1", "a", "x")
	note.Collection = repo.Notes
	mustInsert(t, s, person("c3", "b", "x"), person("c5", "a", "X"), note)
	for _, c := range []struct {
		site workflow.SiteID
		id   string
	}{{"a", "c1"}, {"b", "c3"}} {
		got, err := s.Lookup(testContext(t), repo.People, c.site, "x")
		if err != nil || got.ID != c.id {
			t.Errorf("lookup at %q: %q, %v; want %s", c.site, got.ID, err, c.id)
		}
	}
	if _, err := s.Lookup(testContext(t), repo.People, "c", "x"); !errors.Is(err,
		repo.ErrNotFound) {
		t.Errorf("lookup at another site: want ErrNotFound, got %v", err)
	}
}

func testSideLookupRace(t *testing.T, db Database) {
	stores := handles(t, db)
	ctx := testContext(t)
	errs := make([]error, writers)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			errs[i] = stores[i%len(stores)].Insert(ctx,
				person(fmt.Sprint("c", i), "a", "one phone"))
		})
	}
	wg.Wait()
	if n := count(t, errs, repo.ErrExists); n != 1 {
		t.Errorf("%d people with one phone", n)
	}
}

func testSideEmptyLookup(t *testing.T, db Database) {
	s := open(t, db)
	mustInsert(t, s, person("c1", "a", ""), person("c2", "a", ""), key("k1", ""), key("k2", ""))
	mustReplace(t, s, person("c1", "a", ""))
	for _, c := range []repo.SideCollection{repo.People, repo.APIKeys} {
		if got, err := s.Lookup(testContext(t), c, "a", ""); !errors.Is(err, repo.ErrNotFound) {
			t.Errorf("an empty lookup in %s found %q, %v", c, got.ID, err)
		}
	}
}

func testSideReplace(t *testing.T, db Database) {
	s := open(t, db)
	ctx := testContext(t)
	fresh := person("c1", "a", "x")
	mustReplace(t, s, fresh) // not there yet
	wantSide(t, s, fresh)
	mustInsert(t, s, person("c2", "a", "y"))

	confirmed := fresh
	confirmed.Pending, confirmed.Body = false, quoted("confirmed")
	mustReplace(t, s, confirmed)
	wantSide(t, s, confirmed)

	thief := confirmed
	thief.Lookup, thief.Body = "y", quoted("thief")
	if err := s.Replace(ctx, thief); !errors.Is(err, repo.ErrExists) {
		t.Errorf("another's lookup: want ErrExists, got %v", err)
	}
	wantSide(t, s, confirmed)

	moved := confirmed
	moved.Lookup = "z"
	mustReplace(t, s, moved)
	if _, err := s.Lookup(ctx, repo.People, "a", "x"); !errors.Is(err, repo.ErrNotFound) {
		t.Errorf("the former lookup still finds: %v", err)
	}
	mustInsert(t, s, person("c3", "a", "x")) // it is free again
	moved.Lookup = ""
	mustReplace(t, s, moved)
	mustInsert(t, s, person("c4", "a", "z"))
	wantSide(t, s, moved)
}

func testSideDelete(t *testing.T, db Database) {
	s := open(t, db)
	ctx := testContext(t)
	note := person("c1", "a", "x")
	note.Collection = repo.Notes
	mustInsert(t, s, person("c1", "a", "x"), person("c2", "a", "y"), note)
	for range 2 { // deleting what is not there is no error
		if err := s.Delete(ctx, repo.People, "c1"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Side(ctx, repo.People, "c1"); !errors.Is(err, repo.ErrNotFound) {
		t.Errorf("side: want ErrNotFound, got %v", err)
	}
	if _, err := s.Lookup(ctx, repo.People, "a", "x"); !errors.Is(err, repo.ErrNotFound) {
		t.Errorf("lookup: want ErrNotFound, got %v", err)
	}
	wantSide(t, s, note)
	wantSide(t, s, person("c2", "a", "y"))
	mustInsert(t, s, person("c1", "a", "x"))
}

func testSideListing(t *testing.T, db Database) {
	s := open(t, db)
	mustInsert(t, s, key("c3", "a"), key("c1", "a"), key("B", "a"), key("c2", "b"), key("é", "a"),
		key("c0", ""))
	for site, want := range map[workflow.SiteID][]string{
		"a": {"B", "c1", "c3", "é"}, "b": {"c2"}, "c": nil,
	} {
		got, err := s.Sides(testContext(t), repo.APIKeys, site, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		equal(t, fmt.Sprintf("keys of %q", site), want, sideIDs(got))
	}
	got, err := s.SidesOfAllSites(testContext(t), repo.APIKeys, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "all keys", []string{"B", "c0", "c1", "c2", "c3", "é"}, sideIDs(got))
	if got, err := s.SidesOfAllSites(testContext(t), repo.Notes, time.Time{}); len(got) != 0 ||
		err != nil {
		t.Errorf("notes: %v, %v", got, err)
	}
}

func sideIDs(sides []repo.Side) []string {
	var out []string
	for _, s := range sides {
		out = append(out, s.ID)
	}
	return out
}

func testSidePending(t *testing.T, db Database) {
	s := open(t, db)
	at := time.Date(2026, 3, 14, 1, 0, 0, 0, time.UTC)
	put := func(id string, site workflow.SiteID, after time.Duration, pending bool) {
		side := person(id, site, "")
		side.At, side.Pending = at.Add(after), pending
		mustInsert(t, s, side)
	}
	put("old", "a", 0, true)
	put("old-b", "b", 0, true)
	put("old-confirmed", "a", 0, false)
	put("edge", "a", time.Hour-time.Millisecond, true)
	put("young", "a", time.Hour, true)
	for site, want := range map[workflow.SiteID][]string{"a": {"edge", "old"}, "b": {"old-b"}} {
		got, err := s.Sides(testContext(t), repo.People, site, at.Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		equal(t, fmt.Sprintf("pending of %q", site), want, sideIDs(got))
	}
	got, err := s.SidesOfAllSites(testContext(t), repo.People, at.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "all pending", []string{"edge", "old", "old-b"}, sideIDs(got))
}

// testSideErased: what was deleted or replaced is gone, from the files too where they can be
// searched.
func testSideErased(t *testing.T, db Database) {
	s := open(t, db)
	ctx := testContext(t)
	canary := func(n int) string { return fmt.Sprintf("CANARY-%02d-13800138000", n) }
	for n := range 40 { // of all sizes: inside a page, and over several
		side := person(fmt.Sprint("c", n), "a", fmt.Sprint("hmac", n))
		side.Body = quoted(strings.Repeat(canary(n)+" ", 1+n*n))
		mustInsert(t, s, side)
	}
	var gone, kept []string
	for n := range 40 {
		id := fmt.Sprint("c", n)
		switch n % 4 {
		case 0, 1:
			if err := s.Delete(ctx, repo.People, id); err != nil {
				t.Fatal(err)
			}
			gone = append(gone, canary(n))
		case 2:
			mustReplace(t, s, person(id, "a", fmt.Sprint("hmac", n)))
			gone = append(gone, canary(n))
		default:
			kept = append(kept, canary(n))
		}
	}
	sides, err := s.SidesOfAllSites(ctx, repo.People, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	for _, side := range sides {
		if slices.ContainsFunc(gone,
			func(c string) bool { return strings.Contains(string(side.Body), c) }) {
			t.Errorf("side %s still holds what was erased", side.ID)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if db.Holds == nil {
		t.Log("the files of this store cannot be searched for erased bytes: only its answers were")
		return
	}
	for _, c := range kept { // otherwise the search does not work
		if !db.Holds(t, []byte(c)) {
			t.Errorf("%s was kept, and is not found in the files", c)
		}
	}
	for _, c := range gone {
		if db.Holds(t, []byte(c)) {
			t.Errorf("%s was erased, and stands in the files", c)
		}
	}
}
