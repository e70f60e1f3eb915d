package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

var conflictTests = []test{
	{"OneWinnerPerNumber", testOneWinner},
	{"WritersThatTryAgainMakeOneChain", testOneChain},
	{"SamePageTwiceIsOnePage", testSamePageTwice},
	{"SamePageRaceIsOnePage", testSamePageRace},
	{"CommandIDOnce", testIDTaken},
	{"CommandIDBeforeNumber", testIDBeforeNumber},
	{"CommandIDRace", testIDRace},
	{"CommandIDIsPerSite", testIDPerSite},
	{"NothingOfARefusedPageStays", testRefusedPageLeavesNothing},
	{"BatchLandsPageByPage", testBatch},
	{"EmptyBatch", testEmptyBatch},
}

const writers = 8

// race appends page i at handle i mod len(stores), all at once, and returns the answers.
func race(t *testing.T, stores []repo.Store, pages []*repo.Page) []error {
	t.Helper()
	ctx := testContext(t)
	errs := make([]error, len(pages))
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i, p := range pages {
		wg.Go(func() {
			<-start
			errs[i] = appendOne(ctx, stores[i%len(stores)], p)
		})
	}
	close(start)
	wg.Wait()
	return errs
}

// count sorts answers into nil and want; anything else fails the test.
func count(t *testing.T, errs []error, want error) (ok int) {
	t.Helper()
	for i, err := range errs {
		switch {
		case err == nil:
			ok++
		case !errors.Is(err, want):
			t.Errorf("writer %d: want nil or %q, got %v", i, want, err)
		}
	}
	return ok
}

func testOneWinner(t *testing.T, db Database) {
	stores := handles(t, db)
	h := begin(t, "武侯")
	for round := range 10 {
		rivals := make([]*repo.Page, writers)
		for i := range rivals {
			rivals[i] = h.draft(arrival())
		}
		errs := race(t, stores, rivals)
		if n := count(t, errs, repo.ErrSeqTaken); n != 1 {
			t.Fatalf("round %d: %d winners for number %d", round, n, h.seq+1)
		}
		for i, err := range errs {
			if err == nil {
				h.advance(rivals[i])
			}
		}
	}
	for _, s := range stores {
		pages := journal(t, s, h.site)
		if len(pages) != 10 || pages[9].Hash != h.prev {
			t.Fatalf("%d pages, or another head than the winner's", len(pages))
		}
	}
}

func testOneChain(t *testing.T, db Database) {
	const each = 5
	stores := handles(t, db)
	ctx := testContext(t)
	fail := make(chan error, writers)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			s, done := stores[w%len(stores)], 0
			for done < each {
				h := begin(t, "site")
				head, err := s.Before(ctx, h.site, 1<<40, 1)
				if err != nil {
					fail <- err
					return
				}
				if len(head) > 0 {
					h.seq, h.prev = head[0].Last, head[0].Hash
				}
				switch err := appendOne(ctx, s, h.draft(arrival())); {
				case err == nil:
					done++
				case !errors.Is(err, repo.ErrSeqTaken):
					fail <- fmt.Errorf("writer %d: %w", w, err)
					return
				}
			}
		})
	}
	wg.Wait()
	close(fail)
	for err := range fail {
		t.Error(err)
	}
	if pages := journal(t, stores[0], "site"); len(pages) != writers*each {
		t.Errorf("%d pages, want %d", len(pages), writers*each)
	}
}

func testSamePageTwice(t *testing.T, db Database) {
	s := open(t, db)
	h := begin(t, "site")
	first, second := h.page(founded(h.site)), h.page(arrival(), arrival())
	mustAppend(t, s, first, second, second, first, second)
	equal(t, "journal", []*repo.Page{first, second}, journal(t, s, h.site))
}

func testSamePageRace(t *testing.T, db Database) {
	stores := handles(t, db)
	h := begin(t, "site")
	p := h.page(founded(h.site), arrival())
	same := make([]*repo.Page, writers)
	for i := range same {
		again := *p
		same[i] = &again
	}
	for i, err := range race(t, stores, same) {
		if err != nil {
			t.Errorf("writer %d of the same page: %v", i, err)
		}
	}
	equal(t, "journal", []*repo.Page{p}, journal(t, stores[0], h.site))
}

func testIDTaken(t *testing.T, db Database) {
	s := open(t, db)
	h := begin(t, "site")
	mustAppend(t, s, h.page(founded(h.site).withID("cmd-1")),
		h.page(arrival().withID("cmd-2"), arrival().withID("cmd-3")))
	before := journal(t, s, h.site)
	for _, c := range []struct {
		name string
		ids  []string
	}{
		{"alone", []string{"cmd-3"}},
		{"first of several", []string{"cmd-1", "new-1"}},
		{"in the middle", []string{"new-2", "cmd-2", "new-3"}},
		{"last of several", []string{"new-4", "new-5", "cmd-3"}},
		{"all", []string{"cmd-1", "cmd-2", "cmd-3"}},
	} {
		var changes []change
		for _, id := range c.ids {
			changes = append(changes, arrival().withID(id))
		}
		if err := appendOne(testContext(t), s, h.draft(changes...)); !errors.Is(err,
			repo.ErrIDTaken) {
			t.Errorf("%s: want ErrIDTaken, got %v", c.name, err)
		}
	}
	equal(t, "journal", before, journal(t, s, h.site))
	mustAppend(t, s,
		h.page(arrival().withID("new-1"), arrival().withID("new-2"), arrival().withID("new-4")))
}

// testIDBeforeNumber: when the command is already in the journal the answer must say so, and not
// that the number was taken.
func testIDBeforeNumber(t *testing.T, db Database) {
	s := open(t, db)
	h := begin(t, "site")
	other := h.draft(arrival().withID("mine"))
	mustAppend(t, s, h.page(founded(h.site).withID("mine")))
	if err := appendOne(testContext(t), s, other); !errors.Is(err, repo.ErrIDTaken) ||
		errors.Is(err, repo.ErrSeqTaken) {
		t.Errorf("same number, same command, other content: want ErrIDTaken alone, got %v", err)
	}
}

func testIDRace(t *testing.T, db Database) {
	stores := handles(t, db)
	h := begin(t, "site")
	rivals := make([]*repo.Page, writers)
	for i := range rivals {
		rivals[i] = h.draft(arrival().withID("one command"))
	}
	if n := count(t, race(t, stores, rivals), repo.ErrIDTaken); n != 1 {
		t.Errorf("a command ran %d times", n)
	}
}

func testIDPerSite(t *testing.T, db Database) {
	s := open(t, db)
	for _, site := range []workflow.SiteID{"a", "b"} {
		mustAppend(t, s, begin(t, site).page(arrival().withID("same")))
	}
	for _, site := range []workflow.SiteID{"a", "b"} {
		p, err := s.Find(testContext(t), site, "same")
		if err != nil || p.Site != site {
			t.Errorf("find at %s: %v, %v", site, p, err)
		}
	}
}

func testRefusedPageLeavesNothing(t *testing.T, db Database) {
	s := open(t, db)
	ctx := testContext(t)
	h := begin(t, "site")
	mustAppend(t, s, h.page(founded(h.site).withID("taken")))
	want := h.documents(func(repo.Document) bool { return true })

	ghost := visit("ghost", workflow.Arrived)
	line := liveRota(h.site, "li", "张伟")
	byID := h.draft(changed("arrive_visit", ghost, line).withID("fresh-1"),
		arrival().withID("taken"))
	h2 := begin(t, h.site)
	bySeq := h2.draft(changed("arrive_visit", ghost, line).withID("fresh-2"))
	for _, c := range []struct {
		page *repo.Page
		want error
	}{{byID, repo.ErrIDTaken}, {bySeq, repo.ErrSeqTaken}} {
		if err := appendOne(ctx, s, c.page); !errors.Is(err, c.want) {
			t.Fatalf("want %v, got %v", c.want, err)
		}
	}
	for _, id := range []string{"fresh-1", "fresh-2"} {
		if _, err := s.Find(ctx, h.site, id); !errors.Is(err, repo.ErrNotFound) {
			t.Errorf("command %s of a refused page: want ErrNotFound, got %v", id, err)
		}
	}
	catchUp(t, s, h.site)
	var got []repo.Document
	for _, c := range workflow.Collections {
		got = append(got, scan(t, s, c, h.site)...)
	}
	equal(t, "documents", want, sorted(got))
}

func testBatch(t *testing.T, db Database) {
	s := open(t, db)
	var histories []*history
	for _, site := range []workflow.SiteID{"fresh", "taken", "same", "twice", "last"} {
		h := begin(t, site)
		mustAppend(t, s, h.page(founded(site).withID("found")))
		histories = append(histories, h)
	}
	fresh, taken, same := histories[0], histories[1], histories[2]
	twice, last := histories[3], histories[4]
	stale := taken.draft(arrival())
	mustAppend(t, s, taken.page(arrival()))
	lost := same.page(arrival())
	mustAppend(t, s, lost)

	batch := []*repo.Page{
		fresh.page(arrival(), arrival()), stale, lost,
		twice.draft(arrival(), arrival().withID("found")), last.page(arrival()),
	}
	want := []error{nil, repo.ErrSeqTaken, nil, repo.ErrIDTaken, nil}
	got := s.Append(testContext(t), batch)
	if len(got) != len(want) {
		t.Fatalf("%d answers to %d pages", len(got), len(batch))
	}
	for i := range want {
		if !errors.Is(got[i], want[i]) {
			t.Errorf("page of %s: want %v, got %v", batch[i].Site, want[i], got[i])
		}
	}
	for _, h := range histories {
		pages := journal(t, s, h.site)
		if n := len(pages); n == 0 || pages[n-1].Last != h.seq || pages[n-1].Hash != h.prev {
			t.Errorf("journal of %s does not end at %d", h.site, h.seq)
		}
	}
}

func testEmptyBatch(t *testing.T, db Database) {
	if errs := open(t, db).Append(testContext(t), nil); len(errs) != 0 {
		t.Errorf("answers to no pages: %v", errs)
	}
}
