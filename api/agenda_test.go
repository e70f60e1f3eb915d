package api

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lunpai/lunpai/workflow"
)

// agenda is somebody's agenda as kind:late, oldest first.
func (o *office) agenda(who, query string) (items []string) {
	o.Helper()
	a := o.must(200, o.do(who, "GET", "/v1/sites/s/agenda"+query, nil))
	list, _ := a.at("items").([]any)
	items = []string{}
	for i := range list {
		items = append(items, a.str("items", i, "what"))
	}
	return items
}

func (o *office) wantAgenda(who, query string, want ...string) {
	o.Helper()
	if want == nil {
		want = []string{}
	}
	if d := cmp.Diff(want, o.agenda(who, query)); d != "" {
		o.Errorf("agenda%s as %s (-want +got):\n%s", query, who, d)
	}
}

var ids36 = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`)

// TestAgenda: who sees what, in words, and both stores say the same, byte for byte.
func TestAgenda(t *testing.T) {
	said := map[string]string{}
	onBothStores(t, func(t *testing.T, s setup) {
		o := newOffice(t, s)
		k := o.must(201, o.do("M", "POST", "/v1/sites/s/customers",
			`{"status":"registered","owner":"B","last_contact_at":"2024-02-07T02:00:00.5Z"}`)).str(
			"customer", "id")
		v := o.arrive("served", nil) // A's
		o.must(201, o.do("desk", "POST", "/v1/sites/s/cards",
			map[string]any{"customer": k, "by": "A"}))
		o.wantAgenda("A", "", "register")
		o.wantAgenda("desk", "", "register")
		o.wantAgenda("B", "", "stale", "card")
		o.wantAgenda("S", "?staff=B", "stale", "card")
		o.wantAgenda("L", "?everybody=true", "stale", "card", "register")
		o.wantAgenda("C", "")
		o.wantAgenda("C", "?staff=C")
		a := o.do("A", "GET", "/v1/sites/s/agenda", nil)
		if a.str("items", 0, "record") != v || a.str("items", 0, "ends", 0) != "register_visit" ||
			a.str("items", 0, "text") != "Visit "+v+" is over; A has not entered it in the "+
				"visitor register yet (policy 1, art. 28)" {
			t.Errorf("not what was asked for: %s", a.raw)
		}
		var all strings.Builder
		for _, who := range []string{"A", "B", "M", "desk"} {
			for _, lang := range []string{"en", "zh"} {
				a := o.do(who, "GET", "/v1/sites/s/agenda", nil, "Accept-Language", lang)
				all.WriteString(ids36.ReplaceAllString(a.raw, "id") + "\n")
			}
		}
		all.WriteString(o.do("M", "GET", "/v1/sites/s/agenda?everybody=true", nil).raw)
		said[t.Name()] = ids36.ReplaceAllString(all.String(), "id")

		for _, who := range []string{"A", "desk"} {
			for _, q := range []string{"?staff=B", "?staff=nobody", "?everybody=true"} {
				if a := o.do(who, "GET", "/v1/sites/s/agenda"+q, nil); a.status != 403 ||
					a.str("code") != "agenda_not_own" {
					t.Errorf("%s reads %s: %d %s", who, q, a.status, a.raw)
				}
			}
		}
		o.must(400, o.do("M", "GET", "/v1/sites/s/agenda?everybody=true&staff=A", nil))
		o.must(404, o.do("M", "GET", "/v1/sites/s/agenda?staff=nobody", nil))
		o.must(404, o.do("zM", "GET", "/v1/sites/s/agenda", nil))
		o.must(404, o.do("S", "GET", "/v1/sites/z/agenda", nil))

		// Erased for good: nobody can be in contact with him any more.
		o.must(204, o.do("M", "DELETE", "/v1/sites/s/customers/"+k+"/person", nil))
		o.wantAgenda("B", "", "card")
		// Who has left has no notices; what he left undone is seen at the desk.
		o.must(200, o.do("M", "PATCH", "/v1/sites/s/staff/B", `{"active":false}`))
		o.wantAgenda("M", "?staff=B")
		if got := o.agenda("M", "?everybody=true"); len(got) == 0 || got[0] != "register" {
			t.Errorf("everybody's agenda without B: %v", got)
		}
	})
	for name, text := range said {
		for other, same := range said {
			if d := cmp.Diff(text, same); d != "" {
				t.Errorf("%s and %s answer differently:\n%s", name, other, d)
			}
		}
	}
}

// TestAcknowledge: the addressee alone, once, and a repeated request gets the first answer.
func TestAcknowledge(t *testing.T) {
	onBothStores(t, func(t *testing.T, s setup) {
		w := newWorldOn(t, s)
		notice := w.told("S")
		path := "/v1/sites/s/agenda/notices/" + notice + "/acknowledge"
		head := w.head("s")
		for _, who := range []string{"A", "L", "M", "desk", "analyst", "kiosk", "admin"} {
			if a := w.do(who, "POST", path, nil); a.status != 403 {
				t.Errorf("%s acknowledges what S was told: %d %s", who, a.status, a.raw)
			}
		}
		w.must(404, w.do("S", "POST", "/v1/sites/s/agenda/notices/s:000000009999:01/acknowledge",
			nil))
		w.must(404, w.do("zM", "POST", path, nil))
		w.must(404, w.do("zM", "POST", strings.Replace(path, "/s/", "/z/", 1), nil))
		w.must(400, w.do("S", "POST", path, `{"notice":"x"}`))
		if w.head("s") != head {
			t.Error("something was carried out")
		}
		first := w.must(200, w.do("S", "POST", path, nil, "Idempotency-Key", "one"))
		if first.str("notice", "acknowledged_at") == "" || first.at("notice", "next") != nil {
			t.Errorf("the notice after it was acknowledged: %s", first.raw)
		}
		again := w.must(200, w.do("S", "POST", path, nil, "Idempotency-Key", "one"))
		if again.raw != first.raw || again.header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("repeated: %s", again.raw)
		}
		if a := w.must(409, w.do("S", "POST", path, nil)); a.str("code") != "acknowledged" {
			t.Errorf("a second time: %s", a.raw)
		}
	})
}

// TestLongAgenda: somebody who acknowledges nothing sees the oldest, and that there is more; after
// thirty days nothing of it.
func TestLongAgenda(t *testing.T) {
	o := newOffice(t, setup{})
	k, _ := o.customer("13900000001")
	for range workflow.MaxAsked + 3 {
		o.must(200, o.do("S", "POST", "/v1/sites/s/customers/"+k+"/cover", `{"to":"C"}`))
		o.clock.Set(o.clock.Now().Add(time.Second))
	}
	a := o.must(200, o.do("C", "GET", "/v1/sites/s/agenda", nil))
	items, _ := a.at("items").([]any)
	if len(items) != workflow.MaxAsked || a.at("more") != true {
		t.Fatalf("%d items, more: %v", len(items), a.at("more"))
	}
	for i := range items[1:] {
		if a.str("items", i, "since") >= a.str("items", i+1, "since") {
			t.Fatalf("item %d is not older than the next", i)
		}
	}
	o.must(200, o.do("C", "POST", fmt.Sprintf("/v1/sites/s/agenda/notices/%s/acknowledge",
		a.str("items", 0, "notice")), nil))
	b := o.must(200, o.do("C", "GET", "/v1/sites/s/agenda", nil))
	if b.str("items", 0, "notice") != a.str("items", 1, "notice") || b.at("more") != true {
		t.Errorf("after one was acknowledged: %.300s", b.raw)
	}
	o.clock.Set(o.clock.Now().AddDate(0, 0, workflow.AgendaDays+1))
	o.wantAgenda("C", "")
}
