package mongostore

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/tools/mongod/mongotest"
	"github.com/lunpai/lunpai/workflow"
)

// writer makes the pages of one site, one commit of about 1 kB each, as fast as possible.
type writer struct {
	site  workflow.SiteID
	seq   int64
	prev  string
	pad   string
	visit int
}

// page changes a visit, which has five steps, and the live rota.
func (w *writer) page(images bool) *repo.Page {
	w.seq++
	if w.seq%5 == 1 {
		w.visit++
	}
	id := fmt.Sprintf("%s-v%09d", w.site, w.visit)
	p := &repo.Page{
		Site: w.site, First: w.seq, Last: w.seq, At: time.UnixMilli(1_700_000_000_000 + w.seq),
		Prev:    w.prev,
		Body:    fmt.Appendf(nil, `[{"seq":%d,"pad":%q}]`, w.seq, w.pad),
		Entries: []repo.Entry{{ID: fmt.Sprintf("%s-%032d", w.site, w.seq), Kind: "assign_visit"}},
		Images:  []workflow.Image{},
	}
	if images {
		p.Images = append(p.Images, workflow.Image{
			Ref: workflow.VisitRef(workflow.VisitID(id)), Open: w.seq%5 != 0,
			Doc: fmt.Appendf(nil,
				`{"id":%q,"site":%q,"seq":%d,"open":%t,"state":"assigned",`+
					`"business_day":"2024-03-04","policy":"p1",`+
					`"channel":"passing_by","party":2,"kind":"new","route":"line","server":"s1",`+
					`"unit":"u1","turn_effect":"used",`+
					`"arrived_at":"2024-03-04T01:10:00Z",`+
					`"assigned_at":"2024-03-04T01:11:00.123Z","commits":[1,2,3,4,`+
					`5]}`, id, w.site, w.seq, w.seq%5 != 0),
		}, workflow.Image{
			Ref: workflow.LiveRotaRef(w.site),
			Doc: fmt.Appendf(nil,
				`{"id":%q,"site":%q,"seq":%d,"open":false,"day":"2024-03-04","units":[%s],`+
					`"line":[%s],"out":[],"next_ticket":9}`,
				workflow.LiveRotaRef(w.site).ID, w.site, w.seq,
				strings.Repeat(`{"id":"u1","type":"person","members":["s1"]},`, 9)+
					`{"id":"u1","type":"person","members":["s1"]}`,
				strings.Repeat(`{"unit":"u1","ticket":1},`, 9)+`{"unit":"u1","ticket":1}`),
		})
	}
	p.Hash = repo.Chain(p.Prev, p.Body)
	w.prev = p.Hash
	return p
}

// BenchmarkAppend appends pages of one 1 kB commit, three calls in flight, and waits in the end
// until the documents have followed. The single insert, for comparison, is what a program does that
// writes one durable document per request.
func BenchmarkAppend(b *testing.B) {
	for _, server := range []string{"standalone", "set"} {
		b.Run(server, func(b *testing.B) {
			var uri string
			if server == "set" {
				uri, _ = mongotest.ReplicaSet(b)
			} else {
				uri = mongotest.Standalone(b)
			}
			b.Run("lone", func(b *testing.B) { benchmarkLone(b, uri, 1) })
			b.Run("lone-16", func(b *testing.B) { benchmarkLone(b, uri, 16) })
			for _, sites := range []int{1, 16, 64} {
				b.Run(fmt.Sprintf("journal-%d", sites), func(b *testing.B) {
					benchmarkAppend(b, uri, sites, false)
				})
				b.Run(fmt.Sprintf("documents-%d", sites), func(b *testing.B) {
					benchmarkAppend(b, uri, sites, true)
				})
			}
		})
	}
}

func benchmarkAppend(b *testing.B, uri string, sites int, images bool) {
	cfg := testDatabase(b, uri).config()
	cfg.Validation, cfg.StrictAPI = "", false
	s := open(b, cfg)
	var left atomic.Int64
	left.Store(int64(b.N))
	var wg sync.WaitGroup
	b.ResetTimer()
	for call := range parallel {
		writers := make([]*writer, sites)
		for i := range writers {
			writers[i] = &writer{
				site: workflow.SiteID(fmt.Sprintf("site-%d-%d", call, i)),
				pad:  strings.Repeat("x", 1000),
			}
		}
		wg.Go(func() {
			pages := make([]*repo.Page, sites)
			for left.Add(-int64(sites)) > -int64(sites) {
				for i, w := range writers {
					pages[i] = w.page(images)
				}
				for _, err := range s.Append(b.Context(), pages) {
					if err != nil {
						b.Error(err)
						return
					}
				}
			}
		})
	}
	wg.Wait()
	acknowledged := b.Elapsed()
	ctx, cancel := context.WithTimeout(b.Context(), time.Minute)
	defer cancel()
	s.projector.drain(ctx)
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
	b.ReportMetric(float64((b.Elapsed() - acknowledged).Milliseconds()), "ms-behind")
}

func benchmarkLone(b *testing.B, uri string, writers int) {
	db := testDatabase(b, uri)
	c := db.raw.Collection("lone", options.Collection().SetWriteConcern(durable()))
	pad := strings.Repeat("x", 1000)
	var n atomic.Int64
	var wg sync.WaitGroup
	b.ResetTimer()
	for range writers {
		wg.Go(func() {
			for i := n.Add(1); i <= int64(b.N); i = n.Add(1) {
				if _, err := c.InsertOne(b.Context(),
					bson.D{
						{Key: pathID, Value: fmt.Sprint(i)}, {Key: "pad", Value: pad},
					}); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
}
