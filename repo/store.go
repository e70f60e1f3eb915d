package repo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// What a store answers to an append; everything else wraps ErrUnknown.
var (
	// ErrSeqTaken: another page stands at this number, and none of the page's commits is in the
	// journal.
	ErrSeqTaken = errors.New("sequence number taken")
	// ErrIDTaken: a commit of the page is already in the journal, in another page. Find tells
	// which.
	ErrIDTaken = errors.New("command id taken")
	// ErrUnknown: nobody can say whether the page was written. It is never "not written".
	ErrUnknown = errors.New("outcome unknown")
	// ErrClosed: the store was closed; nothing was written.
	ErrClosed = errors.New("store closed")
	// ErrExists: a side document with this id, or with this lookup in the collection and site, is
	// already there.
	ErrExists = errors.New("already exists")
	// ErrChanged: a side document has changed since it was read, or is gone.
	ErrChanged = errors.New("changed since it was read")
	// ErrNotFound: there is no such record.
	ErrNotFound = errors.New("not found")
	// ErrCorrupt: what is stored contradicts itself; the error names the place.
	ErrCorrupt = errors.New("corrupt")
	// ErrNoSite: a method about one site was called without one. An empty id never stands for all
	// sites: there are separate methods for that, which nobody calls by leaving something out.
	ErrNoSite = errors.New("no site is named")
)

// NeedSite refuses the empty id. Every method of a store that takes a site begins with it.
func NeedSite(site workflow.SiteID) error {
	if site == "" {
		return ErrNoSite
	}
	return nil
}

// NeedSites refuses all of the pages when one of them belongs to no site.
func NeedSites(pages []*Page) error {
	for _, p := range pages {
		if err := NeedSite(p.Site); err != nil {
			return fmt.Errorf("page %d: %w", p.First, err)
		}
	}
	return nil
}

// Document is an image as stored, with the commit number that wrote it (the "seq" in Doc).
type Document struct {
	workflow.Image
	Site workflow.SiteID
	Seq  int64
}

// Record decodes the document; ErrCorrupt, or workflow.ErrNewer.
func (d Document) Record() (workflow.Record, error) {
	r, err := workflow.Decode(d.Image)
	if err != nil && !errors.Is(err, workflow.ErrNewer) {
		return nil, fmt.Errorf("%w: document of site %s: %w", ErrCorrupt, d.Site, err)
	}
	return r, err
}

// BusinessDay is the day by which a visit's document is scanned.
func (d Document) BusinessDay() (workflow.Date, error) {
	var v struct {
		Day workflow.Date `json:"business_day"`
	}
	if err := json.Unmarshal(d.Doc, &v); err != nil {
		return "", fmt.Errorf("%w: %s %s: %w", ErrCorrupt, d.Collection, d.ID, err)
	}
	return v.Day, nil
}

// Journal appends and reads pages. Reads are linearizable: they see every page whose append was
// answered with nil, on any instance, and nothing that can be rolled back (MongoDB: majority). A
// method that is called without a site answers ErrNoSite, here and in Documents and Sides.
type Journal interface {
	// Append writes pages, at most one per site, and answers for each in order: nil when it is
	// durable (so is a page that was already there with the same hash), ErrSeqTaken, ErrIDTaken,
	// ErrClosed, ErrStorageFull, ErrNoSite (nothing was written), or an error that wraps
	// ErrUnknown. Several calls may run at once for different sites. ctx bounds the wait, not the
	// effect.
	Append(ctx context.Context, pages []*Page) []error
	// Since returns up to limit pages, in order, whose Last ≥ seq: from the page that holds commit
	// seq on.
	Since(ctx context.Context, site workflow.SiteID, seq int64, limit int) ([]*Page, error)
	// Before returns up to limit pages whose First ≤ seq, newest first.
	Before(ctx context.Context, site workflow.SiteID, seq int64, limit int) ([]*Page, error)
	// Find returns the page that holds the command id; ErrNotFound when there is none.
	Find(ctx context.Context, site workflow.SiteID, id string) (*Page, error)
	// Sites lists the sites that have a journal, by id.
	Sites(ctx context.Context) ([]workflow.SiteID, error)
	// Moved names the sites whose journals have grown since an earlier call, and a number that each
	// has reached at least. next is what to ask with the next time; asked with 0 it names every
	// site. It is cheap: its answer may trail as documents do, and a store that cannot tell what is
	// new names every site each time.
	Moved(ctx context.Context, after int64) (heads map[workflow.SiteID]int64, next int64, err error)
}

// Span is a stretch of one site's documents in a collection, to be read from end to end.
type Span struct {
	Collection workflow.Collection
	Site       workflow.SiteID
	// ByDay: the visits, From ≤ business_day ≤ To where given, in order of the business day and
	// then of the id. A visit whose day changes during the scan (it arrives before midnight and is
	// received after) may come twice or not at all.
	ByDay    bool
	From, To workflow.Date
	// After is where to start in scans that are not by day: they go by id, and begin behind this
	// one.
	After string
}

// Documents reads what people query: the images, written behind the journal in order.
type Documents interface {
	// Load returns every open document of a site (open = true) and its sites, staff and live rota
	// records; every commit up to mark is in them, later ones may be. The caller goes on with
	// Since(mark).
	Load(ctx context.Context, site workflow.SiteID) (docs []Document, mark int64, err error)
	// Read returns the named documents that exist; every commit of the site up to seq is in them,
	// later ones may be. A store whose documents trail applies the tail first.
	Read(ctx context.Context, site workflow.SiteID, seq int64, refs []workflow.Ref) ([]Document,
		error)
	// List answers a query.
	List(ctx context.Context, q Query) (Listing, error)
	// Asked returns the records that an agenda asks for, at most limit, in order of the moment and
	// then of the id; every commit of the site up to seq is in them, later ones may be.
	Asked(ctx context.Context, site workflow.SiteID, seq int64, ask workflow.Ask, limit int) (
		[]Document, error)
	// DueAll returns the records of all sites that the service has to look at by itself, those of
	// workflow.Wakers with next.wake_at ≤ before, from behind a place on: at most limit, in order
	// of the moment and then of the id. It is for the service's own timers, never for a caller who
	// belongs to one office. Its answer may trail as documents do.
	DueAll(ctx context.Context, before time.Time, after Waking, limit int) ([]Document, error)
	// Scan calls f for every document of a span, in bounded memory. Its error is f's, or the
	// store's.
	Scan(ctx context.Context, of Span, f func(Document) error) error
	// ScanAllSites is Scan over a collection of all sites, by id: for the upkeep of the whole
	// store, never for a caller who belongs to one office.
	ScanAllSites(ctx context.Context, c workflow.Collection, f func(Document) error) error
	// Mark is the contiguous number up to which a site's documents are written.
	Mark(ctx context.Context, site workflow.SiteID) (int64, error)
	// Project writes the images of pages that are already in the journal and moves the mark: what
	// repair and copy do. Pages must follow each other; applying twice is harmless.
	Project(ctx context.Context, pages []*Page) error
}

// Store is a place that keeps sites. Implementations hold no rules. Every method honours its
// context; after Close every method fails with ErrClosed.
type Store interface {
	Journal
	Documents
	Sides
	SideChanges
	// Confirm makes sure, before a refusal, that at some moment of the call the site's journal
	// ended at commit seq and held none of these commands. It must not trust a server that has been
	// replaced and does not know it yet. false: the journal goes on, or holds one of them. A store
	// whose server cannot be replaced answers true.
	Confirm(ctx context.Context, site workflow.SiteID, seq int64, ids []string) (bool, error)
	// Clock is the time by the store's own clock; zero when it has none.
	Clock(ctx context.Context) (time.Time, error)
	// Ping tells whether the store can serve now.
	Ping(ctx context.Context) error
	// Parallel is how many appends the store wants in flight at once.
	Parallel() int
	io.Closer
}

// PoolCounter is the ability of a store whose servers can be replaced under it (MongoDB). The
// engine asks it before each page that it decides. When the number has grown, the newest pages may
// be gone with a server, and the board is read again. With a store that lacks the ability the
// engine trusts its board until an append says otherwise.
type PoolCounter interface {
	// Cleared counts the connection pools that were cleared since the store was opened.
	Cleared() uint64
}

// Trailer is the ability of a store whose documents are written some time after the journal. The
// service shows the answer in its metrics.
type Trailer interface {
	// Trailing is how many pages wait for their documents to be written, and since when the oldest
	// of them has waited; zero when none does.
	Trailing() (pages int, since time.Time)
}

// SelfChecker is the ability of a store to check itself beyond its journals and documents (SQLite:
// the pages of the file, its indexes). Verify uses it when it verifies all sites. In a store that
// lacks the ability Verify checks the journals and the documents only.
type SelfChecker interface {
	// Check describes what is wrong; nothing when all is well.
	Check(ctx context.Context) (problems []string, err error)
}
