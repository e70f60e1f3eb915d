package api

import (
	"fmt"
	"strings"
	"testing"
)

func (a *answer) number(path ...any) int { n, _ := a.at(path...).(float64); return int(n) }

// TestReassignAll: all customers of somebody who has left go to his colleagues, in commits that
// stay
// small, and asking again moves nobody twice.
func TestReassignAll(t *testing.T) {
	o := newOffice(t, setup{})
	const many = 230
	for range many {
		o.must(
			201,
			o.do("M", "POST", "/v1/sites/s/customers", `{"status":"registered","owner":"B"}`),
		)
	}
	const path = "/v1/sites/s/staff/B/reassign-customers"
	for body, code := range map[string]string{
		`{"to":[]}`:    "to_missing",
		`{"to":["B"]}`: "same_owner",
		`{"to":["X"]}`: "consultant_not_found",
	} {
		if a := o.do("M", "POST", path, body); a.str("code") != code || a.status == 200 {
			t.Errorf("%s: %s", body, a.raw)
		}
	}
	o.must(200, o.do("M", "PATCH", "/v1/sites/s/staff/C", `{"active":false}`))
	if a := o.do("M", "POST", path, `{"to":["C"]}`); a.str("code") != "staff_left" {
		t.Errorf("to somebody who has left: %s", a.raw)
	}
	told := o.must(200, o.do("M", "PATCH", "/v1/sites/s/staff/B", `{"active":false}`))
	if !strings.Contains(told.raw, `"why":"customers_left"`) {
		t.Errorf("the manager is not told that B's customers wait: %s", told.raw)
	}
	body := `{"to":["A","D"],"reason":"has_left"}`
	dry := o.must(200, o.do("M", "POST", path+"?dry_run=true", body))
	if dry.number("moved") != 200 || dry.number("remaining") != many-200 {
		t.Errorf("a dry run: %s", dry.raw)
	}
	first := o.must(200, o.do("M", "POST", path, body, "Idempotency-Key", "one"))
	again := o.must(200, o.do("M", "POST", path, body, "Idempotency-Key", "one"))
	second := o.must(200, o.do("M", "POST", path, body))
	third := o.must(200, o.do("M", "POST", path, body))
	for i, w := range []struct {
		a                *answer
		moved, remaining int
	}{{first, 200, 30}, {again, 200, 30}, {second, 30, 0}, {third, 0, 0}} {
		if w.a.number("moved") != w.moved || w.a.number("remaining") != w.remaining {
			t.Errorf("request %d: moved %d, remaining %d, want %d, %d", i,
				w.a.number("moved"), w.a.number("remaining"), w.moved, w.remaining)
		}
	}
	for _, who := range []string{"A", "D"} {
		n := 0
		for cursor := ""; ; {
			a := o.must(200, o.do("M", "GET",
				fmt.Sprintf("/v1/sites/s/customers?owner=%s&limit=200%s", who, cursor), nil))
			n += len(ids(a, "customers"))
			if a.str("next_cursor") == "" {
				break
			}
			cursor = "&cursor=" + a.str("next_cursor")
		}
		if n != many/2 {
			t.Errorf("%s has %d customers now, want %d", who, n, many/2)
		}
	}
}
