package cli

import (
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/scenario"
)

// TestVerifyCopyBackup: a visit on SQLite, backed up while served, copied to each store and back,
// the same to the byte.
func TestVerifyCopyBackup(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	from, keys := "sqlite:"+filepath.Join(dir, "a.db"), filepath.Join(dir, "keys.json")
	s := start(t, "--clock=manual", "--store", from, "--keys", keys)
	f, err := readScenarios(order, nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &scenario.Client{Base: s.base, Manual: true}
	if _, err := f.Scenarios[0].Run(t.Context(), scenario.NewRemote(c, s.admin)); err != nil {
		t.Fatal(err)
	}
	backup := filepath.Join(dir, "backup.db")
	if out, err := command(t, "backup", "--store", from, backup); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	out, err := command(t, "restore", "--store", from, backup)
	if err == nil || !strings.Contains(err.Error(), ".lock") {
		t.Errorf("a store that is served was replaced: %v %s", err, out)
	}
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	want, err := command(t, "verify", "--store", from)
	if err != nil {
		t.Fatal(err, want)
	}
	sound := func(t *testing.T, store string) {
		t.Helper()
		got, err := command(t, "verify", "--store", store)
		if err != nil || head(got) != head(want) {
			t.Errorf("%s: %v: head %s, want %s", store, err, head(got), head(want))
		}
	}
	sound(t, "sqlite:"+backup)
	restored := "sqlite:" + filepath.Join(dir, "restored.db")
	for _, kept := range []string{"", "restored.db.replaced", "restored.db.replaced-2"} {
		out, err := command(t, "restore", "--store", restored, backup)
		if err != nil || head(out) != head(want) || !strings.Contains(out, kept) {
			t.Errorf("restore: %v %s", err, out)
		}
		sound(t, restored)
	}
	for name, address := range stores {
		t.Run(name, func(t *testing.T) {
			there := address(t)
			back := stores["sqlite"](t)
			for _, c := range [][2]string{{from, there}, {there, back}} {
				if out, err := command(t, "copy", c[0], c[1]); err != nil {
					t.Fatalf("copy to %s: %v\n%s", c[1], err, out)
				}
				sound(t, c[1])
			}
			if out, err := command(t, "copy", from, back); err == nil {
				t.Errorf("a copy into a store that is not empty was made: %s", out)
			}
		})
	}
	parts := strings.Split(head(want), ":")
	wrong := parts[0] + ":" + parts[1] + ":" + strings.Repeat("0", 64)
	if out, err := command(t, "verify", "--store", from, "--expect", wrong); err == nil {
		t.Errorf("a wrong head is believed: %s", out)
	}
	serve := []string{"serve", "--listen", "127.0.0.1:0", "--store", from, "--keys"}
	if _, err := command(t, append(serve, filepath.Join(dir, "other.json"))...); err == nil {
		t.Error("a store was served without its keyring")
	}
	_, err = command(t, append(serve, keys)...)
	if err == nil || !strings.Contains(err.Error(), "manual") {
		t.Errorf("a rehearsal's store was served as a real one: %v", err)
	}
}

// TestUnfinishedCopyIsNoStore: what a copy left half done is neither served nor read.
func TestUnfinishedCopyIsNoStore(t *testing.T) {
	t.Parallel()
	for name, address := range stores {
		t.Run(name, func(t *testing.T) {
			store := address(t)
			s, err := openStore(t.Context(), store, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			mark := repo.Side{
				Collection: repo.Meta, ID: "copying", At: time.Unix(0, 0).UTC(),
				Body: []byte(`{}`),
			}
			if err := errors.Join(s.Insert(t.Context(), mark), s.Close()); err != nil {
				t.Fatal(err)
			}
			keys := filepath.Join(t.TempDir(), "keys.json")
			for _, args := range [][]string{
				{"serve", "--listen", "127.0.0.1:0", "--store", store, "--keys", keys},
				{"verify", "--store", store},
				{"export", "walkouts", "--store", store},
				{"copy", store, "sqlite:" + filepath.Join(t.TempDir(), "x.db")},
			} {
				if out, err := command(t, args...); !errors.Is(err, repo.ErrUnfinished) {
					t.Errorf("%s: want ErrUnfinished, got %v %s", args[0], err, out)
				}
			}
		})
	}
}
