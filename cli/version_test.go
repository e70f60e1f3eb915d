package cli

import (
	"runtime/debug"
	"strings"
	"testing"
)

func TestVersion(t *testing.T) {
	t.Parallel()
	info := func(version, sum string, settings ...string) *debug.BuildInfo {
		b := &debug.BuildInfo{GoVersion: "go1.26.0", Main: debug.Module{Version: version, Sum: sum}}
		for i := 0; i < len(settings); i += 2 {
			b.Settings = append(b.Settings,
				debug.BuildSetting{Key: settings[i], Value: settings[i+1]})
		}
		b.Settings = append(b.Settings, debug.BuildSetting{Key: "GOOS", Value: "linux"},
			debug.BuildSetting{Key: "GOARCH", Value: "amd64"})
		return b
	}
	commit := []string{
		"vcs.revision", "51d0a3e0123456789", "vcs.time", "2026-11-28T20:37:28Z",
		"vcs.modified",
	}
	for _, c := range []struct {
		name, told string
		info       *debug.BuildInfo
		want       string
	}{
		{
			"go run", "", info("(devel)", ""),
			"lunpai dev, commit not known (go run stamps none; make build does), " +
				"go1.26.0 linux/amd64",
		},
		{
			"make build", "", info("v0.0.0-20261128203728-51d0a3e01234", "",
				append(commit, "false")...),
			"lunpai dev, commit 51d0a3e01234 of 2026-11-28, go1.26.0 linux/amd64",
		},
		{
			"make build with changes", "", info("(devel)", "", append(commit, "true")...),
			"lunpai dev, commit 51d0a3e01234 of 2026-11-28 " +
				"and changes that were not committed, go1.26.0 linux/amd64",
		},
		{
			"make build of a release", "", info("v0.1.0", "", append(commit, "false")...),
			"lunpai v0.1.0, commit 51d0a3e01234 of 2026-11-28, go1.26.0 linux/amd64",
		},
		{
			"go install of a commit", "", info("v0.1.1-0.20261128203728-51d0a3e01234", "h1:abc="),
			"lunpai v0.1.1-0.20261128203728-51d0a3e01234, go1.26.0 linux/amd64",
		},
		{
			"go install of a release", "", info("v0.1.0", "h1:abc="),
			"lunpai v0.1.0, go1.26.0 linux/amd64",
		},
		{"ldflags", "v0.2.0", info("(devel)", ""), "lunpai v0.2.0, go1.26.0 linux/amd64"},
		{"nothing is known", "", nil, "lunpai dev"},
	} {
		if got := buildOf(c.told, c.info); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
	for _, args := range []string{"version", "--version", "serve --version"} {
		out, err := command(t, strings.Fields(args)...)
		if err != nil || out != build("")+"\n" {
			t.Errorf("%s: %q, %v", args, out, err)
		}
	}
}

// TestMistypedCommands: who mistypes a command is told which one he may have meant; without a
// command the service starts.
func TestMistypedCommands(t *testing.T) {
	t.Parallel()
	for typed, meant := range map[string]string{
		"sevre": `"serve"`, "verfy": `"verify"`, "exprt conversion_daily": `"export"`,
		"plai x.yaml": `"play"`, "dem": `"demo"`,
	} {
		_, err := command(t, strings.Fields(typed)...)
		if err == nil || !strings.Contains(err.Error(), "did you mean "+meant) {
			t.Errorf("%s: %v, want %s", typed, err, meant)
		}
	}
	if _, err := command(t, "nonsense"); err == nil || !strings.Contains(err.Error(), "--help") {
		t.Errorf("nonsense: %v", err)
	}
	for args, want := range map[string]string{
		"":                "serve",
		"--listen :9":     "serve --listen :9",
		"--help":          "--help",
		"-h":              "-h",
		"--version":       "--version",
		"help":            "--help",
		"help export":     "export --help",
		"demo --once":     "demo --once",
		"serve --version": "serve --version",
	} {
		if got := strings.Join(spelled(strings.Fields(args)), " "); got != want {
			t.Errorf("%q is read as %q, want %q", args, got, want)
		}
	}
}
