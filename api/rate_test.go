package api

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"github.com/lunpai/lunpai/repo"
)

// stand makes the time of a limiter stand still, so that a slow machine gives nothing back
// meanwhile.
func stand(b *buckets) (advance func(time.Duration)) {
	now := time.Now()
	b.now = func() time.Time { return now }
	return func(d time.Duration) { now = now.Add(d) }
}

// TestKeyRate: a key that asks too often is told when to come again, and others do not notice.
func TestKeyRate(t *testing.T) {
	o := newOffice(t, setup{config: func(c *Config) { c.KeyRate = 0 }})
	o.api.requests.of = map[string]*rate.Limiter{} // what founding the office took
	advance := stand(o.api.requests)
	get := func(who string) *answer { return o.do(who, "GET", "/v1/sites/s/rota", nil) }
	for i := range 300 {
		a := o.must(200, get("A"))
		if a.header.Get("RateLimit-Limit") != "300" ||
			a.header.Get("RateLimit-Remaining") != strconv.Itoa(299-i) ||
			a.header.Get("RateLimit-Reset") != strconv.Itoa(i/100+1) {
			t.Fatalf("request %d: %v", i, a.header)
		}
	}
	a := o.must(429, get("A"))
	if a.header.Get("Retry-After") != "1" || a.str("code") != "too_many" || a.str("fix") == "" ||
		a.header.Get("RateLimit-Remaining") != "0" || a.header.Get("RateLimit-Reset") != "3" {
		t.Errorf("%v %s", a.header, a.raw)
	}
	o.must(429, o.do("A", "POST", "/v1/sites/s/staff/A/leave", `{"reason":"personal"}`))
	// nor does an address that is not his cost less
	o.must(429, o.do("A", "GET", "/v1/sites/z/rota", nil))
	o.must(200, get("B"))
	o.must(200, o.do("", "GET", "/healthz", nil))
	advance(time.Second)
	for range 100 {
		o.must(200, get("A"))
	}
	o.must(429, get("A"))

	// Work is paid for, also what was not there to pay with.
	o.api.requests.spend(o.keyIDs["B"], 250)
	for range 49 {
		o.must(200, get("B"))
	}
	o.api.requests.spend(o.keyIDs["B"], 200)
	if a := o.must(429, get("B")); a.header.Get("Retry-After") != "2" {
		t.Errorf("Retry-After %s", a.header.Get("Retry-After"))
	}

	free := newOffice(t, setup{config: func(c *Config) { c.KeyRate = -1 }})
	stand(free.api.requests)
	for range 1000 {
		if a := free.do("A", "GET", "/v1/policies", nil); a.status != 200 ||
			a.header.Get("RateLimit-Limit") != "" {
			t.Fatalf("unlimited: %d %v", a.status, a.header)
		}
	}
}

// TestWrongKeys: who shows wrong keys is told to wait, and whoever has a good one behind the same
// address is not. Made-up keys fill no memory.
func TestWrongKeys(t *testing.T) {
	o := newOffice(t, setup{config: func(c *Config) { c.KeyRate = 0 }})
	o.api.requests.of = map[string]*rate.Limiter{}
	o.api.failures = newBuckets(failuresAMinute/60.0, failuresAMinute, maxBuckets)
	advance := stand(o.api.failures)
	wrong := func(i int) *answer {
		o.tokens["stranger"] = fmt.Sprintf("lp_%032x_secret", i)
		return o.do("stranger", "GET", "/v1/sites/s/rota", nil)
	}
	for i := range 10 {
		if a := o.must(401, wrong(i)); a.header.Get("WWW-Authenticate") == "" {
			t.Error("401 without WWW-Authenticate")
		}
	}
	for i := range 50 {
		if a := o.must(429, wrong(10+i)); a.header.Get("Retry-After") != "6" || a.str("fix") == "" {
			t.Errorf("Retry-After %q: %s", a.header.Get("Retry-After"), a.raw)
		}
		o.must(200, o.do("A", "GET", "/v1/sites/s/rota", nil)) // the same address
	}
	// a key's id with another secret
	o.tokens["stranger"] = strings.TrimSuffix(o.tokens["B"], "x") + "y"
	o.must(429, o.do("stranger", "GET", "/v1/sites/s/rota", nil))
	o.must(401, o.do("", "GET", "/v1/sites/s/rota", nil)) // no key at all is no try
	if n := len(o.api.requests.of); n != 1 {
		t.Errorf("%d keys are remembered, one was good", n)
	}
	advance(7 * time.Second)
	o.must(401, wrong(99))
	o.must(429, wrong(100))
	advance(time.Minute)
	for i := range 10 {
		o.must(401, wrong(200+i))
	}
}

// TestRefusalsHesitate: who does not heed a refusal gets the next one no sooner than after a pause;
// when too many wait they are answered at once, and whoever is not refused never waits.
func TestRefusalsHesitate(t *testing.T) {
	o := newOffice(t, setup{config: func(c *Config) { c.KeyRate = 0 }})
	stand(o.api.requests)
	o.api.pause = time.Hour // whoever waits, waits till the end of the test
	o.api.refusals = make(chan struct{}, 1)
	o.api.requests.spend(o.keyIDs["A"], 300)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan int, 1)
	go func() {
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/v1/sites/s/rota", nil)
		r.Header.Set("Authorization", "Bearer "+o.tokens["A"])
		w := httptest.NewRecorder()
		o.api.ServeHTTP(w, r)
		done <- w.Code
	}()
	o.eventually("the refusal waits", func() bool { return len(o.api.refusals) == 1 })
	o.must(200, o.do("B", "GET", "/v1/sites/s/rota", nil))
	o.must(429, o.do("A", "GET", "/v1/sites/s/rota", nil)) // one too many to wait
	if len(done) != 0 {
		t.Error("the first refusal did not wait")
	}
	cancel()
	if got := <-done; got != http.StatusTooManyRequests {
		t.Errorf("refused with %d", got)
	}
}

// TestFloodOfWrongKeys: however many wrong keys come at once, few are looked up at a time, and a
// good key from the same address gets its answer.
func TestFloodOfWrongKeys(t *testing.T) {
	var now, most atomic.Int64
	o := newOffice(t, setup{wrap: func(s repo.Store) repo.Store {
		return lookedUp{
			s, &now,
			&most,
		}
	}})
	o.api.failures = newBuckets(failuresAMinute/60.0, failuresAMinute, maxBuckets)
	stand(o.api.failures)
	ask := func(token string) int {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/sites/s/rota", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		o.api.ServeHTTP(w, r)
		return w.Code
	}
	for i := range failuresAMinute {
		ask(fmt.Sprintf("lp_%032x_secret", i))
	}
	most.Store(0)
	var wg sync.WaitGroup
	for i := range 24 {
		wg.Go(func() {
			if got := ask(fmt.Sprintf("lp_%032x_secret",
				100+i)); got != http.StatusTooManyRequests {
				t.Errorf("a wrong key: %d", got)
			}
		})
	}
	for _, who := range []string{"B", "C", "D"} { // not seen before
		wg.Go(func() {
			if got := ask(o.tokens[who]); got != http.StatusOK {
				t.Errorf("%s's key: %d", who, got)
			}
		})
	}
	wg.Wait()
	if n := most.Load(); n > strangersAtOnce {
		t.Errorf("%d keys were looked up at once", n)
	}
}

// lookedUp counts how many keys are being looked up at once.
type lookedUp struct {
	repo.Store
	now, most *atomic.Int64
}

func (s lookedUp) Side(ctx context.Context, c repo.SideCollection, id string) (repo.Side, error) {
	if c == repo.APIKeys && strings.HasPrefix(id, "00") {
		n := s.now.Add(1)
		defer s.now.Add(-1)
		for m := s.most.Load(); n > m && !s.most.CompareAndSwap(m, n); m = s.most.Load() {
		}
		runtime.Gosched()
	}
	return s.Store.Side(ctx, c, id)
}

// TestBucketsAreBounded: names that somebody makes up do not fill the memory, and who is being
// limited is not forgotten for those who are not.
func TestBucketsAreBounded(t *testing.T) {
	b := newBuckets(1, 3, 100)
	advance := stand(b)
	for range 4 {
		b.take("greedy")
	}
	for i := range 99 {
		b.take(fmt.Sprint(i))
	}
	advance(time.Second) // all but greedy are full again
	for i := range 60 {
		b.take(fmt.Sprint("more ", i))
	}
	if len(b.of) > 100 {
		t.Errorf("%d names", len(b.of))
	}
	if _, wait := b.take("greedy"); wait != 0 { // the second has given one token back
		t.Error("the second gave nothing back")
	}
	if _, wait := b.take("greedy"); wait != 1 {
		t.Errorf("greedy waits %d s: he was forgotten", wait)
	}
	for i := range 10_000 {
		b.take(fmt.Sprint("flood ", i))
	}
	if len(b.of) > 100 {
		t.Errorf("%d names", len(b.of))
	}
}

// TestNetworks: an owner of IPv6 addresses has 2⁶⁴ of them.
func TestNetworks(t *testing.T) {
	for ip, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "192.0.2.1:4711": "192.0.2.1",
		"::ffff:192.0.2.1": "::ffff:192.0.2.1", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
		"[2001:db8:1:2::7]:80": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64", "": "",
		"pipe": "pipe",
	} {
		if got := network(ip); got != want {
			t.Errorf("%q: %q, want %q", ip, got, want)
		}
	}
}

// TestStreamsAKey: a key holds so many streams and no more; the place of one that ended is free
// again.
func TestStreamsAKey(t *testing.T) {
	o := newOffice(t, setup{})
	o.api.tick = 10 * time.Millisecond
	url := o.listen()
	var stops []func()
	for range streamsAKey {
		events, stop := o.stream(url, "desk", "1")
		stops = append(stops, stop)
		o.next(events)
	}
	a := o.do("desk", "GET", "/v1/sites/s/commits", nil, "Accept", "text/event-stream")
	if a.status != http.StatusTooManyRequests || a.header.Get("Retry-After") == "" ||
		a.str("code") != "too_many" {
		t.Errorf("one stream too many: %d %s", a.status, a.raw)
	}
	o.must(200, o.do("desk", "GET", "/v1/sites/s/commits", nil)) // pages are no streams
	other, stop := o.stream(url, "S", "1")
	o.next(other)
	stops = append(stops, stop)
	for _, stop := range stops {
		stop()
	}
	open := func(c *counter) int { c.mu.Lock(); defer c.mu.Unlock(); return len(c.of) }
	o.eventually("the places are free", func() bool { return open(o.api.streams) == 0 })
	events, stop := o.stream(url, "desk", "1")
	o.next(events)
	stop()
	o.eventually("the feed is forgotten", func() bool {
		o.api.feeds.mu.Lock()
		defer o.api.feeds.mu.Unlock()
		return len(o.api.feeds.of) == 0
	})
}

// TestCounter: it counts right when all come and go at once.
func TestCounter(t *testing.T) {
	n := &counter{most: 3, of: map[string]int{}}
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			for range 200 {
				if leave, ok := n.enter("k"); ok {
					leave()
					leave() // twice is once
				}
			}
		})
	}
	wg.Wait()
	if len(n.of) != 0 {
		t.Errorf("left over: %v", n.of)
	}
}
