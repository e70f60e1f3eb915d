package sqlitestore

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// The tail is what the file's journal holds and its index and documents do not yet: an append
// writes the row of the page and nothing else. What belongs to it waits here and is written with
// later transactions, in order of the tables it goes to, the images of one record merged. The ids
// of its commands wait longer: see unlisted.
//
// One number in the file, the mark, says up to which row everything is written. It moves in the
// transaction that writes the last of a stretch. What lies above the mark is read from the journal
// again when the file is opened, so nothing is lost with this memory.

// trailing is a page whose index, ids and images are not in the file yet.
type trailing struct {
	site        workflow.SiteID
	first, last int64
	key         int64   // of its row
	hashes      []int64 // of the ids of its commands
	images      []image
	size        int
}

// image is an image with what a document is found by.
type image struct {
	workflow.Image
	site workflow.SiteID
	keys
}

func (i *image) document() repo.Document {
	return repo.Document{Image: i.Image, Site: i.site, Seq: i.seq}
}

// commandKey names a command, imageKey a record.
type (
	commandKey struct {
		site workflow.SiteID
		id   string
	}
	imageKey struct {
		site workflow.SiteID
		ref  workflow.Ref
	}
)

// hashOf is what a command is listed by. Two commands may share it, so whoever finds it compares
// the ids.
func hashOf(site workflow.SiteID, id string) int64 {
	h := sha256.New()
	h.Write([]byte(site))
	h.Write([]byte{0})
	h.Write([]byte(id))
	return int64(binary.BigEndian.Uint64(h.Sum(nil))) //nolint:gosec // it may wrap
}

// stretch is a run of rows that are written together.
type stretch struct {
	since  time.Time
	pages  []*trailing // in order of their rows
	bytes  int
	sites  map[workflow.SiteID][]*trailing // in order
	images map[imageKey]*image             // the newest of each record

	// Only of the stretch that is being written: since when, and what is left of it, sorted.
	begun       time.Time
	rows        []*trailing
	docs        []*image
	cost, spent int // of all of it, and of what is written
}

func newStretch(since time.Time) *stretch {
	return &stretch{
		since: since, sites: map[workflow.SiteID][]*trailing{},
		images: map[imageKey]*image{},
	}
}

func (s *stretch) add(p *trailing) {
	s.sites[p.site] = append(s.sites[p.site], p)
	for k := range p.images {
		s.images[imageKey{p.site, p.images[k].Ref}] = &p.images[k]
	}
	s.pages, s.bytes = append(s.pages, p), s.bytes+p.size
}

// begin prepares the stretch to be written: neighbours in a table are written one after the other.
func (s *stretch) begin(now time.Time) {
	s.begun = now
	for _, site := range sortedKeys(s.sites) {
		s.rows = append(s.rows, s.sites[site]...)
	}
	for _, i := range s.images {
		s.docs = append(s.docs, i)
	}
	slices.SortFunc(s.docs, func(a, b *image) int {
		return cmp.Or(strings.Compare(string(a.Collection), string(b.Collection)),
			strings.Compare(string(a.site), string(b.site)), strings.Compare(a.ID, b.ID))
	})
	s.cost = s.priceOf(slice{len(s.rows), len(s.docs)})
}

// slice is a number of lines that are next to be written.
type slice struct{ rows, docs int }

// next is as much of what is left as n pays for.
func (s *stretch) next(n int) (by slice) {
	if n <= 0 {
		return by
	}
	by.rows = min(n, len(s.rows))
	n -= by.rows
	for ; by.docs < len(s.docs) && n > 0; by.docs++ {
		n -= s.docs[by.docs].price()
	}
	return by
}

// priceOf is what lines cost to write.
func (s *stretch) priceOf(by slice) int {
	price := by.rows
	for _, i := range s.docs[:by.docs] {
		price += i.price()
	}
	return price
}

// price is about what an image costs to write: a closed visit is found by many indexes. The unit is
// a line of the index of pages.
func (i *image) price() int {
	if i.Collection == workflow.Visits && !i.Open {
		return 50
	}
	return 20
}

// first and last are its oldest and its newest row.
func (s *stretch) first() int64 { return s.pages[0].key }
func (s *stretch) last() int64  { return s.pages[len(s.pages)-1].key }

func sortedKeys[V any](m map[workflow.SiteID]V) []workflow.SiteID {
	keys := make([]workflow.SiteID, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// tail is the stretch that grows, and the one before it, which is being written. Either may be nil.
// The writer alone changes it.
type tail struct {
	mu               sync.RWMutex
	growing, writing *stretch
}

// stretches are both, the older one first. The caller holds mu.
func (t *tail) stretches() []*stretch {
	out := make([]*stretch, 0, 2)
	for _, s := range []*stretch{t.writing, t.growing} {
		if s != nil {
			out = append(out, s)
		}
	}
	return out
}

// add takes pages whose rows are durable.
func (t *tail) add(pages []*trailing, now time.Time) {
	if len(pages) == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.growing == nil {
		t.growing = newStretch(now)
	}
	for _, p := range pages {
		t.growing.add(p)
	}
}

// set replaces everything by the pages that were found above the mark.
func (t *tail) set(pages []*trailing, now time.Time) {
	t.mu.Lock()
	t.growing, t.writing = nil, nil
	t.mu.Unlock()
	t.add(pages, now)
}

// Bounds of a stretch: when one is reached it is written, and the next one grows.
const (
	stretchPages = 2048
	stretchBytes = 8 << 20
	stretchAge   = 400 * time.Millisecond
	writtenIn    = 300 * time.Millisecond // so what is on the disk is in its documents in 0.7 s
	stretchParts = 24                     // neighbours that are written together share pages
)

// turn is the stretch to be written now, if there is one: the one that has begun, or the one that
// grows when it is due, or all is. When room is tight the one that has begun is finished first: put
// together with the next it would begin anew each time, and never end.
func (t *tail) turn(now time.Time, all, tight bool) *stretch {
	t.mu.Lock()
	defer t.mu.Unlock()
	g := t.growing
	switch {
	case g == nil:
	case t.writing == nil && (all || g.full() || now.Sub(g.since) >= stretchAge):
		t.writing, t.growing = g, nil
		g.begin(now)
	case t.writing != nil && all && !tight:
		// both as one; what is written already may be written again
		both := newStretch(t.writing.since)
		for _, p := range slices.Concat(t.writing.pages, g.pages) {
			both.add(p)
		}
		t.writing, t.growing = both, nil
		both.begin(now)
	}
	return t.writing
}

func (s *stretch) full() bool { return s.filled() >= 1 }

// filled is how full it is; 1 is full.
func (s *stretch) filled() float64 {
	return max(float64(len(s.pages))/stretchPages, float64(s.bytes)/stretchBytes)
}

// owed is what has to be written now of the stretch that is being written. The work is spread
// evenly, in parts: it ends when the stretch is old, or when the next one is full.
func (t *tail) owed(now time.Time) int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	s, done := t.writing, float64(now.Sub(t.writing.begun))/float64(writtenIn)
	if t.growing != nil {
		done = max(done, t.growing.filled())
	}
	if done >= 1 {
		return s.cost
	}
	owed := int(float64(s.cost)*done) - s.spent
	if owed < s.cost/stretchParts {
		return 0
	}
	return owed
}

// advance notes that a part of the stretch is durable.
func (t *tail) advance(by slice) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.writing
	if s == nil {
		return
	}
	s.spent += s.priceOf(by)
	s.rows, s.docs = s.rows[by.rows:], s.docs[by.docs:]
	if len(s.rows)+len(s.docs) == 0 {
		t.writing = nil
	}
}

// ends are the numbers of the oldest and the newest row that trail; 0 when none does.
func (t *tail) ends() (oldest, newest int64) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for n, s := range t.stretches() {
		if n == 0 {
			oldest = s.first()
		}
		newest = s.last()
	}
	return oldest, newest
}

// waiting is how many pages trail, and since when the oldest does.
func (t *tail) waiting() (pages int, since time.Time) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, s := range t.stretches() {
		if pages += len(s.pages); since.IsZero() {
			since = s.since
		}
	}
	return pages, since
}

// of are the pages of a site that trail, in order.
func (t *tail) of(site workflow.SiteID) (pages []*trailing) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, s := range t.stretches() {
		pages = append(pages, s.sites[site]...)
	}
	return pages
}

// image is the newest image of a record; nil when it does not trail.
func (t *tail) image(site workflow.SiteID, ref workflow.Ref) (newest *image) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, s := range t.stretches() {
		if i := s.images[imageKey{site, ref}]; i != nil {
			newest = i
		}
	}
	return newest
}

// imagesOf are the newest images of a site's records.
func (t *tail) imagesOf(site workflow.SiteID) map[workflow.Ref]*image {
	found := map[workflow.Ref]*image{}
	for _, p := range t.of(site) {
		for k := range p.images {
			found[p.images[k].Ref] = &p.images[k]
		}
	}
	return found
}

// documents are those of one collection.
func (t *tail) documents(site workflow.SiteID, c workflow.Collection) (docs []repo.Document) {
	for ref, i := range t.imagesOf(site) {
		if ref.Collection == c {
			docs = append(docs, i.document())
		}
	}
	return docs
}

// without is the last commit of a site that trails before the first that leaves an image in a
// collection, and whether there is such a one: up to there the file holds the whole collection.
func (t *tail) without(site workflow.SiteID, c workflow.Collection) (last int64, trails bool) {
	for _, p := range t.of(site) {
		if slices.ContainsFunc(p.images, func(i image) bool { return i.Collection == c }) {
			return last, true
		}
		last = p.last
	}
	return last, false
}

// sitesWith are the sites with pages that trail and, if a collection is given, images in it.
func (t *tail) sitesWith(c workflow.Collection) []workflow.SiteID {
	t.mu.RLock()
	defer t.mu.RUnlock()
	sites := map[workflow.SiteID]bool{}
	for _, s := range t.stretches() {
		for site := range s.sites {
			sites[site] = sites[site] || c == ""
		}
		for k := range s.images {
			sites[k.site] = sites[k.site] || k.ref.Collection == c
		}
	}
	for site, has := range sites {
		if !has {
			delete(sites, site)
		}
	}
	return sortedKeys(sites)
}
