package repo_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
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

// BenchmarkNothingDue is a round of timers that finds nothing due, at 200 sites with 100,000
// delivered projects and 10,000 open tickets:
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
	const sites, projects, tickets, clients = 200, 500, 50, 64
	d := repotest.Engine(b, repo.Config{Store: store, Deadline: time.Minute})
	var work sync.WaitGroup
	for c := range clients {
		work.Go(func() {
			for i := c; i < sites; i += clients {
				id := workflow.SiteID(fmt.Sprintf("s%03d", i))
				found(b, d, id)
				desk(b, d, id, time.Now())
			}
		})
	}
	work.Wait()
	for c := range clients {
		work.Go(func() {
			for i := c; i < sites*(projects+tickets); i += clients {
				id := workflow.SiteID(fmt.Sprintf("s%03d", i%sites))
				name := lettered(i)
				if i/sites < tickets {
					openTicket(b, d, id, name)
					continue
				}
				deliver(b, d, id, name)
			}
		})
	}
	work.Wait()
	time.Sleep(5 * time.Second) // documents may trail
	for range 3 {               // the first looks at all sites
		if _, err := d.FireDue(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	before := asked()
	b.ResetTimer()
	for range b.N {
		if n, err := d.FireDue(b.Context()); err != nil || n != 0 {
			b.Fatal(n, err)
		}
	}
	b.StopTimer()
	b.ReportMetric((asked()-before)/float64(b.N), "queries/op")
}

// lettered is a number in letters: an id with many digits would look like a phone.
func lettered(n int) string {
	return strings.Map(func(r rune) rune { return r - '0' + 'a' }, fmt.Sprint(n))
}

// deliver enters a project that was delivered today: its first call is due in a month.
func deliver(t testing.TB, d *repo.Engine, site workflow.SiteID, name string) {
	t.Helper()
	r := repotest.Request("deliver-"+name, workflow.RoleEmployee, &workflow.DeliverProject{
		Project:     workflow.ProjectID(name),
		DeliveredOn: workflow.Date(time.Now().In(shanghai(t)).Format(time.DateOnly)),
	})
	r.By.Staff = "c1"
	if _, err := d.Do(t.Context(), site, r); err != nil {
		t.Error(err)
	}
}
