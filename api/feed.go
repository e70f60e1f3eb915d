package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// tickEvery is how often a stream looks whether it must end; after quietTicks without a commit it says that it is still there.
const (
	tickEvery  = time.Second
	quietTicks = 15
)

// streams reports whether the answer goes on as commits land.
func (c *call) streams() bool {
	return strings.HasSuffix(c.route.path, "/commits") && strings.Contains(c.Request().Header.Get("Accept"), "text/event-stream")
}

// feedPages is how many pages of the journal are read at once.
const feedPages = 16

// getCommits is the journal without its images: a JSON page, or a stream of server-sent events that goes on as commits land.
func getCommits(c *call) error {
	if c.streams() {
		return c.stream()
	}
	limit, err := c.limit()
	if err != nil {
		return err
	}
	after, err := c.after(c.QueryParam("after"))
	if err != nil {
		return err
	}
	entries, last, more, err := c.entries(after, limit)
	if err != nil {
		return err
	}
	body := map[string]any{"commits": entries, "seq": last}
	if more {
		body["next_after"] = last
	}
	return c.JSON(http.StatusOK, body)
}

// after is the number of the last commit that the caller has.
func (c *call) after(s string) (int64, error) {
	if s == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return 0, badRequest("bad_parameter", "after is not the number of a commit", "send the seq of the last commit you have")
	}
	return n, nil
}

// entries are up to limit commits behind after that the caller may see, the number up to which was looked, and whether there
// is more.
func (c *call) entries(after int64, limit int) (out []entry, last int64, more bool, err error) {
	out, last = []entry{}, after
	for {
		pages, err := c.api.cfg.Store.Since(c.Request().Context(), c.site, last+1, feedPages)
		if err != nil {
			return nil, 0, false, reading(err)
		}
		for _, p := range pages {
			cs, err := p.Commits()
			if err != nil {
				return nil, 0, false, err
			}
			for _, k := range cs {
				if k.Seq <= last {
					continue
				}
				if len(out) == limit {
					return out, last, true, nil
				}
				last = k.Seq
				if c.sees(k) {
					out = append(out, shown(k))
				}
			}
		}
		if len(pages) < feedPages {
			return out, last, false, nil
		}
	}
}

// sees: a consultant sees the commits about himself, his visits and his customers.
func (c *call) sees(k *workflow.Commit) bool {
	if !c.own() || k.By.Staff == c.key.Staff {
		return true
	}
	for _, f := range k.Facts {
		if f.Subject == string(c.key.Staff) {
			return true
		}
	}
	rs, err := k.Records()
	if err != nil {
		return false
	}
	for _, r := range rs {
		switch r := r.(type) {
		case *workflow.Visit:
			if r.Of(c.key.Staff) {
				return true
			}
		case *workflow.Customer:
			if r.Owner == c.key.Staff {
				return true
			}
		}
	}
	return false
}

// stream writes commits as they land. An event's id is the commit's number: a client that comes back with Last-Event-ID goes
// on where it was.
func (c *call) stream() error {
	from := c.Request().Header.Get("Last-Event-ID")
	if from == "" {
		from = c.QueryParam("after")
	}
	last, err := c.after(from)
	if err != nil {
		return err
	}
	signals, stop := c.api.cfg.Desk.Watch(c.site)
	defer stop()
	tick := time.NewTicker(c.api.tick)
	defer tick.Stop()
	control := http.NewResponseController(c.Response())
	h := c.Response().Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no") // a proxy must not hold events back
	c.Response().WriteHeader(http.StatusOK)
	_ = control.SetReadDeadline(time.Time{}) // a stream outlives the server's read timeout
	quiet := -1
	for {
		entries, to, more, err := c.entries(last, maxLimit)
		if err != nil || c.api.cfg.Desk.Draining() {
			return nil // the stream ends; the client comes back with Last-Event-ID
		}
		_ = control.SetWriteDeadline(time.Now().Add(30 * time.Second)) //nolint:forbidigo // a stream outlives the server's write timeout
		for _, e := range entries {
			text, err := json.Marshal(e)
			if err != nil {
				return nil
			}
			fmt.Fprintf(c.Response(), "id: %d\nevent: commit\ndata: %s\n\n", e.Seq, text)
		}
		switch quiet++; {
		case len(entries) > 0:
			quiet = 0
		case quiet%quietTicks == 0:
			fmt.Fprint(c.Response(), ": still here\n\n")
		}
		c.Response().Flush()
		if last = to; more {
			continue
		}
		select {
		case <-c.Request().Context().Done():
			return nil
		case <-signals:
		case <-tick.C:
		}
		if _, err := c.api.cfg.Keys.Authenticate(c.Request().Context(), strings.TrimPrefix(c.Request().Header.Get("Authorization"), "Bearer ")); err != nil {
			return nil // the key was revoked
		}
	}
}

// healthz: the process answers.
func healthz(c *call) error { return c.JSON(http.StatusOK, map[string]string{"status": "ok"}) }

// readyz: the store answers and the process is not stopping.
func readyz(c *call) error {
	if c.api.cfg.Desk.Draining() {
		return repo.ErrDraining
	}
	if err := c.api.cfg.Store.Ping(c.Request().Context()); err != nil {
		return fmt.Errorf("%w: %w", repo.ErrUnavailable, err)
	}
	return c.JSON(http.StatusOK, map[string]string{"status": "ready", "version": c.api.cfg.Version})
}
