package api

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/vault"
	"github.com/lunpai/lunpai/workflow"
)

// counted counts how often somebody reads on in a journal.
type counted struct {
	repo.Store
	reads *atomic.Int64
}

func (s counted) Since(ctx context.Context, site workflow.SiteID, seq int64,
	limit int,
) ([]*repo.Page, error) {
	if limit == feedPages {
		s.reads.Add(1)
	}
	return s.Store.Since(ctx, site, seq, limit)
}

// TestScanBudget: a consultant who has nothing of his own is answered after so many commits, and
// told where to go on.
func TestScanBudget(t *testing.T) {
	o := newOffice(t, setup{})
	o.api.scan = 5
	for range 11 {
		o.arrive("arrived", nil)
	}
	// 13
	mine := o.must(200, o.do("D", "POST", "/v1/sites/s/staff/D/leave",
		`{"reason":"personal"}`)).at("seq")
	o.arrive("arrived", nil)
	after, pages := 0, 0
	var seen []any
	for ; ; pages++ {
		a := o.must(200, o.do("D", "GET", fmt.Sprintf("/v1/sites/s/commits?after=%d", after), nil))
		list, _ := a.at("commits").([]any)
		for i := range list {
			seen = append(seen, a.at("commits", i, "seq"))
		}
		seq, _ := a.at("seq").(float64)
		if int(seq)-after > 5 {
			t.Errorf("%d commits were looked at for one page", int(seq)-after)
		}
		next, more := a.at("next_after").(float64)
		if !more {
			break
		}
		after = int(next)
	}
	// the first is the founding of the site, which names him
	if pages != 2 || len(seen) != 2 || seen[1] != mine {
		t.Errorf("%d pages to go on, commits %v, want 1 and %v", pages, seen, mine)
	}
	// A stream goes through all of it by itself.
	events, stop := o.stream(o.listen(), "D", "1")
	defer stop()
	e := o.next(events)
	for e.comment {
		e = o.next(events)
	}
	if e.id != fmt.Sprint(mine) {
		t.Errorf("the stream begins with %+v", e)
	}
}

// TestStreamAnswersWhileItCatchesUp: a stream that has much to look at, finds nothing for its
// caller and must wait for its rate has answered all the same.
func TestStreamAnswersWhileItCatchesUp(t *testing.T) {
	o := newOffice(t, setup{})
	o.api.scan = 2 * looksAToken
	for range 4*looksAToken + 5 {
		o.arrive("arrived", nil)
	}
	// one token for the request, two for the first commits; the next ones take half an hour
	o.api.requests = newBuckets(0.001, 3, maxBuckets)
	events, stop := o.stream(o.listen(), "D", "1")
	defer stop()
	if e := o.next(events); !e.comment {
		t.Errorf("the stream begins with %+v", e)
	}
}

// TestEntriesAsTheyStand: an entry that is put together from a commit's text is, byte for byte, the
// one that is decoded.
func TestEntriesAsTheyStand(t *testing.T) {
	o := newOffice(t, setup{})
	o.customer("13900000001")
	o.must(200, o.do("D", "POST", "/v1/sites/s/staff/D/leave", `{"reason":"personal"}`))
	o.must(201, o.do("M", "POST", "/v1/sites/s/staff", `{"id":"<E>&","role":"consultant"}`))
	o.clock.Set(monday.Add(time.Hour))
	o.arrive("assigned", nil)
	o.clock.Set(monday)
	o.must(200, o.do("admin", "PATCH", "/v1/sites/s", `{"note_clock":true}`))
	o.arrive("arrived", nil)
	pages, err := o.store.Since(t.Context(), "s", 1, 100)
	o.ok(err)
	for _, p := range pages {
		ks, err := p.Outlines()
		o.ok(err)
		for _, k := range ks {
			got, err := asItStands(k)
			o.ok(err)
			e, err := shownOutline(k)
			o.ok(err)
			want, err := e.written()
			o.ok(err)
			if string(got.text) != string(want.text) || got.seq != want.seq {
				t.Errorf("got  %s\nwant %s", got.text, want.text)
			}
		}
	}
}

// TestFeedIsPaidFor: what a key makes the server look at counts against its rate.
func TestFeedIsPaidFor(t *testing.T) {
	o := newOffice(t, setup{config: func(c *Config) { c.KeyRate = 0 }})
	now := time.Now()
	o.api.requests.now = func() time.Time { return now }
	c := &call{api: o.api, key: vault.Key{ID: "k"}}
	if wait := c.looked(looksAToken - 1); wait != 0 {
		t.Errorf("a page costs %v", wait)
	}
	if wait := c.looked(300 * looksAToken); wait != 0 {
		t.Errorf("what the burst pays for costs %v", wait)
	}
	if wait := c.looked(scanBudget); wait != scanBudget/looksAToken*10*time.Millisecond {
		t.Errorf("a scan more than that costs %v", wait)
	}
}

// TestOneReaderASite: however many follow, what lands is read once.
func TestOneReaderASite(t *testing.T) {
	var reads atomic.Int64
	o := newOffice(t, setup{wrap: func(s repo.Store) repo.Store { return counted{s, &reads} }})
	o.api.tick = 50 * time.Millisecond
	url := o.listen()
	var all []<-chan event
	for _, who := range []string{"desk", "S", "M", "L"} {
		for range streamsAKey {
			events, stop := o.stream(url, who, "1")
			defer stop()
			if e := o.next(events); !e.comment {
				t.Fatalf("first %+v", e)
			}
			all = append(all, events)
		}
	}
	before := reads.Load()
	const landed = 4
	for range landed {
		o.arrive("arrived", nil)
	}
	for i, events := range all {
		for seq := 2; seq < 2+landed; {
			e := o.next(events)
			if e.comment {
				continue
			}
			if e.id != fmt.Sprint(seq) {
				t.Fatalf("stream %d: event %s, want %d", i, e.id, seq)
			}
			seq++
		}
	}
	if n := reads.Load() - before; n > 3*landed {
		t.Errorf("%d streams made %d reads for %d commits", len(all), n, landed)
	}
}

// TestSlowFollower: who does not take what comes is let go; he finds all of it when he comes back.
func TestSlowFollower(t *testing.T) {
	o := newOffice(t, setup{})
	slow, err := o.api.feeds.follow(t.Context(), "s")
	o.ok(err)
	defer slow.leave()
	quick, err := o.api.feeds.follow(t.Context(), "s")
	o.ok(err)
	defer quick.leave()
	const n = followBuffer + 3
	for i := range n {
		o.arrive("arrived", nil)
		f := <-quick.frames
		if f.seq != int64(2+i) || len(f.text) == 0 {
			t.Fatalf("frame %d: %+v", i, f)
		}
	}
	got := 0
	for f := range slow.frames { // ends, because it is closed
		if got++; f.seq != slow.from+int64(got) {
			t.Fatalf("frame %d is commit %d", got, f.seq)
		}
	}
	if got != followBuffer {
		t.Errorf("the slow one got %d frames, the buffer holds %d", got, followBuffer)
	}
	quick.leave()
	slow.leave()
	again, err := o.api.feeds.follow(t.Context(), "s")
	o.ok(err)
	defer again.leave()
	if again.from != n+1 {
		t.Errorf("joined at %d, want %d", again.from, n+1)
	}
}

// TestFeedOfABrokenJournal: what contradicts itself is not handed on; streams end and new ones are
// refused until it is mended.
func TestFeedOfABrokenJournal(t *testing.T) {
	var broken atomic.Bool
	o := newOffice(t, setup{wrap: func(s repo.Store) repo.Store { return bent{s, &broken} }})
	o.api.tick = 10 * time.Millisecond
	events, stop := o.stream(o.listen(), "desk", "1")
	defer stop()
	o.next(events)
	broken.Store(true)
	o.arrive("arrived", nil)
	o.ended(events)
	broken.Store(false)
	again, err := o.api.feeds.follow(t.Context(), "s")
	o.ok(err)
	again.leave()
}

// bent shows feeds pages that do not match their hash.
type bent struct {
	repo.Store
	on *atomic.Bool
}

func (s bent) Since(ctx context.Context, site workflow.SiteID, seq int64, limit int) ([]*repo.Page,
	error,
) {
	pages, err := s.Store.Since(ctx, site, seq, limit)
	if s.on.Load() && limit == feedPages {
		for i, p := range pages {
			c := *p
			c.Body = append([]byte{' '}, p.Body...)
			pages[i] = &c
		}
	}
	return pages, err
}
