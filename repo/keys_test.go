package repo_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

func TestKeyRules(t *testing.T) {
	k := repo.NewKeys(openStore(t), nil)
	for name, c := range map[string]struct {
		key repo.Key
		ok  bool
	}{
		"front desk":                 {repo.Key{Site: "s", Role: workflow.RoleFrontDesk}, true},
		"manager":                    {repo.Key{Site: "s", Role: workflow.RoleManager, Staff: "M"}, true},
		"administrator":              {repo.Key{Role: workflow.RoleAdministrator}, true},
		"analyst of two sites":       {repo.Key{Site: "s", Role: workflow.RoleAnalyst, Sites: []workflow.SiteID{"t"}}, true},
		"manager without staff":      {repo.Key{Site: "s", Role: workflow.RoleManager}, false},
		"kiosk with staff":           {repo.Key{Site: "s", Role: workflow.RoleKiosk, Staff: "A"}, false},
		"front desk without site":    {repo.Key{Role: workflow.RoleFrontDesk}, false},
		"administrator of a site":    {repo.Key{Site: "s", Role: workflow.RoleAdministrator}, false},
		"front desk of two sites":    {repo.Key{Site: "s", Role: workflow.RoleFrontDesk, Sites: []workflow.SiteID{"t"}}, false},
		"the system's role":          {repo.Key{Site: "s", Role: workflow.RoleSystem}, false},
		"no role":                    {repo.Key{Site: "s"}, false},
		"consultant with staff":      {repo.Key{Site: "s", Role: workflow.RoleConsultant, Staff: "A"}, true},
		"shift leader without staff": {repo.Key{Site: "s", Role: workflow.RoleShiftLeader}, false},
	} {
		key, token, err := k.Create(t.Context(), c.key)
		if c.ok != (err == nil) || !c.ok && !errors.Is(err, repo.ErrBadKey) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !c.ok {
			continue
		}
		got, err := k.Authenticate(t.Context(), token)
		if err != nil || got.ID != key.ID || got.Role != c.key.Role || got.Staff != c.key.Staff || !strings.HasPrefix(token, "lp_"+key.ID+"_") {
			t.Errorf("%s: authenticated %+v, %v", name, got, err)
		}
	}
}

func TestTokens(t *testing.T) {
	s := openStore(t)
	k := repo.NewKeys(s, nil)
	ctx := t.Context()
	key, token, err := k.Create(ctx, repo.Key{Site: "s", Role: workflow.RoleFrontDesk})
	if err != nil {
		t.Fatal(err)
	}
	docs, err := s.Sides(ctx, repo.APIKeys, "s", time.Time{})
	if err != nil || len(docs) != 1 || strings.Contains(string(docs[0].Body), token[len(token)-20:]) {
		t.Errorf("the secret is stored: %v", err)
	}
	for _, bad := range []string{
		"", "lp_", "lp__", token[3:], token + "x", token[:len(token)-1], strings.ToUpper(token), "lp_" + key.ID, "lp_" + key.ID + "_",
		"lp_other_" + token[len("lp_"+key.ID+"_"):], "lp_" + strings.Repeat("x", 1000) + "_y",
	} {
		if _, err := k.Authenticate(ctx, bad); !errors.Is(err, repo.ErrBadToken) {
			t.Errorf("%.40q: %v", bad, err)
		}
	}
	if _, err := k.Revoke(ctx, "other", key.ID); !errors.Is(err, repo.ErrNotFound) {
		t.Errorf("revoked from another site: %v", err)
	}
	if keys, err := k.List(ctx, "s"); err != nil || len(keys) != 1 || keys[0].ID != key.ID {
		t.Errorf("listed %v, %v", keys, err)
	}
}

// TestRevoke: a revoked key stops at once here, and within 10 s elsewhere, also while the store cannot be read.
func TestRevoke(t *testing.T) {
	s := openStore(t)
	now := time.Now()
	clock := func() time.Time { return now }
	here, there := repo.NewKeys(s, clock), repo.NewKeys(s, clock)
	ctx := t.Context()
	key, token, err := here.Create(ctx, repo.Key{Site: "s", Role: workflow.RoleKiosk})
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []*repo.Keys{here, there} {
		if _, err := k.Authenticate(ctx, token); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := here.Revoke(ctx, "s", key.ID); err != nil || got.RevokedAt.IsZero() {
		t.Fatal(got, err)
	}
	if _, err := here.Authenticate(ctx, token); !errors.Is(err, repo.ErrBadToken) {
		t.Errorf("at once: %v", err)
	}
	now = now.Add(10 * time.Second)
	if _, err := there.Authenticate(ctx, token); !errors.Is(err, repo.ErrBadToken) {
		t.Errorf("elsewhere after 10 s: %v", err)
	}
}

func TestBootstrap(t *testing.T) {
	s := openStore(t)
	ctx := t.Context()
	early := repo.NewKeys(s, nil)
	if _, err := early.Authenticate(ctx, "lp_bootstrap_x"); !errors.Is(err, repo.ErrBadToken) {
		t.Error(err)
	}
	tokens := make([]string, 8)
	var wg sync.WaitGroup
	for i := range tokens {
		k := early
		if i > 0 {
			k = repo.NewKeys(s, nil)
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
				k = repo.NewKeys(s, nil)
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
	k := repo.NewKeys(deaf{openStore(t)}, nil)
	if _, err := k.Authenticate(t.Context(), "lp_bootstrap_x"); !errors.Is(err, repo.ErrBadToken) { // tried before it was there
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
