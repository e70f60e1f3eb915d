package repo_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/repotest"
	"github.com/lunpai/lunpai/workflow"
)

func TestTwinInProgress(t *testing.T) {
	d, f := flawedOffice(t, repo.Config{})
	begun, release := f.hold()
	first := outcomes(t.Context(), d, arrive("v"))
	<-begun
	dry := arrive("v")
	dry.DryRun = true
	rehearsal := outcomes(t.Context(), d, dry) // says nothing about the command that runs
	if _, err := d.Do(t.Context(), "s", arrive("v")); !errors.Is(err, repo.ErrInProgress) {
		t.Errorf("the twin of a running command: %v", err)
	}
	release()
	if err := first()[0]; err != nil {
		t.Error(err)
	}
	rehearsal()
	if out, err := d.Do(t.Context(), "s", arrive("v")); err != nil || !out.Replayed {
		t.Errorf("the twin afterwards: %v", err)
	}
}

func TestQueueLimit(t *testing.T) {
	d, f := flawedOffice(t, repo.Config{QueueLimit: 2})
	begun, release := f.hold()
	defer release()
	running := outcomes(t.Context(), d, arrive("running"))
	<-begun
	waiting := outcomes(t.Context(), d, arrive("a"), arrive("b"))
	queued(t, d, 2)
	if _, err := d.Do(t.Context(), "s", arrive("c")); !errors.Is(err, repo.ErrBusy) {
		t.Errorf("one too many: %v", err)
	}
	release()
	if err := errors.Join(append(running(), waiting()...)...); err != nil {
		t.Error(err)
	}
	if _, err := d.Do(t.Context(), "s", arrive("c")); err != nil {
		t.Errorf("busy left a trace: %v", err)
	}
}

// TestCallerLeaves: a caller who leaves before the command began has changed nothing; one who
// leaves later is told that nobody knows yet, and the command is carried out.
func TestCallerLeaves(t *testing.T) {
	d, f := flawedOffice(t, repo.Config{})
	begun, release := f.hold()
	ctx, cancel := context.WithCancel(t.Context())
	running := outcomes(ctx, d, arrive("running"))
	<-begun
	waiting := outcomes(ctx, d, arrive("waiting"))
	looked := false
	view := make(chan error, 1)
	go func() {
		view <- d.View(ctx, "s", nil, func(*workflow.Board) error { looked = true; return nil })
	}()
	queued(t, d, 2)
	cancel()
	if err := running()[0]; !errors.Is(err, repo.ErrUnknown) {
		t.Errorf("a command that had begun: %v, want unknown", err)
	}
	if err := waiting()[0]; !errors.Is(err, repo.ErrBusy) || errors.Is(err, repo.ErrUnknown) {
		t.Errorf("a command that had not begun: %v, want busy", err)
	}
	if err := <-view; !errors.Is(err, repo.ErrBusy) {
		t.Errorf("a view that had not begun: %v, want busy", err)
	}
	release()
	atRest(t, d, "s")
	if out, err := d.Do(t.Context(), "s", arrive("running")); err != nil || !out.Replayed {
		t.Errorf("the command that had begun was not carried out: %v", err)
	}
	if n := commits(t, f); n != 2 || looked {
		t.Errorf("%d commits, want 2; looked: %v", n, looked)
	}
}

// TestPanics: a panic in a decision is answered to its caller, a panic in a view stops nothing, and
// no panic's value is logged.
func TestPanics(t *testing.T) {
	logs, log := newLog()
	d, f := flawedOffice(t, repo.Config{Log: log})
	found(t, d, "other")
	err := d.View(t.Context(), "s", nil, func(*workflow.Board) error { panic("secret") })
	if err == nil || errors.Is(err, repo.ErrReadOnly) || strings.Contains(err.Error(), "secret") {
		t.Errorf("a panic in a view: %v", err)
	}
	if _, err := d.Do(t.Context(), "s", arrive("v")); err != nil {
		t.Errorf("after a panic in a view: %v", err)
	}
	faulty := repotest.Engine(t, repo.Config{Store: f, Log: log})
	repo.DecideWith(faulty,
		func(b *workflow.Board, env workflow.Envelope, cmd workflow.Command) (*workflow.Commit,
			*workflow.Fault,
		) {
			if env.ID == "arrive-poison" {
				b.OpenVisits()[0].Party = 99 // the board cannot be trusted any more
				panic("secret")
			}
			return workflow.Decide(b, env, cmd)
		})
	begun, release := f.hold()
	first := outcomes(t.Context(), faulty, arrive("first"))
	<-begun
	answers := outcomes(t.Context(), faulty, arrive("before"), arrive("poison"), arrive("behind"))
	queued(t, faulty, 3)
	release()
	errs := append(first(), answers()...)
	if err := errs[2]; err == nil || errors.Is(err, repo.ErrReadOnly) ||
		errors.Is(err, repo.ErrUnknown) || strings.Contains(err.Error(), "secret") {
		t.Errorf("the faulty command: %v", err)
	}
	for _, i := range []int{0, 1, 3} {
		if errs[i] != nil {
			t.Errorf("command %d: %v", i, errs[i])
		}
	}
	if _, err := faulty.Do(t.Context(), "s", arrive("next")); err != nil {
		t.Errorf("the next command: %v", err)
	}
	err = faulty.View(t.Context(), "s", nil, func(b *workflow.Board) error {
		if n := len(b.OpenVisits()); n != 5 || b.OpenVisits()[0].Party == 99 {
			return fmt.Errorf("%d visits, the first of a party of %d", n, b.OpenVisits()[0].Party)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if text := logs.String(); strings.Contains(text, "secret") ||
		!strings.Contains(text, "queue_test.go") {
		t.Errorf("the log must name the place and not the value:\n%s", text)
	}
	sound(t, f)
}

// TestPanicWhileApplying: a commit in the journal cannot be skipped; a site whose page cannot be
// applied stops, the others go on.
func TestPanicWhileApplying(t *testing.T) {
	d, f := flawedOffice(t, repo.Config{})
	found(t, d, "other")
	faulty := repotest.Engine(t, repo.Config{Store: f})
	f.set(func(f *flawed) {
		f.onSince = func(ctx context.Context, site workflow.SiteID, seq int64,
			limit int,
		) ([]*repo.Page, error) {
			pages, err := f.below().Since(ctx, site, seq, limit)
			if site == "s" {
				pages = append(pages, nil) // looks like a fault of the program when it is applied
			}
			return pages, err
		}
	})
	for _, id := range []string{"a", "b"} {
		if _, err := faulty.Do(t.Context(), "s", arrive(id)); !errors.Is(err, repo.ErrReadOnly) {
			t.Errorf("%s: %v, want read-only", id, err)
		}
	}
	if _, err := faulty.Do(t.Context(), "other", arrive("c")); err != nil {
		t.Errorf("another site: %v", err)
	}
}

// TestTime: a commit is never older than the one before, whatever the clock says, and has whole
// milliseconds.
func TestTime(t *testing.T) {
	var now atomic.Int64
	start := time.Date(2024, 3, 4, 10, 0, 0, 123_456_789, time.FixedZone("", 8*3600))
	now.Store(start.UnixNano())
	d, _ := flawedOffice(t, repo.Config{Now: func() time.Time { return time.Unix(0, now.Load()) }})
	before := repotest.MustDo(t, d, "s", "a", workflow.RoleFrontDesk,
		&workflow.ArriveVisit{Visit: "a"}).Commit.At
	if before.Location() != time.UTC || before.Nanosecond() != 123_000_000 {
		t.Errorf("decided at %v", before)
	}
	now.Add(-int64(time.Hour))
	if at := repotest.MustDo(t, d, "s", "b", workflow.RoleFrontDesk,
		&workflow.ArriveVisit{Visit: "b"}).Commit.At; !at.Equal(before) {
		t.Errorf("the clock went back to %v, the commit is of %v", time.Unix(0, now.Load()), at)
	}
}

// TestManySites: more sites than are kept in memory.
func TestManySites(t *testing.T) {
	s := repotest.SQLite(t)
	d := repotest.Engine(t, repo.Config{Store: s, MaxBoards: 3})
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Go(func() {
			site := workflow.SiteID(fmt.Sprintf("s%d", i))
			found(t, d, site)
			for n := range 5 {
				v := fmt.Sprintf("v%d-%d", i, n)
				repotest.MustDo(t, d, site, v, workflow.RoleFrontDesk, &workflow.ArriveVisit{
					Visit: workflow.VisitID(v),
				})
			}
		})
	}
	wg.Wait()
	if n := commits(t, s); n != 12*6 {
		t.Errorf("%d commits, want %d", n, 12*6)
	}
	for i := range 12 {
		atRest(t, d, workflow.SiteID(fmt.Sprintf("s%d", i)))
	}
	found(t, d, "one-more")
	if n := repo.Boards(d); n > 3 {
		t.Errorf("%d sites in memory", n)
	}
}

func look(t testing.TB, d *repo.Engine, site workflow.SiteID) (seq int64) {
	t.Helper()
	if err := d.View(t.Context(), site, nil,
		func(b *workflow.Board) error { seq = b.Seq; return nil }); err != nil {
		t.Fatal(err)
	}
	return seq
}

// TestWatch: commits are signalled, those of other instances within about a second.
func TestWatch(t *testing.T) {
	d, f := flawedOffice(t, repo.Config{})
	signals, stop := d.Watch("s")
	defer stop()
	<-signals // the first comes by itself
	other := repotest.Engine(t, repo.Config{Store: f.below()})
	time.Sleep(1100 * time.Millisecond) // the first look at the journal is signalled too
	for i, engine := range []*repo.Engine{d, other, d} {
		for done := false; !done; { // signals of the commit before may still come
			select {
			case <-signals:
			default:
				done = true
			}
		}
		f.heal()
		look(t, engine, "s")
		f.set(func(f *flawed) {
			if engine == d { // its own commits need no look at the journal
				f.onSince = func(context.Context, workflow.SiteID, int64, int) ([]*repo.Page,
					error,
				) {
					return nil, errors.New("down")
				}
			}
		})
		id := fmt.Sprintf("v%d", i)
		repotest.MustDo(t, engine, "s", id, workflow.RoleFrontDesk, &workflow.ArriveVisit{
			Visit: workflow.VisitID(id),
		})
		select {
		case <-signals:
		case <-time.After(time.Minute):
			t.Fatalf("commit %d was not signalled", i)
		}
	}
	stop()
	stop() // twice is harmless
}

func TestDrain(t *testing.T) {
	d, f := flawedOffice(t, repo.Config{})
	begun, release := f.hold()
	running := outcomes(t.Context(), d, arrive("running"))
	<-begun
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := d.Drain(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("drained while a command was running: %v", err)
	}
	if _, err := d.Do(t.Context(), "s", arrive("late")); !errors.Is(err, repo.ErrDraining) {
		t.Errorf("a command after Drain: %v", err)
	}
	release()
	if err := d.Drain(t.Context()); err != nil {
		t.Error(err)
	}
	if err := running()[0]; err != nil {
		t.Errorf("the command that was running: %v", err)
	}
}

// TestForgetting: a site is not forgotten while something would be lost with it.
func TestForgetting(t *testing.T) {
	for name, c := range map[string]struct {
		// of a command; short where the test waits for it, else one that a busy machine meets
		deadline time.Duration
		keep     func(d *repo.Engine, f *flawed)
		want     int // sites in memory afterwards
	}{
		"idle": {0, func(*repo.Engine, *flawed) {}, 1},
		"watched": {0, func(d *repo.Engine, _ *flawed) {
			_, stop := d.Watch("s")
			t.Cleanup(stop)
		}, 2},
		"unsettled": {time.Second, func(d *repo.Engine, f *flawed) {
			f.set(func(f *flawed) {
				f.onAppend = func(ctx context.Context, p []*repo.Page) []error {
					if p[0].Site == "s" {
						return lost(p)
					}
					return f.below().Append(ctx, p)
				}
			})
			if _, err := d.Do(t.Context(), "s", arrive("v")); !errors.Is(err, repo.ErrUnknown) {
				t.Error(err)
			}
		}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			d, f := flawedOffice(t, repo.Config{MaxBoards: 1, Deadline: c.deadline})
			c.keep(d, f)
			atRest(t, d, "s")
			found(t, d, "other")
			if n := repo.Boards(d); n != c.want {
				t.Errorf("%d sites in memory, want %d", n, c.want)
			}
		})
	}
}
