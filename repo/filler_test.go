package repo_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/repotest"
	"github.com/lunpai/lunpai/workflow"
)

// filling is a filler and the clock of its commands.
type filling struct {
	*repo.Filler
	now time.Time
	n   int
}

// fillInto founds site "s" in a store through a filler that forgets closed records at once.
func fillInto(t testing.TB, s repo.Store) *filling {
	t.Helper()
	f, err := repo.OpenFiller(t.Context(), s, "s")
	if err != nil {
		t.Fatal(err)
	}
	repo.KeepRecords(f, 0)
	b := &filling{Filler: f, now: time.Date(2024, 3, 4, 2, 0, 0, 0, time.UTC)}
	c := &workflow.CreateSite{Site: "s", Zone: "Asia/Shanghai", Policy: workflow.P1()}
	for i := range c.Hours {
		c.Hours[i] = workflow.DayHours{From: "00:00", To: "24:00"}
	}
	for _, id := range []workflow.StaffID{"A", "B", "C"} {
		c.Staff = append(c.Staff, workflow.NewStaff{Staff: id, Role: workflow.RoleConsultant})
	}
	if err := b.send(t.Context(), workflow.RoleAdministrator, c); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *filling) send(ctx context.Context, role workflow.Role, cmd workflow.Command) error {
	b.n++
	b.now = b.now.Add(time.Minute)
	_, err := b.Do(ctx,
		workflow.Envelope{
			ID: fmt.Sprintf("command-%d", b.n), At: b.now, By: workflow.Actor{Key: "k", Role: role},
		}, cmd)
	return err
}

// visits lets so many groups come and be registered; each is a customer who is spoken with later.
func (b *filling) visits(ctx context.Context, first, last int) error {
	for i := first; i <= last; i++ {
		v := workflow.VisitID(fmt.Sprintf("v%06d", i))
		for _, cmd := range []workflow.Command{
			&workflow.ArriveVisit{
				Visit: v, Identify: &workflow.Identity{Kind: workflow.KindNew}, Assign: true,
			},
			&workflow.RegisterVisit{
				Visit: v, Serve: &workflow.ServeVisit{Topic: workflow.TopicSales}, Customer: "k-" +
					workflow.CustomerID(v),
			},
			&workflow.RecordDeal{
				Customer: workflow.CustomerID(fmt.Sprintf("k-v%06d", (first+i)/2)),
				Status:   workflow.StatusIntention,
			},
		} {
			if err := b.send(ctx, workflow.RoleFrontDesk, cmd); err != nil {
				return fmt.Errorf("%s %s: %w", cmd.About().Kind, v, err)
			}
		}
	}
	return nil
}

// filled verifies a store: its journal ends as the filler says, and the documents match byte for
// byte.
func filled(t testing.TB, s repo.Store, want repo.Expectation) {
	t.Helper()
	rs := sound(t, s)
	if len(rs) != 1 || rs[0].Commits != want.Seq || rs[0].Head != want.Hash ||
		rs[0].Mark != want.Seq {
		t.Errorf("report %+v, want head %+v and the documents as far", rs, want)
	}
}

func TestFiller(t *testing.T) {
	s := repotest.SQLite(t)
	b := fillInto(t, s)
	if err := b.visits(t.Context(), 1, 300); err != nil {
		t.Fatal(err)
	}
	before := b.n
	var fault *workflow.Fault
	if err := b.send(t.Context(), workflow.RoleFrontDesk,
		&workflow.AssignVisit{Visit: "v000001"}); !errors.As(err, &fault) ||
		fault.Class != workflow.ClassWrongState {
		t.Errorf("a registered visit is assigned: %v", err)
	}
	if err := b.send(t.Context(), workflow.RoleFrontDesk,
		&workflow.RecordFollowUp{Customer: "nobody"}); !errors.As(err, &fault) ||
		fault.Class != workflow.ClassNotFound {
		t.Errorf("nobody is followed up: %v", err)
	}
	if err := b.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if b.Head().Seq != int64(before) {
		t.Errorf("%d commits, want %d", b.Head().Seq, before)
	}
	filled(t, s, b.Head())
	docs, err := s.Read(t.Context(), "s", b.Head().Seq, []workflow.Ref{
		workflow.CustomerRef("k-v000150"),
	})
	if err != nil || len(docs) != 1 ||
		strings.Count(string(docs[0].Doc), `"intention","credit"`) != 2 {
		t.Errorf("customer with two deals: %v %v", docs, err)
	}
}

// TestFillerTakesOnlyNewSites: what is decided on an empty board must not follow a journal.
func TestFillerTakesOnlyNewSites(t *testing.T) {
	s := repotest.SQLite(t)
	found(t, repotest.Engine(t, repo.Config{Store: s}), "s")
	if _, err := repo.OpenFiller(t.Context(), s, "s"); !errors.Is(err, repo.ErrExists) {
		t.Errorf("a filler works at a site that exists: %v", err)
	}
}

// TestFillerLostAnswers: every other answer is lost, whether the page landed or not. Nothing is
// written twice, nothing is missing.
func TestFillerLostAnswers(t *testing.T) {
	for _, landed := range []bool{true, false} {
		f := &flawed{Store: repotest.SQLite(t)}
		calls := 0
		f.onAppend = func(ctx context.Context, pages []*repo.Page) []error {
			if calls++; calls%2 == 0 {
				return f.below().Append(ctx, pages)
			}
			if landed {
				f.below().Append(ctx, pages)
			}
			return lost(pages)
		}
		b := fillInto(t, f)
		if err := b.visits(t.Context(), 1, 200); err != nil {
			t.Fatal(err)
		}
		if err := b.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if b.Head().Seq != int64(b.n) {
			t.Errorf("landed %v: %d commits, want %d", landed, b.Head().Seq, b.n)
		}
		f.heal()
		filled(t, f, b.Head())
	}
}

// TestFillerMeetsSomebody: another writer at the site stops the filler, and the store stays sound.
func TestFillerMeetsSomebody(t *testing.T) {
	s := repotest.SQLite(t)
	b := fillInto(t, s)
	d := repotest.Engine(t, repo.Config{Store: s})
	found(t, d, "s")
	err := b.visits(t.Context(), 1, 200)
	if err == nil || !errors.Is(err, repo.ErrSeqTaken) && !errors.Is(err, repo.ErrIDTaken) ||
		!strings.Contains(err.Error(), "somebody else") {
		t.Errorf("two wrote one journal: %v", err)
	}
	if b.Close(t.Context()) == nil {
		t.Error("a broken filling ends well")
	}
	if rs := sound(t, s); rs[0].Commits != 1 {
		t.Errorf("%d commits, want the other's one", rs[0].Commits)
	}
}

// TestFillerStopped: whoever stops it keeps what was decided.
func TestFillerStopped(t *testing.T) {
	s := repotest.SQLite(t)
	b := fillInto(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	if err := b.visits(ctx, 1, 100); err != nil {
		t.Fatal(err)
	}
	cancel()
	decided := b.n
	if err := b.visits(ctx, 101, 101); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped, yet: %v", err)
	}
	if err := b.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if b.Head().Seq != int64(decided) {
		t.Errorf("%d commits, want %d", b.Head().Seq, decided)
	}
	filled(t, s, b.Head())
}

func TestFillerOfClosedStore(t *testing.T) {
	f := &flawed{Store: repotest.SQLite(t)}
	b := fillInto(t, f)
	f.set(func(f *flawed) {
		f.onAppend = func(_ context.Context, pages []*repo.Page) []error {
			return []error{repo.ErrClosed}
		}
	})
	if err := b.visits(t.Context(), 1, 100); !errors.Is(err, repo.ErrClosed) {
		t.Errorf("a closed store is filled: %v", err)
	}
	if err := b.Close(t.Context()); !errors.Is(err, repo.ErrClosed) {
		t.Errorf("close: %v", err)
	}
}
