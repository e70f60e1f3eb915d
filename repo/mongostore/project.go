package mongostore

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/x/bsonx/bsoncore"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// maxDocument is MongoDB's limit: with a bigger document the driver sends nothing of the whole
// bulk.
const maxDocument = 16 << 20

// replacement is one guarded write of a record: it replaces only an older image, or none.
type replacement struct {
	collection workflow.Collection
	filter     bson.Raw // {_id, site, seq: {$lt: n}}
	doc        bson.Raw
	owner      *siteRun
}

// write writes the newest images of all runs that have no error, and sets the error of every run
// that was not written durably as a whole.
func (p *projector) write(ctx context.Context, runs []*siteRun) {
	bulks := make(map[workflow.Collection][]replacement)
	for _, r := range runs {
		if r.err != nil {
			continue
		}
		var writes []replacement
		if writes, r.err = p.convert(r); r.err != nil {
			continue
		}
		for _, w := range writes {
			bulks[w.collection] = append(bulks[w.collection], w)
		}
	}
	var (
		wg sync.WaitGroup
		mu sync.Mutex
	)
	for c, writes := range bulks {
		wg.Go(func() {
			models := make([]mongo.WriteModel, len(writes))
			for i, w := range writes {
				models[i] = mongo.NewReplaceOneModel().SetFilter(w.filter).SetReplacement(
					w.doc).SetUpsert(true)
			}
			retry := func(i int) mongo.WriteModel {
				return mongo.NewReplaceOneModel().SetFilter(writes[i].filter).SetReplacement(
					writes[i].doc)
			}
			errs := guarded(ctx, p.s.images[c], models, retry)
			mu.Lock()
			defer mu.Unlock()
			for i, err := range errs {
				if err != nil && writes[i].owner.err == nil {
					writes[i].owner.err = fail("write documents in "+string(c), err)
				}
			}
		})
	}
	wg.Wait()
}

// guarded sends guarded upserts in one unordered bulk and answers for each.
//
// A duplicate key mostly means that a newer image is stored. But two upserts of a record that does
// not exist yet can collide, and the one that loses may be the newer. So what met a duplicate key
// is sent once more without the upsert: now the record exists, and the guard alone decides.
func guarded(
	ctx context.Context, c *mongo.Collection, models []mongo.WriteModel,
	retry func(int) mongo.WriteModel,
) []error {
	errs, doubles := bulk(ctx, c, models)
	if len(doubles) == 0 {
		return errs
	}
	again := make([]mongo.WriteModel, len(doubles))
	for i, k := range doubles {
		again[i] = retry(k)
	}
	late, _ := bulk(ctx, c, again)
	for i, k := range doubles {
		if errs[k] == nil {
			errs[k] = late[i]
		}
	}
	return errs
}

// bulk sends writes in one unordered bulk. It answers for each, and names those that met a
// duplicate key.
func bulk(
	ctx context.Context, c *mongo.Collection, models []mongo.WriteModel,
) (errs []error, doubles []int) {
	errs = make([]error, len(models))
	_, err := c.BulkWrite(ctx, models, options.BulkWrite().SetOrdered(false))
	var failed mongo.BulkWriteException
	switch {
	case err == nil:
		return errs, nil
	case !errors.As(err, &failed):
		return all(errs, fail("bulk", err)), nil
	}
	if wce := failed.WriteConcernError; wce != nil {
		all(errs, &failure{op: "bulk", class: "write concern not satisfied", code: wce.Code})
	}
	for _, we := range failed.WriteErrors {
		switch {
		case we.Index < 0 || we.Index >= len(models):
			return all(errs, &failure{op: "bulk", class: "answer out of range", code: we.Code}), nil
		case we.Code == codeDuplicateKey:
			doubles = append(doubles, we.Index)
		default:
			errs[we.Index] = &failure{op: "bulk", class: codeClass(we.Code), code: we.Code}
		}
	}
	return errs, doubles
}

// convert takes the last image of each record in a run and converts it to BSON. A panic concerns
// this site only; its value may hold personal data and is not kept.
func (p *projector) convert(r *siteRun) (out []replacement, err error) {
	defer func() {
		if recover() != nil {
			out, err = nil, fmt.Errorf("%w: panic in the images of commits %d to %d of %s",
				repo.ErrCorrupt, r.first(), r.last(), r.f.site)
		}
	}()
	newest := make(map[workflow.Ref]int)
	var images []workflow.Image
	for _, page := range r.pages {
		if page.Images == nil && len(page.Body) > 0 {
			if _, err := page.Commits(); err != nil {
				return nil, err
			}
		}
		for _, i := range page.Images {
			if k, ok := newest[i.Ref]; ok {
				images[k] = i
				continue
			}
			newest[i.Ref] = len(images)
			images = append(images, i)
		}
	}
	out = make([]replacement, len(images))
	for k, i := range images {
		if out[k], err = p.replace(r, i); err != nil {
			return nil, fmt.Errorf("image %s %s of commits %d to %d of %s: %w", i.Collection, i.ID,
				r.first(), r.last(), r.f.site, err)
		}
	}
	return out, nil
}

// replace makes a guarded write of an image.
func (p *projector) replace(r *siteRun, i workflow.Image) (replacement, error) {
	if p.s.images[i.Collection] == nil {
		return replacement{}, fmt.Errorf("%w: a collection that this program does not know",
			repo.ErrCorrupt)
	}
	doc, err := appendDocument(make([]byte, 0, len(i.Doc)+len(i.Doc)/8+128), i.Doc)
	if err != nil {
		return replacement{}, err
	}
	if len(doc) > maxDocument {
		return replacement{}, fmt.Errorf("%w: a record of %d bytes", repo.ErrCorrupt, len(doc))
	}
	raw := bsoncore.Document(doc)
	id, _ := raw.Lookup(pathID).StringValueOK()
	site, _ := raw.Lookup(pathSite).StringValueOK()
	seq, _ := raw.Lookup(pathSeq).Int64OK()
	if id != i.ID || site != string(r.f.site) || seq < r.first() || seq > r.last() {
		return replacement{}, fmt.Errorf("%w: the head of the record does not name its id, site "+
			"and commit", repo.ErrCorrupt)
	}
	return replacement{i.Collection, guard(i.ID, r.f.site, seq), doc, r}, nil
}

// guard matches a record whose image is older than n. The site is named beside the id so that a
// cluster sharded by site asks one shard, and accepts the upsert at all. A mark has no site but its
// id.
func guard(id string, site workflow.SiteID, n int64) bson.Raw {
	start, b := bsoncore.AppendDocumentStart(make([]byte, 0, 96+len(id)+len(site)))
	b = bsoncore.AppendStringElement(b, pathID, id)
	if site != "" {
		b = bsoncore.AppendStringElement(b, pathSite, string(site))
	}
	less, b := bsoncore.AppendDocumentElementStart(b, pathSeq)
	b = bsoncore.AppendInt64Element(b, "$lt", n)
	return end(end(b, less), start)
}

// markOf reads the marks of some sites, or of all when none is named.
func (s *Store) markOf(
	ctx context.Context, sites []workflow.SiteID,
) (map[workflow.SiteID]int64, error) {
	filter := bson.D{}
	if len(sites) > 0 {
		ids := make(bson.A, len(sites))
		for i, site := range sites {
			ids[i] = string(site)
		}
		filter = bson.D{{Key: pathID, Value: bson.D{{Key: "$in", Value: ids}}}}
	}
	cursor, err := s.marks.Find(ctx, filter)
	if err != nil {
		return nil, fail("marks", err)
	}
	defer cursor.Close(context.WithoutCancel(ctx))
	out := make(map[workflow.SiteID]int64, len(sites))
	for cursor.Next(ctx) {
		site, _ := cursor.Current.Lookup(pathID).StringValueOK()
		seq, ok := cursor.Current.Lookup(pathSeq).AsInt64OK()
		if !ok {
			return nil, fmt.Errorf("%w: mark of %s is no number", repo.ErrCorrupt, site)
		}
		out[workflow.SiteID(site)] = seq
	}
	return out, fail("marks", cursor.Err())
}

// moveMarks moves marks forward, never back.
func (s *Store) moveMarks(ctx context.Context, marks map[workflow.SiteID]int64) error {
	if len(marks) == 0 {
		return nil
	}
	sites := make([]workflow.SiteID, 0, len(marks))
	models := make([]mongo.WriteModel, 0, len(marks))
	move := func(site workflow.SiteID) *mongo.UpdateOneModel {
		set := bson.D{{Key: "$set", Value: bson.D{{Key: pathSeq, Value: marks[site]}}}}
		return mongo.NewUpdateOneModel().SetFilter(guard(string(site), "",
			marks[site])).SetUpdate(set)
	}
	for site := range marks {
		sites = append(sites, site)
		models = append(models, move(site).SetUpsert(true))
	}
	errs := guarded(ctx, s.marks, models, func(i int) mongo.WriteModel { return move(sites[i]) })
	for _, err := range errs {
		if err != nil {
			return fail("move marks", err)
		}
	}
	return nil
}
