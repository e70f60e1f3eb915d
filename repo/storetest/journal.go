package storetest

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

var journalTests = []test{
	{"EveryByteComesBack", testRoundTrip},
	{"TimesAreWholeMillisecondsUTC", testTimes},
	{"FullPage", testFullPage},
	{"SinceAndBefore", testSinceBefore},
	{"Find", testFind},
	{"Sites", testSites},
	{"UnknownSite", testUnknownSite},
	{"Ping", testPing},
	{"MovedNamesWhoMovedOn", testMoved},
}

// awkward is text that careless storage changes: markup, line separators, escapes, a quote, several
// scripts, a letter with a combining mark, an emoji of several code points, a NUL escape, trailing
// spaces.
const awkward = "<b>&\u2028\u2029\\\"'\t\n轮排 пример e\u0301 é 👨‍👩‍👧 \u0000 $where %s \x7f  "

func testRoundTrip(t *testing.T, db Database) {
	s := open(t, db)
	h := begin(t, "售楼处")
	v := visit(newID(), workflow.Arrived)
	v.Reason, v.Assistants = awkward, []workflow.StaffID{"e\u0301", "é"}
	want := []*repo.Page{
		h.page(founded(h.site)), h.page(changed("arrive_visit", v), arrival(), arrival()),
		h.page(arrival()),
	}
	mustAppend(t, s, want...)
	s = reopen(t, db, s)
	got := journal(t, s, h.site)
	equal(t, "journal", want, got)
	for i := range got {
		if string(got[i].Body) != string(want[i].Body) {
			t.Errorf("body of page %d came back changed", want[i].First)
		}
	}
	catchUp(t, s, h.site)
	docs, err := s.Read(testContext(t), h.site, h.seq, []workflow.Ref{v.Ref()})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "document", []repo.Document{h.docs[v.Ref()]}, docs)
}

func testTimes(t *testing.T, db Database) {
	s := open(t, db)
	ctx := testContext(t)
	for i, at := range []time.Time{
		time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC),
		time.Date(2026, 3, 14, 9, 0, 0, 1e6, time.UTC),
		time.Date(2026, 12, 31, 23, 59, 59, 999e6, time.UTC),
		time.Date(2026, 3, 14, 9, 0, 0, 120e6, time.FixedZone("CST", 8*3600)),
	} {
		h := begin(t, workflow.SiteID(fmt.Sprintf("site-%d", i)))
		h.at = at.Add(-1001 * time.Millisecond)
		p := h.page(arrival())
		mustAppend(t, s, p)
		pages, err := s.Since(ctx, h.site, 1, 1)
		if err != nil || len(pages) != 1 {
			t.Fatalf("since: %d pages, %v", len(pages), err)
		}
		if got := pages[0].At; !got.Equal(at) || got.Location() != time.UTC {
			t.Errorf("page at %v came back as %v", at, got)
		}
		side := repo.Side{
			Collection: repo.Notes, ID: fmt.Sprint(i), Site: "s", At: at, Body: []byte(`{}`),
		}
		if err := s.Insert(ctx, side); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Side(ctx, repo.Notes, side.ID); err != nil || !got.At.Equal(at) ||
			got.At.Location() != time.UTC {
			t.Errorf("side document at %v came back as %v, %v", at, got.At, err)
		}
	}
}

// testFullPage: the biggest page that can be made, and a single big commit.
func testFullPage(t *testing.T, db Database) {
	s := open(t, db)
	h := begin(t, "site")
	var changes []change
	for range repo.MaxPageCommits {
		v := visit(newID(), workflow.Arrived)
		v.Reason = strings.Repeat("轮", repo.MaxPageBytes/repo.MaxPageCommits/3)
		changes = append(changes, changed("arrive_visit", v))
	}
	big := visit(newID(), workflow.Arrived)
	big.Reason = strings.Repeat("x", 2<<20)
	want := []*repo.Page{h.page(changes...), h.page(changed("arrive_visit", big))}
	mustAppend(t, s, want...)
	equal(t, "journal", want, journal(t, s, h.site))
}

// testSinceBefore reads a journal of the pages 1, 2–4, 5, 6–7.
func testSinceBefore(t *testing.T, db Database) {
	s := open(t, db)
	ctx := testContext(t)
	h, other := begin(t, "site"), begin(t, "site2")
	mustAppend(
		t, s, other.page(founded(other.site)), h.page(founded(h.site)),
		h.page(arrival(), arrival(), arrival()),
		h.page(arrival()), h.page(arrival(), arrival()), other.page(arrival()),
	)
	for _, c := range []struct {
		seq           int64
		limit         int
		since, before string // the first commits of the pages expected
	}{
		{0, 10, "[1 2 5 6]", "[]"},
		{1, 10, "[1 2 5 6]", "[1]"},
		{2, 10, "[2 5 6]", "[2 1]"},
		{3, 10, "[2 5 6]", "[2 1]"}, // inside a page
		{4, 10, "[2 5 6]", "[2 1]"},
		{5, 10, "[5 6]", "[5 2 1]"},
		{6, 10, "[6]", "[6 5 2 1]"},
		{7, 10, "[6]", "[6 5 2 1]"},
		{8, 10, "[]", "[6 5 2 1]"}, // beyond the head
		{math.MaxInt64, 10, "[]", "[6 5 2 1]"},
		{3, 1, "[2]", "[2]"},
		{1, 2, "[1 2]", "[1]"},
		{1, 4, "[1 2 5 6]", "[1]"},
		{7, 2, "[6]", "[6 5]"},
	} {
		pages, err := s.Since(ctx, h.site, c.seq, c.limit)
		if got := firsts(pages); err != nil || got != c.since {
			t.Errorf("since %d limit %d: want %s, got %s, %v", c.seq, c.limit, c.since, got, err)
		}
		pages, err = s.Before(ctx, h.site, c.seq, c.limit)
		if got := firsts(pages); err != nil || got != c.before {
			t.Errorf("before %d limit %d: want %s, got %s, %v", c.seq, c.limit, c.before, got, err)
		}
	}
}

func firsts(pages []*repo.Page) string {
	out := make([]int64, len(pages))
	for i, p := range pages {
		out[i] = p.First
	}
	return fmt.Sprint(out)
}

func testFind(t *testing.T, db Database) {
	s := open(t, db)
	h := begin(t, "site")
	first := h.page(founded(h.site).withID("a"))
	second := h.page(arrival().withID("b"), arrival().withID("c"),
		arrival().withID("timer:close:2026-03-14"))
	mustAppend(t, s, first, second)
	for id, want := range map[string]*repo.Page{
		"a": first, "b": second, "c": second, "timer:close:2026-03-14": second,
	} {
		got, err := s.Find(testContext(t), h.site, id)
		if err != nil {
			t.Errorf("find %q: %v", id, err)
			continue
		}
		equalOne(t, "page of "+id, want, got)
	}
	for _, id := range []string{"", "d", "aa", "A", "%", "timer:close"} {
		if p, err := s.Find(testContext(t), h.site, id); !errors.Is(err, repo.ErrNotFound) ||
			p != nil {
			t.Errorf("find %q: want ErrNotFound, got %v, %v", id, p, err)
		}
	}
}

func testSites(t *testing.T, db Database) {
	s := open(t, db)
	want := []workflow.SiteID{"A", "Z", "a", "b", "b2", "e\u0301", "é", "售楼处", "武侯"} // byte by byte
	for i := range want {
		mustAppend(t, s, begin(t, want[len(want)-1-i]).page(arrival()))
	}
	got, err := s.Sites(testContext(t))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "sites", want, got)
}

func testUnknownSite(t *testing.T, db Database) {
	s := open(t, db)
	ctx := testContext(t)
	mustAppend(t, s, begin(t, "site").page(arrival()))
	since, err := s.Since(ctx, "nowhere", 1, 10)
	if len(since) != 0 || err != nil {
		t.Errorf("since: %v, %v", since, err)
	}
	before, err := s.Before(ctx, "nowhere", 1<<40, 10)
	if len(before) != 0 || err != nil {
		t.Errorf("before: %v, %v", before, err)
	}
	if mark, err := s.Mark(ctx, "nowhere"); mark != 0 || err != nil {
		t.Errorf("mark: %d, %v", mark, err)
	}
	if docs, mark, err := s.Load(ctx, "nowhere"); len(docs) != 0 || mark != 0 || err != nil {
		t.Errorf("load: %v, %d, %v", docs, mark, err)
	}
	if _, err := s.Find(ctx, "nowhere", "x"); !errors.Is(err, repo.ErrNotFound) {
		t.Errorf("find: want ErrNotFound, got %v", err)
	}
	docs, err := s.Read(ctx, "nowhere", 0, []workflow.Ref{workflow.VisitRef("v")})
	if len(docs) != 0 || err != nil {
		t.Errorf("read: %v, %v", docs, err)
	}
}

func testPing(t *testing.T, db Database) {
	s := open(t, db)
	if err := s.Ping(testContext(t)); err != nil {
		t.Errorf("ping: %v", err)
	}
	if n := s.Parallel(); n < 1 {
		t.Errorf("parallel = %d", n)
	}
}

// testMoved: after 0 every site is named; later every site that got a page, with a number that it
// has reached.
func testMoved(t *testing.T, db Database) {
	s := open(t, db)
	ctx := testContext(t)
	if heads, _, err := s.Moved(ctx, 0); err != nil || len(heads) > 0 {
		t.Fatalf("an empty store: %v, %v", heads, err)
	}
	quiet, busy := begin(t, "quiet"), begin(t, "busy")
	mustAppend(t, s, quiet.page(arrival()), busy.page(arrival()))
	catchUp(t, s, "quiet")
	catchUp(t, s, "busy")
	heads, next, err := s.Moved(ctx, 0)
	if err != nil || next <= 0 || len(heads) != 2 {
		t.Fatalf("after 0: %v, next %d, %v; want both sites", heads, next, err)
	}
	for range 3 {
		mustAppend(t, s, busy.page(arrival()))
	}
	late := begin(t, "late")
	mustAppend(t, s, late.page(arrival()))
	catchUp(t, s, "busy")
	catchUp(t, s, "late")
	heads, again, err := s.Moved(ctx, next)
	if err != nil || heads["busy"] != 4 || heads["late"] != 1 || heads["quiet"] > 1 ||
		again < next {
		t.Errorf("later: %v, next %d after %d, %v", heads, again, next, err)
	}
	if heads, _, err = s.Moved(ctx, again); err != nil || heads["busy"] != 0 && heads["busy"] != 4 {
		t.Errorf("when nothing moved: %v, %v", heads, err)
	}
}
