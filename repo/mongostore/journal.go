package mongostore

import (
	"context"
	"fmt"
	"sync"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/x/bsonx/bsoncore"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// maxSeq is the highest number that a page id of 12 digits can hold.
const maxSeq = 999_999_999_999

// appendPage appends a page as it is stored.
func appendPage(dst []byte, p *repo.Page) []byte {
	start, dst := bsoncore.AppendDocumentStart(dst)
	dst = bsoncore.AppendStringElement(dst, pathID, repo.PageID(p.Site, p.First))
	dst = bsoncore.AppendStringElement(dst, pathSite, string(p.Site))
	dst = bsoncore.AppendInt64Element(dst, "first", p.First)
	dst = bsoncore.AppendInt64Element(dst, "last", p.Last)
	dst = bsoncore.AppendDateTimeElement(dst, "at", p.At.UnixMilli())
	dst = bsoncore.AppendStringElement(dst, "prev", p.Prev)
	dst = bsoncore.AppendStringElement(dst, "hash", p.Hash)
	dst = bsoncore.AppendStringElement(dst, "body", string(p.Body))
	entries, dst := bsoncore.AppendArrayElementStart(dst, "entries")
	for i, e := range p.Entries {
		var entry int32
		entry, dst = bsoncore.AppendDocumentElementStart(dst, arrayKey(i))
		dst = bsoncore.AppendStringElement(dst, "id", e.ID)
		dst = bsoncore.AppendStringElement(dst, "kind", string(e.Kind))
		dst = end(dst, entry)
	}
	return end(end(dst, entries), start)
}

// end closes a document or array that was begun in dst itself, so it cannot fail.
func end(dst []byte, start int32) []byte {
	dst, _ = bsoncore.AppendDocumentEnd(dst, start)
	return dst
}

// page reads a stored page.
func page(raw []byte) (*repo.Page, error) {
	p := &repo.Page{}
	err := each(raw, func(key string, v bsoncore.Value) error {
		ok := true
		text := func(into *string) { *into, ok = v.StringValueOK() }
		switch key {
		case pathSite:
			text((*string)(&p.Site))
		case "first":
			p.First, ok = v.AsInt64OK()
		case "last":
			p.Last, ok = v.AsInt64OK()
		case "at":
			var ms int64
			ms, ok = v.DateTimeOK()
			p.At = utc(ms)
		case "prev":
			text(&p.Prev)
		case "hash":
			text(&p.Hash)
		case "body":
			var s string
			text(&s)
			p.Body = []byte(s)
		case "entries":
			p.Entries, ok = entries(v)
		}
		if !ok {
			return fmt.Errorf("%w: field %q has the BSON type %s", repo.ErrCorrupt, key, v.Type)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("page %s: %w", repo.PageID(p.Site, p.First), err)
	}
	return p, nil
}

func entries(v bsoncore.Value) (out []repo.Entry, ok bool) {
	a, ok := v.ArrayOK()
	if !ok {
		return nil, false
	}
	err := each(bsoncore.Document(a), func(_ string, v bsoncore.Value) error {
		d, ok := v.DocumentOK()
		if !ok {
			return repo.ErrCorrupt
		}
		id, _ := d.Lookup("id").StringValueOK()
		kind, _ := d.Lookup("kind").StringValueOK()
		out = append(out, repo.Entry{ID: id, Kind: workflow.Kind(kind)})
		return nil
	})
	return out, err == nil
}

// pages reads the pages that match, and hardens them.
func (s *Store) pages(
	ctx context.Context, filter bson.D, o *options.FindOptionsBuilder,
) ([]*repo.Page, error) {
	cursor, err := s.journal.Find(ctx, filter, o)
	if err != nil {
		return nil, err
	}
	defer cursor.Close(context.WithoutCancel(ctx))
	var out []*repo.Page
	for cursor.Next(ctx) {
		p, err := page(cursor.Current)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	if err := cursor.Err(); err != nil {
		return nil, err
	}
	return out, s.harden(ctx, out)
}

// pagesOfMany reads pages of several sites, in no particular order. A page that cannot be read is
// an error of its own site only.
func (s *Store) pagesOfMany(
	ctx context.Context, filter bson.D,
) (map[workflow.SiteID][]*repo.Page, map[workflow.SiteID]error, error) {
	const op = "pages of several sites"
	cursor, err := s.journal.Find(ctx, filter)
	if err != nil {
		return nil, nil, fail(op, err)
	}
	defer cursor.Close(context.WithoutCancel(ctx))
	out, faults := make(map[workflow.SiteID][]*repo.Page), make(map[workflow.SiteID]error)
	var all []*repo.Page
	for cursor.Next(ctx) {
		id, _ := cursor.Current.Lookup(pathID).StringValueOK()
		site := siteOf(id)
		p, err := page(cursor.Current)
		if err != nil {
			faults[site] = err
			continue
		}
		out[site], all = append(out[site], p), append(all, p)
	}
	if err := cursor.Err(); err != nil {
		return nil, nil, fail(op, err)
	}
	return out, faults, fail(op, s.harden(ctx, all))
}

// siteOf is the site in the id of a page.
func siteOf(id string) workflow.SiteID {
	return workflow.SiteID(id[:max(0, len(id)-len("/000000000000"))])
}

// byID is the index to use for what ranged matches: the one that begins with the site has an entry
// for every command.
const byID = "_id_"

// ranged matches a site's pages from one number to another. The site is named beside the ids, so
// that a cluster sharded by site asks one shard.
func ranged(site workflow.SiteID, from, to int64) bson.D {
	return bson.D{{Key: pathSite, Value: string(site)}, between(site, from, to)}
}

// between matches the ids of a site's pages from one number to another.
func between(site workflow.SiteID, from, to int64) bson.E {
	return bson.E{Key: pathID, Value: bson.D{
		{Key: "$gte", Value: repo.PageID(site, max(from, 0))}, {
			Key: "$lte", Value: repo.PageID(site, min(to, maxSeq)),
		},
	}}
}

// since reads pages without counting as a call.
func (s *Store) since(
	ctx context.Context, site workflow.SiteID, seq int64, limit int,
) ([]*repo.Page, error) {
	if limit <= 0 || seq > maxSeq {
		return nil, ctx.Err()
	}
	// The page that holds seq begins at most a full page before it.
	filter := append(ranged(site, seq-repo.MaxPageCommits+1, maxSeq), bson.E{
		Key: "last", Value: bson.D{{Key: "$gte", Value: seq}},
	})
	pages, err := s.pages(ctx, filter,
		options.Find().SetSort(keys(pathID)).SetLimit(int64(limit)).SetHint(byID))
	return pages, fail(fmt.Sprintf("pages of %s since %d", site, seq), err)
}

// Since implements repo.Journal.
func (s *Store) Since(
	ctx context.Context, site workflow.SiteID, seq int64, limit int,
) ([]*repo.Page, error) {
	ctx, leave, err := s.beginAt(ctx, site, s.cfg.DocumentTimeout)
	if err != nil {
		return nil, err
	}
	defer leave()
	return s.since(ctx, site, seq, limit)
}

// Before implements repo.Journal.
func (s *Store) Before(
	ctx context.Context, site workflow.SiteID, seq int64, limit int,
) ([]*repo.Page, error) {
	ctx, leave, err := s.beginAt(ctx, site, s.cfg.DocumentTimeout)
	if err != nil {
		return nil, err
	}
	defer leave()
	if limit <= 0 || seq < 0 {
		return nil, nil
	}
	o := options.Find().SetSort(bson.D{{
		Key: pathID, Value: -1,
	}}).SetLimit(int64(limit)).SetHint(byID)
	pages, err := s.pages(ctx, ranged(site, 0, seq), o)
	return pages, fail(fmt.Sprintf("pages of %s before %d", site, seq), err)
}

// Find implements repo.Journal.
func (s *Store) Find(ctx context.Context, site workflow.SiteID, id string) (*repo.Page, error) {
	ctx, leave, err := s.beginAt(ctx, site, s.cfg.PointTimeout)
	if err != nil {
		return nil, err
	}
	defer leave()
	filter := bson.D{{Key: pathSite, Value: string(site)}, {Key: pathEntries, Value: id}}
	pages, err := s.pages(ctx, filter, options.Find().SetLimit(1))
	switch {
	case err != nil:
		return nil, fail(fmt.Sprintf("find command at %s", site), err)
	case len(pages) == 0:
		return nil, fmt.Errorf("command at %s: %w", site, repo.ErrNotFound)
	default:
		return pages[0], nil
	}
}

// Sites implements repo.Journal.
func (s *Store) Sites(ctx context.Context) ([]workflow.SiteID, error) {
	ctx, leave, err := s.begin(ctx, s.cfg.ReportTimeout)
	if err != nil {
		return nil, err
	}
	defer leave()
	return s.siteIDs(ctx)
}

// Moved implements repo.Journal with the marks of all sites: one query, a few bytes per site.
func (s *Store) Moved(ctx context.Context, after int64) (map[workflow.SiteID]int64, int64, error) {
	ctx, leave, err := s.begin(ctx, s.cfg.ReportTimeout)
	if err != nil {
		return nil, after, err
	}
	defer leave()
	heads, err := s.markOf(ctx, nil)
	if err != nil || after > 0 {
		return heads, max(after, 1), err
	}
	sites, err := s.siteIDs(ctx)
	for _, site := range sites {
		heads[site] = max(heads[site], 1)
	}
	return heads, 1, err
}

// siteIDs lists the sites by the first pages of their journals.
func (s *Store) siteIDs(ctx context.Context) ([]workflow.SiteID, error) {
	o := options.Find().SetSort(keys(pathSite)).SetProjection(bson.D{
		{Key: pathID, Value: 0}, {Key: pathSite, Value: 1},
	})
	cursor, err := s.journal.Find(ctx, bson.D{{Key: "first", Value: int64(1)}}, o)
	if err != nil {
		return nil, fail("sites", err)
	}
	defer cursor.Close(context.WithoutCancel(ctx))
	var out []workflow.SiteID
	for cursor.Next(ctx) {
		site, _ := cursor.Current.Lookup(pathSite).StringValueOK()
		out = append(out, workflow.SiteID(site))
	}
	return out, fail("sites", cursor.Err())
}

// hardened remembers up to which number each site's pages are known to be on disk.
type hardened struct {
	mu   sync.Mutex
	upTo map[workflow.SiteID]int64
}

// raise records pages that are on disk.
func (h *hardened) raise(pages ...*repo.Page) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.upTo == nil {
		h.upTo = make(map[workflow.SiteID]int64)
	}
	for _, p := range pages {
		h.upTo[p.Site] = max(h.upTo[p.Site], p.Last)
	}
}

func (h *hardened) holds(pages []*repo.Page) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, p := range pages {
		if p.Last > h.upTo[p.Site] {
			return false
		}
	}
	return true
}

// harden makes sure that pages which were read cannot be lost any more. A replica set's majority
// reads guarantee that. A stand-alone server shows a page of somebody else's append before the page
// is in the server's own journal on disk, and kill -9 at that moment loses it. A durable write
// waits for everything before it, even a write that changes nothing.
func (s *Store) harden(ctx context.Context, pages []*repo.Page) error {
	if !s.alone || s.hardened.holds(pages) {
		return nil
	}
	_, err := s.marks.DeleteOne(ctx, bson.D{{Key: pathID, Value: ""}})
	if err == nil {
		s.hardened.raise(pages...)
	}
	return err
}
