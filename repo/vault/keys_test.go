package vault_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/repotest"
	"github.com/lunpai/lunpai/repo/vault"
	"github.com/lunpai/lunpai/workflow"
)

func TestTokens(t *testing.T) {
	keyOffices(t, func(o *keyOffice) {
		token := o.issue(&workflow.MakeKey{Key: "k", Role: workflow.RoleFrontDesk})
		k := o.want(o.there, token, nil)
		if k.ID != "k" || k.Site != "s" || k.Role != workflow.RoleFrontDesk || k.CreatedBy != "k" ||
			k.Label != "label" {
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
			"", "lp_", "lp__", token[3:], token + "x", token[:len(token)-1], strings.ToUpper(token),
			"lp_k", "lp_k_",
			"lp_other_" + secret, "lp_" + strings.Repeat("x", 1000) + "_y", "lp_k~1~used_" + secret,
		} {
			o.want(o.here, bad, vault.ErrBadToken)
		}
	})
}

// TestKeyEndsWithTheJob: a key works while its member of staff is active and has at least the key's
// role, on every instance within 5 s; and again when he is back.
func TestKeyEndsWithTheJob(t *testing.T) {
	no, yes := false, true
	keyOffices(t, func(o *keyOffice) {
		consultant := o.issue(&workflow.MakeKey{
			Key: "a", Role: workflow.RoleConsultant, Staff: "A",
		})
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
		if _, err := o.there.Authenticate(o.Context(), manager[:len(manager)-1]+"x"); errors.Is(err,
			vault.ErrNotInService) {
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
		if k, err := o.here.Changed(o.Context(), out); err != nil || k.RevokedAt.IsZero() ||
			k.RevokedBy != "k" || k.Label != "label" {
			t.Errorf("%+v, %v", k, err)
		}
		o.want(o.here, token, vault.ErrBadToken)
		o.later()
		o.want(o.there, token, vault.ErrBadToken)
		if keys, err := o.there.List(o.Context(), "s"); err != nil || len(keys) != 1 ||
			keys[0].RevokedAt.IsZero() || keys[0].Label != "label" {
			t.Errorf("%+v, %v", keys, err)
		}
		// By an operator, on the store: a commit too.
		token = o.issue(&workflow.MakeKey{Key: "k2", Role: workflow.RoleKiosk})
		o.ok(o.there.Revoke(o.Context(), "s", "k2", "by-hand"))
		o.later()
		o.want(o.here, token, vault.ErrBadToken)
		p, err := o.here.store.Find(o.Context(), "s", "by-hand")
		o.ok(err)
		if cs, err := p.Commits(); err != nil || cs[0].By.Key != vault.OperatorKey ||
			cs[0].Kind != "revoke_key" {
			t.Errorf("%+v, %v", cs, err)
		}
		if err := o.here.Revoke(o.Context(), "s", "none", "by-hand-2"); !errors.Is(err,
			repo.ErrNotFound) {
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
		o.set(end) // at once, whatever is cached
		o.want(o.here, token, vault.ErrKeyExpired)
	})
}

// TestNoKeyWithoutCommit: what is stored outside the journal makes no key.
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

// TestFormerKeys: keys from before keys entered the journal work under the same rules, and enter it
// when they are changed.
func TestFormerKeys(t *testing.T) {
	keyOffices(t, func(o *keyOffice) {
		kiosk, a, gone := o.former("kiosk", workflow.RoleKiosk, ""), o.former("a",
			workflow.RoleConsultant, "A"), o.former("b", workflow.RoleConsultant, "nobody")
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

// TestUses: the first use is written down at once, further ones once an hour, and not by the
// request.
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

// TestStaffUnreadable: if the staff cannot be read nobody is let in, and nobody is told that the
// key is bad.
func TestStaffUnreadable(t *testing.T) {
	f := &flawed{Store: repotest.SQLite(t)}
	o := newKeyOffice(t, f, f)
	token := o.issue(&workflow.MakeKey{Key: "a", Role: workflow.RoleConsultant, Staff: "A"})
	o.want(o.here, token, nil)
	broken := errors.New("the connection broke")
	f.set(func(f *flawed) {
		f.onSince = func(context.Context, workflow.SiteID, int64, int) ([]*repo.Page, error) {
			return nil, broken
		}
	})
	o.later()
	if _, err := o.here.Authenticate(o.Context(), token); !errors.Is(err, repo.ErrUnavailable) ||
		errors.Is(err, vault.ErrBadToken) {
		t.Errorf("unreadable: %v", err)
	}
	f.heal()
	o.want(o.here, token, nil)

	// Nothing is decided at the site any more, but what was decided is still known, for reading.
	no := false
	o.do(&workflow.ChangeStaff{Staff: "M", Active: &no})
	manager := o.former("m", workflow.RoleManager, "M")
	// the documents have followed
	_, err := o.here.store.Read(o.Context(), "s", int64(o.commands), nil)
	o.ok(err)
	f.set(func(f *flawed) {
		f.onSince = func(context.Context, workflow.SiteID, int64, int) ([]*repo.Page, error) {
			return nil, fmt.Errorf("%w: page 1", repo.ErrCorrupt)
		}
	})
	o.later()
	if err := o.here.engine.View(o.Context(), "s", nil,
		func(*workflow.Board) error { return nil }); !errors.Is(err, repo.ErrReadOnly) {
		t.Fatal(err)
	}
	o.want(o.here, token, nil)
	o.want(o.here, manager, vault.ErrNotInService)
}

// TestAnalystOfTwoSites: his key stands in the journal of one.
func TestAnalystOfTwoSites(t *testing.T) {
	keyOffices(t, func(o *keyOffice) {
		token := o.issue(&workflow.MakeKey{
			Key: "k", Role: workflow.RoleAnalyst, Sites: []workflow.SiteID{"t"},
		})
		if k := o.want(o.there, token, nil); !k.Covers("s") || !k.Covers("t") || k.Covers("u") {
			t.Errorf("%+v", k)
		}
	})
}

// TestAdministrators: there may be two, and it is known who made and ended one.
func TestAdministrators(t *testing.T) {
	keyOffices(t, func(o *keyOffice) {
		first, err := o.here.Bootstrap(o.Context())
		o.ok(err)
		o.wait(time.Second)
		if _, _, err := o.here.NewAdministrator(o.Context(), "spare\u202e",
			vault.OperatorKey); err == nil {
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
		if err != nil || len(keys) != 2 || keys[0].RevokedBy != k.ID ||
			keys[1].CreatedBy != vault.OperatorKey || keys[1].UsedAt.IsZero() {
			t.Errorf("%+v, %v", keys, err)
		}
		for _, id := range []string{"k", "none", "k~1~used"} {
			if _, err := o.here.RevokeAdministrator(o.Context(), id, ""); !errors.Is(err,
				repo.ErrNotFound) {
				t.Errorf("%s: %v", id, err)
			}
		}
		if _, err := o.here.List(o.Context(), ""); err == nil {
			t.Errorf("the keys of no site: %v", err)
		}
	})
}

// TestMadeUpKeysAreNotRemembered: trying ids by the thousand neither fills the cache nor pushes
// good keys out.
func TestMadeUpKeysAreNotRemembered(t *testing.T) {
	s := repotest.SQLite(t)
	k := vault.NewKeys(repotest.Engine(t, repo.Config{Store: s}), s, nil)
	token, err := k.Bootstrap(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Authenticate(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	for i := range 50 {
		if _, err := k.Authenticate(t.Context(), fmt.Sprintf("lp_%032x_secret", i)); !errors.Is(err,
			vault.ErrBadToken) {
			t.Fatal(err)
		}
	}
	if n := vault.CachedKeys(k); n != 1 {
		t.Errorf("%d keys are remembered, one is good", n)
	}
}
