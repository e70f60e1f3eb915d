package mongostore

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/tools/mongod/mongotest"
	"github.com/lunpai/lunpai/workflow"
)

// TestOneShardOneIndex: every query about one site names the site, so that a cluster sharded by
// site asks one shard, and reads no more of a long journal than it returns.
func TestOneShardOneIndex(t *testing.T) {
	const long = 1500
	db := testDatabase(t, mongotest.Standalone(t))
	var mu sync.Mutex
	var asked []bson.Raw
	cfg := db.config()
	cfg.RepairEvery = time.Hour // it asks for all sites, and may
	cfg.monitor = &event.CommandMonitor{Started: func(_ context.Context,
		e *event.CommandStartedEvent,
	) {
		if e.CommandName == "find" || e.CommandName == "update" {
			mu.Lock()
			defer mu.Unlock()
			asked = append(asked, append(bson.Raw(nil), e.Command...))
		}
	}}
	s := open(t, cfg)
	a := &author{t: t, site: "a"}
	var pages []*repo.Page
	for range long {
		pages = append(pages, a.next())
	}
	db.insertPage(t, pages[:long-1]...)
	last := pages[long-1]
	for name, use := range map[string]func() error{
		"since the end": func() error {
			_, err := s.Since(t.Context(), "a", long-1, 64)
			return err
		},
		"since the middle": func() error {
			_, err := s.Since(t.Context(), "a", 700, 64)
			return err
		},
		"beyond the end": func() error {
			_, err := s.Since(t.Context(), "a", long+100, 64)
			return err
		},
		"before": func() error { _, err := s.Before(t.Context(), "a", 700, 2); return err },
		"a command": func() error {
			_, err := s.Find(t.Context(), "a", pages[3].Entries[0].ID)
			return err
		},
		"a rival": func() error { _ = appendOne(t.Context(), s, pages[700]); return nil },
		"holes": func() error {
			runs := []*siteRun{
				{f: &follower{site: "a"}, pages: []*repo.Page{pages[700], pages[710]}},
			}
			s.projector.fillGaps(t.Context(), runs, map[*siteRun]int64{runs[0]: 700})
			return runs[0].err
		},
		"documents": func() error {
			mustAppend(t, s, last)
			_, err := s.Read(t.Context(), "a", long, []workflow.Ref{workflow.LiveRotaRef("a")})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			mu.Lock()
			asked = nil
			mu.Unlock()
			if err := use(); err != nil {
				t.Fatal(err)
			}
			drain(t, s)
			mu.Lock()
			defer mu.Unlock()
			for _, c := range asked {
				db.examine(t, c)
			}
			if len(asked) == 0 {
				t.Error("the test is blind: nothing was asked")
			}
		})
	}
}

// examine compares a command of the store with what it may cost.
func (d *testDB) examine(t *testing.T, c bson.Raw) {
	t.Helper()
	if updates, ok := c.Lookup("updates").ArrayOK(); ok {
		of, _ := c.Lookup("update").StringValueOK()
		values, _ := updates.Values()
		for _, u := range values {
			if site, _ := u.Document().Lookup("q", pathSite).StringValueOK(); of != "marks" &&
				site != "a" {
				t.Errorf("an update of %s without its site: %v", of, u.Document().Lookup("q"))
			}
		}
		return
	}
	if of, _ := c.Lookup("find").StringValueOK(); of != "journal" {
		return
	}
	find := bson.D{}
	for _, key := range []string{"find", "filter", "sort", "limit", "hint", "projection"} {
		if v := c.Lookup(key); !v.IsZero() {
			find = append(find, bson.E{Key: key, Value: v})
		}
	}
	if text := fmt.Sprint(c.Lookup("filter")); !sited(c.Lookup("filter").Document()) {
		t.Errorf("a question without its site: %s", text)
	}
	var plan struct {
		Stats struct {
			Returned int `bson:"nReturned"`
			Keys     int `bson:"totalKeysExamined"`
			Docs     int `bson:"totalDocsExamined"`
		} `bson:"executionStats"`
	}
	explain := bson.D{{Key: "explain", Value: find}, {Key: "verbosity", Value: "executionStats"}}
	if err := d.raw.RunCommand(t.Context(), explain).Decode(&plan); err != nil {
		t.Fatal(err)
	}
	if n := plan.Stats; n.Docs > n.Returned+repo.MaxPageCommits || n.Keys > n.Returned+
		2*repo.MaxPageCommits {
		t.Errorf("%d keys and %d pages looked at for %d: %v", n.Keys, n.Docs, n.Returned,
			c.Lookup("filter"))
	}
}

// sited reports whether a filter, or each of its alternatives, names the site.
func sited(filter bson.Raw) bool {
	if _, ok := filter.Lookup(pathSite).StringValueOK(); ok {
		return true
	}
	or, ok := filter.Lookup("$or").ArrayOK()
	if !ok {
		return false
	}
	values, _ := or.Values()
	for _, v := range values {
		if !sited(v.Document()) {
			return false
		}
	}
	return true
}
