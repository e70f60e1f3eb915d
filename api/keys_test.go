package api

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/vault"
)

const sitesKeys = "/v1/sites/s/keys"

// works checks that a token is good for reading its site.
func (o *office) works(token string, want bool) {
	o.Helper()
	o.tokens["tried"] = token
	status := map[bool]int{true: 200, false: 401}[want]
	if a := o.do("tried", "GET", "/v1/sites/s", nil); a.status != status {
		o.Errorf("a token gets %d, want %d: %s", a.status, status, a.raw)
	}
}

// TestReplayedKey: the same request makes one key; it gets a new token while nobody has used the
// first one.
func TestReplayedKey(t *testing.T) {
	o := newOffice(t, setup{})
	body := map[string]any{"role": "front_desk", "label": "second desk"}
	post := func(key string, body any) *answer {
		return o.do("M", "POST", sitesKeys, body,
			"Idempotency-Key", key)
	}
	first := o.must(201, post("one", body))
	second := o.must(201, post("one", body))
	if first.str("key", "id") != second.str("key", "id") ||
		second.header.Get("Idempotency-Replayed") != "true" ||
		second.str("key", "label") != "second desk" {
		t.Errorf("%s, then %s", first.raw, second.raw)
	}
	o.works(first.str("key", "token"), false)
	o.works(second.str("key", "token"), true)
	if a := o.must(201, post("one", body)); a.at("key", "token") != nil ||
		!strings.Contains(a.str("fix"), "rotate") {
		t.Errorf("of a key that is used: %s", a.raw)
	}
	o.works(second.str("key", "token"), true)
	if a := o.do("M", "POST", sitesKeys, map[string]any{"role": "kiosk"}, "Idempotency-Key",
		"one"); a.status != 422 {
		t.Errorf("other content: %d", a.status)
	}
	third := o.must(201, post("two", body))
	o.clock.Set(o.clock.Now().Add(vault.ReissueFor))
	if a := o.must(201, post("two", body)); a.at("key", "token") != nil || a.str("fix") == "" {
		t.Errorf("after ten minutes: %s", a.raw)
	}
	o.works(third.str("key", "token"), true)
	if strings.Contains(o.must(200, o.do("M", "GET", "/v1/sites/s/commits", nil)).raw,
		"second desk") {
		t.Error("the label is in the journal")
	}
}

// TestRotatedKey: the key stays, its requests stay the same requests, and the earlier token has its
// time.
func TestRotatedKey(t *testing.T) {
	o := newOffice(t, setup{})
	made := o.must(201, o.do("M", "POST", sitesKeys, `{"role":"front_desk"}`))
	address := sitesKeys + "/" + made.str("key", "id")
	o.tokens["old"] = made.str("key", "token")
	visit := o.must(201, o.do("old", "POST", "/v1/sites/s/visits", nil, "Idempotency-Key",
		"v")).str("visit", "id")
	rotated := o.must(200, o.do("M", "POST", address+"/rotate", `{"overlap_s":60}`,
		"Idempotency-Key", "r"))
	if rotated.str("key", "id") != made.str("key", "id") ||
		rotated.str("key", "rotated_by") != o.keyIDs["M"] ||
		rotated.str("facts", 0, "kind") != "key.rotated" {
		t.Errorf("%s", rotated.raw)
	}
	o.works(o.tokens["old"], true)
	again := o.must(200, o.do("M", "POST", address+"/rotate", `{"overlap_s":60}`, "Idempotency-Key",
		"r"))
	o.works(rotated.str("key", "token"), false)
	o.tokens["new"] = again.str("key", "token")
	a := o.must(201, o.do("new", "POST", "/v1/sites/s/visits", nil, "Idempotency-Key", "v"))
	if a.str("visit", "id") != visit || a.header.Get("Idempotency-Replayed") == "" {
		t.Errorf("the same request with the new token ran again: %s", a.raw)
	}
	o.clock.Set(o.clock.Now().Add(time.Minute))
	if a := o.must(401, o.do("old", "GET", "/v1/sites/s", nil)); !strings.Contains(a.str("detail"),
		"has expired") {
		t.Errorf("%s", a.raw)
	}
	for who, want := range map[string]int{
		"S": 403, "desk": 403, "L": 403, "A": 403, "analyst": 403,
		"zM": 404,
	} {
		o.must(want, o.do(who, "POST", address+"/rotate", nil))
	}
	o.must(404, o.do("M", "POST", sitesKeys+"/none/rotate", nil))
	list := o.must(200, o.do("M", "GET", sitesKeys, nil))
	for i := range list.at("keys").([]any) {
		if list.str("keys", i, "id") == made.str("key", "id") &&
			(list.str("keys", i, "created_by") != o.keyIDs["M"] ||
				list.str("keys", i, "used_at") == "") {
			t.Errorf("%s", list.raw)
		}
	}
}

// skewed is the machine's clock, which a test can put forward.
type skewed struct{ by atomic.Int64 }

func (s *skewed) now() time.Time { return time.Now().Add(time.Duration(s.by.Load())) }

// later lets what is believed of keys run out: with the second in which a stream looks, less than 5
// s.
func (s *skewed) later() { s.by.Add(int64(4 * time.Second)) }

// TestKeyEndsWithTheJob: whoever is not in service any more, or not in that role, gets in no more,
// and his streams end.
func TestKeyEndsWithTheJob(t *testing.T) {
	machine := &skewed{}
	o := newOffice(t, setup{machine: machine.now})
	o.api.tick = 10 * time.Millisecond
	base := o.listen()
	consultant, stop := o.stream(base, "A", "1")
	defer stop()
	manager, stop2 := o.stream(base, "M", "1")
	defer stop2()
	o.must(200, o.do("admin", "PATCH", "/v1/sites/s/staff/A", `{"active":false}`))
	o.must(200, o.do("admin", "PATCH", "/v1/sites/s/staff/M", `{"role":"consultant"}`))
	machine.later()
	o.ended(consultant, "change_staff")
	o.ended(manager, "change_staff")
	if a := o.must(401, o.do("A", "GET", "/v1/sites/s/rota",
		nil)); !strings.Contains(a.str("detail"), "no longer works here") {
		t.Errorf("%s", a.raw)
	}
	head := o.head("s")
	o.must(401, o.do("M", "POST", sitesKeys, `{"role":"manager","staff":"M"}`))
	if o.head("s") != head {
		t.Error("a demoted manager has made a key")
	}
	o.must(200, o.do("admin", "PATCH", "/v1/sites/s/staff/A", `{"active":true}`))
	machine.later()
	o.must(200, o.do("A", "GET", "/v1/sites/s/rota", nil))
	o.must(200, o.do("desk", "GET", "/v1/sites/s/rota", nil)) // nobody's key
}

// killed loses whatever is written beside the journal from the moment on: the process ends between
// a commit and what follows.
type killed struct {
	repo.Store
	dead atomic.Bool
}

func (k *killed) Insert(ctx context.Context, s repo.Side) error {
	if k.dead.Load() {
		return errors.New("the process is gone")
	}
	return k.Store.Insert(ctx, s)
}

// TestKilledBeforeTheKeys: a service that ends between the commit that founds a site, or makes a
// key, and the secrets, leaves nothing that cannot be got by sending the same request again; later,
// by rotating.
func TestKilledBeforeTheKeys(t *testing.T) {
	k := &killed{}
	o := newOffice(t, setup{wrap: func(s repo.Store) repo.Store { k.Store = s; return k }})
	found := func() *answer {
		return o.do("admin", "POST", "/v1/sites",
			`{"id":"new","staff":[{"id":"M","role":"manager"}]}`, "Idempotency-Key", "found")
	}
	makeKey := func() *answer {
		return o.do("M", "POST", sitesKeys, `{"role":"kiosk"}`, "Idempotency-Key", "make")
	}
	o.must(200, o.do("M", "GET", "/v1/sites/s", nil)) // its first use is written down
	o.must(200, o.do("admin", "GET", "/v1/sites", nil))
	k.dead.Store(true)
	for _, a := range []*answer{found(), makeKey()} {
		if a.status != 503 || a.str("outcome") != "unknown" {
			t.Errorf("killed: %d %s", a.status, a.raw)
		}
	}
	k.dead.Store(false)
	a := o.must(201, found())
	for i, role := range []string{"manager", "front_desk"} {
		o.tokens["new"] = a.str("keys", i, "token")
		if a.str("keys", i, "role") != role || o.do("new", "GET", "/v1/sites/new",
			nil).status != 200 {
			t.Errorf("key %d: %s", i, a.raw)
		}
	}
	if a := o.must(201, found()); a.at("keys", 0, "token") != nil ||
		!strings.Contains(a.str("fix"), "rotate") || a.str("site", "id") != "new" {
		t.Errorf("of keys that are used: %s", a.raw)
	}
	o.clock.Set(o.clock.Now().Add(vault.ReissueFor)) // too late for the key
	id := o.must(201, makeKey()).str("key", "id")
	token := o.must(200, o.do("M", "POST", sitesKeys+"/"+id+"/rotate", nil)).str("key", "token")
	o.tokens["kiosk3"] = token
	o.must(201, o.do("kiosk3", "POST", "/v1/sites/s/visits", nil))
}

// TestRevokedTwice: a key ends once; who ended it is known.
func TestRevokedTwice(t *testing.T) {
	o := newOffice(t, setup{})
	address := sitesKeys + "/" + o.keyIDs["desk"]
	a := o.must(200, o.do("M", "DELETE", address, nil, "Idempotency-Key", "one"))
	if a.str("key", "revoked_by") != o.keyIDs["M"] || a.str("facts", 0, "kind") != "key.revoked" {
		t.Errorf("%s", a.raw)
	}
	if again := o.must(200, o.do("M", "DELETE", address, nil, "Idempotency-Key",
		"one")); again.str("key", "revoked_at") != a.str("key", "revoked_at") {
		t.Errorf("%s, then %s", a.raw, again.raw)
	}
	if a := o.must(409, o.do("M", "DELETE", address, nil)); a.str("code") != "key_revoked" {
		t.Errorf("%s", a.raw)
	}
	o.must(401, o.do("desk", "GET", "/v1/sites/s", nil))
}
