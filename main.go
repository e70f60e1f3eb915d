// Command lunpai is the reception service of a property-sales office: it knows every visitor who
// walks in, every consultant on the floor, whose turn it is, and why.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
	_ "time/tzdata" // zones on machines without them

	"github.com/lunpai/lunpai/cli"
)

var version string // set by the build: -ldflags "-X main.version=v0.1.0"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	w := cli.World{Version: version, Env: os.LookupEnv, Now: time.Now}
	w.Stdin, w.Stdout, w.Stderr = os.Stdin, os.Stdout, os.Stderr
	code := cli.Run(ctx, os.Args[1:], w)
	stop()
	os.Exit(code)
}
