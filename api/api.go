// Package api is lunpai over HTTP: routes, credentials, binding, errors. It holds no rules. The
// workflow package decides who receives whom, and every refusal comes from there with its article.
package api

import (
	"cmp"
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/vault"
	"github.com/lunpai/lunpai/workflow"
)

// Config configures the API. Engine, Store, Keys and Vault are required.
type Config struct {
	Engine *repo.Engine
	Store  repo.Store
	Keys   *vault.Keys
	Vault  *vault.Vault
	// Now is the service's clock. Zero: the system's clock.
	Now repo.Clock
	// Clock, if set, lets callers set the time with the header Lunpai-Now, for rehearsals and
	// tests.
	Clock   *ManualClock
	Log     *slog.Logger // zero: no log
	Version string
	// QuietRequests turns off the log line per request. Seeing or erasing a person is logged all
	// the same.
	QuietRequests bool
	// KeyRate is how many requests per second one key may send, with bursts of three seconds'
	// worth. Zero: 100. Negative: unlimited.
	KeyRate float64
	// KioskGap and KioskHourly limit arrivals from one kiosk. Zero: 20 s and 30 per hour. Negative:
	// unlimited.
	KioskGap    time.Duration
	KioskHourly int
	// PINsWithoutTLS lets PINs travel where everybody on the way can read them.
	PINsWithoutTLS bool
	// Owners, if set, knows which instance owns a site; requests for its sites are forwarded to it.
	// PeerSecret, of at least 32 bytes, is what the instances share.
	Owners     *repo.Owners
	PeerSecret []byte
}

// machine is this machine's clock: a rehearsal's clock jumps.
func (*Config) machine() func() time.Time { return time.Now } //nolint:forbidigo // see above

// API serves HTTP.
type API struct {
	cfg     Config
	echo    *echo.Echo
	metrics *metrics
	kiosks  *limiter
	search  *limiter
	reports *turnstile
	pages   *turnstile // of the feed: a key reads one at a time
	// requests counts by key id, failures by the address that sends wrong keys, streams by key id.
	requests, failures *buckets
	streams            *counter
	codes              *buckets // wrong pairing codes, by address
	pins               *buckets // wrong PINs, by key id of the device
	sessions           *vault.Sessions
	origins            *http.CrossOriginProtection
	rows               *buckets      // unknown phones in dry runs of imports, by key id
	refusals           chan struct{} // limits how many refusals are delayed at once
	pause              time.Duration // of a refusal
	// limits look-ups of keys from addresses that keep sending wrong ones
	strangers chan struct{}
	feeds     *feeds
	boards    *boards
	repaint   time.Duration             // of pictures that somebody watches
	relay     *relay                    // nil: the instance is alone
	scan      int                       // commits that one request may look at
	tick      time.Duration             // of event streams
	all       []*route                  // in the order of the contract
	steps     map[workflow.Event]string // of visits: the ends of their addresses

	ticketSteps map[workflow.Kind]string // of tickets: the ends of their addresses
	// readWithin is how long a client may take to read one part of a report.
	readWithin time.Duration
}

// New builds the API. It fails when a route cannot be carried out as its row says.
func New(cfg Config) (*API, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now //nolint:forbidigo // the system's clock is the default
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.KioskGap == 0 {
		cfg.KioskGap = 20 * time.Second
	}
	if cfg.KioskHourly == 0 {
		cfg.KioskHourly = 30
	}
	perKey := rate.Limit(cmp.Or(cfg.KeyRate, keyRate))
	if perKey < 0 {
		perKey = rate.Inf
	}
	a := &API{
		cfg: cfg, echo: echo.New(), metrics: newMetrics(prometheus.NewRegistry(), cfg.Store),
		kiosks: newLimiter(cfg.KioskGap, cfg.KioskHourly), search: newLimiter(0, searchesHourly),
		reports: newTurnstile(reportsAtOnce, reportPatience), pages: newTurnstile(1, answerWithin),
		readWithin: readWithin, tick: tickEvery,
		requests: newBuckets(perKey, max(1, int(burstSeconds*min(perKey, 1e6))), maxBuckets),
		failures: newBuckets(failuresAMinute/60.0, failuresAMinute, maxBuckets),
		refusals: make(chan struct{}, refusalsWaiting), pause: refusalPause,
		strangers: make(chan struct{}, strangersAtOnce),
		codes:     newBuckets(codesHourly/3600.0, codesHourly, maxBuckets),
		pins:      newBuckets(pinsHourly/3600.0, pinsHourly, maxBuckets),
		sessions:  vault.NewSessions(cfg.Keys, cfg.Vault),
		origins:   http.NewCrossOriginProtection(),
		streams:   &counter{most: streamsAKey, of: map[string]int{}},
		rows:      newBuckets(rowsHourly/3600.0, rowsHourly, maxBuckets),
		feeds:     newFeeds(cfg.Engine, cfg.Store), scan: scanBudget,
	}
	a.boards, a.repaint = newBoards(a), paintEvery
	var err error
	if a.relay, err = newRelay(&cfg, a.metrics.registry); err != nil {
		return nil, err
	}
	a.echo.HideBanner, a.echo.HidePort = true, true
	a.echo.IPExtractor = echo.ExtractIPDirect()
	a.echo.HTTPErrorHandler = a.fail
	a.echo.Use(a.frame)
	if err := a.mount(); err != nil {
		return nil, err
	}
	return a, nil
}

// searchesHourly is how many phones one key may look up per hour, so that nobody can probe a phone
// book.
const searchesHourly = 600

// rowsHourly is how many rows with an unknown phone one key may check per hour in dry runs of
// imports.
const rowsHourly = 60_000

// ServeHTTP implements http.Handler.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.echo.ServeHTTP(w, r) }

// Server returns an HTTP server for the API with every timeout set. The event stream and reports
// set their own write timeouts.
func (a *API) Server(ctx context.Context) *http.Server {
	return &http.Server{
		Handler:           a,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      45 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(a.cfg.Log.Handler(), slog.LevelWarn),
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ConnContext:       withConnection,
	}
}

// connection is the context key of a request's connection.
type connection struct{}

func withConnection(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connection{}, c)
}
