package mongostore

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/tools/mongod/mongotest"
	"github.com/lunpai/lunpai/workflow"
)

// BenchmarkTwoInstances gives commands to 50 sites from 32 clients through two instances, each
// client at either of them in turn, and tells how far the documents trail behind the answers. b.N
// is a number of visits, of three commands each:
//
//	go test ./repo/mongostore -run '^$' -bench TwoInstances -benchtime 4000x
func BenchmarkTwoInstances(b *testing.B) {
	const sites, clients = 50, 32
	db := testDatabase(b, mongotest.Standalone(b))
	var log journalLog
	var engines []*repo.Engine
	var stores []*Store
	for range 2 {
		cfg := db.config()
		cfg.Log, cfg.Validation, cfg.StrictAPI, cfg.RepairEvery = log.logger(), "", false, 0
		stores = append(stores, open(b, cfg))
		engines = append(engines, repo.NewEngine(repo.Config{Store: stores[len(stores)-1]}))
	}
	for i := range sites {
		if _, err := engines[0].Do(b.Context(), siteName(i), newSite(siteName(i))); err != nil {
			b.Fatal(err)
		}
	}
	lag := watchLag(b, stores[0])
	var next atomic.Int64
	var wg sync.WaitGroup
	b.ResetTimer()
	for c := range clients {
		wg.Go(func() {
			for turn := c; ; {
				n := next.Add(1)
				if n > int64(b.N) {
					return
				}
				site := siteName(int(n) % sites)
				for _, r := range visitRequests(n) {
					turn++
					out, err := engines[turn%len(engines)].Do(b.Context(), site, r)
					if err != nil {
						b.Error(err)
						return
					}
					lag.answered(site, out.Commit.Seq)
				}
			}
		})
	}
	wg.Wait()
	took := b.Elapsed()
	lags := lag.end()
	b.StopTimer()
	for _, d := range engines {
		if err := d.Drain(b.Context()); err != nil {
			b.Error(err)
		}
	}
	slices.Sort(lags)
	b.ReportMetric(float64(len(lags))/took.Seconds(), "commands/s")
	b.ReportMetric(float64(lags[len(lags)/2].Milliseconds()), "p50-ms-behind")
	b.ReportMetric(float64(lags[len(lags)*99/100].Milliseconds()), "p99-ms-behind")
	b.ReportMetric(float64(lags[len(lags)-1].Milliseconds()), "max-ms-behind")
	b.ReportMetric(float64(log.count("corrupt")), "corrupt")
	b.ReportMetric(float64(log.count("repair does it")), "left-to-repair")
}

func siteName(i int) workflow.SiteID { return workflow.SiteID(fmt.Sprintf("s%02d", i)) }

// newSite founds a site whose office never closes.
func newSite(id workflow.SiteID) repo.Request {
	c := &workflow.CreateSite{Site: id, Zone: "Asia/Shanghai", Policy: workflow.P1()}
	for i := range c.Hours {
		c.Hours[i] = workflow.DayHours{From: "00:00", To: "24:00"}
	}
	c.Staff = []workflow.NewStaff{{Staff: "A", Role: workflow.RoleConsultant}}
	return repo.Request{
		ID: "create-" + string(id), By: workflow.Actor{Role: workflow.RoleAdministrator},
		Command: c,
	}
}

// visitRequests are the commands of a visit that needs no consultant: any number can be at one
// site.
func visitRequests(n int64) (out []repo.Request) {
	v := workflow.VisitID(fmt.Sprintf("v%09d", n))
	for i, c := range []workflow.Command{
		&workflow.ArriveVisit{Visit: v},
		&workflow.IdentifyVisit{Visit: v, Identity: workflow.Identity{Kind: workflow.KindNew}},
		&workflow.AbandonVisit{Visit: v},
	} {
		out = append(out, repo.Request{
			ID: fmt.Sprintf("%s-%d", v, i), By: workflow.Actor{Role: workflow.RoleFrontDesk},
			Command: c,
		})
	}
	return out
}

// lagWatch notes for each answered command how long its documents took to follow: until the mark
// was seen at its number.
type lagWatch struct {
	mu      sync.Mutex
	waiting map[workflow.SiteID][]answer
	lags    []time.Duration
	stop    context.CancelFunc
	done    chan struct{}
}

type answer struct {
	seq int64
	at  time.Time
}

func (l *lagWatch) answered(site workflow.SiteID, seq int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting[site] = append(l.waiting[site], answer{seq, time.Now()})
}

// watchLag reads all marks every 10 ms.
func watchLag(b *testing.B, s *Store) *lagWatch {
	ctx, stop := context.WithCancel(b.Context())
	l := &lagWatch{waiting: map[workflow.SiteID][]answer{}, stop: stop, done: make(chan struct{})}
	go func() {
		defer close(l.done)
		for {
			l.mu.Lock()
			over := ctx.Err() != nil && len(l.waiting) == 0
			l.mu.Unlock()
			if over {
				return
			}
			marks, err := s.markOf(b.Context(), nil)
			if err != nil {
				b.Error(err)
				return
			}
			l.seen(marks)
			time.Sleep(10 * time.Millisecond)
		}
	}()
	return l
}

func (l *lagWatch) seen(marks map[workflow.SiteID]int64) {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	for site, waiting := range l.waiting {
		rest := slices.DeleteFunc(waiting, func(a answer) bool {
			if a.seq > marks[site] {
				return false
			}
			l.lags = append(l.lags, now.Sub(a.at))
			return true
		})
		if l.waiting[site] = rest; len(rest) == 0 {
			delete(l.waiting, site)
		}
	}
}

// end waits until everything that was answered has followed.
func (l *lagWatch) end() []time.Duration {
	l.stop()
	<-l.done
	return l.lags
}
