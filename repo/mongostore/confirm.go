package mongostore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/lunpai/lunpai/workflow"
)

// greeting is what the connected server says about itself.
type greeting struct {
	Set       string    `bson:"setName"`
	Me        string    `bson:"me"`
	Hosts     []string  `bson:"hosts"`
	Primary   bool      `bson:"isWritablePrimary"`
	Msg       string    `bson:"msg"`
	MaxWire   int       `bson:"maxWireVersion"`
	LocalTime time.Time `bson:"localTime"`
}

func (s *Store) greeting(ctx context.Context) (h greeting, err error) {
	err = s.journal.Database().RunCommand(ctx, bson.D{{Key: "hello", Value: 1}}).Decode(&h)
	return h, fail("hello", err)
}

// ErrDirect: the connection is tied to one member of a replica set. It would read there even while
// another member is the primary: an old rota, or a definite refusal of a command that was carried
// out. The error's text names the member and the remedy.
var ErrDirect = errors.New("directConnection=true at a member of a replica set")

// refusal is why a directly connected server cannot be used: it is, or may become, a member that is
// not the primary. The only member of a set is always the primary.
func (h greeting) refusal(direct bool) error {
	if !direct || h.Set == "" || h.Primary && len(h.Hosts) == 1 {
		return nil
	}
	return fmt.Errorf("%w: %s belongs to the replica set %s: leave out directConnection and name "+
		"the set's members, as in mongodb://%s/?replicaSet=%s",
		ErrDirect, h.Me, h.Set, strings.Join(h.Hosts, ","), h.Set)
}

// Clock is the primary's.
func (s *Store) Clock(ctx context.Context) (time.Time, error) {
	ctx, leave, err := s.begin(ctx, s.cfg.PointTimeout)
	if err != nil {
		return time.Time{}, err
	}
	defer leave()
	h, err := s.greeting(ctx)
	return h.LocalTime, err
}

// Confirm implements repo.Store by one linearizable read: after reading, the server has a majority
// confirm that it is still the primary. A stand-alone server has no rival.
func (s *Store) Confirm(
	ctx context.Context, site workflow.SiteID, seq int64, ids []string,
) (bool, error) {
	if s.alone {
		return true, nil
	}
	ctx, leave, err := s.beginAt(ctx, site, s.cfg.PointTimeout)
	if err != nil {
		return false, err
	}
	defer leave()
	of := bson.E{Key: pathSite, Value: string(site)}
	held := bson.D{of, {Key: pathEntries, Value: bson.D{{Key: "$in", Value: ids}}}}
	later := bson.D{of, between(site, seq+1, maxSeq)}
	o := options.FindOne().SetProjection(keys(pathID))
	_, err = s.certain.FindOne(ctx, bson.D{{Key: "$or", Value: bson.A{held, later}}}, o).Raw()
	switch {
	case errors.Is(err, mongo.ErrNoDocuments):
		return true, nil
	case err != nil:
		return false, fail(fmt.Sprintf("confirm that %s ends at %d", site, seq), err)
	}
	return false, nil
}
