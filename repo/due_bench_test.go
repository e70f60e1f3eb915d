package repo_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/repotest"
	"github.com/lunpai/lunpai/tools/mongod/mongotest"
	"github.com/lunpai/lunpai/workflow"
)

// BenchmarkNothingDue is a round of timers that finds nothing due, and the agenda of somebody for
// whom 60 calls are due, at 200 sites with 100,000 delivered projects and 10,000 open tickets:
//
//	go test ./repo -run '^$' -bench NothingDue -benchtime 100x -timeout 30m
func BenchmarkNothingDue(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) {
		nothingDue(b, repotest.SQLite(b), func() float64 { return 0 })
	})
	b.Run("mongodb", func(b *testing.B) {
		uri := mongotest.Standalone(b)
		client, err := mongo.Connect(options.Client().ApplyURI(uri))
		if err != nil {
			b.Fatal(err)
		}
		defer func() { _ = client.Disconnect(context.Background()) }()
		store := repotest.MongoDB(b, uri, fmt.Sprintf("repo_due_%d", time.Now().UnixNano()))
		nothingDue(b, store, func() float64 { return queries(b, client) })
	})
}

// queries is how many finds and aggregations a server has answered.
func queries(b *testing.B, c *mongo.Client) float64 {
	b.Helper()
	var s struct {
		Ops struct {
			Query   int64 `bson:"query"`
			GetMore int64 `bson:"getmore"`
		} `bson:"opcounters"`
	}
	if err := c.Database("admin").RunCommand(b.Context(), bson.D{{Key: "serverStatus", Value: 1}}).
		Decode(&s); err != nil {
		b.Fatal(err)
	}
	return float64(s.Ops.Query + s.Ops.GetMore)
}

func nothingDue(b *testing.B, store repo.Store, asked func() float64) {
	for i := range dueSites {
		fillDesk(b, store, i)
	}
	counted := &countedStore{Store: store}
	d := repotest.Engine(b, repo.Config{Store: counted, Deadline: time.Minute})
	for n := 1; n > 0; { // what was due before; the first round looks at all sites
		var err error
		if n, err = d.FireDue(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	time.Sleep(5 * time.Second) // documents may trail
	measure := func(name string, do func(*testing.B)) {
		b.Run(name, func(b *testing.B) {
			do(b)
			before, calls := asked(), counted.calls.Load()
			b.ResetTimer()
			for range b.N {
				do(b)
			}
			b.StopTimer()
			b.ReportMetric((asked()-before)/float64(b.N), "queries/op")
			b.ReportMetric(float64(counted.calls.Load()-calls)/float64(b.N), "calls/op")
		})
	}
	measure("round", func(b *testing.B) {
		if n, err := d.FireDue(b.Context()); err != nil || n != 0 {
			b.Fatal(n, err)
		}
	})
	measure("agenda", func(b *testing.B) {
		if n := readAgenda(b, d, counted, "s000"); n < dueCalls {
			b.Fatalf("%d items on the agenda, want %d calls at least", n, dueCalls)
		}
	})
}

// What each site of the benchmark has. At the first one some calls are due.
const (
	dueSites    = 200
	dueProjects = 500
	dueTickets  = 50
	dueCalls    = 60
)

// fillDesk makes the i-th site, in a few pages.
func fillDesk(b *testing.B, store repo.Store, i int) {
	b.Helper()
	id := workflow.SiteID(fmt.Sprintf("s%03d", i))
	f, err := repo.OpenFiller(b.Context(), store, id)
	if err != nil {
		b.Fatal(err)
	}
	now := time.Now().UTC().Truncate(time.Millisecond)
	today := workflow.Date(now.In(shanghai(b)).Format(time.DateOnly))
	made := 0
	do := func(role workflow.Role, cmd workflow.Command) {
		made++
		by := workflow.Actor{Key: "k", Role: role}
		if role == workflow.RoleEmployee {
			by.Staff = "c1"
		}
		if _, err := f.Do(b.Context(), workflow.Envelope{
			ID: string(id) + "-" + lettered(made), By: by, At: now,
		}, cmd); err != nil {
			b.Fatal(err)
		}
	}
	do(workflow.RoleAdministrator, repotest.NewSite(id))
	do(workflow.RoleAdministrator, &workflow.AddStaff{NewStaff: workflow.NewStaff{
		Staff: "c1", Role: workflow.RoleEmployee, Department: workflow.CustomerService,
	}})
	do(workflow.RoleManager, &workflow.AdoptService{From: today})
	for n := range dueProjects {
		on := today
		if i == 0 && n < dueCalls {
			on = today.AddDays(-35) // the call after a month is due
		}
		do(workflow.RoleEmployee, &workflow.DeliverProject{
			Project: workflow.ProjectID(lettered(n)), DeliveredOn: on,
		})
	}
	for n := range dueTickets {
		do(workflow.RoleEmployee, &workflow.OpenTicket{
			Ticket: workflow.RecordID(lettered(i) + "-" + lettered(n)),
			Kind:   workflow.TicketRequest, InScope: true,
		})
	}
	if err := f.Close(b.Context()); err != nil {
		b.Fatal(err)
	}
}

// readAgenda asks for the agenda of customer service, as the service does, and counts the items.
func readAgenda(b *testing.B, d *repo.Engine, store repo.Store, site workflow.SiteID) int {
	b.Helper()
	var a *workflow.Agenda
	var seq int64
	if err := d.View(b.Context(), site, nil, func(board *workflow.Board) error {
		a, seq = board.Agenda(time.Now(), workflow.Whose{Staff: "c1"}), board.Seq
		return nil
	}); err != nil {
		b.Fatal(err)
	}
	take := func(docs []repo.Document, err error) {
		if err != nil {
			b.Fatal(err)
		}
		for _, doc := range docs {
			r, err := doc.Record()
			if err != nil {
				b.Fatal(err)
			}
			a.Take(r)
		}
	}
	for _, ask := range a.Asks() {
		take(store.Asked(b.Context(), site, seq, ask, workflow.MaxAsked+1))
	}
	if refs := a.Refs(); len(refs) > 0 {
		take(store.Read(b.Context(), site, seq, refs))
	}
	return len(a.Items())
}

// countedStore counts the calls that read.
type countedStore struct {
	repo.Store
	calls atomic.Int64
}

func (s *countedStore) Asked(
	ctx context.Context, site workflow.SiteID, seq int64, ask workflow.Ask, limit int,
) ([]repo.Document, error) {
	s.calls.Add(1)
	return s.Store.Asked(ctx, site, seq, ask, limit)
}

func (s *countedStore) Read(
	ctx context.Context, site workflow.SiteID, seq int64, refs []workflow.Ref,
) ([]repo.Document, error) {
	s.calls.Add(1)
	return s.Store.Read(ctx, site, seq, refs)
}

func (s *countedStore) DueAll(
	ctx context.Context, before time.Time, after repo.Waking, limit int,
) ([]repo.Document, error) {
	s.calls.Add(1)
	return s.Store.DueAll(ctx, before, after, limit)
}

func (s *countedStore) Moved(
	ctx context.Context, after int64,
) (map[workflow.SiteID]int64, int64, error) {
	s.calls.Add(1)
	return s.Store.Moved(ctx, after)
}

// lettered is a number in letters: an id with many digits would look like a phone.
func lettered(n int) string {
	return strings.Map(func(r rune) rune { return r - '0' + 'a' }, fmt.Sprint(n))
}
