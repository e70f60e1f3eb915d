package mongostore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// author writes the journal of one site: real pages, each with one commit.
type author struct {
	t    testing.TB
	site workflow.SiteID
	seq  int64
	prev string
}

// draft is a page that would come next: a visit and the live rota.
func (a *author) draft(id string, visit workflow.VisitID) *repo.Page {
	a.t.Helper()
	at := time.Date(2024, 3, 4, 1, 0, 0, 0, time.UTC).Add(time.Duration(a.seq) * time.Second)
	head := workflow.Head{Site: a.site, Seq: a.seq + 1, Open: true}
	v := &workflow.Visit{
		Head: head, State: workflow.Arrived, BusinessDay: "2024-03-04", Policy: "p1", ArrivedAt: at,
		Commits: []int64{a.seq + 1},
	}
	v.ID = string(visit)
	r := &workflow.Rota{
		Head: head, Day: "2024-03-04", OpenedAt: at, NextTicket: a.seq, Units: []workflow.Unit{},
		Line: []workflow.Place{}, Out: []workflow.Gone{},
	}
	r.ID = workflow.LiveRotaRef(a.site).ID
	c := &workflow.Commit{
		Seq: a.seq + 1, ID: id, At: at, Kind: "arrive_visit", Command: []byte(`{}`),
		Subject: v.Ref(),
		Facts:   []workflow.Fact{}, MinReader: workflow.MinReader,
	}
	for _, record := range []workflow.Record{v, r} {
		doc, err := workflow.Encode(record)
		if err != nil {
			a.t.Fatal(err)
		}
		c.Images = append(c.Images, workflow.Image{Ref: record.Ref(), Open: true, Doc: doc})
	}
	p, err := repo.NewPage(a.site, a.prev, []*workflow.Commit{c})
	if err != nil {
		a.t.Fatal(err)
	}
	return p
}

// advance makes a page the head.
func (a *author) advance(p *repo.Page) *repo.Page {
	a.seq, a.prev = p.Last, p.Hash
	return p
}

// next is the next page.
func (a *author) next() *repo.Page {
	return a.advance(a.draft(fmt.Sprintf("cmd-%s-%d", a.site, a.seq+1),
		workflow.VisitID(fmt.Sprintf("%s-v%d", a.site, a.seq/3))))
}

// catchUp takes over the journal's head.
func (a *author) catchUp(ctx context.Context, s *Store) error {
	head, err := s.Before(ctx, a.site, maxSeq, 1)
	if err == nil && len(head) > 0 {
		a.advance(head[0])
	}
	return err
}

func appendOne(ctx context.Context, s *Store, p *repo.Page) error {
	return s.Append(ctx, []*repo.Page{p})[0]
}

func mustAppend(t testing.TB, s *Store, pages ...*repo.Page) {
	t.Helper()
	for _, p := range pages {
		if err := appendOne(t.Context(), s, p); err != nil {
			t.Fatal(err)
		}
	}
}

// persist appends the same page until it has an answer other than unknown.
func persist(ctx context.Context, s *Store, p *repo.Page) error {
	for {
		err := appendOne(ctx, s, p)
		if !errors.Is(err, repo.ErrUnknown) || ctx.Err() != nil {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// chainOf reads a site's journal and checks that it is one chain.
func chainOf(t testing.TB, s *Store, site workflow.SiteID) []*repo.Page {
	t.Helper()
	var out []*repo.Page
	for seq, prev := int64(1), ""; ; {
		pages, err := s.Since(t.Context(), site, seq, 500)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range pages {
			if p.First != seq || p.Prev != prev {
				t.Fatalf("page %d of %s does not follow", p.First, site)
			}
			if _, err := p.Commits(); err != nil {
				t.Fatal(err)
			}
			seq, prev = p.Last+1, p.Hash
		}
		out = append(out, pages...)
		if len(pages) == 0 {
			return out
		}
	}
}

// projectedEqual checks that the documents of a site are what its journal says, byte for byte, and
// that the mark is at the head.
func projectedEqual(t testing.TB, s *Store, site workflow.SiteID) {
	t.Helper()
	want, got := make(map[workflow.Ref]string), make(map[workflow.Ref]string)
	head := int64(0)
	for _, p := range chainOf(t, s, site) {
		for _, i := range p.Images {
			want[i.Ref] = string(i.Doc)
		}
		head = p.Last
	}
	for _, c := range workflow.Collections {
		err := s.Scan(t.Context(), repo.Span{Collection: c, Site: site},
			func(d repo.Document) error {
				got[d.Ref] = string(d.Doc)
				return nil
			})
		if err != nil {
			t.Fatal(err)
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("documents of %s (-journal +documents):\n%s", site, d)
	}
	if mark, err := s.Mark(t.Context(), site); err != nil || mark != head {
		t.Errorf("mark of %s is %d, the journal ends at %d, %v", site, mark, head, err)
	}
}

// drain waits until the store's documents have followed.
func drain(t testing.TB, s *Store) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if s.projector.drain(ctx); ctx.Err() != nil {
		t.Fatal("documents do not follow")
	}
}

// eventually waits for something that happens by itself.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(15 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

// journalLog keeps what a store logs.
type journalLog struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *journalLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

func (l *journalLog) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.buf.String(), text)
}

func (l *journalLog) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// failWith makes commands of the store fail until the test ends or heal is called. data is that of
// the server's failure point failCommand.
func (d *testDB) failWith(t testing.TB, mode any, data bson.D) (heal func()) {
	t.Helper()
	admin := d.raw.Client().Database("admin")
	set := func(ctx context.Context, mode any) error {
		return admin.RunCommand(ctx, bson.D{
			{Key: "configureFailPoint", Value: "failCommand"},
			{Key: "mode", Value: mode},
			{Key: "data", Value: append(bson.D{{Key: "appName", Value: d.name}}, data...)},
		}).Err()
	}
	if err := set(t.Context(), mode); err != nil {
		if serverCode(err) == 59 { // no such command
			t.Skip("SKIPPED, NOT TESTED: this server has no failure points (start it with " +
				"--setParameter enableTestCommands=1)")
		}
		t.Fatal(err)
	}
	off := sync.OnceFunc(func() {
		if err := set(context.WithoutCancel(t.Context()), "off"); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(off)
	return off
}

func commands(names ...string) bson.E { return bson.E{Key: "failCommands", Value: names} }
