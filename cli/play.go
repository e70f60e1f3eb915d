package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
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

// errDiffers ends the program with 1 after everything was said.
var errDiffers = errors.New("something differs from what was expected")

// playCmd plays scenario files.
type playCmd struct {
	Files []string `arg:"" name:"file" help:"Scenario files; - reads standard input." type:"existingfile"`
	URL   string   `help:"A running service with a manual clock; default: a fresh one on a temporary store." name:"url" env:"LUNPAI_URL"`
	Key   string   `help:"An administrator's key of that service." env:"LUNPAI_KEY"`
	Only  []string `help:"Play only the scenario with this id; may be repeated."`
	Lang  string   `help:"zh or en; default from the environment." enum:"zh,en,auto" default:"auto"`
	JSON  bool     `help:"Print results as JSON, a line a scenario." name:"json"`
	Quiet bool     `help:"Print only what differs." short:"q"`
}

// Help is printed below the flags.
func (playCmd) Help() string {
	return `A scenario is a morning written down: the line, the customers, what happens and what should come of it. Each plays at a
site of its own through the API. The exit status is 1 when anything differs from what the file expects.

Examples:
  lunpai play scenario/testdata/p1-order.yaml
  lunpai play --only S018 --lang zh scenario/testdata/*.yaml
  lunpai play --url http://localhost:8080 --key lp_bootstrap_… morning.yaml`
}

// Run plays every scenario of every file.
func (c *playCmd) Run(w *world) (err error) {
	files, err := c.read()
	if err != nil {
		return err
	}
	client, key, stop, err := c.service(w)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	lang := language(c.Lang, w.env)
	client.Lang = lang.Tag()
	passed, failed, skipped := 0, 0, 0
	for i, f := range files {
		for k := range f.Scenarios {
			sc := &f.Scenarios[k]
			if !c.wants(sc.ID) {
				continue
			}
			if !sc.Playable() {
				skipped++
				fmt.Fprintf(w.stderr, "SKIPPED %s: policy %s is not carried out yet\n", sc.ID, sc.Policy)
				continue
			}
			ok, err := c.play(w, lang, sc, scenario.NewRemote(client, key))
			if err != nil {
				return fmt.Errorf("%s: %w", filepath.Base(c.Files[i]), err)
			}
			if ok {
				passed++
			} else {
				failed++
			}
		}
	}
	if !c.JSON {
		fmt.Fprintf(w.stdout, "%d passed, %d failed, %d skipped\n", passed, failed, skipped)
	}
	if failed > 0 {
		return errDiffers
	}
	return nil
}

// play plays one scenario and reports it. One that cannot be played counts as failed, and the others go on.
func (c *playCmd) play(w *world, lang explain.Lang, sc *scenario.Scenario, o scenario.Office) (bool, error) {
	res, err := sc.Run(w.ctx, o)
	if w.ctx.Err() != nil {
		return false, w.ctx.Err()
	}
	if broken := (*url.Error)(nil); errors.As(err, &broken) {
		return false, fmt.Errorf("no service answers at %s: %w", c.URL, broken.Err)
	}
	if err != nil {
		fmt.Fprintf(w.stderr, "NOT PLAYED %s: %v\n", sc.ID, err)
		return false, nil
	}
	return res.Passed(), c.report(w, lang, res)
}

func (c *playCmd) wants(id string) bool {
	return len(c.Only) == 0 || slices.Contains(c.Only, id)
}

// read reads the files, before a service is started for them. Nothing to play is a mistake, never a success.
func (c *playCmd) read() ([]*scenario.File, error) {
	var files []*scenario.File
	var ids []string
	for _, name := range c.Files {
		f, err := readScenarios(name)
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
			return nil, fmt.Errorf("--only %s: no scenario of these files has that id; there are %s", id, strings.Join(ids, ", "))
		}
	}
	return files, nil
}

func readScenarios(name string) (*scenario.File, error) {
	r := os.Stdin
	if name != "-" {
		var err error
		if r, err = os.Open(name); err != nil { //nolint:gosec // the user names the file
			return nil, err
		}
		defer r.Close()
	}
	f, err := scenario.Read(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(f.Scenarios) == 0 {
		return nil, fmt.Errorf("%s holds no scenarios: they stand below `scenarios:`, see docs/scenarios.md", name)
	}
	return f, nil
}

// service is the one that --url names, or a fresh one on a temporary store.
func (c *playCmd) service(w *world) (*scenario.Client, string, func() error, error) {
	if c.URL != "" {
		if c.Key == "" {
			return nil, "", nil, errors.New("--url needs --key with an administrator's key")
		}
		return &scenario.Client{Base: c.URL, Manual: true}, c.Key, func() error { return nil }, nil
	}
	t, err := startTemporary(w, api.NewManualClock(time.Unix(0, 0), time.Now), "127.0.0.1:0")
	if err != nil {
		return nil, "", nil, err
	}
	return &scenario.Client{Base: t.base, Manual: true}, t.admin, t.stop, nil
}

// temporary is a service on a store in a temporary folder.
type temporary struct {
	base, admin string
	clock       *api.ManualClock
	done        chan error
	cancel      context.CancelFunc
	folder      string
}

// startTemporary starts a service with a manual clock on an embedded store that goes away with it.
func startTemporary(w *world, clock *api.ManualClock, address string) (*temporary, error) {
	folder, err := os.MkdirTemp("", "lunpai-")
	if err != nil {
		return nil, err
	}
	log := slog.New(slog.NewTextHandler(w.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	cmd := serveCmd{Store: "sqlite:" + filepath.Join(folder, "lunpai.db"), KioskGap: 20 * time.Second, KioskHourly: 30}
	l, err := listen(w.ctx, address)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	s, token, err := cmd.begin(w.ctx, log, clock.Now, clock)
	if err != nil {
		return nil, errors.Join(err, l.Close(), os.RemoveAll(folder))
	}
	ctx, cancel := context.WithCancel(w.ctx)
	t := &temporary{base: "http://" + reachable(l.Addr()), admin: token, clock: clock, done: make(chan error, 1), cancel: cancel, folder: folder}
	go func() { t.done <- s.serve(ctx, l, 10*time.Second) }()
	return t, nil
}

// wait lets the service run until it ends, then removes its store.
func (t *temporary) wait() error { return errors.Join(<-t.done, os.RemoveAll(t.folder)) }

func (t *temporary) stop() error {
	t.cancel()
	return t.wait()
}

// language is the one that a flag names, or the environment's.
func language(flag string, env func(string) string) explain.Lang {
	switch flag {
	case "zh":
		return explain.Zh
	case "en":
		return explain.En
	}
	return explain.FromEnv(env("LC_ALL"), env("LC_MESSAGES"), env("LANG"))
}

// report prints a scenario: every step with its facts, and what differs.
func (c *playCmd) report(w *world, lang explain.Lang, r *scenario.Result) error {
	if c.JSON {
		return json.NewEncoder(w.stdout).Encode(r)
	}
	state := "ok"
	if !r.Passed() {
		state = "DIFFERS"
	}
	if !c.Quiet || !r.Passed() {
		fmt.Fprintf(w.stdout, "%-7s %s  %s\n", state, r.ID, r.Title)
	}
	for i, s := range r.Steps {
		if c.Quiet && len(s.Differences) == 0 {
			continue
		}
		fmt.Fprintf(w.stdout, "  %2d. %s %s %s\n", i+1, s.At, s.Do, s.Visit)
		for _, f := range s.Facts {
			fmt.Fprintf(w.stdout, "        %s\n", explain.Fact(lang, f, nil))
		}
		if s.Refusal != "" {
			fmt.Fprintf(w.stdout, "        refused: %s (%s)\n", s.Detail, explain.Cite(lang, s.Rule))
		}
		for _, d := range s.Differences {
			fmt.Fprintf(w.stdout, "      ! %s: expected %s, got %s\n", d.Key, d.Want, d.Got)
		}
	}
	return nil
}
