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

// TestCallerLeaves: whoever leaves before his command began has changed nothing; whoever leaves later is told that nobody
// knows yet, and the command is carried out.
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

// TestPanics: a fault in a decision is its command's, a fault in a view stops nothing; no value of a panic is logged.
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
	faulty := openEngine(t, repo.Config{Store: f, Log: log})
	repo.DecideWith(faulty, func(b *workflow.Board, env workflow.Envelope, cmd workflow.Command) (*workflow.Commit, *workflow.Fault) {
		if env.ID == "arrive-poison" {
			b.OpenVisits()[0].Party = 99 // the board is not to be trusted any more
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
	if err := errs[2]; err == nil || errors.Is(err, repo.ErrReadOnly) || errors.Is(err, repo.ErrUnknown) || strings.Contains(err.Error(), "secret") {
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
	if text := logs.String(); strings.Contains(text, "secret") || !strings.Contains(text, "queue_test.go") {
		t.Errorf("the log must name the place and not the value:\n%s", text)
	}
	sound(t, f)
}

// TestPanicWhileFolding: what the journal holds cannot be left out; a site whose page cannot be folded in stops, the others go on.
func TestPanicWhileFolding(t *testing.T) {
	d, f := flawedOffice(t, repo.Config{})
	found(t, d, "other")
	faulty := openEngine(t, repo.Config{Store: f})
	f.set(func(f *flawed) {
		f.onSince = func(ctx context.Context, site workflow.SiteID, seq int64, limit int) ([]*repo.Page, error) {
			pages, err := f.below().Since(ctx, site, seq, limit)
			if site == "s" {
				pages = append(pages, nil) // a fault of the program, as far as the fold can tell
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

// TestTime: a commit is never older than the one before, whatever the clock says, and has whole milliseconds.
func TestTime(t *testing.T) {
	var now atomic.Int64
	start := time.Date(2024, 3, 4, 10, 0, 0, 123_456_789, time.FixedZone("", 8*3600))
	now.Store(start.UnixNano())
	d, _ := flawedOffice(t, repo.Config{Now: func() time.Time { return time.Unix(0, now.Load()) }})
	before := mustDo(t, d, "s", "a", workflow.RoleFrontDesk, &workflow.ArriveVisit{Visit: "a"}).Commit.At
	if before.Location() != time.UTC || before.Nanosecond() != 123_000_000 {
		t.Errorf("decided at %v", before)
	}
	now.Add(-int64(time.Hour))
	if at := mustDo(t, d, "s", "b", workflow.RoleFrontDesk, &workflow.ArriveVisit{Visit: "b"}).Commit.At; !at.Equal(before) {
		t.Errorf("the clock went back to %v, the commit is of %v", time.Unix(0, now.Load()), at)
	}
}

// TestManySites: more sites than are kept in memory.
func TestManySites(t *testing.T) {
	s := openStore(t)
	d := openEngine(t, repo.Config{Store: s, MaxBoards: 3})
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Go(func() {
			site := workflow.SiteID(fmt.Sprintf("s%d", i))
			found(t, d, site)
			for n := range 5 {
				v := fmt.Sprintf("v%d-%d", i, n)
				mustDo(t, d, site, v, workflow.RoleFrontDesk, &workflow.ArriveVisit{Visit: workflow.VisitID(v)})
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
	if err := d.View(t.Context(), site, nil, func(b *workflow.Board) error { seq = b.Seq; return nil }); err != nil {
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
	other := openEngine(t, repo.Config{Store: f.below()})
	time.Sleep(1100 * time.Millisecond) // the first look at the journal is signalled too
	for i, engine := range []*repo.Engine{d, other, d} {
		for done := false; !done; { // what is still on its way about the commit before
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
				f.onSince = func(context.Context, workflow.SiteID, int64, int) ([]*repo.Page, error) {
					return nil, errors.New("down")
				}
			}
		})
		id := fmt.Sprintf("v%d", i)
		mustDo(t, engine, "s", id, workflow.RoleFrontDesk, &workflow.ArriveVisit{Visit: workflow.VisitID(id)})
		select {
		case <-signals:
		case <-time.After(3 * time.Second):
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

// TestCommitter: a site is never in two appends at once, and no more appends run than the store wants.
func TestCommitter(t *testing.T) {
	f := &flawed{Store: openStore(t), parallel: 3}
	d := openEngine(t, repo.Config{Store: f})
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
				mustDo(t, d, site, v, workflow.RoleFrontDesk, &workflow.ArriveVisit{Visit: workflow.VisitID(v)})
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

// TestPagesAreBounded: many commands that wait for one site are decided together, within the bounds of a page.
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

// TestPagesAreSmall: commands that change much fill a page by its size.
func TestPagesAreSmall(t *testing.T) {
	f := &flawed{Store: openStore(t)}
	d := openEngine(t, repo.Config{Store: f})
	c := newSite("s")
	for i := range 300 {
		c.Staff = append(c.Staff, workflow.NewStaff{Staff: workflow.StaffID(fmt.Sprintf("consultant-%03d", i)), Role: workflow.RoleConsultant})
	}
	mustDo(t, d, "s", "create", workflow.RoleAdministrator, c)
	begun, release := f.hold()
	first := outcomes(t.Context(), d, arrive("first"))
	<-begun
	var rs []repo.Request
	for i := range 60 {
		cmd := &workflow.Busy{Who: workflow.StaffID(fmt.Sprintf("consultant-%03d", i)), With: workflow.Chores}
		rs = append(rs, request(fmt.Sprint("busy-", i), workflow.RoleFrontDesk, cmd))
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

// TestForgetting: a site is not forgotten while something would be lost with it.
func TestForgetting(t *testing.T) {
	for name, c := range map[string]struct {
		deadline time.Duration // of a command; short where it is waited for, else one that a busy machine meets
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
