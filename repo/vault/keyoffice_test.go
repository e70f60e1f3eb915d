package vault_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/repotest"
	"github.com/lunpai/lunpai/repo/vault"
	"github.com/lunpai/lunpai/tools/mongod/mongotest"
	"github.com/lunpai/lunpai/workflow"
)

// instance is one process on a store: its engine and its keys. The clock is the machine's and the
// service's.
type instance struct {
	*vault.Keys
	engine *repo.Engine
	store  repo.Store
}

// keyOffice is an office with staff A (consultant) and M (manager) on two instances of the service,
// and their clock.
type keyOffice struct {
	*testing.T
	here, there instance
	ms          atomic.Int64 // the time; sites at work read it too
	commands    int
}

// keyOffices runs a test on both stores.
func keyOffices(t *testing.T, test func(o *keyOffice)) {
	t.Run("sqlite", func(t *testing.T) {
		s := repotest.SQLite(t)
		test(newKeyOffice(t, s, s))
	})
	t.Run("mongodb", func(t *testing.T) {
		uri := mongotest.Standalone(t)
		name := fmt.Sprintf("keys_%d", time.Now().UnixNano())
		test(newKeyOffice(t, repotest.MongoDB(t, uri, name), repotest.MongoDB(t, uri, name)))
	})
}

func newKeyOffice(t *testing.T, a, b repo.Store) *keyOffice {
	t.Helper()
	o := &keyOffice{T: t}
	o.set(time.Date(2024, 3, 4, 1, 0, 0, 0, time.UTC))
	open := func(s repo.Store) instance {
		d := repotest.Engine(t, repo.Config{Store: s, Now: o.now})
		return instance{vault.NewKeys(d, s, o.now), d, s}
	}
	o.here, o.there = open(a), open(b)
	site := repotest.NewSite("s")
	site.Staff = append(site.Staff, workflow.NewStaff{Staff: "M", Role: workflow.RoleManager})
	o.do(site)
	return o
}

// do carries out a command here.
func (o *keyOffice) do(cmd workflow.Command) *repo.Outcome {
	o.Helper()
	o.commands++
	out, err := o.send(fmt.Sprint("command-", o.commands), cmd)
	o.ok(err)
	return out
}

func (o *keyOffice) send(id string, cmd workflow.Command) (*repo.Outcome, error) {
	return o.here.engine.Do(o.Context(), "s", repotest.Request(id, workflow.RoleAdministrator, cmd))
}

// issue makes or rotates a key and returns its token.
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

// later lets caches expire: less than the 5 s that are promised, with a second left for a stream to
// look.
func (o *keyOffice) later() { o.wait(4 * time.Second) }

// former stores a key as earlier programs did, before keys were in the journal.
func (o *keyOffice) former(id string, role workflow.Role, staff workflow.StaffID) string {
	o.Helper()
	body, err := json.Marshal(map[string]any{
		"id": id, "site": "s", "role": role, "staff": staff, "label": "old", "created_at": o.now(),
		"hash": "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=", // of "test"
	})
	o.ok(err)
	o.ok(o.here.store.Insert(o.Context(), repo.Side{
		Collection: repo.APIKeys, ID: id, Site: "s", At: o.now(), Body: body,
	}))
	return "lp_" + id + "_test"
}

func newKeys(t *testing.T, s repo.Store) *vault.Keys {
	t.Helper()
	return vault.NewKeys(repotest.Engine(t, repo.Config{Store: s}), s, nil)
}
