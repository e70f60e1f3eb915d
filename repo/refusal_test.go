package repo_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/repotest"
	"github.com/lunpai/lunpai/workflow"
)

func serve(id string) repo.Request {
	return repotest.Request("serve-"+id, workflow.RoleFrontDesk, &workflow.ServeVisit{
		Visit: workflow.VisitID(id),
	})
}

// TestRefusalIsCaughtUp: what another instance did counts even before this one knows.
func TestRefusalIsCaughtUp(t *testing.T) {
	d, f := flawedOffice(t, repo.Config{})
	other := repotest.Engine(t, repo.Config{Store: f.below()})
	repotest.MustDo(t, other, "s", "a", workflow.RoleFrontDesk, &workflow.ArriveVisit{
		Visit: "v", Identify: &workflow.Identity{Kind: workflow.KindNew}, Assign: true,
	})
	if _, err := d.Do(t.Context(), "s", serve("v")); err != nil {
		t.Errorf("refused on an old board: %v", err)
	}
}

// TestRefusalNeedsTheJournal: a refusal that cannot be checked against the journal is given to
// nobody.
func TestRefusalNeedsTheJournal(t *testing.T) {
	down := errors.New("down")
	for name, fail := range map[string]func(f *flawed){
		"catch up": func(f *flawed) {
			f.onSince = func(context.Context, workflow.SiteID, int64, int) ([]*repo.Page, error) {
				return nil, down
			}
		},
		"look up": func(f *flawed) {
			f.onFind = func(context.Context, workflow.SiteID, string) (*repo.Page, error) {
				return nil, down
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			d, f := flawedOffice(t, repo.Config{})
			begun, release := f.hold()
			first := outcomes(t.Context(), d, arrive("first"))
			<-begun
			answers := outcomes(t.Context(), d, serve("nobody"), serve("none"))
			queued(t, d, 2)
			f.set(fail)
			release()
			if err := errors.Join(first()...); err != nil {
				t.Fatal(err)
			}
			var fault *workflow.Fault
			for i, err := range answers() {
				if errors.As(err, &fault) || err == nil {
					t.Errorf("command %d: refused (%v) although the journal could not be read", i,
						err)
				}
			}
			f.heal()
			if _, err := d.Do(t.Context(), "s", serve("nobody")); !errors.As(err, &fault) {
				t.Errorf("after the store came back: %v, want a refusal", err)
			}
		})
	}
}

// TestRefusalBehindUndecided: a refusal that depends on a commit of the same page is given only
// after that page has landed.
func TestRefusalBehindUndecided(t *testing.T) {
	d, f := flawedOffice(t, repo.Config{
		Deadline: 100 * time.Millisecond, AppendTimeout: 50 * time.Millisecond,
	})
	begun, release := make(chan struct{}), make(chan struct{})
	calls := 0
	f.set(func(f *flawed) {
		f.onAppend = func(ctx context.Context, pages []*repo.Page) []error {
			if calls++; calls > 1 {
				return lost(pages)
			}
			close(begun)
			<-release
			return f.below().Append(ctx, pages)
		}
	})
	first := outcomes(t.Context(), d, arrive("first"))
	<-begun
	// Both go into one page: the second visit of the same id is refused because of the first.
	twin := arrive("v")
	twin.ID = "another command for the same visit"
	answers := outcomes(t.Context(), d, arrive("v"))
	queued(t, d, 1)
	refused := outcomes(t.Context(), d, twin)
	queued(t, d, 2)
	close(release)
	if err := errors.Join(first()...); err != nil {
		t.Fatal(err)
	}
	for i, err := range append(answers(), refused()...) {
		if fault := (*workflow.Fault)(nil); err == nil || errors.As(err, &fault) {
			t.Errorf("command %d was answered %v on a commit of which nobody knows", i, err)
		}
	}
}

// TestRecordsAreReadAtTheJournal: documents are read as of the last commit in the journal, never as
// of one that is still to be written.
func TestRecordsAreReadAtTheJournal(t *testing.T) {
	d, f := flawedOffice(t, repo.Config{})
	f.set(func(f *flawed) {
		f.onRead = func(ctx context.Context, site workflow.SiteID, seq int64,
			refs []workflow.Ref,
		) ([]repo.Document, error) {
			if pages, err := f.below().Since(ctx, site, seq, 1); err != nil || len(pages) == 0 {
				t.Errorf("documents were asked for as of commit %d, which is not there (%v)", seq,
					err)
			}
			return f.below().Read(ctx, site, seq, refs)
		}
	})
	begun, release := f.hold()
	first := outcomes(t.Context(), d, arrive("first"))
	<-begun
	rest := outcomes(t.Context(), d, arrive("a"))
	queued(t, d, 1)
	// read after the arrival, which is not in the journal yet
	refused := outcomes(t.Context(), d, serve("nobody"))
	queued(t, d, 2)
	release()
	if err := errors.Join(append(first(), rest()...)...); err != nil {
		t.Fatal(err)
	}
	if fault := (*workflow.Fault)(nil); !errors.As(refused()[0], &fault) {
		t.Errorf("got %v, want a refusal", refused()[0])
	}
}

// TestRecordNewerThanBoard: a record that was read shows that others have gone on: the board
// catches up before it is used.
func TestRecordNewerThanBoard(t *testing.T) {
	d, f := flawedOffice(t, repo.Config{})
	other := repotest.Engine(t, repo.Config{Store: f.below()})
	v := "v"
	repotest.MustDo(t, other, "s", "a", workflow.RoleFrontDesk, &workflow.ArriveVisit{Visit: "v"})
	repotest.MustDo(t, other, "s", "b", workflow.RoleFrontDesk, &workflow.AbandonVisit{Visit: "v"})
	// d stands at commit 1; the visit is closed, so it is read: its document is of commit 3.
	var seen []int64
	f.set(func(f *flawed) {
		f.onAppend = func(ctx context.Context, pages []*repo.Page) []error {
			seen = append(seen, pages[0].First)
			return f.below().Append(ctx, pages)
		}
	})
	r := repotest.Request("x", workflow.RoleFrontDesk, &workflow.ArriveVisit{Visit: "w"})
	r.Match = repo.Match{Ref: workflow.VisitRef(workflow.VisitID(v)), Seq: 3}
	if _, err := d.Do(t.Context(), "s", r); err != nil {
		t.Fatal(err)
	}
	if len(seen) != 1 || seen[0] != 4 {
		t.Errorf("appended at %v, want once at 4", seen)
	}
}

// TestRefusalIsMadeSure: what was read from a server that may have been replaced is no reason for a
// refusal. The store is asked once per batch, and not for dry runs.
func TestRefusalIsMadeSure(t *testing.T) {
	d, f := flawedOffice(t, repo.Config{})
	var asked []int
	answer := func(ok bool, err error) {
		f.set(func(f *flawed) {
			asked = nil
			f.onSure = func(_ context.Context, _ workflow.SiteID, seq int64, ids []string) (bool,
				error,
			) {
				if seq != 1 {
					t.Errorf("asked about commit %d", seq)
				}
				asked = append(asked, len(ids))
				return ok, err
			}
		})
	}
	answer(false, errors.New("no majority"))
	if _, err := d.Do(t.Context(), "s", serve("nobody")); !errors.Is(err, repo.ErrUnknown) {
		t.Errorf("nobody can tell: %v, want unknown", err)
	}
	dry := serve("nobody")
	dry.DryRun = true
	answer(false, nil)
	if _, err := d.Do(t.Context(), "s", dry); err == nil || errors.Is(err, repo.ErrUnknown) ||
		len(asked) > 0 {
		t.Errorf("a dry run: %v, asked %v", err, asked)
	}
	if _, err := d.Do(t.Context(), "s", serve("nobody")); !errors.Is(err, repo.ErrBusy) {
		t.Errorf("the journal goes on and on: %v, want busy", err)
	}
	answer(true, nil)
	begun, release := f.hold()
	first := outcomes(t.Context(), d, arrive("v"))
	<-begun
	answer(true, nil)
	f.set(func(f *flawed) {
		f.onSure = func(_ context.Context, _ workflow.SiteID, seq int64, ids []string) (bool,
			error,
		) {
			asked = append(asked, len(ids))
			return seq == 2, nil
		}
	})
	refusals := outcomes(t.Context(), d, serve("a"), serve("b"), serve("c"), serve("d"))
	queued(t, d, 4)
	release()
	for _, err := range append(first(), refusals()...)[1:] {
		if fault := (*workflow.Fault)(nil); !errors.As(err, &fault) {
			t.Errorf("got %v, want a refusal", err)
		}
	}
	if len(asked) != 1 || asked[0] != 4 {
		t.Errorf("asked %v, want once about four commands", asked)
	}
}
