// Command bench measures lunpai: visits a second and how long they take, on every store, beside the
// store's own rate of durable inserts. The result is a table in Markdown on stdout; progress goes
// to stderr.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/lunpai/lunpai/tools/load"
	"github.com/lunpai/lunpai/tools/mongod"
)

const usage = `bench measures the service on this machine. One visit is five requests (create,
identify, assign, serve, register) over kept connections, each with its Idempotency-Key; client and
service share the machine.

Examples:
  go run ./tools/bench
      everything: about ten minutes. Below the row of one instance stands the textbook's (the
      server of tools/textbook), measured right after it; -textbook=false leaves it out
  go run ./tools/bench -quick
      SQLite, half a second a cell
  go run ./tools/bench -stores mongo3 -clients 64 -sites 50 -instances 2 -d 10s
  go run ./tools/bench -stores mongo -clients 16 -sites 50 -instances 1,2 -owners
      two instances that forward to each other, beside one, on the same mongod
  go run ./tools/bench -memory 100000
      memory, bytes a visit, build time and size of the program, on SQLite; with -stores on
      others too
  go run ./tools/bench -reports 1,10
      every report over so many years of a made-up office, on SQLite and on one mongod, through
      the API and as views: about eight minutes

Flags:
`

// config is what the command line says.
type config struct {
	stores    []string
	clients   []int
	sites     []int
	instances []int
	each      time.Duration // measured time of a cell
	warm      time.Duration
	record    int // bytes of a record inserted for comparison
	binary    string
	memory    int
	reports   []int // years
	hostile   bool
	textbook  bool
	foil      string // the textbook's program; "" when it is not measured
	owners    bool
	log       io.Writer
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "lunpai-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if o.memory > 0 {
		return measureMemory(ctx, o, dir, stdout)
	}
	if o.binary == "" {
		fmt.Fprintln(o.log, "building the service")
		if o.binary, err = load.Build(ctx, dir); err != nil {
			return err
		}
	}
	if o.textbook && !o.hostile && len(o.reports) == 0 {
		if o.foil, err = load.BuildTextbook(ctx, dir); err != nil {
			return err
		}
	}
	if o.hostile {
		return measureHostile(ctx, o, dir, stdout)
	}
	if len(o.reports) > 0 {
		return measureReports(ctx, o, dir, stdout)
	}
	fmt.Fprintf(stdout, "%s, %s/%s, %d processors, %s a cell, comparison records of %d bytes.\n\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), o.each, o.record)
	heading(stdout)
	for i, kind := range o.stores {
		err := measureStore(ctx, o, kind, fmt.Sprintf("%s/%d", dir, i), stdout)
		if errors.Is(err, mongod.ErrNotFound) {
			fmt.Fprintf(o.log, "%s left out: %v\n", kind, err)
			continue
		}
		if err != nil {
			return fmt.Errorf("%s: %w", kind, err)
		}
	}
	return nil
}

func parse(args []string, stderr io.Writer) (*config, error) {
	o := &config{log: stderr}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.Usage = func() { fmt.Fprint(stderr, usage); f.PrintDefaults() }
	stores := f.String("stores", "sqlite,mongo,mongo3",
		"`list` of stores: sqlite, mongo (one mongod), mongo3 (a set of three)")
	clients := f.String("clients", "1,16,64", "`list` of how many clients send at once")
	sites := f.String("sites", "50,1", "`list` of how many sites they visit")
	instances := f.String("instances", "1,2",
		"`list` of how many instances serve; more than one only on MongoDB and several sites")
	f.DurationVar(&o.each, "d", 5*time.Second, "how long a cell is measured")
	f.DurationVar(&o.warm, "warm", time.Second, "how long it runs before")
	f.IntVar(&o.record, "record", 2500,
		"`bytes` of the records inserted for comparison; the default is about a commit's")
	f.StringVar(&o.binary, "binary", "", "`path` of the service; empty: it is built")
	f.IntVar(&o.memory, "memory", 0,
		"drive this `number` of visits and report memory and bytes instead")
	reports := f.String("reports", "", "time every report over these `list` of years instead")
	f.BoolVar(&o.hostile, "hostile", false,
		"measure lists, the feed, and one hostile key instead; -d is the measured time of a phase")
	f.BoolVar(&o.textbook, "textbook", true,
		"measure the textbook's server beside one instance of the service")
	f.BoolVar(&o.owners, "owners", false,
		"instances on MongoDB own sites and forward requests to the owner (--advertise)")
	quick := f.Bool("quick", false, "a smoke run: SQLite, 4 clients, half a second a cell")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	if f.NArg() > 0 {
		return nil, fmt.Errorf("unknown argument %q (try -h)", f.Arg(0))
	}
	if *quick {
		*stores, *clients, *sites, *instances = load.SQLite, "4", "2", "1"
		o.each, o.warm = 500*time.Millisecond, 100*time.Millisecond
	}
	given := false
	f.Visit(func(f *flag.Flag) { given = given || f.Name == "stores" })
	if (o.memory > 0 || o.hostile) && !given {
		*stores = load.SQLite
	}
	if *reports != "" {
		var err error
		if o.reports, err = numbers(*reports); err != nil {
			return nil, err
		}
		if !given {
			*stores = load.SQLite + "," + load.Mongo
		}
	}
	o.stores = strings.Split(*stores, ",")
	for _, s := range o.stores {
		if !slices.Contains([]string{load.SQLite, load.Mongo, load.Mongo3}, s) {
			return nil, fmt.Errorf("unknown store %q (try -h)", s)
		}
	}
	var errs [3]error
	o.clients, errs[0] = numbers(*clients)
	o.sites, errs[1] = numbers(*sites)
	o.instances, errs[2] = numbers(*instances)
	return o, errors.Join(errs[:]...)
}

func numbers(list string) ([]int, error) {
	var out []int
	for _, s := range strings.Split(list, ",") {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("%q is not a list of positive numbers", list)
		}
		out = append(out, n)
	}
	return out, nil
}
