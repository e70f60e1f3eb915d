package api

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// sides counts the documents of a side collection at site s.
func (o *office) sides(c repo.SideCollection) int {
	o.Helper()
	docs, err := o.store.Sides(o.Context(), c, "s", time.Time{})
	o.ok(err)
	return len(docs)
}

// TestReplays: a request that is sent again gets its first answer, and leaves nothing else behind.
func TestReplays(t *testing.T) {
	o := newOffice(t, setup{})
	v := o.arrive("assigned", nil)
	k, _ := o.customer("13900139000")
	tests := []struct{ name, who, path, body string }{
		{"arrive", "desk", "visits", `{"party":1}`},
		{"arrive and assign", "desk", "visits", `{"identify":{"kind":"new"},"assign":true}`},
		{"arrive with a phone", "desk", "visits", `{"person":{"name":"Li","phone":"13800138001"}}`},
		{"arrive with a name only", "desk", "visits", `{"person":{"name":"Li"}}`},
		{"arrive at the kiosk", "kiosk", "visits", `{"party":1,"person":{"phone":"13800138002"}}`},
		{
			"register", "desk", "visits/" + v + "/register",
			`{"serve":true,"person":{"name":"Wu","phone":"13800138003"},"form":{"remark":"late"}}`,
		},
		{
			"import", "M", "customers",
			`{"status":"registered","owner":"A","person":{"name":"Qi","phone":"13800138004"}}`,
		},
		{"follow-up", "desk", "customers/" + k + "/follow-ups", `{"note":"called"}`},
		{"call", "desk", "calls", `{"for":"A","callback":"Mr Wu"}`},
		{"approval", "A", "approvals", `{"kind":"discount","note":"2 %"}`},
		{"vacancy", "B", "desk/vacancies", ``},
		{"leave", "D", "staff/D/leave", `{"reason":"personal"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			send := func() *answer {
				return o.do(tt.who, "POST", "/v1/sites/s/"+tt.path, tt.body, "Idempotency-Key",
					"again-"+strings.ReplaceAll(tt.name, " ", "-"))
			}
			first := send()
			if first.status >= 300 {
				t.Fatalf("%d %s", first.status, first.raw)
			}
			head, people, notes := o.head("s"), o.sides(repo.People), o.sides(repo.Notes)
			second := send()
			if second.status != first.status || second.raw != first.raw {
				t.Errorf("first  %d %s\nsecond %d %s", first.status, first.raw, second.status,
					second.raw)
			}
			if first.header.Get("Idempotency-Replayed") != "" ||
				second.header.Get("Idempotency-Replayed") != "true" {
				t.Error("the replay is not marked, or the first answer is")
			}
			for _, h := range []string{"ETag", "Location", "Idempotency-Key"} {
				if first.header.Get(h) != second.header.Get(h) {
					t.Errorf("%s: %q, then %q", h, first.header.Get(h), second.header.Get(h))
				}
			}
			if o.head("s") != head || o.sides(repo.People) != people ||
				o.sides(repo.Notes) != notes {
				t.Errorf("something was left behind: %d commits, %d people, %d notes more",
					o.head("s")-head, o.sides(repo.People)-people, o.sides(repo.Notes)-notes)
			}
		})
	}
}

// TestReplayedSites: the same request founds one site, with an id or without.
func TestReplayedSites(t *testing.T) {
	o := newOffice(t, setup{bare: true})
	for name, body := range map[string]string{"with": `{"id":"riverside"}`, "without": `{}`} {
		first := o.must(201, o.do("admin", "POST", "/v1/sites", body, "Idempotency-Key", name))
		if first.at("keys") == nil {
			t.Error("the first answer has no keys")
		}
		second := o.must(201, o.do("admin", "POST", "/v1/sites", body, "Idempotency-Key", name))
		if first.str("site", "id") != second.str("site", "id") ||
			second.header.Get("Idempotency-Replayed") == "" {
			t.Errorf("%s an id: %s, then %s", name, first.str("site", "id"),
				second.str("site", "id"))
		}
		if first.str("keys", 0, "id") != second.str("keys", 0, "id") ||
			first.str("keys", 0, "token") == second.str("keys", 0, "token") {
			t.Errorf("the same keys with new tokens: %v, then %v", first.at("keys"),
				second.at("keys"))
		}
	}
	if l, _ := o.must(200, o.do("admin", "GET", "/v1/sites",
		nil)).at("sites").([]any); len(l) != 2 {
		t.Errorf("there are %d sites", len(l))
	}
	if a := o.do("admin", "POST", "/v1/sites", `{"id":"riverside"}`); a.status != 409 {
		t.Errorf("a site that is there is founded again: %d %s", a.status, a.raw)
	}
}

// TestErasedStaysErased: a late replay does not bring back a person that was erased.
func TestErasedStaysErased(t *testing.T) {
	o := newOffice(t, setup{})
	body := `{"identify":{"kind":"new","person":{"name":"Li","phone":"13800138001"}}}`
	a := o.must(201, o.do("desk", "POST", "/v1/sites/s/visits", body, "Idempotency-Key", "once"))
	o.must(204, o.do("M", "DELETE", "/v1/sites/s/customers/"+a.str("visit", "customer")+"/person",
		nil))
	o.must(201, o.do("desk", "POST", "/v1/sites/s/visits", body, "Idempotency-Key", "once"))
	if n := o.sides(repo.People); n != 1 { // the tombstone
		t.Errorf("%d people after a replay", n)
	}
}

func TestKeyReused(t *testing.T) {
	o := newOffice(t, setup{})
	send := func(who, path, body string) *answer {
		return o.do(who, "POST", "/v1/sites/s/"+path, body, "Idempotency-Key", "k-1")
	}
	o.must(201, send("desk", "visits", `{"party":1}`))
	notes := o.sides(repo.Notes)
	for _, other := range [][2]string{
		{"visits", `{"party":2}`},
		{"calls", `{"callback":"13800138000"}`},
	} {
		if a := send("desk", other[0], other[1]); a.status != 422 ||
			a.str("code") != "key_reused" || a.str("fix") == "" {
			t.Errorf("%v: %d %s", other, a.status, a.raw)
		}
	}
	if n := o.sides(repo.Notes); n != notes {
		t.Errorf("%d notes of refused requests were kept", n-notes)
	}
	if a := o.must(201, send("M", "visits",
		`{"party":1}`)); a.header.Get("Idempotency-Replayed") != "" {
		t.Error("another key's answer was given")
	}
}

func TestIdempotencyKeys(t *testing.T) {
	o := newOffice(t, setup{})
	seen := map[string]bool{}
	for range 3 {
		k := o.must(201, o.do("desk", "POST", "/v1/sites/s/visits",
			nil)).header.Get("Idempotency-Key")
		if len(k) < 16 || seen[k] {
			t.Errorf("a made-up key %q", k)
		}
		seen[k] = true
	}
	for k, want := range map[string]int{
		"x": 201, strings.Repeat("x", 200): 201,
		strings.Repeat("x", 201): 400, "with blank": 400, "键": 400, "\t": 400,
	} {
		a := o.do("desk", "POST", "/v1/sites/s/visits", nil, "Idempotency-Key", k)
		if a.status != want {
			t.Errorf("key %q: %d, want %d", k, a.status, want)
		}
		if want == 201 && a.header.Get("Idempotency-Key") != k {
			t.Errorf("key %q comes back as %q", k, a.header.Get("Idempotency-Key"))
		}
	}
}

// gatedStore holds appends back while its gate is closed.
type gatedStore struct {
	repo.Store
	mu      sync.Mutex
	gate    chan struct{} // nil: open
	arrived chan struct{}
}

func (g *gatedStore) Append(ctx context.Context, pages []*repo.Page) []error {
	g.mu.Lock()
	gate := g.gate
	g.mu.Unlock()
	if gate != nil {
		g.arrived <- struct{}{}
		<-gate
	}
	return g.Store.Append(ctx, pages)
}

func (g *gatedStore) shut() (open func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	gate := make(chan struct{})
	g.gate, g.arrived = gate, make(chan struct{}, 16)
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.gate = nil
		close(gate)
	}
}

// TestTwinInFlight: while a request runs, its twin is told to wait; then it gets the first one's
// answer.
func TestTwinInFlight(t *testing.T) {
	g := &gatedStore{}
	o := newOffice(t, setup{wrap: func(s repo.Store) repo.Store { g.Store = s; return g }})
	open := g.shut()
	body := `{"identify":{"kind":"new","person":{"name":"Li","phone":"13800138001"}},"assign":true}`
	send := func() *answer {
		return o.do("desk", "POST", "/v1/sites/s/visits", body, "Idempotency-Key", "twin")
	}
	first := make(chan *answer)
	go func() { first <- send() }()
	<-g.arrived
	twin := send()
	if twin.status != 409 || twin.str("code") != "in_progress" ||
		twin.header.Get("Retry-After") == "" {
		t.Errorf("the twin gets %d %s", twin.status, twin.raw)
	}
	open()
	a := <-first
	if again := send(); a.status != 201 || again.raw != a.raw ||
		again.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("first %d %s\nagain %d %s", a.status, a.raw, again.status, again.raw)
	}
	if n := o.sides(repo.People); n != 1 {
		t.Errorf("%d people", n)
	}
	if _, err := o.vault.Person(t.Context(), "s",
		workflow.CustomerID(a.str("visit", "customer"))); err != nil {
		t.Errorf("the customer's person: %v", err)
	}
}

func TestIfMatch(t *testing.T) {
	o := newOffice(t, setup{})
	v := "/v1/sites/s/visits/" + o.arrive("identified", nil)
	tag := o.must(200, o.do("desk", "GET", v, nil)).header.Get("ETag")
	// another visit does not touch this one
	o.must(201, o.do("desk", "POST", "/v1/sites/s/visits", nil))
	if now := o.do("desk", "GET", v, nil).header.Get("ETag"); now != tag {
		t.Errorf("the ETag went from %s to %s", tag, now)
	}
	for match, want := range map[string]int{
		`"1"`: 412, `"999"`: 412, `W/` + tag: 400, `"x"`: 400,
		tag: 200, "*": 200,
	} {
		if a := o.do("desk", "POST", v+"/assign?dry_run=true", nil, "If-Match",
			match); a.status != want {
			t.Errorf("If-Match %s: %d, want %d: %s", match, a.status, want, a.raw)
		}
	}
	after := o.must(200, o.do("desk", "POST", v+"/assign", nil, "If-Match", tag)).header.Get("ETag")
	if read := o.do("desk", "GET", v, nil, "If-None-Match", after); read.status != 200 ||
		read.header.Get("ETag") != after {
		t.Errorf("ETag of the answer %s, of the record %s, status %d", after,
			read.header.Get("ETag"), read.status)
	}
	o.must(412, o.do("desk", "POST", v+"/serve", nil, "If-Match", tag))
	o.must(200, o.do("desk", "POST", v+"/serve", nil, "If-Match", after))

	rota := o.must(200, o.do("desk", "GET", "/v1/sites/s/rota", nil)).header.Get("ETag")
	left := o.must(200, o.do("desk", "POST", "/v1/sites/s/staff/D/leave", `{"reason":"personal"}`,
		"If-Match", rota)).header.Get("ETag")
	o.must(412, o.do("desk", "POST", "/v1/sites/s/staff/D/return", nil, "If-Match", rota))
	o.must(200, o.do("desk", "POST", "/v1/sites/s/staff/D/return", nil, "If-Match", left))
	site := o.must(200, o.do("M", "GET", "/v1/sites/s", nil)).header.Get("ETag")
	o.must(200, o.do("M", "PATCH", "/v1/sites/s", `{"holidays":["2024-05-01"]}`, "If-Match", site))
	o.must(412, o.do("M", "PATCH", "/v1/sites/s", `{"holidays":[]}`, "If-Match", site))
	o.must(412, o.do("M", "POST", "/v1/sites/s/policy", `{"policy":"p2","from":"2024-04-01"}`,
		"If-Match", site))
}
