package mongostore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/tools/mongod/mongotest"
	"github.com/lunpai/lunpai/workflow"
)

// TestConnectionStringCannotWeaken: what is sent is durable and majority-read, whatever the
// connection string says.
func TestConnectionStringCannotWeaken(t *testing.T) {
	db := testDatabase(t, mongotest.Standalone(t))
	cfg := db.config()
	cfg.URI += "&w=1&journal=false&readConcernLevel=local&readPreference=secondaryPreferred" +
		"&retryWrites=false&timeoutMS=1"
	var mu sync.Mutex
	seen := make(map[string]int)
	cfg.monitor = &event.CommandMonitor{Started: func(_ context.Context,
		e *event.CommandStartedEvent,
	) {
		mu.Lock()
		defer mu.Unlock()
		seen[e.CommandName]++
		switch e.CommandName {
		case "insert", "update", "delete":
			w, _ := e.Command.Lookup("writeConcern", "w").StringValueOK()
			if j, _ := e.Command.Lookup("writeConcern", "j").BooleanOK(); w != "majority" || !j {
				t.Errorf("%s with write concern %v", e.CommandName,
					e.Command.Lookup("writeConcern"))
			}
		case "find":
			if e.Command.Lookup("find").StringValue() == "owners" {
				return // a lease is a hint: who reads one too many or too few is only slower
			}
			if level, _ := e.Command.Lookup("readConcern",
				"level").StringValueOK(); level != "majority" {
				t.Errorf("find with read concern %v", e.Command.Lookup("readConcern"))
			}
		}
	}}
	var log journalLog
	cfg.Log = log.logger()
	s := open(t, cfg)
	a := &author{t: t, site: "a"}
	mustAppend(t, s, a.next())
	if _, err := s.Read(t.Context(), "a", 1,
		[]workflow.Ref{workflow.LiveRotaRef("a")}); err != nil {
		t.Fatal(err)
	}
	side := repo.Side{Collection: repo.Notes, ID: "n", Site: "a"}
	for _, write := range []error{
		s.Insert(t.Context(), side), s.Replace(t.Context(), side),
		s.Delete(t.Context(), repo.Notes, "n"),
	} {
		if write != nil {
			t.Fatal(write)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if seen["insert"] < 2 || seen["update"] < 3 || seen["delete"] < 1 || seen["find"] < 1 {
		t.Errorf("the test is blind: %v", seen)
	}
	if log.count("write_concern=majority journaled=true read_concern=majority") != 1 {
		t.Error("the effective values are not in the log")
	}
}

// TestWriteConcernErrorIsUnknown: the page was written, but nobody says that a majority has it.
func TestWriteConcernErrorIsUnknown(t *testing.T) {
	db := testDatabase(t, mongotest.Standalone(t))
	s := open(t, db.config())
	a := &author{t: t, site: "a"}
	mustAppend(t, s, a.next())
	heal := db.failWith(t, "alwaysOn",
		bson.D{commands("insert"), {Key: "writeConcernError", Value: bson.D{
			{Key: "code", Value: 64}, {Key: "errmsg", Value: "waiting for replication timed out"},
		}}})
	p := a.next()
	for range 2 { // the second time it meets itself, still without a majority
		if err := appendOne(t.Context(), s, p); !errors.Is(err, repo.ErrUnknown) {
			t.Errorf("want ErrUnknown, got %v", err)
		}
	}
	heal()
	mustAppend(t, s, p)
	if n := len(chainOf(t, s, "a")); n != 2 {
		t.Errorf("%d pages, want 2", n)
	}
}

// TestErrorsAreUnknown: no error of an insert means that nothing was written.
func TestErrorsAreUnknown(t *testing.T) {
	db := testDatabase(t, mongotest.Standalone(t))
	s := open(t, db.config())
	for name, data := range map[string]bson.D{
		"connection lost": {{Key: "closeConnection", Value: true}},
		"not primary":     {{Key: "errorCode", Value: 10107}},
		"shutting down":   {{Key: "errorCode", Value: 11600}},
		"out of disk":     {{Key: "errorCode", Value: 14031}},
	} {
		t.Run(name, func(t *testing.T) {
			heal := db.failWith(t, "alwaysOn", append(bson.D{commands("insert")}, data...))
			a := &author{t: t, site: workflow.SiteID(name)}
			p := a.next()
			if err := appendOne(t.Context(), s, p); !errors.Is(err, repo.ErrUnknown) ||
				errors.Is(err, repo.ErrClosed) {
				t.Errorf("want ErrUnknown, got %v", err)
			}
			heal()
			if err := persist(t.Context(), s, p); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestRereadFails: a duplicate key that cannot be judged is unknown.
func TestRereadFails(t *testing.T) {
	db := testDatabase(t, mongotest.Standalone(t))
	s := open(t, db.config())
	a := &author{t: t, site: "a"}
	rival := a.draft("rival", "v")
	mustAppend(t, s, a.next())
	heal := db.failWith(t, "alwaysOn", bson.D{commands("find"), {Key: "errorCode", Value: 8}})
	if err := appendOne(t.Context(), s, rival); !errors.Is(err, repo.ErrUnknown) {
		t.Errorf("want ErrUnknown, got %v", err)
	}
	heal()
	if err := appendOne(t.Context(), s, rival); !errors.Is(err, repo.ErrSeqTaken) {
		t.Errorf("want ErrSeqTaken, got %v", err)
	}
}

// TestMissingIndexRefusesAppends: without the index appends are refused, and the error says what to
// do; with it they go on.
func TestMissingIndexRefusesAppends(t *testing.T) {
	db := testDatabase(t, mongotest.Standalone(t))
	cfg := db.config()
	cfg.VerifyEvery = 20 * time.Millisecond
	s := open(t, cfg)
	a := &author{t: t, site: "a"}
	mustAppend(t, s, a.next())
	journal := db.raw.Collection("journal")
	exact := keys(pathSite, pathEntries)
	for name, o := range map[string]*options.IndexOptionsBuilder{
		"missing": nil, "not unique": options.Index(),
		"sparse": options.Index().SetUnique(true).SetSparse(true),
		"partial": options.Index().SetUnique(true).SetPartialFilterExpression(bson.D{
			{Key: "first", Value: 1},
		}),
		"collated": options.Index().SetUnique(true).SetCollation(&options.Collation{
			Locale: "en", Strength: 1,
		}),
	} {
		t.Run(name, func(t *testing.T) {
			if err := journal.Indexes().DropOne(t.Context(), entriesIndex); err != nil {
				t.Fatal(err)
			}
			if o != nil {
				if _, err := journal.Indexes().CreateOne(t.Context(),
					mongo.IndexModel{Keys: exact, Options: o.SetName(entriesIndex)}); err != nil {
					t.Fatal(err)
				}
			}
			eventually(t, "the loss is noticed", func() bool { return s.indexes.refusal() != nil })
			err := appendOne(t.Context(), s, a.draft("x", "v"))
			if !errors.Is(err, ErrIndexes) || !errors.Is(err, repo.ErrUnknown) ||
				!strings.Contains(err.Error(), "createIndex") {
				t.Errorf("want ErrIndexes with the cure, got %v", err)
			}
			if o != nil {
				if err := journal.Indexes().DropOne(t.Context(), entriesIndex); err != nil {
					t.Fatal(err)
				}
			}
			good := mongo.IndexModel{
				Keys: exact, Options: options.Index().SetUnique(true).SetName(entriesIndex),
			}
			if _, err := journal.Indexes().CreateOne(t.Context(), good); err != nil {
				t.Fatal(err)
			}
			eventually(t, "the cure is noticed", func() bool { return s.indexes.refusal() == nil })
			mustAppend(t, s, a.next())
		})
	}
}

// TestOpenWithoutRightToCreate verifies only.
func TestOpenWithoutRightToCreate(t *testing.T) {
	db := testDatabase(t, mongotest.Standalone(t))
	db.failWith(t, "alwaysOn", bson.D{
		commands("createIndexes", "create", "collMod", "listCollections"), {
			Key: "errorCode", Value: codeUnauthorized,
		},
	})
	s := open(t, db.config())
	a := &author{t: t, site: "a"}
	p := a.next()
	if err := appendOne(t.Context(), s, p); !errors.Is(err, ErrIndexes) {
		t.Fatalf("want ErrIndexes, got %v", err)
	}
	// by any name
	index := mongo.IndexModel{
		Keys: keys(pathSite, pathEntries), Options: options.Index().SetUnique(true),
	}
	if _, err := db.raw.Collection("journal").Indexes().CreateOne(t.Context(), index); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, open(t, db.config()), p)
}

// TestNoPersonalData: the server's error texts quote keys and documents; none of that leaves the
// package.
func TestNoPersonalData(t *testing.T) {
	const canary = "CANARY-13800138000"
	db := testDatabase(t, mongotest.Standalone(t))
	var log journalLog
	cfg := db.config()
	cfg.Log = log.logger()
	cfg.RepairEvery = 50 * time.Millisecond
	s := open(t, cfg)
	ctx := t.Context()
	var errs []error
	a := &author{t: t, site: "a"}
	rival := a.draft(canary, workflow.VisitID(canary))
	mustAppend(t, s, a.advance(a.draft(canary, workflow.VisitID(canary))))
	a.prev, a.seq = "", 0
	rival.Hash = "other"
	errs = append(errs, appendOne(ctx, s, rival))
	side := repo.Side{
		Collection: repo.People, ID: canary, Site: "a", Lookup: canary,
		Body: []byte(`"` + canary + `"`),
	}
	errs = append(errs, s.Insert(ctx, side), s.Insert(ctx, side))
	other := side
	other.ID = "other"
	errs = append(errs, s.Replace(ctx, other))
	other.Body = []byte(`{"` + canary)
	errs = append(errs, s.Replace(ctx, other))
	// The server quotes the value that breaks a schema.
	strict := bson.D{
		{Key: "collMod", Value: "notes"}, {
			Key: "validator", Value: bson.D{{Key: "command", Value: "other"}},
		},
	}
	if err := db.raw.RunCommand(ctx, strict).Err(); err != nil {
		t.Fatal(err)
	}
	note := repo.Side{Collection: repo.Notes, ID: "n", Site: "a", Command: canary}
	errs = append(errs, s.Insert(ctx, note), s.Replace(ctx, note))
	heal := db.failWith(t, "alwaysOn", bson.D{
		commands("find", "update", "insert"), {Key: "errorCode", Value: 2},
	})
	_, err := s.Lookup(ctx, repo.People, "a", canary)
	_, listErr := s.List(ctx, repo.Query{
		Collection: workflow.Visits, Site: "a", Limit: 1, In: map[string][]string{
			"customer": {canary},
		},
	})
	_, findErr := s.Find(ctx, "a", canary)
	b := &author{t: t, site: "b"}
	errs = append(errs, err, listErr, findErr, s.Replace(ctx, side),
		appendOne(ctx, s, b.draft(canary, canary)))
	heal()
	broken := b.draft("broken", canary)
	// breaks the schema
	broken.Images[0].Doc = []byte(strings.Replace(string(broken.Images[0].Doc), `"state":"arrived"`,
		`"state":7`, 1))
	mustAppend(t, s, broken)
	_, err = s.Read(ctx, "b", 0, nil)
	errs = append(errs, err)
	drain(t, s)
	wrong := 0
	for _, err := range errs {
		if err == nil {
			continue
		}
		wrong++
		if strings.Contains(err.Error(), canary) ||
			strings.Contains(fmt.Sprintf("%+v", errors.Unwrap(err)), canary) {
			t.Errorf("personal data in an error: %v", err)
		}
	}
	if wrong < 11 {
		t.Errorf("the test is blind: %d errors of %v", wrong, errs)
	}
	if log.count("document validation") == 0 {
		t.Error("the test is blind: the broken document was not reported")
	}
	if log.count(canary) > 0 {
		t.Error("personal data in the log")
	}
}
