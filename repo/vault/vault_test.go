package vault_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/repotest"
	"github.com/lunpai/lunpai/repo/vault"
	"github.com/lunpai/lunpai/workflow"
)

func openVault(t testing.TB, s repo.Store, now repo.Clock) *vault.Vault {
	t.Helper()
	ring, err := vault.OpenKeyring(filepath.Join(t.TempDir(), "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	v, err := vault.New(t.Context(), s, ring, now)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestNormalPhone(t *testing.T) {
	for in, want := range map[string]string{
		"13800138000":        "13800138000",
		"138 0013 8000":      "13800138000",
		"138-0013-8000":      "13800138000",
		"+86 138 0013 8000":  "13800138000",
		"0086-138.0013.8000": "13800138000",
		"１３８００１３８０００":        "13800138000",
		"＋８６　１３８００１３８０００":         "13800138000",
		"(021) 6888‑8888":         "02168888888",
		"（021）68888888":           "02168888888",
		"\u202d13800138000\u202c": "13800138000",
		"+49 1512 3456789":        "+4915123456789",
		"":                        "",
		"1234":                    "",
		"138oo138000":             "",
		"a13800138000":            "",
		"138+00138000":            "",
	} {
		if got := vault.NormalPhone(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestPerson(t *testing.T) {
	s := repotest.SQLite(t)
	v := openVault(t, s, nil)
	ctx := t.Context()
	p := vault.Person{Name: "张小明", Phone: "+86 138-0013-8000", Notice: true}
	if err := v.SavePerson(ctx, "s", "k1", "", p); err != nil {
		t.Fatal(err)
	}
	if id, ok, err := v.FindPhone(ctx, "s", "１３８ 0013 8000"); err != nil || !ok || id != "k1" {
		t.Errorf("found %q, %v, %v", id, ok, err)
	}
	if _, ok, err := v.FindPhone(ctx, "other", p.Phone); ok || err != nil {
		t.Errorf("found at another site: %v", err)
	}
	got, err := v.Person(ctx, "s", "k1")
	if err != nil || got.Name != "张小明" || got.Phone != "13800138000" || !got.Notice {
		t.Errorf("got %+v, %v", got, err)
	}
	if m := got.Masked(); m.Name != "张**" || m.Phone != "138****8000" {
		t.Errorf("masked %+v", m)
	}
	if err := v.SavePerson(ctx, "s", "k2", "", p); !errors.Is(err, repo.ErrExists) {
		t.Errorf("a second customer with the phone: %v", err)
	}
	if err := v.SavePerson(ctx, "other", "k1", "", vault.Person{Name: "thief"}); !errors.Is(err,
		repo.ErrNotFound) {
		t.Errorf("another site's customer: %v", err)
	}
	if err := v.SavePerson(ctx, "s", "k3", "", vault.Person{Phone: "none"}); !errors.Is(err,
		vault.ErrBadPhone) {
		t.Errorf("no phone: %v", err)
	}
	if _, err := v.Person(ctx, "other", "k1"); !errors.Is(err, repo.ErrNotFound) {
		t.Errorf("read at another site: %v", err)
	}
	p.Phone = "13900139000"
	if err := v.SavePerson(ctx, "s", "k1", "", p); err != nil {
		t.Errorf("a new phone: %v", err)
	}
	if _, ok, _ := v.FindPhone(ctx, "s", "13800138000"); ok {
		t.Error("found by the old phone")
	}
	if err := v.Erase(ctx, "other", "k1"); !errors.Is(err, repo.ErrNotFound) {
		t.Errorf("erased from another site: %v", err)
	}
	if err := v.Erase(ctx, "s", "k1"); err != nil {
		t.Error(err)
	}
	if _, err := v.Person(ctx, "s", "k1"); !errors.Is(err, repo.ErrNotFound) {
		t.Errorf("after erasing: %v", err)
	}
	if _, ok, _ := v.FindPhone(ctx, "s", p.Phone); ok {
		t.Error("found after erasing")
	}
}

// TestSealed: nothing that can be read without the keys says who a person is, and one sealed text
// cannot replace another.
func TestSealed(t *testing.T) {
	s := repotest.SQLite(t)
	v := openVault(t, s, nil)
	ctx := t.Context()
	if err := v.SavePerson(ctx, "s", "k1", "",
		vault.Person{Name: "canary", Phone: "13800138000"}); err != nil {
		t.Fatal(err)
	}
	if err := v.SaveNote(ctx, "s", "n1", workflow.VisitRef("v"), "", "canary"); err != nil {
		t.Fatal(err)
	}
	if text, of, err := v.Note(ctx, "s", "n1"); err != nil || text != "canary" ||
		of != workflow.VisitRef("v") {
		t.Errorf("note %q, %v", text, err)
	}
	for _, c := range []repo.SideCollection{repo.People, repo.Notes} {
		docs, err := s.Sides(ctx, c, "s", time.Time{})
		if err != nil || len(docs) != 1 {
			t.Fatalf("%d documents in %s, %v", len(docs), c, err)
		}
		for _, canary := range []string{"canary", "13800138000"} {
			if bytes.Contains(docs[0].Body, []byte(canary)) ||
				strings.Contains(docs[0].Lookup, canary) {
				t.Errorf("%s holds %s in the clear", c, canary)
			}
		}
		docs[0].ID, docs[0].Lookup = "moved", ""
		if err := s.Insert(ctx, docs[0]); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := v.Person(ctx, "s", "moved"); !errors.Is(err, repo.ErrCorrupt) {
		t.Errorf("a body under another id: %v", err)
	}
	other, err := vault.OpenKeyring(filepath.Join(t.TempDir(), "other.json"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := vault.New(ctx, s, other, nil); err == nil ||
		!strings.Contains(err.Error(), "--keys") {
		t.Errorf("another keyring: %v", err)
	}
	if id, err := vault.KeyringOf(ctx, s); err != nil || id == "" || id == other.ID {
		t.Errorf("the store's keyring is %q, %v", id, err)
	}
	if id, err := vault.KeyringOf(ctx, repotest.SQLite(t)); err != nil || id != "" {
		t.Errorf("a new store's keyring is %q, %v", id, err)
	}
}

func TestFingerprint(t *testing.T) {
	v, w := openVault(t, repotest.SQLite(t), nil), openVault(t, repotest.SQLite(t), nil)
	a := v.Fingerprint([]byte("ab"), []byte("c"))
	if a != v.Fingerprint([]byte("ab"), []byte("c")) {
		t.Error("not the same for the same content")
	}
	if a == v.Fingerprint([]byte("a"), []byte("bc")) {
		t.Error("the same for parts cut elsewhere")
	}
	if a == w.Fingerprint([]byte("ab"), []byte("c")) {
		t.Error("the same under another keyring")
	}
}

func TestKeyringFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	made, err := vault.CreateKeyring(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := vault.CreateKeyring(path); !errors.Is(err, os.ErrExist) {
		t.Errorf("made over an old one: %v", err)
	}
	if k, err := vault.LoadKeyring(path); err != nil || k.ID != made.ID {
		t.Errorf("loaded %v, %v", k, err)
	}
	if runtime.GOOS != "windows" { // where a mode says who may read
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v, %v", info.Mode(), err)
		}
		if err := os.Chmod(path, 0o640); err != nil {
			t.Fatal(err)
		}
		if _, err := vault.OpenKeyring(path); err == nil ||
			!strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("a file that others may read: %v", err)
		}
	}
	broken := filepath.Join(t.TempDir(), "broken.json")
	if err := os.WriteFile(broken, []byte(`{"id":"x","hmac":"AA==","cipher":"AA=="}`),
		0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := vault.OpenKeyring(broken); err == nil {
		t.Error("a file with short keys was taken")
	}
}

// TestSweep: what belongs to a command that never happened is deleted, what belongs to one that did
// is kept.
func TestSweep(t *testing.T) {
	d, f := flawedOffice(t, repo.Config{})
	var now atomic.Int64
	now.Store(time.Now().UnixMilli())
	v := openVault(t, f, func() time.Time { return time.UnixMilli(now.Load()) })
	ctx := t.Context()
	save := func(id workflow.CustomerID, command string, expires time.Time) {
		t.Helper()
		if err := v.SavePerson(ctx, "s", id, command,
			vault.Person{Name: string(id), ExpiresAt: expires}); err != nil {
			t.Fatal(err)
		}
	}
	here := func(id workflow.CustomerID) bool {
		_, err := v.Person(ctx, "s", id)
		if err != nil && !errors.Is(err, repo.ErrNotFound) {
			t.Error(err)
		}
		return err == nil
	}
	save("happened", "arrive-v", time.Time{})
	save("never", "lost", time.Time{})
	// an old customer; the command that changed his phone was refused
	save("known", "refused", time.Time{})
	save("expires", "", time.UnixMilli(now.Load()).Add(90*time.Minute))
	repotest.MustDo(
		t,
		d,
		"s",
		"arrive-v",
		workflow.RoleFrontDesk,
		&workflow.ArriveVisit{Visit: "v"},
	)
	repotest.MustDo(t, d, "s", "import", workflow.RoleManager, &workflow.ImportCustomer{
		Customer: "known", Status: workflow.StatusRegistered,
	})
	for _, n := range []struct{ id, command string }{{"n1", "arrive-v"}, {"n2", "lost"}} {
		if err := v.SaveNote(ctx, "s", workflow.NoteID(n.id), workflow.VisitRef("v"), n.command,
			"text"); err != nil {
			t.Fatal(err)
		}
	}
	if kept, deleted, err := v.Sweep(ctx, time.Hour); kept+deleted > 0 || err != nil {
		t.Errorf("too early: kept %d, deleted %d, %v", kept, deleted, err)
	}
	now.Add(int64(61 * time.Minute / time.Millisecond))
	down := errors.New("down")
	f.set(func(f *flawed) {
		f.onFind = func(context.Context, workflow.SiteID, string) (*repo.Page, error) {
			return nil, down
		}
	})
	if _, deleted, err := v.Sweep(ctx, time.Hour); deleted > 0 || !errors.Is(err, down) {
		t.Errorf("without the journal: deleted %d, %v", deleted, err)
	}
	f.heal()
	if kept, deleted, err := v.Sweep(ctx, time.Hour); kept != 3 || deleted != 2 || err != nil {
		t.Errorf("kept %d, deleted %d, %v", kept, deleted, err)
	}
	if !here("happened") || here("never") || !here("known") || !here("expires") {
		t.Error("the wrong people went")
	}
	if _, _, err := v.Note(ctx, "s", "n1"); err != nil {
		t.Error(err)
	}
	if _, _, err := v.Note(ctx, "s", "n2"); !errors.Is(err, repo.ErrNotFound) {
		t.Errorf("the note of a command that never happened: %v", err)
	}
	now.Add(int64(2 * time.Hour / time.Millisecond))
	if kept, deleted, err := v.Sweep(ctx, time.Hour); kept != 0 || deleted != 1 || err != nil ||
		here("expires") {
		t.Errorf("kept %d, deleted %d, %v", kept, deleted, err)
	}
}

// TestSweepAgainstErase: what is erased or changed while the sweep looks at it is neither restored
// nor judged by its old content.
func TestSweepAgainstErase(t *testing.T) {
	d, f := flawedOffice(t, repo.Config{})
	var now atomic.Int64
	now.Store(time.Now().UnixMilli())
	v := openVault(t, f, func() time.Time { return time.UnixMilli(now.Add(1)) })
	ctx := t.Context()
	repotest.MustDo(
		t,
		d,
		"s",
		"arrive-v",
		workflow.RoleFrontDesk,
		&workflow.ArriveVisit{Visit: "v"},
	)
	for id, command := range map[workflow.CustomerID]string{
		"erased": "arrive-v", "changed": "lost",
	} {
		if err := v.SavePerson(ctx, "s", id, command, vault.Person{Name: "old"}); err != nil {
			t.Fatal(err)
		}
	}
	now.Add(int64(2 * time.Hour / time.Millisecond))
	f.set(func(f *flawed) {
		f.onFind = func(ctx context.Context, site workflow.SiteID, id string) (*repo.Page, error) {
			var err error
			if id == "lost" {
				err = v.SavePerson(ctx, "s", "changed", "", vault.Person{Name: "new"})
			} else {
				err = v.Erase(ctx, "s", "erased")
			}
			if err != nil {
				t.Error(err)
			}
			return f.Store.Find(ctx, site, id)
		}
	})
	if _, _, err := v.Sweep(ctx, time.Hour); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Person(ctx, "s", "erased"); !errors.Is(err, repo.ErrNotFound) {
		t.Errorf("erased, and there again: %v", err)
	}
	if p, err := v.Person(ctx, "s", "changed"); err != nil || p.Name != "new" {
		t.Errorf("got %+v, %v", p, err)
	}
}
