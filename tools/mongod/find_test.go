package mongod_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lunpai/lunpai/tools/mongod"
)

func TestFindOrder(t *testing.T) {
	dir := t.TempDir()
	program := func(name string) string {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o700); err != nil {
			t.Fatal(err)
		}
		return path
	}
	t.Setenv("MONGOD", "")
	t.Setenv("PATH", filepath.Join(dir, "bin"))
	t.Setenv("LUNPAI_CACHE", filepath.Join(dir, "cache"))
	if path, err := mongod.Find(); !errors.Is(err, mongod.ErrNotFound) {
		t.Fatalf("nothing there: %q, %v", path, err)
	}
	for _, name := range []string{"cache/mongod-6.0.5/mongod", "bin/mongod", "own"} {
		want := program(name)
		if name == "own" {
			t.Setenv("MONGOD", want)
		}
		if path, err := mongod.Find(); path != want || err != nil {
			t.Errorf("got %q, %v, want %q", path, err, want)
		}
	}
	t.Setenv("MONGOD", filepath.Join(dir, "absent"))
	if path, err := mongod.Find(); err == nil || errors.Is(err, mongod.ErrNotFound) {
		t.Errorf("a wrong $MONGOD must be an error of its own: %q, %v", path, err)
	}
}

func TestFindClientOrder(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("LUNPAI_CACHE", dir)
	for variable, name := range map[string]string{
		mongod.Mongosh: "bin/mongosh", mongod.Python: "python/bin/python",
	} {
		t.Setenv(variable, "")
		path, err := mongod.FindClient(variable)
		if !errors.Is(err, mongod.ErrNotFound) || !strings.Contains(err.Error(), variable) {
			t.Errorf("nothing there: %q, %v", path, err)
		}
		want := filepath.Join(dir, "analytics-mongosh-2.12.0-pymongo-4.17.0",
			filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(want), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(want, nil, 0o700); err != nil {
			t.Fatal(err)
		}
		if path, err := mongod.FindClient(variable); path != want || err != nil {
			t.Errorf("got %q, %v, want %q", path, err, want)
		}
		t.Setenv(variable, filepath.Join(dir, "absent"))
		if path, err := mongod.FindClient(variable); err == nil ||
			errors.Is(err, mongod.ErrNotFound) {
			t.Errorf("a wrong $%s must be an error of its own: %q, %v", variable, path, err)
		}
	}
}

// TestScriptsFillWhatIsLookedFor: the folders that the tests look into are those of the scripts.
func TestScriptsFillWhatIsLookedFor(t *testing.T) {
	for script, lines := range map[string][]string{
		"../mongod.sh": {"readonly version=6.0.5\n", "target=$cache/mongod-$version/mongod\n"},
		"../analytics.sh": {
			"readonly mongosh=2.12.0\n", "readonly pymongo=4.17.0\n",
			"target=$cache/analytics-mongosh-$mongosh-pymongo-$pymongo\n",
		},
	} {
		text, err := os.ReadFile(script)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range lines {
			if !strings.Contains(string(text), line) {
				t.Errorf("%s has another line than find.go expects: %s", script, line)
			}
		}
	}
}
