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
)

// cli is the command line.
type cli struct {
	Serve    serveCmd    `cmd:"" help:"Serve the API: what lunpai does without a command. The first start makes an administrator's key and shows it once."`
	Demo     demoCmd     `cmd:"" help:"Play a busy morning of a sales office through the API, then keep serving."`
	Play     playCmd     `cmd:"" help:"Play scenario files and compare what is decided with what they expect."`
	Export   exportCmd   `cmd:"" help:"Write a report as CSV, NDJSON or JSON: conversion, receptions, turns, waiting, every visit."`
	Verify   verifyCmd   `cmd:"" help:"Check that the journal is whole and that the documents are what it says."`
	Generate generateCmd `cmd:"" help:"Fill a store with a made-up office at work for a year, decided by the real rules."`
	Copy     copyCmd     `cmd:"" help:"Copy everything from one store to another, empty one: SQLite to MongoDB or back."`
	Backup   backupCmd   `cmd:"" help:"Copy a SQLite store to a file, consistently, also while it is served."`
	Restore  restoreCmd  `cmd:"" help:"Put a verified backup in the place of a SQLite store that is not served."`
	Keys     keysCmd     `cmd:"" help:"List and end API keys, make an administrator key: on the store itself, when no key is at hand."`
	Health   healthCmd   `cmd:"" help:"Ask a running service whether it is ready."`
	Version  struct{}    `cmd:"" help:"Print the version, the commit and its date."`

	VersionFlag kong.VersionFlag `name:"version" help:"Print the version, the commit and its date."`
}

// World is what a command may touch beside its flags.
type World struct {
	// Version is the one that the build was told; empty: what the build info says.
	Version string
	Env     func(string) string
	Now     func() time.Time
	Stdout  io.Writer
	Stderr  io.Writer
}

// world is what a command may touch beside its flags.
type world struct {
	ctx    context.Context
	env    func(string) string
	now    func() time.Time
	stdout io.Writer
	stderr io.Writer
}

// Run carries out a command line and returns the exit code.
func Run(ctx context.Context, args []string, at World) int {
	version = at.Version
	w := &world{ctx: ctx, env: at.Env, now: at.Now, stdout: at.Stdout, stderr: at.Stderr}
	switch err := w.run(args); {
	case errors.Is(err, errDiffers):
		return 1
	case err != nil:
		fmt.Fprintln(at.Stderr, "lunpai:", err)
		return 1
	}
	return 0
}

// run is the whole program but for the process around it: tests call it as a user types it.
func (w *world) run(args []string) error {
	var c cli
	exited := false
	parser, err := w.parser(&c, func(int) { exited = true })
	if err != nil {
		return fmt.Errorf("command line: %w", err)
	}
	k, err := parser.Parse(spelled(args))
	if exited {
		return nil // help was asked for and printed
	}
	if err != nil {
		return fmt.Errorf("%w (try: lunpai --help)", err)
	}
	if k.Command() == "version" {
		_, err := fmt.Fprintln(w.stdout, build())
		return err
	}
	return k.Run(w)
}

// parser reads arguments into c. exit is called after help or the version was printed.
func (w *world) parser(c *cli, exit func(int)) (*kong.Kong, error) {
	return kong.New(c,
		kong.Name("lunpai"),
		kong.Description("Reception by turns for a property-sales office: who receives whom, why, and whose customer it is."),
		kong.Writers(w.stdout, w.stderr),
		kong.Exit(exit),
		kong.UsageOnError(),
		kong.Vars{"store": defaultStore, "version": build()},
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
}

// spelled are the arguments with the command that is meant: serve when there is none, and help as people ask for it. The
// parser knows no command that may be left out, so that it can tell a mistyped command from an argument of serve.
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
