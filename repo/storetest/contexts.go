package storetest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

var contextTests = []test{
	{"CancelledCallsFail", testCancelled},
	{"CancelledAppendNeverLies", testCancelledAppend},
	{"PassedDeadlineNeverLies", testDeadlineAppend},
	{"ClosedStore", testClosed},
	{"CloseDuringAppends", testCloseDuringAppends},
}

// calls are all methods except Append and Close, each with arguments that work.
func calls(s repo.Store) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"Since": func(ctx context.Context) error {
			_, err := s.Since(ctx, "site", 1, 10)
			return err
		},
		"Before": func(ctx context.Context) error {
			_, err := s.Before(ctx, "site", 1, 10)
			return err
		},
		"Find": func(ctx context.Context) error {
			_, err := s.Find(ctx, "site", "found")
			return err
		},
		"Sites": func(ctx context.Context) error { _, err := s.Sites(ctx); return err },
		"Moved": func(ctx context.Context) error { _, _, err := s.Moved(ctx, 0); return err },
		"Load":  func(ctx context.Context) error { _, _, err := s.Load(ctx, "site"); return err },
		"Read": func(ctx context.Context) error {
			_, err := s.Read(ctx, "site", 1, []workflow.Ref{workflow.SiteRef("site")})
			return err
		},
		"List": func(ctx context.Context) error {
			_, err := s.List(ctx, repo.Query{Collection: workflow.Visits, Site: "site", Limit: 10})
			return err
		},
		"Scan": func(ctx context.Context) error {
			return s.Scan(ctx, repo.Span{Collection: workflow.Sites, Site: "site"},
				func(repo.Document) error { return nil })
		},
		"Scan all": func(ctx context.Context) error {
			return s.ScanAllSites(ctx, workflow.Sites, func(repo.Document) error { return nil })
		},
		"Mark": func(ctx context.Context) error { _, err := s.Mark(ctx, "site"); return err },
		"Project": func(ctx context.Context) error {
			pages, err := s.Since(ctx, "site", 1, 10)
			if err != nil {
				return err
			}
			return s.Project(ctx, pages)
		},
		"Insert": func(ctx context.Context) error {
			return s.Insert(ctx, person("new", "site", ""))
		},
		"Replace": func(ctx context.Context) error {
			return s.Replace(ctx, person("c1", "site", "x"))
		},
		"Side": func(ctx context.Context) error {
			_, err := s.Side(ctx, repo.People, "c1")
			return err
		},
		"Lookup": func(ctx context.Context) error {
			_, err := s.Lookup(ctx, repo.People, "site", "x")
			return err
		},
		"Sides": func(ctx context.Context) error {
			_, err := s.Sides(ctx, repo.People, "site", time.Time{})
			return err
		},
		"Sides of all": func(ctx context.Context) error {
			_, err := s.SidesOfAllSites(ctx, repo.People, time.Time{})
			return err
		},
		"Delete": func(ctx context.Context) error { return s.Delete(ctx, repo.People, "nobody") },
		"Ping":   s.Ping,
	}
}

// prepared is a store in which every call of calls succeeds.
func prepared(t *testing.T, db Database) (repo.Store, *history) {
	t.Helper()
	s := open(t, db)
	h := begin(t, "site")
	mustAppend(t, s, h.page(founded(h.site).withID("found")))
	mustInsert(t, s, person("c1", h.site, "x"))
	catchUp(t, s, h.site)
	return s, h
}

func testCancelled(t *testing.T, db Database) {
	s, _ := prepared(t, db)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for name, call := range calls(s) {
		if err := call(over); !errors.Is(err, context.Canceled) {
			t.Errorf("%s with a cancelled context: want it in the error, got %v", name, err)
		}
	}
	for name, call := range calls(s) {
		if err := call(testContext(t)); err != nil {
			t.Errorf("%s afterwards: %v", name, err)
		}
	}
}

func testCancelledAppend(t *testing.T, db Database) {
	s, h := prepared(t, db)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	checkTruth(t, s, h, appendAll(over, s, h.draft(arrival())))
}

func testDeadlineAppend(t *testing.T, db Database) {
	s, h := prepared(t, db)
	for i := range 60 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*50*time.Microsecond)
		checkTruth(t, s, h, appendAll(ctx, s, h.draft(arrival(), arrival())))
		cancel()
	}
}

type answer struct {
	page *repo.Page
	err  error
}

func appendAll(ctx context.Context, s repo.Store, p *repo.Page) answer {
	return answer{p, appendOne(ctx, s, p)}
}

// checkTruth compares an answer with the journal: nil means that the page is there; unknown is
// always allowed; to say that the number or the id was taken would be wrong. Afterwards the page is
// there: sending the same page again must settle the matter.
func checkTruth(t *testing.T, s repo.Store, h *history, a answer) {
	t.Helper()
	if a.err != nil && !errors.Is(a.err, repo.ErrUnknown) {
		t.Fatalf("want nil or ErrUnknown, got %v", a.err)
	}
	if a.err == nil {
		pages, err := s.Since(testContext(t), h.site, a.page.First, 1)
		if err != nil || len(pages) != 1 || pages[0].Hash != a.page.Hash {
			t.Fatalf("page %d was acknowledged and is not there: %v", a.page.First, err)
		}
	}
	mustAppend(t, s, h.advance(a.page))
}

func testClosed(t *testing.T, db Database) {
	s, h := prepared(t, db)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for name, call := range calls(s) {
		if err := call(testContext(t)); !errors.Is(err, repo.ErrClosed) {
			t.Errorf("%s after Close: want ErrClosed, got %v", name, err)
		}
	}
	other := begin(t, "other")
	errs := s.Append(testContext(t), []*repo.Page{h.draft(arrival()), other.draft(arrival())})
	if len(errs) != 2 {
		t.Fatalf("append after Close: %d answers to 2 pages", len(errs))
	}
	for _, err := range errs {
		if !errors.Is(err, repo.ErrClosed) {
			t.Errorf("append after Close: want ErrClosed, got %v", err)
		}
	}
	if err := s.Close(); err != nil && !errors.Is(err, repo.ErrClosed) {
		t.Errorf("close twice: %v", err)
	}
	s = open(t, db)
	if pages := journal(t, s, h.site); len(pages) != 1 {
		t.Errorf("%d pages, want 1", len(pages))
	}
}

// testCloseDuringAppends: whatever is answered while the store closes is true afterwards.
func testCloseDuringAppends(t *testing.T, db Database) {
	s := open(t, db)
	ctx := testContext(t)
	answers := make([][]answer, writers)
	var wg sync.WaitGroup
	for w := range writers {
		h := begin(t, workflow.SiteID(rune('a'+w)))
		wg.Go(func() {
			for {
				p := h.page(arrival())
				err := appendOne(ctx, s, p)
				answers[w] = append(answers[w], answer{p, err})
				if err != nil {
					return
				}
			}
		})
	}
	time.Sleep(50 * time.Millisecond)
	if err := s.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	wg.Wait()
	s = open(t, db)
	for _, list := range answers {
		stored := make(map[int64]string)
		for _, p := range journal(t, s, list[0].page.Site) {
			stored[p.First] = p.Hash
		}
		for _, a := range list {
			there := stored[a.page.First] == a.page.Hash
			switch {
			case a.err == nil && !there:
				t.Errorf("page %s was acknowledged and is not there",
					repo.PageID(a.page.Site, a.page.First))
			case errors.Is(a.err, repo.ErrClosed) && there:
				t.Errorf("page %s was answered with ErrClosed and is there",
					repo.PageID(a.page.Site, a.page.First))
			case a.err != nil && !errors.Is(a.err, repo.ErrClosed) &&
				!errors.Is(a.err, repo.ErrUnknown):
				t.Errorf("page %s: want nil, ErrUnknown or ErrClosed, got %v",
					repo.PageID(a.page.Site, a.page.First), a.err)
			}
		}
	}
}
