package mongostore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/tools/mongod/mongotest"
	"github.com/lunpai/lunpai/workflow"
)

// TestCrashBeforeDocuments: a process appends and dies before it has written a document; another
// one's repair does it.
func TestCrashBeforeDocuments(t *testing.T) {
	db := testDatabase(t, mongotest.Standalone(t))
	first, err := Open(t.Context(), db.config())
	if err != nil {
		t.Fatal(err)
	}
	heal := db.failWith(t, "alwaysOn", bson.D{commands("update"), {Key: "errorCode", Value: 8}})
	authors := []*author{{t: t, site: "a"}, {t: t, site: "b"}}
	for range 30 {
		mustAppend(t, first, authors[0].next(), authors[1].next())
	}
	first.stop() // what is in memory is lost
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	heal()
	if n, err := db.raw.Collection("visits").CountDocuments(t.Context(), bson.D{}); n != 0 ||
		err != nil {
		t.Fatalf("the test is blind: %d documents were written, %v", n, err)
	}
	second := open(t, db.config())
	for _, a := range authors {
		eventually(t, "repair completes", func() bool {
			mark, err := second.Mark(t.Context(), a.site)
			return err == nil && mark == a.seq
		})
		projectedEqual(t, second, a.site)
	}
}

// TestRepairOfAnothersTail: an instance that lives on takes over what a dead one left, in its next
// round.
func TestRepairOfAnothersTail(t *testing.T) {
	db := testDatabase(t, mongotest.Standalone(t))
	cfg := db.config()
	cfg.RepairEvery = 30 * time.Millisecond
	s := open(t, cfg)
	a := &author{t: t, site: "a"}
	for range 5 {
		db.insertPage(t, a.next())
	}
	eventually(t, "repair completes", func() bool {
		mark, err := s.Mark(t.Context(), a.site)
		return err == nil && mark == a.seq
	})
	projectedEqual(t, s, a.site)
}

// insertPage puts pages into the journal as another instance does, without their documents.
func (d *testDB) insertPage(t testing.TB, pages ...*repo.Page) {
	t.Helper()
	docs := make([]bson.Raw, len(pages))
	for i, p := range pages {
		docs[i] = appendPage(nil, p)
	}
	if _, err := d.raw.Collection("journal").InsertMany(t.Context(), docs); err != nil {
		t.Fatal(err)
	}
}

// TestForeignPagesBetweenOwn: what another instance wrote between two pages of this one is read,
// for all sites with one query; no document waits for repair, and nothing is called corrupt.
func TestForeignPagesBetweenOwn(t *testing.T) {
	db := testDatabase(t, mongotest.Standalone(t))
	var log journalLog
	var finds atomic.Int64
	cfg := db.config()
	cfg.Log = log.logger()
	cfg.monitor = &event.CommandMonitor{Succeeded: func(_ context.Context,
		e *event.CommandSucceededEvent,
	) {
		of, _ := e.Reply.Lookup("cursor", "ns").StringValueOK()
		if e.CommandName == "find" && strings.HasSuffix(of, ".journal") {
			finds.Add(1)
		}
	}}
	s := open(t, cfg)
	eventually(t, "repair has looked for sites", func() bool { return finds.Load() == 1 })
	var own []*repo.Page
	var sites []workflow.SiteID
	for i := range 5 {
		a := &author{t: t, site: workflow.SiteID(fmt.Sprint("site", i))}
		sites = append(sites, a.site)
		for k := range 9 {
			p := a.next()
			db.insertPage(t, p)
			if k%3 == 2 {
				own = append(own, p)
			}
		}
	}
	before := finds.Load()
	s.projector.follow(own)
	drain(t, s)
	if n := finds.Load() - before; n != 1 {
		t.Errorf("%d queries for what was missing, want 1", n)
	}
	for _, site := range sites {
		projectedEqual(t, s, site)
	}
	if n := log.count("corrupt") + log.count("repair does it"); n > 0 {
		t.Errorf("%d false alarms", n)
	}
}

// TestDamagedForeignPage: it stops the documents of its own site, and of no other one that is read
// with it.
func TestDamagedForeignPage(t *testing.T) {
	db := testDatabase(t, mongotest.Standalone(t))
	for name, damage := range map[string]bson.D{
		"type": {{Key: "prev", Value: 7}}, "content": {{Key: "body", Value: "[]"}}, "place": {
			{Key: "first", Value: int64(7)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			db.empty(t)
			s := open(t, db.config())
			bad, good := &author{t: t, site: "bad"}, &author{t: t, site: "good"}
			var own []*repo.Page
			for _, a := range []*author{bad, good} {
				first, between, last := a.next(), a.next(), a.next()
				db.insertPage(t, first, between, last)
				own = append(own, first, last)
			}
			of := bson.D{{Key: pathID, Value: repo.PageID("bad", 2)}}
			if _, err := db.raw.Collection("journal").UpdateOne(t.Context(), of,
				bson.D{{Key: "$set", Value: damage}}); err != nil {
				t.Fatal(err)
			}
			runs := []*siteRun{
				{f: &follower{site: "bad"}, pages: own[:2]}, {
					f: &follower{site: "good"}, pages: own[2:],
				},
			}
			s.projector.closeGaps(t.Context(), runs)
			if err := runs[0].err; !errors.Is(err, repo.ErrCorrupt) {
				t.Errorf("the damaged one: %v, want corrupt", err)
			}
			if err := runs[1].err; err != nil || len(runs[1].pages) != 3 {
				t.Errorf("the sound one: %v, %d pages of 3", err, len(runs[1].pages))
			}
		})
	}
}

// TestGapIsFilled: pages of another instance between our own are written before the mark passes
// them.
func TestGapIsFilled(t *testing.T) {
	db := testDatabase(t, mongotest.Standalone(t))
	s := open(t, db.config())
	a := &author{t: t, site: "a"}
	mustAppend(t, s, a.next())
	drain(t, s)
	var foreign []*repo.Page
	for range maxMissing + 10 { // more than is filled in at once: repair does the rest
		foreign = append(foreign, a.next())
	}
	db.insertPage(t, foreign...)
	mustAppend(t, s, a.next())
	if _, err := s.Read(t.Context(), a.site, a.seq, nil); err != nil {
		t.Fatal(err)
	}
	drain(t, s)
	eventually(t, "the mark reaches the head", func() bool {
		mark, err := s.Mark(t.Context(), a.site)
		return err == nil && mark == a.seq
	})
	projectedEqual(t, s, a.site)
	for range 3 {
		db.insertPage(t, a.next())
	}
	docs, err := s.Read(t.Context(), a.site, a.seq, []workflow.Ref{workflow.LiveRotaRef(a.site)})
	if err != nil || len(docs) != 1 || docs[0].Seq != a.seq {
		t.Errorf("read after another instance's pages: %v, %v", docs, err)
	}
}
