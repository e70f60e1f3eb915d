package repo

import (
	"context"
	"encoding/json"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// Side is a document outside the journal: a person, a note, an API key, or a piece of meta data.
type Side struct {
	Collection SideCollection
	ID         string
	// Site is the site that it belongs to. People, notes and whatever has a lookup belong to one. A
	// store's own records and the keys of administrators belong to none, and no method about one
	// site finds them.
	Site workflow.SiteID
	// Lookup is unique within collection and site when not empty: the keyed HMAC of a person's
	// phone, or the record that a note hangs on and the note's id.
	Lookup string
	// Command is the command that carries this document's id; Pending until it is known to be in
	// the journal.
	Command string
	Pending bool
	// At is when it was written; of an intent, when the sweep may look at it; of a session or a
	// pairing, when it ends.
	At   time.Time
	Body json.RawMessage
}

// NeedSite refuses a document that must belong to a site and does not.
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
	// Sessions are what the cookies of browsers stand for, Pairings the codes that devices are
	// paired with.
	Sessions SideCollection = "sessions"
	Pairings SideCollection = "pairings"
	// PINs are with what members of staff sign in on the front desk's device.
	PINs SideCollection = "pins"
)

// SideCollections are all of them, for code that treats them alike: the stores, and Copy. Only
// package vault uses People and Notes by name.
var SideCollections = []SideCollection{People, Notes, APIKeys, Meta, Sessions, Pairings, PINs}

// Sides keeps what must be erasable or changeable, apart from the journal. Writes are durable when
// they return nil.
type Sides interface {
	// Insert adds a document; ErrExists when its id or its lookup is taken.
	Insert(ctx context.Context, s Side) error
	// Replace writes a document whether or not it is there; ErrExists when its lookup belongs to
	// another id.
	Replace(ctx context.Context, s Side) error
	// Side reads one by id; ErrNotFound.
	Side(ctx context.Context, c SideCollection, id string) (Side, error)
	// Lookup reads one by lookup; ErrNotFound.
	Lookup(ctx context.Context, c SideCollection, site workflow.SiteID, lookup string) (Side, error)
	// Sides lists a collection of one site by id; only pending ones older than before when before
	// is not zero.
	Sides(ctx context.Context, c SideCollection, site workflow.SiteID, before time.Time) ([]Side,
		error)
	// SidesOfAllSites is Sides over all sites, and what belongs to none: for the upkeep of the
	// whole store, never for a caller who belongs to one office.
	SidesOfAllSites(ctx context.Context, c SideCollection, before time.Time) ([]Side, error)
	// Delete removes one for good; deleting what is not there is no error.
	Delete(ctx context.Context, c SideCollection, id string) error
}

// SideChanges changes side documents that somebody else, on any instance, may be changing too: only
// a document that is still as it was read is touched. Every field is compared; a sealed body is
// never the same twice.
type SideChanges interface {
	// ReplaceIf writes now over read, which has the same collection, id and site. ErrChanged;
	// ErrExists when the lookup of now belongs to another id.
	ReplaceIf(ctx context.Context, read, now Side) error
	// DeleteIf removes one for good; ErrChanged.
	DeleteIf(ctx context.Context, read Side) error
	// Under lists, by lookup, the documents of a site whose lookup begins with prefix, which is not
	// empty and ends in ASCII.
	Under(ctx context.Context, c SideCollection, site workflow.SiteID, prefix string) ([]Side,
		error)
}

// PrefixEnd is the first text after all that begin with a prefix, byte by byte.
func PrefixEnd(prefix string) string {
	n := len(prefix) - 1
	return prefix[:n] + string(prefix[n]+1)
}
