package api

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/lunpai/lunpai/explain"
	"github.com/lunpai/lunpai/openapi/spec"
	"github.com/lunpai/lunpai/shape"
)

// TestMisfitsInWords: each way not to fit the contract is told in words, with a fix that fits it.
func TestMisfitsInWords(t *testing.T) {
	o := newOffice(t, setup{})
	v := "visits/" + o.arrive("arrived", nil)
	long := `{"note":"` + strings.Repeat("x", 2001) + `"}`
	for _, c := range []struct{ request, body, detail, fix string }{
		{
			v + "/identify", `{"kind":"guest"}`,
			"At /kind: this is not one of the known words",
			"Send one of new, returning, referral, unrelated, peer, unstated, company_staff",
		},
		{
			v + "/identify", `{}`,
			"Kind is missing",
			"Send kind: one of new, returning, referral, unrelated, peer, unstated, company_staff",
		},
		{
			v + "/identify", `{"kind":1}`,
			"At /kind: this is not one of the known words",
			"Send one of new, returning, referral, unrelated, peer, unstated, company_staff",
		},
		{
			v + "/identify", `{"kind":null}`,
			"At /kind: this is not one of the known words",
			"Send one of new, returning, referral, unrelated, peer, unstated, company_staff",
		},
		{
			v + "/merge", `{"into":null}`,
			"At /into: null does not belong here", "Send a text of 1 to 100 characters",
		},
		{
			v + "/identify", `{"kind":"new","party":"two"}`,
			"At /party: a text does not belong here", "Send a whole number from 0 to 1000000",
		},
		{
			v + "/identify", `{"kind":"new","party":1.5}`,
			"At /party: a fraction does not belong here", "Send a whole number from 0 to 1000000",
		},
		{
			v + "/identify", `{"kind":"new","party":-1}`,
			"At /party: this is too short or too small", "Send a whole number from 0 to 1000000",
		},
		{
			v + "/identify", `{"kind":"new","party":1000001}`,
			"At /party: this is too long or too large", "Send a whole number from 0 to 1000000",
		},
		{
			v + "/identify", `{"kind":"new","party":null}`,
			"At /party: null does not belong here",
			"Send a whole number from 0 to 1000000, or leave it out",
		},
		{
			v + "/identify", `{"kind":"new","purpose":"Buy it"}`,
			"At /purpose: this is not written as it should be",
			"Send a code of a-z, 0-9 and _, with no more than four digits in a row, such as " +
				"passing_by",
		},
		{
			v + "/identify", `{"kind":"new","named":""}`,
			"At /named: this is too short or too small", "Send a text of 1 to 64 characters",
		},
		{
			v + "/identify", `{"kind":"new","person":"Zhang"}`,
			"At /person: a text does not belong here", "Send an object",
		},
		{
			v + "/identify", `{"kind":"new","person":{"phone":"1"}}`,
			"At /person/phone: this is too short or too small", "Send a text of 5 to 40 characters",
		},
		{
			v + "/identify", `{"kind":"new","by":"M"}`,
			"By is not known here",
			"Leave it out; the known members are appointment, appointment_id, brought_by, " +
				"customer, delegate, groups, kind, named, party, person, purpose",
		},
		{
			v + "/identify", `{"kind":"new","13800138000":"M"}`,
			"A member is not known here",
			"Leave it out; the known members are appointment, appointment_id, brought_by, " +
				"customer, delegate, groups, kind, named, party, person, purpose",
		},
		{
			v + "/abandon", long,
			"At /note: this is too long or too large", "Send a text of 1 to 2000 characters",
		},
		{
			"visits", `{"assign":"maybe"}`,
			"At /assign: this is not one of the known words", "Send true or false, or if_free",
		},
		{
			"staff/A/leave", `{"reason":"sick"}`,
			"At /reason: this is not one of the known words", "",
		},
		{
			"staff/A/leave", `{"reason":"leave","until":"tomorrow"}`,
			"At /until: this is not written as it should be", "Send a day such as 2024-03-04",
		},
		{"rota/reorder", `{"line":"A"}`, "At /line: a text does not belong here", ""},
		{
			"rota/event", `{"order":["A"],"to_at":"noon"}`,
			"At /to_at: this is not written as it should be",
			"Send a time such as 2024-03-04T09:10:00+08:00",
		},
		{
			"rota/reorder", `{"line":["A",7]}`,
			"At /line/1: a number does not belong here", "Send a text of 1 to 64 characters",
		},
		{
			"conduct", `{"rule":"31","who":"A"}`,
			"At /rule: this is not written as it should be",
			"Send an article such as P1-31, P2-04a or P3-2.7a",
		},
	} {
		a := o.do("M", "POST", "/v1/sites/s/"+c.request, c.body)
		if a.status != 400 || a.str("code") != "invalid" ||
			!strings.EqualFold(a.str("detail"), c.detail) || c.fix != "" && a.str("fix") != c.fix {
			t.Errorf("%s %.60s: %d\n\tdetail %q, want %q\n\tfix    %q, want %q", c.request, c.body,
				a.status, a.str("detail"), c.detail, a.str("fix"), c.fix)
		}
	}
	a := o.do("M", "POST", "/v1/sites/s/"+v+"/identify", `{"kind":"guest"}`)
	if list, _ := a.at("allowed").([]any); len(list) != 7 {
		t.Errorf("the words stand in no list: %s", a.raw)
	}
}

// TestEveryPatternHasWords: no body is refused with a regular expression, in either language.
func TestEveryPatternHasWords(t *testing.T) {
	used := map[string]bool{}
	var walk func(at string, s *shape.Shape)
	walk = func(at string, s *shape.Shape) {
		if s.Pattern != "" {
			used[s.Pattern] = true
			if forms[s.Pattern].phrase == "" {
				t.Errorf("%s: %s has no words", at, s.Pattern)
			}
		}
		for _, lang := range []explain.Lang{explain.En, explain.Zh} {
			text := wanted(lang, s)
			if strings.ContainsAny(text, `^$\[]{}`) || s.Kind == shape.String &&
				strings.Contains(text, "/docs") || text == phrases[s.Kind] {
				t.Errorf("%s: nobody can say what is wanted: %s", at, text)
			}
		}
		for _, m := range s.Members {
			walk(at+"/"+m.Name, m.Shape)
		}
		if s.Items != nil {
			walk(at+"/0", s.Items)
		}
	}
	for _, k := range takings(t) {
		if k.sends != nil {
			walk(k.id, k.sends)
		}
	}
	for p := range forms {
		if !used[p] {
			t.Errorf("words for %s, which no body has", p)
		}
	}
}

// TestForms: each form is its pattern.
func TestForms(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for pattern, form := range forms {
		re := regexp.MustCompile(pattern)
		fits := 0
		for range 20_000 {
			b := []byte([]string{
				"", "P1-31", "P2-04a", "2024-03-04", "09:30", "code_1", "a12345",
				"1234", "12345a", "2024-03", "tower-2", "P3-5", "P3-2.7a", "274183",
			}[rng.IntN(14)])
			for range rng.IntN(3) {
				at, c := rng.IntN(len(b)+1), "P123-0:._abcdz9 Aé\n"[rng.IntN(19)]
				if at < len(b) && rng.IntN(2) == 0 {
					b[at] = c
				} else {
					b = slices.Insert(b, at, c)
				}
			}
			if want := re.Match(b); form.fits(string(b)) != want {
				t.Fatalf("%s: %q: got %v", pattern, b, !want)
			} else if want {
				fits++
			}
		}
		if fits < 100 {
			t.Errorf("%s: only %d texts fit", pattern, fits)
		}
	}
}

// TestBadBodiesHaveAFix sends every operation bodies that do not fit: each gets a fix of its own,
// and none a regular expression.
func TestBadBodiesHaveAFix(t *testing.T) {
	w := newWorld(t)
	w.each(func(name, method, path string, op *spec.Operation) {
		if op.Body == nil || w.routeOf(name).public {
			return
		}
		who := keyFor(op, w.routeOf(name))
		for field, s := range op.Body.Properties {
			for _, value := range []string{
				`null`, `{"x":1}`, `[{}]`, `"§ 1"`, `-7.5`,
				`"` + strings.Repeat("x", 3000) + `"`, `true`,
			} {
				a := w.do(who, method, w.fill.Replace(path), `{"`+field+`":`+value+`}`,
					"Idempotency-Key", "k")
				if a.status == 400 && a.str("code") == "invalid" {
					text := a.str("detail") + a.str("fix")
					if strings.ContainsAny(text, `^$\{`) || a.str("fix") == "" ||
						strings.Contains(a.str("fix"), "/docs") || strings.Contains(text, "§") {
						t.Errorf("%s with %s %.20s (%s): %s; %s", name, field, value, s.Value.Type,
							a.str("detail"), a.str("fix"))
					}
				}
			}
		}
	})
}
