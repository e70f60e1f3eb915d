package api

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lunpai/lunpai/repo"
)

// clockStore is a store with a clock of its own.
type clockStore struct {
	repo.Store
	off atomic.Int64
}

func (s *clockStore) Clock(context.Context) (time.Time, error) {
	return monday.Add(time.Duration(s.off.Load())), nil
}

// TestWrongClock: commands wait, looking goes on, and readiness says why.
func TestWrongClock(t *testing.T) {
	var store clockStore
	o := newOffice(t, setup{wrap: func(s repo.Store) repo.Store { store.Store = s; return &store }})
	store.off.Store(int64(-time.Hour))
	if err := o.engine.CheckClock(t.Context()); err == nil {
		t.Fatal("an hour went unnoticed")
	}
	a := o.must(503, o.do("desk", "POST", "/v1/sites/s/visits", nil))
	if a.str("code") != "clock_wrong" || a.str("outcome") != "not_written" ||
		!strings.Contains(a.str("fix"), "NTP") || a.header.Get("Retry-After") == "" {
		t.Errorf("a command: %s", a.raw)
	}
	if a := o.must(503, o.do("", "GET", "/readyz", nil)); a.str("code") != "clock_wrong" {
		t.Errorf("ready: %s", a.raw)
	}
	o.must(200, o.do("desk", "GET", "/v1/sites/s/rota", nil))
	store.off.Store(0)
	o.ok(o.engine.CheckClock(t.Context()))
	o.must(201, o.do("desk", "POST", "/v1/sites/s/visits", nil))
	o.must(200, o.do("", "GET", "/readyz", nil))
}

// TestSiteAhead: a site whose time stands in the future says so in every answer about it, refusals
// too, and readiness counts it.
func TestSiteAhead(t *testing.T) {
	o := newOffice(t, setup{})
	o.clock.Set(monday.Add(time.Hour))
	o.must(201, o.do("desk", "POST", "/v1/sites/s/visits", nil))
	o.clock.Set(monday)
	told := func(path string, want string) {
		t.Helper()
		if got := o.must(200, o.do("admin", "GET", path,
			nil)).header.Get("Lunpai-Ahead"); got != want {
			t.Errorf("%s says %q seconds, want %q", path, got, want)
		}
	}
	if a := o.must(201, o.do("desk", "POST", "/v1/sites/s/visits",
		nil)); a.header.Get("Lunpai-Ahead") != "3600" {
		t.Errorf("a command: %v", a.header)
	}
	if a := o.must(404, o.do("desk", "POST", "/v1/sites/s/visits/nobody/serve",
		nil)); a.header.Get("Lunpai-Ahead") != "3600" {
		t.Errorf("a refusal: %v", a.header)
	}
	told("/v1/sites/s", "3600")
	told("/v1/sites/z", "")
	a := o.must(200, o.do("", "GET", "/readyz", nil))
	if a.body["sites_ahead"] != 1.0 || a.body["ahead_s"] != 3600.0 {
		t.Errorf("ready: %s", a.raw)
	}
	o.clock.Set(monday.Add(61 * time.Minute))
	o.must(201, o.do("desk", "POST", "/v1/sites/s/visits", nil))
	told("/v1/sites/s", "")
	if a := o.must(200, o.do("", "GET", "/readyz", nil)); a.body["sites_ahead"] != nil {
		t.Errorf("ready: %s", a.raw)
	}
}

// TestNoteClock: the administrator has the true time noted; the feed shows both times.
func TestNoteClock(t *testing.T) {
	o := newOffice(t, setup{})
	note := map[string]any{"note_clock": true}
	if a := o.must(409, o.do("admin", "PATCH", "/v1/sites/s", note)); a.str("code") != "not_ahead" {
		t.Errorf("nothing is ahead: %s", a.raw)
	}
	o.clock.Set(monday.Add(time.Hour))
	o.must(201, o.do("desk", "POST", "/v1/sites/s/visits", nil))
	o.clock.Set(monday)
	o.must(403, o.do("M", "PATCH", "/v1/sites/s", note))
	seq := o.must(200, o.do("admin", "PATCH", "/v1/sites/s", note)).body["seq"].(float64)
	o.must(201, o.do("desk", "POST", "/v1/sites/s/visits", nil))
	a := o.must(200, o.do("M", "GET", fmt.Sprintf("/v1/sites/s/commits?after=%d", int(seq)), nil))
	if !strings.Contains(a.raw, `"at":"2024-03-04T02:10:00Z","clock_at":"2024-03-04T01:10:00Z"`) {
		t.Errorf("the feed: %s", a.raw)
	}
}
