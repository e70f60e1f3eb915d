package repo_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/repotest"
	"github.com/lunpai/lunpai/workflow"
)

// TestRestoredStore: the newest pages are gone under a live engine: it reads its board again
// instead of continuing.
func TestRestoredStore(t *testing.T) {
	for name, notice := range map[string]func(d *repo.Engine, f *flawed) error{
		"refusal": func(d *repo.Engine, _ *flawed) error {
			_, err := d.Do(t.Context(), "s",
				repotest.Request("x", workflow.RoleFrontDesk, &workflow.ServeVisit{Visit: "v"}))
			if fault := (*workflow.Fault)(nil); !errors.As(err, &fault) ||
				fault.Class != workflow.ClassNotFound {
				return errors.Join(errors.New("want not found: the visit is gone with the newest "+
					"page"), err)
			}
			return nil
		},
		"view": func(d *repo.Engine, _ *flawed) error {
			return d.View(t.Context(), "s", nil, func(b *workflow.Board) error {
				if b.Seq != 2 || len(b.OpenVisits()) != 1 {
					return errors.New("the view shows commits that are gone")
				}
				return nil
			})
		},
		"refusal, and the board cannot be read anew at once": func(d *repo.Engine,
			f *flawed,
		) error {
			f.set(func(f *flawed) {
				f.onLoad = func(context.Context, workflow.SiteID) ([]repo.Document, int64, error) {
					return nil, 0, errors.New("down")
				}
			})
			_, err := d.Do(t.Context(), "s", serve("v"))
			f.heal()
			if !errors.Is(err, repo.ErrUnavailable) {
				return errors.Join(errors.New("want unavailable"), err)
			}
			return appendedAt(t, d, f, 3)
		},
		"cleared pool": func(d *repo.Engine, f *flawed) error {
			f.cleared.Add(1)
			return appendedAt(t, d, f, 3)
		},
	} {
		t.Run(name, func(t *testing.T) {
			d, f := flawedOffice(t, repo.Config{})
			repotest.MustDo(
				t,
				d,
				"s",
				"a",
				workflow.RoleFrontDesk,
				&workflow.ArriveVisit{Visit: "u"},
			)
			backup := repotest.SQLite(t)
			if err := repo.Copy(t.Context(), f.below(), backup, nil); err != nil {
				t.Fatal(err)
			}
			repotest.MustDo(
				t,
				d,
				"s",
				"b",
				workflow.RoleFrontDesk,
				&workflow.ArriveVisit{Visit: "v"},
			)
			f.set(func(f *flawed) { f.Store = backup })
			if err := notice(d, f); err != nil {
				t.Error(err)
			}
			if _, err := d.Do(t.Context(), "s", arrive("z")); err != nil {
				t.Error(err)
			}
			sound(t, f)
		})
	}
}

// appendedAt gives a command and tells whether its first try was made with this number: a store may
// have refused an earlier one because of the gap, or taken it.
func appendedAt(t testing.TB, d *repo.Engine, f *flawed, want int64) error {
	var at []int64
	f.set(func(f *flawed) {
		f.onAppend = func(ctx context.Context, pages []*repo.Page) []error {
			at = append(at, pages[0].First)
			return f.below().Append(ctx, pages)
		}
	})
	_, err := d.Do(t.Context(), "s", arrive("y"))
	if len(at) != 1 || at[0] != want {
		return errors.Join(err, fmt.Errorf("appended at %v: decided on commits that are gone", at))
	}
	return err
}

// writeNewer turns a page into one that only a newer program may read.
func writeNewer(p *repo.Page) {
	p.Body = []byte(strings.Replace(string(p.Body), `"min_reader":2`, `"min_reader":99`, 1))
	p.Hash = repo.Chain(p.Prev, p.Body)
}

// TestNewerHead: a board is not made of documents that a newer program wrote.
func TestNewerHead(t *testing.T) {
	_, f := flawedOffice(t, repo.Config{})
	writer := repotest.Engine(t, repo.Config{Store: f.below()})
	repotest.MustDo(t, writer, "s", "b", workflow.RoleFrontDesk, &workflow.ArriveVisit{Visit: "v"})
	f.set(func(f *flawed) {
		f.onSince = func(ctx context.Context, site workflow.SiteID, seq int64,
			limit int,
		) ([]*repo.Page, error) {
			pages, err := f.below().Since(ctx, site, seq, limit)
			for _, p := range pages {
				writeNewer(p)
			}
			return pages, err
		}
	})
	// it has the documents of commit 2 before it sees a page
	late := repotest.Engine(t, repo.Config{Store: f})
	if err := late.View(t.Context(), "s", nil,
		func(*workflow.Board) error { return nil }); !errors.Is(err, repo.ErrReadOnly) {
		t.Errorf("got %v, want %v", err, repo.ErrReadOnly)
	}
}

// TestBrokenChain: a site whose journal cannot be trusted, or is newer than the program, accepts
// nothing; the others go on.
func TestBrokenChain(t *testing.T) {
	for name, spoil := range map[string]func(p *repo.Page){
		"changed body": func(p *repo.Page) {
			p.Body = []byte(strings.Replace(string(p.Body), "arrive_visit", "arrive_vixit", 1))
		},
		"changed hash": func(p *repo.Page) { p.Hash = strings.Repeat("0", 64) },
		"changed prev": func(p *repo.Page) {
			p.Prev = strings.Repeat("0", 64)
			p.Hash = repo.Chain(p.Prev, p.Body)
		},
		"newer program": writeNewer,
	} {
		t.Run(name, func(t *testing.T) {
			d, f := flawedOffice(t, repo.Config{})
			found(t, d, "other")
			writer := repotest.Engine(t, repo.Config{Store: f.below()})
			repotest.MustDo(
				t,
				writer,
				"s",
				"b",
				workflow.RoleFrontDesk,
				&workflow.ArriveVisit{Visit: "v"},
			)
			f.set(func(f *flawed) {
				f.onSince = func(ctx context.Context, site workflow.SiteID, seq int64,
					limit int,
				) ([]*repo.Page, error) {
					pages, err := f.below().Since(ctx, site, seq, limit)
					for _, p := range pages {
						if p.First == 2 {
							spoil(p)
						}
					}
					return pages, err
				}
			})
			look := func(site workflow.SiteID) error {
				return d.View(t.Context(), site, nil, func(*workflow.Board) error { return nil })
			}
			if err := look("s"); !errors.Is(err, repo.ErrReadOnly) {
				t.Errorf("a view: %v, want read-only", err)
			}
			if _, err := d.Do(t.Context(), "s", arrive("w")); !errors.Is(err, repo.ErrReadOnly) {
				t.Errorf("a command: %v, want read-only", err)
			}
			if err := look("other"); err != nil {
				t.Errorf("another site: %v", err)
			}
			if r := sound(t, f.below()); r[len(r)-1].Commits != 2 {
				t.Errorf("%d commits, want 2", r[len(r)-1].Commits)
			}
		})
	}
}

// TestDocumentsAheadOfJournal: no board is made of documents whose commits the journal does not
// hold.
func TestDocumentsAheadOfJournal(t *testing.T) {
	d, f := flawedOffice(t, repo.Config{})
	repotest.MustDo(t, d, "s", "b", workflow.RoleFrontDesk, &workflow.ArriveVisit{Visit: "v"})
	for name, mark := range map[string]int64{"mark too": 2, "documents only": 1} {
		f.set(func(f *flawed) {
			f.onLoad = func(ctx context.Context, site workflow.SiteID) ([]repo.Document, int64,
				error,
			) {
				docs, _, err := f.below().Load(ctx, site)
				return docs, mark, err
			}
			f.onSince = func(ctx context.Context, site workflow.SiteID, seq int64,
				_ int,
			) ([]*repo.Page, error) {
				if seq > 1 {
					return nil, nil
				}
				return f.below().Since(ctx, site, seq, 1)
			}
		})
		fresh := repotest.Engine(t, repo.Config{Store: f})
		if _, err := fresh.Do(t.Context(), "s", arrive("w")); !errors.Is(err, repo.ErrReadOnly) ||
			!errors.Is(err, repo.ErrCorrupt) {
			t.Errorf("%s: %v, want read-only", name, err)
		}
	}
}

// TestDeletedDocuments: without its site or its line a board is not used. Nobody is told that there
// is no such site, and nothing is decided without a line.
func TestDeletedDocuments(t *testing.T) {
	_, f := flawedOffice(t, repo.Config{})
	for _, gone := range []workflow.Ref{workflow.SiteRef("s"), workflow.LiveRotaRef("s")} {
		f.set(func(f *flawed) {
			f.onLoad = func(ctx context.Context, site workflow.SiteID) ([]repo.Document, int64,
				error,
			) {
				docs, mark, err := f.below().Load(ctx, site)
				return slices.DeleteFunc(docs,
					func(d repo.Document) bool { return d.Ref == gone }), mark, err
			}
		})
		late := repotest.Engine(t, repo.Config{Store: f})
		for _, r := range []repo.Request{arrive("v"), serve("v")} {
			if _, err := late.Do(t.Context(), "s", r); !errors.Is(err, repo.ErrReadOnly) ||
				!errors.Is(err, repo.ErrCorrupt) {
				t.Errorf("without %s: %v, want read-only", gone.ID, err)
			}
		}
	}
}

// TestReadingFails: a board that cannot be read now is read the next time; nobody waits in line for
// the same failure.
func TestReadingFails(t *testing.T) {
	d, f := flawedOffice(t, repo.Config{})
	fresh := repotest.Engine(t, repo.Config{Store: f})
	loads, begun, release := 0, make(chan struct{}), make(chan struct{})
	f.set(func(f *flawed) {
		f.onLoad = func(context.Context, workflow.SiteID) ([]repo.Document, int64, error) {
			if loads++; loads == 1 {
				close(begun)
			}
			<-release
			return nil, 0, errors.New("down")
		}
	})
	var rs []repo.Request
	for i := range 150 {
		rs = append(rs, arrive(fmt.Sprint("v", i)))
	}
	answers := outcomes(t.Context(), fresh, rs...)
	<-begun
	eventually(t, "all commands", func() bool {
		_, commands, _ := repo.Queue(fresh, "s")
		return commands == len(rs)
	})
	close(release)
	for _, err := range answers() {
		if !errors.Is(err, repo.ErrUnavailable) {
			t.Errorf("got %v, want unavailable", err)
		}
	}
	if loads > 2 { // one for who came first, one for all who wait
		t.Errorf("the board was read %d times", loads)
	}
	f.heal()
	for _, engine := range []*repo.Engine{d, fresh} {
		look(t, engine, "s")
	}
}

// TestReadingAnewFails: the journal's head has changed and the board cannot be read at once: the
// site recovers by itself.
func TestReadingAnewFails(t *testing.T) {
	d, f := flawedOffice(t, repo.Config{})
	begun, release := f.hold()
	first := outcomes(t.Context(), d, arrive("v"))
	<-begun
	waiting := outcomes(t.Context(), d, serve("nobody"), serve("none"))
	queued(t, d, 2)
	f.set(func(f *flawed) {
		f.onSince = func(context.Context, workflow.SiteID, int64, int) ([]*repo.Page, error) {
			return nil, nil
		}
		f.onLoad = func(context.Context, workflow.SiteID) ([]repo.Document, int64, error) {
			return nil, 0, errors.New("down")
		}
	})
	release()
	if err := first()[0]; err != nil {
		t.Fatal(err)
	}
	for _, err := range waiting() {
		if !errors.Is(err, repo.ErrUnavailable) {
			t.Errorf("got %v, want unavailable", err)
		}
	}
	f.heal()
	if _, err := d.Do(t.Context(), "s", arrive("w")); err != nil {
		t.Errorf("after the store came back: %v", err)
	}
}

// TestLostRaceIsCheap: after a lost race the board is brought up to the journal, not read anew.
func TestLostRaceIsCheap(t *testing.T) {
	d, f := flawedOffice(t, repo.Config{})
	other := repotest.Engine(t, repo.Config{Store: f.below()})
	intrude := func(id string) {
		repotest.MustDo(t, other, "s", id, workflow.RoleFrontDesk, &workflow.ArriveVisit{
			Visit: workflow.VisitID(id),
		})
	}
	loads := 0
	f.set(func(f *flawed) {
		f.onLoad = func(ctx context.Context, site workflow.SiteID) ([]repo.Document, int64, error) {
			loads++
			return f.below().Load(ctx, site)
		}
	})
	begun, release := f.hold()
	first := outcomes(t.Context(), d, arrive("first"))
	<-begun
	dry := arrive("dry")
	dry.DryRun = true
	rehearsal := outcomes(t.Context(), d, dry) // catches up in the middle of the round
	queued(t, d, 1)
	last := outcomes(t.Context(), d, arrive("last"))
	queued(t, d, 2)
	intrude("a") // takes the number of the first
	var before, after sync.Once
	f.set(func(f *flawed) {
		f.onAppend = func(ctx context.Context, pages []*repo.Page) []error {
			if pages[0].Entries[0].ID == "arrive-last" {
				before.Do(func() { intrude("c") }) // takes the number of the last
			}
			errs := f.below().Append(ctx, pages)
			if pages[0].Entries[0].ID == "arrive-first" && errs[0] == nil {
				after.Do(func() { intrude("b") }) // the rehearsal catches up with it
			}
			return errs
		}
	})
	release()
	if err := errors.Join(slices.Concat(first(), rehearsal(), last())...); err != nil {
		t.Fatal(err)
	}
	if loads > 0 {
		t.Errorf("the board was read %d times", loads)
	}
	if n := commits(t, f); n != 6 {
		t.Errorf("%d commits, want 6", n)
	}
}
