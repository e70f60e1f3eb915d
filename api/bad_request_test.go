package api

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/lunpai/lunpai/openapi"
	"github.com/lunpai/lunpai/openapi/spec"
	"github.com/lunpai/lunpai/workflow"
)

// world is an office with one record of each kind, all of consultant A where they belong to
// somebody.
type world struct {
	*office
	fill *strings.Replacer // of an address or a body
	away *strings.Replacer // the same in the foreign site
}

func newWorld(t testing.TB) *world { return newWorldOn(t, setup{}) }

func newWorldOn(t testing.TB, s setup) *world {
	o := newOffice(t, s)
	o.tokens["bad"] = o.tokens["M"]
	o.must(201, o.do("M", "POST", "/v1/sites/s/staff", `{"id":"E","role":"employee"}`))
	o.key("E", workflow.RoleEmployee, "E")
	k, owner := o.customer("13900000001") // A's, registered
	if owner != "A" {
		t.Fatalf("the first customer is %s's", owner)
	}
	for range 3 {
		o.customer("") // B, C and D have had theirs: it is A's turn again
	}
	v := o.arrive("assigned", nil)
	call := o.must(201, o.do("desk", "POST", "/v1/sites/s/calls",
		map[string]any{"for": "A"})).str("call", "id")
	appr := o.must(201, o.do("A", "POST", "/v1/sites/s/approvals",
		map[string]any{"kind": "discount"})).str("approval", "id")
	appt := o.must(201, o.do("desk", "POST", "/v1/sites/s/appointments",
		map[string]any{"with": "A", "at": "2024-03-05T02:00:00Z"})).str("appointment", "id")
	disp := o.must(201, o.do("A", "POST", "/v1/sites/s/disputes",
		map[string]any{"customer": k, "claimants": []string{"A"}})).str("dispute", "id")
	o.must(201, o.do("M", "POST", "/v1/sites/s/keys",
		map[string]any{"role": "kiosk", "label": "door"}))
	o.must(200, o.do("M", "POST", "/v1/sites/s/staff/A/absences",
		`{"from":"2024-03-06","reason":"leave"}`))
	o.must(201, o.do("desk", "POST", "/v1/sites/s/cards", map[string]any{"customer": k, "by": "B"}))
	notice := o.must(200, o.do("A", "GET", "/v1/sites/s/agenda", nil)).str("items", 0, "notice")
	desk := o.serviceDesk(k)
	pairs := []string{
		"{ticket}", desk["ticket"], "{fault}", desk["fault"], "{project}", "tower-1",
		"{arbitration}", desk["arbitration"],
		"{visit}", v, "{customer}", k, "{call}", call, "{approval}", appr, "{appointment}", appt,
		"{dispute}", disp,
		"{notice}", notice,
		"{staff}", "A", "{key}", o.keyIDs["kiosk"],
		"{date}", "2024-03-04", "{from}", "2024-03-06", "{policy}", "p1",
		"{report}", "turns_ledger", "%v", v, "%k", k,
	}
	return &world{
		office: o, fill: strings.NewReplacer(append(pairs, "{site}", "s")...),
		away: strings.NewReplacer(append(pairs, "{site}", "z")...),
	}
}

// each calls f for every operation in order.
func (w *world) each(f func(name, method, path string, op *spec.Operation)) {
	names := []string{}
	ops := contract().Operations()
	for name := range ops {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		method, path, _ := strings.Cut(name, " ")
		f(name, method, path, ops[name])
	}
}

// keyFor is somebody who may use the route.
func keyFor(op *spec.Operation, r *route) string {
	if r.public {
		return ""
	}
	for _, c := range [][2]string{
		{"admin", "administrator"},
		{"M", "manager"},
		{"desk", "front_desk"},
	} {
		if r.admits(workflow.Role(c[1])) {
			return c[0]
		}
	}
	panic("nobody may " + op.OperationID)
}

func (w *world) routeOf(name string) *route {
	for _, r := range w.api.routes() {
		if r.method+" "+openapi.Path(r.path) == name {
			return r
		}
	}
	w.Fatalf("no route %s", name)
	return nil
}

func (w *world) wantProblem(a *answer, status int, what string) {
	w.Helper()
	if a.status != status {
		w.Errorf("%s: status %d, want %d: %.200s", what, a.status, status, a.raw)
		return
	}
	for _, f := range []string{"type", "title", "detail", "code", "fix", "request_id"} {
		if a.str(f) == "" {
			w.Errorf("%s: the problem has no %s: %s", what, f, a.raw)
		}
	}
	if a.at("status") != float64(status) {
		w.Errorf("%s: status in the body is %v", what, a.at("status"))
	}
	if a.header.Get("X-Request-Id") != a.str("request_id") {
		w.Errorf("%s: the request ids differ", what)
	}
}

// TestBadRequests sends nonsense to every operation.
func TestBadRequests(t *testing.T) {
	w := newWorld(t)
	before := w.head("s")
	n := 0
	w.each(func(name, method, path string, op *spec.Operation) {
		r, url := w.routeOf(name), w.fill.Replace(path)
		who := keyFor(op, r)
		send := func(what, url string, body any) {
			t.Helper()
			n++
			w.wantProblem(w.do(who, method, url, body), 400, name+" with "+what)
		}
		send("an unknown parameter", url+"?colour=red", nil)
		send("a parameter twice", url+"?limit=1&limit=2", nil)
		send("a parameter in another case", url+"?Dry_Run=true", nil)
		send("a malformed query", url+"?%zz=1", nil)
		for _, p := range append(slices.Clone(op.Parameters), nil) {
			if p == nil || p.Value.In != "query" || p.Value.Schema.Value.Type.Is("string") &&
				p.Value.Schema.Value.Format == "" {
				continue
			}
			send("nonsense in "+p.Value.Name, url+"?"+p.Value.Name+"=%F0%9F%A6%86", nil)
		}
		if method == "GET" {
			return
		}
		send("an unknown field", url, `{"colour":"red"}`)
		send("an array", url, `[]`)
		send("null", url, `null`)
		send("nothing but a word", url, `yes`)
		text, ok := bodies[op.OperationID]
		if !ok {
			return
		}
		var good map[string]any
		if err := json.Unmarshal([]byte(w.fill.Replace(text)), &good); err != nil {
			t.Fatal(err)
		}
		for _, f := range op.Body.Required {
			less := map[string]any{}
			for k, v := range good {
				if k != f {
					less[k] = v
				}
			}
			send("no "+f, url, less)
		}
		for field, s := range op.Body.Properties {
			for what, wrong := range map[string]any{
				"a number": 7.5, "text": "🦆 x",
				"a list": []any{[]any{}}, "null": nil, "an object": map[string]any{"x": 1},
			} {
				if what == "text" && s.Value.Type.Is("string") && s.Value.Pattern == "" &&
					len(s.Value.Enum) == 0 && s.Value.Format == "" ||
					what == "an object" && s.Value.Type.Is("object") &&
						s.Value.AdditionalProperties.Has != nil && field != "parameters" {
					continue
				}
				more := map[string]any{field: wrong}
				for k, v := range good {
					if k != field {
						more[k] = v
					}
				}
				send(fmt.Sprintf("%s in %s", what, field), url, more)
			}
		}
	})
	if after := w.head("s"); after != before {
		t.Errorf("%d commits were written", after-before)
	}
	if n < 700 {
		t.Errorf("only %d requests were sent", n)
	}
}
