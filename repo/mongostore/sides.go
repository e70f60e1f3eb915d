package mongostore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/x/bsonx/bsoncore"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// side begins a call on a collection of side documents.
func (s *Store) side(
	ctx context.Context, c repo.SideCollection, d time.Duration,
) (*mongo.Collection, context.Context, func(), error) {
	docs := s.sides[c]
	if docs == nil {
		return nil, nil, nil, fmt.Errorf("no collection of side documents: %q", c)
	}
	ctx, leave, err := s.begin(ctx, d)
	return docs, ctx, leave, err
}

// encodeSide makes a side document as it is stored. An empty lookup is left out, so that it need
// not be unique.
func encodeSide(s repo.Side) (bson.Raw, error) {
	start, b := bsoncore.AppendDocumentStart(make([]byte, 0, 256+len(s.Body)))
	b = bsoncore.AppendStringElement(b, pathID, s.ID)
	b = bsoncore.AppendStringElement(b, pathSite, string(s.Site))
	if s.Lookup != "" {
		b = bsoncore.AppendStringElement(b, "lookup", s.Lookup)
	}
	b = bsoncore.AppendStringElement(b, "command", s.Command)
	b = bsoncore.AppendBooleanElement(b, "pending", s.Pending)
	b = bsoncore.AppendDateTimeElement(b, "at", s.At.UnixMilli())
	if len(s.Body) > 0 {
		var err error
		if b, err = appendElement(b, "body", s.Body); err != nil {
			return nil, fmt.Errorf("body of %s %s: %w", s.Collection, s.ID, err)
		}
	}
	return bson.Raw(end(b, start)), nil
}

func decodeSide(c repo.SideCollection, raw bson.Raw) (repo.Side, error) {
	s := repo.Side{Collection: c}
	err := each(bsoncore.Document(raw), func(key string, v bsoncore.Value) (err error) {
		ok := true
		switch key {
		case pathID:
			s.ID, ok = v.StringValueOK()
		case pathSite:
			var site string
			site, ok = v.StringValueOK()
			s.Site = workflow.SiteID(site)
		case "lookup":
			s.Lookup, ok = v.StringValueOK()
		case "command":
			s.Command, ok = v.StringValueOK()
		case "pending":
			s.Pending, ok = v.BooleanOK()
		case "at":
			var ms int64
			ms, ok = v.DateTimeOK()
			s.At = utc(ms)
		case "body":
			s.Body, err = appendJSONValue(nil, key, v)
		}
		if !ok {
			return fmt.Errorf("%w: field %q has the BSON type %s", repo.ErrCorrupt, key, v.Type)
		}
		return err
	})
	if err != nil {
		return repo.Side{}, fmt.Errorf("%s %s: %w", c, s.ID, err)
	}
	return s, nil
}

// Insert implements repo.Sides.
func (s *Store) Insert(ctx context.Context, d repo.Side) error {
	if err := d.NeedSite(); err != nil {
		return fmt.Errorf("insert in %s: %w", d.Collection, err)
	}
	docs, ctx, leave, err := s.side(ctx, d.Collection, s.cfg.AppendTimeout)
	if err != nil {
		return err
	}
	defer leave()
	raw, err := encodeSide(d)
	if err != nil {
		return err
	}
	_, err = docs.InsertOne(ctx, raw)
	if doubled(err) {
		return fmt.Errorf("insert in %s: %w", d.Collection, repo.ErrExists)
	}
	return fail("insert in "+string(d.Collection), err)
}

// doubled reports whether a durable write failed because of a duplicate key.
func doubled(err error) bool {
	var failed mongo.WriteException
	return errors.As(err, &failed) && failed.WriteConcernError == nil &&
		failed.HasErrorCode(codeDuplicateKey)
}

// Replace implements repo.Sides.
func (s *Store) Replace(ctx context.Context, d repo.Side) error {
	if err := d.NeedSite(); err != nil {
		return fmt.Errorf("replace in %s: %w", d.Collection, err)
	}
	docs, ctx, leave, err := s.side(ctx, d.Collection, s.cfg.AppendTimeout)
	if err != nil {
		return err
	}
	defer leave()
	raw, err := encodeSide(d)
	if err != nil {
		return err
	}
	// Two upserts of an id that does not exist can collide: the one that loses finds it the second
	// time.
	for range 2 {
		_, err = docs.ReplaceOne(ctx, bson.D{{Key: pathID, Value: d.ID}}, raw,
			options.Replace().SetUpsert(true))
		if !doubled(err) {
			return fail("replace in "+string(d.Collection), err)
		}
	}
	return fmt.Errorf("replace in %s: %w", d.Collection, repo.ErrExists)
}

// one reads a single side document.
func (s *Store) one(ctx context.Context, c repo.SideCollection, filter bson.D) (repo.Side, error) {
	docs, ctx, leave, err := s.side(ctx, c, s.cfg.PointTimeout)
	if err != nil {
		return repo.Side{}, err
	}
	defer leave()
	raw, err := docs.FindOne(ctx, filter).Raw()
	switch {
	case errors.Is(err, mongo.ErrNoDocuments):
		return repo.Side{}, fmt.Errorf("%s: %w", c, repo.ErrNotFound)
	case err != nil:
		return repo.Side{}, fail("read "+string(c), err)
	}
	return decodeSide(c, raw)
}

// Side implements repo.Sides.
func (s *Store) Side(ctx context.Context, c repo.SideCollection, id string) (repo.Side, error) {
	return s.one(ctx, c, bson.D{{Key: pathID, Value: id}})
}

// Lookup implements repo.Sides. Nothing is found by an empty lookup.
func (s *Store) Lookup(
	ctx context.Context, c repo.SideCollection, site workflow.SiteID, lookup string,
) (repo.Side, error) {
	if err := repo.NeedSite(site); err != nil {
		return repo.Side{}, fmt.Errorf("lookup in %s: %w", c, err)
	}
	return s.one(ctx, c, bson.D{
		{Key: pathSite, Value: string(site)}, {Key: "lookup", Value: lookup},
	})
}

// Sides implements repo.Sides.
func (s *Store) Sides(
	ctx context.Context, c repo.SideCollection, site workflow.SiteID, before time.Time,
) ([]repo.Side, error) {
	if err := repo.NeedSite(site); err != nil {
		return nil, fmt.Errorf("read %s: %w", c, err)
	}
	return s.listSides(ctx, c, bson.D{{Key: pathSite, Value: string(site)}}, before)
}

// SidesOfAllSites implements repo.Sides.
func (s *Store) SidesOfAllSites(
	ctx context.Context, c repo.SideCollection, before time.Time,
) ([]repo.Side, error) {
	return s.listSides(ctx, c, bson.D{}, before)
}

// listSides lists what filter matches, and only what is pending and older than before when that is
// not zero.
func (s *Store) listSides(
	ctx context.Context, c repo.SideCollection, filter bson.D, before time.Time,
) ([]repo.Side, error) {
	if !before.IsZero() {
		old := bson.D{{Key: "$lt", Value: bson.NewDateTimeFromTime(before)}}
		filter = append(filter, bson.E{Key: "pending", Value: true}, bson.E{Key: "at", Value: old})
	}
	return s.findSides(ctx, c, filter, pathID)
}

// findSides reads what filter matches, in the order of a field.
func (s *Store) findSides(
	ctx context.Context, c repo.SideCollection, filter bson.D, order string,
) ([]repo.Side, error) {
	docs, ctx, leave, err := s.side(ctx, c, s.cfg.ReportTimeout)
	if err != nil {
		return nil, err
	}
	defer leave()
	cursor, err := docs.Find(ctx, filter, options.Find().SetSort(keys(order)))
	if err != nil {
		return nil, fail("read "+string(c), err)
	}
	defer cursor.Close(context.WithoutCancel(ctx))
	var out []repo.Side
	for cursor.Next(ctx) {
		d, err := decodeSide(c, cursor.Current)
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, fail("read "+string(c), cursor.Err())
}

// Delete implements repo.Sides.
func (s *Store) Delete(ctx context.Context, c repo.SideCollection, id string) error {
	docs, ctx, leave, err := s.side(ctx, c, s.cfg.AppendTimeout)
	if err != nil {
		return err
	}
	defer leave()
	_, err = docs.DeleteOne(ctx, bson.D{{Key: pathID, Value: id}})
	return fail("delete in "+string(c), err)
}
