package api

import (
	"fmt"
	"net/http"
	"time"

	"github.com/lunpai/lunpai/openapi"
	"github.com/lunpai/lunpai/repo"
)

// Health is whether the process lives.
type Health struct {
	// Status is ok.
	Status string `json:"status"`
}

// healthz says that the process answers.
func healthz(*call, *none) (*Health, error) { return &Health{"ok"}, nil }

// wholeSeconds rounds up: what is not quite over is not told as 0.
func wholeSeconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }

// Readiness is whether this server can do its work.
type Readiness struct {
	// AheadSeconds is how far ahead of the clock the time of the furthest site stands, in seconds; absent when none does.
	AheadSeconds int64 `json:"ahead_s,omitempty"`
	// SitesAhead is how many sites' time stands in the future; absent when none does.
	SitesAhead int `json:"sites_ahead,omitempty"`
	// Status is ready.
	Status string `json:"status"`
	// Version is the version of the program.
	Version string `json:"version"`
}

// readyz says that the store answers, the clock is right, and the process is not stopping. Sites whose time stands in the future are counted,
// not named: anybody may ask.
func readyz(c *call, _ *none) (*Readiness, error) {
	if c.api.cfg.Desk.Draining() {
		return nil, repo.ErrDraining
	}
	if err := c.api.cfg.Store.Ping(c.Request().Context()); err != nil {
		return nil, fmt.Errorf("%w: %w", repo.ErrUnavailable, err)
	}
	if err := c.api.cfg.Desk.ClockError(); err != nil {
		return nil, err
	}
	a := &Readiness{Status: "ready", Version: c.api.cfg.Version}
	if n, most := c.api.cfg.Desk.SitesAhead(); n > 0 {
		a.SitesAhead, a.AheadSeconds = n, wholeSeconds(most)
	}
	return a, nil
}

func wrap(h http.Handler) handler {
	return func(c *call) error {
		h.ServeHTTP(c.Response(), c.Request())
		return nil
	}
}

// getContract gives out this document.
func getContract(c *call) error { return c.Blob(http.StatusOK, "application/yaml", openapi.Text) }
