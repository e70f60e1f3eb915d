package api

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/vault"
	"github.com/lunpai/lunpai/workflow"
)

// cookieOf is the cookie that an answer sets, as a browser sends it.
func cookieOf(t testing.TB, a *answer) string {
	t.Helper()
	set := (&http.Response{Header: a.header}).Cookies()
	if len(set) != 1 {
		t.Fatalf("%d cookies are set: %s", len(set), a.raw)
	}
	return set[0].Name + "=" + set[0].Value
}

// signIn signs a browser in with somebody's key.
func (o *office) signIn(who string) (cookie string) {
	o.Helper()
	return cookieOf(o, o.must(200, o.do("", "POST", "/v1/session",
		map[string]string{"key": o.tokens[who]})))
}

// with sends a request of a browser.
func (o *office) with(cookie, method, path string, body any, headers ...string) *answer {
	o.Helper()
	return o.do("", method, path, body, append(headers, "Cookie", cookie)...)
}

// pair pairs a device and returns its cookie and its key.
func (o *office) pair(body string) (cookie, key string) {
	o.Helper()
	p := o.must(201, o.do("M", "POST", "/v1/sites/s/pairings", body))
	a := o.must(200, o.do("", "POST", "/v1/pairings/redeem",
		map[string]string{"code": p.str("code")}))
	if a.str("key") != p.str("key", "id") {
		o.Errorf("the code of %s signs in %s", p.raw, a.raw)
	}
	return cookieOf(o, a), a.str("key")
}

// TestSession: a cookie acts like the key that it was got with, and its attributes keep it from
// scripts and from other sites.
func TestSession(t *testing.T) {
	onBothStores(t, func(t *testing.T, s setup) {
		o := newOffice(t, s)
		a := o.must(200, o.do("", "POST", "/v1/session", map[string]string{"key": o.tokens["A"]}))
		set := a.header.Get("Set-Cookie")
		for _, part := range []string{
			"lunpai=", "; Path=/", "; HttpOnly", "; SameSite=Strict", "; Max-Age=2592000",
		} {
			if !strings.Contains(set, part) {
				t.Errorf("the cookie %s lacks %q", set, part)
			}
		}
		if strings.Contains(set, "Secure") || strings.Contains(a.raw, o.tokens["A"]) {
			t.Errorf("%s %s", set, a.raw)
		}
		cookie := cookieOf(t, a)
		who := o.must(200, o.with(cookie, "GET", "/v1/session", nil))
		if who.str("staff") != "A" || who.str("role") != "consultant" || who.str("site") != "s" ||
			who.str("key") != o.keyIDs["A"] || !strings.Contains(who.raw, `"busy"`) ||
			strings.Contains(who.raw, `"assign_visit"`) {
			t.Errorf("%s", who.raw)
		}
		o.must(200, o.with(cookie, "GET", "/v1/sites/s/rota", nil))
		o.must(404, o.with(cookie, "GET", "/v1/sites/z/rota", nil))
		o.must(403, o.with(cookie, "GET", "/v1/sites/s/keys", nil))
		o.must(204, o.with(cookie, "DELETE", "/v1/session", nil))
		o.must(401, o.with(cookie, "GET", "/v1/session", nil))
		o.must(200, o.do("A", "GET", "/v1/session", nil)) // the key itself works on
		if a := o.must(400, o.do("A", "DELETE", "/v1/session",
			nil)); a.str("code") != "no_session" {
			t.Error(a.raw)
		}
		if admin := o.must(200, o.with(o.signIn("admin"), "GET", "/v1/session",
			nil)); admin.at("site") != nil || admin.str("role") != "administrator" {
			t.Error(admin.raw)
		}
		for _, bad := range []string{"lunpai=", "lunpai=x", "lunpai=" + strings.Repeat("A", 43)} {
			o.must(401, o.with(bad, "GET", "/v1/session", nil))
		}
		o.must(401, o.do("", "POST", "/v1/session", `{"key":"lp_made_up"}`))
	})
}

// TestCookieUnderTLS: where TLS ends at a proxy, the cookie is bound to it, and one that somebody
// on the way set without TLS counts for nothing.
func TestCookieUnderTLS(t *testing.T) {
	o := newOffice(t, setup{})
	key := map[string]string{"key": o.tokens["A"]}
	for name, header := range map[string][]string{
		"the proxy says so":   {"X-Forwarded-Proto", "https"},
		"the browser says so": {"Origin", "https://example.com"},
	} {
		a := o.must(200, o.do("", "POST", "/v1/session", key, header...))
		set := a.header.Get("Set-Cookie")
		if !strings.HasPrefix(set, "__Host-lunpai=") || !strings.Contains(set, "; Secure") {
			t.Errorf("%s: %s", name, set)
		}
		o.must(200, o.with(cookieOf(t, a), "GET", "/v1/session", nil))
	}
	plain := o.signIn("A")
	o.must(401, o.with(plain, "GET", "/v1/session", nil, "X-Forwarded-Proto", "https"))
	if a := o.must(400, o.with(plain+"; lunpai=other", "GET", "/v1/session",
		nil)); a.str("code") != "two_credentials" {
		t.Error(a.raw)
	}
}

// TestTwoCredentials: a key and a cookie at once may be two people, and are refused.
func TestTwoCredentials(t *testing.T) {
	o := newOffice(t, setup{})
	cookie := o.signIn("A")
	a := o.must(400, o.do("desk", "POST", "/v1/sites/s/visits", nil, "Cookie", cookie))
	if a.str("code") != "two_credentials" || a.str("fix") == "" {
		t.Error(a.raw)
	}
	// a proxy's own credential is none of ours
	o.must(200, o.with(cookie, "GET", "/v1/session", nil, "Authorization", "Basic eDp5"))
}

// TestForeignOrigin: a page of another site gets nothing done, whatever the browser sends along.
func TestForeignOrigin(t *testing.T) {
	o := newOffice(t, setup{})
	cookie, head := o.signIn("desk"), o.head("s")
	for _, h := range [][]string{
		{"Origin", "https://evil.example"},
		{"Origin", "http://example.com.evil.example"},
		{"Origin", "null"},
		{"Sec-Fetch-Site", "cross-site"},
		{"Sec-Fetch-Site", "same-site"},
	} {
		for _, path := range []string{
			"/v1/sites/s/visits", "/v1/session", "/v1/pairings/redeem", "/nowhere",
		} {
			a := o.with(cookie, "POST", path, `{}`, h...)
			if a.status != 403 || a.str("code") != "cross_origin" ||
				a.header.Get("Set-Cookie") != "" {
				t.Errorf("%v POST %s: %d %s", h, path, a.status, a.raw)
			}
		}
		o.must(403, o.with(cookie, "DELETE", "/v1/session", nil, h...))
	}
	if o.head("s") != head {
		t.Error("something was done")
	}
	for _, h := range [][]string{
		{"Origin", "http://example.com"},
		{"Sec-Fetch-Site", "same-origin"},
		{"Sec-Fetch-Site", "none"},
	} {
		o.must(201, o.with(cookie, "POST", "/v1/sites/s/visits", nil, h...))
	}
}

// TestSessionsEnd: by the engine's clock, with the key, with its secret, and when nobody uses them.
func TestSessionsEnd(t *testing.T) {
	onBothStores(t, func(t *testing.T, s setup) {
		machine := &skewed{}
		s.machine = machine.now
		o := newOffice(t, s)
		start := o.clock.Now()
		at := func(d time.Duration) { o.clock.Set(start.Add(d)); machine.later() }
		check := func(what, cookie string, want int) {
			t.Helper()
			a := o.with(cookie, "GET", "/v1/session", nil)
			if a.status != want {
				t.Errorf("%s: %d, want %d: %s", what, a.status, want, a.raw)
			}
			if renewed := a.header.Get("Set-Cookie"); renewed != "" &&
				!strings.HasPrefix(renewed, cookie+";") {
				t.Errorf("%s: %s", what, renewed)
			}
		}
		manager, desk, phone := o.signIn("M"), o.signIn("desk"), o.signIn("A")
		kiosk, _ := o.pair(`{"device":"kiosk"}`)
		at(8*time.Hour - time.Second)
		check("a manager's day", manager, 200)
		at(8 * time.Hour)
		check("a manager's day is over", manager, 401)
		at(12*time.Hour - time.Second)
		check("a day at the desk", desk, 200)
		at(12 * time.Hour)
		check("a day at the desk is over", desk, 401)
		day := 24 * time.Hour
		for d := 29 * day; d < 100*day; d += 29 * day {
			at(d)
			check("a phone in use", phone, 200)
		}
		at(87*day + 30*day)
		check("a phone that nobody used for 30 days", phone, 401)
		at(364 * day)
		check("a kiosk", kiosk, 200)
		at(364*day + 364*day)
		check("a kiosk that is in use", kiosk, 200)
		n, err := o.api.sessions.Sweep(t.Context())
		o.ok(err)
		docs, err := o.store.SidesOfAllSites(t.Context(), repo.Sessions, time.Time{})
		o.ok(err)
		if n != 3 || len(docs) != 1 {
			t.Errorf("%d were swept, %d are left", n, len(docs))
		}

		again := o.signIn("desk")
		rotate := "/v1/sites/s/keys/" + o.keyIDs["desk"] + "/rotate"
		o.must(200, o.do("admin", "POST", rotate, `{"overlap_s":60}`))
		check("the secret is old, but still works", again, 200)
		o.clock.Set(o.clock.Now().Add(time.Minute))
		check("the secret is over", again, 401)
		last := o.signIn("B")
		o.must(200, o.do("admin", "DELETE", "/v1/sites/s/keys/"+o.keyIDs["B"], nil))
		check("the key is revoked", last, 401)
		last = o.signIn("C")
		o.must(200, o.do("admin", "PATCH", "/v1/sites/s/staff/C", `{"active":false}`))
		machine.later()
		check("he has left", last, 401)
	})
}

// TestStreamsOfSessions: a stream takes the cookie, and ends with the session: signed out, expired,
// or its device revoked.
func TestStreamsOfSessions(t *testing.T) {
	machine := &skewed{}
	o := newOffice(t, setup{machine: machine.now})
	o.api.tick = 10 * time.Millisecond
	base := o.listen()
	desk, key := o.pair(`{"device":"desk"}`)
	out, late := o.signIn("A"), o.signIn("M")
	var streams []<-chan event
	for _, cookie := range []string{desk, out, late} {
		events, stop := o.streamOf(base, cookie)
		defer stop()
		streams = append(streams, events)
	}
	o.must(200, o.do("admin", "DELETE", "/v1/sites/s/keys/"+key, nil))
	o.ended(streams[0], "pair_device", "revoke_key")
	o.must(401, o.with(desk, "GET", "/v1/session", nil))
	o.must(204, o.with(out, "DELETE", "/v1/session", nil))
	o.ended(streams[1])
	o.clock.Set(o.clock.Now().Add(8 * time.Hour))
	o.ended(streams[2], "pair_device", "revoke_key")
}

// TestSentAgainAfterSigningIn: a command is named after the key, not after the session: sent again
// after signing out and in again it is the same command.
func TestSentAgainAfterSigningIn(t *testing.T) {
	onBothStores(t, func(t *testing.T, s setup) {
		o := newOffice(t, s)
		send := func(cookie string) *answer {
			return o.must(201, o.with(cookie, "POST", "/v1/sites/s/visits", `{"party":2}`,
				"Idempotency-Key", "one-family"))
		}
		cookie := o.signIn("desk")
		first := send(cookie)
		head := o.head("s")
		o.must(204, o.with(cookie, "DELETE", "/v1/session", nil))
		other := o.signIn("desk")
		again := send(other)
		if cookie == other || again.str("visit", "id") != first.str("visit", "id") ||
			again.header.Get("Idempotency-Replayed") != "true" || o.head("s") != head {
			t.Errorf("%s, then %s", first.raw, again.raw)
		}
		bearer := o.must(201, o.do("desk", "POST", "/v1/sites/s/visits", `{"party":2}`,
			"Idempotency-Key", "one-family"))
		if bearer.str("visit", "id") != first.str("visit", "id") {
			t.Errorf("with the key itself: %s", bearer.raw)
		}
	})
}

// TestMeantForAnother: what somebody left unsent on a shared browser is not sent as another's.
func TestMeantForAnother(t *testing.T) {
	o := newOffice(t, setup{})
	cookie := o.signIn("A")
	send := func(who string, headers ...string) *answer {
		return o.with(cookie, "POST", "/v1/sites/s/staff/A/busy", `{"with":"chores"}`,
			"Lunpai-Staff", who)
	}
	if a := o.must(409, send("B")); a.str("code") != "other_person" {
		t.Error(a.raw)
	}
	for _, bad := range []string{"", "a b", strings.Repeat("x", 65)} {
		if a := o.must(400, send(bad)); a.str("code") != "bad_staff_header" {
			t.Error(a.raw)
		}
	}
	o.must(409, send("%E7%8E%8B"))
	o.must(200, send("%41"))
}

// TestPairing: a manager pairs what he likes, a supervisor what hangs in the hall; the code works
// once and for five minutes, and the device is listed with what it is for.
func TestPairing(t *testing.T) {
	onBothStores(t, func(t *testing.T, s setup) {
		o := newOffice(t, s)
		p := o.must(201, o.do("S", "POST", "/v1/sites/s/pairings",
			`{"device":"board","label":"hall, left"}`, "Idempotency-Key", "wall"))
		code := p.str("code")
		if p.str("url") != "http://example.com/app/pair#"+code || len(code) != 9 || code[4] != '-' ||
			!strings.HasPrefix(p.str("qr"), "<svg ") || p.str("key", "role") != "board" ||
			p.str("key", "device") != "board" || p.str("key", "label") != "hall, left" {
			t.Errorf("%s", p.raw)
		}
		again := o.must(201, o.do("S", "POST", "/v1/sites/s/pairings",
			`{"device":"board","label":"hall, left"}`, "Idempotency-Key", "wall"))
		if again.str("key", "id") != p.str("key", "id") || again.str("code") == code {
			t.Errorf("sent again: %s", again.raw)
		}
		redeem := func(status int, code string) *answer {
			t.Helper()
			return o.must(status, o.do("", "POST", "/v1/pairings/redeem",
				map[string]string{"code": code}))
		}
		if a := redeem(403, code); a.str("code") != "no_pairing" {
			t.Errorf("a code that was replaced: %s", a.raw)
		}
		typed := strings.ToLower(strings.ReplaceAll(again.str("code"), "-", " "))
		typed = strings.NewReplacer("1", "l", "0", "o").Replace(typed)
		wall := cookieOf(t, redeem(200, typed))
		redeem(403, again.str("code"))
		o.must(200, o.with(wall, "GET", "/v1/session", nil))
		o.must(403, o.with(wall, "GET", "/v1/sites/s/rota", nil))
		used := o.must(201, o.do("S", "POST", "/v1/sites/s/pairings",
			`{"device":"board","label":"hall, left"}`, "Idempotency-Key", "wall"))
		if used.at("code") != nil || used.str("fix") == "" {
			t.Errorf("of a device in use: %s", used.raw)
		}
		list := o.must(200, o.do("M", "GET", "/v1/sites/s/keys", nil))
		if !strings.Contains(list.raw, `"device":"board","label":"hall, left"`) {
			t.Errorf("%s", list.raw)
		}
		o.must(200, o.do("S", "DELETE", "/v1/sites/s/keys/"+p.str("key", "id"), nil))
		o.must(401, o.with(wall, "GET", "/v1/session", nil))

		late := o.must(201, o.do("M", "POST", "/v1/sites/s/pairings", `{"device":"desk"}`))
		revoked := o.must(201, o.do("M", "POST", "/v1/sites/s/pairings", `{"device":"desk"}`))
		o.must(200, o.do("M", "DELETE", "/v1/sites/s/keys/"+revoked.str("key", "id"), nil))
		redeem(403, revoked.str("code"))
		o.clock.Set(o.clock.Now().Add(vault.PairWithin))
		redeem(403, late.str("code"))
		redeem(403, "not a code")
		phone, _ := o.pair(`{"device":"phone","staff":"A"}`)
		if a := o.must(200, o.with(phone, "GET", "/v1/session", nil)); a.str("staff") != "A" ||
			a.str("role") != "consultant" {
			t.Error(a.raw)
		}
		for who, body := range map[string]string{
			"S": `{"device":"desk"}`, "desk": `{"device":"kiosk"}`, "A": `{"device":"kiosk"}`,
		} {
			o.must(403, o.do(who, "POST", "/v1/sites/s/pairings", body))
		}
		o.must(400, o.do("M", "POST", "/v1/sites/s/pairings",
			`{"device":"kiosk","label":"13800138000"}`))
		o.clock.Set(o.clock.Now().Add(vault.PairWithin + time.Second))
		n, err := o.api.sessions.Sweep(t.Context())
		o.ok(err)
		docs, err := o.store.SidesOfAllSites(t.Context(), repo.Pairings, time.Time{})
		o.ok(err)
		if n == 0 || len(docs) != 0 {
			t.Errorf("%d codes were swept, %d are left", n, len(docs))
		}
	})
}

// TestRedeemedTwice: of two instances that are given one code at the same time, one lets the device
// in.
func TestRedeemedTwice(t *testing.T) {
	onBothStores(t, func(t *testing.T, s setup) {
		o := newOffice(t, s)
		engine := repo.NewEngine(repo.Config{Store: o.store, Now: o.clock.Now})
		t.Cleanup(func() { o.ok(engine.Drain(context.WithoutCancel(t.Context()))) })
		second := vault.NewSessions(vault.NewKeys(engine, o.store, nil), o.vault)
		for round := range 5 {
			p := o.must(201, o.do("M", "POST", "/v1/sites/s/pairings", `{"device":"kiosk"}`))
			var wg sync.WaitGroup
			errs := make([]error, 8)
			for i := range errs {
				on := []*vault.Sessions{o.api.sessions, second}[i%2]
				wg.Go(func() { _, _, errs[i] = on.Redeem(t.Context(), p.str("code")) })
			}
			wg.Wait()
			in := 0
			for _, err := range errs {
				if err == nil {
					in++
				}
			}
			docs, err := o.store.SidesOfAllSites(t.Context(), repo.Sessions, time.Time{})
			o.ok(err)
			if in != 1 || len(docs) != round+1 {
				t.Errorf("%d devices were let in, %d sessions are stored: %v", in, len(docs), errs)
			}
		}
	})
}

// TestGuessedCodes: an address that sends wrong codes has to wait.
func TestGuessedCodes(t *testing.T) {
	o := newOffice(t, setup{})
	for i := range codesHourly {
		o.must(403, o.do("", "POST", "/v1/pairings/redeem",
			fmt.Sprintf(`{"code":"AAAA-%04d"}`, i)))
	}
	a := o.must(429, o.do("", "POST", "/v1/pairings/redeem", `{"code":"AAAA-AAAA"}`))
	if a.header.Get("Retry-After") == "" || a.str("code") != "too_many" {
		t.Errorf("%v %s", a.header, a.raw)
	}
}

// TestGuessedKeys: an address that signs in with wrong keys has to wait; a right one gets in.
func TestGuessedKeys(t *testing.T) {
	o := newOffice(t, setup{})
	o.api.failures = newBuckets(failuresAMinute/60.0, failuresAMinute, maxBuckets)
	statuses := map[int]int{}
	for range failuresAMinute + 5 {
		statuses[o.do("", "POST", "/v1/session", `{"key":"lp_made_up"}`).status]++
	}
	if statuses[401] < failuresAMinute || statuses[429] < 4 {
		t.Errorf("%v", statuses)
	}
	o.signIn("A")
}

// TestSecretsOfSessions: neither the bytes of a session nor a code stand in the journal, the log or
// the store.
func TestSecretsOfSessions(t *testing.T) {
	o := newOffice(t, setup{})
	p := o.must(201, o.do("M", "POST", "/v1/sites/s/pairings", `{"device":"desk"}`))
	a := o.must(200, o.do("", "POST", "/v1/pairings/redeem",
		map[string]string{"code": p.str("code")}))
	cookie := cookieOf(t, a)
	o.must(201, o.with(cookie, "POST", "/v1/sites/s/visits", nil))
	open := o.must(201, o.do("M", "POST", "/v1/sites/s/pairings", `{"device":"kiosk"}`))
	_, bytes, _ := strings.Cut(cookie, "=")
	secrets := []string{bytes}
	for _, code := range []string{p.str("code"), open.str("code")} {
		secrets = append(secrets, code, strings.ReplaceAll(code, "-", ""))
	}
	o.nowhere(secrets...)
}

// nowhere checks that texts stand neither in the journal, nor in the log, nor in what is stored.
func (o *office) nowhere(secrets ...string) {
	o.Helper()
	look := func(where, text string) {
		o.Helper()
		for _, s := range secrets {
			if strings.Contains(text, s) {
				o.Errorf("%s says %q", where, s)
			}
		}
	}
	look("the log", o.log.String())
	pages, err := o.store.Since(o.Context(), workflow.SiteID("s"), 1, 10_000)
	o.ok(err)
	for _, p := range pages {
		look("the journal", string(p.Body))
	}
	for _, c := range repo.SideCollections {
		docs, err := o.store.SidesOfAllSites(o.Context(), c, time.Time{})
		o.ok(err)
		for _, d := range docs {
			look("side "+string(c), d.ID+d.Lookup+d.Command+string(d.Body))
		}
	}
}
