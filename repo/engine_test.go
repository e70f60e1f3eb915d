package repo_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/repotest"
	"github.com/lunpai/lunpai/repo/sqlitestore"
	"github.com/lunpai/lunpai/workflow"
)

// office opens a store in a new folder and an engine with one site of four consultants, whose
// office never closes.
func office(t testing.TB, wrap func(repo.Store) repo.Store) (*repo.Engine, repo.Store) {
	t.Helper()
	s, err := sqlitestore.Open(t.Context(), sqlitestore.Config{
		Path: filepath.Join(t.TempDir(), "lunpai.db"),
	})
	if err != nil {
		t.Fatal(err)
	}
	var store repo.Store = s
	if wrap != nil {
		store = wrap(s)
	}
	d := repo.NewEngine(repo.Config{
		Store: store, Deadline: 2 * time.Second, AppendTimeout: time.Second,
	})
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := d.Drain(ctx); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return d, store
}

func found(t testing.TB, d *repo.Engine, site workflow.SiteID) {
	t.Helper()
	repotest.MustDo(
		t,
		d,
		site,
		"create-"+string(site),
		workflow.RoleAdministrator,
		repotest.NewSite(site),
	)
}

// visit takes one visit from arrival to registration, and retries what is unknown or busy.
func visit(ctx context.Context, d *repo.Engine, site workflow.SiteID, name string) error {
	v := workflow.VisitID(name)
	for i, cmd := range []workflow.Command{
		&workflow.ArriveVisit{Visit: v},
		&workflow.IdentifyVisit{Visit: v, Identity: workflow.Identity{Kind: workflow.KindNew}},
		&workflow.AssignVisit{Visit: v, Concurrent: false},
		&workflow.ServeVisit{Visit: v},
		&workflow.RegisterVisit{Visit: v, Customer: workflow.CustomerID("k-" + name)},
	} {
		for try := 0; ; try++ {
			_, err := d.Do(ctx, site,
				repotest.Request(fmt.Sprintf("%s-%d", name, i), workflow.RoleFrontDesk, cmd))
			var f *workflow.Fault
			if errors.As(err, &f) && f.Code == "nobody_free" && try < 10_000 {
				time.Sleep(200 * time.Microsecond)
				continue
			}
			if (errors.Is(err, repo.ErrUnknown) || errors.Is(err, repo.ErrBusy) ||
				errors.Is(err, repo.ErrUnavailable)) && try < 200 {
				continue
			}
			if err != nil {
				return fmt.Errorf("%s %s: %w", name, cmd.About().Kind, err)
			}
			break
		}
	}
	return nil
}

func sound(t testing.TB, s repo.Store) []repo.SiteReport {
	t.Helper()
	rs, err := repo.Verify(t.Context(), s, repo.VerifyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := repo.Sound(rs); err != nil {
		t.Fatal(err)
	}
	return rs
}

func TestVisitsOfManyClients(t *testing.T) {
	d, s := office(t, nil)
	found(t, d, "s1")
	found(t, d, "s2")
	var wg sync.WaitGroup
	for c := range 16 {
		wg.Go(func() {
			for i := range 10 {
				if err := visit(t.Context(), d, workflow.SiteID(fmt.Sprintf("s%d", 1+c%2)),
					fmt.Sprintf("v-%d-%d", c, i)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	commits := int64(0)
	for _, r := range sound(t, s) {
		commits += r.Commits
	}
	if commits != 2+16*10*5 {
		t.Errorf("%d commits, want %d", commits, 2+16*10*5)
	}
}

func TestReplay(t *testing.T) {
	d, _ := office(t, nil)
	found(t, d, "s")
	first := repotest.MustDo(
		t,
		d,
		"s",
		"a",
		workflow.RoleFrontDesk,
		&workflow.ArriveVisit{Visit: "v1"},
	)
	// the same key, another made-up visit id: the first answer
	again := repotest.MustDo(
		t,
		d,
		"s",
		"a",
		workflow.RoleFrontDesk,
		&workflow.ArriveVisit{Visit: "v2"},
	)
	if !again.Replayed || again.Commit.Seq != first.Commit.Seq {
		t.Errorf("got commit %d replayed %v, want %d replayed", again.Commit.Seq, again.Replayed,
			first.Commit.Seq)
	}
	r := repotest.Request("a", workflow.RoleFrontDesk, &workflow.ArriveVisit{Visit: "v3"})
	r.Fingerprint = "other"
	if _, err := d.Do(t.Context(), "s", r); !errors.Is(err, repo.ErrKeyReused) {
		t.Errorf("other content under the same key: %v", err)
	}
	// a retried command that would now be refused still gets its first answer
	id := workflow.IdentifyVisit{Visit: "v1", Identity: workflow.Identity{Kind: workflow.KindNew}}
	repotest.MustDo(t, d, "s", "b", workflow.RoleFrontDesk, &id)
	repotest.MustDo(t, d, "s", "c", workflow.RoleFrontDesk, &workflow.AssignVisit{Visit: "v1"})
	if out := repotest.MustDo(t, d, "s", "b", workflow.RoleFrontDesk, &id); !out.Replayed {
		t.Error("a command that ran was decided again")
	}
}

func TestMatchAndDryRun(t *testing.T) {
	d, s := office(t, nil)
	found(t, d, "s")
	out := repotest.MustDo(
		t,
		d,
		"s",
		"a",
		workflow.RoleFrontDesk,
		&workflow.ArriveVisit{Visit: "v1"},
	)
	r := repotest.Request("b", workflow.RoleFrontDesk, &workflow.IdentifyVisit{
		Visit: "v1", Identity: workflow.Identity{Kind: workflow.KindNew},
	})
	r.Match = repo.Match{Ref: workflow.VisitRef("v1"), Seq: out.Commit.Seq + 7}
	var stale *repo.StaleError
	if _, err := d.Do(t.Context(), "s", r); !errors.As(err, &stale) || stale.Is != out.Commit.Seq {
		t.Errorf("wrong version: %v", err)
	}
	r.Match.Seq = out.Commit.Seq
	r.DryRun = true
	if _, err := d.Do(t.Context(), "s", r); err != nil {
		t.Fatal(err)
	}
	if err := d.View(t.Context(), "s", nil, func(b *workflow.Board) error {
		if b.Seq != out.Commit.Seq || b.OpenVisits()[0].State != workflow.Arrived {
			t.Errorf("a dry run changed the board: seq %d, %s", b.Seq, b.OpenVisits()[0].State)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	r.DryRun = false
	if _, err := d.Do(t.Context(), "s", r); err != nil {
		t.Fatal(err)
	}
	sound(t, s)
}

// faulty loses answers: it answers that it does not know, whether it wrote the pages or not.
type faulty struct {
	repo.Store
	n atomic.Int64
}

func (f *faulty) Append(ctx context.Context, pages []*repo.Page) []error {
	switch f.n.Add(1) % 5 {
	case 1: // written, the answer is lost
		errs := f.Store.Append(ctx, pages)
		for i := range errs {
			errs[i] = fmt.Errorf("%w: answer lost", repo.ErrUnknown)
		}
		return errs
	case 3: // not written, nobody knows
		errs := make([]error, len(pages))
		for i := range errs {
			errs[i] = fmt.Errorf("%w: connection lost", repo.ErrUnknown)
		}
		return errs
	}
	return f.Store.Append(ctx, pages)
}

func TestLostAnswersOfTwoEngines(t *testing.T) {
	d1, s := office(t, func(s repo.Store) repo.Store { return &faulty{Store: s} })
	d2 := repo.NewEngine(repo.Config{Store: s, Deadline: 2 * time.Second})
	found(t, d1, "s")
	var wg sync.WaitGroup
	for c := range 8 {
		wg.Go(func() {
			d := []*repo.Engine{d1, d2}[c%2]
			for i := range 8 {
				if err := visit(t.Context(), d, "s", fmt.Sprintf("v-%d-%d", c, i)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if err := d2.Drain(t.Context()); err != nil {
		t.Error(err)
	}
	if r := sound(t, s); r[0].Commits != 1+8*8*5 {
		t.Errorf("%d commits, want %d", r[0].Commits, 1+8*8*5)
	}
}
