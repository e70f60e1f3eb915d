//go:build unix

package repo_test

import (
	"context"
	"fmt"
	"sync"
	"syscall"
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

// BenchmarkIdleSites is what 5,000 sites cost at which nothing happens: processor time of this
// process, and of mongod, in one minute of looking for due timers every 15 s, with all that the
// store does beside it. One iteration is one minute:
//
//	go test ./repo -run '^$' -bench IdleSites -benchtime 1x -timeout 20m
func BenchmarkIdleSites(b *testing.B) {
	const sites = 5000
	b.Run("sqlite", func(b *testing.B) {
		idle(b, repotest.SQLite(b), sites, func() time.Duration { return 0 })
	})
	b.Run("mongodb", func(b *testing.B) {
		uri := mongotest.Standalone(b)
		client, err := mongo.Connect(options.Client().ApplyURI(uri))
		if err != nil {
			b.Fatal(err)
		}
		defer func() { _ = client.Disconnect(context.Background()) }()
		idle(b, repotest.MongoDB(b, uri, fmt.Sprintf("repo_idle_%d", time.Now().UnixNano())), sites,
			func() time.Duration { return mongodCPU(b, client) })
	})
}

func idle(b *testing.B, store repo.Store, sites int, server func() time.Duration) {
	d := repotest.Engine(b, repo.Config{Store: store})
	var work sync.WaitGroup
	for c := range 32 {
		work.Go(func() {
			for i := c; i < sites; i += 32 {
				id := workflow.SiteID(fmt.Sprintf("s%05d", i))
				if _, err := d.Do(b.Context(), id,
					repotest.Request("create-"+string(id), workflow.RoleAdministrator,
						repotest.NewSite(id))); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	work.Wait()
	started := repotest.Engine(b, repo.Config{Store: store}) // knows nothing yet
	begun, before := time.Now(), ownCPU()
	for range sites/500 + 2 {
		if _, err := started.FireDue(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.Logf("the first look at all sites took %v, %v of the processor", time.Since(begun),
		ownCPU()-before)
	time.Sleep(10 * time.Second) // what the founding left to do
	before, there := ownCPU(), server()
	b.ResetTimer()
	for range b.N {
		for range 4 {
			time.Sleep(15 * time.Second)
			if _, err := started.FireDue(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric((ownCPU()-before).Seconds()/float64(b.N), "cpu-s/min")
	b.ReportMetric((server()-there).Seconds()/float64(b.N), "mongod-cpu-s/min")
}

func ownCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// mongodCPU is what a server has used of the processor.
func mongodCPU(b *testing.B, client *mongo.Client) time.Duration {
	var status struct {
		Extra struct {
			User   int64 `bson:"user_time_us"`
			System int64 `bson:"system_time_us"`
		} `bson:"extra_info"`
	}
	err := client.Database("admin").RunCommand(b.Context(),
		bson.D{{Key: "serverStatus", Value: 1}}).Decode(&status)
	if err != nil {
		b.Fatal(err)
	}
	return time.Duration(status.Extra.User+status.Extra.System) * time.Microsecond
}
