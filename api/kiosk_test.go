package api

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lunpai/lunpai/workflow"
)

// TestKiosk: what comes back to a kiosk is the ticket and its state.
func TestKiosk(t *testing.T) {
	o := newOffice(t, setup{config: func(c *Config) { c.KioskGap, c.KioskHourly = -1, -1 }})
	o.key("kiosk2", workflow.RoleKiosk, "")
	known, _ := o.customer("13800138000")
	keys := func(a *answer) (got []string) {
		for k := range a.body {
			got = append(got, k)
		}
		return got
	}
	want := map[string]bool{"visit": true, "state": true, "number": true, "ahead": true}
	check := func(a *answer, state string) {
		t.Helper()
		for _, k := range keys(a) {
			if !want[k] {
				t.Errorf("a kiosk is told %s: %s", k, a.raw)
			}
		}
		if a.str("state") != state {
			t.Errorf("state %q, want %q", a.str("state"), state)
		}
		if a.header.Get("Cache-Control") != "no-store" || a.header.Get("ETag") != "" {
			t.Errorf("headers %v", a.header)
		}
		if strings.Contains(a.raw, known) || strings.Contains(a.raw, "13800138000") {
			t.Errorf("something personal came back: %s", a.raw)
		}
	}
	arrive := func(body string) *answer {
		return o.must(201, o.do("kiosk", "POST", "/v1/sites/s/visits", body))
	}
	// The same answer for somebody known and somebody unknown.
	a, b := arrive(`{"person":{"phone":"13800138000"}}`),
		arrive(`{"person":{"phone":"13900139000","name":"Li"}}`)
	check(a, "arrived")
	check(b, "arrived")
	if a.str("number") != "A02" || !strings.Contains(a.raw, `"ahead":0`) {
		t.Errorf("the first ticket is %s", a.raw)
	}
	same := func(a *answer) string {
		return strings.NewReplacer(a.str("visit"), "ID", `"A03"`, `"A02"`,
			`"ahead":1`, `"ahead":0`).Replace(a.raw)
	}
	if d := cmp.Diff(same(a), same(b)); d != "" {
		t.Errorf("known and unknown differ:\n%s", d)
	}
	check(o.must(200, o.do("kiosk", "POST", "/v1/sites/s/visits?dry_run=true",
		`{"person":{"phone":"13800138000"}}`)), "arrived")

	ticket := "/v1/sites/s/visits/" + a.str("visit")
	check(o.must(200, o.do("kiosk", "GET", ticket, nil)), "arrived")
	o.must(200, o.do("desk", "POST", ticket+"/identify", `{"kind":"returning"}`))
	o.must(200, o.do("desk", "POST", ticket+"/assign", nil))
	check(o.must(200, o.do("kiosk", "GET", ticket, nil)), "assigned")
	o.must(404, o.do("kiosk2", "GET", ticket, nil))
	o.must(404, o.do("kiosk", "GET", "/v1/sites/s/visits/"+o.arrive("arrived", nil), nil))
	for _, body := range []string{
		`{"identify":{"kind":"new"}}`,
		`{"identify":{"kind":"new"},"assign":true}`,
	} {
		o.must(403, o.do("kiosk", "POST", "/v1/sites/s/visits", body))
	}
	for _, path := range []string{"/history", "/identify"} {
		method := map[bool]string{true: "GET", false: "POST"}[path == "/history"]
		o.must(403, o.do("kiosk", method, ticket+path, nil))
	}
	o.must(200, o.do("S", "DELETE", "/v1/sites/s/keys/"+o.keyIDs["kiosk"], nil))
	o.must(401, o.do("kiosk", "GET", ticket, nil))
	o.must(403, o.do("S", "DELETE", "/v1/sites/s/keys/"+o.keyIDs["desk"], nil))
}

// TestRefusedArrivalsLeaveNoTrace: a person whose request was refused does not bar later visits
// with the same phone.
func TestRefusedArrivalsLeaveNoTrace(t *testing.T) {
	o := newOffice(t, setup{})
	v := o.arrive("served", nil)
	person := `{"kind":"new","person":{"name":"Li","phone":"13800138001"}}`
	o.must(409, o.do("desk", "POST", "/v1/sites/s/visits/"+v+"/identify", person))
	a := o.must(201, o.do("desk", "POST", "/v1/sites/s/visits", `{"identify":`+person+`}`))
	if p, err := o.vault.Person(t.Context(), "s",
		workflow.CustomerID(a.str("visit", "customer"))); err != nil || p.Name != "Li" {
		t.Errorf("the person is %+v, %v", p, err)
	}
	late, err := newVaultAt(o, 3*time.Hour)
	o.ok(err)
	if _, _, err := late.Sweep(t.Context(), time.Hour); err != nil {
		t.Fatal(err)
	}
	if _, err := o.vault.Person(t.Context(), "s",
		workflow.CustomerID(a.str("visit", "customer"))); err != nil {
		t.Errorf("after the sweep: %v", err)
	}
}

// TestNote: free text is read by who may, and erased for good.
func TestNote(t *testing.T) {
	o := newOffice(t, setup{})
	call := o.must(201, o.do("desk", "POST", "/v1/sites/s/calls",
		map[string]any{"for": "A", "callback": "after six"})).str("call", "id")
	note := o.must(200, o.do("desk", "GET", "/v1/sites/s/calls/"+call, nil)).str("call", "note")
	if text := o.must(200, o.do("desk", "GET", "/v1/sites/s/notes/"+note+"?reason=call_back",
		nil)).str("note", "text"); text != "after six" {
		t.Errorf("the note says %q", text)
	}
	o.must(204, o.do("M", "DELETE", "/v1/sites/s/notes/"+note, nil))
	o.must(404, o.do("desk", "GET", "/v1/sites/s/notes/"+note+"?reason=call_back", nil))
}
