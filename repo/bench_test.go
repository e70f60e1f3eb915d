package repo_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/repotest"
	"github.com/lunpai/lunpai/repo/vault"
	"github.com/lunpai/lunpai/workflow"
)

// steps are the commands of one visit: a whole visit, or a short one that needs no consultant, so
// that any number of clients can do it at one site.
func steps(name string, whole bool) []workflow.Command {
	v := workflow.VisitID(name)
	first := []workflow.Command{
		&workflow.ArriveVisit{Visit: v},
		&workflow.IdentifyVisit{Visit: v, Identity: workflow.Identity{Kind: workflow.KindNew}},
	}
	if !whole {
		return append(first, &workflow.AbandonVisit{Visit: v})
	}
	return append(
		first, &workflow.AssignVisit{Visit: v}, &workflow.ServeVisit{Visit: v},
		&workflow.RegisterVisit{Visit: v, Customer: workflow.CustomerID("k-" + name)},
	)
}

// load has clients give n commands to sites, and reports how long they waited.
func load(b *testing.B, d *repo.Engine, sites, clients, n int, whole bool) {
	b.Helper()
	var left, visit atomic.Int64
	left.Store(int64(n))
	waits := make([][]time.Duration, clients)
	b.ResetTimer()
	var wg sync.WaitGroup
	for c := range clients {
		site := workflow.SiteID(fmt.Sprintf("s%d", c%sites))
		wg.Go(func() {
			for left.Load() > 0 {
				name := fmt.Sprintf("v%09d", visit.Add(1))
				for i, cmd := range steps(name, whole) {
					begun := time.Now()
					if _, err := d.Do(b.Context(), site,
						repotest.Request(fmt.Sprintf("%s-%d", name, i), workflow.RoleFrontDesk,
							cmd)); err != nil {
						b.Error(err)
						return
					}
					waits[c] = append(waits[c], time.Since(begun))
					if left.Add(-1) <= 0 {
						return
					}
				}
			}
		})
	}
	wg.Wait()
	all := slices.Concat(waits...)
	slices.Sort(all)
	b.ReportMetric(float64(len(all))/b.Elapsed().Seconds(), "commands/s")
	b.ReportMetric(float64(all[len(all)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(all[len(all)*99/100].Microseconds())/1000, "p99-ms")
}

// BenchmarkEngine sends commands through an engine on SQLite, from clients that wait for each
// answer.
func BenchmarkEngine(b *testing.B) {
	for _, c := range []struct {
		sites, clients int
		whole          bool
	}{{1, 1, true}, {1, 64, false}, {50, 16, true}, {50, 64, true}, {50, 64, false}} {
		b.Run(fmt.Sprintf("sites=%d/clients=%d/whole=%v", c.sites, c.clients, c.whole),
			func(b *testing.B) {
				d := repotest.Engine(b, repo.Config{Store: repotest.SQLite(b)})
				for i := range c.sites {
					found(b, d, workflow.SiteID(fmt.Sprintf("s%d", i)))
				}
				load(b, d, c.sites, c.clients, b.N, c.whole)
			})
	}
}

// void is a store that keeps nothing and never fails.
type void struct{ repo.Store }

func (void) Append(_ context.Context, pages []*repo.Page) []error {
	return make([]error, len(pages))
}
func (void) Parallel() int { return 1 }

func (void) Load(context.Context, workflow.SiteID) ([]repo.Document, int64, error) {
	return nil, 0, nil
}

func (void) Since(context.Context, workflow.SiteID, int64, int) ([]*repo.Page, error) {
	return nil, nil
}

func (void) Read(context.Context, workflow.SiteID, int64, []workflow.Ref) ([]repo.Document, error) {
	return nil, nil
}

// BenchmarkOverhead is what the engine itself costs: hardly anything is decided and nothing is
// stored.
func BenchmarkOverhead(b *testing.B) {
	doc := []byte(`{"id":"r","site":"s","seq":1,"open":true}`)
	for _, sites := range []int{1, 50} {
		b.Run(fmt.Sprintf("sites=%d", sites), func(b *testing.B) {
			d := repotest.Engine(b, repo.Config{Store: void{}})
			repo.DecideWith(d,
				func(board *workflow.Board, env workflow.Envelope,
					cmd workflow.Command,
				) (*workflow.Commit, *workflow.Fault) {
					ref := workflow.SiteRef(board.ID)
					return &workflow.Commit{
						Seq: board.Seq + 1, ID: env.ID, At: env.At, By: env.By,
						Kind: cmd.About().Kind, Command: doc, Subject: ref, MinReader: 1,
					}, nil
				})
			b.ReportAllocs()
			load(b, d, sites, 64, b.N, false)
		})
	}
}

// BenchmarkAuthenticate: what a request pays for its key, and what it pays once in 3 s for its
// state.
func BenchmarkAuthenticate(b *testing.B) {
	s := repotest.SQLite(b)
	var skip time.Duration
	d := repotest.Engine(b, repo.Config{Store: s})
	k := vault.NewKeys(d, s, func() time.Time { return time.Now().Add(skip) })
	found(b, d, "s")
	out := repotest.MustDo(b, d, "s", "key", workflow.RoleAdministrator, &workflow.MakeKey{
		Key: "k", Role: workflow.RoleConsultant, Staff: "A",
	})
	keys, err := k.Issue(b.Context(), out)
	if err != nil {
		b.Fatal(err)
	}
	for name, step := range map[string]time.Duration{"remembered": 0, "read": time.Minute} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				skip += step
				if _, err := k.Authenticate(b.Context(), keys[0].Token); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
