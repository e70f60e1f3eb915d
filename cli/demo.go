package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/mattn/go-isatty"

	"github.com/lunpai/lunpai/api"
	"github.com/lunpai/lunpai/demo"
	"github.com/lunpai/lunpai/scenario"
)

// demoCmd plays a morning and keeps serving.
type demoCmd struct {
	langFlag
	Listen string   `help:"Address to listen on; port 0 takes a free one." default:"127.0.0.1:8080"`
	Once   bool     `help:"Stop after the morning."`
	Speed  *float64 `help:"Events per second; 0: as fast as possible. Default: 1 on a terminal, otherwise 0." placeholder:"N"`
	Fast   bool     `help:"Do not wait between events, as with --speed 0."`
}

// Help is printed below the flags.
func (demoCmd) Help() string {
	return `Starts a service on a temporary SQLite store with a clock of its own, set to last
Saturday 09:00, and plays a morning with four consultants under policy 1 through the public API,
printing every decision with its article. From noon the clock runs on, and you can try the service
with the printed keys and commands. Nothing is kept.

Examples:
  lunpai demo                   one event per second: a minute and a half
  lunpai demo --fast --once     the whole morning at once, then stop
  lunpai demo --lang zh --listen 127.0.0.1:9000`
}

// Run plays and serves until the context ends.
func (c *demoCmd) Run(ctx context.Context, w *World) error {
	pause, err := c.pause(onTerminal(w.Stdout))
	if err != nil {
		return err
	}
	nine, err := demo.LastSaturday(w.Now())
	if err != nil {
		return err
	}
	t, err := startTemporary(ctx, w, api.NewManualClock(nine, w.Now), c.Listen)
	if err != nil {
		return err
	}
	lang := c.language(w)
	m := demo.New(demo.Config{
		Client: &scenario.Client{Base: t.base, Manual: true, Lang: lang.Tag()}, Admin: t.admin,
		Lang: lang, Nine: nine, Pause: pause, Out: w.Stdout,
	})
	if err := m.Play(ctx); err != nil {
		if ctx.Err() != nil {
			return t.stop() // somebody has seen enough
		}
		return errors.Join(err, t.stop())
	}
	if c.Once {
		return t.stop()
	}
	t.clock.Set(m.Noon())
	t.clock.Run()
	m.Invite(t.base)
	return t.wait()
}

// pause is the time between two events: a second for people, none for programs.
func (c *demoCmd) pause(terminal bool) (time.Duration, error) {
	switch {
	case c.Fast && c.Speed != nil:
		return 0, errors.New("--fast and --speed contradict each other: leave one out")
	case c.Fast, c.Speed == nil && !terminal:
		return 0, nil
	case c.Speed == nil:
		return time.Second, nil
	case *c.Speed == 0:
		return 0, nil
	case *c.Speed >= 0.01 && *c.Speed <= 1000:
		return time.Duration(float64(time.Second) / *c.Speed), nil
	}
	return 0, fmt.Errorf("--speed %v: write 0 or a number from 0.01 to 1000, "+
		"such as 2 for two events per second", *c.Speed)
}

// onTerminal reports whether a person reads along.
func onTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}
