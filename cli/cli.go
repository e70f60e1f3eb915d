// Package cli is the command line of lunpai: what its commands take, do and print.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/lunpai/lunpai/explain"
)

// World is everything outside the process that a command may touch beside files and the network.
type World struct {
	// Version is the release that the build was told, such as v0.1.0; empty: the build info says.
	Version string
	// Env looks up a variable of the environment; false: it is not set.
	Env func(name string) (string, bool)
	// Now is the clock of the machine.
	Now    func() time.Time
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
}

// env is a variable of the environment, empty when it is not set.
func (w *World) env(name string) string {
	value, _ := w.Env(name)
	return value
}

// commands is the command line.
type commands struct {
	Serve    serveCmd    `cmd:"" help:"Serve the API; the default command. The first start makes an administrator key and shows it once."`
	Demo     demoCmd     `cmd:"" help:"Play a busy morning of a sales office through the API, then keep serving."`
	Play     playCmd     `cmd:"" help:"Play scenario files and compare what is decided with what they expect."`
	Import   importCmd   `cmd:"" help:"Take over an office's customers and their owners from a spreadsheet's CSV, through a running service."`
	Export   exportCmd   `cmd:"" help:"Write a report as CSV, NDJSON or JSON: conversion, receptions, turns, waiting, every visit."`
	Verify   verifyCmd   `cmd:"" help:"Check that the journal is intact and that the documents match it."`
	Journal  journalCmd  `cmd:"" help:"Print the pages of a journal as text."`
	Generate generateCmd `cmd:"" help:"Fill a store with a made-up office at work for a year, decided by the real rules."`
	Copy     copyCmd     `cmd:"" help:"Copy everything from one store to an empty one: SQLite to MongoDB or back."`
	Backup   backupCmd   `cmd:"" help:"Copy a SQLite store to a file, consistently, even while it is being served."`
	Restore  restoreCmd  `cmd:"" help:"Replace a SQLite store that is not being served with a verified backup."`
	Keys     keysCmd     `cmd:"" help:"List and revoke API keys, make an administrator key: on the store itself, for when no key is at hand."`
	Health   healthCmd   `cmd:"" help:"Ask a running service whether it is ready."`
	Version  versionCmd  `cmd:"" help:"Print the version, the commit and its date."`

	VersionFlag kong.VersionFlag `name:"version" help:"Print the version, the commit and its date."`
}

// storeFlag names a store that must exist already.
type storeFlag struct {
	Store string `help:"The store: sqlite:PATH or mongodb://…" default:"${store}" env:"LUNPAI_STORE"`
}

// langFlag chooses the language in which decisions are told.
type langFlag struct {
	Lang string `help:"zh or en; default from the environment." enum:"zh,en,auto" default:"auto"`
}

func (f langFlag) language(w *World) explain.Lang { return language(f.Lang, w) }

// language is the one that a flag names, or the environment's.
func language(flag string, w *World) explain.Lang {
	switch flag {
	case "zh":
		return explain.Zh
	case "en":
		return explain.En
	}
	return explain.FromEnv(w.env("LC_ALL"), w.env("LC_MESSAGES"), w.env("LANG"))
}

// errDiffers ends the program with exit code 1 and without another word: all was said.
var errDiffers = errors.New("something differs from what was expected")

// Run carries out a command line and returns the exit code.
func Run(ctx context.Context, args []string, w World) int {
	err := w.run(ctx, args)
	if err == nil {
		return 0
	}
	if !errors.Is(err, errDiffers) {
		fmt.Fprintln(w.Stderr, "lunpai:", err)
	}
	return 1
}

func (w *World) run(ctx context.Context, args []string) error {
	exited := false
	parser, err := w.parser(func(int) { exited = true })
	if err != nil {
		return fmt.Errorf("command line: %w", err)
	}
	command, err := parser.Parse(spelled(args))
	if exited {
		return nil // help or the version was asked for and printed
	}
	if err != nil {
		return fmt.Errorf("%w (try: lunpai --help)", err)
	}
	command.BindTo(ctx, (*context.Context)(nil))
	return command.Run(w)
}

// parser reads command lines. It calls exit after it printed help or the version.
func (w *World) parser(exit func(int)) (*kong.Kong, error) {
	return kong.New(new(commands),
		kong.Name("lunpai"),
		kong.Description("Reception by turns for a property-sales office: "+
			"who receives whom, why, and whose customer it is."),
		kong.Writers(w.Stdout, w.Stderr),
		kong.Exit(exit),
		kong.Vars{"store": defaultStore, "version": build(w.Version)},
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.PostBuild(w.readEnvironment),
	)
}

// spelled adds what a user may leave out: without a command he means serve, and `help x` is
// `x --help`. The parser itself has no default command, so it can tell a mistyped command from
// an argument of serve.
func spelled(args []string) []string {
	switch {
	case len(args) == 0:
		return []string{"serve"}
	case args[0] == "help":
		return append(slices.Clone(args[1:]), "--help")
	case args[0] == "--help", args[0] == "-h", args[0] == "--version":
		return args
	case strings.HasPrefix(args[0], "-"):
		return append([]string{"serve"}, args...)
	}
	return args
}
