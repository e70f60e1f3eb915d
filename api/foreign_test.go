package api

import (
	"fmt"
	"testing"
)

// TestForeignRecords: what belongs to another site is not there, under whatever address or in
// whatever body it is named.
func TestForeignRecords(t *testing.T) {
	o := newOffice(t, setup{})
	z := func(path, body string) *answer {
		return o.must(201,
			o.do("zM", "POST", "/v1/sites/z/"+path, body))
	}
	visit := z("visits",
		`{"identify":{"kind":"new","person":{"name":"Li","phone":"13800138000"}},"assign":true}`)
	v, k := visit.str("visit", "id"), visit.str("visit", "customer")
	call := z("calls", `{"for":"A"}`).str("call", "id")
	appr := z("approvals", `{"kind":"discount"}`).str("approval", "id")
	disp := z("disputes", fmt.Sprintf(`{"customer":%q,"claimants":["A"]}`, k)).str("dispute", "id")
	key := z("keys", `{"role":"kiosk"}`).str("key", "id")
	for _, path := range []string{
		"visits/" + v, "visits/" + v + "/history", "customers/" + k,
		"customers/" + k + "/person?reason=x", "calls/" + call, "approvals/" + appr, "disputes/" +
			disp,
	} {
		o.must(404, o.do("M", "GET", "/v1/sites/s/"+path, nil))
		o.must(200, o.do("zM", "GET", "/v1/sites/z/"+path, nil))
	}
	head := o.head("z")
	mine := o.arrive("arrived", nil)
	for path, body := range map[string]string{
		"visits/" + v + "/identify": `{"kind":"new"}`,
		"visits/" + v + "/serve":    ``,
		"visits/" + v +
			"/register": `{"serve":true,"person":{"name":"Mallory","phone":"13911111111"}}`,
		"visits/" + v + "/abandon":      `{"note":"x"}`,
		"visits/" + mine + "/merge":     fmt.Sprintf(`{"into":%q}`, v),
		"visits/" + v + "/merge":        fmt.Sprintf(`{"into":%q}`, mine),
		"visits/" + mine + "/identify":  fmt.Sprintf(`{"kind":"returning","customer":%q}`, k),
		"visits/" + mine + "/recognise": fmt.Sprintf(`{"who":"A","customer":%q}`, k),
		"visits": fmt.Sprintf(
			`{"identify":{"kind":"referral","brought_by":%q}}`, k),
		"customers/" + k + "/follow-ups": `{"note":"x"}`,
		"customers/" + k + "/deals":      `{"status":"deposit"}`,
		"customers/" + k + "/reassign":   `{"to":"B"}`,
		"customers/" + k + "/cover":      `{"to":"B"}`,
		"approvals/" + appr + "/decide":  `{"grant":true}`,
		"calls":                          fmt.Sprintf(`{"customer":%q}`, k),
		"disputes":                       fmt.Sprintf(`{"customer":%q,"claimants":["A"]}`, k),
		"rulings":                        fmt.Sprintf(`{"text":"x","dispute":%q}`, disp),
		"cards":                          fmt.Sprintf(`{"customer":%q,"by":"A"}`, k),
		"checklists":                     fmt.Sprintf(`{"item":"table_cleaned","visit":%q}`, v),
	} {
		if a := o.do("M", "POST", "/v1/sites/s/"+path, body); a.status != 404 {
			t.Errorf("%s %s: %d %s", path, body, a.status, a.raw)
		}
	}
	o.must(404, o.do("M", "PUT", "/v1/sites/s/customers/"+k+"/person", `{"name":"Mallory"}`))
	o.must(404, o.do("M", "DELETE", "/v1/sites/s/customers/"+k+"/person", nil))
	o.must(404, o.do("M", "DELETE", "/v1/sites/s/keys/"+key, nil))
	if a := o.must(200, o.do("M", "POST", "/v1/sites/s/customers/search",
		`{"phone":"13800138000"}`)); a.at("known") != false {
		t.Errorf("a phone of another site is known: %s", a.raw)
	}
	if o.head("z") != head {
		t.Error("the other site's journal has grown")
	}
	if p := o.must(200, o.do("zM", "GET", "/v1/sites/z/customers/"+k+"/person?reason=x",
		nil)); p.str("person", "name") != "Li" {
		t.Errorf("the person was changed: %s", p.raw)
	}
	if n := len(ids(o.must(200, o.do("M", "GET", "/v1/sites/s/visits", nil)), "visits")); n != 1 {
		t.Errorf("%d visits are listed", n)
	}
	if n := o.sides("notes"); n != 0 {
		t.Errorf("%d notes of refused requests", n)
	}
}
