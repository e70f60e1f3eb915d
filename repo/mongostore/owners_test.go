package mongostore

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/tools/mongod/mongotest"
	"github.com/lunpai/lunpai/workflow"
)

// addrOf is where an instance says it is.
func addrOf(s *Store) string { return "http://" + s.Instance() }

// claim claims site a and fails the test when another instance has it, or the term is another.
func claim(t *testing.T, s *Store, d time.Duration, owner *Store, term int64) {
	t.Helper()
	l, err := s.Claim(t.Context(), "a", addrOf(s), d)
	want := repo.Lease{Who: owner.Instance(), Addr: addrOf(owner), Term: term}
	if err != nil || l != want {
		t.Errorf("%s claims: %+v, %v, want %+v", s.Instance(), l, err, want)
	}
}

// TestLeases: one instance has a lease until it runs out or is released, by the server's clock.
func TestLeases(t *testing.T) {
	cfg := testDatabase(t, mongotest.Standalone(t)).config()
	x, y := open(t, cfg), open(t, cfg)
	ctx := t.Context()
	claim(t, x, time.Hour, x, 1)
	claim(t, y, time.Hour, x, 1)
	claim(t, x, time.Millisecond, x, 1) // from now on a short one
	eventually(t, "the lease runs out", func() bool {
		l, err := x.Leases(ctx, []workflow.SiteID{"a"})
		return err == nil && len(l) == 0
	})
	both := []workflow.SiteID{"a", "b"}
	if kept, err := x.Renew(ctx, both[:1], time.Millisecond); err != nil || len(kept) != 1 {
		t.Errorf("nobody took it, and it is not renewed: %v, %v", kept, err)
	}
	time.Sleep(5 * time.Millisecond)
	claim(t, y, time.Hour, y, 2)
	claim(t, x, time.Hour, y, 2)
	if _, err := x.Claim(ctx, "b", addrOf(x), time.Hour); err != nil {
		t.Fatal(err)
	}
	if kept, err := x.Renew(ctx, both, time.Hour); err != nil || len(kept) != 1 ||
		kept[0] != "b" {
		t.Errorf("x keeps %v, %v; it has b only", kept, err)
	}
	if err := x.Release(ctx, both); err != nil { // the other's stays
		t.Fatal(err)
	}
	claim(t, x, time.Hour, y, 2)
	if err := y.Release(ctx, both); err != nil {
		t.Fatal(err)
	}
	claim(t, x, time.Hour, x, 3)
}

// TestOneInstanceGetsALease: of many that claim a site at once.
func TestOneInstanceGetsALease(t *testing.T) {
	cfg := testDatabase(t, mongotest.Standalone(t)).config()
	cfg.PointTimeout = 20 * time.Second // of a busy machine
	var all [8]*Store
	for i := range all {
		all[i] = open(t, cfg)
	}
	for round := range 5 {
		site := workflow.SiteID(fmt.Sprint("s", round))
		var wg sync.WaitGroup
		var got [len(all)]string
		for i := range got {
			wg.Go(func() {
				l, err := all[i].Claim(context.WithoutCancel(t.Context()), site, addrOf(all[i]),
					time.Hour)
				if err != nil {
					t.Error(err)
				}
				got[i] = l.Who
			})
		}
		wg.Wait()
		for _, who := range got {
			if who != got[0] || who == "" {
				t.Fatalf("owners of one site: %v", got)
			}
		}
	}
}

// TestRepairLeavesOwnedSites: documents of a site that another instance owns are repaired when its
// lease has run out, not before.
func TestRepairLeavesOwnedSites(t *testing.T) {
	db := testDatabase(t, mongotest.Standalone(t))
	a := &author{t: t, site: "a"}
	p := a.next()
	first := open(t, db.config())
	mustAppend(t, first, p)
	drain(t, first)
	claim(t, first, time.Hour, first, 1)
	// the owner falls behind
	if _, err := db.raw.Collection("marks").DeleteMany(t.Context(), bson.D{}); err != nil {
		t.Fatal(err)
	}
	cfg := db.config()
	cfg.RepairEvery = 20 * time.Millisecond
	other := open(t, cfg)
	mark := func() int64 {
		n, err := other.Mark(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	time.Sleep(300 * time.Millisecond) // many rounds
	if mark() != 0 {
		t.Error("another instance wrote an owned site's documents")
	}
	if err := first.Release(t.Context(), []workflow.SiteID{"a"}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a site without an owner is repaired", func() bool { return mark() == 1 })
}
