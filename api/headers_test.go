package api

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/lunpai/lunpai/openapi/spec"
)

// TestClockIsSetByKeysOnly: Lunpai-Now is obeyed when it is known who sends it, and that he may use
// the route.
func TestClockIsSetByKeysOnly(t *testing.T) {
	w := newWorld(t)
	w.tokens["made up"] = "lp_0192_" + strings.Repeat("x", 43)
	before := w.clock.Now()
	later := before.Add(48 * time.Hour).Format(time.RFC3339)
	for _, c := range []struct {
		who, method, path string
		status            int
	}{
		{"", "GET", "/v1/sites/s/rota", 401},
		{"made up", "GET", "/v1/sites/s/rota", 401},
		{"", "GET", "/healthz", 200},
		{"M", "GET", "/healthz", 200},
		{"zM", "GET", "/v1/sites/s/rota", 404},
		{"kiosk", "GET", "/v1/sites/s/rota", 403},
		{"M", "GET", "/v1/sites/s/nowhere", 404},
		{"M", "GET", "/v1/sites//rota", 404},
	} {
		if a := w.do(c.who, c.method, c.path, nil, "Lunpai-Now", later); a.status != c.status ||
			!w.clock.Now().Equal(before) {
			t.Errorf("%s as %q: %d, the clock is moved: %v", c.path, c.who, a.status,
				!w.clock.Now().Equal(before))
		}
	}
	for _, bad := range []string{"", "now", "2024-03-04"} {
		if a := w.do("M", "GET", "/v1/sites/s/rota", nil, "Lunpai-Now", bad); a.status != 400 ||
			a.str("code") != "bad_time" {
			t.Errorf("Lunpai-Now %q: %d %s", bad, a.status, a.raw)
		}
	}
	w.must(200, w.do("M", "GET", "/v1/sites/s/rota", nil, "Lunpai-Now", later))
	if w.clock.Now().Equal(before) {
		t.Error("nobody can set the clock")
	}
}

// TestHeadersAreStrict: a header that says something else than it seems to is refused, and nothing
// is done.
func TestHeadersAreStrict(t *testing.T) {
	o := newOffice(t, setup{})
	id := o.arrive("arrived", nil)
	path := "/v1/sites/s/visits/" + id + "/identify"
	tag := o.must(200, o.do("desk", "GET", "/v1/sites/s/visits/"+id, nil)).header.Get("ETag")
	head := o.head("s")
	number := strings.Trim(tag, `"`)
	for _, bad := range []string{
		"", number, "W/" + tag, tag + ", " + tag, tag + `,"99"`, `"0"`,
		`"` + number, `"+` + number + `"`, `"0` + number + `"`, `"-1"`, `"x"`, `""`, `* ` + tag,
		`"` + strings.Repeat("9", 19) + `"`,
	} {
		if a := o.do("desk", "POST", path, `{"kind":"new"}`, "If-Match", bad); a.status != 400 ||
			a.str("code") != "bad_if_match" {
			t.Errorf("If-Match %s: %d %s", bad, a.status, a.raw)
		}
	}
	for _, bad := range []string{"", " ", "a b", "ä", strings.Repeat("k", 201), "a\tb"} {
		if a := o.do("desk", "POST", path, `{"kind":"new"}`, "Idempotency-Key",
			bad); a.status != 400 || a.str("code") != "bad_idempotency_key" {
			t.Errorf("Idempotency-Key %q: %d %s", bad, a.status, a.raw)
		}
	}
	for name, values := range map[string][]string{
		"Idempotency-Key": {"a", "b"},
		"If-Match":        {tag, `"99"`},
	} {
		r := httptest.NewRequestWithContext(t.Context(), "POST", path,
			strings.NewReader(`{"kind":"new"}`))
		r.Header = http.Header{
			"Content-Type":  {"application/json"},
			"Authorization": {"Bearer " + o.tokens["desk"]}, name: values,
		}
		w := httptest.NewRecorder()
		if o.api.ServeHTTP(w, r); w.Code != 400 {
			t.Errorf("%s twice: %d", name, w.Code)
		}
	}
	if o.head("s") != head {
		t.Error("something was recorded")
	}
	if a := o.must(200, o.do("desk", "POST", path+"?dry_run=true", `{"kind":"new"}`, "If-Match",
		"*")); a.header.Get("Idempotency-Key") == "" {
		t.Error("no key was made up")
	}
	o.must(200, o.do("desk", "POST", path, `{"kind":"new"}`, "If-Match", tag))
	o.must(412, o.do("desk", "POST", path, `{"kind":"new"}`, "If-Match", tag))
}

// TestOversizedBody answers 413, whatever the body would have been.
func TestOversizedBody(t *testing.T) {
	o := newOffice(t, setup{})
	for _, body := range []string{strings.Repeat(" ", maxBody+1), `{"note":"` +
		strings.Repeat("x", maxBody) + `"}`} {
		if a := o.do("desk", "POST", "/v1/sites/s/visits", body); a.status != 413 ||
			a.str("code") != "body_too_large" || a.str("fix") == "" {
			t.Errorf("%d bytes: %d %s", len(body), a.status, a.raw)
		}
	}
}

// unseen are characters that no text holds, each as it stands in JSON and in an address.
var unseen = map[string]string{
	`\u0000`: "%00", `\u0007`: "%07", `\u001b`: "%1B", `\u007f`: "%7F", `\u0085`: "%C2%85",
	`\u061c`: "%D8%9C", `\u200e`: "%E2%80%8E",
	`\u200f`: "%E2%80%8F", `\u202a`: "%E2%80%AA", `\u202e`: "%E2%80%AE", `\u2066`: "%E2%81%A6",
	`\u2069`: "%E2%81%A9", `\u2028`: "%E2%80%A8",
}

// TestUnseenCharacters: names, labels, ids, codes and notes hold no character that is not seen and
// changes what is seen; notes have line breaks, one-line texts have none.
func TestUnseenCharacters(t *testing.T) {
	o := newOffice(t, setup{})
	visit := o.arrive("assigned", nil)
	head := o.head("s")
	for _, c := range []struct {
		method, path, body string
		lines              bool // its text may have line breaks
	}{
		{"POST", "visits", `{"person":{"name":"Zhang%Wei"}}`, false},
		{"POST", "visits", `{"par%ty":2}`, false},
		{"POST", "staff", `{"id":"E%F","role":"consultant"}`, false},
		{"POST", "keys", `{"role":"kiosk","label":"door%side"}`, false},
		{"POST", "visits/" + visit + "/handover", `{"to":"B%"}`, false},
		{"PUT", "customers/nobody/person", `{"name":"%"}`, false},
		{
			"POST", "visits/" + visit + "/abandon?dry_run=true",
			`{"reason":"left","note":"he%left"}`,
			true,
		},
		{
			"POST", "visits/" + visit + "/register?dry_run=true",
			`{"serve":true,"form":{"remark":"a%b"}}`, true,
		},
		{"POST", "calls?dry_run=true", `{"for":"A","callback":"after%six"}`, true},
		{"POST", "rulings?dry_run=true", `{"text":"bo%th"}`, true},
	} {
		for escaped := range unseen {
			if a := o.do("M", c.method, "/v1/sites/s/"+c.path,
				strings.Replace(c.body, "%", escaped, 1)); a.status != 400 ||
				a.str("code") != "bad_text" {
				t.Errorf("%s %s with %s: %d %s", c.path, c.body, escaped, a.status, a.raw)
			}
		}
		if a := o.do("M", c.method, "/v1/sites/s/"+c.path,
			strings.Replace(c.body, "%", `\n`, 1)); (a.status == 200) != c.lines {
			t.Errorf("%s %s with a line break: %d %s", c.path, c.body, a.status, a.raw)
		}
	}
	for _, escaped := range unseen {
		for _, path := range []string{
			"visits?server=" + escaped, "visits/" + escaped,
			"customers/x/person?reason=a" + escaped,
		} {
			if a := o.do("M", "GET", "/v1/sites/s/"+path, nil); a.status != 400 && a.status != 404 {
				t.Errorf("GET %s: %d", path, a.status)
			}
		}
	}
	if o.head("s") != head {
		t.Error("something was recorded")
	}
}

// TestEmptyParameters: a query parameter without a value never means all, none, or the default.
func TestEmptyParameters(t *testing.T) {
	w := newWorld(t)
	tried := 0
	w.each(func(name, method, path string, op *spec.Operation) {
		for q := range op.Query {
			who := keyFor(op, w.routeOf(name))
			tried++
			if a := w.do(who, method, w.fill.Replace(path)+"?"+q+"=", nil); a.status != 400 ||
				a.str("code") != "empty_parameter" {
				t.Errorf("%s with an empty %s: %d %s", name, q, a.status, a.raw)
			}
		}
	})
	if tried == 0 {
		t.Error("nothing was tried")
	}
}

// TestHistoryIsPaged: a visit's history comes a page at a time, all of it, in order, none of it
// twice.
func TestHistoryIsPaged(t *testing.T) {
	o := newOffice(t, setup{})
	id := o.arrive("assigned", nil)
	for i := range 7 {
		kind := []string{"returning", "new"}[i%2]
		o.must(200, o.do("desk", "POST", "/v1/sites/s/visits/"+id+"/reidentify",
			map[string]any{"kind": kind}))
	}
	path := "/v1/sites/s/visits/" + id + "/history"
	seqs := func(a *answer) (out []float64) {
		list, _ := a.at("commits").([]any)
		for i := range list {
			seq, _ := a.at("commits", i, "seq").(float64)
			out = append(out, seq)
		}
		return out
	}
	whole := o.must(200, o.do("M", "GET", path, nil))
	all := seqs(whole)
	if len(all) != 8 || whole.at("next_cursor") != nil {
		t.Fatalf("the whole history: %s", whole.raw)
	}
	for limit := 1; limit <= 8; limit++ {
		var got []float64
		query := fmt.Sprintf("?limit=%d", limit)
		for next := query; next != ""; {
			a := o.must(200, o.do("M", "GET", path+next, nil))
			page := seqs(a)
			if len(page) == 0 || len(page) > limit {
				t.Fatalf("a page of %d of %d", len(page), limit)
			}
			got, next = append(got, page...), ""
			if c := a.str("next_cursor"); c != "" {
				next = query + "&cursor=" + c
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(all) {
			t.Errorf("limit %d: %v, want %v", limit, got, all)
		}
	}
	for _, bad := range []string{"?limit=0", "?limit=201", "?cursor=x", "?cursor=LTE", "?cursor=" +
		strings.Repeat("A", 50)} {
		o.must(400, o.do("M", "GET", path+bad, nil))
	}
}
