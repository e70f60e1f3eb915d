package api

import (
	"strings"
	"testing"
)

// TestAssignIfFree: the front desk's one request records the visitor even where nobody is free, and
// says that he waits; with true it is refused, and the refusal says in the caller's language that
// nothing was recorded.
func TestAssignIfFree(t *testing.T) {
	o := newOffice(t, setup{})
	const body = `{"identify":{"kind":"new"},"assign":%}`
	send := func(assign string, headers ...string) *answer {
		return o.do("desk", "POST", "/v1/sites/s/visits", strings.Replace(body, "%", assign, 1),
			headers...)
	}
	for range 4 {
		if v := o.must(201, send(`"if_free"`)); v.str("visit", "state") != "assigned" {
			t.Fatalf("somebody is free: %s", v.raw)
		}
	}
	head := o.head("s")
	nothing := map[string]string{"en": "Nothing was recorded", "zh": "什么都没有记录"}
	for lang, says := range nothing {
		a := o.must(409, send("true", "Accept-Language", lang))
		if a.str("code") != "nobody_free" || !strings.Contains(a.str("fix"), says) ||
			!strings.Contains(a.str("fix"), "if_free") {
			t.Errorf("%s: %s", lang, a.raw)
		}
	}
	if o.head("s") != head {
		t.Error("a refused arrival was recorded")
	}
	a := o.must(201, send(`"if_free"`, "Idempotency-Key", "k1"))
	if a.str("visit", "state") != "identified" || !strings.Contains(a.raw, `"visit.waits"`) ||
		!strings.Contains(a.raw, `"P1-30b"`) {
		t.Errorf("nobody is free: %s", a.raw)
	}
	if again := o.must(201, send(`"if_free"`, "Idempotency-Key", "k1")); again.str("visit",
		"id") != a.str("visit", "id") {
		t.Errorf("sent again: %s", again.raw)
	}
	if free := o.must(201, send("false")); free.str("visit", "state") != "identified" ||
		strings.Contains(free.raw, "visit.waits") {
		t.Errorf("not to be assigned: %s", free.raw)
	}
	for _, bad := range []string{`"maybe"`, `"true"`, `1`, `null`, `"IF_FREE"`} {
		if a := send(bad); a.status != 400 {
			t.Errorf("assign %s: %d", bad, a.status)
		}
	}
	o.must(400, o.do("desk", "POST", "/v1/sites/s/visits", `{"assign":"if_free"}`))
	o.must(403, o.do("kiosk", "POST", "/v1/sites/s/visits",
		strings.Replace(body, "%", `"if_free"`, 1)))
}
