package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"github.com/lunpai/lunpai/api"
	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/vault"
)

// serveCmd serves the API.
type serveCmd struct {
	Listen      string        `help:"Address to listen on; port 0 takes a free one." default:":8080" env:"LUNPAI_LISTEN"`
	Store       string        `help:"Where sites are kept: sqlite:PATH or mongodb://…" default:"${store}" env:"LUNPAI_STORE"`
	Keys        string        `help:"File with the keys for names, phones and notes; made at the first start. Default: beside the SQLite file." env:"LUNPAI_KEYS" placeholder:"FILE"`
	Clock       string        `help:"system, or manual: the header Lunpai-Now sets it, for rehearsals on a store of their own." enum:"system,manual" default:"system" env:"LUNPAI_CLOCK"`
	LogFormat   string        `help:"text or json." enum:"text,json" default:"text" env:"LUNPAI_LOG_FORMAT"`
	LogRequests bool          `help:"Log every request, without anything personal." default:"true" negatable:"" env:"LUNPAI_LOG_REQUESTS"`
	KeyRate     float64       `help:"Requests a second that one key may send, three seconds' worth at once; 0: any number, for benchmarks." default:"100" env:"LUNPAI_KEY_RATE"`
	KioskGap    time.Duration `help:"Least time between two arrivals from one kiosk." default:"20s" env:"LUNPAI_KIOSK_GAP"`
	KioskHourly int           `help:"Most arrivals an hour from one kiosk." default:"30" env:"LUNPAI_KIOSK_HOURLY"`
	AcceptLoss  bool          `help:"Serve a SQLite file although it holds less than was acknowledged from it. Once, and on purpose."`
	DrainFor    time.Duration `help:"How long to finish what was begun when told to stop." default:"20s" env:"LUNPAI_DRAIN_FOR"`
}

// Help is printed below the flags.
func (serveCmd) Help() string {
	return `Examples:
  lunpai                                        an empty service on lunpai.db in this folder, port 8080
  lunpai serve --store sqlite:/var/lib/lunpai/office.db --listen 127.0.0.1:9000
  lunpai serve --store 'mongodb://lunpai:secret@db1,db2,db3/lunpai?replicaSet=rs0' --keys /etc/lunpai/keys.json
  lunpai serve --store sqlite:rehearsal.db --clock=manual`
}

// Validate refuses what no service can keep to, before anything is made.
func (c *serveCmd) Validate() error {
	for name, negative := range map[string]bool{
		"--key-rate": c.KeyRate < 0, "--kiosk-gap": c.KioskGap < 0, "--kiosk-hourly": c.KioskHourly < 0, "--drain-for": c.DrainFor < 0,
	} {
		if negative {
			return fmt.Errorf("%s is less than nothing", name)
		}
	}
	return nil
}

// Run serves until the context ends.
func (c *serveCmd) Run(w *world) error {
	if w.env("GOGC") == "" {
		debug.SetGCPercent(300) // the heap is small: less collecting is worth a tenth of the processor
	}
	log := c.logger(w)
	var clock *api.ManualClock
	now := repo.Clock(w.now)
	if c.Clock == "manual" {
		clock = api.NewManualClock(w.now(), w.now)
		now = clock.Now
	}
	l, err := listen(w.ctx, c.Listen)
	if err != nil {
		return err
	}
	s, token, err := c.begin(w.ctx, log, now, clock)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	fmt.Fprintf(w.stdout, "lunpai %s serves http://%s (API page: /docs)\n", release(), reachable(l.Addr()))
	if token != "" {
		log.Info("administrator key made", "key", "bootstrap")
		if _, err := fmt.Fprintf(w.stdout, "administrator key, shown this once: %s\n", token); err != nil {
			err = fmt.Errorf("the administrator key could not be shown (lunpai keys new-administrator makes another): %w", err)
			return errors.Join(err, s.store.Close(), l.Close())
		}
	}
	return s.serve(w.ctx, l, c.DrainFor)
}

// listen takes the address before anything is made: whoever cannot have it leaves no store, no keyring, and above all no
// first key that nobody has seen. Who connects already waits until the store is open.
func listen(ctx context.Context, address string) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w (choose another with --listen)", address, err)
	}
	return l, nil
}

// begin opens the service; the first start makes the administrator's key and returns it.
func (c *serveCmd) begin(ctx context.Context, log *slog.Logger, now repo.Clock, clock *api.ManualClock) (*service, string, error) {
	s, err := c.open(ctx, log, now, clock)
	if err != nil {
		return nil, "", err
	}
	token, err := s.keys.Bootstrap(ctx)
	if err != nil {
		return nil, "", errors.Join(err, s.store.Close())
	}
	return s, token, nil
}

func (c *serveCmd) logger(w *world) *slog.Logger {
	opts := &slog.HandlerOptions{Level: slog.LevelInfo}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w.stderr, opts))
	}
	return slog.New(slog.NewTextHandler(w.stderr, opts))
}

// reachable is an address that can be typed: an unspecified host becomes localhost.
func reachable(a net.Addr) string {
	host, port, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}

// service is an API on an open store.
type service struct {
	store repo.Store
	desk  *repo.Engine
	keys  *vault.Keys
	vault *vault.Vault
	api   *api.API
	log   *slog.Logger
	// rehearsal: the clock is set by hand.
	rehearsal bool
}

// open puts a service together; it closes what it opened when it fails.
func (c *serveCmd) open(ctx context.Context, log *slog.Logger, now repo.Clock, clock *api.ManualClock) (_ *service, err error) {
	undo, err := keyringFirst(c.Store, keysPath(c.Store, c.Keys))
	if err != nil {
		return nil, err
	}
	store, err := openAs(ctx, c.Store, opening{acceptLoss: c.AcceptLoss}, log)
	if err != nil {
		return nil, errors.Join(err, undo())
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, store.Close())
		}
	}()
	if err := checkClock(ctx, store, clock != nil); err != nil {
		return nil, err
	}
	ring, err := openKeyring(ctx, store, keysPath(c.Store, c.Keys))
	if err != nil {
		return nil, err
	}
	people, err := vault.New(ctx, store, ring, nil)
	if err != nil {
		return nil, err
	}
	s := &service{store: store, vault: people, log: log, rehearsal: clock != nil}
	s.desk = repo.NewEngine(repo.Config{Store: store, Now: now, Steady: steady, Log: log})
	if clock == nil {
		_ = s.desk.CheckClock(ctx) // it is logged; the service starts, looks and says what is wrong, and commands wait
	}
	s.keys = vault.NewKeys(s.desk, store, nil)
	s.api, err = api.New(api.Config{
		Desk: s.desk, Store: store, Keys: s.keys, Vault: people, Now: now, Clock: clock, Log: log, Version: release(),
		KeyRate: c.keyRate(), KioskGap: c.KioskGap, KioskHourly: c.KioskHourly, QuietRequests: !c.LogRequests,
	})
	return s, err
}

// keyRate is the flag as the API takes it.
func (c *serveCmd) keyRate() float64 {
	if c.KeyRate <= 0 {
		return -1
	}
	return c.KeyRate
}

// serve answers until the context ends; then it refuses new work, finishes what was begun, and closes the store.
func (s *service) serve(ctx context.Context, l net.Listener, drain time.Duration) error {
	base, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	srv := s.api.Server(base)
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(l) }()
	var background sync.WaitGroup
	background.Go(func() { s.sweep(ctx) })
	background.Go(func() { s.fireDue(ctx) })
	background.Go(func() { s.checkClock(ctx) })
	background.Go(func() { s.noteUses(ctx) })
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
	}
	end, stop := context.WithTimeout(base, drain)
	defer stop()
	s.log.Info("stopping")
	err = errors.Join(notClosed(err), s.desk.Drain(end), srv.Shutdown(end))
	cancel()
	background.Wait()
	return errors.Join(err, s.store.Close())
}

func notClosed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// dueEvery is how often due timers are looked for.
const dueEvery = 15 * time.Second

// fireDue fires what is due: waiting visitors, an empty first seat, a day that nobody closed. Not in a rehearsal: its clock
// jumps, and what happens there is what the rehearsal says.
func (s *service) fireDue(ctx context.Context) {
	if s.rehearsal {
		return
	}
	t := time.NewTicker(dueEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		if n, err := s.desk.FireDue(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("due timers", "err", err)
		} else if n > 0 {
			s.log.Info("due timers fired", "count", n)
		}
	}
}

// noteUses writes down, behind the requests, when keys were last used.
func (s *service) noteUses(ctx context.Context) {
	t := time.NewTicker(time.Minute)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		if err := s.keys.NoteUses(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("the last use of keys could not be noted", "err", err)
		}
	}
}

// clockEvery is how often the clock is held against the store's.
const clockEvery = 2 * time.Second

// checkClock sees to it that nothing is decided by a wrong clock. A rehearsal's clock is wrong on purpose.
func (s *service) checkClock(ctx context.Context) {
	if s.rehearsal {
		return
	}
	t := time.NewTicker(clockEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			_ = s.desk.CheckClock(ctx) // what it finds is logged and told by /readyz
		}
	}
}

// sweep settles pending people and notes now and every hour.
func (s *service) sweep(ctx context.Context) {
	t := time.NewTicker(time.Hour)
	defer t.Stop()
	for {
		kept, deleted, err := s.vault.Sweep(ctx, time.Hour)
		switch {
		case err != nil && ctx.Err() == nil:
			s.log.Warn("sweep of people and notes failed", "err", err)
		case kept+deleted > 0:
			s.log.Info("people and notes swept", "kept", kept, "deleted", deleted)
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}
