package api

import (
	"context"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/vault"
	"github.com/lunpai/lunpai/workflow"
)

const pinA, pinL, pinS = "274183", "918273", "605142"

// pinOffice is an office in which A, L and S have chosen a PIN, with a paired desk.
func pinOffice(t *testing.T, s setup, desk string) (o *office, device, key string) {
	t.Helper()
	o = newOffice(t, s)
	for who, pin := range map[string]string{"A": pinA, "L": pinL, "S": pinS} {
		o.must(200, o.do(who, "PUT", "/v1/sites/s/staff/"+who+"/pin",
			map[string]string{"pin": pin}))
	}
	device, key = o.pair(desk)
	return o, device, key
}

// sits signs somebody in on the desk's device and returns the new cookie.
func (o *office) sits(device, who, pin string) string {
	o.Helper()
	return cookieOf(o, o.must(200, o.with(device, "POST", "/v1/session/switch",
		map[string]string{"staff": who, "pin": pin})))
}

func (o *office) who(cookie string) (role, staff string, locked bool) {
	o.Helper()
	a := o.must(200, o.with(cookie, "GET", "/v1/session", nil))
	locked, _ = a.at("locked").(bool)
	return a.str("role"), a.str("staff"), locked
}

// TestPersonAtTheDesk: the device's key acts in the person's name and role, up to the cap; a lock
// leaves what a wall may do, and the next one goes on under the same key.
func TestPersonAtTheDesk(t *testing.T) {
	onBothStores(t, func(t *testing.T, s setup) {
		o, device, key := pinOffice(t, s, `{"device":"desk","cap":"shift_leader"}`)
		check := func(cookie, role, staff string, locked bool) {
			t.Helper()
			if r, s, l := o.who(cookie); r != role || s != staff || l != locked {
				t.Errorf("%s %s %t, want %s %s %t", r, s, l, role, staff, locked)
			}
		}
		check(device, "front_desk", "", false) // nobody signs in here yet
		supervisor := o.sits(device, "S", pinS)
		check(supervisor, "shift_leader", "S", false)
		check(device, "board", "", true) // a copy of the old cookie is nobody
		if a := o.must(403, o.with(device, "POST", "/v1/sites/s/visits", nil)); a.str("code") !=
			"locked" {
			t.Error(a.raw)
		}
		v := o.must(201, o.with(supervisor, "POST", "/v1/sites/s/visits", nil)).str("visit", "id")
		by := o.must(200, o.do("M", "GET", "/v1/sites/s/visits/"+v+"/history", nil))
		if by.str("commits", 0, "by", "staff") != "S" || by.str("commits", 0, "by", "key") != key ||
			by.str("commits", 0, "by", "role") != "shift_leader" {
			t.Errorf("%s", by.raw)
		}
		locked := o.must(200, o.with(supervisor, "POST", "/v1/session/lock", nil))
		if locked.at("locked") != true || len(locked.at("can").([]any)) != 0 {
			t.Error(locked.raw)
		}
		check(supervisor, "board", "", true)
		consultant := o.sits(supervisor, "A", pinA)
		check(consultant, "consultant", "A", false)
		o.must(403, o.with(consultant, "GET", "/v1/sites/s/keys", nil))
		o.must(204, o.with(consultant, "DELETE", "/v1/session", nil))
		check(consultant, "board", "", true) // signing out leaves no more than locking does
		again := cookieOf(t, o.must(200, o.with(consultant, "POST", "/v1/session",
			map[string]string{"site": "s", "staff": "L", "pin": pinL})))
		check(again, "shift_leader", "L", false)
		o.must(403, o.with(again, "POST", "/v1/session",
			map[string]string{"site": "z", "staff": "L", "pin": pinL}))
		o.must(200, o.do("M", "DELETE", "/v1/sites/s/keys/"+key, nil))
		o.must(401, o.with(again, "GET", "/v1/session", nil))
	})
}

// TestRetriedUnderAnother: the same command sent again runs once, whoever is signed in; its answer
// is for whoever gave it.
func TestRetriedUnderAnother(t *testing.T) {
	o, device, _ := pinOffice(t, setup{}, `{"device":"desk","cap":"supervisor"}`)
	send := func(cookie string, headers ...string) *answer {
		return o.with(cookie, "POST", "/v1/sites/s/visits", `{"party":3}`,
			append(headers, "Idempotency-Key", "given-once")...)
	}
	leader := o.sits(device, "L", pinL)
	first := o.must(201, send(leader))
	head := o.head("s")
	o.must(204, o.with(leader, "DELETE", "/v1/session", nil))
	again := o.sits(leader, "L", pinL)
	if a := o.must(201, send(again)); a.str("visit", "id") != first.str("visit", "id") ||
		a.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("%s", a.raw)
	}
	supervisor := o.sits(again, "S", pinS)
	if a := o.must(409, send(supervisor)); a.str("code") != "other_person" ||
		strings.Contains(a.raw, first.str("visit", "id")) {
		t.Errorf("%s", a.raw)
	}
	if a := o.must(409, o.with(supervisor, "POST", "/v1/sites/s/visits", nil, "Idempotency-Key",
		"never-sent", "Lunpai-Staff", "L")); a.str("code") != "other_person" {
		t.Errorf("%s", a.raw)
	}
	if o.head("s") != head {
		t.Error("it ran again")
	}
}

// TestPersonsEnd: half an hour without a request, the day's end, the job's end, by the engine's
// clock.
func TestPersonsEnd(t *testing.T) {
	machine := &skewed{}
	o, device, _ := pinOffice(t, setup{machine: machine.now},
		`{"device":"desk","cap":"supervisor"}`)
	pass := func(d time.Duration) { o.clock.Set(o.clock.Now().Add(d)); machine.later() }
	here := func(cookie string, want bool) {
		t.Helper()
		if _, _, locked := o.who(cookie); locked == want {
			t.Errorf("locked: %t", locked)
		}
	}
	leader := o.sits(device, "L", pinL)
	for range 23 {
		pass(29 * time.Minute)
		here(leader, true)
	}
	pass(29 * time.Minute)
	here(leader, true) // 11 h 36 min
	pass(25 * time.Minute)
	here(leader, false) // 12 h are over
	leader = o.sits(leader, "L", pinL)
	pass(30 * time.Minute)
	here(leader, false) // nobody used it
	supervisor := o.sits(leader, "S", pinS)
	for range 16 {
		pass(29 * time.Minute)
		here(supervisor, true)
	}
	pass(20 * time.Minute)
	here(supervisor, false) // 8 h are over
	leader = o.sits(supervisor, "L", pinL)
	o.must(200, o.do("M", "PATCH", "/v1/sites/s/staff/L", `{"active":false}`))
	machine.later()
	here(leader, false)
	if has, err := o.api.sessions.HasPIN(t.Context(), "s", "L"); has || err != nil {
		t.Errorf("the PIN of somebody who left: %t, %v", has, err)
	}
	o.must(200, o.do("M", "PATCH", "/v1/sites/s/staff/L", `{"active":true}`))
	machine.later()
	o.must(403, o.with(leader, "POST", "/v1/session/switch",
		map[string]string{"staff": "L", "pin": pinL}))
}

// TestStreamEndsAtTheLock: what a person reads ends when he locks the device.
func TestStreamEndsAtTheLock(t *testing.T) {
	o, device, _ := pinOffice(t, setup{}, `{"device":"desk"}`)
	o.api.tick = 10 * time.Millisecond
	leader := o.sits(device, "L", pinL)
	events, stop := o.streamOf(o.listen(), leader)
	defer stop()
	o.must(200, o.with(leader, "POST", "/v1/session/lock", nil))
	end := time.After(time.Minute)
	for {
		select {
		case _, ok := <-events:
			if !ok {
				return
			}
		case <-end:
			t.Fatal("the stream does not end")
		}
	}
}

// TestPINLocks: the fifth wrong try locks a PIN, the tenth for twice as long; the right one does
// not help, and neither does a restart.
func TestPINLocks(t *testing.T) {
	onBothStores(t, func(t *testing.T, s setup) {
		o, device, _ := pinOffice(t, s, `{"device":"desk"}`)
		try := func(pin string) *answer {
			o.api.pins = newBuckets(pinsHourly/3600.0, pinsHourly, maxBuckets)
			return o.with(device, "POST", "/v1/session/switch",
				map[string]string{"staff": "A", "pin": pin})
		}
		for range 4 {
			if a := o.must(403, try("000000")); a.str("code") != "wrong_pin" {
				t.Error(a.raw)
			}
		}
		if a := o.must(429, try("000000")); a.header.Get("Retry-After") != "900" {
			t.Errorf("%v %s", a.header, a.raw)
		}
		o.must(429, try(pinA))
		// a restart: nothing is remembered but what is stored
		o.api.sessions = vault.NewSessions(vault.NewKeys(o.engine, o.store, nil), o.vault)
		o.must(429, try(pinA))
		o.clock.Set(o.clock.Now().Add(15 * time.Minute))
		for range 4 {
			o.must(403, try("111111"))
		}
		if a := o.must(429, try("111111")); a.header.Get("Retry-After") != "1800" {
			t.Errorf("%v %s", a.header, a.raw)
		}
		o.clock.Set(o.clock.Now().Add(30 * time.Minute))
		device = cookieOf(t, o.must(200, try(pinA)))
		for range 4 {
			o.must(403, try("000000"))
		}
		o.must(200, try(pinA)) // the right one ended the count
	})
}

// TestPINsAtOnce: many tries at once are no more tries than one after the other.
func TestPINsAtOnce(t *testing.T) {
	o, _, _ := pinOffice(t, setup{}, `{"device":"desk"}`)
	var wg sync.WaitGroup
	errs := make([]error, 20)
	for i := range errs {
		wg.Go(func() {
			ctx := context.WithoutCancel(t.Context())
			errs[i] = o.api.sessions.CheckPIN(ctx, "s", "A", "000000")
		})
	}
	wg.Wait()
	wrong := 0
	for _, err := range errs {
		if err == vault.ErrWrongPIN { //nolint:errorlint // exactly this one
			wrong++
		}
	}
	if wrong != 4 {
		t.Errorf("%d of 20 were worked on and wrong, want 4 and a lock: %v", wrong, errs)
	}
}

// TestGuessedPINs: one device that tries the PINs of many has to wait.
func TestGuessedPINs(t *testing.T) {
	o, device, _ := pinOffice(t, setup{}, `{"device":"desk"}`)
	statuses := map[string]int{}
	for i := range pinsHourly + 3 {
		who := []string{"nobody", "B", "C", "D", "M", "S", "L"}[i%7]
		a := o.with(device, "POST", "/v1/session/switch",
			map[string]string{"staff": who, "pin": "000000"})
		statuses[a.str("code")]++
	}
	if statuses["wrong_pin"] < pinsHourly-2 || statuses["too_many"] < 3 {
		t.Errorf("%v", statuses)
	}
	o.must(429, o.with(device, "POST", "/v1/session/switch",
		map[string]string{"staff": "A", "pin": pinA}))
}

// TestChoosingPINs: one's own with the old one, somebody else's by who stands no lower, and then
// its owner chooses another at once.
func TestChoosingPINs(t *testing.T) {
	onBothStores(t, func(t *testing.T, s setup) {
		o, device, _ := pinOffice(t, s, `{"device":"desk"}`)
		put := func(who, whose, body string, headers ...string) *answer {
			return o.do(who, "PUT", "/v1/sites/s/staff/"+whose+"/pin", body, headers...)
		}
		if a := o.must(400, put("A", "A", `{"pin":"550918"}`)); a.str("code") != "old_pin_missing" {
			t.Error(a.raw)
		}
		o.must(403, put("A", "A", `{"pin":"550918","old":"000000"}`))
		o.must(200, put("A", "A", `{"pin":"550918","old":"`+pinA+`"}`, "Idempotency-Key", "mine"))
		o.must(200, put("A", "A", `{"pin":"550918","old":"`+pinA+`"}`, "Idempotency-Key", "mine"))
		device = o.sits(device, "A", "550918")
		for _, pin := range []string{
			"111111", "123456", "987654", "12345", "abcdef", "1234567", "",
		} {
			o.must(400, put("A", "A", `{"pin":"`+pin+`","old":"550918"}`))
		}
		for _, c := range []struct {
			who, whose string
			want       int
		}{
			{"A", "B", 403},
			{"L", "A", 403},
			{"desk", "A", 403},
			{"S", "M", 403},
			{"admin", "A", 403},
			{"kiosk", "A", 403},
			{"zM", "A", 404},
			{"M", "nobody", 404},
		} {
			o.must(c.want, put(c.who, c.whose, `{"pin":"700415"}`))
		}
		given := o.must(200, put("S", "A", `{"pin":"700415"}`))
		if given.at("must_change") != true || given.str("facts", 0, "kind") != "pin.given" {
			t.Error(given.raw)
		}
		// an old answer asked for again brings no old PIN back
		o.must(200, put("A", "A", `{"pin":"550918","old":"`+pinA+`"}`, "Idempotency-Key", "mine"))
		sit := func(status int, body string) *answer {
			return o.must(status, o.with(device, "POST", "/v1/session/switch", body))
		}
		sit(403, `{"staff":"A","pin":"550918"}`)
		if a := sit(409, `{"staff":"A","pin":"700415"}`); a.str("code") != "pin_must_change" {
			t.Error(a.raw)
		}
		sit(400, `{"staff":"A","pin":"700415","new_pin":"444444"}`)
		device = cookieOf(t, sit(200, `{"staff":"A","pin":"700415","new_pin":"816025"}`))
		o.sits(device, "A", "816025")
		// nor does the journal hold what a body with a PIN hashes to: six digits are soon tried
		hashed := o.vault.Fingerprint([]byte("PUT"), []byte("/v1/sites/s/staff/A/pin"),
			[]byte(`{"pin":"700415"}`))
		o.nowhere(pinA, "550918", "700415", "816025", "444444", hashed)
	})
}

// TestPINsNeedTLS: without TLS a PIN is refused, except on this machine, and unless the office
// accepts the risk.
func TestPINsNeedTLS(t *testing.T) {
	o := newOffice(t, setup{config: func(c *Config) { c.PINsWithoutTLS = false }})
	put := func(headers ...string) *answer {
		return o.do("A", "PUT", "/v1/sites/s/staff/A/pin?dry_run=true", `{"pin":"274183"}`,
			headers...)
	}
	if a := o.must(403, put()); a.str("code") != "pin_without_tls" {
		t.Error(a.raw)
	}
	o.must(200, put("X-Forwarded-Proto", "https"))
	device, _ := o.pair(`{"device":"desk"}`)
	if a := o.must(403, o.with(device, "POST", "/v1/session/switch",
		`{"staff":"A","pin":"274183"}`)); a.str("code") != "pin_without_tls" {
		t.Error(a.raw)
	}
	for from, want := range map[string]bool{
		"127.0.0.1:5 localhost:8080": true,
		"127.0.0.1:5 127.0.0.1":      true,
		"[::1]:5 [::1]:8080":         true,
		"127.0.0.1:5 office.lan":     false,
		"10.0.0.7:5 localhost":       false,
	} {
		addr, host, _ := strings.Cut(from, " ")
		r := httptest.NewRequest("PUT", "/", nil)
		r.RemoteAddr, r.Host = addr, host
		c := &call{Context: o.api.echo.NewContext(r, nil), api: o.api}
		if got := c.keepsPINs() == nil; got != want {
			t.Errorf("%s: %t", from, got)
		}
	}
}

// TestSweptPINs: the PIN of somebody who left is erased by the sweep too.
func TestSweptPINs(t *testing.T) {
	o, _, _ := pinOffice(t, setup{}, `{"device":"desk"}`)
	_, err := o.engine.Do(t.Context(), "s", repo.Request{
		ID: "leaves", By: workflow.Actor{Key: "x", Role: workflow.RoleManager, Staff: "M"},
		Command: &workflow.ChangeStaff{Staff: "A", Active: new(bool)},
	})
	o.ok(err)
	_, err = o.api.sessions.Sweep(t.Context())
	o.ok(err)
	for who, want := range map[workflow.StaffID]bool{"A": false, "L": true} {
		if has, err := o.api.sessions.HasPIN(t.Context(), "s", who); has != want || err != nil {
			t.Errorf("%s has a PIN: %t, %v", who, has, err)
		}
	}
}
