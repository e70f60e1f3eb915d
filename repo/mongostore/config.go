package mongostore

import (
	"cmp"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/event"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"
)

const (
	defaultDatabase = "lunpai"

	clientTimeout    = 10 * time.Second
	selectionTimeout = 5 * time.Second
	poolSize         = 32

	// closeTimeout limits how long Close waits for calls under way, for documents to follow, and
	// for the driver, each.
	closeTimeout = 5 * time.Second
)

// Validation says what the server does with a document that violates its collection's schema.
type Validation string

// The validations.
const (
	ValidationWarn  Validation = "warn"  // logged by the server, written: the default
	ValidationError Validation = "error" // refused: for tests
	ValidationOff   Validation = "off"   // schemas are left as they are
)

// Config is how a store is opened. The zero value of every field but URI is usable.
type Config struct {
	// URI is a MongoDB connection string. The database is the one it names, or "lunpai". Its write
	// concern, read concern, read preference, timeouts and pool size are overridden.
	URI string
	// Log receives what operators must know; nil logs nothing.
	Log *slog.Logger

	AppendTimeout   time.Duration // of one append; 0: 5 s
	PointTimeout    time.Duration // of reading single records and pages; 0: 2 s
	DocumentTimeout time.Duration // of reading boards and lists and writing documents; 0: 10 s
	ReportTimeout   time.Duration // of each portion of a scan; 0: 30 s

	// MergeFor is how long pages gather before their documents are written, so that the images of
	// one record are merged; whoever waits for documents ends it. 0: 250 ms.
	MergeFor time.Duration

	RepairEvery time.Duration // how often sites are looked for whose documents trail; 0: 10 s
	VerifyEvery time.Duration // how often the unique indexes are verified; 0: 5 min

	Validation Validation // "": ValidationWarn
	// StrictAPI declares Stable API version 1, strict and with errors on deprecated commands: for
	// tests.
	StrictAPI bool

	// monitor sees every command: for this package's tests.
	monitor *event.CommandMonitor
}

func (c Config) withDefaults() Config {
	c.AppendTimeout = cmp.Or(c.AppendTimeout, 5*time.Second)
	c.PointTimeout = cmp.Or(c.PointTimeout, 2*time.Second)
	c.DocumentTimeout = cmp.Or(c.DocumentTimeout, 10*time.Second)
	c.ReportTimeout = cmp.Or(c.ReportTimeout, 30*time.Second)
	c.MergeFor = cmp.Or(c.MergeFor, 250*time.Millisecond)
	c.RepairEvery = cmp.Or(c.RepairEvery, 10*time.Second)
	c.VerifyEvery = cmp.Or(c.VerifyEvery, 5*time.Minute)
	c.Validation = cmp.Or(c.Validation, ValidationWarn)
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// durable is the write concern of every write: a majority of the members, each with the write in
// its journal. Without j a stand-alone server would acknowledge from memory.
func durable() *writeconcern.WriteConcern {
	wc := writeconcern.Majority()
	wc.Journal = new(true)
	return wc
}

// clientOptions applies the connection string first and then what the store depends on, so that no
// `?w=1` can weaken it.
func (c Config) clientOptions(cleared func()) *options.ClientOptions {
	o := options.Client().ApplyURI(c.URI).
		SetWriteConcern(durable()).
		SetReadConcern(readconcern.Majority()).
		SetReadPreference(readpref.Primary()).
		SetRetryWrites(true).
		SetRetryReads(true).
		SetTimeout(clientTimeout).
		SetServerSelectionTimeout(selectionTimeout).
		SetMaxPoolSize(poolSize).
		SetBSONOptions(&options.BSONOptions{NilSliceAsEmpty: true, NilMapAsEmpty: true}).
		SetPoolMonitor(&event.PoolMonitor{Event: func(e *event.PoolEvent) {
			if e.Type == event.ConnectionPoolCleared {
				cleared()
			}
		}})
	if c.monitor != nil {
		o.SetMonitor(c.monitor)
	}
	if c.StrictAPI {
		o.SetServerAPIOptions(
			options.ServerAPI(options.ServerAPIVersion1).SetStrict(true).SetDeprecationErrors(true))
	}
	return o
}

// database is the name of the database in a connection string: what is between the hosts and the
// options.
func database(uri string) (string, error) {
	_, rest, _ := strings.Cut(uri, "://")
	rest, _, _ = strings.Cut(rest, "?")
	_, name, _ := strings.Cut(rest, "/")
	name, err := url.PathUnescape(name)
	if err != nil {
		return "", fmt.Errorf("connection string: malformed database name")
	}
	return cmp.Or(name, defaultDatabase), nil
}
