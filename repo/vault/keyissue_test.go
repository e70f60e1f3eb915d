package vault_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/repotest"
	"github.com/lunpai/lunpai/repo/vault"
	"github.com/lunpai/lunpai/workflow"
)

// TestRotate: the id stays; the earlier secret works during the overlap; one that was never
// finished can be asked for again.
func TestRotate(t *testing.T) {
	keyOffices(t, func(o *keyOffice) {
		first := o.issue(&workflow.MakeKey{Key: "k", Role: workflow.RoleKiosk})
		second := o.issue(&workflow.RotateKey{Key: "k", Overlap: 60})
		if a, b := o.want(o.there, first, nil), o.want(o.there, second,
			nil); a.Actor() != b.Actor() {
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
		// Killed between commit and secret: the earlier secret works until it expires, and the next
		// rotation makes a new one.
		o.do(&workflow.RotateKey{Key: "k", Overlap: 60})
		o.later()
		o.want(o.there, third, nil)
		fifth := o.issue(&workflow.RotateKey{Key: "k"})
		o.want(o.here, fifth, nil)
		o.want(o.here, third, vault.ErrBadToken)
		if keys, err := o.here.List(o.Context(), "s"); err != nil || len(keys) != 1 ||
			keys[0].RotatedBy != "k" || keys[0].Label != "label" {
			t.Errorf("%+v, %v", keys, err)
		}
	})
}

// TestIssueAgain: the same command sent again gets new secrets for the same keys, for ten minutes,
// until one was used.
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
		if keys, err := o.here.List(o.Context(), "s"); err != nil || len(keys) != 1 ||
			keys[0].ID != "k" {
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
		if _, err := o.here.engine.Do(o.Context(), "s",
			repo.Request{
				ID: "make", Fingerprint: "other",
				By: workflow.Actor{Role: workflow.RoleAdministrator}, Command: make1,
			}); !errors.Is(err, repo.ErrKeyReused) {
			t.Errorf("other content under the same key: %v", err)
		}
	})
}

// TestMakingCutShort: a key whose secret was never written exists only in the journal until it is
// rotated.
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

func TestBootstrap(t *testing.T) {
	s := repotest.SQLite(t)
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
			if key, err := k.Authenticate(ctx, token); err != nil ||
				key.Role != workflow.RoleAdministrator {
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

// TestBootstrapAnswerLost: the only token that will ever be shown is not lost with an answer.
func TestBootstrapAnswerLost(t *testing.T) {
	k := newKeys(t, deaf{repotest.SQLite(t)})
	if _, err := k.Authenticate(t.Context(), "lp_bootstrap_x"); !errors.Is(err, vault.ErrBadToken) {
		// tried before it was there
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

// TestSecretAnswerLost: nobody is told that a key was made while its secret may not be stored; sent
// again, it is.
func TestSecretAnswerLost(t *testing.T) {
	s := deaf{repotest.SQLite(t)}
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
