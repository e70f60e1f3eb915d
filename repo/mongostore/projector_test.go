package mongostore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/tools/mongod/mongotest"
	"github.com/lunpai/lunpai/workflow"
)

// TestDocumentsFollow: the documents of many sites follow by themselves, and so do the marks.
func TestDocumentsFollow(t *testing.T) {
	db := testDatabase(t, mongotest.Standalone(t))
	s := open(t, db.config())
	var authors []*author
	for i := range 8 {
		authors = append(authors, &author{t: t, site: workflow.SiteID(fmt.Sprint("site", i))})
	}
	for range 20 {
		var pages []*repo.Page
		for _, a := range authors {
			pages = append(pages, a.next())
		}
		for _, err := range s.Append(t.Context(), pages) {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	drain(t, s)
	for _, a := range authors {
		projectedEqual(t, s, a.site)
	}
}

// TestTwoInstancesOnOneDatabase race for every number; the journals are one chain each, and the
// documents what they say.
func TestTwoInstancesOnOneDatabase(t *testing.T) {
	const sites, each = 4, 40
	db := testDatabase(t, mongotest.Standalone(t))
	stores := []*Store{open(t, db.config()), open(t, db.config())}
	ctx := t.Context()
	var wg sync.WaitGroup
	for i := range sites {
		for k, s := range stores {
			wg.Go(func() {
				a := &author{t: t, site: workflow.SiteID(fmt.Sprint("site", i))}
				for done := 0; done < each; {
					if err := a.catchUp(ctx, s); err != nil {
						t.Error(err)
						return
					}
					// Both change the same visits, and new ones again and again.
					p := a.draft(fmt.Sprintf("%d-%d-%d", i, k, done),
						workflow.VisitID(fmt.Sprintf("%s-v%d", a.site, a.seq/2)))
					switch err := appendOne(ctx, s, p); {
					case err == nil:
						done++
					case !errors.Is(err, repo.ErrSeqTaken):
						t.Errorf("want nil or ErrSeqTaken, got %v", err)
						return
					}
				}
			})
		}
	}
	wg.Wait()
	for _, s := range stores {
		drain(t, s)
	}
	for i := range sites {
		site := workflow.SiteID(fmt.Sprint("site", i))
		if n := len(chainOf(t, stores[0], site)); n != len(stores)*each {
			t.Errorf("%d pages, want %d", n, len(stores)*each)
		}
		projectedEqual(t, stores[0], site)
	}
}

// TestNewerImageWinsTheFirstInsert: two instances write a record that does not exist yet; whoever
// comes first, the newer image remains.
func TestNewerImageWinsTheFirstInsert(t *testing.T) {
	db := testDatabase(t, mongotest.Standalone(t))
	s := open(t, db.config())
	const records = 300
	write := func(seq int64) {
		j := &siteRun{f: &follower{site: "a"}, pages: []*repo.Page{{First: seq, Last: seq}}}
		for i := range records {
			id := fmt.Sprint("c", i)
			doc := fmt.Appendf(nil, `{"id":%q,"site":"a","seq":%d,"open":true,"status":"received"}`,
				id, seq)
			r, err := s.projector.replace(j, workflow.Image{
				Ref: workflow.CustomerRef(workflow.CustomerID(id)), Doc: doc,
			})
			if err != nil {
				t.Error(err)
				return
			}
			models := []mongo.WriteModel{
				mongo.NewReplaceOneModel().SetFilter(r.filter).SetReplacement(r.doc).SetUpsert(
					true),
			}
			errs := guarded(t.Context(), s.images[workflow.Customers], models,
				func(int) mongo.WriteModel {
					return mongo.NewReplaceOneModel().SetFilter(r.filter).SetReplacement(r.doc)
				})
			if errs[0] != nil {
				t.Error(errs[0])
			}
		}
	}
	var wg sync.WaitGroup
	for seq := range int64(4) {
		wg.Go(func() { write(seq + 1) })
	}
	wg.Wait()
	err := s.Scan(t.Context(), repo.Span{Collection: workflow.Customers, Site: "a"},
		func(d repo.Document) error {
			if d.Seq != 4 {
				t.Errorf("%s stands at %d", d.ID, d.Seq)
			}
			return nil
		})
	if err != nil {
		t.Fatal(err)
	}
}

// TestBadPageStopsItsSiteOnly: the others follow, it is reported once, and mending brings it back.
func TestBadPageStopsItsSiteOnly(t *testing.T) {
	db := testDatabase(t, mongotest.Standalone(t))
	for name, break_ := range map[string]func(*repo.Page){
		"headless record":    func(p *repo.Page) { p.Images[0].Doc = []byte(`{"id":"v"}`) },
		"malformed record":   func(p *repo.Page) { p.Images[0].Doc = []byte(`{`) },
		"another's record":   func(p *repo.Page) { p.Images[0].ID = "x" },
		"breaks the schema":  func(p *repo.Page) { swap(p, `"state":"arrived"`, `"state":7`) },
		"unknown collection": func(p *repo.Page) { p.Images[0].Collection = "journal" },
		"too big": func(p *repo.Page) {
			swap(p, `"state":"arrived"`, `"state":"`+strings.Repeat("x", 17<<20)+`"`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			db.empty(t)
			cfg := db.config()
			cfg.RepairEvery = 30 * time.Millisecond
			var log journalLog
			cfg.Log = log.logger()
			s := open(t, cfg)
			bad, good := &author{t: t, site: "bad"}, &author{t: t, site: "good"}
			p := bad.next()
			p.Images = append([]workflow.Image(nil), p.Images...)
			break_(p)
			// What is read back from the journal is whole; only this process's copy is broken,
			// until repair reads it.
			heal := db.failWith(t, "alwaysOn", bson.D{
				commands("find"), {Key: "errorCode", Value: 8},
			})
			for _, err := range s.Append(t.Context(), []*repo.Page{p, good.next()}) {
				if err != nil {
					t.Fatal(err)
				}
			}
			drain(t, s)
			if n := log.count("documents trail the journal"); n < 1 || n > 2 ||
				log.count("site=bad") == 0 {
				t.Errorf("reported %d times", n)
			}
			heal()
			eventually(t, "the good site follows", func() bool {
				m, _ := s.Mark(t.Context(), "good")
				return m == 1
			})
			eventually(t, "the bad site is mended", func() bool {
				m, _ := s.Mark(t.Context(), "bad")
				return m == 1
			})
			projectedEqual(t, s, "bad")
			projectedEqual(t, s, "good")
			eventually(t, "the end is reported", func() bool {
				return log.count("documents follow the journal again") > 0
			})
		})
	}
}

func swap(p *repo.Page, old, new string) {
	p.Images[0].Doc = []byte(strings.Replace(string(p.Images[0].Doc), old, new, 1))
}

// TestCorruptJournalIsQuarantined: a page that contradicts itself stops its site for good, and the
// error names the place.
func TestCorruptJournalIsQuarantined(t *testing.T) {
	db := testDatabase(t, mongotest.Standalone(t))
	for name, spoil := range map[string]func(a *author){
		"hash": func(a *author) {
			p := a.next()
			p.Body = []byte(strings.Replace(string(p.Body), "arrive_visit", "assign_visit", 1))
			db.insertPage(t, p)
		},
		"prev": func(a *author) { a.prev = "x"; db.insertPage(t, a.next()) },
		"hole": func(a *author) { a.next(); db.insertPage(t, a.next()) },
	} {
		t.Run(name, func(t *testing.T) {
			db.empty(t)
			cfg := db.config()
			cfg.RepairEvery = 20 * time.Millisecond
			var log journalLog
			cfg.Log = log.logger()
			bad, good := &author{t: t, site: "bad"}, &author{t: t, site: "good"}
			db.insertPage(t, bad.next())
			spoil(bad)
			db.insertPage(t, bad.next())
			db.insertPage(t, good.next())
			s := open(t, cfg)
			eventually(t, "the good site follows", func() bool {
				m, _ := s.Mark(t.Context(), "good")
				return m == 1
			})
			if _, err := s.Read(t.Context(), "bad", bad.seq, nil); !errors.Is(err,
				repo.ErrCorrupt) {
				t.Errorf("want ErrCorrupt, got %v", err)
			}
			if m, err := s.Mark(t.Context(), "bad"); m > 1 || err != nil {
				t.Errorf("the mark passed the bad page: %d, %v", m, err)
			}
			time.Sleep(3 * cfg.RepairEvery)
			if n := log.count("documents trail the journal"); n != 1 {
				t.Errorf("reported %d times, want once", n)
			}
		})
	}
}

// TestBacklogHoldsAppendsBack, within the caller's patience, and nothing is written.
func TestBacklogHoldsAppendsBack(t *testing.T) {
	db := testDatabase(t, mongotest.Standalone(t))
	s := open(t, db.config())
	add := func(n int) {
		s.projector.mu.Lock()
		defer s.projector.mu.Unlock()
		s.projector.backlog += n
		s.projector.signalProgress()
	}
	add(maxBacklog)
	a := &author{t: t, site: "a"}
	p := a.next()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := appendOne(ctx, s, p); !errors.Is(err, repo.ErrUnknown) ||
		!errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("want ErrUnknown, got %v", err)
	}
	time.AfterFunc(50*time.Millisecond, func() { add(-maxBacklog) })
	mustAppend(t, s, p)
}

// TestClearedPoolForgets: after a cleared pool nothing that was remembered of the documents is
// trusted.
func TestClearedPoolForgets(t *testing.T) {
	db := testDatabase(t, mongotest.Standalone(t))
	s := open(t, db.config())
	a := &author{t: t, site: "a"}
	mustAppend(t, s, a.next())
	drain(t, s)
	remembered := func() int64 {
		s.projector.mu.Lock()
		defer s.projector.mu.Unlock()
		return s.projector.follower(a.site).done
	}
	before := s.Cleared()
	if n := remembered(); n != 1 {
		t.Fatalf("written up to %d", n)
	}
	db.failWith(t, bson.D{{Key: "times", Value: 1}}, bson.D{
		commands("ping"), {Key: "closeConnection", Value: true},
	})
	_ = s.Ping(t.Context())
	if s.Cleared() == before {
		t.Fatal("no pool was cleared")
	}
	if n := remembered(); n != 0 {
		t.Errorf("still believed to be written up to %d", n)
	}
	eventually(t, "the server is found again", func() bool {
		docs, err := s.Read(t.Context(), a.site, 1, []workflow.Ref{workflow.LiveRotaRef(a.site)})
		return err == nil && len(docs) == 1
	})
}

// TestUnconfirmedImagesHoldTheMark: images that a majority may not have could be rolled back under
// a mark.
func TestUnconfirmedImagesHoldTheMark(t *testing.T) {
	db := testDatabase(t, mongotest.Standalone(t))
	cfg := db.config()
	cfg.RepairEvery = 50 * time.Millisecond
	s := open(t, cfg)
	a := &author{t: t, site: "a"}
	heal := db.failWith(t, "alwaysOn",
		bson.D{commands("update"), {Key: "writeConcernError", Value: bson.D{
			{Key: "code", Value: 64}, {Key: "errmsg", Value: "waiting for replication timed out"},
		}}})
	mustAppend(t, s, a.next())
	drain(t, s)
	if m, err := s.Mark(t.Context(), "a"); m != 0 || err != nil {
		t.Errorf("the mark is at %d, %v", m, err)
	}
	heal()
	eventually(t, "the mark moves", func() bool { m, _ := s.Mark(t.Context(), "a"); return m == 1 })
}

// TestPanicStopsItsSiteOnly: and the panic's value is not logged.
func TestPanicStopsItsSiteOnly(t *testing.T) {
	db := testDatabase(t, mongotest.Standalone(t))
	s := open(t, db.config())
	bad, good := &author{t: t, site: "bad"}, &author{t: t, site: "good"}
	runs := []*siteRun{
		// nobody makes a nil page: it panics
		{f: &follower{site: "bad"}, pages: []*repo.Page{bad.next(), nil, bad.next()}},
		{f: &follower{site: "good"}, pages: []*repo.Page{good.next()}},
	}
	s.projector.write(t.Context(), runs)
	if !errors.Is(runs[0].err, repo.ErrCorrupt) || runs[1].err != nil {
		t.Errorf("bad: %v, good: %v", runs[0].err, runs[1].err)
	}
}

// TestReaderEndsTheWait: documents gather for a while before they are written, and whoever wants to
// read one, list or scan need not wait for that.
func TestReaderEndsTheWait(t *testing.T) {
	db := testDatabase(t, mongotest.Standalone(t))
	cfg := db.config()
	cfg.MergeFor = time.Hour
	s := open(t, cfg)
	a := &author{t: t, site: "a"}
	waits := func() { // until two pages wait: then the window is open
		t.Helper()
		for pages := 0; pages < 2; pages, _ = s.Trailing() {
			mustAppend(t, s, a.next())
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	mustAppend(t, s, a.next())
	if _, err := s.Read(ctx, "a", a.seq, nil); err != nil {
		t.Fatal(err)
	}
	waits()
	if _, err := s.Read(ctx, "a", a.seq, []workflow.Ref{workflow.LiveRotaRef("a")}); err != nil {
		t.Errorf("read: %v", err)
	}
	seqOf := func(d repo.Document, found *int64) { *found = max(*found, d.Seq) }
	waits()
	var listed, scanned int64
	l, err := s.List(ctx, repo.Query{Collection: workflow.Visits, Site: "a", Limit: 100})
	for _, d := range l.Docs {
		seqOf(d, &listed)
	}
	if err != nil || listed != a.seq {
		t.Errorf("the list ends at %d of %d, %v", listed, a.seq, err)
	}
	waits()
	err = s.Scan(ctx, repo.Span{Collection: workflow.Visits, Site: "a"},
		func(d repo.Document) error { seqOf(d, &scanned); return nil })
	if err != nil || scanned != a.seq {
		t.Errorf("the scan ends at %d of %d, %v", scanned, a.seq, err)
	}
	waits()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	projectedEqual(t, open(t, db.config()), "a")
}
