package api

import (
	"fmt"
	"testing"

	"github.com/lunpai/lunpai/repo"
)

// TestErasingReachesTheDesk: whoever is erased leaves no text with the service desk, neither in
// tickets that name him nor in those that came out of his visits, nor in calls to his projects; and
// none is written any more.
func TestErasingReachesTheDesk(t *testing.T) {
	onBothStores(t, func(t *testing.T, s setup) {
		o := newOffice(t, s)
		k, _ := o.customer("13900000001")
		other, _ := o.customer("13900000009")
		site := "/v1/sites/s/"
		o.must(200, o.do("M", "POST", site+"service", `{"from":"2024-03-04"}`))
		before := o.sides(repo.Notes)
		visit := o.must(201, o.do("desk", "POST", site+"visits", map[string]any{
			"identify": map[string]any{"kind": "returning", "customer": k}, "assign": true,
		})).str("visit", "id")
		open := func(more string) string {
			return o.must(201, o.do("M", "POST", site+"tickets", `{"kind":"complaint",`+
				`"in_scope":true,"note":"Li is angry"`+more+`}`)).str("ticket", "id")
		}
		named := open(fmt.Sprintf(`,"customer":%q,"contact":"call his wife"`, k))
		came := open(fmt.Sprintf(`,"visit":%q`, visit))
		for _, id := range []string{named, came} {
			o.must(200, o.do("M", "POST", site+"tickets/"+id+"/record", `{"note":"again"}`))
		}
		o.must(201, o.do("M", "POST", site+"projects", fmt.Sprintf(
			`{"project":"tower-1","delivered_on":"2024-02-01","customer":%q}`, k)))
		o.must(200, o.do("M", "POST", site+"projects/tower-1/follow-ups", `{"note":"all well"}`))
		stays := open(fmt.Sprintf(`,"customer":%q`, other))
		if n := o.sides(repo.Notes); n != before+7 {
			t.Fatalf("%d notes, want 7 more than %d", n, before)
		}
		o.must(204, o.do("M", "DELETE", site+"customers/"+k+"/person", nil))
		if n := o.sides(repo.Notes); n != before+1 {
			t.Errorf("%d notes after the erasure, want the other customer's", n-before)
		}
		for path, body := range map[string]string{
			"tickets/" + named + "/record": `{"note":"back"}`,
			"tickets/" + came + "/record":  `{"note":"back"}`,
			"projects/tower-1/follow-ups":  `{"note":"back"}`,
			"tickets": fmt.Sprintf(
				`{"kind":"request","in_scope":true,"note":"back","customer":%q}`, k),
			"tickets?": fmt.Sprintf(
				`{"kind":"request","in_scope":true,"note":"back","visit":%q}`, visit),
		} {
			if a := o.do("M", "POST", site+path, body); a.status != 409 ||
				a.str("code") != "customer_erased" {
				t.Errorf("%s: %d %s", path, a.status, a.raw)
			}
		}
		if n := o.sides(repo.Notes); n != before+1 {
			t.Errorf("%d notes were written after the erasure", n-before-1)
		}
		o.must(200, o.do("M", "POST", site+"tickets/"+stays+"/record", `{"note":"goes on"}`))
	})
}
