// Package repo keeps sites: the contract of a store, and the engine that decides on top of it.
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
	// ErrSeqTaken: another page stands at this number, and none of the page's commits is in the journal.
	ErrSeqTaken = errors.New("sequence number taken")
	// ErrIDTaken: a commit of the page is already in the journal, in another page. Find tells which.
	ErrIDTaken = errors.New("command id taken")
	// ErrUnknown: nobody can say whether the page was written. It is never "not written".
	ErrUnknown = errors.New("outcome unknown")
	// ErrClosed: the store was closed; nothing was written.
	ErrClosed = errors.New("store closed")
	// ErrExists: a side document with this id, or with this lookup in the collection and site, is already there.
	ErrExists = errors.New("already exists")
	// ErrChanged: a side document does not stand any more as it was read, or is gone.
	ErrChanged = errors.New("changed since it was read")
	// ErrNotFound: there is no such record.
	ErrNotFound = errors.New("not found")
	// ErrCorrupt: what is stored contradicts itself; the error names the place.
	ErrCorrupt = errors.New("corrupt")
	// ErrNoSite: a method that is about one site was called without one. An empty id never stands for all sites: that is asked
	// for by a method of its own, which nobody calls by leaving something out.
	ErrNoSite = errors.New("no site is named")
)

// NeedSite refuses the empty id. Every method of a store that takes a site begins with it.
func NeedSite(site workflow.SiteID) error {
	if site == "" {
		return ErrNoSite
	}
	return nil
}

// Entry is what a page says in plain fields about one commit.
type Entry struct {
	ID   string        `json:"id"`
	Kind workflow.Kind `json:"kind"`
}

// Page is one link of a site's journal: the commits First … Last, decided together, landing whole or not at all.
// Its stored id is PageID(Site, First).
type Page struct {
	Site    workflow.SiteID
	First   int64
	Last    int64
	At      time.Time // of the last commit
	Prev    string    // Hash of the page before; "" for the first
	Hash    string    // hex SHA-256(Prev ‖ Body)
	Body    []byte    // canonical JSON text of []workflow.Commit, stored as text, exactly
	Entries []Entry
	// Images are the newest images of the page's records, one each: what projects to documents. Derived from Body; a store
	// fills it on the way out only if it is asked to project.
	Images []workflow.Image
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

// Journal appends and reads pages. Reads are linearizable: they see every page whose append was answered with nil, on any
// instance, and nothing that can be rolled back (MongoDB: majority). What is asked about no site is ErrNoSite, here and in
// Documents and Sides.
type Journal interface {
	// Append writes pages, at most one per site, and answers for each in order: nil when it is durable (so is a page that was
	// already there with the same hash), ErrSeqTaken, ErrIDTaken, ErrClosed, ErrStorageFull, ErrNoSite (nothing was written), or
	// an error that wraps ErrUnknown. Several calls may run at once for different sites. ctx bounds the wait, not the effect.
	Append(ctx context.Context, pages []*Page) []error
	// Since returns up to limit pages, in order, whose Last ≥ seq: from the page that holds commit seq on.
	Since(ctx context.Context, site workflow.SiteID, seq int64, limit int) ([]*Page, error)
	// Before returns up to limit pages whose First ≤ seq, newest first.
	Before(ctx context.Context, site workflow.SiteID, seq int64, limit int) ([]*Page, error)
	// Find returns the page that holds the command id; ErrNotFound when there is none.
	Find(ctx context.Context, site workflow.SiteID, id string) (*Page, error)
	// Sites lists the sites that have a journal, by id.
	Sites(ctx context.Context) ([]workflow.SiteID, error)
	// Moved tells which sites' journals have moved on since an earlier call, and which number each has reached at least; next is
	// what to ask with the next time, and after 0 every site is named. It is cheap: what it says may trail by as much as
	// documents do, and a store that cannot tell what is new names every site each time.
	Moved(ctx context.Context, after int64) (heads map[workflow.SiteID]int64, next int64, err error)
}

// Span is a stretch of one site's documents in a collection, to be read from end to end.
type Span struct {
	Collection workflow.Collection
	Site       workflow.SiteID
	// ByDay: the visits, From ≤ business_day ≤ To where given, in order of the business day and then of the id. A
	// visit whose day changes during the scan (it arrived before midnight and is received after it) may come twice or not at all.
	ByDay    bool
	From, To workflow.Date
	// After, of scans that are not by day: the order is by id, from behind this one on.
	After string
}

// Documents reads what people query: the images, written behind the journal in order.
type Documents interface {
	// Load returns every open document of a site (open = true) and its sites, staff and live rota records; every commit up to
	// mark is in them, later ones may be. The caller goes on with Since(mark).
	Load(ctx context.Context, site workflow.SiteID) (docs []Document, mark int64, err error)
	// Read returns the named documents that exist; every commit of the site up to seq is in them, later ones may be. A store
	// whose documents trail applies the tail first.
	Read(ctx context.Context, site workflow.SiteID, seq int64, refs []workflow.Ref) ([]Document, error)
	// List answers a query.
	List(ctx context.Context, q Query) (Listing, error)
	// Scan calls f for every document of a span, in bounded memory. Its error is f's, or the store's.
	Scan(ctx context.Context, of Span, f func(Document) error) error
	// ScanAllSites is Scan over a collection of all sites, by id: for whoever looks after the whole store, never for a caller
	// who belongs to an office.
	ScanAllSites(ctx context.Context, c workflow.Collection, f func(Document) error) error
	// Mark is the contiguous number up to which a site's documents are written.
	Mark(ctx context.Context, site workflow.SiteID) (int64, error)
	// Project writes the images of pages that are already in the journal and moves the mark: what repair and copy do. Pages
	// must follow each other; applying twice is harmless.
	Project(ctx context.Context, pages []*Page) error
}

// Side is a document outside the journal: a person, a note, an API key, or a piece of meta data.
type Side struct {
	Collection SideCollection
	ID         string
	// Site is whose it is. People, notes and whatever has a lookup belong to one; a store's own records and the keys of
	// administrators belong to none, and no method that is about a site finds them.
	Site workflow.SiteID
	// Lookup is unique within collection and site when not empty: the keyed HMAC of a person's phone, or the record that a note
	// hangs on and the note's id.
	Lookup string
	// Command is the command that carries this document's id; Pending until it is known to be in the journal.
	Command string
	Pending bool
	At      time.Time // when it was written; of an intent, from when on the sweep looks after it
	Body    json.RawMessage
}

// NeedSites refuses pages of which one belongs to no site: then nothing is done with any.
func NeedSites(pages []*Page) error {
	for _, p := range pages {
		if err := NeedSite(p.Site); err != nil {
			return fmt.Errorf("page %d: %w", p.First, err)
		}
	}
	return nil
}

// NeedSite refuses a document that has to belong to a site and does not.
func (s *Side) NeedSite() error {
	if s.Lookup != "" || s.Collection == People || s.Collection == Notes {
		return NeedSite(s.Site)
	}
	return nil
}

// SideCollection names a collection of side documents.
type SideCollection string

// The side collections.
const (
	People  SideCollection = "people"
	Notes   SideCollection = "notes"
	APIKeys SideCollection = "api_keys"
	Meta    SideCollection = "meta"
)

// Sides keeps what must be erasable or changeable, apart from the journal. Writes are durable when they return nil.
type Sides interface {
	// Insert adds a document; ErrExists when its id or its lookup is taken.
	Insert(ctx context.Context, s Side) error
	// Replace writes a document whether or not it is there; ErrExists when its lookup belongs to another id.
	Replace(ctx context.Context, s Side) error
	// Side reads one by id; ErrNotFound.
	Side(ctx context.Context, c SideCollection, id string) (Side, error)
	// Lookup reads one by lookup; ErrNotFound.
	Lookup(ctx context.Context, c SideCollection, site workflow.SiteID, lookup string) (Side, error)
	// Sides lists a collection of one site by id; only pending ones older than before when before is not zero.
	Sides(ctx context.Context, c SideCollection, site workflow.SiteID, before time.Time) ([]Side, error)
	// SidesOfAllSites is Sides over all sites, and what belongs to none: for whoever looks after the whole store, never for a
	// caller who belongs to an office.
	SidesOfAllSites(ctx context.Context, c SideCollection, before time.Time) ([]Side, error)
	// Delete removes one for good; deleting what is not there is no error.
	Delete(ctx context.Context, c SideCollection, id string) error
}

// SideChanges changes side documents that somebody else, on any instance, may be changing: only what still stands as it was
// read is touched. As read means every field; a sealed body is never the same twice.
type SideChanges interface {
	// ReplaceIf writes now over read, which has the same collection, id and site. ErrChanged; ErrExists when the lookup of now
	// belongs to another id.
	ReplaceIf(ctx context.Context, read, now Side) error
	// DeleteIf removes one for good; ErrChanged.
	DeleteIf(ctx context.Context, read Side) error
	// Under lists what a site has under lookups that begin with prefix, which is not empty and ends in ASCII; by lookup.
	Under(ctx context.Context, c SideCollection, site workflow.SiteID, prefix string) ([]Side, error)
}

// PrefixEnd is the first text behind all that begin with a prefix, byte by byte.
func PrefixEnd(prefix string) string {
	n := len(prefix) - 1
	return prefix[:n] + string(prefix[n]+1)
}

// Store is a place that keeps sites. Implementations hold no rules. Every method honours its context; after Close every
// method fails with ErrClosed.
type Store interface {
	Journal
	Documents
	Sides
	SideChanges
	// Confirm makes sure, before a refusal, that at some moment of the call the site's journal ended at commit seq and held none
	// of these commands: in truth, not only for a server that has been replaced and does not know it yet. false: it goes on, or
	// holds one. Where no server can be replaced there is nothing to do: true.
	Confirm(ctx context.Context, site workflow.SiteID, seq int64, ids []string) (bool, error)
	// Clock is the time by the store's own clock; zero when it has none but this machine's.
	Clock(ctx context.Context) (time.Time, error)
	// Ping tells whether the store can serve now.
	Ping(ctx context.Context) error
	// Parallel is how many appends the store wants in flight at once.
	Parallel() int
	io.Closer
}
