package mongostore

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// scanBatch is how many documents of a scan are in memory at a time.
const scanBatch = 500

// find reads documents of one collection.
func (s *Store) find(
	ctx context.Context, c workflow.Collection, filter any, o *options.FindOptionsBuilder,
) ([]repo.Document, error) {
	images := s.images[c]
	if images == nil {
		return nil, fmt.Errorf("no collection of records: %q", c)
	}
	cursor, err := images.Find(ctx, filter, o)
	return documents(ctx, c, cursor, err)
}

// documents reads a cursor to its end.
func documents(
	ctx context.Context, c workflow.Collection, cursor *mongo.Cursor, err error,
) ([]repo.Document, error) {
	if err != nil {
		return nil, fail("read "+string(c), err)
	}
	defer cursor.Close(context.WithoutCancel(ctx))
	var out []repo.Document
	for cursor.Next(ctx) {
		d, err := document(c, cursor.Current)
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, fail("read "+string(c), cursor.Err())
}

// boardFilter matches the documents of one collection that a site's board needs.
func boardFilter(c workflow.Collection, site workflow.SiteID) bson.D {
	of := bson.E{Key: pathSite, Value: string(site)}
	open := bson.D{of, {Key: "open", Value: true}}
	if c == workflow.Sites || c == workflow.StaffList {
		return bson.D{of}
	}
	if c == workflow.Rotas {
		live := bson.D{{Key: pathID, Value: workflow.LiveRotaRef(site).ID}, of}
		return bson.D{{Key: "$or", Value: bson.A{live, open}}}
	}
	return open
}

// Load implements repo.Documents.
func (s *Store) Load(ctx context.Context, site workflow.SiteID) ([]repo.Document, int64, error) {
	ctx, leave, err := s.beginAt(ctx, site, s.cfg.DocumentTimeout)
	if err != nil {
		return nil, 0, err
	}
	defer leave()
	// before the documents: they may be newer than the mark, never older
	marks, err := s.markOf(ctx, []workflow.SiteID{site})
	if err != nil {
		return nil, 0, err
	}
	reads := make([]read, len(workflow.Collections))
	for i, c := range workflow.Collections {
		reads[i] = read{c, boardFilter(c, site)}
	}
	docs, err := s.findAll(ctx, reads)
	return docs, marks[site], err
}

// read is one query of several.
type read struct {
	collection workflow.Collection
	filter     bson.D
}

// findAll reads from several collections at once, and returns the documents in the order of the
// reads.
func (s *Store) findAll(ctx context.Context, reads []read) ([]repo.Document, error) {
	docs, errs := make([][]repo.Document, len(reads)), make([]error, len(reads))
	var wg sync.WaitGroup
	for i, r := range reads {
		wg.Go(func() { docs[i], errs[i] = s.find(ctx, r.collection, r.filter, options.Find()) })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return slices.Concat(docs...), nil
}

// Read implements repo.Documents. It gives only records of this site, by collection.
func (s *Store) Read(
	ctx context.Context, site workflow.SiteID, seq int64, refs []workflow.Ref,
) ([]repo.Document, error) {
	ctx, leave, err := s.beginAt(ctx, site, s.cfg.DocumentTimeout)
	if err != nil {
		return nil, err
	}
	defer leave()
	if err := s.projector.ensure(ctx, site, seq); err != nil {
		return nil, err
	}
	ids := make(map[workflow.Collection]bson.A)
	for _, r := range refs {
		ids[r.Collection] = append(ids[r.Collection], r.ID)
	}
	reads := make([]read, 0, len(ids))
	for c, in := range ids {
		reads = append(reads, read{c, bson.D{
			{Key: pathID, Value: bson.D{{Key: "$in", Value: in}}}, {
				Key: pathSite, Value: string(site),
			},
		}})
	}
	return s.findAll(ctx, reads)
}

// bounds makes a range of strings, empty when neither end is given.
func bounds(from, to, lower, upper string) (d bson.D) {
	if from != "" {
		d = append(d, bson.E{Key: lower, Value: from})
	}
	if to != "" {
		d = append(d, bson.E{Key: upper, Value: to})
	}
	return d
}

// Scan implements repo.Documents. It reads portion by portion, so f may be slow and may use the
// store.
func (s *Store) Scan(ctx context.Context, of repo.Span, f func(repo.Document) error) error {
	if err := repo.NeedSite(of.Site); err != nil {
		return fmt.Errorf("scan %s: %w", of.Collection, err)
	}
	s.projector.hasten(ctx, of.Site)
	filter, order := spanned(of)
	return s.walk(ctx, of.Collection, filter, order,
		func(last repo.Document) (bson.D, error) { return behind(of, last) }, f)
}

// ScanAllSites implements repo.Documents.
func (s *Store) ScanAllSites(
	ctx context.Context, c workflow.Collection, f func(repo.Document) error,
) error {
	behind := func(last repo.Document) (bson.D, error) { return bson.D{behindID(last.ID)}, nil }
	return s.walk(ctx, c, bson.D{}, keys(pathID), behind, f)
}

// walk reads all that filter matches. behind matches what follows a document.
func (s *Store) walk(
	ctx context.Context, c workflow.Collection, filter, order bson.D,
	behind func(repo.Document) (bson.D, error), f func(repo.Document) error,
) error {
	for {
		docs, err := s.portion(ctx, c, filter, order)
		if err != nil {
			return err
		}
		for _, d := range docs {
			if err := f(d); err != nil {
				return err
			}
		}
		if len(docs) < scanBatch {
			return nil
		}
		if filter, err = behind(docs[len(docs)-1]); err != nil {
			return err
		}
	}
}

// portion reads the next documents of a scan.
func (s *Store) portion(
	ctx context.Context, c workflow.Collection, filter, order bson.D,
) ([]repo.Document, error) {
	ctx, leave, err := s.begin(ctx, s.cfg.ReportTimeout)
	if err != nil {
		return nil, err
	}
	defer leave()
	return s.find(ctx, c, filter,
		options.Find().SetSort(order).SetLimit(scanBatch).SetBatchSize(scanBatch))
}

// spanned matches the documents of a span, and returns their order.
func spanned(of repo.Span) (filter, order bson.D) {
	filter = ofSite(of)
	if !of.ByDay {
		if of.After != "" {
			filter = append(filter, behindID(of.After))
		}
		return filter, keys(pathID)
	}
	if days := bounds(string(of.From), string(of.To), "$gte", "$lte"); len(days) > 0 {
		filter = append(filter, bson.E{Key: pathDay, Value: days})
	}
	return filter, keys(pathDay, pathID)
}

// behind matches what is left of a span after a document.
func behind(of repo.Span, last repo.Document) (bson.D, error) {
	after := behindID(last.ID)
	if !of.ByDay {
		return append(ofSite(of), after), nil
	}
	day, err := last.BusinessDay()
	if err != nil {
		return nil, err
	}
	later := bson.E{Key: pathDay, Value: bounds(string(day), string(of.To), "$gt", "$lte")}
	return append(ofSite(of),
		bson.E{
			Key: "$or", Value: bson.A{
				bson.D{{Key: pathDay, Value: string(day)}, after}, bson.D{later},
			},
		}), nil
}

func behindID(id string) bson.E {
	return bson.E{Key: pathID, Value: bson.D{{Key: "$gt", Value: id}}}
}

func ofSite(of repo.Span) bson.D { return bson.D{{Key: pathSite, Value: string(of.Site)}} }

// Mark implements repo.Documents.
func (s *Store) Mark(ctx context.Context, site workflow.SiteID) (int64, error) {
	ctx, leave, err := s.beginAt(ctx, site, s.cfg.PointTimeout)
	if err != nil {
		return 0, err
	}
	defer leave()
	marks, err := s.markOf(ctx, []workflow.SiteID{site})
	return marks[site], err
}

// utc is a time as it is read.
func utc(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
