package api

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/vault"
	"github.com/lunpai/lunpai/workflow"
)

// personText is what the vault says of a customer of s; "" when it knows nothing.
func (o *office) personText(id string) string {
	o.Helper()
	p, err := o.vault.Person(o.Context(), "s", workflow.CustomerID(id))
	if errors.Is(err, repo.ErrNotFound) {
		return ""
	}
	o.ok(err)
	return p.Name + " " + p.Phone
}

// commitsOf counts the commits of a kind at s.
func (o *office) commitsOf(kind workflow.Kind) (n int) {
	o.Helper()
	pages, err := o.store.Since(o.Context(), "s", 1, 10_000)
	o.ok(err)
	for _, p := range pages {
		for _, e := range p.Entries {
			if e.Kind == kind {
				n++
			}
		}
	}
	return n
}

// TestWhoeverIsErasedStaysErased: no request that is sent again, and none that is new, brings an
// erased person back or writes anything personal to the customer; and the notes about him are gone.
func TestWhoeverIsErasedStaysErased(t *testing.T) {
	o := newOffice(t, setup{})
	site := "/v1/sites/s/"
	k, _ := o.customer("13900000001")
	v := o.must(201, o.do("desk", "POST", site+"visits",
		map[string]any{
			"identify": map[string]any{"kind": "returning", "customer": k},
			"assign":   true,
		}, "Idempotency-Key", "arrive")).str("visit", "id")
	once := []struct{ who, method, path, body string }{
		{
			"desk", "POST", "visits/" + v + "/register",
			`{"serve":true,"person":{"name":"Form","phone":"13900000002","consent":true},` +
				`"form":{"remark":"wants the south side"}}`,
		},
		{"desk", "PUT", "customers/" + k + "/person", `{"name":"Put","phone":"13900000003"}`},
		{"desk", "POST", "customers/" + k + "/follow-ups", `{"note":"called on Monday"}`},
		{"M", "POST", "customers/" + k + "/reassign", `{"to":"B","note":"moved to B"}`},
		{"desk", "POST", "calls", fmt.Sprintf(`{"for":"B","customer":%q,"callback":"after six"}`,
			k)},
	}
	again := func(want int) {
		t.Helper()
		for i, r := range once {
			a := o.do(r.who, r.method, site+r.path, r.body, "Idempotency-Key",
				fmt.Sprint("once-", i))
			if a.status/100 != 2 || want == 2 && a.header.Get("Idempotency-Replayed") != "true" {
				t.Errorf("%s %s: %d %s", r.method, r.path, a.status, a.raw)
			}
		}
	}
	again(1)
	o.must(204, o.do("desk", "PUT", site+"customers/"+k+"/person",
		`{"name":"Corrected","phone":"13900000004"}`))
	again(2)
	if got := o.personText(k); got != "Corrected 13900000004" {
		t.Errorf("a replay undid a correction: %s", got)
	}
	disp := o.must(201, o.do("M", "POST", site+"disputes",
		fmt.Sprintf(`{"customer":%q,"claimants":["A"],"note":"who saw him first"}`,
			k))).str("dispute", "id")
	o.must(201, o.do("M", "POST", site+"rulings",
		fmt.Sprintf(`{"text":"B did","dispute":%q}`, disp)))
	other, _ := o.customer("13900000009")
	o.must(200, o.do("desk", "POST", site+"customers/"+other+"/follow-ups", `{"note":"stays"}`))
	if n := o.sides(repo.Notes); n != 7 {
		t.Errorf("%d notes before, want 7", n)
	}

	o.must(204, o.do("M", "DELETE", site+"customers/"+k+"/person", nil, "Idempotency-Key", "erase"))
	gone := func(when string) {
		t.Helper()
		if got := o.personText(k); got != "" {
			t.Errorf("%s: %s is back", when, got)
		}
		for i := 1; i <= 4; i++ {
			if id, found, err := o.vault.FindPhone(t.Context(), "s",
				fmt.Sprint("1390000000", i)); err != nil || found && string(id) == k {
				t.Errorf("%s: phone %d finds %s, %v", when, i, id, err)
			}
		}
		if n := o.sides(repo.Notes); n != 1 {
			t.Errorf("%s: %d notes, want the other customer's", when, n)
		}
	}
	gone("erased")
	again(2)
	o.must(204, o.do("M", "DELETE", site+"customers/"+k+"/person", nil, "Idempotency-Key", "erase"))
	o.must(204, o.do("M", "DELETE", site+"customers/"+k+"/person", nil))
	gone("after replays")
	for _, r := range [][3]string{
		{"PUT", "customers/" + k + "/person", `{"name":"Back","phone":"13900000005"}`},
		{"POST", "customers/" + k + "/follow-ups", `{"note":"back"}`},
		{"POST", "visits", fmt.Sprintf(`{"identify":{"kind":"returning","customer":%q}}`, k)},
	} {
		if a := o.do("M", r[0], site+r[1], r[2]); a.status != 409 ||
			a.str("code") != "customer_erased" || a.str("fix") == "" {
			t.Errorf("%s %s: %d %s", r[0], r[1], a.status, a.raw)
		}
	}
	w := o.arrive("assigned", nil)
	for _, body := range []string{
		fmt.Sprintf(`{"serve":true,"matches":%q,"person":{"name":"Back","phone":"13900000006"}}`,
			k),
		fmt.Sprintf(`{"serve":true,"matches":%q,"form":{"remark":"back"}}`, k),
	} {
		if a := o.do("desk", "POST", site+"visits/"+w+"/register", body); a.status != 409 ||
			a.str("code") != "customer_erased" {
			t.Errorf("register %s: %d %s", body, a.status, a.raw)
		}
	}
	gone("after new requests")
	late, err := newVaultAt(o, 48*time.Hour)
	o.ok(err)
	_, _, err = late.Sweep(t.Context(), time.Hour)
	o.ok(err)
	gone("after a sweep")
	// His phone is nobody's: he may come again as somebody new.
	back := o.must(201, o.do("desk", "POST", site+"visits",
		`{"identify":{"kind":"new","person":{"name":"New","phone":"13900000004"}}}`))
	if back.str("visit", "customer") == k || back.at("known") != false {
		t.Errorf("he came back as himself: %s", back.raw)
	}
}

// TestNotesOfVisitsInProgress: the visit of an erased customer goes on, and takes no more free
// text.
func TestNotesOfVisitsInProgress(t *testing.T) {
	o := newOffice(t, setup{})
	a := o.must(201, o.do("desk", "POST", "/v1/sites/s/visits",
		`{"identify":{"kind":"new","person":{"name":"Li","phone":"13900000001"}},"assign":true}`))
	v, k := a.str("visit", "id"), a.str("visit", "customer")
	o.must(204, o.do("M", "DELETE", "/v1/sites/s/customers/"+k+"/person", nil))
	for _, body := range []string{
		`{"serve":true,"form":{"remark":"x"}}`,
		`{"serve":true,"person":{"name":"Li","phone":"13900000001"}}`,
	} {
		if a := o.do("desk", "POST", "/v1/sites/s/visits/"+v+"/register", body); a.status != 409 ||
			a.str("code") != "customer_erased" {
			t.Errorf("%s: %d %s", body, a.status, a.raw)
		}
	}
	if n := o.sides(repo.Notes); n != 0 {
		t.Errorf("%d notes of refused requests", n)
	}
	o.must(200, o.do("desk", "POST", "/v1/sites/s/visits/"+v+"/register",
		`{"serve":true,"form":{"channel":"online"}}`))
}

// TestErasureFinishedByTheSweep: an erasure whose request died behind its commit is finished by the
// sweep, and so is a correction; a command that never was leaves nothing.
func TestErasureFinishedByTheSweep(t *testing.T) {
	o := newOffice(t, setup{})
	ctx := t.Context()
	erased, _ := o.customer("13900000001")
	changed, _ := o.customer("13900000002")
	kept, _ := o.customer("13900000003")
	do := func(id string, cmd workflow.Command) {
		t.Helper()
		_, err := o.engine.Do(ctx, "s", repo.Request{
			ID: id, Fingerprint: "f",
			By: workflow.Actor{Key: "k", Role: workflow.RoleManager, Staff: "M"}, Command: cmd,
		})
		o.ok(err)
	}
	intend := func(id string, in vault.Intent) {
		t.Helper()
		in.Fingerprint = "f"
		if _, err := o.vault.Intend(ctx, "s", id, in); err != nil {
			t.Fatal(err)
		}
	}
	now := &vault.Person{Name: "Now", Phone: "13900000004"}
	intend("erase", vault.Intent{Customer: workflow.CustomerID(erased), Erase: true})
	intend("change", vault.Intent{Customer: workflow.CustomerID(changed), Person: now, Whole: true})
	intend("never", vault.Intent{Customer: workflow.CustomerID(kept), Erase: true})
	do("erase", &workflow.ErasePerson{Customer: workflow.CustomerID(erased)})
	do("change", &workflow.ChangePerson{Customer: workflow.CustomerID(changed)})
	late, err := newVaultAt(o, 2*time.Hour)
	o.ok(err)
	_, _, err = late.Sweep(ctx, time.Hour)
	o.ok(err)
	for id, want := range map[string]string{
		erased: "", changed: "Now 13900000004",
		kept: "Zhang Wei 13900000003",
	} {
		if got := o.personText(id); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if n := o.sides(repo.People); n != 3 {
		t.Errorf("%d people and intents", n)
	}
}

// TestLateIntentsYield: what the sweep finds hours later does not undo what was written since.
func TestLateIntentsYield(t *testing.T) {
	o := newOffice(t, setup{})
	k, _ := o.customer("13900000001")
	_, err := o.vault.Intend(t.Context(), "s", "old",
		vault.Intent{
			Customer: workflow.CustomerID(k), Person: &vault.Person{Name: "Old"},
			Whole: true, Fingerprint: "f",
		})
	o.ok(err)
	_, err = o.engine.Do(t.Context(), "s", repo.Request{
		ID: "old", Fingerprint: "f",
		By:      workflow.Actor{Role: workflow.RoleManager, Staff: "M"},
		Command: &workflow.ChangePerson{Customer: workflow.CustomerID(k)},
	})
	o.ok(err)
	soon, err := newVaultAt(o, time.Minute)
	o.ok(err)
	o.ok(soon.SavePerson(t.Context(), "s", workflow.CustomerID(k), "", vault.Person{Name: "Newer"}))
	late, err := newVaultAt(o, 2*time.Hour)
	o.ok(err)
	_, _, err = late.Sweep(t.Context(), time.Hour)
	o.ok(err)
	if got := o.personText(k); got != "Newer " {
		t.Errorf("got %q", got)
	}
}

// TestLookingIsInTheJournal: who searched, saw, changed and erased a person, and read and erased a
// note, stands in the site's journal, in codes and ids; a dry run and a refusal leave nothing
// there.
func TestLookingIsInTheJournal(t *testing.T) {
	o := newOffice(t, setup{})
	k, owner := o.customer("13900000001")
	o.must(200, o.do("desk", "POST", "/v1/sites/s/customers/"+k+"/follow-ups",
		`{"note":"after six"}`))
	note := o.must(200, o.do("M", "GET", "/v1/sites/s/customers/"+k, nil)).str("customer",
		"follow_ups", 0, "note")
	path := "/v1/sites/s/customers/" + k + "/person"
	for _, tt := range []struct {
		kind workflow.Kind
		ask  func() *answer
		want int
	}{
		{"search_customer", func() *answer {
			return o.do("S", "POST",
				"/v1/sites/s/customers/search", `{"phone":"13900000001"}`)
		}, 200},
		{"search_customer", func() *answer {
			return o.do("S", "POST",
				"/v1/sites/s/customers/search", `{"phone":"13900000002"}`)
		}, 200},
		{
			"show_person",
			func() *answer { return o.do(owner, "GET", path+"?reason=call_back", nil) },
			200,
		},
		{"change_person", func() *answer {
			return o.do("desk", "PUT", path,
				`{"name":"Li","phone":"13900000001"}`)
		}, 204},
		{"show_note", func() *answer {
			return o.do(owner, "GET",
				"/v1/sites/s/notes/"+note+"?reason=call_back", nil)
		}, 200},
		{"erase_note", func() *answer {
			return o.do("M", "DELETE", "/v1/sites/s/notes/"+note,
				nil)
		}, 204},
		{"erase_person", func() *answer { return o.do("M", "DELETE", path, nil) }, 204},
	} {
		before := o.commitsOf(tt.kind)
		o.must(tt.want, tt.ask())
		if n := o.commitsOf(tt.kind) - before; n != 1 {
			t.Errorf("%s: %d commits", tt.kind, n)
		}
	}
	head := o.head("s")
	for _, a := range []*answer{
		o.do("L", "GET", path+"?reason=x", nil), o.do("M", "GET", path, nil),
		o.do("M", "GET", path+"?reason=13900000001", nil),
		o.do("M", "GET", path+"?reason=1390_0000_001", nil),
		o.do("D", "GET", "/v1/sites/s/notes/"+note+"?reason=x", nil),
		o.do("M", "PUT", path, `{"name":"Li"}`), o.do("S", "DELETE", path, nil),
	} {
		if a.status < 400 {
			t.Errorf("answered with %d: %s", a.status, a.raw)
		}
	}
	o.must(200, o.do("desk", "POST", "/v1/sites/s/visits?dry_run=true",
		`{"person":{"name":"Li","phone":"13900000003"}}`))
	if o.head("s") != head {
		t.Error("what was refused or dry is in the journal")
	}
	pages, err := o.store.Since(t.Context(), "s", 1, 1000)
	o.ok(err)
	for _, p := range pages {
		if strings.Contains(string(p.Body), "1390000000") {
			t.Errorf("a phone stands in the journal: %s", p.Body)
		}
	}
}

// TestConsent: a consent says when it was given, to whom, and to which wording of the site.
func TestConsent(t *testing.T) {
	o := newOffice(t, setup{})
	k, owner := o.customer("13900000001")
	path := "/v1/sites/s/customers/" + k + "/person"
	o.must(204, o.do(owner, "PUT", path, `{"name":"Li","consent":true}`))
	for range 2 {
		o.must(200, o.do("M", "PATCH", "/v1/sites/s",
			`{"consent":{"zh":"同意联系","en":"You may call me"}}`))
	}
	a := o.must(200, o.do("M", "GET", path+"?reason=check", nil))
	if a.at("person", "consent", "given") != true || a.str("person", "consent", "by") != owner ||
		a.str("person", "consent", "at") == "" || a.at("person", "consent", "wording") != nil {
		t.Errorf("before there was a wording: %s", a.raw)
	}
	o.must(204, o.do("desk", "PUT", path, `{"name":"Li","consent":false}`))
	a = o.must(200, o.do("M", "GET", path+"?reason=check", nil))
	if a.at("person", "consent", "given") != false ||
		a.str("person", "consent", "by") != o.keyIDs["desk"] ||
		a.at("person", "consent", "wording") != 2.0 {
		t.Errorf("taken back: %s", a.raw)
	}
	for _, bad := range []string{
		`{"consent":{"zh":"同意"}}`,
		`{"consent":{"zh":"请拨 138 0013 8000","en":"call us"}}`,
	} {
		o.must(400, o.do("M", "PATCH", "/v1/sites/s", bad))
	}
}
