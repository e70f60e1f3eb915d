package mongostore

import (
	"context"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// asRead is a filter that finds a side document only if it is still as it was read.
func asRead(read repo.Side) (bson.D, error) {
	raw, err := encodeSide(read)
	if err != nil {
		return nil, err
	}
	elements, err := raw.Elements()
	if err != nil {
		return nil, fmt.Errorf("filter of %s %s: %w", read.Collection, read.ID, err)
	}
	filter := make(bson.D, 0, len(elements)+1)
	for _, e := range elements {
		filter = append(filter, bson.E{Key: e.Key(), Value: bson.D{{Key: "$eq", Value: e.Value()}}})
	}
	if read.Lookup == "" {
		filter = append(filter, bson.E{
			Key: "lookup", Value: bson.D{{Key: "$exists", Value: false}},
		})
	}
	return filter, nil
}

// ReplaceIf implements repo.SideChanges.
func (s *Store) ReplaceIf(ctx context.Context, read, now repo.Side) error {
	if err := now.NeedSite(); err != nil {
		return fmt.Errorf("replace in %s: %w", now.Collection, err)
	}
	docs, ctx, leave, err := s.side(ctx, read.Collection, s.cfg.AppendTimeout)
	if err != nil {
		return err
	}
	defer leave()
	filter, err := asRead(read)
	if err != nil {
		return err
	}
	raw, err := encodeSide(now)
	if err != nil {
		return err
	}
	done, err := docs.ReplaceOne(ctx, filter, raw)
	switch {
	case doubled(err):
		err = repo.ErrExists
	case err == nil && done.MatchedCount == 0:
		err = repo.ErrChanged
	default:
		return fail("replace in "+string(read.Collection), err)
	}
	return fmt.Errorf("replace in %s: %w", read.Collection, err)
}

// DeleteIf implements repo.SideChanges.
func (s *Store) DeleteIf(ctx context.Context, read repo.Side) error {
	docs, ctx, leave, err := s.side(ctx, read.Collection, s.cfg.AppendTimeout)
	if err != nil {
		return err
	}
	defer leave()
	filter, err := asRead(read)
	if err != nil {
		return err
	}
	done, err := docs.DeleteOne(ctx, filter)
	if err == nil && done.DeletedCount == 0 {
		return fmt.Errorf("delete in %s: %w", read.Collection, repo.ErrChanged)
	}
	return fail("delete in "+string(read.Collection), err)
}

// Under implements repo.SideChanges.
func (s *Store) Under(
	ctx context.Context, c repo.SideCollection, site workflow.SiteID, prefix string,
) ([]repo.Side, error) {
	if err := repo.NeedSite(site); err != nil {
		return nil, fmt.Errorf("read %s: %w", c, err)
	}
	stretch := bson.D{{Key: "$gte", Value: prefix}, {Key: "$lt", Value: repo.PrefixEnd(prefix)}}
	filter := bson.D{{Key: pathSite, Value: string(site)}, {Key: "lookup", Value: stretch}}
	return s.findSides(ctx, c, filter, "lookup")
}
