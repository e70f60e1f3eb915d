package api

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/vault"
	"github.com/lunpai/lunpai/workflow"
)

// another is a second instance of the service on the same store and keyring.
func (o *office) another() *office {
	o.Helper()
	ring, err := vault.LoadKeyring(filepath.Join(filepath.Dir(o.path), "keys.json"))
	o.ok(err)
	b := *o
	b.vault, err = vault.New(o.Context(), o.store, ring, nil)
	o.ok(err)
	b.engine = repo.NewEngine(repo.Config{
		Store: o.store, Now: o.clock.Now,
		Log: slog.New(slog.DiscardHandler),
	})
	b.keys = vault.NewKeys(b.engine, b.store, nil)
	cfg := o.api.cfg
	cfg.Engine, cfg.Vault, cfg.Keys = b.engine, b.vault, b.keys
	b.api, err = New(cfg)
	o.ok(err)
	o.Cleanup(func() { _ = b.engine.Drain(o.Context()) })
	return &b
}

// TestSamePhoneAtOnce: whoever arrives with the same new phone at the same moment, at two
// instances, is one customer, and nobody is turned away.
func TestSamePhoneAtOnce(t *testing.T) {
	onBothStores(t, func(t *testing.T, s setup) {
		a := newOffice(t, s)
		b := a.another()
		const rounds, together = 20, 6
		for round := range rounds {
			answers := make([]*answer, together)
			var wg sync.WaitGroup
			for i := range answers {
				o := []*office{a, b}[i%2]
				body := fmt.Sprintf(
					`{"identify":{"kind":"new","person":{"name":"Li","phone":"139%08d"}}}`, round)
				if i%3 == 2 {
					body = fmt.Sprintf(`{"person":{"name":"Li","phone":"139%08d"}}`, round)
				}
				wg.Go(func() { answers[i] = o.do("desk", "POST", "/v1/sites/s/visits", body) })
			}
			wg.Wait()
			customers := map[string]bool{}
			for _, x := range answers {
				if x.status != 201 {
					t.Fatalf("round %d: %d %s", round, x.status, x.raw)
				}
				customers[x.str("visit", "customer")] = true
			}
			if len(customers) != 1 {
				t.Errorf("round %d: %d customers with one phone", round, len(customers))
			}
		}
		if n := a.sides(repo.People); n != rounds {
			t.Errorf("%d people, want %d", n, rounds)
		}
		late, err := newVaultAt(a, 2*time.Hour)
		a.ok(err)
		if _, deleted, err := late.Sweep(t.Context(), time.Hour); deleted != 0 || err != nil {
			t.Errorf("the sweep deletes %d of them, %v", deleted, err)
		}
	})
}

// TestSamePhoneOnForms: two registrations at once with the same new phone are one customer, whose
// record is made once.
func TestSamePhoneOnForms(t *testing.T) {
	onBothStores(t, func(t *testing.T, s setup) {
		a := newOffice(t, s)
		offices := []*office{a, a.another()}
		for round := range 8 {
			visits := []string{a.arrive("served", nil), a.arrive("served", nil)}
			answers := make([]*answer, 2)
			var wg sync.WaitGroup
			for i, v := range visits {
				wg.Go(func() {
					answers[i] = offices[i].do("desk", "POST", "/v1/sites/s/visits/"+v+"/register",
						fmt.Sprintf(`{"person":{"name":"Li","phone":"138%08d"}}`, round))
				})
			}
			wg.Wait()
			for _, x := range answers {
				if x.status != 200 || x.str("visit", "customer") != answers[0].str("visit",
					"customer") {
					t.Fatalf("round %d: %d %s\nbeside %s", round, x.status, x.raw, answers[0].raw)
				}
			}
			k := a.must(200, a.do("M", "GET", "/v1/sites/s/customers/"+answers[0].str("visit",
				"customer"), nil))
			if k.at("customer", "visits") != 2.0 {
				t.Errorf("round %d: the record was made anew: %s", round, k.raw)
			}
		}
	})
}

// TestOneLimitForPhones: whatever looks a phone up takes from one allowance a key.
func TestOneLimitForPhones(t *testing.T) {
	o := newOffice(t, setup{config: func(c *Config) { c.KioskGap, c.KioskHourly = -1, -1 }})
	k, _ := o.customer("13900000001")
	v := o.arrive("arrived", nil)
	w := o.arrive("assigned", nil)
	n := 0
	person := func() string { n++; return fmt.Sprintf(`{"name":"Li","phone":"138%08d"}`, n) }
	ways := []struct {
		name string
		ask  func(who string) *answer
	}{
		{"search", func(who string) *answer {
			return o.do(who, "POST", "/v1/sites/s/customers/search",
				strings.Replace(person(), `"name":"Li",`, "", 1))
		}},
		{"arrival", func(who string) *answer {
			return o.do(who, "POST", "/v1/sites/s/visits",
				`{"person":`+person()+`}`)
		}},
		{"dry arrival", func(who string) *answer {
			return o.do(who, "POST", "/v1/sites/s/visits?dry_run=true", `{"person":`+person()+`}`)
		}},
		{"identify", func(who string) *answer {
			return o.do(who, "POST", "/v1/sites/s/visits/"+v+"/identify?dry_run=true",
				`{"kind":"new","person":`+person()+`}`)
		}},
		{"register", func(who string) *answer {
			return o.do(who, "POST", "/v1/sites/s/visits/"+w+"/register?dry_run=true",
				`{"serve":true,"person":`+person()+`}`)
		}},
		{"person", func(who string) *answer {
			return o.do(who, "PUT",
				"/v1/sites/s/customers/"+k+"/person", person())
		}},
		{"dry import", func(who string) *answer {
			return o.do(who, "POST", "/v1/sites/s/customers?dry_run=true",
				`{"status":"registered","person":`+person()+`}`)
		}},
	}
	for i := range searchesHourly {
		if a := ways[i%len(ways)].ask("M"); a.status >= 400 {
			t.Fatalf("%s, the look-up number %d: %d %s", ways[i%len(ways)].name, i, a.status, a.raw)
		}
	}
	for _, way := range ways {
		if a := way.ask("M"); a.status != 429 || a.header.Get("Retry-After") == "" {
			t.Errorf("%s goes beyond the limit: %d %s", way.name, a.status, a.raw)
		}
	}
	// Taking the paper book over looks up nothing but what is there already.
	o.must(201, o.do("M", "POST", "/v1/sites/s/customers",
		`{"status":"registered","person":`+person()+`}`))
	// another key
	o.must(201, o.do("desk", "POST", "/v1/sites/s/visits", `{"person":`+person()+`}`))
}

// varying is what differs between two answers whoever is in them: ids, times, numbers of commits.
var varying = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}` +
	`|"seq":\d+|"commits":\[\d+\]|"\d+"|"ahead":\d+`)

// number is what a visit is called by; it counts the arrivals, so only its letter must not vary.
var number = regexp.MustCompile(`"number":"([A-Z])\d+"`)

// told is an answer byte by byte, headers and all, but for what varies.
func told(a *answer) string {
	var b strings.Builder
	fmt.Fprintln(&b, a.status)
	for _, name := range []string{
		"ETag", "Location", "Idempotency-Replayed", "Content-Type",
		"Cache-Control", "Retry-After",
	} {
		fmt.Fprintln(&b, name, varying.ReplaceAllString(a.header.Get(name), "#"))
	}
	text := number.ReplaceAllString(a.raw, `"number":"$1#"`)
	return b.String() + varying.ReplaceAllString(text, "#")
}

// TestArrivalsTellNothing: to a kiosk and a consultant an arrival is answered with the same bytes
// whether or not the phone is known, also dry, also when they read it afterwards, its history, and
// the feed. Those who may know are told.
func TestArrivalsTellNothing(t *testing.T) {
	o := newOffice(t, setup{config: func(c *Config) { c.KioskGap, c.KioskHourly = -1, -1 }})
	k, owner := o.customer("13900000001")
	other := "A"
	if owner == "A" {
		other = "B"
	}
	feed := func(who string, a *answer) string {
		f := o.must(200, o.do(who, "GET", fmt.Sprintf("/v1/sites/s/commits?after=%d",
			o.head("s")-1), nil))
		if a.status == 201 && len(f.raw) < 100 {
			t.Errorf("%s does not see his own arrival in the feed: %s", who, f.raw)
		}
		return told(f)
	}
	for _, who := range []string{"kiosk", other, owner} {
		for _, query := range []string{"", "?dry_run=true"} {
			var known, unknown []string
			for i, phone := range []string{"13900000001", "13900000077"} {
				if phone == "13900000077" { // a new one for each
					phone = fmt.Sprintf("1370000%04d", o.head("s"))
				}
				a := o.do(who, "POST", "/v1/sites/s/visits"+query,
					fmt.Sprintf(`{"person":{"name":"Li Lei","phone":%q}}`, phone))
				list := []string{told(a)}
				if a.status == 201 {
					id := a.str("visit", "id")
					if who == "kiosk" { // which gets an Arrival
						id = a.str("visit")
					}
					path := "/v1/sites/s/visits/" + id
					list = append(list, told(o.do(who, "GET", path, nil)))
					if who != "kiosk" {
						list = append(list, told(o.do(who, "GET", path+"/history", nil)),
							feed(who, a))
					}
				}
				if strings.Contains(strings.Join(list, ""), k) ||
					strings.Contains(strings.Join(list, ""), `"customer"`) ||
					strings.Contains(strings.Join(list, ""), "first_visit") {
					t.Errorf("%s learns who it is: %v", who, list)
				}
				if i == 0 {
					known = list
				} else {
					unknown = list
				}
			}
			if d := cmp.Diff(known, unknown); d != "" {
				t.Errorf("%s%s can tell (-known +unknown):\n%s", who, query, d)
			}
		}
	}
	for _, who := range []string{"desk", "L", "S", "M"} {
		for phone, want := range map[string]bool{"13900000001": true, "13600000001": false} {
			for _, query := range []string{"?dry_run=true", ""} {
				a := o.do(who, "POST", "/v1/sites/s/visits"+query,
					fmt.Sprintf(`{"person":{"phone":%q}}`,
						phone[:10]+fmt.Sprint(slices.Index([]string{"desk", "L", "S", "M"}, who))))
				if phone == "13900000001" {
					a = o.do(who, "POST", "/v1/sites/s/visits"+query,
						fmt.Sprintf(`{"person":{"phone":%q}}`, phone))
				}
				if a.at("known") != want {
					t.Errorf("%s is told %v of %s, want %t", who, a.at("known"), phone, want)
				}
			}
		}
	}
	if a := o.must(201, o.do("desk", "POST", "/v1/sites/s/visits", nil)); a.at("known") != nil {
		t.Errorf("known without a phone: %s", a.raw)
	}
	v := o.arrive("arrived", nil)
	if a := o.must(200, o.do("desk", "POST", "/v1/sites/s/visits/"+v+"/identify",
		`{"kind":"returning","person":{"phone":"13511111111"}}`)); a.at("known") != false {
		t.Errorf("a returning phone that nobody knows: %s", a.raw)
	}
}

// TestFormsOfColleagues: a consultant's form writes nothing to a colleague's customer, however it
// names him.
func TestFormsOfColleagues(t *testing.T) {
	o := newOffice(t, setup{})
	// of whom nothing is known
	k := o.must(201, o.do("M", "POST", "/v1/sites/s/customers",
		`{"status":"registered","owner":"D"}`)).str("customer", "id")
	// A's
	v := o.arrive("assigned", nil)
	body := fmt.Sprintf(`{"serve":true,"matches":%q,`+
		`"person":{"name":"Mallory","phone":"13911111111","consent":true}}`, k)
	o.must(200, o.do("A", "POST", "/v1/sites/s/visits/"+v+"/register", body))
	if got := o.personText(k); got != "" {
		t.Errorf("A wrote %s into D's customer", got)
	}
	w := o.arrive("assigned", nil)
	o.must(200, o.do("desk", "POST", "/v1/sites/s/visits/"+w+"/register", body))
	if got := o.personText(k); got != "Mallory 13911111111" {
		t.Errorf("the front desk's form: %q", got)
	}
}

// TestMessageKeptForHim: a consultant reads the message that waits for him (policy 1, art. 40), and
// nobody else's.
func TestMessageKeptForHim(t *testing.T) {
	o := newOffice(t, setup{})
	o.must(201, o.do("desk", "POST", "/v1/sites/s/calls",
		`{"for":"A","callback":"Mr Wu, 13900000001"}`))
	note := o.must(200, o.do("A", "GET", "/v1/sites/s/messages", nil)).str("messages", 0, "note")
	path := "/v1/sites/s/notes/" + note + "?reason=message"
	if text := o.must(200, o.do("A", "GET", path, nil)).str("note",
		"text"); text != "Mr Wu, 13900000001" {
		t.Errorf("A reads %q", text)
	}
	for _, who := range []string{"B", "L"} {
		if a := o.do(who, "GET", path, nil); a.status != 403 ||
			strings.Contains(a.raw, "13900000001") {
			t.Errorf("%s: %d %s", who, a.status, a.raw)
		}
	}
}

// TestLabelsHoldNoPhone: what an office makes up itself holds no phone, whichever request brings
// it.
func TestLabelsHoldNoPhone(t *testing.T) {
	o := newOffice(t, setup{})
	k, _ := o.customer("13900000001")
	for _, tt := range [][4]string{
		{"M", "POST", "/v1/sites/s/keys", `{"role":"kiosk","label":"Lao Wang 139 0000 0001"}`},
		{"M", "POST", "/v1/sites/s/staff", `{"id":"13900000001","role":"consultant"}`},
		{"M", "POST", "/v1/sites/s/staff", `{"id":"x","role":"consultant","team":"139-0000-0001"}`},
		{
			"desk", "POST", "/v1/sites/s/customers/" + k + "/deals",
			`{"status":"deposit","unit":"13900000001"}`,
		},
		{"desk", "POST", "/v1/sites/s/visits", `{"channel":"call_1390_0000_001"}`},
	} {
		head := o.head("s")
		a := o.do(tt[0], tt[1], tt[2], tt[3])
		if a.status != 400 || a.str("fix") == "" || strings.Contains(a.raw, "0000001") ||
			o.head("s") != head {
			t.Errorf("%s %s: %d %s", tt[2], tt[3], a.status, a.raw)
		}
	}
	o.must(201, o.do("M", "POST", "/v1/sites/s/keys", `{"role":"kiosk","label":"door 2"}`))
	// A site's id is often made up by a program, and is nobody's phone.
	o.must(201, o.do("admin", "POST", "/v1/sites", `{"id":"01a22410-1234-7567-8901-e34156789012"}`))
	o.must(200, o.do("desk", "POST", "/v1/sites/s/customers/"+k+"/deals",
		`{"status":"deposit","unit":"12#1-1502"}`))
}

// BenchmarkArrivalPairs measures arrivals of a consultant with known and unknown phones in turn,
// 1,000 pairs an iteration: by the time that they take the two must not be told apart. `off-%` is
// how far the medians lie apart.
func BenchmarkArrivalPairs(b *testing.B) {
	o := newOffice(b, setup{config: func(c *Config) { c.KeyRate = -1 }})
	o.api.search = newLimiter(0, -1)
	const pairs = 1000
	for i := range pairs {
		_, err := o.engine.Do(b.Context(), "s", repo.Request{
			ID: fmt.Sprint("k", i), By: workflow.Actor{Role: workflow.RoleManager, Staff: "M"},
			Command: &workflow.ImportCustomer{
				Customer: workflow.CustomerID(fmt.Sprint("k", i)),
				Status:   workflow.StatusRegistered, Owner: "B",
			},
		})
		o.ok(err)
		o.ok(o.vault.SavePerson(b.Context(), "s", workflow.CustomerID(fmt.Sprint("k", i)), "",
			vault.Person{Name: "Li Lei", Phone: fmt.Sprintf("139%08d", i)}))
	}
	once := func(phone string) time.Duration {
		body := fmt.Sprintf(`{"person":{"name":"Li Lei","phone":%q}}`, phone)
		start := time.Now()
		o.must(201, o.do("A", "POST", "/v1/sites/s/visits", body))
		return time.Since(start)
	}
	n := 0
	for b.Loop() {
		var known, unknown []time.Duration
		for i := range pairs {
			n++
			if i%2 == 0 {
				known = append(known, once(fmt.Sprintf("139%08d", i)))
				unknown = append(unknown, once(fmt.Sprintf("138%08d", n)))
			} else {
				unknown = append(unknown, once(fmt.Sprintf("138%08d", n)))
				known = append(known, once(fmt.Sprintf("139%08d", i)))
			}
		}
		slices.Sort(known)
		slices.Sort(unknown)
		k, u := known[pairs/2], unknown[pairs/2]
		b.ReportMetric(float64(k.Microseconds()), "known-us")
		b.ReportMetric(float64(u.Microseconds()), "unknown-us")
		b.ReportMetric(100*float64(k-u)/float64(u), "off-%")
	}
}
