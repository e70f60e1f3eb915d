package api

import (
	"cmp"
	"strings"
	"testing"
)

func TestStrictBinding(t *testing.T) {
	o := newOffice(t, setup{})
	deep := strings.Repeat(`{"a":`, 20) + "1" + strings.Repeat("}", 20)
	tests := []struct{ name, body, typ, code string }{
		{"duplicate key", `{"kind":"new","kind":"peer"}`, "", "duplicate_key"},
		{"duplicate key, escaped", `{"kind":"new","k\u0069nd":"peer"}`, "", "duplicate_key"},
		{
			"duplicate key, deep", `{"kind":"new","person":{"name":"x","name":"y"}}`, "",
			"duplicate_key",
		},
		{"trailing data", `{"kind":"new"} {}`, "", "trailing_data"},
		{"trailing rubbish", `{"kind":"new"}x`, "", "trailing_data"},
		{"wrong case", `{"Kind":"new"}`, "", "invalid"},
		{"right and wrong case", `{"kind":"new","Kind":"peer"}`, "", "invalid"},
		{"value in another case", `{"kind":"New"}`, "", "invalid"},
		{"invalid UTF-8", "{\"kind\":\"new\",\"purpose\":\"\xff\"}", "", "not_utf8"},
		{"half a surrogate", `{"kind":"new","person":{"name":"\ud800"}}`, "", "not_utf8"},
		{"text/plain", `{"kind":"new"}`, "text/plain", "not_json"},
		{"form", `kind=new`, "application/x-www-form-urlencoded", "not_json"},
		{"no content type", `{"kind":"new"}`, "-", "not_json"},
		{"another charset", `{"kind":"new"}`, "application/json; charset=gbk", "not_json"},
		{"too deep", deep, "", "too_deep"},
		{
			"too large", `{"kind":"new","purpose":"` + strings.Repeat("x", 70<<10) + `"}`, "",
			"body_too_large",
		},
		{"null", `null`, "", "not_an_object"},
		{"a string", `"new"`, "", "not_an_object"},
		{"an array", `[{"kind":"new"}]`, "", "not_an_object"},
		{"cut off", `{"kind":"ne`, "", "bad_json"},
		{"comment", `{"kind":"new" /* first */}`, "", "bad_json"},
		{"trailing comma", `{"kind":"new",}`, "", "bad_json"},
		{"huge number", `{"kind":"new","party":1e999}`, "", "bad_number"},
		{"a fraction", `{"kind":"new","party":1.5}`, "", "invalid"},
		{"byte order mark", "\ufeff" + `{"kind":"new"}`, "", "bad_json"},
		{"empty", ``, "", "invalid"},
		{"blanks", "  \n ", "", "invalid"},
		{"empty object", `{}`, "", "invalid"},
		{"site in the body", `{"kind":"new","site":"z"}`, "", "invalid"},
		{"actor in the body", `{"kind":"new","by":"M"}`, "", "invalid"},
	}
	v := o.arrive("arrived", nil)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := []string{"Content-Type", "application/json"}
			if tt.typ == "-" {
				h[1] = ""
			} else if tt.typ != "" {
				h[1] = tt.typ
			}
			a := o.do("desk", "POST", "/v1/sites/s/visits/"+v+"/identify", tt.body, h...)
			want := map[string]int{"body_too_large": 413}[tt.code]
			if want = cmp.Or(want, 400); a.status != want || a.str("code") != tt.code {
				t.Errorf("got %d %s, want %d %s: %s", a.status, a.str("code"), want, tt.code,
					a.str("detail"))
			}
		})
	}
	for _, fine := range []string{`{"kind":"new"}`, `{"party":2,"kind":"new"}`} {
		o.must(200, o.do("desk", "POST", "/v1/sites/s/visits/"+v+"/identify?dry_run=true", fine,
			"Content-Type", "application/json; charset=utf-8"))
	}
}
