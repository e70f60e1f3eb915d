package api

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/vault"
	"github.com/lunpai/lunpai/workflow"
)

const namesPath = "/v1/sites/s/names"

// TestNames: the manager writes, changes and erases what people are called; everybody of the office
// reads it, and neither journal nor log ever says a name.
func TestNames(t *testing.T) {
	onBothStores(t, func(t *testing.T, s setup) {
		w := &canaryWorld{office: newOffice(t, s)}
		names := func(who string) string {
			return w.must(200, w.do(who, "GET", namesPath, nil)).raw
		}
		if got := names("desk"); got != `{"staff":[],"units":[]}` {
			t.Fatalf("an office without names has %s", got)
		}
		first := `{"office":{"name":"Riverside"},` +
			`"staff":[{"id":"A","name":"金丝雀","py":"jsq"},{"id":"B","name":"Kanarie"}],` +
			`"units":[{"id":"C","name":"East"}]}`
		a := w.must(200, w.do("M", "PATCH", namesPath, first, "Idempotency-Key", "first"))
		want := `{"office":"Riverside","staff":[{"id":"A","name":"金丝雀","py":"jsq"},` +
			`{"id":"B","name":"Kanarie"}],"units":[{"id":"C","name":"East"}]}`
		if d := cmp.Diff(want, a.raw); d != "" {
			t.Error(d)
		}
		for _, who := range []string{"desk", "A", "L", "S", "M", "admin"} {
			if d := cmp.Diff(want, names(who)); d != "" {
				t.Errorf("%s reads %s", who, d)
			}
		}
		w.must(200, w.do("M", "PATCH", namesPath, `{"staff":[{"id":"A"},{"id":"D","name":"Li"}]}`))
		want = `{"office":"Riverside","staff":[{"id":"B","name":"Kanarie"},` +
			`{"id":"D","name":"Li"}],"units":[{"id":"C","name":"East"}]}`
		if d := cmp.Diff(want, names("desk")); d != "" {
			t.Error(d)
		}
		// sent again, the first request changes nothing
		again := w.must(200, w.do("M", "PATCH", namesPath, first, "Idempotency-Key", "first"))
		if again.raw != want || again.header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("sent again: %s", again.raw)
		}
		head := w.head("s")
		for _, c := range []struct {
			who, body string
			status    int
		}{
			{"S", `{"office":{"name":"x"}}`, 403},
			{"desk", `{"office":{"name":"x"}}`, 403},
			{"A", `{"staff":[{"id":"A","name":"x"}]}`, 403},
			{"zM", `{"office":{"name":"x"}}`, 404},
			{"M", `{}`, 400},
			{"M", `{"staff":[{"id":"X","name":"x"}]}`, 400},
			{"M", `{"units":[{"id":"X","name":"x"}]}`, 400},
			{"M", `{"office":{"name":"13987651234"}}`, 400},
			{"M", `{"office":{"name":""}}`, 400},
			{"M", `{"staff":[{"id":"A","name":"x","py":"W F"}]}`, 400},
			{"M", `{"office":{"name":"` + strings.Repeat("x", 41) + `"}}`, 400},
		} {
			if a := w.do(c.who, "PATCH", namesPath, c.body); a.status != c.status {
				t.Errorf("%s sends %s: %d, want %d: %s", c.who, c.body, a.status, c.status, a.raw)
			}
		}
		w.must(403, w.do("kiosk", "GET", namesPath, nil))
		w.must(403, w.do("analyst", "GET", namesPath, nil))
		w.must(404, w.do("zM", "GET", namesPath, nil))
		if w.head("s") != head || names("M") != want {
			t.Error("a refused request changed something")
		}
		w.silent("the log", w.log.String())
		pages, err := w.store.Since(t.Context(), "s", 1, 1000)
		w.ok(err)
		for _, p := range pages {
			w.silent("the journal", string(p.Body))
		}
		docs, err := w.store.Sides(t.Context(), repo.People, "s", time.Time{})
		w.ok(err)
		for _, d := range docs {
			w.silent("the vault", d.ID+string(d.Body))
		}
	})
}

// TestNamesFinishedByTheSweep: names whose request died after its commit are written by the sweep,
// except where somebody has written since.
func TestNamesFinishedByTheSweep(t *testing.T) {
	o := newOffice(t, setup{})
	names := func(a, b string) *vault.Names {
		n := &vault.Names{Staff: map[workflow.StaffID]vault.Name{}}
		if a != "" {
			n.Staff["A"] = vault.Name{Name: a}
		}
		n.Staff["B"] = vault.Name{Name: b}
		return n
	}
	ctx := t.Context()
	o.must(200, o.do("M", "PATCH", namesPath, `{"staff":[{"id":"A","name":"x"}]}`))
	k, err := o.api.cfg.Store.Before(ctx, "s", 1<<62, 1)
	o.ok(err)
	cs, err := k[0].Commits()
	o.ok(err)
	c := cs[len(cs)-1]
	_, err = o.vault.Intend(ctx, "s", c.ID, vault.Intent{
		Names: names("Anna", "Bo"), Fingerprint: c.Fingerprint,
	})
	o.ok(err)
	_, err = o.vault.Intend(ctx, "s", "never", vault.Intent{Names: names("", "Never")})
	o.ok(err)
	o.must(200, o.do("M", "PATCH", namesPath, `{"staff":[{"id":"A","name":"Newer"}]}`))
	later, err := newVaultAt(o, time.Hour)
	o.ok(err)
	_, _, err = later.Sweep(ctx, time.Minute)
	o.ok(err)
	got := o.must(200, o.do("desk", "GET", namesPath, nil)).raw
	want := `{"staff":[{"id":"A","name":"Newer"},{"id":"B","name":"Bo"}],"units":[]}`
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestNewIDsAreASCII: new ids of sites and staff are ASCII; those from before work on.
func TestNewIDsAreASCII(t *testing.T) {
	o := newOffice(t, setup{})
	for path, body := range map[string]string{
		"/v1/sites":         `{"id":"滨江"}`,
		"/v1/sites/s/staff": `{"id":"王芳","role":"consultant"}`,
	} {
		a := o.must(400, o.do("admin", "POST", path, body))
		if !strings.Contains(a.str("fix"), "/names") {
			t.Errorf("%s does not say where the name goes: %s", path, a.raw)
		}
	}
	a := o.must(400, o.do("admin", "POST", "/v1/sites",
		`{"id":"n","staff":[{"id":"ｌｉ","role":"manager"}]}`))
	if a.str("code") != "bad_staff_id" {
		t.Errorf("founding with a wide id: %s", a.raw)
	}
}
