package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/lunpai/lunpai/api"
	"github.com/lunpai/lunpai/explain"
	"github.com/lunpai/lunpai/scenario"
)

// playCmd plays scenario files.
type playCmd struct {
	Files []string `arg:"" name:"file" help:"Scenario files; - reads standard input." type:"existingfile"`
	URL   string   `help:"A running service with a manual clock; default: a fresh one on a temporary store." name:"url" env:"LUNPAI_URL"`
	Key   string   `help:"An administrator's key of that service." env:"LUNPAI_KEY"`
	Only  []string `help:"Play only the scenario with this id; may be repeated."`
	langFlag
	JSON  bool `help:"Print results as JSON, one line per scenario." name:"json"`
	Quiet bool `help:"Print only what differs." short:"q"`
}

// Help is printed below the flags.
func (playCmd) Help() string {
	return `A scenario is a morning written down: the line, the customers, what happens and what
should come of it. Each one is played at a site of its own through the API. The exit status is 1
when anything differs from what the file expects.

Examples:
  lunpai play scenario/testdata/p1-order.yaml
  lunpai play --only S018 --lang zh scenario/testdata/*.yaml
  lunpai play --url http://localhost:8080 --key lp_bootstrap_… morning.yaml`
}

// Run plays every scenario of every file.
func (c *playCmd) Run(ctx context.Context, w *World) (err error) {
	files, err := c.read(w)
	if err != nil {
		return err
	}
	client, key, stop, err := c.service(ctx, w)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	client.Lang = c.language(w).Tag()
	var n tally
	for i, f := range files {
		for k := range f.Scenarios {
			sc := &f.Scenarios[k]
			if !c.wants(sc.ID) {
				continue
			}
			if err := c.play(ctx, w, sc, scenario.NewRemote(client, key), &n); err != nil {
				return fmt.Errorf("%s: %w", filepath.Base(c.Files[i]), err)
			}
		}
	}
	if !c.JSON {
		fmt.Fprintf(w.Stdout, "%d passed, %d failed, %d skipped\n", n.passed, n.failed, n.skipped)
	}
	if n.failed > 0 {
		return errDiffers
	}
	return nil
}

// tally counts what became of scenarios.
type tally struct{ passed, failed, skipped int }

// play plays one scenario, prints it and counts it. One that cannot be played has failed; an
// error ends the run.
func (c *playCmd) play(
	ctx context.Context, w *World, sc *scenario.Scenario, o scenario.Office, n *tally,
) error {
	if !sc.Playable() {
		n.skipped++
		fmt.Fprintf(w.Stderr, "SKIPPED %s: policy %s is not carried out yet\n", sc.ID, sc.Policy)
		return nil
	}
	res, err := sc.Run(ctx, o)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if broken := (*url.Error)(nil); errors.As(err, &broken) {
		return fmt.Errorf("no service answers at %s: %w", c.URL, broken.Err)
	}
	if err != nil {
		n.failed++
		fmt.Fprintf(w.Stderr, "NOT PLAYED %s: %v\n", sc.ID, err)
		return nil
	}
	if res.Passed() {
		n.passed++
	} else {
		n.failed++
	}
	return c.report(w, res)
}

func (c *playCmd) wants(id string) bool {
	return len(c.Only) == 0 || slices.Contains(c.Only, id)
}

// read reads the files before a service is started for them. Nothing to play is a mistake, never a
// success.
func (c *playCmd) read(w *World) ([]*scenario.File, error) {
	var files []*scenario.File
	var ids []string
	for _, name := range c.Files {
		f, err := readScenarios(name, w.Stdin)
		if err != nil {
			return nil, err
		}
		for _, sc := range f.Scenarios {
			ids = append(ids, sc.ID)
		}
		files = append(files, f)
	}
	for _, id := range c.Only {
		if !slices.Contains(ids, id) {
			return nil, fmt.Errorf("--only %s: no scenario of these files has that id; "+
				"there are %s", id, strings.Join(ids, ", "))
		}
	}
	return files, nil
}

// readScenarios reads a file; - is stdin.
func readScenarios(name string, stdin io.Reader) (*scenario.File, error) {
	r := stdin
	if name != "-" {
		file, err := os.Open(name) //nolint:gosec // the user names the file
		if err != nil {
			return nil, err
		}
		defer file.Close()
		r = file
	}
	f, err := scenario.Read(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(f.Scenarios) == 0 {
		return nil, fmt.Errorf("%s holds no scenarios: "+
			"list them under `scenarios:`, see docs/scenarios.md", name)
	}
	return f, nil
}

// service is the one that --url names, or a fresh one on a temporary store. stop ends a fresh one.
func (c *playCmd) service(
	ctx context.Context, w *World,
) (client *scenario.Client, key string, stop func() error, err error) {
	if c.URL != "" {
		if c.Key == "" {
			return nil, "", nil, errors.New("--url needs --key with an administrator's key")
		}
		stop = func() error { return nil }
		return &scenario.Client{Base: c.URL, Manual: true}, c.Key, stop, nil
	}
	clock := api.NewManualClock(time.Unix(0, 0), w.Now)
	t, err := startTemporary(ctx, w, clock, "127.0.0.1:0")
	if err != nil {
		return nil, "", nil, err
	}
	return &scenario.Client{Base: t.base, Manual: true}, t.admin, t.stop, nil
}

// cited is the article behind a refusal, in brackets; some have none.
func cited(lang explain.Lang, rule string) string {
	if rule == "" {
		return ""
	}
	return " (" + explain.Cite(lang, rule) + ")"
}

// report prints a scenario: every step with its facts, and what differs.
func (c *playCmd) report(w *World, r *scenario.Result) error {
	if c.JSON {
		return json.NewEncoder(w.Stdout).Encode(r)
	}
	lang := c.language(w)
	state := "ok"
	if !r.Passed() {
		state = "DIFFERS"
	}
	if !c.Quiet || !r.Passed() {
		fmt.Fprintf(w.Stdout, "%-7s %s  %s\n", state, r.ID, r.Title)
	}
	for i, s := range r.Steps {
		if c.Quiet && len(s.Differences) == 0 {
			continue
		}
		fmt.Fprintf(w.Stdout, "  %2d. %s %s %s\n", i+1, s.At, s.Do, s.Visit)
		for _, f := range s.Facts {
			fmt.Fprintf(w.Stdout, "        %s\n", explain.Fact(lang, f, nil))
		}
		if s.Refusal != "" {
			fmt.Fprintf(w.Stdout, "        refused: %s%s\n", s.Detail, cited(lang, s.Rule))
		}
		for _, d := range s.Differences {
			fmt.Fprintf(w.Stdout, "      ! %s: expected %s, got %s\n", d.Key, d.Want, d.Got)
		}
	}
	return nil
}
