package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestHelp(t *testing.T) {
	t.Parallel()
	for _, c := range []string{
		"", "serve", "demo", "play", "export", "verify", "generate", "copy",
		"backup", "restore", "keys", "health",
	} {
		out, err := command(t, strings.Fields(c+" --help")...)
		if err != nil || !strings.Contains(out, "Usage: lunpai") {
			t.Errorf("%s --help: %v\n%s", c, err, out)
		}
		if c != "" && c != "health" && !strings.Contains(out, "Example") {
			t.Errorf("%s --help shows no example", c)
		}
	}
}

func TestWrongSetUp(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ args, cure string }{
		{"serve --store file.db --listen 127.0.0.1:0", "sqlite:lunpai.db"},
		{"serve --store sqlite:/no/such/folder/x.db --listen 127.0.0.1:0", "folder"},
		{"backup --store mongodb://x y", "mongodump"},
		{"restore --store mongodb://x y", "operations"},
		{"verify --store sqlite:" + filepath.Join(t.TempDir(), "none.db"), "none.db"},
		{"verify --expect nonsense", "site:seq:hash"},
		{"play --url http://localhost:1 scenario/testdata/p1-order.yaml", "--key"},
		{"play --only nobody scenario/testdata/p1-order.yaml", "--only nobody"},
		{"play go.mod", "go.mod"},
		{"serve --nonsense", "--help"},
		{"export nothing", "conversion_daily"},
		{"export walkouts --from 2024-02-30", "2024-03-05"},
		{"export walkouts --group-by unit", "channel"},
		{"export walkouts --store sqlite:" + filepath.Join(t.TempDir(), "none.db"), "none.db"},
		{"generate --site a/b --store sqlite:" + filepath.Join(t.TempDir(), "a.db"), "letters"},
		{
			"generate --from 2024-13-01 --store sqlite:" + filepath.Join(t.TempDir(), "b.db"),
			"2024-03-05",
		},
	} {
		out, err := command(t, strings.Fields(c.args)...)
		if err == nil || !strings.Contains(err.Error()+out, c.cure) {
			t.Errorf("%s: %v, want a cure that names %q", c.args, err, c.cure)
		}
	}
}

// TestNothingIsNoSuccess: whoever checks nothing is not told that all is well.
func TestNothingIsNoSuccess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, text := range []string{"", "{}", "scenarios: []", "scenario:\n- id: X\n"} {
		file := filepath.Join(dir, "empty.yaml")
		writeFile(t, file, text)
		out, err := command(t, "play", file)
		if err == nil || !strings.Contains(err.Error(), "empty.yaml") ||
			strings.Contains(out, "0 passed") {
			t.Errorf("play %q: %v\n%s", text, err, out)
		}
	}
	store := "sqlite:" + filepath.Join(dir, "empty.db")
	if err := start(t, "--store", store).stop(); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"verify", "--store", store},
		{"verify", "--json", "--store", store},
		{"verify", "--site", "nowhere", "--store", store},
		{"export", "visits", "--store", store},
		{"copy", store, "sqlite:" + filepath.Join(dir, "copy.db")},
	} {
		out, err := command(t, args...)
		if err == nil || !strings.Contains(err.Error(), "site") {
			t.Errorf("%v: %v\n%s", args, err, out)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "copy.db")); !os.IsNotExist(err) {
		t.Errorf("a copy of nothing was made: %v", err)
	}
}
