// Command torture kills the service and its stores under load, then looks for what was lost,
// duplicated or damaged. It exits with 1 when it finds anything. The result is a table in Markdown
// on stdout; progress goes to stderr.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/lunpai/lunpai/tools/load"
	"github.com/lunpai/lunpai/tools/mongod"
)

const usage = `torture sends visits to the service from several clients, each command with its
Idempotency-Key and sent again until it is answered, while SIGKILL ends now the service, now the
database. Then it reads the journal and asks:
  - does it hold every acknowledged command once, with the number and facts that were acknowledged?
  - was a turn given twice, or did somebody receive two visitors at once?
  - are the documents what the journal says, byte for byte?

Examples:
  go run ./tools/torture
      everything: 30 kills of the service on each store, 10 of mongod, 10 of the primary of
      three; about eight minutes
  go run ./tools/torture -quick
      3 kills on SQLite
  go run ./tools/torture -store mongo3 -kills 0
      only the database is killed

Flags:
`

// config is what the command line says.
type config struct {
	stores     []string
	kills      int // of the service, on each store
	storeKills int // of the database
	clients    int
	sites      int
	each       time.Duration // of load between kills, on average
	binary     string
	keep       bool
	log        io.Writer
}

// errFound is the end of a run that found something.
var errFound = errors.New("not everything holds")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "torture:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "lunpai-torture-")
	if err != nil {
		return err
	}
	defer func() {
		if o.keep && errors.Is(err, errFound) {
			fmt.Fprintln(o.log, "kept:", dir)
			return
		}
		err = errors.Join(err, os.RemoveAll(dir))
	}()
	if o.binary == "" {
		fmt.Fprintln(o.log, "building the service")
		if o.binary, err = load.Build(ctx, dir); err != nil {
			return err
		}
	}
	heading(stdout)
	sound := true
	for i, p := range o.plans() {
		r, err := o.try(ctx, p, filepath.Join(dir, fmt.Sprint(i)))
		if errors.Is(err, mongod.ErrNotFound) {
			fmt.Fprintf(o.log, "%s left out: %v\n", p.store, err)
			continue
		}
		if err != nil {
			return fmt.Errorf("%s, %s killed: %w", p.store, p.target, err)
		}
		r.print(stdout, o.log)
		sound = sound && r.of() == 0
	}
	if !sound {
		return errFound
	}
	return nil
}

func parse(args []string, stderr io.Writer) (*config, error) {
	o := &config{log: stderr}
	f := flag.NewFlagSet("torture", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.Usage = func() { fmt.Fprint(stderr, usage); f.PrintDefaults() }
	stores := f.String("store", "sqlite,mongo,mongo3",
		"`list` of stores: sqlite, mongo (one mongod), mongo3 (a set of three)")
	f.IntVar(&o.kills, "kills", 30, "`number` of kills of the service on each store")
	f.IntVar(&o.storeKills, "store-kills", 10,
		"`number` of kills of mongod, or of the primary of the set")
	f.IntVar(&o.clients, "clients", 16, "`number` of clients that send at once")
	f.IntVar(&o.sites, "sites", 5, "`number` of sites they visit")
	f.DurationVar(&o.each, "d", time.Second, "load between two kills, on average")
	f.StringVar(&o.binary, "binary", "", "`path` of the service; empty: it is built")
	f.BoolVar(&o.keep, "keep", false, "keep the stores and logs when something was found")
	quick := f.Bool("quick", false, "a smoke run: 3 kills of the service on SQLite")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	switch {
	case f.NArg() > 0:
		return nil, fmt.Errorf("unknown argument %q (try -h)", f.Arg(0))
	case o.clients < 1 || o.sites < 1 || o.kills < 0 || o.storeKills < 0 || o.each <= 0:
		return nil, errors.New("clients, sites and d are positive numbers, kills are not negative")
	}
	if *quick {
		*stores, o.kills, o.each = load.SQLite, 3, 500*time.Millisecond
	}
	o.stores = strings.Split(*stores, ",")
	for _, s := range o.stores {
		if !slices.Contains([]string{load.SQLite, load.Mongo, load.Mongo3}, s) {
			return nil, fmt.Errorf("unknown store %q (try -h)", s)
		}
	}
	return o, nil
}

// plan is one trial: what is killed how often on which store.
type plan struct {
	store, target string
	kills         int
}

// What is killed.
const (
	theService = "service"
	theServer  = "mongod"
	thePrimary = "primary"
)

func (o *config) plans() []plan {
	var ps []plan
	for _, s := range o.stores {
		ps = append(ps, plan{s, theService, o.kills})
		switch s {
		case load.Mongo:
			ps = append(ps, plan{s, theServer, o.storeKills})
		case load.Mongo3:
			ps = append(ps, plan{s, thePrimary, o.storeKills})
		}
	}
	return slices.DeleteFunc(ps, func(p plan) bool { return p.kills == 0 })
}
