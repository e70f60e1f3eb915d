package mongostore

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// entriesIndex makes a command id unique within its site; with _id it is what an append rests on.
const entriesIndex = "site_entries_id"

// Indexes that lists are read by.
const (
	indexID   = "site_id"
	indexOpen = "site_open"
	indexDay  = "site_business_day"
)

// closedIndex is the index by which the closed documents of a collection are listed.
func closedIndex(c workflow.Collection, field string) string {
	if c == workflow.Customers && field == "owner" {
		return "site_owner" // of all customers: none is ever open
	}
	return "site_" + field + "_closed"
}

// pathID and the others are names of stored fields.
const (
	pathID      = "_id"
	pathSite    = "site"
	pathSeq     = "seq"
	pathEntries = "entries.id"
	pathDay     = "business_day"
)

func keys(fields ...string) bson.D {
	d := make(bson.D, len(fields))
	for i, f := range fields {
		d[i] = bson.E{Key: f, Value: 1}
	}
	return d
}

func only(field string, value any) *options.IndexOptionsBuilder {
	return options.Index().SetPartialFilterExpression(bson.D{{Key: field, Value: value}})
}

// schema lists the indexes by collection. Their names are ours, so that operators find them in this
// file.
func schema() map[string][]mongo.IndexModel {
	all := map[string][]mongo.IndexModel{
		"journal": {
			{
				Keys:    keys(pathSite, pathEntries),
				Options: options.Index().SetUnique(true).SetName(entriesIndex),
			},
			// One entry per site: the list of sites does not cost a walk over the journal.
			{Keys: keys(pathSite), Options: only("first", int64(1)).SetName("sites")},
		},
		"marks": nil,
	}
	for _, c := range workflow.Collections {
		all[string(c)] = []mongo.IndexModel{
			{Keys: keys(pathSite, pathID), Options: options.Index().SetName(indexID)},
			{Keys: keys(pathSite), Options: only("open", true).SetName(indexOpen)},
		}
	}
	add := func(c workflow.Collection, fields ...string) {
		name := strings.TrimSuffix(strings.Join(fields, "_"), "__id")
		m := mongo.IndexModel{Keys: keys(fields...), Options: options.Index().SetName(name)}
		all[string(c)] = append(all[string(c)], m)
	}
	add(workflow.Visits, pathSite, pathDay, pathID)
	add(workflow.Visits, pathSite, "customer", pathID)
	add(workflow.Customers, pathSite, "owner", pathID)
	for c, fields := range repo.Filters {
		for _, field := range fields {
			if name := closedIndex(c, field); name != "site_owner" {
				m := mongo.IndexModel{
					Keys: listOrder(c, field), Options: only("open", false).SetName(name),
				}
				all[string(c)] = append(all[string(c)], m)
			}
		}
	}
	for _, m := range repo.Moments {
		c := string(m.Collection)
		all[c] = append(all[c], momentIndex(m))
	}
	for _, c := range workflow.Wakers {
		all[string(c)] = append(all[string(c)], wakeIndex())
	}
	for _, c := range repo.SideCollections {
		all[string(c)] = []mongo.IndexModel{
			{Keys: keys(pathSite, pathID), Options: options.Index().SetName("site_id")},
			{
				Keys: keys(pathSite, "lookup"),
				Options: only("lookup", bson.D{{Key: "$exists", Value: true}}).
					SetUnique(true).SetName("site_lookup"),
			},
			{Keys: keys("at"), Options: only("pending", true).SetName("pending")},
		}
	}
	return all
}

// listOrder are the keys of an index that has the documents with one value in the order of lists.
func listOrder(c workflow.Collection, field string) bson.D {
	if c == workflow.Visits {
		return keys(pathSite, field, pathDay, pathID)
	}
	return keys(pathSite, field, pathID)
}

// prepare creates collections, schemas and indexes where that is allowed, and verifies what appends
// rest on.
func (s *Store) prepare(ctx context.Context) error {
	// Building an index on an old journal takes a while.
	ctx, cancel := context.WithTimeout(ctx, 4*s.cfg.ReportTimeout)
	defer cancel()
	present, err := s.collections(ctx)
	if err != nil {
		s.log.Warn("collections cannot be listed, schemas are left as they are", "error", err)
	}
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		gate = make(chan struct{}, 4)
	)
	for name, indexes := range schema() {
		wg.Go(func() {
			gate <- struct{}{}
			defer func() { <-gate }()
			e := s.prepareCollection(ctx, name, indexes, present)
			mu.Lock()
			defer mu.Unlock()
			if e != nil && err == nil {
				err = e
			}
		})
	}
	wg.Wait()
	if e := s.prepareViews(ctx, present); e != nil && err == nil {
		err = e
	}
	if err != nil {
		// Verified below: a role without the right to create is enough when everything is there.
		s.log.Warn("collections, indexes and views were not all created", "error", err)
	}
	return s.verify(ctx)
}

func (s *Store) prepareCollection(
	ctx context.Context, name string, indexes []mongo.IndexModel, present map[string]bson.Raw,
) error {
	if err := s.prepareValidator(ctx, name, present); err != nil {
		return err
	}
	if len(indexes) == 0 {
		return nil
	}
	_, err := s.journal.Database().Collection(name).Indexes().CreateMany(ctx, indexes)
	return fail("create indexes of "+name, err)
}

// collections are the options of the collections that exist; nil with the error when they cannot be
// listed.
func (s *Store) collections(ctx context.Context) (map[string]bson.Raw, error) {
	specs, err := s.journal.Database().ListCollectionSpecifications(ctx, bson.D{})
	if err != nil {
		return nil, fail("list collections", err)
	}
	out := make(map[string]bson.Raw, len(specs))
	for _, spec := range specs {
		out[spec.Name] = spec.Options
	}
	return out, nil
}

// prepareValidator sets the schema of an image collection, if it is another one.
func (s *Store) prepareValidator(
	ctx context.Context, name string, present map[string]bson.Raw,
) error {
	images := slices.Contains(workflow.Collections, workflow.Collection(name))
	if s.cfg.Validation == ValidationOff || !images || present == nil {
		return nil
	}
	v, err := validator(workflow.Collection(name))
	if err != nil {
		return err
	}
	want, err := bson.Marshal(v)
	if err != nil {
		return fmt.Errorf("schema of %s: %w", name, err)
	}
	action := string(s.cfg.Validation)
	is, exists := present[name]
	if !exists {
		o := options.CreateCollection().SetValidator(bson.Raw(want)).SetValidationAction(action)
		err := s.journal.Database().CreateCollection(ctx, name, o)
		if serverCode(err) == 48 { // another instance made it meanwhile
			return nil
		}
		return fail("create collection "+name, err)
	}
	old, _ := is.Lookup("validator").DocumentOK()
	oldAction, _ := is.Lookup("validationAction").StringValueOK()
	if bytes.Equal(old, want) && oldAction == action {
		return nil
	}
	err = s.journal.Database().RunCommand(ctx, bson.D{
		{Key: "collMod", Value: name},
		{Key: "validator", Value: bson.Raw(want)},
		{Key: "validationAction", Value: action},
	}).Err()
	return fail("set schema of "+name, err)
}

// verdict is what was last found about the indexes that appends rest on.
type verdict struct {
	mu  sync.Mutex
	err error
}

func (v *verdict) set(err error) (changed bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	changed = (err == nil) != (v.err == nil)
	v.err = err
	return changed
}

// refusal is why appends are refused, nil when they are not.
func (v *verdict) refusal() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.err
}

// verify looks whether the journal has its unique indexes and keeps the verdict. An error means
// that nobody could look: the verdict stays what it was.
func (s *Store) verify(ctx context.Context) error {
	refusal, err := s.inspect(ctx)
	if err != nil {
		return err
	}
	if s.indexes.set(refusal) {
		if refusal != nil {
			s.log.Error("appends are refused", "error", refusal)
		} else {
			s.log.Info("appends are taken again: the journal has its unique indexes")
		}
	}
	return nil
}

// inspect reads the journal's indexes.
func (s *Store) inspect(ctx context.Context) (refusal, err error) {
	const cure = `create it in mongosh ` +
		`(db.journal.createIndex({site: 1, "entries.id": 1}, {unique: true, ` +
		`name: "` + entriesIndex +
		`"})) or restart lunpai with a role that may createIndex; appends go on by themselves then`
	cursor, err := s.journal.Indexes().List(ctx)
	switch code := serverCode(err); {
	case code == 26: // no such collection
		return fmt.Errorf("%w: there is no collection journal: %s", ErrIndexes, cure), nil
	case code == codeUnauthorized:
		return fmt.Errorf("%w: the role may not listIndexes on the journal, "+
			"so that nobody can verify it: grant listIndexes", ErrIndexes), nil
	case err != nil:
		return nil, fail("list indexes of the journal", err)
	}
	var found []bson.Raw
	if err := cursor.All(ctx, &found); err != nil {
		return nil, fail("list indexes of the journal", err)
	}
	if !slices.ContainsFunc(found, func(i bson.Raw) bool { return whole(i, keys(pathID), false) }) {
		return fmt.Errorf("%w: _id is not indexed or has a collation: "+
			"copy the journal into a plain collection", ErrIndexes), nil
	}
	unique := func(i bson.Raw) bool { return whole(i, keys(pathSite, pathEntries), true) }
	if !slices.ContainsFunc(found, unique) {
		return fmt.Errorf("%w %s: %s", ErrIndexes, entriesIndex, cure), nil
	}
	return nil, nil
}

// whole reports whether an index has these keys, leaves no document out, and compares byte by byte.
func whole(index bson.Raw, want bson.D, unique bool) bool {
	elements, err := index.Lookup("key").Document().Elements()
	if err != nil || len(elements) != len(want) {
		return false
	}
	for i, e := range elements {
		if n, ok := e.Value().AsInt64OK(); e.Key() != want[i].Key || !ok || n != 1 {
			return false
		}
	}
	for _, flaw := range []string{"partialFilterExpression", "sparse", "collation", "clustered"} {
		if !index.Lookup(flaw).IsZero() {
			return false
		}
	}
	is, _ := index.Lookup("unique").BooleanOK()
	return is || !unique
}

// keepVerifying verifies the indexes again and again while the store lives.
func (s *Store) keepVerifying() {
	repo.Every(s.life, s.cfg.VerifyEvery, func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, s.cfg.DocumentTimeout)
		defer cancel()
		if err := s.verify(ctx); err != nil && s.life.Err() == nil {
			s.log.Warn("the journal's indexes could not be verified", "error", err)
		}
	})
}
