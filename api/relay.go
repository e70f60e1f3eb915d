package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"slices"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

const (
	// forwardWithin is how long the owner of a site may take to answer a forwarded request. A
	// command takes at most about that long there, even while the store changes its primary.
	forwardWithin = 12 * time.Second
	// dialWithin is how long it may take to reach it.
	dialWithin = time.Second
	// maxForwarded limits how much of an answer is taken into memory.
	maxForwarded = 32 << 20
)

// relay sends requests to the instance that owns their site, and knows those that were sent here.
// Whoever decides a request wrongly for want of an owner is only slower: the journal settles it.
type relay struct {
	owners *repo.Owners
	seal   *seal
	client http.RoundTripper
	within time.Duration
	// what became of requests that should go elsewhere, and of those that say they come from there
	sent, received *prometheus.CounterVec
}

// newRelay makes the relay of an instance; nil when it has no owners to ask.
func newRelay(cfg *Config, r *prometheus.Registry) (*relay, error) {
	if cfg.Owners == nil {
		return nil, nil //nolint:nilnil // no relay is what was asked for
	}
	if len(cfg.PeerSecret) < minSecret {
		return nil, fmt.Errorf("the secret that instances share has %d bytes, of at least %d",
			len(cfg.PeerSecret), minSecret)
	}
	count := func(name, help string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help},
			[]string{"result"})
	}
	p := &relay{
		owners: cfg.Owners, seal: &seal{secret: cfg.PeerSecret, now: cfg.machine()},
		within: forwardWithin,
		client: &http.Transport{
			DialContext:         (&net.Dialer{Timeout: dialWithin}).DialContext,
			TLSHandshakeTimeout: dialWithin, MaxIdleConnsPerHost: 256,
			IdleConnTimeout: time.Minute, DisableCompression: true,
		},
		sent: count("lunpai_forwarded_total",
			"Requests for sites that another instance owns, by what became of them: answered "+
				"there; unreachable or leaving, and decided here; unknown."),
		received: count("lunpai_forwards_received_total",
			"Requests that say another instance forwards them: accepted, or refused because they "+
				"are not sealed with the shared secret, and then treated like any other."),
	}
	for _, result := range []string{"answered", "unreachable", "leaving", "unknown"} {
		p.sent.WithLabelValues(result)
	}
	for _, result := range []string{"accepted", "refused"} {
		p.received.WithLabelValues(result)
	}
	r.MustRegister(p.sent, p.received,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "lunpai_sites_owned", Help: "Sites that this instance owns.",
		}, func() float64 { return float64(p.owners.Owned()) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "lunpai_leases_lapsed_total",
			Help: "Sites in use that another instance took because this one did not renew in time.",
		}, func() float64 { return float64(p.owners.Lapsed()) }))
	return p, nil
}

// staysHere marks a request that is never forwarded, because it says that it was.
const staysHere = "stays here"

// sealedHere marks a request that another instance forwards.
const sealedHere = "sealed"

// receive takes the header of forwarded requests off a request. With the instances' seal on it the
// client's address is the one that it names. Without, the header is anybody's and means nothing;
// still the request is not sent on, so that two instances with different secrets cannot send it
// back and forth.
func (a *API) receive(c echo.Context) {
	r := c.Request()
	text, sent, once := single(r.Header, forwardedHeader)
	r.Header.Del(forwardedHeader)
	if !sent || a.relay == nil {
		return
	}
	c.Set(staysHere, true)
	client, ok := a.relay.seal.open(text, r.Method, r.URL.RequestURI())
	if !ok || !once {
		a.relay.received.WithLabelValues("refused").Inc()
		a.cfg.Log.Warn("a request says that an instance forwards it, and has no valid seal: " +
			"have all instances the same secret and the right time?")
		return
	}
	a.relay.received.WithLabelValues("accepted").Inc()
	c.Set(sealedHere, true)
	r.RemoteAddr = client
}

// elsewhere has a request answered by the instance that owns its site. done: it was answered, or
// the error is its answer; otherwise it is decided here.
func (c *call) elsewhere() (done bool, _ error) {
	p := c.api.relay
	if p == nil || !c.route.forwarded() || !c.key.Covers(c.site) || c.Get(staysHere) != nil {
		return false, nil
	}
	// An administrator's key covers sites that do not exist: nothing is noted about those.
	if c.key.Role == workflow.RoleAdministrator {
		return false, nil
	}
	addr := p.owners.Use(c.Request().Context(), c.site)
	if addr == "" {
		return false, nil
	}
	text, err := io.ReadAll(c.Request().Body)
	c.Request().Body = io.NopCloser(io.MultiReader(bytes.NewReader(text), cutShort{err}))
	if err != nil {
		return false, nil //nolint:nilerr // whoever reads the body here meets it again
	}
	answer, sent, err := p.forward(c, addr, text)
	switch {
	case err == nil && answer.leaving():
		p.owners.Forget(c.site)
		p.sent.WithLabelValues("leaving").Inc()
		return false, nil
	case err == nil:
		p.sent.WithLabelValues("answered").Inc()
		answer.write(c.Response())
		return true, nil
	}
	p.owners.Avoid(addr)
	if !sent || c.route.kind == "" {
		p.sent.WithLabelValues("unreachable").Inc()
		c.api.cfg.Log.Warn("the owner of a site cannot be reached: it is decided here",
			"site", c.site, "owner", addr, "err", err)
		return false, nil
	}
	p.sent.WithLabelValues("unknown").Inc()
	return true, fmt.Errorf("%w: the owner of site %s did not answer: %w",
		repo.ErrUnknown, c.site, err)
}

// cutShort is the end of a body that could not be read to its end.
type cutShort struct{ err error }

func (f cutShort) Read([]byte) (int, error) {
	if f.err == nil {
		return 0, io.EOF
	}
	return 0, f.err
}

// forwarded is another instance's answer.
type forwarded struct {
	status int
	header http.Header
	body   []byte
}

// hopByHop are headers that concern one connection only, or that the server sets itself.
var hopByHop = []string{
	"Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection",
	"Te", "Trailer", "Transfer-Encoding", "Upgrade", "Date", "Content-Length",
}

// forward sends a request to another instance as it came: path, query, body, credential and
// Idempotency-Key are the client's. sent: it may have been carried out there, even with an error.
func (p *relay) forward(c *call, addr string, text []byte) (_ *forwarded, sent bool, _ error) {
	in := c.Request()
	ctx, cancel := context.WithTimeout(in.Context(), max(p.within, c.route.within))
	defer cancel()
	var begun atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { begun.Store(true) },
	})
	out, err := http.NewRequestWithContext(ctx, in.Method, addr+in.URL.RequestURI(),
		bytes.NewReader(text))
	if err != nil {
		return nil, false, err
	}
	out.Header = in.Header.Clone()
	for _, name := range hopByHop {
		out.Header.Del(name)
	}
	id := c.Response().Header().Get(echo.HeaderXRequestID)
	out.Header.Set(echo.HeaderXRequestID, id)
	out.Header.Set(forwardedHeader,
		p.seal.make(out.Method, out.URL.RequestURI(), in.RemoteAddr))
	res, err := p.client.RoundTrip(out)
	if err != nil {
		return nil, begun.Load(), err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxForwarded+1))
	switch {
	case err != nil:
		return nil, true, err
	case len(body) > maxForwarded:
		return nil, true, errors.New("the answer is too long")
	case res.Header.Get(echo.HeaderXRequestID) != id:
		return nil, true, fmt.Errorf("what answers at %s is no instance of the service", addr)
	}
	return &forwarded{res.StatusCode, res.Header, body}, true, nil
}

// leaving reports that the instance is about to stop and did nothing.
func (f *forwarded) leaving() bool {
	if f.status != http.StatusServiceUnavailable {
		return false
	}
	var p struct{ Code, Outcome string }
	return json.Unmarshal(f.body, &p) == nil && p.Code == "shutting_down" &&
		p.Outcome == "not_written"
}

// write answers the client.
func (f *forwarded) write(w *echo.Response) {
	for name, values := range f.header {
		if !slices.Contains(hopByHop, name) {
			w.Header()[name] = values
		}
	}
	w.WriteHeader(f.status)
	_, _ = w.Write(f.body) // the client may be gone
}
