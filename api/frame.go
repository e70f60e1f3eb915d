package api

import (
	"fmt"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/lunpai/lunpai/repo"
)

// frame wraps every request: request id, security headers, recovery, log line and metrics. Neither
// log nor metrics contain values from the address, the query or the body.
func (a *API) frame(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		start := time.Now() //nolint:forbidigo // how long it took is the machine's time
		a.receive(c)
		h := c.Response().Header()
		id := requestID(c.Request())
		h.Set(echo.HeaderXRequestID, id)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("Cache-Control", "no-store")
		c.Request().Body = http.MaxBytesReader(c.Response(), c.Request().Body, maxBody)
		if err := a.guard(c, next); err != nil {
			a.fail(err, c)
		}
		took := time.Since(start)
		status := c.Response().Status
		a.metrics.seen(method(c.Request()), c.Path(), status, took)
		if a.cfg.QuietRequests {
			return nil
		}
		key, _ := c.Get("key").(string)
		a.cfg.Log.Info("request", "request_id", id, "method", method(c.Request()),
			"route", c.Path(), "status", status, "ms", float64(took.Microseconds())/1000,
			"key", key, "traceparent", traceparent(c.Request()))
		return nil
	}
}

// guard turns a panic into an error that does not contain the panic's value.
func (a *API) guard(c echo.Context, next echo.HandlerFunc) (err error) {
	defer func() {
		if p := recover(); p != nil {
			a.cfg.Log.Error("panic", "route", c.Path(), "type", fmt.Sprintf("%T", p),
				"stack", string(debug.Stack()))
			err = fmt.Errorf("panic of type %T", p)
		}
	}()
	if p := checkAddress(c.Request().URL); p != nil {
		return p
	}
	if err := a.checkOrigin(c); err != nil {
		return err
	}
	return next(c)
}

// checkOrigin refuses what a page of another site makes a browser send, before anything looks at
// the cookie. What another instance forwards it has checked, under the name that the browser knows.
func (a *API) checkOrigin(c echo.Context) error {
	if c.Get(sealedHere) != nil || a.origins.Check(c.Request()) == nil {
		return nil
	}
	return problem(http.StatusForbidden, "cross_origin")
}

// requestID accepts the caller's id if it is short and plain and cannot be a phone number;
// otherwise it makes one.
func requestID(r *http.Request) string {
	id := r.Header.Get(echo.HeaderXRequestID)
	if len(id) >= 16 && len(id) <= 64 && strings.ContainsAny(id, "abcdef") {
		plain := true
		for _, b := range []byte(id) {
			plain = plain && (b == '-' || b >= '0' && b <= '9' || b >= 'a' && b <= 'f')
		}
		if plain {
			return id
		}
	}
	return uuid.NewString()
}

// traceparent is the caller's trace, if the header is one.
func traceparent(r *http.Request) string {
	h := r.Header.Get("traceparent")
	if len(h) != 55 || strings.Trim(h, "0123456789abcdef-") != "" {
		return ""
	}
	return h
}

// method is the request's method, or "other": callers must not make up new metrics.
func method(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodOptions:
		return r.Method
	}
	return "other"
}

// metrics counts requests by route template.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

func newMetrics(r *prometheus.Registry, s repo.Store) *metrics {
	m := &metrics{
		registry: r,
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "lunpai_http_requests_total", Help: "Requests by route and status.",
		}, []string{"method", "route", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "lunpai_http_seconds", Help: "Time to answer, by route.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"method", "route"}),
	}
	r.MustRegister(m.requests, m.seconds, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if t, ok := s.(repo.Trailer); ok {
		registerTrailer(r, t)
	}
	return m
}

func (m *metrics) seen(method, route string, status int, took time.Duration) {
	if route == "" {
		route = "none"
	}
	m.requests.WithLabelValues(method, route, strconv.Itoa(status)).Inc()
	m.seconds.WithLabelValues(method, route).Observe(took.Seconds())
}

// registerTrailer shows how far the documents are behind the journal.
func registerTrailer(r *prometheus.Registry, t repo.Trailer) {
	gauge := func(name, help string, value func() float64) {
		r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value))
	}
	gauge("lunpai_documents_waiting_pages", "Pages of the journal whose documents are not written.",
		func() float64 { pages, _ := t.Trailing(); return float64(pages) })
	gauge("lunpai_documents_behind_seconds", "Since when the oldest of them has waited.",
		func() float64 {
			_, since := t.Trailing()
			if since.IsZero() {
				return 0
			}
			return time.Since(since).Seconds()
		})
}
