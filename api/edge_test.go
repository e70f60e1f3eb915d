package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

func TestReady(t *testing.T) {
	o := newOffice(t, setup{})
	if a := o.must(200, o.do("", "GET", "/readyz", nil)); a.str("status") != "ready" ||
		a.str("version") != "test" {
		t.Errorf("ready: %s", a.raw)
	}
	o.ok(o.engine.Drain(t.Context()))
	a := o.must(503, o.do("", "GET", "/readyz", nil))
	if a.str("code") != "shutting_down" || a.header.Get("Retry-After") == "" {
		t.Errorf("draining: %s", a.raw)
	}
	o.must(200, o.do("", "GET", "/healthz", nil))
	if a := o.do("desk", "POST", "/v1/sites/s/visits", nil); a.status != 503 ||
		a.str("outcome") != "not_written" || a.header.Get("Retry-After") == "" {
		t.Errorf("a command while draining: %d %s", a.status, a.raw)
	}
}

// TestStoreClosed: nobody is told 500 because the store is away, nor anything of what the store
// says.
func TestStoreClosed(t *testing.T) {
	w := newWorld(t)
	w.ok(w.store.Close())
	for _, who := range []string{"M", "desk"} { // their keys are remembered for a while
		for _, path := range []string{
			"visits", "rota", "rota?seq=2", "rotas/2024-03-04",
			"customers", "commits", "staff", "keys", "approvals",
		} {
			if path == "keys" && who == "desk" {
				continue
			}
			a := w.do(who, "GET", "/v1/sites/s/"+path, nil)
			if a.status != 503 && a.status != 200 || strings.Contains(a.raw, "closed") {
				t.Errorf("GET %s: %d %s", path, a.status, a.raw)
			}
		}
		if a := w.do(who, "POST", "/v1/sites/s/visits",
			`{"person":{"phone":"13800138000"}}`); a.status != 503 ||
			a.header.Get("Retry-After") == "" {
			t.Errorf("a command: %d %s", a.status, a.raw)
		}
	}
	w.must(503, w.do("", "GET", "/readyz", nil))
	w.must(200, w.do("", "GET", "/healthz", nil))
}

// brokenStore fails in ways a store should not.
type brokenStore struct {
	repo.Store
	list func()
	err  error
}

func (b *brokenStore) List(ctx context.Context, q repo.Query) (repo.Listing, error) {
	if b.list != nil {
		b.list()
	}
	if b.err != nil {
		return repo.Listing{}, b.err
	}
	return b.Store.List(ctx, q)
}

const secret = "13800138000 in a driver's text"

func TestPanicsAndErrorsAreHidden(t *testing.T) {
	b := &brokenStore{}
	o := newOffice(t, setup{wrap: func(s repo.Store) repo.Store { b.Store = s; return b }})
	b.list = func() { panic(secret) }
	a := o.must(500, o.do("M", "GET", "/v1/sites/s/visits", nil, "X-Request-Id",
		"0123456789abcdef-1"))
	if strings.Contains(a.raw, secret) || a.str("code") != "internal" ||
		a.str("request_id") != "0123456789abcdef-1" {
		t.Errorf("a panic answers %s", a.raw)
	}
	if log := o.log.String(); strings.Contains(log, secret) ||
		!strings.Contains(log, "brokenStore") || !strings.Contains(log, "0123456789abcdef-1") {
		t.Errorf("the panic's value is in the log, or its place is not: %s", log)
	}
	o.must(200, o.do("M", "GET", "/v1/sites/s/rota", nil))
	b.list, b.err = nil, errors.New(secret)
	a = o.must(503, o.do("M", "GET", "/v1/sites/s/visits", nil))
	if strings.Contains(a.raw, secret) {
		t.Errorf("an error answers %s", a.raw)
	}
}

func TestSecurityHeaders(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{
		"/v1/sites/s/rota", "/v1/sites/nobody", "/nowhere", "/healthz",
		"/openapi.yaml", "/v1/sites/s/visits/x/y/z", "/docs",
	} {
		a := w.do("M", "GET", path, nil)
		for k, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
			"Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
			"Content-Security-Policy": "default-src '",
		} {
			if !strings.HasPrefix(a.header.Get(k), want) {
				t.Errorf("%s: %s is %q", path, k, a.header.Get(k))
			}
		}
		if a.header.Get("X-Request-Id") == "" || a.header.Get("Server") != "" ||
			a.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: headers %v", path, a.header)
		}
		if a.status == 404 {
			w.wantProblem(a, 404, path)
		}
	}
	w.wantProblem(w.do("M", "POST", "/v1/sites/s/rota", nil), 405, "POST rota")
	w.wantProblem(w.do("M", "DELETE", "/v1/sites", nil), 405, "DELETE sites")
	if w.api.Server(t.Context()).ReadHeaderTimeout <= 0 {
		t.Error("no header timeout")
	}
}

func TestServerTimeouts(t *testing.T) {
	a, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	s := a.Server(t.Context())
	if s.ReadHeaderTimeout <= 0 || s.ReadTimeout <= 0 || s.WriteTimeout <= 0 ||
		s.IdleTimeout <= 0 || s.MaxHeaderBytes <= 0 || s.ErrorLog == nil {
		t.Errorf("the server waits for ever somewhere: %+v", s)
	}
	if s.WriteTimeout <= answerWithin {
		t.Error("the server gives up before the handler")
	}
}

// TestMetricsHaveNoIDs: however many sites, visits, words and methods callers make up, the series
// stay few and say nothing.
func TestMetricsHaveNoIDs(t *testing.T) {
	w := newWorld(t)
	for _, p := range []string{
		"/v1/sites/s/visits/" + w.fill.Replace("%v"),
		"/v1/sites/s/customers/13800138000", "/no/such/13800138000", "/v1/sites/13800138000/rota",
		"/docs/13800138000",
	} {
		w.do("M", "GET", p, nil)
	}
	for _, m := range []string{"BREW13800138000", "PROPFIND", "TRACE"} {
		w.api.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), m,
			"/v1/sites", nil))
	}
	text := w.do("", "GET", "/metrics", nil).raw
	if strings.Contains(text, "13800138000") || strings.Contains(text, w.fill.Replace("%v")) {
		t.Error("the metrics repeat what callers send")
	}
	routes := map[string]bool{"none": true}
	for _, r := range w.api.echo.Routes() {
		routes[r.Path] = true
	}
	labels := regexp.MustCompile(`method="([^"]*)",route="([^"]*)"`)
	for _, m := range labels.FindAllStringSubmatch(text, -1) {
		if !routes[m[2]] || len(m[1]) > 7 {
			t.Errorf("a series of its own: %s %s", m[1], m[2])
		}
	}
}

// TestUnusualIDs: ids in any script work in addresses and come back escaped.
func TestUnusualIDs(t *testing.T) {
	o := newOffice(t, setup{bare: true})
	for _, id := range []string{
		"江边", "a,b", "a+b", "a b", "a%2Fb", "ä", "a:b", "a?b", "a#b",
		"..",
		"live",
	} {
		a := o.do("admin", "POST", "/v1/sites", map[string]any{
			"id": id,
			"staff": []map[string]string{
				{"id": "王" + id, "role": "manager"},
				{"id": "李", "role": "consultant"},
			},
		})
		if a.status == 400 {
			continue
		}
		o.must(201, a)
		if want := "/v1/sites/" + url.PathEscape(id); a.header.Get("Location") != want {
			t.Errorf("%q is at %s, want %s", id, a.header.Get("Location"), want)
		}
		o.tokens["m"] = a.str("keys", 0, "token")
		b := o.do("m", "GET", a.header.Get("Location"), nil)
		if b.status != 200 || b.str("site", "id") != id {
			t.Errorf("%q cannot be read at its address: %d %s", id, b.status, b.raw)
			continue
		}
		v := o.must(201, o.do("m", "POST", a.header.Get("Location")+"/visits", nil))
		if o.do("m", "GET", v.header.Get("Location"), nil).status != 200 {
			t.Errorf("a visit of %q cannot be read at %s", id, v.header.Get("Location"))
		}
		o.must(200, o.do("m", "POST",
			a.header.Get("Location")+"/staff/"+url.PathEscape("李")+"/leave",
			`{"reason":"personal"}`))
	}
}

// TestBadHours: a weekday beyond Saturday is refused, not a panic.
func TestBadHours(t *testing.T) {
	o := newOffice(t, setup{})
	for _, days := range []string{"[7]", "[-1]", "[1000000]"} {
		o.must(400, o.do("admin", "POST", "/v1/sites",
			`{"hours":[{"days":`+days+`,"from":"09:00","to":"18:00"}]}`))
		o.must(400, o.do("M", "PATCH", "/v1/sites/s",
			`{"hours":[{"days":`+days+`,"from":"09:00","to":"18:00"}]}`))
		o.must(400, o.do("M", "PATCH", "/v1/sites/s",
			`{"duty":[{"days":`+days+`,"from":"12:00","to":"13:00","staff":"A"}]}`))
	}
	o.must(404, o.do("admin", "PATCH", "/v1/sites/nowhere", `{"holidays":[]}`))
	o.must(404, o.do("admin", "POST", "/v1/sites/nowhere/keys", `{"role":"kiosk"}`))
	o.must(404, o.do("admin", "GET", "/v1/sites/nowhere", nil))
}

// TestHoursWithBreaks: a weekday takes several intervals beside the old form, and a refusal says in
// both languages which one to move.
func TestHoursWithBreaks(t *testing.T) {
	o := newOffice(t, setup{})
	week := func(at string) [7]workflow.DayHours {
		t.Helper()
		a := o.must(200, o.do("M", "GET", at, nil))
		var v struct {
			Site struct{ Hours [7]workflow.DayHours }
		}
		if err := json.Unmarshal([]byte(a.raw), &v); err != nil {
			t.Fatal(err)
		}
		return v.Site.Hours
	}
	const split = `{"from":"09:00","to":"12:00","more":[{"from":"13:30","to":"18:00"}]}`
	o.must(201, o.do("admin", "POST", "/v1/sites", `{"id":"b","hours":[`+split+`]}`))
	o.must(200, o.do("M", "PATCH", "/v1/sites/s", `{"hours":[`+split+`,
		{"days":[0],"from":"10:00","to":"16:00"},{"days":[6],"from":"","to":"","more":[]}]}`))
	got := week("/v1/sites/s")
	if len(got[1].More) != 1 || got[1].More[0] != (workflow.Interval{From: "13:30", To: "18:00"}) ||
		got[0].From != "10:00" || got[0].More != nil || got[6].From != "" || got[6].More != nil {
		t.Errorf("the week is %+v", got)
	}
	for body, says := range map[string][2]string{
		`[{"from":"09:00","to":"14:00","more":[{"from":"13:30","to":"18:00"}]}]`: {
			"begin before 14:00", "结束时间 14:00",
		},
		`[{"from":"09:00","to":"12:00","more":[{"from":"14:00","to":"13:00"}]}]`: {
			"a later end", "不是一天内的时段",
		},
		`[{"from":"","to":"","more":[{"from":"13:30","to":"18:00"}]}]`: {
			"a later end", "不是一天内的时段",
		},
	} {
		for i, lang := range []string{"en", "zh"} {
			a := o.must(400, o.do("M", "PATCH", "/v1/sites/s", `{"hours":`+body+`}`,
				"Accept-Language", lang))
			if a.str("code") != "bad_hours" || !strings.Contains(a.str("detail"), says[i]) {
				t.Errorf("%s: %s: %s", body, a.str("code"), a.str("detail"))
			}
		}
	}
	for _, body := range []string{
		`[{"from":"09:00","to":"12:00","more":{"from":"13:30","to":"18:00"}}]`,
		`[{"from":"09:00","to":"12:00","more":["13:30","18:00"]}]`,
		`[{"from":"09:00","to":"12:00","more":[{"from":"13:30","to":"18:00","days":[1]}]}]`,
		`[{"from":"09:00","to":"12:00","more":[` +
			strings.Repeat(`{"from":"13:30","to":"18:00"},`, 12) +
			`{"from":"13:30","to":"18:00"}]}]`,
	} {
		o.must(400, o.do("M", "PATCH", "/v1/sites/s", `{"hours":`+body+`}`))
	}
	if again := week("/v1/sites/s"); !reflect.DeepEqual(again, got) {
		t.Errorf("refusals changed the week to %+v", again)
	}
}
