package api

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.uber.org/goleak"
	"golang.org/x/time/rate"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/mongostore"
	"github.com/lunpai/lunpai/repo/sqlitestore"
	"github.com/lunpai/lunpai/repo/vault"
	"github.com/lunpai/lunpai/tools/mongod/mongotest"
	"github.com/lunpai/lunpai/workflow"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestMain(m *testing.M) { goleak.VerifyTestMain(mongotest.Runner{M: m}) }

// monday is 09:10 on a working day of the office.
var monday = time.Date(2024, 3, 4, 1, 10, 0, 0, time.UTC)

// lockedBuffer is a log that tests may read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// office is a whole service on a new SQLite file: site s with consultants A to D, supervisor S,
// manager M, shift leader L, and a second site z that nobody of s may see.
type office struct {
	testing.TB
	api    *API
	store  repo.Store
	engine *repo.Engine
	vault  *vault.Vault
	keys   *vault.Keys
	clock  *ManualClock
	log    *lockedBuffer
	path   string
	// tokens by who: admin, kiosk, desk, analyst, the staff by their ids, and zM, the manager of z.
	tokens map[string]string
	keyIDs map[string]string
	// unchecked answers are not held against the contract, which is being drawn anew.
	unchecked bool
}

// setup changes how an office is made; its zero is the usual one.
type setup struct {
	policy string                            // zero: p1
	store  func(*office) (repo.Store, error) // zero: onSQLite
	wrap   func(repo.Store) repo.Store
	config func(*Config)
	// machine is the clock by which keys are remembered; zero: the system's.
	machine repo.Clock
	bare    bool // without sites
}

// onSQLite is a new file in the office's folder.
func onSQLite(o *office) (repo.Store, error) {
	return sqlitestore.Open(o.Context(), sqlitestore.Config{Path: o.path})
}

// onMongo is a new database on a real server.
func onMongo(o *office) (repo.Store, error) { return openMongo(o, newMongo(o)) }

// newMongo is the address of a new database on a real server.
func newMongo(o *office) string {
	uri, err := url.Parse(mongotest.Standalone(o))
	o.ok(err)
	name := fmt.Sprintf("api_%d", time.Now().UnixNano())
	uri.Path = "/" + name
	c, err := mongo.Connect(options.Client().ApplyURI(uri.String()))
	o.ok(err)
	o.Cleanup(func() {
		ctx := context.WithoutCancel(o.Context())
		_ = c.Database(name).Drop(ctx)
		_ = c.Disconnect(ctx)
	})
	return uri.String()
}

func openMongo(o *office, uri string) (repo.Store, error) {
	return mongostore.Open(o.Context(), mongostore.Config{
		URI:        uri,
		Validation: mongostore.ValidationError,
	})
}

// onBothStores runs a test on either store.
func onBothStores(t *testing.T, f func(*testing.T, setup)) {
	t.Run("SQLite", func(t *testing.T) { f(t, setup{store: onSQLite}) })
	t.Run("MongoDB", func(t *testing.T) { f(t, setup{store: onMongo}) })
}

func newOffice(t testing.TB, s setup) *office {
	t.Helper()
	o := &office{
		TB: t, path: filepath.Join(t.TempDir(), "lunpai.db"), log: &lockedBuffer{},
		clock: NewManualClock(monday, nil), tokens: map[string]string{},
		keyIDs: map[string]string{},
	}
	ctx := t.Context()
	if s.store == nil {
		s.store = onSQLite
	}
	store, err := s.store(o)
	o.ok(err)
	o.store = store
	if s.wrap != nil {
		o.store = s.wrap(store)
	}
	ring, err := vault.OpenKeyring(filepath.Join(filepath.Dir(o.path), "keys.json"))
	o.ok(err)
	o.vault, err = vault.New(ctx, o.store, ring, nil)
	o.ok(err)
	log := slog.New(slog.NewJSONHandler(o.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	o.engine = repo.NewEngine(repo.Config{Store: o.store, Now: o.clock.Now, Log: log})
	o.keys = vault.NewKeys(o.engine, o.store, s.machine)
	cfg := Config{
		Engine: o.engine, Store: o.store, Keys: o.keys, Vault: o.vault, Now: o.clock.Now,
		Clock: o.clock, Log: log, Version: "test", KeyRate: -1,
		PINsWithoutTLS: true,
	}
	if s.config != nil {
		s.config(&cfg)
	}
	o.api, err = New(cfg)
	o.ok(err)
	o.api.pause = 0
	o.api.failures = newBuckets(rate.Inf, 1, maxBuckets) // tests try wrong keys by the hundred
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := o.engine.Drain(ctx); err != nil {
			t.Error(err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	o.tokens["admin"], err = o.keys.Bootstrap(ctx)
	o.ok(err)
	if s.bare {
		return o
	}
	o.found("s", s.policy)
	o.tokens["zM"] = o.must(201, o.do("admin", "POST", "/v1/sites",
		siteOf("z", s.policy))).str("keys", 0, "token")
	return o
}

// found founds a site with a key for everybody in its first commit.
func (o *office) found(id workflow.SiteID, policy string) {
	o.Helper()
	var b SiteBody
	text, err := json.Marshal(siteOf(string(id), policy))
	o.ok(err)
	o.ok(json.Unmarshal(text, &b))
	cmd, err := b.command(nil)
	o.ok(err)
	who := []string{"kiosk", "desk", "analyst"}
	cmd.Keys = []workflow.MakeKey{
		{Role: workflow.RoleKiosk},
		{Role: workflow.RoleFrontDesk},
		{Role: workflow.RoleAnalyst},
	}
	for _, s := range cmd.Staff {
		who = append(who, string(s.Staff))
		cmd.Keys = append(cmd.Keys, workflow.MakeKey{Role: s.Role, Staff: s.Staff})
	}
	who = append(who, "board")
	cmd.Keys = append(cmd.Keys, workflow.MakeKey{Role: workflow.RoleBoard})
	for i := range cmd.Keys {
		cmd.Keys[i].Key = vault.KeyIDFor(id, "founding", i+1)
	}
	admin := workflow.Actor{Key: "bootstrap", Role: workflow.RoleAdministrator}
	out, err := o.engine.Do(o.Context(), id, repo.Request{ID: "founding", By: admin, Command: cmd})
	o.ok(err)
	keys, err := o.keys.Issue(o.Context(), out)
	o.ok(err)
	for i, k := range keys {
		o.tokens[who[i]], o.keyIDs[who[i]] = k.Token, k.ID
	}
}

func siteOf(id, policy string) map[string]any {
	if policy == "" {
		policy = "p1"
	}
	staff := []map[string]string{}
	for _, s := range []string{"A", "B", "C", "D"} {
		staff = append(staff, map[string]string{"id": s, "role": "consultant"})
	}
	staff = append(staff, map[string]string{"id": "S", "role": "supervisor"},
		map[string]string{"id": "M", "role": "manager"},
		map[string]string{"id": "L", "role": "shift_leader"})
	return map[string]any{"id": id, "policy": policy, "staff": staff}
}

// key makes a key of site s.
func (o *office) key(who string, role workflow.Role, staff string) {
	o.Helper()
	body := map[string]any{"role": role}
	if staff != "" {
		body["staff"] = staff
	}
	a := o.must(201, o.do("admin", "POST", "/v1/sites/s/keys", body))
	o.tokens[who], o.keyIDs[who] = a.str("key", "token"), a.str("key", "id")
}

func (o *office) ok(err error) {
	o.Helper()
	if err != nil {
		o.Fatal(err)
	}
}

// answer is a response that fits the contract.
type answer struct {
	status int
	header http.Header
	raw    string
	body   map[string]any // nil when it is not a JSON object
}

// do sends a request as somebody of tokens ("" without a key). body is nil, JSON text, or a value
// to be encoded; headers are name, value, name, value …. The response must fit the contract.
func (o *office) do(who, method, path string, body any, headers ...string) *answer {
	o.Helper()
	var in io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		in = strings.NewReader(b)
	default:
		text, err := json.Marshal(b)
		o.ok(err)
		in = bytes.NewReader(text)
	}
	r := httptest.NewRequestWithContext(o.Context(), method, path, in)
	if in != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if who != "" {
		if o.tokens[who] == "" {
			o.Fatalf("nobody called %s has a key", who)
		}
		r.Header.Set("Authorization", "Bearer "+o.tokens[who])
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	o.api.ServeHTTP(w, r)
	a := &answer{status: w.Code, header: w.Header(), raw: w.Body.String()}
	if isJSON(a.header.Get("Content-Type")) && strings.HasPrefix(a.raw, "{") {
		if err := json.Unmarshal([]byte(a.raw), &a.body); err != nil {
			o.Errorf("%s %s: the body is not JSON: %v\n%s", method, path, err, a.raw)
		}
	}
	if o.unchecked {
		return a
	}
	for _, err := range o.api.check(method, r.URL.Path, a) {
		o.Errorf("%s %s as %q breaks the contract: %v\n%.600s", method, path, who, err, a.raw)
	}
	return a
}

// must fails the test when an answer has another status.
func (o *office) must(status int, a *answer) *answer {
	o.Helper()
	if a.status != status {
		o.Fatalf("status %d, want %d: %s", a.status, status, a.raw)
	}
	return a
}

// at is a value inside the body: at("visit", "id"), at("facts", 0, "kind"); nil when it is not
// there.
func (a *answer) at(path ...any) any {
	var v any = a.body
	for _, p := range path {
		switch p := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[p]
		case int:
			l, _ := v.([]any)
			if p >= len(l) {
				return nil
			}
			v = l[p]
		}
	}
	return v
}

func (a *answer) str(path ...any) string { s, _ := a.at(path...).(string); return s }

// head is the number of the last commit of a site.
func (o *office) head(site workflow.SiteID) int64 {
	o.Helper()
	pages, err := o.store.Before(o.Context(), site, 1<<62, 1)
	o.ok(err)
	if len(pages) == 0 {
		return 0
	}
	return pages[0].Last
}

// arrive brings a visit to a state ("arrived", "identified", "assigned", "served") and returns its
// id.
func (o *office) arrive(state string, identity map[string]any) string {
	o.Helper()
	body := map[string]any{}
	if state != "arrived" {
		if identity == nil {
			identity = map[string]any{"kind": "new"}
		}
		body["identify"], body["assign"] = identity, state != "identified"
	}
	id := o.must(201, o.do("desk", "POST", "/v1/sites/s/visits", body)).str("visit", "id")
	if state == "served" {
		o.must(200, o.do("desk", "POST", "/v1/sites/s/visits/"+id+"/serve", nil))
	}
	return id
}

// customer registers a visit of a new customer, with a phone or without, for the consultant whose
// turn it is; it returns customer and owner.
func (o *office) customer(phone string) (id, owner string) {
	o.Helper()
	identity := map[string]any{"kind": "new"}
	if phone != "" {
		identity["person"] = map[string]any{"name": "Zhang Wei", "phone": phone}
	}
	v := o.arrive("assigned", identity)
	a := o.must(200, o.do("desk", "POST", "/v1/sites/s/visits/"+v+"/register",
		map[string]any{"serve": true}))
	return a.str("visit", "customer"), a.str("visit", "principal")
}

// newVaultAt is the office's vault as it is some time later.
func newVaultAt(o *office, later time.Duration) (*vault.Vault, error) {
	ring, err := vault.LoadKeyring(filepath.Join(filepath.Dir(o.path), "keys.json"))
	if err != nil {
		return nil, err
	}
	return vault.New(o.Context(), o.store, ring, func() time.Time { return time.Now().Add(later) })
}
