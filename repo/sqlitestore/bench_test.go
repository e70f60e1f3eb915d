package sqlitestore

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// BenchmarkAppend appends pages of one commit from 50 sites, 1, 16 or 64 a call, and one call of 64
// pages of 8 commits. A commit has a body of about 1 kB and two or three images: a visit that lives
// five commits, the live rota, a customer. For comparison it measures what the disk allows: durable
// inserts of a 1 kB record one by one.
func BenchmarkAppend(b *testing.B) {
	for _, c := range []struct{ pages, commits int }{{1, 1}, {16, 1}, {64, 1}, {64, 8}} {
		b.Run(fmt.Sprintf("pages=%d/commits=%d", c.pages, c.commits), func(b *testing.B) {
			s := openBench(b)
			l := newLoad(50)
			done := 0
			for b.Loop() {
				b.StopTimer()
				pages := l.pages(b, c.pages, c.commits)
				b.StartTimer()
				for i, err := range s.Append(b.Context(), pages) {
					if err != nil {
						b.Fatal(pages[i].Site, err)
					}
				}
				done += c.pages * c.commits
			}
			b.ReportMetric(float64(done)/b.Elapsed().Seconds(), "commits/s")
		})
	}
	b.Run("single inserts of 1 kB", func(b *testing.B) {
		s := openBench(b)
		note := repo.Side{
			Collection: repo.Notes,
			Body:       fmt.Appendf(nil, `{"text":%q}`, strings.Repeat("x", 1000)),
		}
		done := 0
		for b.Loop() {
			note.ID = fmt.Sprint(done)
			if err := s.Insert(b.Context(), note); err != nil {
				b.Fatal(err)
			}
			done++
		}
		b.ReportMetric(float64(done)/b.Elapsed().Seconds(), "inserts/s")
	})
}

func openBench(b *testing.B) *Store {
	b.Helper()
	s, err := Open(b.Context(), Config{Path: filepath.Join(b.TempDir(), "lunpai.db")})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	return s
}

// load makes the commits of a busy morning in many sites.
type load struct {
	sites []*office
	next  int
	made  int
}

type office struct {
	id     workflow.SiteID
	seq    int64
	prev   string
	visits []string // open, the oldest first
}

func newLoad(n int) *load {
	l := &load{}
	for i := range n {
		l.sites = append(l.sites, &office{id: workflow.SiteID(fmt.Sprintf("site-%02d", i))})
	}
	return l
}

func (l *load) pages(tb testing.TB, pages, commits int) []*repo.Page {
	tb.Helper()
	out := make([]*repo.Page, pages)
	for i := range out {
		o := l.sites[l.next%len(l.sites)]
		l.next++
		p, err := repo.NewPage(o.id, o.prev, l.commits(o, commits))
		if err != nil {
			tb.Fatal(err)
		}
		o.prev = p.Hash
		out[i] = p
	}
	return out
}

func (l *load) commits(o *office, n int) []*workflow.Commit {
	out := make([]*workflow.Commit, n)
	for i := range out {
		o.seq++
		l.made++
		id := sha256.Sum256(fmt.Append(nil, "command ", l.made))
		step := o.seq % 5
		if step == 1 || len(o.visits) == 0 {
			o.visits = append(o.visits,
				fmt.Sprintf("0199%08x-7abc-7000-8000-%012x", l.made, rand.Uint64()&0xffffffffffff))
		}
		visit := o.visits[0]
		if step == 0 {
			o.visits = o.visits[1:]
		}
		images := []workflow.Image{
			{Ref: workflow.VisitRef(workflow.VisitID(visit)), Open: step != 0, Doc: fmt.Appendf(nil,
				`{"id":%q,"site":%q,"seq":%d,"open":%v,"business_day":"2026-03-14","pad":%q}`,
				visit, o.id, o.seq, step != 0, pad(200))},
			{Ref: workflow.LiveRotaRef(o.id), Doc: fmt.Appendf(nil,
				`{"id":"%s/live","site":%q,"seq":%d,"open":false,"pad":%q}`, o.id, o.id, o.seq,
				pad(150))},
		}
		if step >= 3 {
			images = append(images,
				workflow.Image{
					Ref: workflow.CustomerRef(workflow.CustomerID(visit)),
					Doc: fmt.Appendf(nil,
						`{"id":%q,"site":%q,"seq":%d,"open":false,"owner":%q,`+
							`"status":"registered","last_contact_at":"2026-03-14T04:00:%02dZ"}`,
						visit, o.id, o.seq, []string{"li", "wang"}[o.seq%2], o.seq*7%60),
				})
		}
		out[i] = &workflow.Commit{
			Seq: o.seq, ID: hex.EncodeToString(id[:]),
			At:   time.UnixMilli(1773450000000 + int64(l.made)).UTC(),
			By:   workflow.Actor{Key: "k7f3", Role: workflow.RoleFrontDesk},
			Kind: "assign_visit", Command: []byte(`{}`), Subject: images[0].Ref, Images: images,
			MinReader: 1,
		}
	}
	return out
}

func pad(n int) string { return strings.Repeat("x", n+rand.IntN(40)) }
