package repo_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/repotest"
	"github.com/lunpai/lunpai/tools/mongod/mongotest"
	"github.com/lunpai/lunpai/workflow"
)

// owners are so many instances on one MongoDB.
func owners(t *testing.T, n int, lease time.Duration) (all []*repo.Owners, stores []repo.Store) {
	t.Helper()
	uri, name := mongotest.Standalone(t), fmt.Sprintf("owners_%d", time.Now().UnixNano())
	for i := range n {
		s := repotest.MongoDB(t, uri, name)
		k, ok := s.(repo.LeaseKeeper)
		if !ok {
			t.Fatal("the store keeps no leases")
		}
		stores = append(stores, s)
		all = append(all, repo.NewOwners(repo.OwnersConfig{
			Store: k, Addr: fmt.Sprint("http://", i), For: lease,
		}))
	}
	return all, stores
}

// TestOwnerFiresTimers: what is due at a site is given by its owner, by nobody else, and by another
// one when the owner is gone.
func TestOwnerFiresTimers(t *testing.T) {
	own, stores := owners(t, 2, time.Minute)
	var clock handClock
	var engines []*repo.Engine
	for i, s := range stores {
		engines = append(engines,
			repotest.Engine(t, repo.Config{Store: s, Now: clock.now, Owners: own[i]}))
	}
	found(t, engines[0], "s")
	for _, e := range engines {
		fire(t, e, 0)
	}
	if own[1].Use(t.Context(), "s") != "" {
		t.Fatal("the second cannot own the site")
	}
	// the first wrote last, and knows when it is due; the second owns the site
	repotest.MustDo(t, engines[0], "s", "a", workflow.RoleFrontDesk,
		&workflow.ArriveVisit{Visit: "v"})
	atRest(t, engines[0], "s")
	clock.forward(30 * time.Minute)
	fire(t, engines[0], 0)
	if err := own[1].Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	clock.forward(2 * time.Minute)
	fire(t, engines[0], 1)
	if own[0].Owned() != 1 {
		t.Error("who fires a timer does not own the site")
	}
}

// TestUse: of many requests at once one asks; everybody hears the same; an address that could not
// be reached is left out for a moment.
func TestUse(t *testing.T) {
	own, _ := owners(t, 2, time.Minute)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if addr := own[0].Use(t.Context(), "s"); addr != "" {
				t.Errorf("the first is told to ask %s", addr)
			}
		})
	}
	wg.Wait()
	if addr := own[1].Use(t.Context(), "s"); addr != "http://0" {
		t.Errorf("the second is told %q", addr)
	}
	own[1].Avoid("http://0")
	if addr := own[1].Use(t.Context(), "s"); addr != "" {
		t.Errorf("the second is told %q, which it could not reach", addr)
	}
	if n := own[1].Owned(); n != 0 {
		t.Errorf("it owns %d sites by that", n)
	}
}

// TestStoreGone: when nobody can say who owns a site, it is decided here.
func TestStoreGone(t *testing.T) {
	own, stores := owners(t, 1, time.Minute)
	if err := stores[0].Close(); err != nil {
		t.Fatal(err)
	}
	if addr := own[0].Use(t.Context(), "s"); addr != "" || own[0].Owned() != 0 {
		t.Errorf("told %q, owns %d sites", addr, own[0].Owned())
	}
}
