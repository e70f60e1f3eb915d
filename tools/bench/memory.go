package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/lunpai/lunpai/tools/load"
)

const (
	memorySites   = 50
	memoryClients = 16
)

// measureMemory makes visits on fresh stores and reports how much memory and disk they take. It
// first builds the program from scratch, with an empty build cache.
func measureMemory(ctx context.Context, o *config, dir string, out io.Writer) error {
	if o.binary == "" {
		fmt.Fprintln(o.log, "building the service, with an empty build cache")
		start := time.Now()
		var err error
		if o.binary, err = load.Build(ctx, dir,
			"GOCACHE="+filepath.Join(dir, "gocache")); err != nil {
			return err
		}
		fmt.Fprintf(out, "- cold build (`CGO_ENABLED=0 go build -trimpath`, empty GOCACHE, "+
			"modules at hand): %.0f s\n", time.Since(start).Seconds())
	}
	info, err := os.Stat(o.binary)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "- program: %.1f MiB, with its symbols\n", mib(info.Size()))
	for i, kind := range o.stores {
		if err := o.memoryOf(ctx, kind, filepath.Join(dir, fmt.Sprint(i)), out); err != nil {
			return fmt.Errorf("%s: %w", kind, err)
		}
	}
	return nil
}

func (o *config) memoryOf(ctx context.Context, kind, dir string, out io.Writer) (err error) {
	store, err := load.StartStore(ctx, kind, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close(), os.RemoveAll(dir)) }()
	b := &bed{store: store}
	defer func() { err = errors.Join(err, b.stop()) }()
	if err := b.serve(ctx, o, 1); err != nil {
		return err
	}
	s := b.instances[0]
	idle, err := s.Usage()
	if err != nil {
		return err
	}
	empty, err := bytesStored(ctx, store)
	if err != nil {
		return err
	}
	r, err := b.drive(ctx, o)
	if err != nil {
		return err
	}
	full, err := s.Usage()
	if err != nil {
		return err
	}
	if err := b.stop(); err != nil { // the log is written back
		return err
	}
	stored, err := bytesStored(ctx, store)
	if err != nil {
		return err
	}
	n := len(r.visits)
	fmt.Fprintf(out, "- %s, %d visits by %d clients at %d sites in %.0f s (%d failed): "+
		"service %.0f MiB when idle, %.0f MiB after them (VmRSS), "+
		"%.0f MiB at most (VmHWM); %.0f bytes stored a visit, %.2f ms of its processor time\n",
		names[kind], n, memoryClients, memorySites, r.took.Seconds(), len(r.failed),
		mib(idle.Resident), mib(full.Resident), mib(full.Peak),
		float64(stored-empty)/float64(n), (full.CPU-idle.CPU).Seconds()*1000/float64(n))
	return nil
}

// drive founds the sites and makes the visits.
func (b *bed) drive(ctx context.Context, o *config) (*result, error) {
	k := load.NewClient(b.addrs(), "")
	defer k.Close()
	sites, err := load.Found(ctx, k, b.admin, "m", memorySites, 3)
	if err != nil {
		return nil, err
	}
	var made atomic.Int64
	p := pressure{
		addrs: b.addrs(), sites: sites, clients: memoryClients, visits: o.memory, prefix: "m",
		done: func() {
			if n := made.Add(1); n%5000 == 0 {
				fmt.Fprintf(o.log, "%s: %d of %d visits\n", b.store.Kind, n, o.memory)
			}
		},
	}
	return p.press(ctx)
}

func mib(n int64) float64 { return float64(n) / (1 << 20) }

// bytesStored is the size of the store: the SQLite file with its log, or storage and indexes of the
// MongoDB database.
func bytesStored(ctx context.Context, s *load.Store) (n int64, err error) {
	if s.Kind != load.SQLite {
		return mongoSize(ctx, s.URI("bench"))
	}
	files, err := filepath.Glob(filepath.Join(s.Dir, "bench.db*"))
	if err != nil {
		return 0, err
	}
	for _, f := range files {
		info, err := os.Stat(f)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return 0, err
		}
		n += info.Size()
	}
	return n, nil
}

func mongoSize(ctx context.Context, uri string) (_ int64, err error) {
	client, err := mongo.Connect(options.Client().ApplyURI(uri).SetTimeout(20 * time.Second))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, client.Disconnect(context.WithoutCancel(ctx))) }()
	// After a checkpoint the sizes on the disk are those of the data.
	if err := client.Database("admin").RunCommand(ctx,
		bson.D{{Key: "fsync", Value: 1}}).Err(); err != nil {
		return 0, err
	}
	var stats struct {
		TotalSize float64 `bson:"totalSize"`
	}
	err = client.Database("bench").RunCommand(ctx,
		bson.D{{Key: "dbStats", Value: 1}}).Decode(&stats)
	return int64(stats.TotalSize), err
}
