// Package repotest is what the tests of repo and of the packages above it begin with: stores,
// engines, an office, and commands that nothing may refuse.
package repotest

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/mongostore"
	"github.com/lunpai/lunpai/repo/sqlitestore"
	"github.com/lunpai/lunpai/workflow"
)

// SQLite opens a new SQLite file.
func SQLite(t testing.TB) repo.Store {
	t.Helper()
	s, err := sqlitestore.Open(t.Context(), sqlitestore.Config{
		Path: filepath.Join(t.TempDir(), "lunpai.db"),
	})
	if err != nil {
		t.Fatal(err)
	}
	return closed(t, s)
}

// MongoDB opens a database as one instance of the service does.
func MongoDB(t testing.TB, uri, name string) repo.Store {
	t.Helper()
	base, options, _ := strings.Cut(uri, "?")
	uri = base[:strings.LastIndexByte(base, '/')] + "/" + name + "?" + options
	s, err := mongostore.Open(t.Context(), mongostore.Config{
		URI: uri, Validation: mongostore.ValidationError,
	})
	if err != nil {
		t.Fatal(err)
	}
	return closed(t, s)
}

// closed closes a store at the end of the test.
func closed(t testing.TB, s repo.Store) repo.Store {
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Engine makes an engine that is drained at the end of the test.
func Engine(t testing.TB, c repo.Config) *repo.Engine {
	t.Helper()
	e := repo.NewEngine(c)
	t.Cleanup(func() {
		// The test's own context is over by then.
		if err := e.Drain(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return e
}

// NewSite founds an office of four consultants that never closes.
func NewSite(id workflow.SiteID) *workflow.CreateSite {
	c := &workflow.CreateSite{Site: id, Zone: "Asia/Shanghai", Policy: workflow.P1()}
	for i := range c.Hours {
		c.Hours[i] = workflow.DayHours{From: "00:00", To: "24:00"}
	}
	for _, s := range []workflow.StaffID{"A", "B", "C", "D"} {
		c.Staff = append(c.Staff, workflow.NewStaff{Staff: s, Role: workflow.RoleConsultant})
	}
	return c
}

// Request is a command under an id, given by a key of a role.
func Request(id string, role workflow.Role, cmd workflow.Command) repo.Request {
	return repo.Request{
		ID: id, Fingerprint: "f-" + id, By: workflow.Actor{Key: "k", Role: role}, Command: cmd,
	}
}

// MustDo gives a command that nothing may refuse.
func MustDo(
	t testing.TB, e *repo.Engine, site workflow.SiteID, id string, role workflow.Role,
	cmd workflow.Command,
) *repo.Outcome {
	t.Helper()
	out, err := e.Do(t.Context(), site, Request(id, role, cmd))
	if err != nil {
		t.Fatalf("%s: %v", id, err)
	}
	return out
}
