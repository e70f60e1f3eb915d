package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"
	"modernc.org/sqlite"

	"github.com/lunpai/lunpai/tools/load"
)

// rawInserts is how many durable single inserts per second the store itself can do: the limit for a
// program that writes one record per request and decides nothing. SQLite has one writer, whatever
// writers says.
func rawInserts(
	ctx context.Context, s *load.Store, writers, size int, d time.Duration,
) (float64, error) {
	record := strings.Repeat("x", size)
	if s.Kind == load.SQLite {
		return rawSQLite(ctx, filepath.Join(s.Dir, "raw.db"), record, d)
	}
	return rawMongo(ctx, s.URI("raw"), writers, record, d)
}

// rawSQLite commits one row a transaction, with the settings of the service's own writing
// connection.
func rawSQLite(ctx context.Context, path, record string, d time.Duration) (_ float64, err error) {
	if _, err := sqlite.Fdatasync(true); err != nil &&
		!errors.Is(err, sqlite.ErrFdatasyncUnavailable) {
		return 0, err
	}
	q := url.Values{"_pragma": {
		"journal_mode(wal)", "synchronous(2)", "wal_autocheckpoint(8000)",
		"cache_size(-32000)", "secure_delete(1)",
	}}
	db, err := sql.Open("sqlite", "file:"+path+"?"+q.Encode())
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	const table = `CREATE TABLE IF NOT EXISTS raw
		(key INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT`
	if _, err := db.ExecContext(ctx, table); err != nil {
		return 0, err
	}
	insert, err := db.PrepareContext(ctx, `INSERT INTO raw (body) VALUES (?)`)
	if err != nil {
		return 0, err
	}
	defer insert.Close()
	n, start := 0, time.Now()
	for ; time.Since(start) < d; n++ {
		if _, err := insert.ExecContext(ctx, record); err != nil {
			return 0, err
		}
	}
	return float64(n) / time.Since(start).Seconds(), nil
}

// rawMongo inserts documents with {w: "majority", j: true}, one per call.
func rawMongo(
	ctx context.Context, uri string, writers int, record string, d time.Duration,
) (_ float64, err error) {
	durable := writeconcern.Majority()
	durable.Journal = new(true)
	client, err := mongo.Connect(options.Client().ApplyURI(uri).
		SetWriteConcern(durable).SetTimeout(20 * time.Second))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, client.Disconnect(context.WithoutCancel(ctx))) }()
	c := client.Database("raw").Collection("raw")
	if _, err := c.InsertOne(ctx, bson.D{{Key: "body", Value: record}}); err != nil {
		return 0, err // makes the collection, outside the measured time
	}
	var n atomic.Int64
	errs := make([]error, writers)
	var wg sync.WaitGroup
	start := time.Now()
	for i := range writers {
		wg.Go(func() {
			for time.Since(start) < d && errs[i] == nil {
				_, errs[i] = c.InsertOne(ctx, bson.D{{Key: "body", Value: record}})
				n.Add(1)
			}
		})
	}
	wg.Wait()
	took := time.Since(start)
	if err := errors.Join(errs...); err != nil {
		return 0, fmt.Errorf("insert: %w", err)
	}
	return float64(n.Load()) / took.Seconds(), nil
}
