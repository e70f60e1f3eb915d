package api

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestCursors(t *testing.T) {
	o := newOffice(t, setup{})
	var want []string
	for range 7 {
		want = append(want, o.arrive("arrived", nil))
	}
	slices.Reverse(want) // newest first
	for _, limit := range []int{1, 2, 3, 7, 8, 200} {
		var got []string
		cursor := ""
		for range 10 {
			query := fmt.Sprintf("?limit=%d", limit)
			if cursor != "" {
				query += "&cursor=" + url.QueryEscape(cursor)
			}
			a := o.must(200, o.do("desk", "GET", "/v1/sites/s/visits"+query, nil))
			list, _ := a.at("visits").([]any)
			if len(list) > limit {
				t.Errorf("limit %d gives %d", limit, len(list))
			}
			for i := range list {
				got = append(got, a.str("visits", i, "id"))
			}
			if cursor = a.str("next_cursor"); cursor == "" {
				break
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("limit %d (-want +got):\n%s", limit, d)
		}
	}
	for _, q := range []string{
		"limit=0", "limit=201", "limit=-1", "limit=x", "limit=", "cursor=!",
		"from=yesterday", "to=2024-02-30",
	} {
		if a := o.do("M", "GET", "/v1/sites/s/visits?"+q, nil); a.status != 400 && q != "limit=" {
			t.Errorf("%s: %d", q, a.status)
		}
	}
	if a := o.must(200, o.do("M", "GET",
		"/v1/sites/s/visits?state=arrived&from=2024-03-04&to=2024-03-04",
		nil)); a.at("seq") != float64(8) {
		t.Errorf("the list stands at %v", a.at("seq"))
	}
	if l, _ := o.must(200, o.do("M", "GET", "/v1/sites/s/visits?from=2024-03-05",
		nil)).at("visits").([]any); len(l) != 0 {
		t.Errorf("%d visits of tomorrow", len(l))
	}
}

// TestDeskSeesToday: front desk and shift leader list today's visits only, and today's table.
func TestDeskSeesToday(t *testing.T) {
	o := newOffice(t, setup{})
	o.arrive("arrived", nil)
	o.must(200, o.do("M", "POST", "/v1/sites/s/rota/close", nil))
	o.clock.Set(monday.Add(24 * time.Hour))
	o.arrive("arrived", nil)
	for who, want := range map[string]int{"desk": 1, "L": 1, "S": 2, "M": 2, "analyst": 2} {
		for _, q := range []string{"", "?from=2024-03-01", "?from=2024-03-04&to=2024-03-05"} {
			if l, _ := o.must(200, o.do(who, "GET", "/v1/sites/s/visits"+q,
				nil)).at("visits").([]any); len(l) != want {
				t.Errorf("%s lists %d visits with %q, want %d", who, len(l), q, want)
			}
		}
		status := map[bool]int{true: 403, false: 200}[want == 1]
		o.must(status, o.do(who, "GET", "/v1/sites/s/rotas/2024-03-04", nil))
		o.must(200, o.do(who, "GET", "/v1/sites/s/rotas/2024-03-05", nil))
	}
}

func TestKioskLimit(t *testing.T) {
	o := newOffice(t, setup{config: func(c *Config) {
		c.KioskGap, c.KioskHourly = 20*time.Second,
			3
	}})
	arrive := func(key string) *answer {
		return o.do("kiosk", "POST", "/v1/sites/s/visits", nil, "Idempotency-Key", key)
	}
	first := o.must(201, arrive("1"))
	if again := o.must(201, arrive("1")); again.raw != first.raw {
		t.Error("a repeated arrival gets another answer")
	}
	a := o.must(429, arrive("2"))
	if a.header.Get("Retry-After") != "20" || a.str("code") != "too_many" || a.str("fix") == "" {
		t.Errorf("Retry-After %q: %s", a.header.Get("Retry-After"), a.raw)
	}
	// looking is not limited
	o.must(200, o.do("kiosk", "GET", "/v1/sites/s/visits/"+first.str("visit"), nil))
	// nor are others
	o.must(201, o.do("desk", "POST", "/v1/sites/s/visits", nil))
	for i := range 2 {
		o.clock.Set(o.clock.Now().Add(20 * time.Second))
		o.must(201, arrive("3"+strconv.Itoa(i)))
	}
	o.clock.Set(o.clock.Now().Add(20 * time.Second))
	if a := o.must(429, arrive("4")); a.header.Get("Retry-After") != "3540" {
		t.Errorf("the fourth in an hour may come after %s s", a.header.Get("Retry-After"))
	}
	o.clock.Set(o.clock.Now().Add(time.Hour))
	o.must(201, arrive("5"))
	o.must(201, newOffice(t, setup{config: func(c *Config) {
		c.KioskGap, c.KioskHourly = -1,
			-1
	}}).do("kiosk", "POST", "/v1/sites/s/visits", nil))
}

func TestSearchLimit(t *testing.T) {
	o := newOffice(t, setup{})
	for i := range searchesHourly {
		o.must(200, o.do("B", "POST", "/v1/sites/s/customers/search",
			map[string]any{"phone": strconv.Itoa(13800000000 + i)}))
	}
	if a := o.must(429, o.do("B", "POST", "/v1/sites/s/customers/search",
		`{"phone":"13800138000"}`)); a.header.Get("Retry-After") != "3600" {
		t.Errorf("Retry-After %q", a.header.Get("Retry-After"))
	}
	o.must(200, o.do("C", "POST", "/v1/sites/s/customers/search", `{"phone":"13800138000"}`))
	// One Idempotency-Key for all of them opens no door.
	refused := 0
	for i := range searchesHourly + 5 {
		if o.do("D", "POST", "/v1/sites/s/customers/search",
			map[string]any{"phone": strconv.Itoa(13800000000 + i)}, "Idempotency-Key",
			"one").status == 429 {
			refused++
		}
	}
	if refused != 5 {
		t.Errorf("%d of 5 searches too many were refused", refused)
	}
}

func TestClock(t *testing.T) {
	o := newOffice(t, setup{})
	at := "2024-03-05T10:00:00+08:00"
	a := o.must(201, o.do("desk", "POST", "/v1/sites/s/visits", nil, "Lunpai-Now", at))
	if a.str("visit", "arrived_at") != "2024-03-05T02:00:00Z" ||
		!o.clock.Now().Equal(monday.Add(24*time.Hour+50*time.Minute)) {
		t.Errorf("arrived at %s; the clock shows %v", a.str("visit", "arrived_at"), o.clock.Now())
	}
	for _, bad := range []string{"yesterday", "2024-03-05", "2024-03-05 10:00:00", "1709600400"} {
		if a := o.do("desk", "POST", "/v1/sites/s/visits", nil, "Lunpai-Now",
			bad); a.status != 400 || a.str("code") != "bad_time" {
			t.Errorf("Lunpai-Now %q: %d %s", bad, a.status, a.str("code"))
		}
	}
	before := o.clock.Now()
	o.must(401, o.do("", "GET", "/v1/sites/s/rota", nil, "Lunpai-Now", "2030-01-01T00:00:00Z"))
	o.must(403, o.do("kiosk", "GET", "/v1/sites/s/rota", nil, "Lunpai-Now", "2030-01-01T00:00:00Z"))
	if !o.clock.Now().Equal(before) {
		t.Error("somebody who may nothing has set the clock")
	}
	real := newOffice(t, setup{config: func(c *Config) { c.Clock = nil }})
	head := real.head("s")
	if a := real.do("desk", "POST", "/v1/sites/s/visits", nil, "Lunpai-Now", at); a.status != 400 ||
		a.str("code") != "clock_not_manual" {
		t.Errorf("a real clock was set: %d %s", a.status, a.raw)
	}
	if real.head("s") != head {
		t.Error("something was written")
	}
}

func TestManualClockRuns(t *testing.T) {
	machine := monday
	c := NewManualClock(monday, func() time.Time { return machine })
	machine = machine.Add(time.Hour)
	if !c.Now().Equal(monday) {
		t.Error("a clock that stands moved")
	}
	c.Run()
	machine = machine.Add(time.Minute)
	if !c.Now().Equal(monday.Add(time.Minute)) {
		t.Errorf("it runs to %v", c.Now())
	}
	c.Set(monday.Add(-time.Hour))
	c.Run()
	machine = machine.Add(time.Second)
	if !c.Now().Equal(monday.Add(time.Second - time.Hour)) {
		t.Errorf("set and run on: %v", c.Now())
	}
}
