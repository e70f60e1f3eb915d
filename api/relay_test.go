package api

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/vault"
	"github.com/lunpai/lunpai/workflow"
)

// instance is one of two on a MongoDB, on a port of its own.
type instance struct {
	api    *API
	engine *repo.Engine
	owners *repo.Owners
	server *httptest.Server
	// before, if set, gets what other instances and clients send before the service does; true: it
	// was dealt with.
	before atomic.Pointer[func(http.ResponseWriter, *http.Request) bool]
}

func (i *instance) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if f := i.before.Load(); f != nil && (*f)(w, r) {
		return
	}
	i.api.ServeHTTP(w, r)
}

// counted is the value of a metric by its result.
func (i *instance) counted(name, result string) float64 {
	families, err := i.api.metrics.registry.Gather()
	if err != nil {
		return -1
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if f.GetName() == name && l.GetName() == "result" && l.GetValue() == result {
					return m.GetCounter().GetValue()
				}
			}
		}
	}
	return -1
}

// pair is an office served by two instances. The first owns site s.
type pair struct {
	*office
	of [2]*instance
}

const pairSecret = "a secret that two instances share"

// newPair makes a pair whose leases last for a while.
func newPair(t *testing.T, lease time.Duration, configure func(*Config)) *pair {
	t.Helper()
	p := &pair{}
	var uri string
	config := func(i int, s repo.Store) func(*Config) {
		return func(c *Config) {
			n := &instance{}
			n.server = httptest.NewServer(n)
			t.Cleanup(n.server.Close)
			keeper, ok := s.(repo.LeaseKeeper)
			if !ok {
				t.Fatal("the store keeps no leases")
			}
			n.owners = repo.NewOwners(repo.OwnersConfig{
				Store: keeper, Addr: n.server.URL, For: lease, Look: lease,
			})
			c.Owners, c.PeerSecret = n.owners, []byte(pairSecret)
			if configure != nil {
				configure(c)
			}
			p.of[i], n.engine = n, c.Engine
		}
	}
	var first repo.Store
	p.office = newOffice(t, setup{
		store: func(o *office) (s repo.Store, err error) {
			uri = newMongo(o)
			first, err = openMongo(o, uri)
			return first, err
		},
		config: func(c *Config) { config(0, first)(c) },
	})
	p.of[0].api = p.api
	p.of[1].api = p.second(uri, config)
	for _, n := range p.of {
		t.Cleanup(n.api.relay.client.(*http.Transport).CloseIdleConnections)
	}
	p.must(200, p.at(0, "desk", "GET", "/v1/sites/s/rota", nil))
	if p.of[0].owners.Owned() != 1 {
		t.Fatal("the first instance does not own the site")
	}
	return p
}

// second opens the database once more, as another process does.
func (p *pair) second(uri string, config func(int, repo.Store) func(*Config)) *API {
	p.Helper()
	s, err := openMongo(p.office, uri)
	p.ok(err)
	ring, err := vault.LoadKeyring(filepath.Join(filepath.Dir(p.path), "keys.json"))
	p.ok(err)
	v, err := vault.New(p.Context(), s, ring, nil)
	p.ok(err)
	e := repo.NewEngine(repo.Config{Store: s, Now: p.clock.Now})
	p.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		p.ok(e.Drain(ctx))
		p.ok(s.Close())
	})
	cfg := Config{
		Engine: e, Store: s, Keys: vault.NewKeys(e, s, nil), Vault: v, Now: p.clock.Now,
		Clock: p.clock, Version: "test", KeyRate: -1,
	}
	config(1, s)(&cfg)
	a, err := New(cfg)
	p.ok(err)
	a.pause = 0
	return a
}

// at sends a request to one of the instances.
func (p *pair) at(i int, who, method, path string, body any, headers ...string) *answer {
	p.Helper()
	p.api = p.of[i].api
	return p.do(who, method, path, body, headers...)
}

// sent is what became of so many requests that the second instance should send to the first.
func (p *pair) sent(result string, want float64) {
	p.Helper()
	if n := p.of[1].counted("lunpai_forwarded_total", result); n != want {
		p.Errorf("%v requests %s, want %v", n, result, want)
	}
}

const arrivals = "/v1/sites/s/visits"

// TestForwarded: a request at an instance that does not own the site is answered by the owner, as
// if it had been sent there.
func TestForwarded(t *testing.T) {
	p := newPair(t, time.Minute, nil)
	id := strings.Repeat("a1", 10)
	a := p.must(201, p.at(1, "desk", "POST", arrivals, `{"identify":{"kind":"new"}}`,
		"Idempotency-Key", "one", "X-Request-Id", id))
	p.sent("answered", 1)
	if n := p.of[0].counted("lunpai_forwards_received_total", "accepted"); n != 1 {
		t.Errorf("the owner got %v requests", n)
	}
	if a.header.Get("X-Request-Id") != id || a.header.Get("ETag") == "" ||
		a.header.Get("Location") == "" || a.header.Get("Idempotency-Key") != "one" {
		t.Errorf("headers %v", a.header)
	}
	again := p.must(201, p.at(0, "desk", "POST", arrivals, `{"identify":{"kind":"new"}}`,
		"Idempotency-Key", "one"))
	if again.header.Get("Idempotency-Replayed") != "true" ||
		again.str("visit", "id") != a.str("visit", "id") {
		t.Errorf("the same request at the owner: %v %s", again.header, again.raw)
	}
	head := p.head("s")
	dry := p.must(200, p.at(1, "desk", "POST", arrivals+"?dry_run=true", nil))
	if dry.at("dry_run") != true || p.head("s") != head {
		t.Errorf("the query was lost: %s", dry.raw)
	}
	list := p.must(200, p.at(1, "desk", "GET", arrivals+"?state=identified", nil))
	if list.str("visits", 0, "id") != a.str("visit", "id") {
		t.Errorf("whoever lists what he has just changed does not find it: %s", list.raw)
	}
	p.must(412, p.at(1, "desk", "POST", arrivals+"/"+a.str("visit", "id")+"/serve", nil,
		"If-Match", `"1"`))
	p.must(400, p.at(1, "desk", "POST", arrivals, `{"idntify":1}`))
	p.sent("answered", 5)
	for _, path := range []string{"commits", "reports"} { // long, or lasting
		p.must(200, p.at(1, "M", "GET", "/v1/sites/s/"+path, nil))
	}
	p.must(200, p.at(1, "admin", "GET", "/v1/sites/s", nil))
	p.sent("answered", 5)
	if p.of[1].owners.Owned() != 0 {
		t.Error("the second instance owns something")
	}
}

// TestForwardedSessions: a browser's session is good at either instance, and the page that sends is
// compared with the name that the browser knows, not with the owner's.
func TestForwardedSessions(t *testing.T) {
	p := newPair(t, time.Minute, nil)
	a := p.must(200, p.at(1, "", "POST", "/v1/session", map[string]string{"key": p.tokens["desk"]}))
	cookie := cookieOf(t, a)
	send := func(origin string) *answer {
		return p.at(1, "", "POST", arrivals, nil, "Cookie", cookie, "Origin", origin)
	}
	p.must(201, send("http://example.com"))
	p.sent("answered", 1)
	p.must(403, send("http://evil.example"))
	p.sent("answered", 1)
	p.must(200, p.at(0, "", "GET", "/v1/session", nil, "Cookie", cookie))
	p.must(204, p.at(1, "", "DELETE", "/v1/session", nil, "Cookie", cookie))
	p.eventually("signed out at the other one", func() bool {
		return p.at(0, "", "GET", "/v1/session", nil, "Cookie", cookie).status == 401
	})
}

// TestForwardedLimits: what a key may do is counted at the owner, wherever it asks.
func TestForwardedLimits(t *testing.T) {
	p := newPair(t, time.Minute, func(c *Config) { c.KioskHourly = 2; c.KioskGap = -1 })
	for i, want := range []int{201, 201, 429, 429} {
		p.must(want, p.at(i%2, "kiosk", "POST", arrivals, nil))
	}
	p.of[0].api.requests = newBuckets(0.001, 3, maxBuckets)
	p.of[1].api.requests = newBuckets(0.001, 1, maxBuckets)
	for i, want := range []int{200, 200, 200, 429, 429} {
		a := p.must(want, p.at((i+1)%2, "M", "GET", "/v1/sites/s/rota", nil))
		if a.header.Get("RateLimit-Limit") != "3" {
			t.Errorf("limits of request %d: %v", i, a.header)
		}
	}
}

// TestForwardedForStrangers: nobody gets to the owner without a key for the site; other offices'
// keys find nothing, and nothing is noted of sites that they name.
func TestForwardedForStrangers(t *testing.T) {
	p := newPair(t, time.Minute, nil)
	p.tokens["nobody"] = "lp_nobody"
	p.must(401, p.at(1, "nobody", "GET", "/v1/sites/s/rota", nil))
	p.must(404, p.at(1, "zM", "GET", "/v1/sites/s/rota", nil))
	p.must(404, p.at(1, "M", "POST", "/v1/sites/nowhere/visits", nil))
	p.must(404, p.at(1, "admin", "GET", "/v1/sites/nowhere", nil))
	p.sent("answered", 0)
	if n := p.of[1].owners.Owned(); n != 0 {
		t.Errorf("strangers made the second instance own %d sites", n)
	}
}

// TestSeal: the client's address comes from the header only under the instances' seal; any other
// header is ignored. With either the request is not forwarded again.
func TestSeal(t *testing.T) {
	p := newPair(t, time.Minute, nil)
	const uri, client, sender = "/v1/sites/s/rota?x=1", "198.51.100.7:9", "192.0.2.1"
	good := p.of[0].api.relay.seal
	other := &seal{secret: []byte(strings.Repeat("x", 40)), now: time.Now}
	at := func(d time.Duration) *seal {
		return &seal{secret: good.secret, now: func() time.Time { return time.Now().Add(d) }}
	}
	old, early := at(-time.Minute), at(time.Minute)
	sealed := good.make("GET", uri, client)
	p.tokens["nobody"] = "lp_nobody"
	for name, c := range map[string]struct{ header, counted string }{
		"sealed":          {sealed, "198.51.100.7"},
		"another secret":  {other.make("GET", uri, client), sender},
		"another method":  {good.make("POST", uri, client), sender},
		"another query":   {good.make("GET", "/v1/sites/s/rota?x=2", client), sender},
		"too old":         {old.make("GET", uri, client), sender},
		"too early":       {early.make("GET", uri, client), sender},
		"another client":  {strings.Replace(sealed, "100.7", "100.8", 1), sender},
		"no address":      {good.make("GET", uri, "me"), sender},
		"a plain address": {client, sender},
		"a number":        {"1", sender},
		"empty":           {"", sender},
	} {
		t.Run(name, func(t *testing.T) {
			p.of[1].api.failures = newBuckets(1, 100, maxBuckets)
			p.must(401, p.at(1, "nobody", "GET", uri, nil, forwardedHeader, c.header))
			of := p.of[1].api.failures.of
			if of[c.counted] == nil || len(of) != 1 {
				t.Errorf("counted under %v, want %s", of, c.counted)
			}
			p.must(200, p.at(1, "desk", "GET", strings.TrimSuffix(uri, "?x=1"), nil,
				forwardedHeader, c.header))
			p.sent("answered", 0) // never twice, and never in a circle
		})
	}
	p.must(200, p.at(1, "desk", "GET", "/v1/sites/s/rota", nil))
	p.sent("answered", 1)
}

// TestPeersWithOtherSecrets: the instances decide as if they knew nothing of each other.
func TestPeersWithOtherSecrets(t *testing.T) {
	p := newPair(t, time.Minute, nil)
	p.of[1].api.relay.seal.secret = []byte(strings.Repeat("y", 40))
	p.must(201, p.at(1, "desk", "POST", arrivals, nil))
	if n := p.of[0].counted("lunpai_forwards_received_total", "refused"); n != 1 {
		t.Errorf("%v requests refused, want 1", n)
	}
	if !strings.Contains(p.log.String(), "no valid seal") {
		t.Error("nobody tells the operator")
	}
}

// TestOwnerGone: an owner that cannot be reached is left out at once, and its site is owned by the
// other when the lease has run out.
func TestOwnerGone(t *testing.T) {
	p := newPair(t, 2*time.Second, nil)
	p.of[0].server.Close() // as after kill -9
	for range 10 {
		p.must(201, p.at(1, "desk", "POST", arrivals, nil))
	}
	// once, and at most once more before the lease runs out: then it is left alone for a while
	if n := p.of[1].counted("lunpai_forwarded_total", "unreachable"); n < 1 || n > 2 {
		t.Errorf("the owner, who is gone, was asked %v times", n)
	}
	p.eventually("the site is owned again", func() bool {
		p.must(200, p.at(1, "desk", "GET", "/v1/sites/s/rota", nil))
		return p.of[1].owners.Owned() == 1
	})
}

func (p *pair) eventually(what string, ok func() bool) {
	p.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			p.Fatal("never: " + what)
		}
	}
}

// TestPausedOwner: whoever waits too long is told that nobody knows; the same request again is
// decided at once by the other, and when the owner wakes it does nothing twice.
func TestPausedOwner(t *testing.T) {
	p := newPair(t, 2*time.Second, nil)
	p.of[1].api.relay.within = 50 * time.Millisecond
	wake, woken := make(chan struct{}), make(chan struct{})
	pause := func(w http.ResponseWriter, r *http.Request) bool {
		select {
		case <-wake:
		case <-t.Context().Done(): // the test failed
			return true
		}
		p.of[0].api.ServeHTTP(w, r.WithContext(context.WithoutCancel(r.Context())))
		close(woken)
		return true
	}
	p.of[0].before.Store(&pause)
	const body = `{"identify":{"kind":"new"}}`
	a := p.must(503, p.at(1, "desk", "POST", arrivals, body, "Idempotency-Key", "k"))
	if a.str("code") != "unknown" || a.str("outcome") != "unknown" {
		t.Errorf("a time-out after the request was sent: %s", a.raw)
	}
	p.sent("unknown", 1)
	var b *answer
	p.eventually("the other decides", func() bool {
		b = p.at(1, "desk", "POST", arrivals, body, "Idempotency-Key", "k")
		return b.status == 201
	})
	head := p.head("s")
	p.of[0].before.Store(nil)
	close(wake)
	<-woken
	if p.head("s") != head {
		t.Error("the owner that was paused decided the command once more")
	}
	p.eventually("the instances agree on an owner", func() bool {
		p.must(200, p.at(1, "desk", "GET", "/v1/sites/s/rota", nil))
		return p.of[1].owners.Owned() == 1
	})
	// the ex-owner believes in its lease until it asks, and meets the journal
	c := p.must(201, p.at(0, "desk", "POST", arrivals, body, "Idempotency-Key", "k"))
	if c.header.Get("Idempotency-Replayed") != "true" || c.str("visit") != b.str("visit") {
		t.Errorf("the same request at the ex-owner: %v %s", c.header, c.raw)
	}
}

// TestLostReply: the owner decided, and its answer was lost on the way.
func TestLostReply(t *testing.T) {
	p := newPair(t, time.Minute, nil)
	lose := func(_ http.ResponseWriter, r *http.Request) bool {
		p.of[0].api.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	}
	p.of[0].before.Store(&lose)
	head := p.head("s")
	a := p.must(503, p.at(1, "desk", "POST", arrivals, nil, "Idempotency-Key", "k"))
	if a.str("outcome") != "unknown" || p.head("s") != head+1 {
		t.Errorf("%s, head %d after %d", a.raw, p.head("s"), head)
	}
	p.of[0].before.Store(nil)
	b := p.must(201, p.at(1, "desk", "POST", arrivals, nil, "Idempotency-Key", "k"))
	if b.header.Get("Idempotency-Replayed") != "true" || p.head("s") != head+1 {
		t.Errorf("the same request again: %v", b.header)
	}
	// a question has no outcome: it is answered here
	p.of[0].before.Store(&lose)
	p.must(200, p.at(1, "desk", "GET", "/v1/sites/s/rota", nil))
}

// TestNoInstanceAnswers: something else answers at the owner's address.
func TestNoInstanceAnswers(t *testing.T) {
	p := newPair(t, time.Minute, nil)
	somebody := func(w http.ResponseWriter, _ *http.Request) bool {
		_, _ = w.Write([]byte(`{"visit":{"id":"made up"}}`))
		return true
	}
	p.of[0].before.Store(&somebody)
	if a := p.at(1, "desk", "POST", arrivals, nil); a.status != 503 {
		t.Errorf("an answer of somebody else is passed on: %d %s", a.status, a.raw)
	}
}

// TestDrainReleases: an instance that stops hands its sites over at once.
func TestDrainReleases(t *testing.T) {
	p := newPair(t, time.Hour, nil)
	p.must(201, p.at(1, "desk", "POST", arrivals, nil))
	p.ok(p.of[0].owners.Release(t.Context()))
	p.ok(p.engine.Drain(t.Context()))
	p.must(201, p.at(1, "desk", "POST", arrivals, nil)) // was refused there, so decided here
	p.sent("leaving", 1)
	p.must(201, p.at(1, "desk", "POST", arrivals, nil))
	if p.of[1].owners.Owned() != 1 || p.of[0].owners.Owned() != 0 {
		t.Errorf("after the drain they own %d and %d sites", p.of[0].owners.Owned(),
			p.of[1].owners.Owned())
	}
}

// TestTwoOwners: both believe that they own the site, as when one machine's clock stood still. They
// are slower, and right.
func TestTwoOwners(t *testing.T) {
	p := newPair(t, time.Minute, nil)
	p.ok(p.store.(repo.LeaseKeeper).Release(t.Context(), []workflow.SiteID{"s"}))
	p.must(200, p.at(1, "desk", "GET", "/v1/sites/s/rota", nil))
	if p.of[0].owners.Owned() != 1 || p.of[1].owners.Owned() != 1 {
		t.Fatal("not both own the site: the test is blind")
	}
	head := p.head("s")
	const each = 15
	var wg sync.WaitGroup
	for i, n := range p.of {
		wg.Go(func() {
			for k := range each {
				r := httptest.NewRequestWithContext(t.Context(), "POST", arrivals, nil)
				r.Header.Set("Authorization", "Bearer "+p.tokens["desk"])
				r.Header.Set("Idempotency-Key", fmt.Sprint(i, "-", k))
				w := httptest.NewRecorder()
				for n.api.ServeHTTP(w, r); w.Code == 503; n.api.ServeHTTP(w, r) {
					w = httptest.NewRecorder()
				}
				if w.Code != 201 {
					t.Errorf("instance %d: %d %s", i, w.Code, w.Body)
				}
			}
		})
	}
	wg.Wait()
	if n := p.head("s") - head; n != 2*each {
		t.Errorf("%d commits, want %d", n, 2*each)
	}
	// the one that renews finds out
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go p.of[0].owners.Run(ctx)
	p.eventually("the first has lost its lease", func() bool {
		return p.of[0].owners.Lapsed() == 1 && p.of[0].owners.Owned() == 0
	})
}

// TestErasedThroughEither: what one instance erases, the other shows no more.
func TestErasedThroughEither(t *testing.T) {
	for by := range 2 {
		t.Run(fmt.Sprint("instance ", by), func(t *testing.T) {
			p := newPair(t, time.Minute, nil)
			p.api = p.of[1-by].api
			id, _ := p.customer("13800138000")
			person := "/v1/sites/s/customers/" + id + "/person"
			for i := range 2 {
				a := p.must(200, p.at(i, "M", "GET", person+"?reason=call_back", nil))
				if !strings.Contains(a.raw, "13800138000") {
					t.Errorf("before: %s", a.raw)
				}
			}
			p.must(204, p.at(by, "M", "DELETE", person, nil))
			for i := range 2 {
				a := p.at(i, "M", "GET", person+"?reason=call_back", nil)
				if a.status == 200 || strings.Contains(a.raw, "13800138000") {
					t.Errorf("instance %d still shows: %d %s", i, a.status, a.raw)
				}
			}
		})
	}
}
