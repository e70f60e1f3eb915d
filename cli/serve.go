package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime/debug"
	"time"

	"github.com/lunpai/lunpai/api"
	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/vault"
)

// serveCmd serves the API.
type serveCmd struct {
	Listen      string        `help:"Address to listen on; port 0 takes a free one." default:":8080" env:"LUNPAI_LISTEN"`
	Store       string        `help:"Where sites are kept: sqlite:PATH or mongodb://…" default:"${store}" env:"LUNPAI_STORE"`
	Keys        string        `help:"File with the keys for names, phones and notes; created at the first start. Default: beside the SQLite file." env:"LUNPAI_KEYS" placeholder:"FILE"`
	Clock       string        `help:"system, or manual: set by the header Lunpai-Now, for rehearsals on a store of their own." enum:"system,manual" default:"system" env:"LUNPAI_CLOCK"`
	LogFormat   string        `help:"text or json." enum:"text,json" default:"text" env:"LUNPAI_LOG_FORMAT"`
	LogRequests bool          `help:"Log every request, without personal data." default:"true" negatable:"" env:"LUNPAI_LOG_REQUESTS"`
	KeyRate     float64       `help:"Requests per second that one key may send, up to three seconds' worth at once; 0: no limit, for benchmarks." default:"100" env:"LUNPAI_KEY_RATE"`
	KioskGap    time.Duration `help:"Shortest time between two arrivals from one kiosk." default:"20s" env:"LUNPAI_KIOSK_GAP"`
	KioskHourly int           `help:"Most arrivals an hour from one kiosk." default:"30" env:"LUNPAI_KIOSK_HOURLY"`
	PlainPINs   bool          `name:"pins-without-tls" help:"Let PINs travel over connections that are not encrypted, where everybody on the way can read them." env:"LUNPAI_PINS_WITHOUT_TLS"`
	Advertise   string        `help:"Address at which other instances on the same MongoDB reach this one, as in http://10.0.0.7:8080. Each site is then decided by one of them, and the others forward." env:"LUNPAI_ADVERTISE" placeholder:"URL"`
	PeerSecret  string        `name:"peer-secret-file" help:"File with the secret that those instances share, at least 32 bytes, readable by its owner only." env:"LUNPAI_PEER_SECRET_FILE" placeholder:"FILE"`
	AcceptLoss  bool          `help:"Serve a SQLite file although it is missing commits that were acknowledged. For one start, and on purpose."`
	DrainFor    time.Duration `help:"How long to finish the work in hand when told to stop." default:"20s" env:"LUNPAI_DRAIN_FOR"`

	secret []byte // what --peer-secret-file holds
}

// Help is printed below the flags.
func (serveCmd) Help() string {
	return `Examples:
  lunpai                                        an empty service on lunpai.db in this folder, port 8080
  lunpai serve --store sqlite:/var/lib/lunpai/office.db --listen 127.0.0.1:9000
  lunpai serve --store 'mongodb://lunpai:secret@db1,db2,db3/lunpai?replicaSet=rs0' --keys /etc/lunpai/keys.json
  lunpai serve --store sqlite:rehearsal.db --clock=manual`
}

// Validate refuses limits below zero before anything is made.
func (c *serveCmd) Validate() error {
	for name, negative := range map[string]bool{
		"--key-rate":     c.KeyRate < 0,
		"--kiosk-gap":    c.KioskGap < 0,
		"--kiosk-hourly": c.KioskHourly < 0,
		"--drain-for":    c.DrainFor < 0,
	} {
		if negative {
			return fmt.Errorf("%s must not be negative", name)
		}
	}
	return c.checkPeers()
}

// Run serves until the context ends.
func (c *serveCmd) Run(ctx context.Context, w *World) error {
	collectLess(w)
	log := c.logger(w)
	if c.PlainPINs {
		log.Warn("PINS TRAVEL WITHOUT TLS: everybody in the office's network can read them and " +
			"sign in as somebody else. Put TLS in front, and take --pins-without-tls away")
	}
	var clock *api.ManualClock
	if c.Clock == "manual" {
		clock = api.NewManualClock(w.Now(), w.Now)
	}
	l, err := listen(ctx, c.Listen)
	if err != nil {
		return err
	}
	if c.secret, err = readSecret(c.PeerSecret); err != nil {
		return errors.Join(err, l.Close())
	}
	s, token, err := c.begin(ctx, w, log, clock)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	fmt.Fprintf(w.Stdout, "lunpai %s serves http://%s (API page: /docs)\n",
		release(w.Version), reachable(l.Addr()))
	if token != "" {
		log.Info("administrator key made", "key", "bootstrap")
		_, err := fmt.Fprintf(w.Stdout, "administrator key, shown this once: %s\n", token)
		if err != nil {
			err = fmt.Errorf("the administrator key could not be shown "+
				"(lunpai keys new-administrator makes another): %w", err)
			return errors.Join(err, s.store.Close(), l.Close())
		}
	}
	return s.serve(ctx, l, c.DrainFor)
}

// collectLess lets the heap grow to four times what is in use: it is small, and collecting
// less often saves a tenth of the processor. Whoever sets GOGC has decided.
func collectLess(w *World) {
	if w.env("GOGC") == "" {
		debug.SetGCPercent(300)
	}
}

// listen takes the address before anything is made. Who cannot have it leaves no store, no
// keyring, and above all no first key that nobody has seen. A client that connects already
// waits until the store is open.
func listen(ctx context.Context, address string) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w (choose another with --listen)", address, err)
	}
	return l, nil
}

// begin opens the service. The first start makes the administrator's key and returns it.
func (c *serveCmd) begin(
	ctx context.Context, w *World, log *slog.Logger, clock *api.ManualClock,
) (*service, string, error) {
	s, err := c.open(ctx, w, log, clock)
	if err != nil {
		return nil, "", err
	}
	token, err := s.keys.Bootstrap(ctx)
	if err != nil {
		return nil, "", errors.Join(err, s.store.Close())
	}
	return s, token, nil
}

func (c *serveCmd) logger(w *World) *slog.Logger {
	opts := &slog.HandlerOptions{Level: slog.LevelInfo}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w.Stderr, opts))
	}
	return slog.New(slog.NewTextHandler(w.Stderr, opts))
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

// open puts a service together. When it fails it closes what it opened.
func (c *serveCmd) open(
	ctx context.Context, w *World, log *slog.Logger, clock *api.ManualClock,
) (_ *service, err error) {
	keyring := keyringPath(c.Store, c.Keys)
	undo, err := keyringFirst(c.Store, keyring)
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
	if err := checkClock(ctx, w, store, clock != nil); err != nil {
		return nil, err
	}
	ring, err := openKeyring(ctx, store, keyring)
	if err != nil {
		return nil, err
	}
	people, err := vault.New(ctx, store, ring, nil)
	if err != nil {
		return nil, err
	}
	now := repo.Clock(w.Now)
	if clock != nil {
		now = clock.Now
	}
	s := &service{store: store, vault: people, log: log, rehearsal: clock != nil}
	if s.owners, err = c.owners(store, log); err != nil {
		return nil, err
	}
	s.engine = repo.NewEngine(repo.Config{
		Store: store, Now: now, Steady: steady, Log: log, Owners: s.owners,
	})
	if !s.rehearsal {
		s.checkClock(ctx) // a wrong one keeps commands waiting, not the service from starting
	}
	s.keys = vault.NewKeys(s.engine, store, nil)
	s.sessions = vault.NewSessions(s.keys, people)
	s.api, err = api.New(api.Config{
		Engine: s.engine, Store: store, Keys: s.keys, Vault: people,
		Now: now, Clock: clock, Log: log, Version: release(w.Version),
		KeyRate: c.keyRate(), KioskGap: c.KioskGap, KioskHourly: c.KioskHourly,
		QuietRequests: !c.LogRequests, PINsWithoutTLS: c.PlainPINs,
		Owners: s.owners, PeerSecret: c.secret,
	})
	return s, err
}

// keyRate is the flag as the API takes it: below zero is any number.
func (c *serveCmd) keyRate() float64 {
	if c.KeyRate <= 0 {
		return -1
	}
	return c.KeyRate
}
