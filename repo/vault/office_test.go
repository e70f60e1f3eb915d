package vault_test

import (
	"context"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/mongostore"
	"github.com/lunpai/lunpai/repo/sqlitestore"
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

// openStore opens a new SQLite file.
func openStore(t testing.TB) repo.Store {
	t.Helper()
	s, err := sqlitestore.Open(t.Context(), sqlitestore.Config{
		Path: filepath.Join(t.TempDir(), "lunpai.db"),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// openEngine makes an engine that is drained at the end of the test.
func openEngine(t testing.TB, c repo.Config) *repo.Engine {
	t.Helper()
	d := repo.NewEngine(c)
	t.Cleanup(func() {
		if err := d.Drain(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return d
}

// flawedOffice is an engine over a store with flaws, and one site "s".
func flawedOffice(t testing.TB, c repo.Config) (*repo.Engine, *flawed) {
	t.Helper()
	f := &flawed{Store: openStore(t)}
	c.Store = f
	d := openEngine(t, c)
	mustDo(t, d, "s", "create-s", workflow.RoleAdministrator, newSite("s"))
	return d, f
}

func newSite(id workflow.SiteID) *workflow.CreateSite {
	c := &workflow.CreateSite{Site: id, Zone: "Asia/Shanghai", Policy: workflow.P1()}
	for i := range c.Hours {
		c.Hours[i] = workflow.DayHours{From: "00:00", To: "24:00"}
	}
	for _, s := range []workflow.StaffID{"A", "B", "C", "D"} {
		c.Staff = append(c.Staff, workflow.NewStaff{Staff: s, Role: workflow.RoleConsultant})
	}
	return c
}

func request(id string, role workflow.Role, cmd workflow.Command) repo.Request {
	return repo.Request{
		ID: id, Fingerprint: "f-" + id, By: workflow.Actor{Key: "k", Role: role}, Command: cmd,
	}
}

func mustDo(
	t testing.TB, d *repo.Engine, site workflow.SiteID, id string, role workflow.Role,
	cmd workflow.Command,
) *repo.Outcome {
	t.Helper()
	out, err := d.Do(t.Context(), site, request(id, role, cmd))
	if err != nil {
		t.Fatalf("%s: %v", id, err)
	}
	return out
}

// openMongo opens a database as one instance of the service does.
func openMongo(t testing.TB, uri, name string) repo.Store {
	t.Helper()
	base, options, _ := strings.Cut(uri, "?")
	uri = base[:strings.LastIndexByte(base, '/')] + "/" + name + "?" + options
	s, err := mongostore.Open(t.Context(), mongostore.Config{
		URI: uri, Validation: mongostore.ValidationError,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
