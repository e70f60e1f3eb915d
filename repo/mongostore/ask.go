package mongostore

import (
	"context"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// indexOf names the index by which the closed documents of somebody are found by a moment.
func indexOf(m repo.Moment) string { return "site_" + string(m.By) }

// momentIndex is that index. Only documents that have the moment stand in it.
func momentIndex(m repo.Moment) mongo.IndexModel {
	return mongo.IndexModel{
		Keys: keys(pathSite, m.Whose, m.At, pathID),
		Options: options.Index().SetName(indexOf(m)).SetPartialFilterExpression(bson.D{
			{Key: "open", Value: false}, {Key: m.At, Value: bson.D{{Key: "$exists", Value: true}}},
		}),
	}
}

// Asked implements repo.Documents.
func (s *Store) Asked(
	ctx context.Context, site workflow.SiteID, seq int64, ask workflow.Ask, limit int,
) ([]repo.Document, error) {
	m, err := repo.NeedMoment(ask, limit)
	if err != nil {
		return nil, err
	}
	ctx, leave, err := s.beginAt(ctx, site, s.cfg.DocumentTimeout)
	if err != nil {
		return nil, err
	}
	defer leave()
	if err := s.projector.ensure(ctx, site, seq); err != nil {
		return nil, err
	}
	whose := slices.Compact(slices.Sorted(slices.Values(ask.Whose)))
	filter := bson.D{
		{Key: pathSite, Value: string(site)},
		{Key: "open", Value: false},
		{Key: m.Whose, Value: bson.D{{Key: "$in", Value: whose}}},
	}
	var at bson.D
	if !ask.From.IsZero() {
		at = append(at, bson.E{Key: "$gte", Value: ask.From})
	}
	if !ask.To.IsZero() {
		at = append(at, bson.E{Key: "$lt", Value: ask.To})
	}
	at = append(at, bson.E{Key: "$exists", Value: true}) // as the index has it
	filter = append(filter, bson.E{Key: m.At, Value: at})
	if ask.Status != nil {
		filter = append(filter,
			bson.E{Key: "status", Value: bson.D{{Key: "$in", Value: ask.Status}}})
	}
	o := options.Find().SetSort(keys(m.At, pathID)).SetLimit(int64(limit))
	return hinted(indexOf(m), func(hint any) ([]repo.Document, error) {
		return s.find(ctx, ask.Collection, filter, o.SetHint(hint))
	})
}
