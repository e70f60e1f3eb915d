package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lunpai/lunpai/openapi"
	"github.com/lunpai/lunpai/tools/load"
)

const (
	hostileClients = 8                     // connections of the hostile key
	arriveEvery    = 20 * time.Millisecond // pace of the arrivals at the other office
	listRepeats    = 40                    // how often a list is read
)

// badly are the ways in which a key misbehaves, each at full speed on all its connections.
var badly = []string{"feeds", "lists", "streams", "wrong keys", "all of it"}

// measureHostile fills a store with a year of an office, and measures its lists and its feed, and what one of its keys can do to
// another office.
func measureHostile(ctx context.Context, o *config, dir string, out io.Writer) error {
	for _, kind := range o.stores {
		if err := o.hostileOn(ctx, kind, filepath.Join(dir, kind), out); err != nil {
			return fmt.Errorf("%s: %w", kind, err)
		}
	}
	return nil
}

func (o *config) hostileOn(ctx context.Context, kind, dir string, out io.Writer) (err error) {
	store, err := load.StartStore(ctx, kind, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close(), os.RemoveAll(dir)) }()
	if err := o.generate(ctx, store.URI("bench"), 1); err != nil {
		return err
	}
	cfg := load.ServiceConfig{
		Binary: o.binary, Store: store.URI("bench"), Keys: filepath.Join(dir, "keys.json"), Dir: filepath.Join(dir, "service"),
		Args: []string{"--no-log-requests", "--key-rate=0"},
	}
	s, err := load.StartService(ctx, cfg)
	if err != nil {
		return err
	}
	f, err := newFoe(ctx, s)
	if err == nil {
		err = f.lists(ctx, kind, out)
	}
	if err := errors.Join(err, s.Stop()); err != nil {
		return err
	}
	cfg.Args = cfg.Args[:1] // as it comes
	if s, err = load.StartService(ctx, cfg); err != nil {
		return err
	}
	f.addr = s.Addr
	return errors.Join(f.disturb(ctx, o, kind, out), s.Stop())
}

// foe is who holds keys of the office with a year behind it.
type foe struct {
	addr, admin    string
	manager, idle  string // keys; the idle consultant has nothing of his own
	someone, head  string // a consultant's id, and a commit's number near the middle
	paths, heavies []string
}

func newFoe(ctx context.Context, s *load.Service) (*foe, error) {
	f := &foe{addr: s.Addr, admin: s.Admin}
	k := load.NewClient([]string{s.Addr}, s.Admin)
	defer k.Close()
	base := "/v1/sites/" + reportSite
	var staff struct {
		Staff []struct{ Staff, Role string }
		Seq   int64
	}
	if err := getJSON(ctx, k, base+"/staff", &staff); err != nil {
		return nil, err
	}
	boss := ""
	for _, m := range staff.Staff {
		switch m.Role {
		case "manager":
			boss = m.Staff
		case "consultant":
			f.someone = m.Staff
		}
	}
	f.head = fmt.Sprint(staff.Seq / 2)
	if a, err := k.Post(ctx, base+"/staff", "idle", `{"id":"idle","role":"consultant"}`); err != nil || a.Status/100 != 2 {
		return nil, errors.Join(err, load.Unexpected("add staff", a))
	}
	var err error
	if f.manager, err = keyFor(ctx, k, "manager", boss); err != nil {
		return nil, err
	}
	if f.idle, err = keyFor(ctx, k, "consultant", "idle"); err != nil {
		return nil, err
	}
	return f, f.findPaths()
}

func getJSON(ctx context.Context, k *load.Client, path string, into any) error {
	a, err := k.Get(ctx, path)
	if err != nil {
		return err
	}
	if a.Status != http.StatusOK {
		return load.Unexpected(path, a)
	}
	return json.Unmarshal(a.Body, into)
}

func keyFor(ctx context.Context, k *load.Client, role, staff string) (string, error) {
	a, err := k.Post(ctx, "/v1/sites/"+reportSite+"/keys", "key-"+role, fmt.Sprintf(`{"role":%q,"staff":%q}`, role, staff))
	if err != nil {
		return "", err
	}
	var made struct{ Key struct{ Token string } }
	if err := json.Unmarshal(a.Body, &made); err != nil || made.Key.Token == "" {
		return "", load.Unexpected("make a key", a)
	}
	return made.Key.Token, nil
}

// findPaths reads from the contract what can be listed and how, so that a new list or filter is measured without being named here.
func (f *foe) findPaths() error {
	spec, err := openapi.Load()
	if err != nil {
		return err
	}
	base := "/v1/sites/" + reportSite
	for name, op := range spec.Operations() {
		path, ok := strings.CutPrefix(name, "GET /v1/sites/{site}")
		if !ok || !op.Query["limit"] || strings.Contains(path, "{") { // of one record
			continue
		}
		f.paths = append(f.paths, base+path+"?limit=200")
		var filters []string
		for param, schema := range op.Params {
			switch {
			case schema.Type.Is("array"):
				for _, word := range schema.Items.Value.Enum {
					filters = append(filters, fmt.Sprintf("%s=%v", param, word))
				}
			case slices.Contains([]string{"server", "principal", "assistant", "owner"}, param):
				filters = append(filters, param+"="+url.QueryEscape(f.someone), param+"=idle")
			case param == "open":
				filters = append(filters, "open=true", "open=false")
			case param == "from":
				filters = append(filters, "from=2024-02-01&to=2024-11-30")
			case param == "after":
				filters = append(filters, "after="+f.head)
			}
		}
		slices.Sort(filters)
		for i, filter := range filters {
			for _, order := range []string{"newest", "oldest"} {
				one := filter
				if op.Query["order"] {
					one += "&order=" + order
				}
				f.paths = append(f.paths, base+path+"?"+one)
				for _, other := range filters[i+1:] { // two conditions that have little in common
					if was, _, _ := strings.Cut(one, "="); op.Query["order"] && order == "newest" && !strings.HasPrefix(other, was) {
						f.heavies = append(f.heavies, base+path+"?"+one+"&"+other)
					}
				}
			}
		}
	}
	slices.Sort(f.paths)
	slices.Sort(f.heavies)
	f.paths = slices.Compact(f.paths)
	return nil
}

// lists measures every list and the feed, as the manager and as the consultant who has nothing of his own.
func (f *foe) lists(ctx context.Context, kind string, out io.Writer) error {
	k := load.NewClient([]string{f.addr}, f.manager)
	defer k.Close()
	type row struct {
		name string
		took []time.Duration
	}
	var rows []row
	for who, token := range map[string]string{"manager": f.manager, "idle consultant": f.idle} {
		k.As(token)
		for _, path := range append(slices.Clone(f.paths), f.heavies...) {
			if who != "manager" && strings.Contains(path, "/conduct") {
				continue // not his
			}
			r := row{name: who + " " + strings.TrimPrefix(path, "/v1/sites/"+reportSite+"/")}
			for range listRepeats {
				start := time.Now()
				a, err := k.Get(ctx, path)
				if err != nil {
					return err
				}
				if a.Status != http.StatusOK {
					return load.Unexpected(path, a)
				}
				r.took = append(r.took, time.Since(start))
			}
			rows = append(rows, r)
		}
	}
	slices.SortFunc(rows, func(a, b row) int { return int(1000 * (quantile(b.took, .99) - quantile(a.took, .99))) })
	fmt.Fprintf(out, "\n%s: %d lists and pages of the feed of an office with %d visits behind it, each read %d times; the slowest:\n\n"+
		"| request | p50 ms | p99 ms |\n|---|--:|--:|\n", names[kind], len(rows), visitsAYear, listRepeats)
	for _, r := range rows[:min(12, len(rows))] {
		fmt.Fprintf(out, "| %s | %.1f | %.1f |\n", r.name, quantile(r.took, .5), quantile(r.took, .99))
	}
	return nil
}

// disturb measures arrivals at another office: alone, while a key of the first misbehaves, and while the same client sends
// /healthz as often.
func (f *foe) disturb(ctx context.Context, o *config, kind string, out io.Writer) error {
	each := max(o.each, 5*time.Second)
	fmt.Fprintf(out, "\n%s: an arrival at another office every %s for %s, while one key sends from %d connections:\n\n"+
		"| what | requests/s | p50 ms | p99 ms | /healthz as often: p50 | p99 | ratio of p99 |\n|---|--:|--:|--:|--:|--:|--:|\n",
		names[kind], arriveEvery, each, hostileClients)
	n := 0
	phase := func(act func(ctx context.Context, i int) error, perSecond float64) ([]time.Duration, float64, error) {
		n++
		return f.phase(ctx, fmt.Sprintf("near%02d", n), each, act, perSecond)
	}
	quiet, _, err := phase(nil, 0)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "| nothing | 0 | %.1f | %.1f | | | |\n", quantile(quiet, .5), quantile(quiet, .99))
	for _, how := range badly {
		fmt.Fprintf(o.log, "%s: %s\n", kind, how)
		act, end := f.misbehaving(ctx, how)
		took, rate, err := phase(act, 0)
		end()
		if err != nil {
			return err
		}
		health, end := f.misbehaving(ctx, "healthz")
		as, _, err := phase(health, rate)
		end()
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "| %s | %.0f | %.1f | %.1f | %.1f | %.1f | %.2f |\n", how, rate, quantile(took, .5), quantile(took, .99),
			quantile(as, .5), quantile(as, .99), quantile(took, .99)/quantile(as, .99))
	}
	return nil
}

// phase founds a site and has arrivals come to it, while every connection of the hostile key acts: as fast as it can, or so many
// times a second in all. It returns what the arrivals took, and how often the key acted.
func (f *foe) phase(
	ctx context.Context, site string, each time.Duration, act func(context.Context, int) error, perSecond float64,
) (took []time.Duration, rate float64, err error) {
	k := load.NewClient([]string{f.addr}, "")
	defer k.Close()
	sites, err := load.Found(ctx, k, f.admin, site, 1, 3)
	if err != nil {
		return nil, 0, err
	}
	during, stop := context.WithTimeoutCause(ctx, each+time.Second, errTimeUp)
	defer stop()
	var acts atomic.Int64
	var wg sync.WaitGroup
	begun := time.Now()
	if act != nil {
		for i := range hostileClients {
			wg.Go(func() {
				for n := 1; during.Err() == nil; n++ {
					if act(during, i) == nil {
						acts.Add(1)
					}
					if perSecond > 0 {
						due := time.Duration(float64(n*hostileClients) / perSecond * float64(time.Second))
						_ = load.Sleep(during, due-time.Since(begun))
					}
				}
			})
		}
	}
	k.As(sites[0].Token)
	next := time.NewTicker(arriveEvery)
	defer next.Stop()
	for n := 0; during.Err() == nil; n++ {
		start := time.Now()
		a, err := k.Post(during, "/v1/sites/"+sites[0].ID+"/visits", fmt.Sprintf("%s-%d", site, n), "{}")
		if during.Err() != nil {
			break
		}
		if err != nil || a.Status != http.StatusCreated {
			return nil, 0, errors.Join(err, load.Unexpected("arrive", a))
		}
		if start.Sub(begun) > time.Second { // the first second warms up
			took = append(took, time.Since(start))
		}
		<-next.C
	}
	wg.Wait()
	return took, float64(acts.Load()) / time.Since(begun).Seconds(), ctx.Err()
}

// misbehaving is one request of a connection that misbehaves, answered or refused.
func (f *foe) misbehaving(ctx context.Context, how string) (act func(ctx context.Context, i int) error, end func()) {
	clients := make([]*load.Client, hostileClients)
	for i := range clients {
		clients[i] = load.NewClient([]string{f.addr}, f.idle)
	}
	var sent [hostileClients]int
	lists := append(slices.Clone(f.paths), f.heavies...)
	streams := newStreamer(ctx, f)
	one := func(ctx context.Context, i int, how string) error {
		k := clients[i]
		sent[i]++
		switch how {
		case "feeds":
			k.As(f.idle)
			_, err := k.Get(ctx, "/v1/sites/"+reportSite+"/commits?after="+fmt.Sprint(sent[i]%7*10_000))
			return err
		case "lists":
			k.As(f.manager)
			_, err := k.Get(ctx, lists[(sent[i]*31+i)%len(lists)])
			return err
		case "streams":
			return streams.open(ctx)
		case "wrong keys":
			k.As(fmt.Sprintf("lp_%032x_wrong", sent[i]*hostileClients+i))
			_, err := k.Get(ctx, "/v1/sites/"+reportSite+"/rota")
			return err
		}
		k.As("")
		_, err := k.Get(ctx, "/healthz")
		return err
	}
	act = func(ctx context.Context, i int) error {
		if how == "all of it" {
			return one(ctx, i, badly[(i+sent[i])%4])
		}
		return one(ctx, i, how)
	}
	return act, func() {
		streams.close()
		for _, k := range clients {
			k.Close()
		}
	}
}

// streamer opens event streams and reads them, as many as it gets.
type streamer struct {
	f    *foe
	ctx  context.Context //nolint:containedctx // the streams' life, longer than the call that opens one
	stop context.CancelFunc
	http *http.Client
	wg   sync.WaitGroup
}

func newStreamer(ctx context.Context, f *foe) *streamer {
	s := &streamer{f: f, http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: hostileClients}}}
	s.ctx, s.stop = context.WithCancel(ctx)
	return s
}

// open asks for one more stream of the idle consultant, from the beginning of the journal.
func (s *streamer) open(ctx context.Context) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	r, err := http.NewRequestWithContext(s.ctx, http.MethodGet, "http://"+s.f.addr+"/v1/sites/"+reportSite+"/commits?after=0", http.NoBody)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+s.f.idle)
	r.Header.Set("Accept", "text/event-stream")
	res, err := s.http.Do(r)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		_, err = io.Copy(io.Discard, res.Body)
		return errors.Join(err, res.Body.Close())
	}
	s.wg.Go(func() {
		_, _ = io.Copy(io.Discard, res.Body) // until somebody ends it
		_ = res.Body.Close()
	})
	return nil
}

func (s *streamer) close() {
	s.stop()
	s.wg.Wait()
	s.http.CloseIdleConnections()
}
