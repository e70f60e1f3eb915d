package api

import (
	"fmt"
	"net/http"
	"time"

	"github.com/lunpai/lunpai/openapi"
	"github.com/lunpai/lunpai/repo"
)

// Health says that the process is alive.
type Health struct {
	// Status is ok.
	Status string `json:"status"`
}

// healthz answers while the process is alive.
func healthz(*call, *none) (*Health, error) { return &Health{"ok"}, nil }

// wholeSeconds rounds up, so that a rest is never 0.
func wholeSeconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }

// Readiness says that the server can do its work.
type Readiness struct {
	// AheadSeconds is how many seconds the furthest site's time is ahead of the clock. Absent if
	// none is.
	AheadSeconds int64 `json:"ahead_s,omitempty"`
	// SitesAhead is the number of sites whose time is ahead of the clock. Absent if none is.
	SitesAhead int `json:"sites_ahead,omitempty"`
	// Status is ready.
	Status string `json:"status"`
	// Version is the version of the program.
	Version string `json:"version"`
}

// readyz answers 200 if the store answers, the clock is right and the process is not stopping.
// Sites that are ahead of the clock are counted, not named, because the route is public.
func readyz(c *call, _ *none) (*Readiness, error) {
	if c.api.cfg.Engine.Draining() {
		return nil, repo.ErrDraining
	}
	if err := c.api.cfg.Store.Ping(c.Request().Context()); err != nil {
		return nil, fmt.Errorf("%w: %w", repo.ErrUnavailable, err)
	}
	if err := c.api.cfg.Engine.ClockError(); err != nil {
		return nil, err
	}
	a := &Readiness{Status: "ready", Version: c.api.cfg.Version}
	if n, most := c.api.cfg.Engine.SitesAhead(); n > 0 {
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

// getContract returns this document.
func getContract(c *call) error { return c.Blob(http.StatusOK, "application/yaml", openapi.Text) }
