package repo_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/repotest"
	"github.com/lunpai/lunpai/workflow"
)

// TestCommitter: a site is never in two appends at once, and no more appends run than the store
// wants.
func TestCommitter(t *testing.T) {
	f := &flawed{Store: repotest.SQLite(t), parallel: 3}
	d := repotest.Engine(t, repo.Config{Store: f})
	var mu sync.Mutex
	flying, most := map[workflow.SiteID]bool{}, 0
	calls, together := 0, 0
	f.set(func(f *flawed) {
		f.onAppend = func(ctx context.Context, pages []*repo.Page) []error {
			mu.Lock()
			calls++
			together = max(together, calls)
			most = max(most, len(pages))
			for _, p := range pages {
				if flying[p.Site] {
					t.Errorf("site %s is in two appends", p.Site)
				}
				flying[p.Site] = true
			}
			mu.Unlock()
			time.Sleep(2 * time.Millisecond)
			errs := f.below().Append(ctx, pages)
			mu.Lock()
			defer mu.Unlock()
			calls--
			for _, p := range pages {
				delete(flying, p.Site)
			}
			return errs
		}
	})
	var wg sync.WaitGroup
	for i := range 20 {
		site := workflow.SiteID(fmt.Sprintf("s%d", i))
		wg.Go(func() {
			found(t, d, site)
			for n := range 10 {
				v := fmt.Sprintf("v%d-%d", i, n)
				repotest.MustDo(t, d, site, v, workflow.RoleFrontDesk, &workflow.ArriveVisit{
					Visit: workflow.VisitID(v),
				})
			}
		})
	}
	wg.Wait()
	if together > 3 || together < 2 {
		t.Errorf("%d appends at once, want up to 3", together)
	}
	if most < 2 {
		t.Error("sites were never written together")
	}
	sound(t, f)
}

// TestPagesAreBounded: many commands that wait for one site are decided together, within the bounds
// of a page.
func TestPagesAreBounded(t *testing.T) {
	d, f := flawedOffice(t, repo.Config{})
	begun, release := f.hold()
	first := outcomes(t.Context(), d, arrive("first"))
	<-begun
	var rs []repo.Request
	for i := range 150 {
		rs = append(rs, arrive(fmt.Sprintf("v%d", i)))
	}
	rest := outcomes(t.Context(), d, rs...)
	queued(t, d, len(rs))
	release()
	if err := errors.Join(append(first(), rest()...)...); err != nil {
		t.Fatal(err)
	}
	pages, err := f.Since(t.Context(), "s", 3, 100)
	if err != nil {
		t.Fatal(err)
	}
	if len(pages) > 5 {
		t.Errorf("150 commands that waited became %d pages", len(pages))
	}
	for _, p := range pages {
		if n := p.Last - p.First + 1; n > repo.MaxPageCommits {
			t.Errorf("page %d holds %d commits", p.First, n)
		}
	}
	sound(t, f)
}

// TestPagesAreSmall: with commands that change a lot a page is limited by its size.
func TestPagesAreSmall(t *testing.T) {
	f := &flawed{Store: repotest.SQLite(t)}
	d := repotest.Engine(t, repo.Config{Store: f})
	c := repotest.NewSite("s")
	for i := range 300 {
		c.Staff = append(c.Staff, workflow.NewStaff{
			Staff: workflow.StaffID(fmt.Sprintf("consultant-%03d", i)),
			Role:  workflow.RoleConsultant,
		})
	}
	repotest.MustDo(t, d, "s", "create", workflow.RoleAdministrator, c)
	begun, release := f.hold()
	first := outcomes(t.Context(), d, arrive("first"))
	<-begun
	var rs []repo.Request
	for i := range 60 {
		cmd := &workflow.Busy{
			Who: workflow.StaffID(fmt.Sprintf("consultant-%03d", i)), With: workflow.Chores,
		}
		rs = append(rs, repotest.Request(fmt.Sprint("busy-", i), workflow.RoleFrontDesk, cmd))
	}
	rest := outcomes(t.Context(), d, rs...)
	queued(t, d, len(rs))
	release()
	if err := errors.Join(append(first(), rest()...)...); err != nil {
		t.Fatal(err)
	}
	pages, err := f.Since(t.Context(), "s", 3, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pages {
		one := len(p.Body) / int(p.Last-p.First+1)
		if len(p.Body) > repo.MaxPageBytes+one {
			t.Errorf("page %d has %d bytes, its commits about %d", p.First, len(p.Body), one)
		}
	}
	if len(pages) > 40 {
		t.Errorf("60 commands that waited became %d pages", len(pages))
	}
}
