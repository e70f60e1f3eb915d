package mongostore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"

	"github.com/lunpai/lunpai/internal/slow"
	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/tools/mongod"
	"github.com/lunpai/lunpai/tools/mongod/mongotest"
	"github.com/lunpai/lunpai/workflow"
)

func needTime(t *testing.T) {
	t.Helper()
	slow.Test(t, "servers that are killed, seconds each")
}

// load keeps writers appending until stop, each at its own site, and remembers what was
// acknowledged.
type load struct {
	wg   sync.WaitGroup
	mu   sync.Mutex
	done map[string]string // page id to hash
}

func (l *load) run(ctx context.Context, s *Store, authors []*author, stop <-chan struct{}) {
	l.done = make(map[string]string)
	for _, a := range authors {
		l.wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				p := a.draft(fmt.Sprintf("cmd-%d", a.seq+1),
					workflow.VisitID(fmt.Sprintf("%s-v%d", a.site, a.seq/5)))
				if err := persist(ctx, s, p); err != nil {
					a.t.Errorf("append %s/%d: %v", a.site, p.First, err)
					return
				}
				a.advance(p)
				l.mu.Lock()
				l.done[repo.PageID(p.Site, p.First)] = p.Hash
				l.mu.Unlock()
			}
		})
	}
}

func (l *load) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.done)
}

// check finds every acknowledged page in the journal, nothing else, and documents that follow.
func (l *load) check(t *testing.T, s *Store, authors []*author) {
	t.Helper()
	found := 0
	for _, a := range authors {
		eventually(t, "documents follow", func() bool {
			_, err := s.Read(t.Context(), a.site, a.seq, nil)
			return err == nil
		})
		for _, p := range chainOf(t, s, a.site) {
			found++
			if hash, ok := l.done[repo.PageID(p.Site, p.First)]; !ok || hash != p.Hash {
				t.Errorf("page %d of %s is not the one acknowledged", p.First, p.Site)
			}
		}
		eventually(t, "the mark follows", func() bool {
			m, err := s.Mark(t.Context(), a.site)
			return err == nil && m == a.seq
		})
		projectedEqual(t, s, a.site)
	}
	if found != len(l.done) {
		t.Errorf("%d pages in the journal, %d acknowledged", found, len(l.done))
	}
}

func newAuthors(t *testing.T, n int) []*author {
	out := make([]*author, n)
	for i := range out {
		out[i] = &author{t: t, site: workflow.SiteID(fmt.Sprint("site", i))}
	}
	return out
}

// killUnder runs writers, kills something in the middle, and checks that nothing acknowledged is
// lost.
func killUnder(t *testing.T, cfg Config, kill func()) {
	cfg.RepairEvery = 300 * time.Millisecond
	s := open(t, cfg)
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
	defer cancel()
	stop := make(chan struct{})
	authors := newAuthors(t, 4)
	var l load
	l.run(ctx, s, authors, stop)
	eventually(t, "the writers write", func() bool { return l.count() > 50 })
	before := s.Cleared()
	kill()
	n := l.count()
	eventually(t, "the writers write again", func() bool { return l.count() > n+50 })
	close(stop)
	l.wg.Wait()
	if s.Cleared() == before {
		t.Error("no cleared pool was counted")
	}
	l.check(t, s, authors)
}

func TestPrimaryKilledUnderWriters(t *testing.T) {
	needTime(t)
	uri, set := mongotest.ReplicaSet(t)
	killUnder(t, testDatabase(t, uri).config(), func() {
		primary, err := set.Primary(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := primary.Kill(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestStandaloneKilledUnderWriters(t *testing.T) {
	needTime(t)
	server := ownServer(t)
	killUnder(t, testDatabase(t, server.URI()).config(), func() {
		if err := server.Kill(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(200 * time.Millisecond)
		if err := server.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}

// ownServer starts a server that the test may kill.
func ownServer(t *testing.T, args ...string) *mongod.Server {
	t.Helper()
	mongotest.Find(t)
	server, err := mongod.Start(t.Context(), mongod.Config{Dir: t.TempDir(), Args: args})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Kill() })
	return server
}

// TestMajorityLost: with one of three left an append ends within its time, with an answer that
// promises nothing; with the others back the same page settles.
func TestMajorityLost(t *testing.T) {
	needTime(t)
	uri, set := mongotest.ReplicaSet(t)
	db := testDatabase(t, uri)
	cfg := db.config()
	cfg.AppendTimeout = 2 * time.Second
	s := open(t, cfg)
	a := &author{t: t, site: "a"}
	mustAppend(t, s, a.next())
	primary, err := set.Primary(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var down []*mongod.Server
	for _, m := range set.Members {
		if m != primary {
			down = append(down, m)
			if err := m.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	p := a.next()
	for range 2 {
		began := time.Now()
		if err := appendOne(t.Context(), s, p); !errors.Is(err, repo.ErrUnknown) {
			t.Errorf("want ErrUnknown, got %v", err)
		}
		if took := time.Since(began); took > cfg.AppendTimeout+10*time.Second {
			t.Errorf("hung for %v", took)
		}
	}
	for _, m := range down {
		if err := m.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := persist(ctx, s, p); err != nil {
		t.Fatal(err)
	}
	if n := len(chainOf(t, s, "a")); n != 2 {
		t.Errorf("%d pages, want 2", n)
	}
}

// TestPageSeenIsOnDisk: a stand-alone server shows a page that it has not written to its journal
// yet. Whoever reads it through the store may rely on it: kill -9 does not lose it.
func TestPageSeenIsOnDisk(t *testing.T) {
	needTime(t)
	server := ownServer(t, "--journalCommitInterval", "500")
	db := testDatabase(t, server.URI())
	s := open(t, db.config())
	weak := db.raw.Collection("journal",
		options.Collection().SetWriteConcern(&writeconcern.WriteConcern{W: 1}))
	for name, see := range map[string]func(site workflow.SiteID) error{
		"find": func(site workflow.SiteID) error {
			_, err := s.Find(t.Context(), site, "cmd-"+string(site)+"-1")
			return err
		},
		"since": func(site workflow.SiteID) error {
			_, err := s.Since(t.Context(), site, 1, 9)
			return err
		},
		"before": func(site workflow.SiteID) error {
			_, err := s.Before(t.Context(), site, 1, 9)
			return err
		},
		"append": func(site workflow.SiteID) error {
			return appendOne(t.Context(), s, (&author{t: t, site: site}).next())
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := &author{t: t, site: workflow.SiteID(name)}
			p := a.next()
			if _, err := weak.InsertOne(t.Context(), bson.Raw(appendPage(nil, p))); err != nil {
				t.Fatal(err)
			}
			if err := see(a.site); err != nil {
				t.Fatal(err)
			}
			if err := server.Kill(); err != nil {
				t.Fatal(err)
			}
			if err := server.Restart(t.Context()); err != nil {
				t.Fatal(err)
			}
			eventually(t, "the server is found again", func() bool {
				return s.Ping(t.Context()) == nil
			})
			if n := len(chainOf(t, s, a.site)); n != 1 {
				t.Error("a page that was seen is lost")
			}
		})
	}
}
