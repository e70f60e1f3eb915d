package vault_test

import (
	"context"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/repotest"
	"github.com/lunpai/lunpai/tools/mongod/mongotest"
	"github.com/lunpai/lunpai/workflow"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(mongotest.Runner{M: m}) }

// flawed is a real store some of whose answers a test replaces. A nil hook changes nothing.
type flawed struct {
	repo.Store
	mu      sync.Mutex
	onSince func(ctx context.Context, site workflow.SiteID, seq int64, limit int) ([]*repo.Page,
		error)
	onFind func(ctx context.Context, site workflow.SiteID, id string) (*repo.Page, error)
}

// set changes hooks while the store is in use.
func (f *flawed) set(change func(*flawed)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
}

// heal takes every hook away.
func (f *flawed) heal() { f.set(func(f *flawed) { f.onSince, f.onFind = nil, nil }) }

func (f *flawed) Since(
	ctx context.Context, site workflow.SiteID, seq int64, limit int,
) ([]*repo.Page, error) {
	f.mu.Lock()
	hook := f.onSince
	f.mu.Unlock()
	if hook == nil {
		hook = f.Store.Since
	}
	return hook(ctx, site, seq, limit)
}

func (f *flawed) Find(ctx context.Context, site workflow.SiteID, id string) (*repo.Page, error) {
	f.mu.Lock()
	hook := f.onFind
	f.mu.Unlock()
	if hook == nil {
		hook = f.Store.Find
	}
	return hook(ctx, site, id)
}

// flawedOffice is an engine over a store with flaws, and one site "s".
func flawedOffice(t testing.TB, c repo.Config) (*repo.Engine, *flawed) {
	t.Helper()
	f := &flawed{Store: repotest.SQLite(t)}
	c.Store = f
	d := repotest.Engine(t, c)
	repotest.MustDo(t, d, "s", "create-s", workflow.RoleAdministrator, repotest.NewSite("s"))
	return d, f
}
