// Package mongostore keeps sites in MongoDB: one node, a replica set, or (by design, untested) a
// cluster sharded by site.
//
// The journal is one collection of pages whose _id makes an append a compare-and-set. Documents are
// written behind it: see projector. Nothing needs a transaction.
package mongostore

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

var _ repo.Store = (*Store)(nil)

// parallel is how many appends keep a server busy: one is being decided, one is on the wire, one
// waits for the disk.
const parallel = 3

// Store is a repo.Store in a MongoDB database. It is safe for use by many goroutines, and many
// stores, in one process or several, may use one database.
type Store struct {
	cfg    Config
	log    *slog.Logger
	client *mongo.Client

	journal *mongo.Collection
	certain *mongo.Collection // the journal, read linearizably
	marks   *mongo.Collection
	owners  *mongo.Collection // see Claim: hints, which may be lost
	images  map[workflow.Collection]*mongo.Collection
	sides   map[repo.SideCollection]*mongo.Collection

	cleared   atomic.Uint64
	direct    bool // the connection string ties it to one server
	alone     bool // a stand-alone server: see harden
	hardened  hardened
	instance  string // see Instance
	indexes   verdict
	projector *projector

	stop context.CancelFunc // ends life
	// of the store's own goroutines, and of calls under way when it closes; never a caller's
	life context.Context
	work sync.WaitGroup // the store's own goroutines

	mu     sync.RWMutex
	closed bool
	calls  sync.WaitGroup
}

// Open connects, creates what is missing in the database and starts to bring documents up to their
// journals. It fails when no server answers. With a missing unique index it opens, but every append
// is refused (ErrIndexes).
func Open(ctx context.Context, cfg Config) (_ *Store, err error) {
	cfg = cfg.withDefaults()
	name, err := database(cfg.URI)
	if err != nil {
		return nil, err
	}
	s := &Store{cfg: cfg, log: cfg.Log, instance: bson.NewObjectID().Hex()}
	o := cfg.clientOptions(func() { s.cleared.Add(1) })
	if err := o.Validate(); err != nil {
		return nil, malformed(err)
	}
	s.direct = o.Direct != nil && *o.Direct
	if s.client, err = mongo.Connect(o); err != nil {
		return nil, fail("connect", err)
	}
	s.life, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	defer func() {
		if err != nil {
			_ = s.disconnect()
		}
	}()
	s.name(s.client.Database(name))
	if err := s.greet(ctx, o); err != nil {
		return nil, err
	}
	if err := s.prepare(ctx); err != nil {
		return nil, err
	}
	s.projector = newProjector(s)
	s.projector.start()
	s.work.Go(s.keepVerifying)
	return s, nil
}

// name makes the handles of the collections.
func (s *Store) name(db *mongo.Database) {
	s.journal, s.marks = db.Collection("journal"), db.Collection("marks")
	s.certain = db.Collection("journal",
		options.Collection().SetReadConcern(readconcern.Linearizable()))
	s.owners = db.Collection("owners", options.Collection().
		SetReadConcern(readconcern.Local()).SetWriteConcern(writeconcern.W1()))
	s.images = make(map[workflow.Collection]*mongo.Collection)
	for _, c := range workflow.Collections {
		s.images[c] = db.Collection(string(c))
	}
	s.sides = make(map[repo.SideCollection]*mongo.Collection)
	for _, c := range repo.SideCollections {
		s.sides[c] = db.Collection(string(c))
	}
}

// greet checks that a server answers, and logs the settings in force.
func (s *Store) greet(ctx context.Context, o *options.ClientOptions) error {
	asked, cancel := context.WithTimeout(ctx, clientTimeout)
	defer cancel()
	if err := s.client.Ping(asked, nil); err != nil {
		return unreachable(ctx, o, err)
	}
	hello, err := s.greeting(asked)
	if err != nil {
		return err
	}
	if err := hello.refusal(s.direct); err != nil {
		return err
	}
	// both questions above are answered without a login
	err = s.marks.FindOne(asked, bson.D{{Key: "_id", Value: ""}}).Err()
	if refused := credentials(o, err); refused != nil {
		return refused
	}
	s.alone = hello.Set == "" && hello.Msg != "isdbgrid"
	s.log.Info("mongodb opened",
		"database", s.journal.Database().Name(), "replica_set", hello.Set, "stand_alone", s.alone,
		"wire_version", hello.MaxWire,
		"write_concern", "majority", "journaled", true, "read_concern", "majority",
		"read_preference", "primary",
		"timeout", clientTimeout, "append_timeout", s.cfg.AppendTimeout,
		"point_timeout", s.cfg.PointTimeout, "document_timeout", s.cfg.DocumentTimeout,
		"report_timeout", s.cfg.ReportTimeout, "server_selection_timeout", selectionTimeout,
		"pool", poolSize, "validation", s.cfg.Validation)
	return nil
}

// beginAt is begin for a call about one site.
func (s *Store) beginAt(
	ctx context.Context, site workflow.SiteID, d time.Duration,
) (_ context.Context, leave func(), _ error) {
	if err := repo.NeedSite(site); err != nil {
		return nil, nil, err
	}
	return s.begin(ctx, d)
}

// begin counts a call and limits its time; leave ends it.
func (s *Store) begin(
	ctx context.Context, d time.Duration,
) (_ context.Context, leave func(), _ error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return nil, nil, repo.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	s.calls.Add(1)
	ctx, cancel := context.WithTimeout(ctx, d)
	detach := context.AfterFunc(s.life, cancel)
	return ctx, func() {
		detach()
		cancel()
		s.calls.Done()
	}, nil
}

// Ping tells whether a primary answers.
func (s *Store) Ping(ctx context.Context) error {
	ctx, leave, err := s.begin(ctx, s.cfg.PointTimeout)
	if err != nil {
		return err
	}
	defer leave()
	return fail("ping", s.client.Ping(ctx, nil))
}

// Parallel is 3.
func (s *Store) Parallel() int { return parallel }

var _ repo.PoolCounter = (*Store)(nil)

// Cleared implements repo.PoolCounter: after each cleared pool the newest pages may have been lost
// (a fail-over, a restore).
func (s *Store) Cleared() uint64 { return s.cleared.Load() }

// Close waits a little for calls under way and for documents to follow, then disconnects.
func (s *Store) Close() error {
	s.mu.Lock()
	again := s.closed
	s.closed = true
	s.mu.Unlock()
	if again {
		return nil
	}
	ctx, cancel := context.WithTimeout(s.life, closeTimeout)
	defer cancel()
	finished := make(chan struct{})
	go func() {
		s.calls.Wait()
		close(finished)
	}()
	select {
	case <-finished:
		s.projector.drain(ctx)
	case <-ctx.Done():
	}
	err := s.disconnect()
	<-finished // every call ends with life
	return err
}

func (s *Store) disconnect() error {
	s.stop()
	s.work.Wait()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.life), closeTimeout)
	defer cancel()
	if err := s.client.Disconnect(ctx); err != nil {
		return fmt.Errorf("close: %w", fail("disconnect", err))
	}
	return nil
}

// Trailing implements repo.Trailer.
func (s *Store) Trailing() (pages int, since time.Time) { return s.projector.waiting() }

var _ repo.Trailer = (*Store)(nil)
