package repo_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/repotest"
	"github.com/lunpai/lunpai/repo/vault"
	"github.com/lunpai/lunpai/tools/mongod/mongotest"
	"github.com/lunpai/lunpai/workflow"
)

func TestCopy(t *testing.T) {
	s := repotest.SQLite(t)
	d := repotest.Engine(t, repo.Config{Store: s})
	for i := range 12 {
		site := workflow.SiteID(fmt.Sprintf("s%d", i))
		found(t, d, site)
		for n := range i {
			v := fmt.Sprintf("v%d-%d", i, n)
			repotest.MustDo(t, d, site, v, workflow.RoleFrontDesk, &workflow.ArriveVisit{
				Visit: workflow.VisitID(v),
			})
		}
	}
	ctx := t.Context()
	ring, err := vault.CreateKeyring(filepath.Join(t.TempDir(), "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	v, err := vault.New(ctx, s, ring, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.SavePerson(ctx, "s1", "k", "later",
		vault.Person{Name: "张", Phone: "13800138000"}); err != nil {
		t.Fatal(err)
	}
	if err := v.SaveNote(ctx, "s1", "n", workflow.VisitRef("v"), "", "text"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := vault.NewKeys(d, s, nil).NewAdministrator(ctx, "", ""); err != nil {
		t.Fatal(err)
	}
	to := repotest.SQLite(t)
	check := func(t *testing.T, to repo.Store) {
		t.Helper()
		calls := 0
		if err := repo.Copy(ctx, s, to, func(workflow.SiteID, int64) { calls++ }); err != nil {
			t.Fatal(err)
		}
		if calls == 0 {
			t.Error("no progress was told")
		}
		if d := cmp.Diff(everything(t, s), everything(t, to)); d != "" {
			t.Errorf("the copy differs (-source +copy):\n%s", d)
		}
	}
	check(t, to)
	t.Run("mongodb", func(t *testing.T) {
		check(t,
			repotest.MongoDB(t, mongotest.Standalone(t),
				fmt.Sprintf("repo_copy_%d", time.Now().UnixNano())))
	})
	if err := repo.Copy(ctx, s, to, nil); err == nil || !strings.Contains(err.Error(), "empty") {
		t.Errorf("copied into a store that is not empty: %v", err)
	}
	people := repotest.SQLite(t)
	if err := people.Insert(ctx,
		repo.Side{
			Collection: repo.People, ID: "k", Site: "s", At: time.Now(), Body: []byte("{}"),
		}); err != nil {
		t.Fatal(err)
	}
	if err := repo.Copy(ctx, s, people, nil); err == nil {
		t.Error("copied over people")
	}
}

// TestUnfinishedCopy: an unfinished copy cannot be served, nor be the source or target of another
// copy; a finished one can.
func TestUnfinishedCopy(t *testing.T) {
	from := book(t)
	for _, until := range []int{0, 1, 3} {
		to := &flawed{Store: repotest.SQLite(t)}
		left := until
		to.onAppend = func(ctx context.Context, pages []*repo.Page) []error {
			if left--; left < 0 {
				return lost(pages)
			}
			return to.below().Append(ctx, pages)
		}
		if err := repo.Copy(t.Context(), from, to, nil); !errors.Is(err, repo.ErrUnknown) {
			t.Fatalf("after %d pages: want the break, got %v", until, err)
		}
		to.heal()
		for what, err := range map[string]error{
			"open":       repo.Unfinished(t.Context(), to),
			"copy to it": repo.Copy(t.Context(), from, to, nil),
			"copy of it": repo.Copy(t.Context(), to, repotest.SQLite(t), nil),
		} {
			if !errors.Is(err, repo.ErrUnfinished) {
				t.Errorf("after %d pages: %s: want ErrUnfinished, got %v", until, what, err)
			}
		}
	}
	to := repotest.SQLite(t)
	if err := errors.Join(repo.Copy(t.Context(), from, to, nil),
		repo.Unfinished(t.Context(), to)); err != nil {
		t.Error(err)
	}
}

// TestCopyOfDamage: a damaged store is not copied.
func TestCopyOfDamage(t *testing.T) {
	f := &forged{Store: book(t), page: replaceBody("arrive_visit", "arrive_vizit")}
	if err := repo.Copy(t.Context(), f, repotest.SQLite(t), nil); !errors.Is(err, repo.ErrCorrupt) {
		t.Errorf("got %v, want corrupt", err)
	}
	f = &forged{
		Store: repotest.SQLite(t), doc: func(d repo.Document) (repo.Document, bool) {
			return d, d.Collection != workflow.Visits
		},
	}
	if err := repo.Copy(t.Context(), book(t), f, nil); !errors.Is(err, repo.ErrCorrupt) {
		t.Errorf("a target that loses documents: %v", err)
	}
}

// everything is the whole content of a store.
func everything(t testing.TB, s repo.Store) map[string]any {
	t.Helper()
	ctx := t.Context()
	all := map[string]any{}
	sites, err := s.Sites(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, site := range sites {
		pages, err := s.Since(ctx, site, 1, 1000)
		if err != nil {
			t.Fatal(err)
		}
		all["journal "+string(site)] = pages
	}
	for _, c := range workflow.Collections {
		var docs []repo.Document
		if err := s.ScanAllSites(ctx, c, func(d repo.Document) error {
			d.Doc = slices.Clone(d.Doc)
			docs = append(docs, d)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		all[string(c)] = docs
	}
	for _, c := range repo.SideCollections {
		docs, err := s.SidesOfAllSites(ctx, c, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		all[string(c)] = docs
	}
	return all
}
