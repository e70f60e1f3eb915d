package mongostore

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// A list is read in parts, which are merged: what is open, which is never much, through the index
// of open documents, and the rest through the index of one condition, one part per value. That
// index holds closed documents only: they hardly change any more, so a step of a visit does not
// touch it. Each part names its index: a plan that is fast for a value which many documents share
// is not fast for a rare one, and the server caches plans.

// List implements repo.Documents.
func (s *Store) List(ctx context.Context, q repo.Query) (repo.Listing, error) {
	by, rest, err := q.Plan()
	if err != nil {
		return repo.Listing{}, err
	}
	ctx, leave, err := s.beginAt(ctx, q.Site, s.cfg.DocumentTimeout)
	if err != nil {
		return repo.Listing{}, err
	}
	defer leave()
	s.projector.hasten(ctx, q.Site)
	marks, err := s.markOf(ctx, []workflow.SiteID{q.Site})
	if err != nil {
		return repo.Listing{}, err
	}
	m := merger{q: q}
	// What is open comes first: a visit that is closed meanwhile is then found twice, but never
	// missed.
	for _, p := range parts(q, by, rest) {
		for _, reach := range reaches(q) {
			if full, err := s.take(ctx, p, reach, &m); err != nil {
				return repo.Listing{}, err
			} else if full {
				break
			}
		}
	}
	docs, next, err := m.merged()
	return repo.Listing{Docs: docs, Mark: marks[q.Site], Next: next}, err
}

// part is one stretch of an index.
type part struct {
	collection workflow.Collection
	filter     bson.D
	rest       bson.D // what is compared when the documents were read
	index      string
}

// parts are the parts that a query is read from.
func parts(q repo.Query, by string, rest []string) (out []part) {
	of := bson.D{{Key: pathSite, Value: string(q.Site)}}
	if q.Open == nil || *q.Open {
		filter := append(slices.Clone(of), bson.E{Key: "open", Value: true})
		if by != "" {
			filter = append(filter, conditions(q, append([]string{by}, rest...))...)
		}
		out = append(out, part{q.Collection, filter, nil, indexOpen})
	}
	if q.Open != nil && *q.Open {
		return out
	}
	of = append(of, bson.E{Key: "open", Value: false})
	add := func(field, value string) {
		filter := append(slices.Clone(of), bson.E{Key: field, Value: value})
		out = append(out, part{
			q.Collection, filter, conditions(q, rest), closedIndex(q.Collection, field),
		})
	}
	switch {
	case by == repo.Of:
		for _, field := range ownFields {
			add(field, string(q.Of))
		}
	case by != "":
		for _, v := range q.In[by] {
			add(by, v)
		}
	case q.Collection == workflow.Visits:
		out = append(out, part{q.Collection, of, nil, indexDay})
	default:
		out = append(out, part{q.Collection, of, nil, indexID})
	}
	return out
}

// ownFields are the fields by which a visit is somebody's own.
var ownFields = []string{"principal", "server", "assistants"}

// conditions are filters that must all hold.
func conditions(q repo.Query, fields []string) (out bson.D) {
	for _, field := range fields {
		if field != repo.Of {
			out = append(out, bson.E{Key: field, Value: bson.D{{Key: "$in", Value: q.In[field]}}})
			continue
		}
		var any bson.A
		for _, own := range ownFields {
			any = append(any, bson.D{{Key: own, Value: string(q.Of)}})
		}
		out = append(out, bson.E{Key: "$or", Value: any})
	}
	return out
}

// reaches are the ranges of a query, in the order of its list: for visits the rest of the day at
// which it continues, then the other days.
func reaches(q repo.Query) []bson.D {
	beyond := "$gt"
	if q.Descending {
		beyond = "$lt"
	}
	if q.Collection != workflow.Visits {
		if q.After.ID == "" {
			return []bson.D{nil}
		}
		return []bson.D{{{Key: pathID, Value: bson.D{{Key: beyond, Value: q.After.ID}}}}}
	}
	days := bounds(string(q.From), string(q.To), "$gte", "$lte")
	if q.After == (repo.Place{}) {
		if days == nil {
			return []bson.D{nil}
		}
		return []bson.D{{{Key: pathDay, Value: days}}}
	}
	day := string(q.After.Day)
	var out []bson.D
	if (q.From == "" || day >= string(q.From)) && (q.To == "" || day <= string(q.To)) {
		out = append(out, bson.D{
			{Key: pathDay, Value: day}, {
				Key: pathID, Value: bson.D{{Key: beyond, Value: q.After.ID}},
			},
		})
	}
	return append(out, bson.D{
		{Key: pathDay, Value: append(slices.Clone(days), bson.E{Key: beyond, Value: day})},
	})
}

// take reads a part within one reach. full: what follows need not be read.
func (s *Store) take(ctx context.Context, p part, reach bson.D, m *merger) (full bool, err error) {
	filter := append(slices.Clone(p.filter), reach...)
	want := m.q.Limit + 1
	if len(p.rest) == 0 {
		o := options.Find().SetSort(m.sort()).SetLimit(int64(want))
		docs, err := hinted(p.index, func(hint any) ([]repo.Document, error) {
			return s.find(ctx, p.collection, filter, o.SetHint(hint))
		})
		m.add(docs)
		return len(docs) == want, err
	}
	// With conditions left to compare, no more than the budget is read.
	docs, err := hinted(p.index, func(hint any) ([]repo.Document, error) {
		return s.sift(ctx, p, filter, m, want, hint)
	})
	m.add(docs)
	if err != nil || len(docs) == want {
		return true, err
	}
	o := options.Find().SetSort(m.sort()).SetSkip(repo.ListBudget - 1).SetLimit(1)
	last, err := hinted(p.index, func(hint any) ([]repo.Document, error) {
		return s.find(ctx, p.collection, filter, o.SetHint(hint))
	})
	if err != nil || len(last) == 0 {
		return false, err
	}
	at, err := m.place(last[0])
	m.stop(at)
	return true, err
}

// sift reads the first documents of a part, as many as the budget allows, and returns those that
// pass.
func (s *Store) sift(
	ctx context.Context, p part, filter bson.D, m *merger, want int, hint any,
) ([]repo.Document, error) {
	images := s.images[p.collection]
	o := options.Aggregate()
	if hint != nil {
		o.SetHint(hint)
	}
	cursor, err := images.Aggregate(ctx, mongo.Pipeline{
		{{Key: "$match", Value: filter}},
		{{Key: "$sort", Value: m.sort()}},
		{{Key: "$limit", Value: repo.ListBudget}},
		{{Key: "$match", Value: p.rest}},
		{{Key: "$limit", Value: want}},
	}, o)
	return documents(ctx, p.collection, cursor, err)
}

// hinted reads through an index or, if an operator has not made it yet, however the server chooses.
func hinted(index string, read func(hint any) ([]repo.Document, error)) ([]repo.Document, error) {
	docs, err := read(index)
	if f, ok := errors.AsType[*failure](err); ok && f.code == codeBadValue {
		return read(nil)
	}
	return docs, err
}

// merger puts the parts of a list together.
type merger struct {
	q    repo.Query
	docs []repo.Document
	cut  repo.Place // nothing after it was read; zero: everything was
}

func (m *merger) sort() bson.D {
	order := 1
	if m.q.Descending {
		order = -1
	}
	if m.q.Collection != workflow.Visits {
		return bson.D{{Key: pathID, Value: order}}
	}
	return bson.D{{Key: pathDay, Value: order}, {Key: pathID, Value: order}}
}

func (m *merger) add(docs []repo.Document) { m.docs = append(m.docs, docs...) }

// stop records how far a part was read.
func (m *merger) stop(at repo.Place) {
	if m.cut == (repo.Place{}) || m.compare(at, m.cut) < 0 {
		m.cut = at
	}
}

func (m *merger) place(d repo.Document) (at repo.Place, err error) {
	at.ID = d.ID
	if m.q.Collection == workflow.Visits {
		at.Day, err = d.BusinessDay()
	}
	return at, err
}

// compare orders places as the list does.
func (m *merger) compare(a, b repo.Place) int {
	n := cmp.Or(strings.Compare(string(a.Day), string(b.Day)), strings.Compare(a.ID, b.ID))
	if m.q.Descending {
		return -n
	}
	return n
}

// merged is the list, and where to continue. Of a document that was read twice the newer one
// counts.
func (m *merger) merged() (docs []repo.Document, next repo.Place, err error) {
	type placed struct {
		repo.Document
		at repo.Place
	}
	newest := map[string]placed{}
	for _, d := range m.docs {
		at, err := m.place(d)
		if err != nil {
			return nil, next, err
		}
		if old, twice := newest[d.ID]; !twice || old.Seq < d.Seq {
			newest[d.ID] = placed{d, at}
		}
	}
	var all []placed
	for _, p := range newest {
		if m.cut == (repo.Place{}) || m.compare(p.at, m.cut) <= 0 {
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(a, b placed) int { return m.compare(a.at, b.at) })
	next = m.cut
	if len(all) > m.q.Limit {
		all = all[:m.q.Limit]
		next = all[len(all)-1].at
	}
	for _, p := range all {
		docs = append(docs, p.Document)
	}
	return docs, next, nil
}
