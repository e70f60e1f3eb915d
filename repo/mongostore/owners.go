package mongostore

import (
	"context"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

var _ repo.LeaseKeeper = (*Store)(nil)

// owner is a lease as it is stored.
type owner struct {
	Site  string    `bson:"_id"`
	Who   string    `bson:"who"`
	Addr  string    `bson:"addr"`
	Term  int64     `bson:"term"`
	Until time.Time `bson:"until"`
}

func (o *owner) lease() repo.Lease { return repo.Lease{Who: o.Who, Addr: o.Addr, Term: o.Term} }

// Names in aggregations.
const (
	storeNow = "$$NOW"
	pathWho  = "who"
)

// inForce matches leases that have not run out, by the server's clock.
var inForce = bson.E{Key: "$expr", Value: bson.D{
	{Key: "$gt", Value: bson.A{"$until", storeNow}},
}}

// from now on, by the server's clock.
func fromNow(d time.Duration) bson.D {
	return bson.D{{Key: "$add", Value: bson.A{storeNow, d.Milliseconds()}}}
}

func literal(s string) bson.D { return bson.D{{Key: "$literal", Value: s}} }

// Instance implements repo.LeaseKeeper.
func (s *Store) Instance() string { return s.instance }

// Claim implements repo.LeaseKeeper by one guarded upsert: the server decides whether the lease is
// free, and nothing is written when it is not.
func (s *Store) Claim(
	ctx context.Context, site workflow.SiteID, addr string, d time.Duration,
) (repo.Lease, error) {
	ctx, leave, err := s.beginAt(ctx, site, s.cfg.PointTimeout)
	if err != nil {
		return repo.Lease{}, err
	}
	defer leave()
	mine := bson.D{{Key: "$eq", Value: bson.A{"$who", literal(s.instance)}}}
	over := bson.D{{Key: "$lte", Value: bson.A{
		bson.D{{Key: "$ifNull", Value: bson.A{"$until", time.UnixMilli(0)}}}, storeNow,
	}}}
	unless := func(test, then, otherwise any) bson.D {
		return bson.D{{Key: "$cond", Value: bson.A{test, then, otherwise}}}
	}
	terms := bson.D{{Key: "$ifNull", Value: bson.A{"$term", int64(0)}}}
	next := bson.D{{Key: "$add", Value: bson.A{terms, int64(1)}}}
	free := bson.D{{Key: "$or", Value: bson.A{mine, over}}}
	change := mongo.Pipeline{{{Key: "$set", Value: bson.D{
		{Key: "term", Value: unless(mine, terms, unless(over, next, terms))},
		{Key: pathWho, Value: unless(free, literal(s.instance), "$who")},
		{Key: "addr", Value: unless(free, literal(addr), "$addr")},
		{Key: "until", Value: unless(free, fromNow(d), "$until")},
	}}}}
	o := options.FindOneAndUpdate().SetUpsert(true).SetReturnDocument(options.After)
	filter := bson.D{{Key: pathID, Value: string(site)}}
	for again := true; ; again = false {
		var now owner
		err := s.owners.FindOneAndUpdate(ctx, filter, change, o).Decode(&now)
		if doubled(err) && again { // two instances made it at once
			continue
		}
		return now.lease(), fail("claim a site", err)
	}
}

func ofSites(sites []workflow.SiteID) bson.E {
	ids := make(bson.A, len(sites))
	for i, site := range sites {
		ids[i] = string(site)
	}
	return bson.E{Key: pathID, Value: bson.D{{Key: "$in", Value: ids}}}
}

// Renew implements repo.LeaseKeeper. A lease that ran out and that nobody took is prolonged too.
func (s *Store) Renew(
	ctx context.Context, sites []workflow.SiteID, d time.Duration,
) ([]workflow.SiteID, error) {
	done, err := s.setUntil(ctx, sites, fromNow(d))
	if err != nil || done == int64(len(sites)) {
		return sites, err
	}
	leases, err := s.Leases(ctx, sites)
	var kept []workflow.SiteID
	for site, l := range leases {
		if l.Who == s.instance {
			kept = append(kept, site)
		}
	}
	return kept, err
}

// Release implements repo.LeaseKeeper.
func (s *Store) Release(ctx context.Context, sites []workflow.SiteID) error {
	_, err := s.setUntil(ctx, sites, storeNow)
	return err
}

// setUntil changes when the leases that this instance has run out, and counts them.
func (s *Store) setUntil(
	ctx context.Context, sites []workflow.SiteID, until any,
) (int64, error) {
	ctx, leave, err := s.begin(ctx, s.cfg.PointTimeout)
	if err != nil {
		return 0, err
	}
	defer leave()
	set := mongo.Pipeline{{{Key: "$set", Value: bson.D{{Key: "until", Value: until}}}}}
	mine := bson.D{ofSites(sites), {Key: pathWho, Value: s.instance}}
	done, err := s.owners.UpdateMany(ctx, mine, set)
	if err != nil {
		return 0, fail("renew leases", err)
	}
	return done.MatchedCount, nil
}

// Leases implements repo.LeaseKeeper.
func (s *Store) Leases(
	ctx context.Context, sites []workflow.SiteID,
) (map[workflow.SiteID]repo.Lease, error) {
	ctx, leave, err := s.begin(ctx, s.cfg.PointTimeout)
	if err != nil {
		return nil, err
	}
	defer leave()
	return s.leases(ctx, sites)
}

// leases reads leases without counting as a call.
func (s *Store) leases(
	ctx context.Context, sites []workflow.SiteID,
) (map[workflow.SiteID]repo.Lease, error) {
	cursor, err := s.owners.Find(ctx, bson.D{ofSites(sites), inForce})
	if err != nil {
		return nil, fail("leases", err)
	}
	var found []owner
	if err := cursor.All(ctx, &found); err != nil {
		return nil, fail("leases", err)
	}
	out := make(map[workflow.SiteID]repo.Lease, len(found))
	for _, o := range found {
		out[workflow.SiteID(o.Site)] = o.lease()
	}
	return out, nil
}
