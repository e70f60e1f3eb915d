package api

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// steps are what an answer lists as allowed.
func steps(a *answer) []string {
	list, _ := a.at("allowed").([]any)
	out := []string{}
	for i := range list {
		out = append(out, a.str("allowed", i))
	}
	return out
}

// TestAllowedIsWhatPasses: the steps that a visit lists are those that its state and the caller's
// role do not rule out, named like their addresses; a refusal lists the same.
func TestAllowedIsWhatPasses(t *testing.T) {
	o := newOffice(t, setup{})
	visits := map[string]string{}
	for _, state := range []string{
		"arrived", "identified", "assigned", "served", "registered",
		"abandoned", "merged",
	} {
		switch state {
		case "registered", "abandoned", "merged":
			v := o.arrive("assigned", nil)
			switch state {
			case "registered":
				o.must(200, o.do("desk", "POST", "/v1/sites/s/visits/"+v+"/register",
					`{"serve":true}`))
			case "abandoned":
				o.must(200, o.do("desk", "POST", "/v1/sites/s/visits/"+v+"/abandon",
					`{"reason":"left"}`))
			case "merged":
				into := o.arrive("assigned", nil)
				o.must(200, o.do("desk", "POST", "/v1/sites/s/visits/"+v+"/merge",
					map[string]any{"into": into}))
			}
			visits[state] = v
		default:
			visits[state] = o.arrive(state, nil)
		}
	}
	other := o.arrive("arrived", nil)
	bodies := map[string]any{
		"identify": `{"kind":"new"}`, "recognise": `{}`, "assign": `{}`,
		"reidentify": `{"kind":"new"}`, "handover": `{"to":"D"}`,
		"change": `{"to":"D","reason":"customer_demand"}`, "assistants": `{"who":"D"}`,
		"release-assistant": `{"who":"D"}`,
		"serve":             `{}`, "register": `{}`, "abandon": `{"reason":"left"}`,
		"merge": map[string]any{"into": other}, "withdraw": `{}`, "return-turn": `{}`,
	}
	ruledOut := []string{
		"transition", "not_identified", "too_late", "role", "not_own",
		"not_invited", "nothing_claimed",
	}
	for state, v := range visits {
		path := "/v1/sites/s/visits/" + v
		for _, who := range []string{"desk", "A", "B", "C", "D", "L", "S", "M"} {
			read := o.do(who, "GET", path, nil)
			if read.status == 404 { // not his own
				if a := o.do(who, "POST", path+"/serve", `{}`); a.status != 403 ||
					a.body["allowed"] != nil {
					t.Errorf("%s learns about the %s visit of somebody else: %s", who, state, a.raw)
				}
				continue
			}
			listed := steps(o.must(200, read))
			var passes []string
			for step, body := range bodies {
				a := o.do(who, "POST", path+"/"+step+"?dry_run=true", body)
				if a.status == 200 || !slices.Contains(ruledOut, a.str("code")) {
					passes = append(passes, step)
				}
				if a.status != 200 && a.str("code") != "role" {
					if a.body["allowed"] == nil {
						t.Errorf("%s %s %s: a refusal without allowed: %s", who, state, step, a.raw)
					}
					if d := cmp.Diff(listed, steps(a)); d != "" {
						t.Errorf("%s %s %s: the refusal lists others than the visit:\n%s", who,
							state, step, d)
					}
				}
			}
			slices.Sort(passes)
			if d := cmp.Diff(passes, slices.Sorted(slices.Values(listed))); d != "" &&
				len(passes)+len(listed) > 0 {
				t.Errorf("%s, %s (-passes +listed):\n%s", who, state, d)
			}
			if over := strings.Contains("registered abandoned merged",
				state); over != (len(listed) == 0) && who == "S" {
				t.Errorf("%s %s: %v", who, state, listed)
			}
		}
	}
}

// TestIDsAreThoseOfAddresses: the id that an answer shows is the one that an address takes.
func TestIDsAreThoseOfAddresses(t *testing.T) {
	o := newOffice(t, setup{})
	list := ids(o.must(200, o.do("M", "GET", "/v1/sites/s/staff", nil)), "staff")
	if d := cmp.Diff([]string{"A", "B", "C", "D", "L", "M", "S"},
		slices.Sorted(slices.Values(list))); d != "" {
		t.Errorf("staff (-want +got):\n%s", d)
	}
	const odd = `w"<y>&\x`
	for _, id := range append(list[:2:2], odd) {
		if id == odd {
			a := o.must(201, o.do("M", "POST", "/v1/sites/s/staff",
				map[string]any{"id": id, "role": "consultant"}))
			if a.str("staff", "id") != id || a.str("staff", "staff") != id {
				t.Errorf("made: %s", a.raw)
			}
		}
		a := o.must(200, o.do("M", "PATCH", "/v1/sites/s/staff/"+url.PathEscape(id),
			`{"active":true}`))
		if a.str("staff", "id") != id {
			t.Errorf("changed: %s", a.raw)
		}
	}
	if got := o.must(200, o.do("M", "GET", "/v1/sites/s/rota", nil)).str("rota",
		"id"); got != "live" {
		t.Errorf("the rota is called %s", got)
	}
	closed := o.must(200, o.do("M", "POST", "/v1/sites/s/rota/close", nil))
	if got := closed.str("rota", "id"); got != "live" && got != "2024-03-04" {
		t.Errorf("the rota is called %s", got)
	}
	if got := o.must(200, o.do("M", "GET", "/v1/sites/s/rotas/2024-03-04", nil)).str("rota",
		"id"); got != "2024-03-04" {
		t.Errorf("the day's table is called %s", got)
	}
	commits := o.must(200, o.do("M", "GET", "/v1/sites/s/commits", nil))
	if strings.Contains(commits.raw, `"s/`) {
		t.Errorf("the feed shows stored ids: %s", commits.raw)
	}
}

// TestUnknownConsultantInAnAddress: an address of somebody who is not here is no address; in a body
// he is a mistake of the body.
func TestUnknownConsultantInAnAddress(t *testing.T) {
	o := newOffice(t, setup{})
	for step, body := range map[string]string{
		"leave": `{"reason":"personal"}`, "return": `{}`,
		"busy": `{"with":"chores"}`, "free": `{}`,
	} {
		for _, who := range []string{"nobody", "S"} { // the supervisor has no place on the rota
			if a := o.do("desk", "POST", "/v1/sites/s/staff/"+who+"/"+step,
				body); a.status != 404 || a.str("code") != "consultant_not_found" {
				t.Errorf("%s of %s: %d %s", step, who, a.status, a.raw)
			}
		}
	}
	v := o.arrive("assigned", nil)
	for path, body := range map[string]string{
		"visits/" + v + "/assistants": `{"who":"nobody"}`, "visits/" + v +
			"/change": `{"to":"nobody","reason":"customer_demand"}`,
		"staff/A/leave": `{"reason":"personal","ordered_by":"nobody"}`,
	} {
		if a := o.do("S", "POST", "/v1/sites/s/"+path, body); a.status != 400 {
			t.Errorf("%s %s: %d %s", path, body, a.status, a.raw)
		}
	}
}
