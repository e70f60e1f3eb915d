package vault_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/repotest"
	"github.com/lunpai/lunpai/repo/vault"
	"github.com/lunpai/lunpai/workflow"
)

// vaults are two instances on one store and keyring, with real clocks.
func vaults(t *testing.T, s repo.Store) [2]*vault.Vault {
	t.Helper()
	ring, err := vault.OpenKeyring(filepath.Join(t.TempDir(), "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	var out [2]*vault.Vault
	for i := range out {
		if out[i], err = vault.New(t.Context(), s, ring, nil); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// TestTwoInstancesAndASweep: while one instance sweeps, the other erases or changes what it has
// just read. Nothing comes back, and nothing newer is lost.
func TestTwoInstancesAndASweep(t *testing.T) {
	d, f := flawedOffice(t, repo.Config{})
	both := vaults(t, f)
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
		"erased": "arrive-v", "changed": "lost", "adopted": "lost too",
	} {
		if err := both[0].SavePerson(ctx, "s", id, command, vault.Person{Name: "old"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := both[0].SaveNote(ctx, "s", "n", workflow.VisitRef("v"), "arrive-v",
		"old"); err != nil {
		t.Fatal(err)
	}
	done := map[string]bool{}
	f.set(func(f *flawed) {
		f.onFind = func(ctx context.Context, site workflow.SiteID, id string) (*repo.Page, error) {
			// the sweep has read; now the other instance writes
			page, found := f.Store.Find(ctx, site, id)
			var err error
			switch {
			case id == "lost":
				err = both[1].SavePerson(ctx, "s", "changed", "", vault.Person{Name: "new"})
			case id == "lost too":
				err = both[1].Adopt(ctx, "s", "adopted", "another")
			case !done["erased"]:
				done["erased"] = true
				err = both[1].Erase(ctx, "s", "erased")
			case !done["note"]:
				done["note"] = true
				err = both[1].EraseNote(ctx, "s", "n")
			}
			if err != nil {
				t.Errorf("%s: %v", id, err)
			}
			return page, found
		}
	})
	if _, _, err := both[0].Sweep(ctx, -time.Minute); err != nil {
		t.Fatal(err)
	}
	f.heal()
	if _, err := both[0].Person(ctx, "s", "erased"); !errors.Is(err, repo.ErrNotFound) {
		t.Errorf("erased, and there again: %v", err)
	}
	if err := both[0].SavePerson(ctx, "s", "erased", "",
		vault.Person{Name: "back"}); !errors.Is(err, vault.ErrErased) {
		t.Errorf("written on a tombstone: %v", err)
	}
	if _, _, err := both[0].Note(ctx, "s", "n"); !errors.Is(err, repo.ErrNotFound) {
		t.Errorf("an erased note: %v", err)
	}
	if p, err := both[0].Person(ctx, "s", "changed"); err != nil || p.Name != "new" {
		t.Errorf("changed: %+v, %v", p, err)
	}
	if p, err := both[0].Person(ctx, "s", "adopted"); err != nil || p.Name != "old" {
		t.Errorf("adopted by another command: %+v, %v", p, err)
	}
}

// TestEraseAgainstWriters: two instances keep writing a person while it is erased; in the end the
// tombstone is there.
func TestEraseAgainstWriters(t *testing.T) {
	_, f := flawedOffice(t, repo.Config{})
	both := vaults(t, f)
	ctx := t.Context()
	for round := range 20 {
		id := workflow.CustomerID(fmt.Sprint("k", round))
		if err := both[0].SavePerson(ctx, "s", id, "",
			vault.Person{Name: "first", Phone: fmt.Sprintf("139%08d", round)}); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for i := range 4 {
			wg.Go(func() {
				for range 5 {
					err := both[i%2].SavePerson(ctx, "s", id, "", vault.Person{
						Name: "again", Phone: fmt.Sprintf("139%08d", round),
					})
					if err != nil && !errors.Is(err, vault.ErrErased) &&
						!errors.Is(err, repo.ErrBusy) {
						t.Error(err)
					}
				}
			})
		}
		var erased error
		for range 10 {
			if erased = both[1].Erase(ctx, "s", id); !errors.Is(erased, repo.ErrBusy) {
				break
			}
		}
		wg.Wait()
		if _, err := both[0].Person(ctx, "s", id); erased != nil ||
			!errors.Is(err, repo.ErrNotFound) {
			t.Errorf("round %d: erased %v, then %v", round, erased, err)
		}
		if _, found, err := both[0].FindPhone(ctx, "s", fmt.Sprintf("139%08d", round)); found ||
			err != nil {
			t.Errorf("round %d: found by phone, %v", round, err)
		}
	}
}

// TestOldNotesAreErased: notes from before notes were attached to records are found by their
// commands.
func TestOldNotesAreErased(t *testing.T) {
	d, f := flawedOffice(t, repo.Config{})
	both := vaults(t, f)
	ctx := t.Context()
	repotest.MustDo(t, d, "s", "import", workflow.RoleManager, &workflow.ImportCustomer{
		Customer: "k", Status: workflow.StatusRegistered,
	})
	repotest.MustDo(t, d, "s", "import 2", workflow.RoleManager, &workflow.ImportCustomer{
		Customer: "l", Status: workflow.StatusRegistered,
	})
	for command, k := range map[string]workflow.CustomerID{"old": "k", "other": "l"} {
		repotest.MustDo(t, d, "s", command, workflow.RoleFrontDesk, &workflow.RecordFollowUp{
			Customer: k, Note: workflow.NoteID("n-" + command),
		})
		if err := both[0].SaveNote(ctx, "s", workflow.NoteID("n-"+command), workflow.CustomerRef(k),
			command, "text"); err != nil {
			t.Fatal(err)
		}
		doc, err := f.Side(ctx, repo.Notes, "n-"+command)
		if err != nil {
			t.Fatal(err)
		}
		doc.Lookup, doc.Pending = "", false
		if err := f.Replace(ctx, doc); err != nil {
			t.Fatal(err)
		}
	}
	if _, of, err := both[0].Note(ctx, "s", "n-old"); err != nil ||
		of != workflow.CustomerRef("k") {
		t.Errorf("it hangs on %v, %v", of, err)
	}
	if err := both[0].Erase(ctx, "s", "k"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := both[0].Note(ctx, "s", "n-old"); !errors.Is(err, repo.ErrNotFound) {
		t.Errorf("the old note: %v", err)
	}
	if _, of, err := both[0].Note(ctx, "s", "n-other"); err != nil ||
		of != workflow.CustomerRef("l") {
		t.Errorf("another customer's note: %v, %v", of, err)
	}
}

// TestCopiesCarryTombstones: a person that was erased stays erased in a copy.
func TestCopiesCarryTombstones(t *testing.T) {
	from, to := repotest.SQLite(t), repotest.SQLite(t)
	both := vaults(t, from)
	ctx := t.Context()
	if err := both[0].SavePerson(ctx, "s", "k", "", vault.Person{Name: "x"}); err != nil {
		t.Fatal(err)
	}
	if err := both[0].Erase(ctx, "s", "k"); err != nil {
		t.Fatal(err)
	}
	if err := repo.Copy(ctx, from, to, nil); err != nil {
		t.Fatal(err)
	}
	doc, err := to.Side(ctx, repo.People, "k")
	if err != nil || string(doc.Body) != `{"erased":true}` || doc.Lookup != "" {
		t.Errorf("the copy holds %s, %v", doc.Body, err)
	}
}
