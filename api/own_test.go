package api

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lunpai/lunpai/workflow"
)

func ids(a *answer, list string) []string {
	out := []string{}
	l, _ := a.at(list).([]any)
	for i := range l {
		out = append(out, a.str(list, i, "id"))
	}
	return out
}

// TestConsultantsSeeTheirOwn: visits, customers, matters of others are not there for a consultant.
func TestConsultantsSeeTheirOwn(t *testing.T) {
	o := newOffice(t, setup{})
	ka, _ := o.customer("13900000001")
	kb, _ := o.customer("13900000002")
	vc, vd := o.arrive("assigned", nil), o.arrive("assigned", nil)
	o.must(200, o.do("C", "GET", "/v1/sites/s/visits/"+vc, nil))
	o.must(404, o.do("C", "GET", "/v1/sites/s/visits/"+vd, nil))
	o.must(404, o.do("C", "GET", "/v1/sites/s/visits/"+vd+"/history", nil))
	for _, q := range []string{"", "?principal=D", "?server=D", "?customer=" + kb} {
		for _, id := range ids(o.must(200, o.do("C", "GET", "/v1/sites/s/visits"+q, nil)),
			"visits") {
			if id != vc {
				t.Errorf("C lists the visit %s with %q", id, q)
			}
		}
	}
	for _, q := range []string{"", "?owner=B", "?status=registered"} {
		if d := cmp.Diff([]string{ka}, ids(o.must(200,
			o.do("A", "GET", "/v1/sites/s/customers"+q, nil)), "customers")); d != "" {
			t.Errorf("A's customers with %q:\n%s", q, d)
		}
	}
	o.must(200, o.do("A", "GET", "/v1/sites/s/customers/"+ka, nil))
	o.must(200, o.do("A", "GET", "/v1/sites/s/customers/"+ka+"/person?reason=call", nil))
	for _, path := range []string{"", "/person?reason=call"} {
		o.must(404, o.do("A", "GET", "/v1/sites/s/customers/"+kb+path, nil))
	}
	o.must(404, o.do("A", "PUT", "/v1/sites/s/customers/"+kb+"/person", `{"name":"x"}`))
	o.must(403, o.do("A", "POST", "/v1/sites/s/customers/"+kb+"/follow-ups", `{}`))

	// Messages and approvals: his own only.
	o.must(201, o.do("desk", "POST", "/v1/sites/s/calls", `{"for":"D","callback":"Mr Wu"}`))
	o.must(201, o.do("D", "POST", "/v1/sites/s/approvals", `{"kind":"discount"}`))
	for who, want := range map[string]int{"A": 0, "D": 1, "desk": 1} {
		for _, list := range []string{"messages", "approvals"} {
			if n := len(ids(o.must(200, o.do(who, "GET", "/v1/sites/s/"+list, nil)),
				list)); n != want {
				t.Errorf("%s lists %d %s, want %d", who, n, list, want)
			}
		}
	}

	// An arrival that he announced himself he may see until somebody receives it.
	v := o.must(201, o.do("A", "POST", "/v1/sites/s/visits", nil)).str("visit", "id")
	o.must(200, o.do("A", "GET", "/v1/sites/s/visits/"+v, nil))
	o.must(404, o.do("B", "GET", "/v1/sites/s/visits/"+v, nil))
}

// TestNobodyForHimself: what would be somebody's own benefit is refused with its article.
func TestNobodyForHimself(t *testing.T) {
	w := newWorld(t)
	mine := w.must(201, w.do("S", "POST", "/v1/sites/s/approvals",
		`{"kind":"discount"}`)).str("approval", "id")
	waiting := w.arrive("identified", nil)
	visit := w.fill.Replace("visits/%v")
	for _, tt := range []struct{ who, path, body, code, rule string }{
		{"A", "visits/" + waiting + "/assign", `{"to":"A"}`, "role", "P1-06"},
		{"A", "rota/reorder", `{"line":["A","B","C","D"],"reason":"early"}`, "role", "P1-08"},
		{"A", "rota/make-ups", `{"unit":"A"}`, "role", "P1-08"},
		{"A", "rota/event", `{"order":["A"]}`, "role", "P1-05"},
		{"A", "rota/roster", `{"remove":["B"]}`, "role", "P1-02"},
		{"A", w.fill.Replace("customers/%k/reassign"), `{"to":"A"}`, "role", "P1-51"},
		{"B", visit + "/reidentify", `{"kind":"peer"}`, "not_own", "P1-12a"},
		{"B", visit + "/handover", `{"to":"B"}`, "not_own", "P1-16a"},
		{"B", visit + "/change", `{"to":"B","reason":"customer_demand"}`, "role", "P1-16a"},
		{"A", "visits/" + waiting + "/recognise", `{"who":"B"}`, "not_own", "P1-14"},
		{"desk", "visits/" + waiting + "/assign", `{"to":"D"}`, "not_next", "P1-06"},
		{"S", "approvals/" + mine + "/decide", `{"grant":true}`, "own_benefit", "P1-24"},
		{"S", "policy", `{"policy":"p2"}`, "role", "P1-51"},
	} {
		head := w.head("s")
		a := w.do(tt.who, "POST", "/v1/sites/s/"+tt.path, tt.body)
		if a.status != 403 || a.str("code") != tt.code || a.str("rule") != tt.rule {
			t.Errorf("%s %s: %d %s %s, want 403 %s %s: %s", tt.who, tt.path, a.status,
				a.str("code"), a.str("rule"), tt.code, tt.rule, a.str("detail"))
		}
		if w.head("s") != head {
			t.Errorf("%s %s was carried out", tt.who, tt.path)
		}
	}
}

// TestPersonsOnForms: what a register form says about a person is written when the rules let it
// pass, and only then.
func TestPersonsOnForms(t *testing.T) {
	o := newOffice(t, setup{})
	k, _ := o.customer("13900000001")
	person := func(id string) (name, phone string) {
		p, err := o.vault.Person(t.Context(), "s", workflow.CustomerID(id))
		if err != nil {
			return "", err.Error()
		}
		return p.Name, p.Phone
	}
	want := func(what, id, name, phone string) {
		t.Helper()
		if n, p := person(id); n != name || p != phone {
			t.Errorf("%s: %s %s, want %s %s", what, n, p, name, phone)
		}
	}
	v := o.must(201, o.do("desk", "POST", "/v1/sites/s/visits",
		map[string]any{
			"identify": map[string]any{"kind": "returning", "customer": k},
			"assign":   true,
		})).str("visit", "id")
	path := "/v1/sites/s/visits/" + v + "/register"
	o.must(403, o.do("B", "POST", path,
		`{"serve":true,"person":{"name":"Mallory","phone":"13911111111"}}`))
	o.must(409, o.do("A", "POST", path, `{"person":{"name":"Too early","phone":"13911111112"}}`))
	o.must(200, o.do("A", "POST", path+"?dry_run=true",
		`{"serve":true,"person":{"name":"Dry","phone":"13911111113"}}`))
	want("after what was refused", k, "Zhang Wei", "13900000001")
	o.must(200, o.do("A", "POST", path, `{"serve":true,"person":{"name":"Zhang Wei 2"}}`))
	want("a new name keeps the phone", k, "Zhang Wei 2", "13900000001")

	// The form names somebody else's customer: what is known of him stays.
	w := o.arrive("assigned", nil) // B's
	o.must(200, o.do("B", "POST", "/v1/sites/s/visits/"+w+"/register",
		map[string]any{
			"serve": true, "matches": k,
			"person": map[string]any{"name": "Mallory", "phone": "13911111111"},
		}))
	want("a match", k, "Zhang Wei 2", "13900000001")

	// A new customer of whom nothing was known.
	x := o.arrive("assigned", nil) // C's
	a := o.must(200, o.do("C", "POST", "/v1/sites/s/visits/"+x+"/register",
		`{"serve":true,"person":{"name":"Sun","phone":"13922222222"}}`))
	want("a new customer", a.str("visit", "customer"), "Sun", "13922222222")
	if o.must(200, o.do("desk", "POST", "/v1/sites/s/customers/search",
		`{"phone":"13922222222"}`)).str("customer") != a.str("visit", "customer") {
		t.Error("the new customer is not found")
	}
	o.must(409, o.do("desk", "PUT", "/v1/sites/s/customers/"+k+"/person",
		`{"phone":"13922222222"}`))
	o.must(400, o.do("desk", "GET", "/v1/sites/s/customers/"+k+"/person", nil))
	o.must(400, o.do("desk", "GET", "/v1/sites/s/customers/"+k+"/person?reason=13800138000", nil))
}
