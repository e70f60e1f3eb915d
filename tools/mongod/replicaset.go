package mongod

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
)

const (
	setName = "rs0"

	// A primary that dies is replaced in about two seconds instead of MongoDB's ten.
	electionTimeoutMillis   = 2000
	heartbeatIntervalMillis = 500
)

// ReplicaSet is a set of servers that was initiated together.
type ReplicaSet struct {
	Members []*Server // in the order of their member ids; fixed after the start
}

// StartReplicaSet runs n servers in sub-folders of dir as one replica set with quick elections, and
// returns when one is primary and the others follow it. What Start says of ctx holds here too.
func StartReplicaSet(ctx context.Context, n int, dir string) (_ *ReplicaSet, err error) {
	if n < 1 {
		return nil, fmt.Errorf("mongod: a replica set of %d members", n)
	}
	ctx, cancel := bounded(ctx)
	defer cancel()
	r := &ReplicaSet{Members: make([]*Server, n)}
	defer func() {
		if err != nil {
			_ = r.Kill()
		}
	}()
	err = r.each(func(i int, _ *Server) error {
		member, err := Start(ctx,
			Config{Dir: filepath.Join(dir, fmt.Sprintf("node%d", i)), ReplSet: setName})
		if err == nil {
			r.Members[i] = member
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := r.initiate(ctx); err != nil {
		return nil, err
	}
	if err := r.Healthy(ctx); err != nil {
		return nil, err
	}
	return r, nil
}

func (r *ReplicaSet) initiate(ctx context.Context) error {
	members := bson.A{}
	for i, member := range r.Members {
		members = append(members,
			bson.D{{Key: "_id", Value: i}, {Key: "host", Value: member.Addr()}})
	}
	config := bson.D{
		{Key: "_id", Value: setName},
		{Key: "members", Value: members},
		{Key: "settings", Value: bson.D{
			{Key: "electionTimeoutMillis", Value: electionTimeoutMillis},
			{Key: "heartbeatIntervalMillis", Value: heartbeatIntervalMillis},
		}},
	}
	client, err := r.Members[0].connect()
	if err != nil {
		return err
	}
	defer disconnect(client)
	// The members contact each other before they accept the configuration, which takes longer than
	// the client's own time limit.
	initiateCtx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	err = client.Database("admin").RunCommand(initiateCtx,
		bson.D{{Key: "replSetInitiate", Value: config}}).Err()
	if err != nil {
		return fmt.Errorf("mongod: initiate replica set: %w\n%s", err, r.Members[0].logTail())
	}
	return nil
}

// URI is the connection string of the whole set.
func (r *ReplicaSet) URI() string {
	addrs := make([]string, len(r.Members))
	for i, member := range r.Members {
		addrs[i] = member.Addr()
	}
	return "mongodb://" + strings.Join(addrs, ",") + "/?replicaSet=" + setName
}

// hello is what is read of a member's answer to the command of that name.
type hello struct {
	Primary    bool          `bson:"isWritablePrimary"`
	Secondary  bool          `bson:"secondary"`
	ElectionID bson.ObjectID `bson:"electionId"` // grows with every election
}

// poll asks every member who it is, again and again, until done says so. A member that is down or
// does not answer within a second counts as neither primary nor secondary.
func (r *ReplicaSet) poll(ctx context.Context, wanted string, done func([]hello) bool) error {
	ctx, cancel := bounded(ctx)
	defer cancel()
	ask := make([]func() hello, len(r.Members))
	for i, member := range r.Members {
		client, err := member.connect()
		if err != nil {
			return err
		}
		defer disconnect(client)
		ask[i] = func() hello {
			var answer hello
			if !member.Running() {
				return answer
			}
			ctx, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			if err := runCommand(ctx, client, "hello", &answer); err != nil {
				return hello{}
			}
			return answer
		}
	}
	for {
		answers := make([]hello, len(r.Members))
		_ = r.each(func(i int, _ *Server) error { answers[i] = ask[i](); return nil })
		if done(answers) {
			return nil
		}
		if err := sleep(ctx, 50*time.Millisecond); err != nil {
			return fmt.Errorf("mongod: wait for %s: %w\n%s", wanted, err, r.Members[0].logTail())
		}
	}
}

// Primary waits until a running member is primary and returns it. Just after a kill or a pause two
// members may claim to be: the one elected last is returned.
func (r *ReplicaSet) Primary(ctx context.Context) (*Server, error) {
	var primary *Server
	err := r.poll(ctx, "a primary", func(answers []hello) bool {
		var latest bson.ObjectID
		for i, answer := range answers {
			if answer.Primary && (primary == nil ||
				bytes.Compare(answer.ElectionID[:], latest[:]) > 0) {
				primary, latest = r.Members[i], answer.ElectionID
			}
		}
		return primary != nil
	})
	return primary, err
}

// Healthy waits until one member is primary and all others are secondaries.
func (r *ReplicaSet) Healthy(ctx context.Context) error {
	return r.poll(ctx, "one primary, all others secondary", func(answers []hello) bool {
		primaries, secondaries := 0, 0
		for _, answer := range answers {
			if answer.Primary {
				primaries++
			}
			if answer.Secondary {
				secondaries++
			}
		}
		return primaries == 1 && primaries+secondaries == len(answers)
	})
}

// Heal resumes paused members, restarts those that are down, and waits until the set is healthy.
func (r *ReplicaSet) Heal(ctx context.Context) error {
	ctx, cancel := bounded(ctx)
	defer cancel()
	err := r.each(func(_ int, member *Server) error {
		if member.Running() {
			if err := member.Resume(); err != nil && !errors.Is(err, errors.ErrUnsupported) {
				return err
			}
			return nil
		}
		return member.Restart(ctx)
	})
	if err != nil {
		return err
	}
	return r.Healthy(ctx)
}

// Kill ends all members at once with SIGKILL.
func (r *ReplicaSet) Kill() error {
	return r.each(func(_ int, member *Server) error {
		if member == nil { // a start that failed half-way
			return nil
		}
		return member.Kill()
	})
}

// Stop shuts all members down.
func (r *ReplicaSet) Stop() error {
	return r.each(func(_ int, member *Server) error { return member.Stop() })
}

// Restart runs all members again on their data and ports and waits until the set is healthy.
func (r *ReplicaSet) Restart(ctx context.Context) error {
	ctx, cancel := bounded(ctx)
	defer cancel()
	if err := r.each(func(_ int, member *Server) error { return member.Restart(ctx) }); err != nil {
		return err
	}
	return r.Healthy(ctx)
}

// each calls f for every member at the same time.
func (r *ReplicaSet) each(f func(int, *Server) error) error {
	errs := make([]error, len(r.Members))
	var wg sync.WaitGroup
	for i, member := range r.Members {
		wg.Go(func() { errs[i] = f(i, member) })
	}
	wg.Wait()
	return errors.Join(errs...)
}
