package mongostore

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// Append implements repo.Journal: one unordered insert for all pages, one answer for each. The
// documents follow on their own.
func (s *Store) Append(ctx context.Context, pages []*repo.Page) []error {
	errs := make([]error, len(pages))
	if len(pages) == 0 {
		return errs
	}
	if err := repo.NeedSites(pages); err != nil {
		return all(errs, err)
	}
	ctx, leave, err := s.begin(ctx, s.cfg.AppendTimeout)
	if err != nil {
		if !errors.Is(err, repo.ErrClosed) {
			err = unknown(err)
		}
		return all(errs, err)
	}
	defer leave()
	if err := s.indexes.refusal(); err != nil {
		return all(errs, unknown(err))
	}
	if err := s.projector.room(ctx); err != nil {
		return all(errs, unknown(fmt.Errorf("wait for documents to follow: %w", err)))
	}
	s.insert(ctx, pages, errs)
	var landed []*repo.Page
	for i, p := range pages {
		if errs[i] == nil {
			landed = append(landed, p)
		}
	}
	if s.alone {
		s.hardened.raise(landed...)
	}
	s.projector.follow(landed)
	return errs
}

func all(errs []error, err error) []error {
	for i := range errs {
		errs[i] = err
	}
	return errs
}

// insert writes the pages and fills in the answers.
func (s *Store) insert(ctx context.Context, pages []*repo.Page, errs []error) {
	size := 0
	for _, p := range pages {
		size += len(p.Body) + 512 + 128*len(p.Entries)
	}
	buf := make([]byte, 0, size)
	docs := make([]bson.Raw, len(pages))
	for i, p := range pages {
		start := len(buf)
		buf = appendPage(buf, p)
		docs[i] = buf[start:len(buf):len(buf)]
	}
	_, err := s.journal.InsertMany(ctx, docs, options.InsertMany().SetOrdered(false))
	if err == nil {
		return
	}
	var bulk mongo.BulkWriteException
	if !errors.As(err, &bulk) {
		all(errs, unknown(s.report(fail("append", err))))
		return
	}
	// Pages that the answer does not mention were written, but durably only if the write concern
	// was met.
	if wce := bulk.WriteConcernError; wce != nil {
		all(errs, unknown(s.report(&failure{
			op: "append", class: "write concern not satisfied", code: wce.Code,
		})))
	}
	var doubles []int
	for _, we := range bulk.WriteErrors {
		switch {
		case we.Index < 0 || we.Index >= len(pages):
			all(errs, unknown(&failure{op: "append", class: "answer out of range", code: we.Code}))
		case we.Code == codeDuplicateKey:
			doubles = append(doubles, we.Index)
		default:
			errs[we.Index] = unknown(s.report(&failure{
				op: "append", class: codeClass(we.Code), code: we.Code,
			}))
		}
	}
	s.answerDoubles(ctx, pages, doubles, errs)
}

// report logs an error's class and code and returns it.
func (s *Store) report(err error) error {
	s.log.Warn("append has no answer", "error", err)
	return err
}

// stored is what is needed of a page in the journal to answer for another one.
type stored struct {
	hash string
	ids  []string
}

// answerDoubles answers for the pages that met a duplicate key. It reads what is in their way; the
// server's message is never used.
func (s *Store) answerDoubles(
	ctx context.Context, pages []*repo.Page, doubles []int, errs []error,
) {
	if len(doubles) == 0 {
		return
	}
	found, err := s.rivals(ctx, pages, doubles)
	for _, i := range doubles {
		p, unsettled := pages[i], errs[i] // not nil when the write concern was not met
		switch {
		case err != nil:
			errs[i] = unknown(err)
		case found[p.Site].at(p.First).hash == p.Hash:
			// Our own, from an earlier try. What an insert collides with is on disk when the
			// insert's write concern is met.
			errs[i] = unsettled
		case found[p.Site].anyID(p.Entries):
			errs[i] = fmt.Errorf("append %s: %w", repo.PageID(p.Site, p.First), repo.ErrIDTaken)
		case found[p.Site].at(p.First).hash != "":
			errs[i] = fmt.Errorf("append %s: %w", repo.PageID(p.Site, p.First), repo.ErrSeqTaken)
		default:
			errs[i] = unknown(&failure{
				op: "append", class: "duplicate key, but nothing stands there yet",
				code: codeDuplicateKey,
			})
		}
	}
}

// standing are pages of one site by their first number.
type standing map[int64]stored

func (s standing) at(first int64) stored { return s[first] }

func (s standing) anyID(entries []repo.Entry) bool {
	for _, p := range s {
		for _, id := range p.ids {
			for _, e := range entries {
				if e.ID == id {
					return true
				}
			}
		}
	}
	return false
}

// rivals reads, with majority, the pages that have the numbers of these pages or hold one of their
// commands.
func (s *Store) rivals(
	ctx context.Context, pages []*repo.Page, which []int,
) (map[workflow.SiteID]standing, error) {
	var or bson.A
	for _, i := range which {
		p := pages[i]
		ids := make(bson.A, len(p.Entries))
		for k, e := range p.Entries {
			ids[k] = e.ID
		}
		in := bson.D{{Key: "$in", Value: ids}}
		// named beside the id too: a cluster sharded by site then asks one shard
		of := bson.E{Key: pathSite, Value: string(p.Site)}
		or = append(or, bson.D{of, {Key: pathEntries, Value: in}}, bson.D{
			of, {Key: pathID, Value: repo.PageID(p.Site, p.First)},
		})
	}
	fields := bson.D{
		{Key: pathSite, Value: 1}, {Key: "first", Value: 1}, {Key: "hash", Value: 1}, {
			Key: pathEntries, Value: 1,
		},
	}
	cursor, err := s.journal.Find(ctx, bson.D{{Key: "$or", Value: or}},
		options.Find().SetProjection(fields))
	if err != nil {
		return nil, fail("read what stands in the way", err)
	}
	defer cursor.Close(context.WithoutCancel(ctx))
	out := make(map[workflow.SiteID]standing)
	for cursor.Next(ctx) {
		p, err := page(cursor.Current)
		if err != nil {
			return nil, err
		}
		if out[p.Site] == nil {
			out[p.Site] = make(standing)
		}
		ids := make([]string, len(p.Entries))
		for i, e := range p.Entries {
			ids[i] = e.ID
		}
		out[p.Site][p.First] = stored{hash: p.Hash, ids: ids}
	}
	return out, fail("read what stands in the way", cursor.Err())
}

// arrayKeys are the first keys of a BSON array.
var arrayKeys = func() (keys [repo.MaxPageCommits]string) {
	for i := range keys {
		keys[i] = strconv.Itoa(i)
	}
	return keys
}()

func arrayKey(i int) string {
	if i < len(arrayKeys) {
		return arrayKeys[i]
	}
	return strconv.Itoa(i)
}
