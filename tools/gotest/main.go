// Gotest runs go test and sums up what it did, what it skipped and what took long:
//
//	go run ./tools/gotest [-no-skips] [-slowest N] -- ARGUMENTS OF GO TEST
//
// A plain go test hides the skips of a package that passed. CI runs it with -no-skips: there
// everything that a test needs is at hand, so a skip means that something is tested nowhere.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	noSkips := flag.Bool("no-skips", false, "a skipped test is a failure")
	slowest := flag.Int("slowest", 0, "list so many of the slowest tests")
	flag.Parse()
	if err := run(ctx, flag.Args(), *noSkips, *slowest, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "gotest:", err)
		os.Exit(1)
	}
}

// run runs go test and reports on out while it runs.
func run(ctx context.Context, args []string, noSkips bool, slowest int, out io.Writer) error {
	cmd := exec.CommandContext(ctx, "go", append([]string{"test", "-json"}, args...)...)
	cmd.Stderr = os.Stderr
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	s := newSummary(out)
	return errors.Join(s.read(pipe), cmd.Wait(), s.end(noSkips, slowest))
}
