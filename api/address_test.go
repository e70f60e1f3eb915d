package api

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"

	"github.com/lunpai/lunpai/internal/slow"
	"github.com/lunpai/lunpai/openapi/spec"
	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// odd are ways to write a part of an address that name nothing, made out of one that does.
var odd = map[string]func(string) string{
	"empty":           func(string) string { return "" },
	"blank":           func(string) string { return "%20" },
	"blank behind":    func(v string) string { return v + "%20" },
	"dot":             func(string) string { return "." },
	"dots":            func(string) string { return ".." },
	"escaped dot":     func(string) string { return "%2e" },
	"escaped dots":    func(string) string { return "%2e%2e" },
	"escaped slash":   func(string) string { return "%2f" },
	"slash inside":    func(v string) string { return v + "%2F" + v },
	"doubled slash":   func(v string) string { return "/" + v },
	"doubled behind":  func(v string) string { return v + "/" },
	"zero":            func(v string) string { return v + "%00" },
	"right to left":   func(v string) string { return "%E2%80%AE" + v },
	"no UTF-8":        func(v string) string { return v + "%c0%ae" },
	"other case":      otherCase,
	"a star":          func(string) string { return "*" },
	"too long for it": func(v string) string { return strings.Repeat(v, 64) },
}

// otherCase is the text in the other case; the same text where letters have none.
func otherCase(v string) string {
	if up := strings.ToUpper(v); up != v {
		return up
	}
	return strings.ToLower(v)
}

// standing is what both offices have stored.
func (o *office) standing() string {
	var b strings.Builder
	for _, site := range []workflow.SiteID{"s", "z"} {
		fmt.Fprintln(&b, "head", site, o.head(site))
	}
	sites, err := o.store.Sites(o.Context())
	o.ok(err)
	fmt.Fprintln(&b, "sites", sites)
	for _, c := range repo.SideCollections {
		docs, err := o.store.SidesOfAllSites(o.Context(), c, time.Time{})
		o.ok(err)
		for _, d := range docs {
			// when a key was used last: that is no secret, and right
			if strings.HasSuffix(d.ID, "~used") {
				continue
			}
			fmt.Fprintln(&b, c, d.ID, d.Site, string(d.Body))
		}
	}
	return b.String()
}

// secretsOf is whatever of office z would give away that an answer holds something of it.
func (o *office) secretsOf() []string {
	z := func(path, body string) *answer {
		return o.must(201,
			o.do("zM", "POST", "/v1/sites/z/"+path, body))
	}
	visit := z("visits",
		`{"identify":{"kind":"new","person":{"name":"CANARYNAME","phone":"13977777777"}},`+
			`"assign":true}`)
	v, k := visit.str("visit", "id"), visit.str("visit", "customer")
	call := z("calls", `{"for":"A","callback":"CANARYNOTE"}`).str("call", "id")
	o.must(200, o.do("zM", "POST", "/v1/sites/z/visits/"+v+"/register", `{"serve":true}`))
	return []string{
		"CANARYNAME", "CANARYNOTE", "13977777777", "139****7777", v, k, call,
		z("approvals", `{"kind":"discount"}`).str("approval", "id"),
		z("disputes", fmt.Sprintf(`{"customer":%q,"claimants":["A"]}`, k)).str("dispute", "id"),
		z("keys", `{"role":"kiosk","label":"CANARYLABEL"}`).str("key", "id"), "CANARYLABEL",
		"bootstrap",
		z("staff", `{"id":"CANARYSTAFF","role":"consultant"}`).str("staff", "id"),
	}
}

// TestOddAddresses sends every request of the contract, as everybody, to every odd way of writing
// each parameter of its address. A new route takes part by itself.
func TestOddAddresses(t *testing.T) {
	onBothStores(t, func(t *testing.T, s setup) {
		w := newWorldOn(t, s)
		secrets := w.secretsOf()
		call := w.must(201, w.do("desk", "POST", "/v1/sites/s/calls",
			`{"callback":"after six"}`)).str("call", "id")
		note := strings.NewReplacer("{note}", w.must(200,
			w.do("M", "GET", "/v1/sites/s/calls/"+call, nil)).str("call", "note"))
		callers := []string{"", "B", "zM", "M"}
		if slow.Wanted() && strings.HasSuffix(t.Name(), "SQLite") { // no store sees an odd address
			callers = append([]string{"", "B", "zM"}, columns...)
		}
		before := w.standing()
		sent := 0
		w.each(func(name, method, path string, op *spec.Operation) {
			path = note.Replace(path)
			for at, address := range oddAddresses(path, w.fill) {
				for _, who := range callers {
					var body any
					if text, ok := bodies[op.OperationID]; ok {
						body = w.fill.Replace(text)
					}
					sent++
					a := w.do(who, method, address, body)
					if !slices.Contains([]int{400, 401, 403, 404}, a.status) {
						t.Errorf("%s as %q at %s (%s): %d %.300s", name, who, address, at, a.status,
							a.raw)
					}
					for _, secret := range secrets {
						if strings.Contains(a.raw, secret) {
							t.Errorf("%s as %q at %s (%s) tells of %s: %.300s", name, who, address,
								at, secret, a.raw)
						}
					}
				}
			}
		})
		if after := w.standing(); after != before {
			t.Errorf("something was changed (-before +after):\n%s", cmp.Diff(before, after))
		}
		t.Logf("%d requests", sent)
	})
}

// oddAddresses are the odd ways to write an address of the contract, by what is odd.
func oddAddresses(path string, fill *strings.Replacer) map[string]string {
	out := map[string]string{"a slash at the end": fill.Replace(path) + "/", "a slash before": "/" +
		fill.Replace(path)}
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if !strings.HasPrefix(p, "{") {
			continue
		}
		for what, write := range odd {
			v := fill.Replace(p)
			if odd := write(v); odd != v {
				with := slices.Clone(parts)
				with[i] = odd
				out[p+" "+what] = fill.Replace(strings.Join(with, "/"))
			}
		}
	}
	return out
}

// TestParametersAreNeverEmpty: even where the router is asked without the check of the whole
// address, no handler gets an empty parameter, and no key is good for a route of a site without
// one.
func TestParametersAreNeverEmpty(t *testing.T) {
	o := newOffice(t, setup{})
	reached := false
	for _, r := range o.api.routes() {
		if !strings.Contains(r.path, ":") {
			continue
		}
		r.handle = func(*call) error { reached = true; return nil }
		r.public = true
		names := []string{}
		for p := range strings.SplitSeq(r.path, "/") {
			if name, ok := strings.CutPrefix(p, ":"); ok {
				names = append(names, name)
			}
		}
		for i := range names {
			for _, bad := range []string{"", ".", "..", "a/b", " "} {
				values := slices.Repeat([]string{"x"}, len(names))
				values[i] = bad
				c := o.api.echo.NewContext(httptest.NewRequestWithContext(t.Context(), r.method,
					"/", nil), httptest.NewRecorder())
				c.SetParamNames(names...)
				c.SetParamValues(values...)
				if p := asProblem(o.api.serve(r)(c), ""); p.Status != http.StatusNotFound ||
					reached {
					t.Fatalf("%s %s with %s %q: %d, the handler was reached: %v", r.method, r.path,
						names[i], bad, p.Status, reached)
				}
			}
		}
	}
}

// TestAuthorisationIsByTheRoute: whether a key must cover a site hangs on the route, not on the
// value it came with.
func TestAuthorisationIsByTheRoute(t *testing.T) {
	o := newOffice(t, setup{})
	o.must(201, o.do("M", "POST", "/v1/sites/s/staff", `{"id":"E","role":"employee"}`))
	o.key("E", workflow.RoleEmployee, "E")
	routes := 0
	for _, r := range o.api.routes() {
		if !strings.Contains(r.path, ":site") {
			continue
		}
		routes++
		for _, who := range append([]string{"zM"}, columns...) {
			req := httptest.NewRequestWithContext(t.Context(), r.method, "/", nil)
			req.Header.Set(echo.HeaderAuthorization, "Bearer "+o.tokens[who])
			c := &call{
				Context: o.api.echo.NewContext(req, httptest.NewRecorder()), api: o.api,
				route: r,
			}
			err := c.authenticate()
			if err == nil {
				err = c.authorise()
			}
			if p := asProblem(err, ""); p.Status != http.StatusNotFound {
				t.Errorf("%s %s as %s without a site: %d %s", r.method, r.path, who, p.Status,
					p.Code)
			}
		}
	}
	if routes == 0 {
		t.Error("no route was tried")
	}
}
