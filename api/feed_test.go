package api

import (
	"bufio"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// listen serves the office with the server's own settings, but timeouts so short that a stream must
// outlive them.
func (o *office) listen() string {
	o.Helper()
	ctx, cancel := context.WithCancel(o.Context())
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	o.ok(err)
	srv := o.api.Server(ctx)
	srv.ReadTimeout, srv.WriteTimeout = 150*time.Millisecond, 150*time.Millisecond
	done := make(chan struct{})
	go func() { defer close(done); _ = srv.Serve(l) }()
	o.Cleanup(func() { cancel(); _ = srv.Close(); <-done })
	return "http://" + l.Addr().String()
}

type event struct {
	id, name string
	Entry    Entry
	comment  bool
}

// stream opens the event stream of site s, with a query; events come on the channel, which is
// closed with the stream.
func (o *office) stream(url, who, last string, query ...string) (<-chan event, func()) {
	o.Helper()
	return o.follow(url+"/v1/sites/s/commits"+strings.Join(query, ""), last, "Authorization",
		"Bearer "+o.tokens[who])
}

// streamOf is stream for a browser.
func (o *office) streamOf(url, cookie string) (<-chan event, func()) {
	o.Helper()
	return o.follow(url+"/v1/sites/s/commits", "1", "Cookie", cookie)
}

func (o *office) follow(url, last, header, value string) (<-chan event, func()) {
	o.Helper()
	ctx, cancel := context.WithCancel(o.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	o.ok(err)
	r.Header.Set(header, value)
	r.Header.Set("Accept", "text/event-stream")
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	tr := &http.Transport{}
	res, err := tr.RoundTrip(r)
	o.ok(err)
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/event-stream" ||
		res.Header.Get("Cache-Control") != "no-store" {
		o.Fatalf("the stream: %d %v", res.StatusCode, res.Header)
	}
	out := make(chan event, 64)
	go func() {
		defer close(out)
		defer tr.CloseIdleConnections()
		defer res.Body.Close()
		var e event
		for s := bufio.NewScanner(res.Body); s.Scan(); {
			k, v, _ := strings.Cut(s.Text(), ": ")
			switch k {
			case "id":
				e.id = v
			case "event":
				e.name = v
			case "data":
				_ = json.Unmarshal([]byte(v), &e.Entry)
			case "":
				if e.comment = s.Text() == ": still here"; e.comment || e.id != "" {
					out <- e
				}
				e = event{}
			}
		}
	}()
	return out, cancel
}

func (o *office) next(events <-chan event) event {
	o.Helper()
	select {
	case e, ok := <-events:
		if !ok {
			o.Fatal("the stream has ended")
		}
		return e
	case <-time.After(time.Minute):
		o.Fatal("nothing comes")
	}
	return event{}
}

// ended waits for the end of a stream, which shows nothing any more but commits of these kinds.
func (o *office) ended(events <-chan event, but ...workflow.Kind) {
	o.Helper()
	for {
		select {
		case e, ok := <-events:
			if !ok {
				return
			}
			if !e.comment && !slices.Contains(but, e.Entry.Kind) {
				o.Errorf("one more event: %+v", e)
			}
		case <-time.After(time.Minute):
			o.Fatal("the stream does not end")
		}
	}
}

func TestStream(t *testing.T) {
	o := newOffice(t, setup{})
	o.api.tick = 10 * time.Millisecond
	url := o.listen()
	events, stop := o.stream(url, "desk", "")
	defer stop()
	if e := o.next(events); e.id != "1" || e.name != "commit" || e.Entry.Kind != "create_site" {
		t.Errorf("first event %+v", e)
	}
	if e := o.next(events); !e.comment {
		t.Errorf("no heartbeat but %+v", e)
	}
	time.Sleep(400 * time.Millisecond) // longer than the server's timeouts
	v := o.arrive("assigned", nil)
	for {
		e := o.next(events)
		if e.comment {
			continue
		}
		if e.id != "2" || e.Entry.Subject.ID != v || len(e.Entry.Facts) == 0 ||
			e.Entry.By.Role != "front_desk" {
			t.Errorf("live event %+v", e)
		}
		break
	}
	stop()
	o.must(200, o.do("desk", "POST", "/v1/sites/s/visits/"+v+"/serve", nil))
	again, stop2 := o.stream(url, "desk", "2")
	defer stop2()
	if e := o.next(again); e.id != "3" || e.Entry.Kind != "serve_visit" {
		t.Errorf("resumed with %+v", e)
	}
}

func TestStreamEndsOnRevokedKey(t *testing.T) {
	o := newOffice(t, setup{})
	o.api.tick = 10 * time.Millisecond
	events, stop := o.stream(o.listen(), "desk", "1")
	defer stop()
	o.must(200, o.do("M", "DELETE", "/v1/sites/s/keys/"+o.keyIDs["desk"], nil))
	o.ended(events, "revoke_key") // the last thing that it may show is why it ends
}

func TestStreamEndsOnDrain(t *testing.T) {
	o := newOffice(t, setup{})
	o.api.tick = 10 * time.Millisecond
	events, stop := o.stream(o.listen(), "desk", "1")
	defer stop()
	o.ok(o.engine.Drain(t.Context()))
	o.ended(events)
}

// TestConsultantsFeed: a consultant sees what is about him, his visits and his customers.
func TestConsultantsFeed(t *testing.T) {
	o := newOffice(t, setup{})
	a := o.arrive("assigned", nil) // A's
	b := o.arrive("assigned", nil) // B's
	o.must(200, o.do("C", "POST", "/v1/sites/s/staff/C/leave", `{"reason":"personal"}`))
	for who, wanted := range map[string]string{"A": a, "B": b} {
		commits := o.must(200, o.do(who, "GET", "/v1/sites/s/commits", nil))
		text := commits.raw
		if !strings.Contains(text, wanted) || strings.Contains(text,
			map[string]string{"A": b, "B": a}[who]) || strings.Contains(text, `"kind":"leave"`) {
			t.Errorf("%s reads %s", who, text)
		}
	}
	events, stop := o.stream(o.listen(), "D", "1")
	defer stop()
	d := o.arrive("assigned", nil) // D's, because C is away
	e := o.next(events)
	for e.comment {
		e = o.next(events)
	}
	if e.Entry.Subject.ID != d {
		t.Errorf("D's first event is %+v", e)
	}
}

func TestCommitPages(t *testing.T) {
	o := newOffice(t, setup{})
	for range 5 {
		o.arrive("arrived", nil)
	}
	var seqs []float64
	after := "0"
	for range 10 {
		a := o.must(200, o.do("S", "GET", "/v1/sites/s/commits?limit=2&after="+after, nil))
		list, _ := a.at("commits").([]any)
		for i := range list {
			n, _ := a.at("commits", i, "seq").(float64)
			seqs = append(seqs, n)
		}
		next, more := a.at("next_after").(float64)
		if !more {
			break
		}
		after = string(rune('0' + int(next)))
	}
	if len(seqs) != 6 || seqs[0] != 1 || seqs[5] != 6 {
		t.Errorf("commits %v", seqs)
	}
	o.must(400, o.do("S", "GET", "/v1/sites/s/commits?after=-1", nil))
}

// TestRotas: the line now, at a commit, at a moment; the table of a day with a head that proves it.
func TestRotas(t *testing.T) {
	o := newOffice(t, setup{})
	v := o.arrive("assigned", nil) // 2: A's turn is used
	o.clock.Set(monday.Add(time.Hour))
	// 3: A is back, at the tail
	o.must(200, o.do("A", "POST", "/v1/sites/s/visits/"+v+"/register", `{"serve":true}`))
	line := func(q string, status int) string {
		a := o.must(status, o.do("S", "GET", "/v1/sites/s/rota"+q, nil))
		s := ""
		if l, ok := a.at("line").([]any); ok {
			for _, u := range l {
				s += u.(string)
			}
		}
		return s
	}
	for q, want := range map[string]string{
		"": "BCDA", "?seq=3": "BCDA", "?seq=2": "BCD", "?seq=1": "ABCD",
		"?at=2024-03-04T09:10:00%2B08:00": "BCD", "?at=2024-03-04T11:00:00%2B08:00": "BCDA",
	} {
		if got := line(q, 200); got != want {
			t.Errorf("rota%s: %s, want %s", q, got, want)
		}
	}
	for _, q := range []string{"?seq=99", "?at=2020-01-01T00:00:00Z"} {
		line(q, 404)
	}
	for _, q := range []string{
		"?seq=0", "?seq=x", "?at=yesterday",
		"?seq=1&at=2024-03-04T09:10:00%2B08:00",
	} {
		line(q, 400)
	}
	o.must(200, o.do("M", "POST", "/v1/sites/s/rota/close", nil))
	a := o.must(200, o.do("M", "GET", "/v1/sites/s/rotas/2024-03-04", nil))
	if a.str("marks", 0, "visit") != v || a.str("marks", 0, "counts_for") != "A" ||
		a.str("rota", "day") != "2024-03-04" {
		t.Errorf("the table: %s", a.raw)
	}
	seq, _ := a.at("head", "seq").(float64)
	reports, err := repo.Verify(t.Context(), o.store,
		repo.VerifyOptions{Expect: map[workflow.SiteID]repo.Expectation{"s": {
			Seq:  int64(seq),
			Hash: a.str("head", "hash"),
		}}})
	o.ok(err)
	if err := repo.Sound(reports); err != nil {
		t.Error(err)
	}
	o.must(404, o.do("M", "GET", "/v1/sites/s/rotas/2024-03-03", nil))
	o.must(400, o.do("M", "GET", "/v1/sites/s/rotas/monday", nil))
	if m, _ := o.must(200, o.do("B", "GET", "/v1/sites/s/rotas/2024-03-04",
		nil)).at("marks").([]any); len(m) != 0 {
		t.Errorf("B sees %d marks of others", len(m))
	}
}

// TestFeedPagesTakeTurns: a key reads one page of the feed at a time, so that one with a full
// bucket costs the others nothing; another key does not wait for it.
func TestFeedPagesTakeTurns(t *testing.T) {
	o := newOffice(t, setup{})
	o.arrive("arrived", nil)
	leave, err := o.api.pages.pass(t.Context(), o.keyIDs["A"], 1)
	o.ok(err)
	answered := make(chan *answer, 1)
	go func() { answered <- o.do("A", "GET", "/v1/sites/s/commits", nil) }()
	o.eventually("it waits", func() bool {
		o.api.pages.mu.Lock()
		defer o.api.pages.mu.Unlock()
		return o.api.pages.gates[o.keyIDs["A"]].users == 2
	})
	o.must(200, o.do("M", "GET", "/v1/sites/s/commits", nil))
	select {
	case a := <-answered:
		t.Errorf("answered out of turn: %d", a.status)
	default:
	}
	leave()
	o.must(200, <-answered)
}
