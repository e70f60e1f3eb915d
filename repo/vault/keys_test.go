package vault_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/vault"
	"github.com/lunpai/lunpai/tools/mongod/mongotest"
	"github.com/lunpai/lunpai/workflow"
)

// instance is one process on a store: its engine and its keys. The clock is the machine's and the service's.
type instance struct {
	*vault.Keys
	engine *repo.Engine
	store  repo.Store
}

// keyOffice is an office with staff A (consultant) and M (manager) on two instances of the service, and their clock.
type keyOffice struct {
	*testing.T
	here, there instance
	ms          atomic.Int64 // the time; sites at work read it too
	commands    int
}

// keyOffices runs a test on both stores.
func keyOffices(t *testing.T, test func(o *keyOffice)) {
	t.Run("sqlite", func(t *testing.T) {
		s := openStore(t)
		test(newKeyOffice(t, s, s))
	})
	t.Run("mongodb", func(t *testing.T) {
		uri := mongotest.Standalone(t)
		name := fmt.Sprintf("keys_%d", time.Now().UnixNano())
		test(newKeyOffice(t, openMongo(t, uri, name), openMongo(t, uri, name)))
	})
}

func newKeyOffice(t *testing.T, a, b repo.Store) *keyOffice {
	t.Helper()
	o := &keyOffice{T: t}
	o.set(time.Date(2024, 3, 4, 1, 0, 0, 0, time.UTC))
	open := func(s repo.Store) instance {
		d := openEngine(t, repo.Config{Store: s, Now: o.now})
		return instance{vault.NewKeys(d, s, o.now), d, s}
	}
	o.here, o.there = open(a), open(b)
	site := newSite("s")
	site.Staff = append(site.Staff, workflow.NewStaff{Staff: "M", Role: workflow.RoleManager})
	o.do(site)
	return o
}

// do has a command carried out here.
func (o *keyOffice) do(cmd workflow.Command) *repo.Outcome {
	o.Helper()
	o.commands++
	out, err := o.send(fmt.Sprint("command-", o.commands), cmd)
	o.ok(err)
	return out
}

func (o *keyOffice) send(id string, cmd workflow.Command) (*repo.Outcome, error) {
	return o.here.engine.Do(o.Context(), "s", request(id, workflow.RoleAdministrator, cmd))
}

// issue has a key made or rotated and returns its token.
func (o *keyOffice) issue(cmd workflow.Command) string {
	o.Helper()
	keys, err := o.here.Issue(o.Context(), o.do(cmd), "label")
	o.ok(err)
	if len(keys) != 1 || keys[0].Token == "" {
		o.Fatalf("issued %+v", keys)
	}
	return keys[0].Token
}

func (o *keyOffice) ok(err error) {
	o.Helper()
	if err != nil {
		o.Fatal(err)
	}
}

// want checks what a token is good for: nil when it works.
func (o *keyOffice) want(on instance, token string, want error) vault.Key {
	o.Helper()
	k, err := on.Authenticate(o.Context(), token)
	if !errors.Is(err, want) || want == nil && err != nil {
		o.Errorf("authenticated %+v, %v; want %v", k, err, want)
	}
	return k
}

func (o *keyOffice) now() time.Time { return time.UnixMilli(o.ms.Load()).UTC() }

func (o *keyOffice) set(t time.Time) { o.ms.Store(t.UnixMilli()) }

func (o *keyOffice) wait(d time.Duration) { o.set(o.now().Add(d)) }

// later lets what instances believe run out: less than the 5 s that were promised, with a second for a stream to look.
func (o *keyOffice) later() { o.wait(4 * time.Second) }

func TestTokens(t *testing.T) {
	keyOffices(t, func(o *keyOffice) {
		token := o.issue(&workflow.MakeKey{Key: "k", Role: workflow.RoleFrontDesk})
		k := o.want(o.there, token, nil)
		if k.ID != "k" || k.Site != "s" || k.Role != workflow.RoleFrontDesk || k.CreatedBy != "k" || k.Label != "label" {
			t.Errorf("%+v", k)
		}
		docs, err := o.here.store.Sides(o.Context(), repo.APIKeys, "s", time.Time{})
		o.ok(err)
		for _, doc := range docs {
			if strings.Contains(string(doc.Body), token[len(token)-20:]) {
				t.Error("the secret is stored")
			}
		}
		secret := token[len("lp_k_"):]
		for _, bad := range []string{
			"", "lp_", "lp__", token[3:], token + "x", token[:len(token)-1], strings.ToUpper(token), "lp_k", "lp_k_",
			"lp_other_" + secret, "lp_" + strings.Repeat("x", 1000) + "_y", "lp_k~1~used_" + secret,
		} {
			o.want(o.here, bad, vault.ErrBadToken)
		}
	})
}

// TestKeyEndsWithTheJob: a key works while its member of staff is active and has at least the key's role, on every instance
// within 5 s; and again when he is back.
func TestKeyEndsWithTheJob(t *testing.T) {
	no, yes := false, true
	keyOffices(t, func(o *keyOffice) {
		consultant := o.issue(&workflow.MakeKey{Key: "a", Role: workflow.RoleConsultant, Staff: "A"})
		manager := o.issue(&workflow.MakeKey{Key: "m", Role: workflow.RoleManager, Staff: "M"})
		lesser := o.issue(&workflow.MakeKey{Key: "mc", Role: workflow.RoleConsultant, Staff: "M"})
		both := func(token string, want error) {
			o.Helper()
			o.want(o.here, token, want)
			o.want(o.there, token, want)
		}
		both(consultant, nil)
		both(manager, nil)
		o.do(&workflow.ChangeStaff{Staff: "A", Active: &no})
		o.do(&workflow.ChangeStaff{Staff: "M", Role: workflow.RoleSupervisor})
		o.later()
		both(consultant, vault.ErrNotInService)
		both(manager, vault.ErrNotInService)
		both(lesser, nil)
		both(manager[:len(manager)-1]+"x", vault.ErrBadToken)
		if _, err := o.there.Authenticate(o.Context(), manager[:len(manager)-1]+"x"); errors.Is(err, vault.ErrNotInService) {
			t.Error("whoever has no secret learns about the staff")
		}
		o.do(&workflow.ChangeStaff{Staff: "A", Active: &yes})
		o.do(&workflow.ChangeStaff{Staff: "M", Role: workflow.RoleManager})
		o.later()
		both(consultant, nil)
		both(manager, nil)
	})
}

// TestRevoke: a revoked key stops at once here and within 5 s elsewhere, for good.
func TestRevoke(t *testing.T) {
	keyOffices(t, func(o *keyOffice) {
		token := o.issue(&workflow.MakeKey{Key: "k", Role: workflow.RoleKiosk})
		o.want(o.here, token, nil)
		o.want(o.there, token, nil)
		out := o.do(&workflow.RevokeKey{Key: "k"})
		if k, err := o.here.Changed(o.Context(), out); err != nil || k.RevokedAt.IsZero() || k.RevokedBy != "k" || k.Label != "label" {
			t.Errorf("%+v, %v", k, err)
		}
		o.want(o.here, token, vault.ErrBadToken)
		o.later()
		o.want(o.there, token, vault.ErrBadToken)
		if keys, err := o.there.List(o.Context(), "s"); err != nil || len(keys) != 1 || keys[0].RevokedAt.IsZero() || keys[0].Label != "label" {
			t.Errorf("%+v, %v", keys, err)
		}
		// By hand, on the store: a commit too.
		token = o.issue(&workflow.MakeKey{Key: "k2", Role: workflow.RoleKiosk})
		o.ok(o.there.Revoke(o.Context(), "s", "k2", "by-hand"))
		o.later()
		o.want(o.here, token, vault.ErrBadToken)
		p, err := o.here.store.Find(o.Context(), "s", "by-hand")
		o.ok(err)
		if cs, err := p.Commits(); err != nil || cs[0].By.Key != vault.OperatorKey || cs[0].Kind != workflow.KindRevokeKey {
			t.Errorf("%+v, %v", cs, err)
		}
		if err := o.here.Revoke(o.Context(), "s", "none", "by-hand-2"); !errors.Is(err, repo.ErrNotFound) {
			t.Error(err)
		}
	})
}

func TestExpiry(t *testing.T) {
	keyOffices(t, func(o *keyOffice) {
		end := o.now().Add(time.Hour)
		token := o.issue(&workflow.MakeKey{Key: "k", Role: workflow.RoleKiosk, ExpiresAt: end})
		o.set(end.Add(-time.Millisecond))
		o.want(o.here, token, nil)
		o.set(end) // at once, whatever is remembered of the key
		o.want(o.here, token, vault.ErrKeyExpired)
	})
}

// TestRotate: the id stays; the earlier secret works during the overlap; one that was never finished can be asked for again.
func TestRotate(t *testing.T) {
	keyOffices(t, func(o *keyOffice) {
		first := o.issue(&workflow.MakeKey{Key: "k", Role: workflow.RoleKiosk})
		second := o.issue(&workflow.RotateKey{Key: "k", Overlap: 60})
		if a, b := o.want(o.there, first, nil), o.want(o.there, second, nil); a.Actor() != b.Actor() {
			t.Errorf("two actors: %+v, %+v", a.Actor(), b.Actor())
		}
		o.wait(time.Minute)
		o.want(o.there, first, vault.ErrKeyExpired)
		o.want(o.there, second, nil)
		for range 3 { // by somebody in doubt whether it worked
			o.issue(&workflow.RotateKey{Key: "k", Overlap: 60})
		}
		o.want(o.here, second, nil)
		third := o.issue(&workflow.RotateKey{Key: "k"})
		o.want(o.here, second, vault.ErrBadToken)
		o.want(o.here, third, nil)
		// Killed between commit and secret: the key has the earlier secret for its time, and gets a new one with the next rotation.
		o.do(&workflow.RotateKey{Key: "k", Overlap: 60})
		o.later()
		o.want(o.there, third, nil)
		fifth := o.issue(&workflow.RotateKey{Key: "k"})
		o.want(o.here, fifth, nil)
		o.want(o.here, third, vault.ErrBadToken)
		if keys, err := o.here.List(o.Context(), "s"); err != nil || len(keys) != 1 || keys[0].RotatedBy != "k" || keys[0].Label != "label" {
			t.Errorf("%+v, %v", keys, err)
		}
	})
}

// TestIssueAgain: the same command sent again gets new secrets for the same keys, for ten minutes, until one was used.
func TestIssueAgain(t *testing.T) {
	keyOffices(t, func(o *keyOffice) {
		again := func(command string, cmd workflow.Command) string {
			o.Helper()
			out, err := o.send(command, cmd)
			o.ok(err)
			keys, err := o.here.Issue(o.Context(), out, "label")
			o.ok(err)
			if len(keys) != 1 || keys[0].ID != "k" {
				t.Errorf("issued %+v", keys)
			}
			return keys[0].Token
		}
		make1 := &workflow.MakeKey{Key: "k", Role: workflow.RoleKiosk}
		out, err := o.send("make", make1) // and killed before the secret was written
		o.ok(err)
		if keys, err := o.here.List(o.Context(), "s"); err != nil || len(keys) != 1 || keys[0].ID != "k" {
			t.Errorf("a key without a secret is not listed: %+v, %v", keys, err)
		}
		first := again("make", make1)
		second := again("make", make1)
		o.want(o.here, first, vault.ErrBadToken)
		if late, err := o.here.Issue(o.Context(), out, "label"); err != nil || late[0].Token != "" {
			t.Errorf("the first answer, too late, got %+v, %v", late, err)
		}
		o.wait(vault.ReissueFor - time.Second)
		third := again("make", make1)
		o.want(o.here, second, vault.ErrBadToken)
		o.want(o.here, third, nil)
		if token := again("make", make1); token != "" {
			t.Error("a key that is used got a new token")
		}
		o.want(o.there, third, nil)

		rotate := &workflow.RotateKey{Key: "k"}
		fourth := again("rotate", rotate)
		fifth := again("rotate", rotate)
		o.wait(vault.ReissueFor)
		if token := again("rotate", rotate); token != "" {
			t.Error("a new token after ten minutes")
		}
		o.want(o.here, fourth, vault.ErrBadToken)
		o.want(o.here, fifth, nil)
		if _, err := o.here.engine.Do(o.Context(), "s", repo.Request{ID: "make", Fingerprint: "other", By: workflow.Actor{Role: workflow.RoleAdministrator}, Command: make1}); !errors.Is(err, repo.ErrKeyReused) {
			t.Errorf("other content under the same key: %v", err)
		}
	})
}

// TestMakingCutShort: of a key whose secret was never written there is no trace but the journal's, until it is rotated.
func TestMakingCutShort(t *testing.T) {
	keyOffices(t, func(o *keyOffice) {
		o.do(&workflow.MakeKey{Key: "k", Role: workflow.RoleKiosk})
		o.want(o.here, "lp_k_", vault.ErrBadToken)
		o.wait(time.Hour)
		token := o.issue(&workflow.RotateKey{Key: "k", Overlap: 60})
		o.want(o.here, token, nil)
		o.want(o.there, token, nil)
		o.want(o.there, "lp_k_", vault.ErrBadToken)
	})
}

// TestNoKeyWithoutCommit: what stands beside the journal makes no key.
func TestNoKeyWithoutCommit(t *testing.T) {
	keyOffices(t, func(o *keyOffice) {
		token := o.issue(&workflow.MakeKey{Key: "k", Role: workflow.RoleKiosk})
		doc, err := o.here.store.Side(o.Context(), repo.APIKeys, "k")
		o.ok(err)
		doc.ID = "forged"
		doc.Body = []byte(strings.Replace(string(doc.Body), `"id":"k"`, `"id":"forged"`, 1))
		o.ok(o.here.store.Insert(o.Context(), doc))
		o.want(o.here, strings.Replace(token, "lp_k_", "lp_forged_", 1), vault.ErrBadToken)
	})
}

// former stores a key as programs did before keys stood in the journal.
func (o *keyOffice) former(id string, role workflow.Role, staff workflow.StaffID) string {
	o.Helper()
	body, err := json.Marshal(map[string]any{
		"id": id, "site": "s", "role": role, "staff": staff, "label": "old", "created_at": o.now(),
		"hash": "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=", // of "test"
	})
	o.ok(err)
	o.ok(o.here.store.Insert(o.Context(), repo.Side{Collection: repo.APIKeys, ID: id, Site: "s", At: o.now(), Body: body}))
	return "lp_" + id + "_test"
}

// TestFormerKeys: keys from before go on working under the same rules, and enter the journal when they are changed.
func TestFormerKeys(t *testing.T) {
	keyOffices(t, func(o *keyOffice) {
		kiosk, a, gone := o.former("kiosk", workflow.RoleKiosk, ""), o.former("a", workflow.RoleConsultant, "A"), o.former("b", workflow.RoleConsultant, "nobody")
		more := o.former("m", workflow.RoleManager, "A")
		o.want(o.there, kiosk, nil)
		o.want(o.there, a, nil)
		o.want(o.there, gone, vault.ErrNotInService) // staff never added
		o.want(o.there, more, vault.ErrNotInService) // never had that role
		change := func(id string) *workflow.FormerKey {
			was, err := o.here.Former(o.Context(), "s", id)
			o.ok(err)
			return was
		}
		rotated := o.issue(&workflow.RotateKey{Key: "kiosk", Overlap: 60, Was: change("kiosk")})
		o.do(&workflow.RevokeKey{Key: "a", Was: change("a")})
		o.later()
		for _, on := range []instance{o.here, o.there} {
			o.want(on, kiosk, nil)
			o.want(on, rotated, nil)
			o.want(on, a, vault.ErrBadToken)
		}
		if k := o.want(o.there, rotated, nil); k.Role != workflow.RoleKiosk || k.Label != "old" {
			t.Errorf("%+v", k)
		}
		if was, err := o.here.Former(o.Context(), "z", "kiosk"); err != nil || was != nil {
			t.Errorf("at another site: %+v, %v", was, err)
		}
	})
}

// TestUses: the first use is written down at once, further ones once an hour, and not by the request.
func TestUses(t *testing.T) {
	keyOffices(t, func(o *keyOffice) {
		token := o.issue(&workflow.MakeKey{Key: "k", Role: workflow.RoleKiosk})
		used := func(want time.Time) {
			o.Helper()
			o.ok(o.here.NoteUses(o.Context()))
			keys, err := o.there.List(o.Context(), "s")
			o.ok(err)
			if len(keys) != 1 || !keys[0].UsedAt.Equal(want) {
				o.Errorf("used at %+v, want %v", keys, want)
			}
		}
		used(time.Time{})
		o.wait(time.Minute)
		first := o.now()
		o.want(o.here, token, nil)
		used(first)
		o.wait(59 * time.Minute)
		o.want(o.here, token, nil)
		used(first)
		o.wait(time.Minute)
		o.want(o.here, token, nil)
		used(o.now())
	})
}

// TestStaffUnreadable: where the staff cannot be read nobody is let in, and nobody is told that his key is bad.
func TestStaffUnreadable(t *testing.T) {
	f := &flawed{Store: openStore(t)}
	o := newKeyOffice(t, f, f)
	token := o.issue(&workflow.MakeKey{Key: "a", Role: workflow.RoleConsultant, Staff: "A"})
	o.want(o.here, token, nil)
	broken := errors.New("the connection broke")
	f.set(func(f *flawed) {
		f.onSince = func(context.Context, workflow.SiteID, int64, int) ([]*repo.Page, error) { return nil, broken }
	})
	o.later()
	if _, err := o.here.Authenticate(o.Context(), token); !errors.Is(err, repo.ErrUnavailable) || errors.Is(err, vault.ErrBadToken) {
		t.Errorf("unreadable: %v", err)
	}
	f.heal()
	o.want(o.here, token, nil)

	// A journal that decides nothing any more: what it had decided is still known, to those who may only read now.
	no := false
	o.do(&workflow.ChangeStaff{Staff: "M", Active: &no})
	manager := o.former("m", workflow.RoleManager, "M")
	_, err := o.here.store.Read(o.Context(), "s", int64(o.commands), nil) // the documents have followed
	o.ok(err)
	f.set(func(f *flawed) {
		f.onSince = func(context.Context, workflow.SiteID, int64, int) ([]*repo.Page, error) {
			return nil, fmt.Errorf("%w: page 1", repo.ErrCorrupt)
		}
	})
	o.later()
	if err := o.here.engine.View(o.Context(), "s", nil, func(*workflow.Board) error { return nil }); !errors.Is(err, repo.ErrReadOnly) {
		t.Fatal(err)
	}
	o.want(o.here, token, nil)
	o.want(o.here, manager, vault.ErrNotInService)
}

// TestAnalystOfTwoSites: his key stands in the journal of one.
func TestAnalystOfTwoSites(t *testing.T) {
	keyOffices(t, func(o *keyOffice) {
		token := o.issue(&workflow.MakeKey{Key: "k", Role: workflow.RoleAnalyst, Sites: []workflow.SiteID{"t"}})
		if k := o.want(o.there, token, nil); !k.Covers("s") || !k.Covers("t") || k.Covers("u") {
			t.Errorf("%+v", k)
		}
	})
}

// TestAdministrators: there may be two; who made and ended one is known.
func TestAdministrators(t *testing.T) {
	keyOffices(t, func(o *keyOffice) {
		first, err := o.here.Bootstrap(o.Context())
		o.ok(err)
		o.wait(time.Second)
		if _, _, err := o.here.NewAdministrator(o.Context(), "spare\u202e", vault.OperatorKey); err == nil {
			t.Error("a label that turns the direction of writing is taken")
		}
		k, second, err := o.here.NewAdministrator(o.Context(), "spare", vault.OperatorKey)
		o.ok(err)
		o.want(o.there, first, nil)
		o.want(o.there, second, nil)
		_, err = o.here.RevokeAdministrator(o.Context(), "bootstrap", k.ID)
		o.ok(err)
		o.want(o.here, first, vault.ErrBadToken)
		o.later()
		o.want(o.there, first, vault.ErrBadToken)
		o.want(o.there, second, nil)
		if token, err := o.there.Bootstrap(o.Context()); err != nil || token != "" {
			t.Errorf("a revoked first key came back: %q, %v", token, err)
		}
		o.issue(&workflow.MakeKey{Key: "k", Role: workflow.RoleKiosk})
		keys, err := o.there.Administrators(o.Context())
		if err != nil || len(keys) != 2 || keys[0].RevokedBy != k.ID || keys[1].CreatedBy != vault.OperatorKey || keys[1].UsedAt.IsZero() {
			t.Errorf("%+v, %v", keys, err)
		}
		for _, id := range []string{"k", "none", "k~1~used"} {
			if _, err := o.here.RevokeAdministrator(o.Context(), id, ""); !errors.Is(err, repo.ErrNotFound) {
				t.Errorf("%s: %v", id, err)
			}
		}
		if _, err := o.here.List(o.Context(), ""); err == nil {
			t.Errorf("the keys of no site: %v", err)
		}
	})
}

func newKeys(t *testing.T, s repo.Store) *vault.Keys {
	t.Helper()
	return vault.NewKeys(openEngine(t, repo.Config{Store: s}), s, nil)
}

func TestBootstrap(t *testing.T) {
	s := openStore(t)
	ctx := t.Context()
	early := newKeys(t, s)
	if _, err := early.Authenticate(ctx, "lp_bootstrap_x"); !errors.Is(err, vault.ErrBadToken) {
		t.Error(err)
	}
	tokens := make([]string, 8)
	var wg sync.WaitGroup
	for i := range tokens {
		k := early
		if i > 0 {
			k = newKeys(t, s)
		}
		wg.Go(func() {
			var err error
			if tokens[i], err = k.Bootstrap(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	var won []string
	for i, token := range tokens {
		if token != "" {
			won = append(won, token)
			k := early
			if i > 0 {
				k = newKeys(t, s)
			}
			if key, err := k.Authenticate(ctx, token); err != nil || key.Role != workflow.RoleAdministrator {
				t.Errorf("the first key: %+v, %v", key, err)
			}
		}
	}
	if len(won) != 1 {
		t.Errorf("%d instances won", len(won))
	}
}

// deaf loses the answer to an insert.
type deaf struct{ repo.Store }

func (d deaf) Insert(ctx context.Context, s repo.Side) error {
	if err := d.Store.Insert(ctx, s); err != nil {
		return err
	}
	return fmt.Errorf("the answer was lost")
}

// TestBootstrapAnswerLost: the only token there will ever be is not lost with an answer.
func TestBootstrapAnswerLost(t *testing.T) {
	k := newKeys(t, deaf{openStore(t)})
	if _, err := k.Authenticate(t.Context(), "lp_bootstrap_x"); !errors.Is(err, vault.ErrBadToken) { // tried before it was there
		t.Error(err)
	}
	token, err := k.Bootstrap(t.Context())
	if err != nil || token == "" {
		t.Fatalf("got %q, %v", token, err)
	}
	if _, err := k.Authenticate(t.Context(), token); err != nil {
		t.Error(err)
	}
}

// TestSecretAnswerLost: nobody is told that a key was made while its secret may not be stored; sent again, it is.
func TestSecretAnswerLost(t *testing.T) {
	s := deaf{openStore(t)}
	o := newKeyOffice(t, s, s.Store)
	cmd := &workflow.MakeKey{Key: "k", Role: workflow.RoleKiosk}
	out, err := o.send("make", cmd)
	o.ok(err)
	if _, err := o.here.Issue(t.Context(), out); !errors.Is(err, repo.ErrUnknown) {
		t.Errorf("got %v, want %v", err, repo.ErrUnknown)
	}
	out, err = o.send("make", cmd)
	o.ok(err)
	keys, err := o.here.Issue(t.Context(), out)
	o.ok(err)
	o.want(o.here, keys[0].Token, nil)
}

// TestMadeUpKeysAreNotRemembered: who tries ids by the thousand fills no memory, and pushes no good key out of it.
func TestMadeUpKeysAreNotRemembered(t *testing.T) {
	s := openStore(t)
	k := vault.NewKeys(openEngine(t, repo.Config{Store: s}), s, nil)
	token, err := k.Bootstrap(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Authenticate(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	for i := range 50 {
		if _, err := k.Authenticate(t.Context(), fmt.Sprintf("lp_%032x_secret", i)); !errors.Is(err, vault.ErrBadToken) {
			t.Fatal(err)
		}
	}
	if n := vault.CachedKeys(k); n != 1 {
		t.Errorf("%d keys are remembered, one is good", n)
	}
}
