package repo_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lunpai/lunpai/internal/slow"
	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/repotest"
	"github.com/lunpai/lunpai/tools/mongod/mongotest"
	"github.com/lunpai/lunpai/workflow"
)

func commits(t testing.TB, s repo.Store) int64 {
	t.Helper()
	var n int64
	for _, r := range sound(t, s) {
		n += r.Commits
	}
	return n
}

// TestAnswerLost: the page was written, the answer was not received: the same page is found again,
// nothing runs twice.
func TestAnswerLost(t *testing.T) {
	d, f := flawedOffice(t, repo.Config{})
	var once sync.Once
	f.set(func(f *flawed) {
		f.onAppend = func(ctx context.Context, pages []*repo.Page) []error {
			errs := f.below().Append(ctx, pages)
			once.Do(func() { errs = lost(pages) })
			return errs
		}
	})
	out, err := d.Do(t.Context(), "s", arrive("v"))
	if err != nil || out.Commit.Seq != 2 {
		t.Fatalf("got %+v, %v", out, err)
	}
	if n := commits(t, f); n != 2 {
		t.Errorf("%d commits, want 2", n)
	}
}

// TestUnsettledPage: while nobody knows whether a page was written, its site answers nothing else;
// afterwards the page that was written late counts.
func TestUnsettledPage(t *testing.T) {
	for _, late := range []bool{true, false} {
		t.Run(map[bool]string{true: "written late", false: "never written"}[late],
			func(t *testing.T) {
				d, f := flawedOffice(t, repo.Config{
					Deadline: 100 * time.Millisecond, AppendTimeout: 50 * time.Millisecond,
				})
				found2 := repotest.Request(
					"create-other",
					workflow.RoleAdministrator,
					repotest.NewSite("other"),
				)
				var kept []*repo.Page
				f.set(func(f *flawed) {
					f.onAppend = func(ctx context.Context, pages []*repo.Page) []error {
						if pages[0].Site == "other" {
							return f.below().Append(ctx, pages)
						}
						kept = pages
						return lost(pages)
					}
				})
				if _, err := d.Do(t.Context(), "s", arrive("v")); !errors.Is(err, repo.ErrUnknown) {
					t.Fatalf("got %v, want unknown", err)
				}
				if _, err := d.Do(t.Context(), "other", found2); err != nil {
					t.Errorf("another site: %v", err)
				}
				if _, err := d.Do(t.Context(), "s", arrive("w")); !errors.Is(err,
					repo.ErrUnavailable) || errors.Is(err, repo.ErrUnknown) {
					t.Errorf("another command: %v, want unavailable", err)
				}
				if _, err := d.Do(t.Context(), "s", arrive("v")); !errors.Is(err, repo.ErrUnknown) {
					t.Errorf("the same command: %v, want unknown", err)
				}
				if err := d.View(t.Context(), "s", nil,
					func(*workflow.Board) error { return nil }); !errors.Is(err,
					repo.ErrUnavailable) {
					t.Errorf("a view: %v, want unavailable", err)
				}
				f.heal()
				if late {
					if err := f.Append(t.Context(), kept)[0]; err != nil {
						t.Fatal(err)
					}
				}
				if _, err := d.Do(t.Context(), "s", arrive("v")); err != nil {
					t.Errorf("the same command after the store came back: %v", err)
				}
				if n := commits(t, f); n != 3 { // two sites, one arrival
					t.Errorf("%d commits, want 3", n)
				}
			})
	}
}

// TestRestoredWhileUnknown: the journal is restored while nobody knows whether a page was written.
// It is never sent again: it would leave a gap, or continue a history that is gone. What was
// restored stays sound, and a new process continues from it.
func TestRestoredWhileUnknown(t *testing.T) {
	for store, make := range map[string]func(t *testing.T, name string) repo.Store{
		"sqlite": func(t *testing.T, _ string) repo.Store { return repotest.SQLite(t) },
		"mongodb": func(t *testing.T, name string) repo.Store {
			slow.Test(t, "a restored database, 5 s")
			return repotest.MongoDB(t, mongotest.Standalone(t),
				fmt.Sprintf("repo_%s_%d", name, time.Now().UnixNano()))
		},
	} {
		t.Run(store+"/shorter", func(t *testing.T) {
			restoredWhileUnknown(t, make(t, "live"), make(t, "backup"), false)
		})
		t.Run(store+"/another history of the same length", func(t *testing.T) {
			restoredWhileUnknown(t, make(t, "live"), make(t, "backup"), true)
		})
	}
}

func restoredWhileUnknown(t *testing.T, live, backup repo.Store, another bool) {
	f := &flawed{Store: live}
	d := repotest.Engine(t, repo.Config{
		Store: f, Deadline: 100 * time.Millisecond, AppendTimeout: 50 * time.Millisecond,
	})
	eventually(t, "the office", func() bool { // the deadline is short
		_, err := d.Do(t.Context(), "s",
			repotest.Request("create-s", workflow.RoleAdministrator, repotest.NewSite("s")))
		return err == nil
	})
	if err := repo.Copy(t.Context(), live, backup, nil); err != nil {
		t.Fatal(err)
	}
	if another {
		repotest.MustDo(
			t,
			repotest.Engine(t, repo.Config{Store: backup}),
			"s",
			"other",
			workflow.RoleFrontDesk,
			&workflow.ArriveVisit{Visit: "other"},
		)
	}
	want := commits(t, backup)
	eventually(t, "a commit that the backup lacks", func() bool {
		_, err := d.Do(t.Context(), "s", arrive("u"))
		return err == nil
	})
	f.set(func(f *flawed) {
		f.onAppend = func(_ context.Context, pages []*repo.Page) []error { return lost(pages) }
	})
	if _, err := d.Do(t.Context(), "s", arrive("v")); !errors.Is(err, repo.ErrUnknown) {
		t.Fatalf("got %v, want unknown", err)
	}
	sent := 0
	f.set(func(f *flawed) {
		f.Store = backup
		f.onAppend = func(ctx context.Context, pages []*repo.Page) []error {
			sent++
			return f.below().Append(ctx, pages)
		}
	})
	if _, err := d.Do(t.Context(), "s", arrive("w")); !errors.Is(err, repo.ErrReplaced) ||
		errors.Is(err, repo.ErrUnknown) {
		t.Errorf("another command: %v, want %v", err, repo.ErrReplaced)
	}
	if _, err := d.Do(t.Context(), "s", arrive("v")); !errors.Is(err, repo.ErrUnknown) {
		t.Errorf("the same command: %v, want unknown", err)
	}
	if sent > 0 {
		t.Errorf("the page was sent %d times into the restored journal", sent)
	}
	if n := commits(t, backup); n != want {
		t.Errorf("%d commits in the restored journal, want %d", n, want)
	}
	if _, err := repotest.Engine(t, repo.Config{Store: backup}).Do(t.Context(), "s",
		arrive("v")); err != nil {
		t.Errorf("a new process: %v", err)
	}
}

// TestReplacedIsSaid: the journal is restored while the page is being settled: the log names the
// site and what to do.
func TestReplacedIsSaid(t *testing.T) {
	log, logger := newLog()
	d, f := flawedOffice(t, repo.Config{
		Deadline: 100 * time.Millisecond, AppendTimeout: 50 * time.Millisecond, Log: logger,
	})
	backup := repotest.SQLite(t)
	if err := repo.Copy(t.Context(), f.below(), backup, nil); err != nil {
		t.Fatal(err)
	}
	repotest.MustDo(t, d, "s", "a", workflow.RoleFrontDesk, &workflow.ArriveVisit{Visit: "u"})
	f.set(func(f *flawed) {
		f.onAppend = func(_ context.Context, pages []*repo.Page) []error {
			f.set(func(f *flawed) { f.Store = backup })
			return lost(pages)
		}
	})
	if _, err := d.Do(t.Context(), "s", arrive("v")); !errors.Is(err, repo.ErrUnknown) ||
		!errors.Is(err, repo.ErrReplaced) {
		t.Errorf("got %v, want unknown because of the replaced journal", err)
	}
	if !strings.Contains(log.String(), "restart every instance") {
		t.Error("the log does not say what to do")
	}
}

// TestFillerOnAReplacedJournal: an import does not send a page either into a journal that is not
// the one it was writing.
func TestFillerOnAReplacedJournal(t *testing.T) {
	f := &flawed{Store: repotest.SQLite(t)}
	filler, err := repo.OpenFiller(t.Context(), f, "s")
	if err != nil {
		t.Fatal(err)
	}
	tries := 0
	f.set(func(f *flawed) {
		f.onAppend = func(ctx context.Context, pages []*repo.Page) []error {
			if pages[0].First == 1 {
				errs := f.below().Append(ctx, pages)
				empty := repotest.SQLite(t)
				f.set(func(f *flawed) { f.Store = empty })
				return errs
			}
			tries++
			return lost(pages)
		}
	})
	cmd := workflow.Command(repotest.NewSite("s"))
	for i := 0; i < 3*repo.MaxPageCommits && err == nil; i++ {
		env := workflow.Envelope{
			ID: fmt.Sprint("c", i), By: workflow.Actor{Role: workflow.RoleAdministrator},
			At: time.Now().UTC().Truncate(time.Millisecond),
		}
		if i > 0 {
			env.By.Role = workflow.RoleFrontDesk
			cmd = &workflow.ArriveVisit{Visit: workflow.VisitID(fmt.Sprint("v", i))}
		}
		_, err = filler.Do(t.Context(), env, cmd)
	}
	if err == nil {
		err = filler.Close(t.Context())
	}
	if !errors.Is(err, repo.ErrReplaced) || tries != 1 {
		t.Errorf("got %v after %d tries, want %v after one", err, tries, repo.ErrReplaced)
	}
}

// TestSlotTakenWhileUnknown: the page was not written and another instance took its number: the
// command is decided again.
func TestSlotTakenWhileUnknown(t *testing.T) {
	d, f := flawedOffice(t, repo.Config{})
	other := repotest.Engine(t, repo.Config{Store: f.below()})
	var once sync.Once
	f.set(func(f *flawed) {
		f.onAppend = func(ctx context.Context, pages []*repo.Page) []error {
			var errs []error
			once.Do(func() {
				repotest.MustDo(
					t,
					other,
					"s",
					"other",
					workflow.RoleFrontDesk,
					&workflow.ArriveVisit{
						Visit: "w",
					},
				)
				errs = lost(pages)
			})
			if errs != nil {
				return errs
			}
			return f.below().Append(ctx, pages)
		}
	})
	out, err := d.Do(t.Context(), "s", arrive("v"))
	if err != nil || out.Commit.Seq != 3 {
		t.Fatalf("got %+v, %v; want commit 3", out, err)
	}
}

// TestTwinOnAnotherInstance: the command ran there while this one knew nothing: its commit is the
// answer.
func TestTwinOnAnotherInstance(t *testing.T) {
	d, f := flawedOffice(t, repo.Config{})
	other := repotest.Engine(t, repo.Config{Store: f.below()})
	first := repotest.MustDo(
		t,
		other,
		"s",
		"arrive-v",
		workflow.RoleFrontDesk,
		&workflow.ArriveVisit{
			Visit: "v",
		},
	)
	out, err := d.Do(
		t.Context(),
		"s",
		repotest.Request(
			"arrive-v",
			workflow.RoleFrontDesk,
			&workflow.ArriveVisit{Visit: "elsewhere"},
		),
	)
	if err != nil || !out.Replayed || out.Commit.Seq != first.Commit.Seq {
		t.Fatalf("got %+v, %v; want commit %d again", out, err, first.Commit.Seq)
	}
	if n := commits(t, f); n != 2 {
		t.Errorf("%d commits, want 2", n)
	}
}

// TestLostRaces: a number that is always taken ends in ErrBusy, not in a livelock.
func TestLostRaces(t *testing.T) {
	d, f := flawedOffice(t, repo.Config{})
	tries := 0
	f.set(func(f *flawed) {
		f.onAppend = func(_ context.Context, pages []*repo.Page) []error {
			tries++
			errs := make([]error, len(pages))
			for i := range errs {
				errs[i] = repo.ErrSeqTaken
			}
			return errs
		}
	})
	if _, err := d.Do(t.Context(), "s", arrive("v")); !errors.Is(err, repo.ErrBusy) {
		t.Fatalf("got %v, want busy", err)
	}
	if tries != 8 {
		t.Errorf("%d tries, want 8", tries)
	}
	f.heal()
	if _, err := d.Do(t.Context(), "s", arrive("v")); err != nil {
		t.Error(err)
	}
	sound(t, f)
}

// TestClosedStore: a closed store has written nothing, and says so at once.
func TestClosedStore(t *testing.T) {
	d, f := flawedOffice(t, repo.Config{})
	if err := f.below().Close(); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	_, err := d.Do(t.Context(), "s", arrive("v"))
	if !errors.Is(err, repo.ErrUnavailable) || errors.Is(err, repo.ErrUnknown) {
		t.Errorf("got %v, want unavailable", err)
	}
	if took := time.Since(begun); took > 5*time.Second {
		// half of what a commit that is unknown would take
		t.Errorf("that took %v", took)
	}
}
