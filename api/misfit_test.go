package api

import (
	"regexp"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/lunpai/lunpai/openapi"
)

// TestMisfitsInWords: each way not to fit the contract is told in words, with a fix that fits it.
func TestMisfitsInWords(t *testing.T) {
	o := newOffice(t, setup{})
	v := "visits/" + o.arrive("arrived", nil)
	long := `{"note":"` + strings.Repeat("x", 2001) + `"}`
	for _, c := range []struct{ request, body, detail, fix string }{
		{v + "/identify", `{"kind":"guest"}`, "at /kind: this is none of the words that are known here", "send one of new, returning, referral, unrelated, peer, unstated, company_staff"},
		{v + "/identify", `{}`, "at the top: kind is missing", "send kind, one of new, returning, referral, unrelated, peer, unstated, company_staff"},
		{v + "/identify", `{"kind":1}`, "at /kind: this is none of the words that are known here", "send one of new, returning, referral, unrelated, peer, unstated, company_staff"},
		{v + "/identify", `{"kind":"new","party":"two"}`, "at /party: this is a text, which does not belong here", "send a whole number from 0 up to 1000000"},
		{v + "/identify", `{"kind":"new","party":1.5}`, "at /party: this is a fraction, which does not belong here", "send a whole number from 0 up to 1000000"},
		{v + "/identify", `{"kind":"new","party":-1}`, "at /party: this number is too small", "send a whole number from 0 up to 1000000"},
		{v + "/identify", `{"kind":"new","party":1000001}`, "at /party: this number is too large", "send a whole number from 0 up to 1000000"},
		{v + "/identify", `{"kind":"new","party":null}`, "at /party: this is null, which does not belong here", "send a whole number from 0 up to 1000000, or leave it out"},
		{v + "/identify", `{"kind":"new","purpose":"Buy it"}`, "at /purpose: this is not written as it should be", "send a code of a-z, 0-9 and _, with no more than four digits in a row, such as passing_by"},
		{v + "/identify", `{"kind":"new","named":""}`, "at /named: this text is too short", "send a text of 1 to 64 characters"},
		{v + "/identify", `{"kind":"new","person":"Zhang"}`, "at /person: this is a text, which does not belong here", "send an object"},
		{v + "/identify", `{"kind":"new","person":{"phone":"1"}}`, "at /person/phone: this text is too short", "send a text of 5 to 40 characters"},
		{v + "/identify", `{"kind":"new","by":"M"}`, "at the top: by is not known here", "leave it out; known are appointment, brought_by, customer, delegate, groups, kind, named, party, person, purpose"},
		{v + "/identify", `{"kind":"new","13800138000":"M"}`, "at the top: a member is not known here", "leave it out; known are appointment, brought_by, customer, delegate, groups, kind, named, party, person, purpose"},
		{v + "/abandon", long, "at /note: this text is too long", "send a text of 1 to 2000 characters"},
		{"visits", `{"assign":"maybe"}`, "at /assign: this is a text, which does not belong here", "send true or false, or if_free"},
		{"staff/A/leave", `{"reason":"sick"}`, "at /reason: this is none of the words that are known here", ""},
		{"staff/A/leave", `{"reason":"leave","until":"tomorrow"}`, "at /until: this is not written as it should be", "send a day such as 2024-03-04"},
		{"rota/reorder", `{"line":"A"}`, "at /line: this is a text, which does not belong here", ""},
		{"rota/event", `{"order":["A"],"to_at":"noon"}`, "at /to_at: this is not written as it should be", "send a time such as 2024-03-04T09:10:00+08:00"},
		{"rota/reorder", `{"line":["A",7]}`, "at /line/1: this is a number, which does not belong here", "send a text of 1 to 64 characters"},
		{"conduct", `{"rule":"31","who":"A"}`, "at /rule: this is not written as it should be", "send an article such as P1-31 or P2-04a"},
	} {
		a := o.do("M", "POST", "/v1/sites/s/"+c.request, c.body)
		if a.status != 400 || a.str("code") != "invalid" || a.str("detail") != c.detail || c.fix != "" && a.str("fix") != c.fix {
			t.Errorf("%s %.60s: %d\n\tdetail %q, want %q\n\tfix    %q, want %q", c.request, c.body, a.status, a.str("detail"), c.detail, a.str("fix"), c.fix)
		}
	}
	a := o.do("M", "POST", "/v1/sites/s/"+v+"/identify", `{"kind":"guest"}`)
	if list, _ := a.at("allowed").([]any); len(list) != 7 {
		t.Errorf("the words stand in no list: %s", a.raw)
	}
}

// TestEveryPatternHasWords: no body of the contract is refused with a regular expression.
func TestEveryPatternHasWords(t *testing.T) {
	w := newWorld(t)
	used := map[string]bool{}
	var walk func(at string, s *openapi3.Schema)
	walk = func(at string, s *openapi3.Schema) {
		if s.Pattern != "" {
			used[s.Pattern] = true
			if words := patterns[s.Pattern]; words == "" || regexp.MustCompile(`[\^$\\[\]{}]`).MatchString(words) {
				t.Errorf("%s: %s has no words: %q", at, s.Pattern, words)
			}
		}
		if text := wanted(s); strings.Contains(text, "/docs") && !s.Type.Is("object") && s.Type != nil {
			t.Errorf("%s: nobody can say what is wanted", at)
		}
		for name, p := range s.Properties {
			walk(at+"/"+name, p.Value)
		}
		if s.Items != nil {
			walk(at+"/0", s.Items.Value)
		}
	}
	w.each(func(name, _, _ string, op *openapi.Operation) {
		if op.Body != nil {
			walk(name, op.Body)
		}
	})
	for p := range patterns {
		if !used[p] {
			t.Errorf("words for %s, which no body has", p)
		}
	}
}

// TestBadBodiesHaveAFix sends every operation bodies that do not fit: each gets a fix of its own, and none a regular expression.
func TestBadBodiesHaveAFix(t *testing.T) {
	w := newWorld(t)
	w.each(func(name, method, path string, op *openapi.Operation) {
		if op.Body == nil || w.routeOf(name).public {
			return
		}
		who := keyFor(op, w.routeOf(name))
		for field, s := range op.Body.Properties {
			for _, value := range []string{`null`, `{"x":1}`, `[{}]`, `"§ 1"`, `-7.5`, `"` + strings.Repeat("x", 3000) + `"`, `true`} {
				a := w.do(who, method, w.fill.Replace(path), `{"`+field+`":`+value+`}`, "Idempotency-Key", "k")
				if a.status == 400 && a.str("code") == "invalid" {
					text := a.str("detail") + a.str("fix")
					if strings.ContainsAny(text, `^$\{`) || a.str("fix") == "" || strings.Contains(a.str("fix"), "/docs") || strings.Contains(text, "§") {
						t.Errorf("%s with %s %.20s (%s): %s; %s", name, field, value, wanted(s.Value), a.str("detail"), a.str("fix"))
					}
				}
			}
		}
	})
}
