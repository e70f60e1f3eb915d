package mongostore

import (
	"context"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// indexWake is the index over the moments at which the service looks at records by itself, of all
// sites.
const indexWake = "wake"

func wakeIndex() mongo.IndexModel {
	return mongo.IndexModel{
		Keys:    keys(repo.WakePath, pathID),
		Options: only(repo.WakePath, bson.D{{Key: "$exists", Value: true}}).SetName(indexWake),
	}
}

// DueAll implements repo.Documents.
func (s *Store) DueAll(
	ctx context.Context, before time.Time, after repo.Waking, limit int,
) ([]repo.Document, error) {
	ctx, leave, err := s.begin(ctx, s.cfg.DocumentTimeout)
	if err != nil {
		return nil, err
	}
	defer leave()
	at := bson.D{{Key: "$exists", Value: true}, {Key: "$lte", Value: before}}
	filter := bson.D{}
	if after != (repo.Waking{}) {
		at = append(at, bson.E{Key: "$gte", Value: after.At})
		filter = bson.D{{Key: "$or", Value: bson.A{
			bson.D{{Key: repo.WakePath, Value: bson.D{{Key: "$gt", Value: after.At}}}},
			bson.D{behindID(after.ID)},
		}}}
	}
	filter = append(filter, bson.E{Key: repo.WakePath, Value: at})
	o := options.Find().SetSort(keys(repo.WakePath, pathID)).SetLimit(int64(limit))
	var due []placed
	for _, c := range workflow.Wakers {
		docs, err := hinted(indexWake, func(hint any) ([]repo.Document, error) {
			return s.find(ctx, c, filter, o.SetHint(hint))
		})
		if err != nil {
			return nil, err
		}
		for _, d := range docs {
			at, err := d.Waking()
			if err != nil {
				return nil, err
			}
			due = append(due, placed{d, at})
		}
	}
	slices.SortFunc(due, func(x, y placed) int { return x.at.Compare(y.at) })
	var docs []repo.Document
	for _, p := range due[:min(limit, len(due))] {
		docs = append(docs, p.Document)
	}
	return docs, nil
}

// placed is a document with its place.
type placed struct {
	repo.Document
	at repo.Waking
}
