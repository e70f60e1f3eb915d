package api

import (
	"math"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/lunpai/lunpai/repo/vault"
)

// Limits per key and per address.
const (
	// keyRate is how many requests per second one key may send, burstSeconds how many seconds'
	// worth it may send at once.
	keyRate      = 100
	burstSeconds = 3
	// failuresAMinute is how many wrong keys an address may send per minute before it is told to
	// wait. Valid keys are never told so.
	failuresAMinute = 10
	// strangersAtOnce is how many keys are looked up at once from addresses that keep sending wrong
	// ones.
	strangersAtOnce = 2
	// refusalPause delays refusals of too many requests; at most refusalsWaiting are delayed at
	// once.
	refusalPause    = 100 * time.Millisecond
	refusalsWaiting = 1000
	// streamsAKey is how many event streams one key may keep open.
	streamsAKey = 5
	// maxBuckets limits how many keys, and how many addresses, are remembered.
	maxBuckets = 10_000
	// looksAToken is how many commits or documents may be read for one token. Requests that read a
	// lot cost more.
	looksAToken = 20
)

// buckets are token buckets by name. A full bucket need not be remembered.
type buckets struct {
	rate  rate.Limit // tokens a second; Inf: nothing is limited
	burst int
	most  int
	now   func() time.Time

	mu    sync.Mutex
	of    map[string]*rate.Limiter
	swept time.Time
}

func newBuckets(perSecond rate.Limit, burst, most int) *buckets {
	return &buckets{
		rate: perSecond, burst: burst, most: most, of: map[string]*rate.Limiter{},
		now: time.Now, //nolint:forbidigo // the machine's time: a rehearsal's clock jumps
	}
}

// get is the bucket of a name.
func (b *buckets) get(name string) *rate.Limiter {
	b.mu.Lock()
	defer b.mu.Unlock()
	l := b.of[name]
	if l == nil {
		b.makeRoom()
		l = rate.NewLimiter(b.rate, b.burst)
		b.of[name] = l
	}
	return l
}

// makeRoom forgets full buckets, at most once per second. If none is full it forgets any.
func (b *buckets) makeRoom() {
	if len(b.of) < b.most {
		return
	}
	if now := b.now(); now.Sub(b.swept) >= time.Second {
		b.swept = now
		for name, l := range b.of {
			if l.TokensAt(now) >= float64(b.burst) {
				delete(b.of, name)
			}
		}
	}
	for name := range b.of {
		if len(b.of) < b.most {
			return
		}
		delete(b.of, name)
	}
}

// take takes a token from a bucket, or returns the seconds until there is one.
func (b *buckets) take(name string) (left float64, wait int) {
	l, now := b.get(name), b.now()
	if l.AllowN(now, 1) {
		return l.TokensAt(now), 0
	}
	return 0, max(1, int(math.Ceil((1-l.TokensAt(now))/float64(b.rate))))
}

// empty is the seconds until a bucket has a token; 0: it has one now.
func (b *buckets) empty(name string) (wait int) {
	left := b.get(name).TokensAt(b.now())
	if left >= 1 {
		return 0
	}
	return max(1, int(math.Ceil((1-left)/float64(b.rate))))
}

// spend takes tokens for work that was done, even ones that are not there yet: the next requests
// wait.
func (b *buckets) spend(name string, n int) (wait time.Duration) {
	if b.rate == rate.Inf || n <= 0 {
		return 0
	}
	now := b.now()
	return b.get(name).ReserveN(now, min(n, b.burst)).DelayFrom(now)
}

// admit lets a request pass, or tells the caller when to try again.
func (c *call) admit() error {
	b := c.api.requests
	if b.rate == rate.Inf {
		return nil
	}
	left, wait := b.take(c.key.ID)
	h := c.Response().Header()
	h.Set("RateLimit-Limit", strconv.Itoa(b.burst))
	h.Set("RateLimit-Remaining", strconv.Itoa(max(0, int(left))))
	h.Set("RateLimit-Reset", strconv.Itoa(int(math.Ceil((float64(b.burst)-left)/float64(b.rate)))))
	if wait > 0 {
		c.hesitate()
		return tooMany("too_many", wait)
	}
	return nil
}

func tooMany(key string, wait int, args ...string) *Problem {
	p := problem(http.StatusTooManyRequests, key, args...)
	p.retry = wait
	return p
}

// hesitate delays a refusal, so that a client that ignores it cannot cause many. If too many are
// delayed already it returns at once.
func (c *call) hesitate() {
	select {
	case c.api.refusals <- struct{}{}:
		defer func() { <-c.api.refusals }()
	default:
		return
	}
	t := time.NewTimer(c.api.pause)
	defer t.Stop()
	select {
	case <-t.C:
	case <-c.Request().Context().Done():
	}
}

// looked charges the caller's key for commits or documents that were read.
func (c *call) looked(n int) (wait time.Duration) {
	return c.api.requests.spend(c.key.ID, n/looksAToken)
}

// stranger answers a request whose key does not work: 401 with the reason, or 429 after too many
// from one address.
func (c *call) stranger(why error) error {
	if _, wait := c.api.failures.take(network(c.RealIP())); wait > 0 {
		c.hesitate()
		return tooMany("too_many/wrong_keys", wait)
	}
	return why
}

// flooding reports whether an address has sent too many wrong keys recently.
func (c *call) flooding() bool {
	b := c.api.failures
	b.mu.Lock()
	l := b.of[network(c.RealIP())]
	b.mu.Unlock()
	return l != nil && l.TokensAt(b.now()) < 1
}

// identify finds the key of a request, and its session if it sends a cookie.
func (c *call) identify(token, cookie string) (
	key vault.Key, session *vault.Session, err error,
) {
	err = c.guess(func() (err error) {
		key, session, err = c.resolve(token, cookie)
		return err
	})
	return key, session, err
}

// resolve finds the key of a token, or of a session by its cookie.
func (c *call) resolve(token, cookie string) (vault.Key, *vault.Session, error) {
	ctx := c.Request().Context()
	if cookie == "" {
		key, err := c.api.cfg.Keys.Authenticate(ctx, token)
		return key, nil, err
	}
	s, err := c.api.sessions.Resume(ctx, cookie)
	return s.Key, &s, err
}

// guess looks a secret up. From addresses that keep sending wrong ones a few are looked up at a
// time: a right one waits a little there, and nobody else waits for the store.
func (c *call) guess(look func() error) error {
	if c.flooding() {
		select {
		case c.api.strangers <- struct{}{}:
			defer func() { <-c.api.strangers }()
		case <-c.Request().Context().Done():
			return c.Request().Context().Err()
		}
	}
	return look()
}

// network is what failures are counted by: the address, or the /64 network of an IPv6 address.
func network(ip string) string {
	host, _, err := net.SplitHostPort(ip)
	if err != nil {
		host = ip
	}
	a, err := netip.ParseAddr(host)
	if err != nil || a.Unmap().Is4() {
		return host
	}
	p, err := a.WithZone("").Prefix(64)
	if err != nil {
		return host
	}
	return p.String()
}

// counter counts open things by name.
type counter struct {
	most int
	mu   sync.Mutex
	of   map[string]int
}

// enter counts one more, unless there are too many.
func (n *counter) enter(name string) (leave func(), ok bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.of[name] >= n.most {
		return nil, false
	}
	n.of[name]++
	return sync.OnceFunc(func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		if n.of[name]--; n.of[name] == 0 {
			delete(n.of, name)
		}
	}), true
}

// limiter limits how often a key may do something: a minimum gap, and a number per hour.
type limiter struct {
	gap    time.Duration
	hourly int
	mu     sync.Mutex
	seen   map[string][]use // the last hour, oldest first
}

// use is one request. The same request sent again is the same use.
type use struct {
	id string
	at time.Time
}

func newLimiter(gap time.Duration, hourly int) *limiter {
	return &limiter{gap: gap, hourly: hourly, seen: map[string][]use{}}
}

// take notes a use, or returns the seconds until the next is allowed.
func (l *limiter) take(key, id string, now time.Time) (wait int) {
	if l.hourly < 0 {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	uses := l.seen[key]
	for len(uses) > 0 && now.Sub(uses[0].at) >= time.Hour {
		uses = uses[1:]
	}
	if slices.ContainsFunc(uses, func(u use) bool { return u.id == id }) {
		return 0
	}
	if n := len(uses); n > 0 {
		if d := l.gap - now.Sub(uses[n-1].at); d > 0 {
			return seconds(d)
		}
		if n >= l.hourly {
			return seconds(time.Hour - now.Sub(uses[0].at))
		}
	}
	l.seen[key] = append(uses, use{id, now})
	return 0
}

func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

// in is a deadline of a connection.
func in(d time.Duration) time.Time {
	return time.Now().Add(d) //nolint:forbidigo // the machine's time: a rehearsal's clock jumps
}
