package api

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/lunpai/lunpai/shape/draw"
)

// examples are bodies that are sent and what came back, by what they are examples of: an
// operation's request or answer, or a kind of problem. The answers are those of a service that
// runs.
func examples(t *testing.T) map[string]draw.Map {
	t.Helper()
	n := names{}
	out := map[string]draw.Map{}
	fill := strings.NewReplacer("%v", n.of("a visit"), "%k", n.of("a customer"))
	for id, text := range bodies {
		out[id+" request"] = n.read(t, fill.Replace(text))
	}
	o := newOffice(t, setup{})
	o.unchecked = *update
	reply := func(id string, a *answer) *answer {
		out[id+" answer"] = n.read(t, a.raw)
		return a
	}
	problem := func(name, about string, a *answer) {
		e := draw.Map{{Key: "summary", Value: about}, {Key: "value", Value: n.read(t, a.raw)}}
		out[name] = append(out[name], draw.Entry{Key: a.str("code"), Value: e})
	}
	reply("createSite", o.do("admin", "POST", "/v1/sites",
		`{"id":"riverside","policy":"p1","zone":"Asia/Shanghai","staff":[`+
			`{"id":"li","role":"consultant"},{"id":"chen","role":"manager"}]}`))
	arrived := reply("arriveVisit", o.do("desk", "POST", "/v1/sites/s/visits", `{"party":2}`))
	v := "/v1/sites/s/visits/" + arrived.str("visit", "id")
	problem("Invalid", "The body does not fit.",
		o.do("desk", "POST", v+"/identify", `{"kind":"guest"}`))
	reply("identifyVisit", o.do("desk", "POST", v+"/identify", `{"kind":"new"}`))
	problem("Forbidden", "It is somebody else's turn.",
		o.do("desk", "POST", v+"/assign", `{"to":"C"}`))
	problem("Refused", "Not a step from this state.", o.do("A", "POST", v+"/serve", `{}`))
	reply("assignVisit", o.do("desk", "POST", v+"/assign", `{}`, "Idempotency-Key", "twice"))
	problem("KeyReused", "A key with other content.",
		o.do("desk", "POST", v+"/assign", `{"concurrent":true}`, "Idempotency-Key", "twice"))
	problem("Stale", "Somebody was quicker.",
		o.do("A", "POST", v+"/serve", `{}`, "If-Match", `"2"`))
	reply("serveVisit", o.do("A", "POST", v+"/serve", `{"topic":"sales"}`))
	reply("registerVisit", o.do("A", "POST", v+"/register",
		`{"form":{"channel":"passing_by","purpose":"first_home","layout":"3br"}}`))
	o.do("M", "PATCH", "/v1/sites/s/names", `{"office":{"name":"Riverside"},"staff":`+
		`[{"id":"A","name":"Wang Fang","py":"wf"},{"id":"B","name":"Zhao Qiang","py":"zq"}]}`)
	o.do("desk", "POST", "/v1/sites/s/staff/B/leave", `{"reason":"personal"}`)
	o.do("kiosk", "POST", "/v1/sites/s/visits", `{"party":3,"claim":{"returning":true}}`)
	reply("getNames", o.do("desk", "GET", "/v1/sites/s/names", nil))
	reply("getBoard", o.do("desk", "GET", "/v1/sites/s/board", nil))
	reply("getRota", o.do("desk", "GET", "/v1/sites/s/rota", nil))
	problem("Unauthenticated", "The request carries no valid key.",
		o.do("", "GET", "/v1/sites/s/rota", nil))
	problem("NotFound", "No such visit, or another site's.",
		o.do("desk", "GET", "/v1/sites/s/visits/nowhere", nil))
	return out
}

// names gives what is made at random the same names each time: ids and tokens, in the order in
// which they are met.
type names map[string]string

// named is how the names begin.
const named = "0192f0c4-7a11-7cc3-8f6b-2b1c9a3d"

var atRandom = regexp.MustCompile(`lp_[A-Za-z0-9_-]+|` +
	`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\b[0-9a-f]{32}\b`)

func (n names) of(random string) string {
	if strings.HasPrefix(random, named) {
		return random
	}
	if n[random] == "" {
		n[random] = fmt.Sprintf("%s%04x", named, len(n)+1)
	}
	if strings.HasPrefix(random, "lp_") {
		return "lp_shown-this-once"
	}
	return n[random]
}

func (n names) read(t *testing.T, text string) draw.Map {
	t.Helper()
	v, err := draw.Ordered([]byte(atRandom.ReplaceAllStringFunc(text, n.of)))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	m, ok := v.(draw.Map)
	if !ok {
		t.Fatalf("%s is not an object", text)
	}
	return m
}
