package vault

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// Name is what somebody or something is called on screens.
type Name struct {
	// Name in the words of the office; empty when it was erased.
	Name string `json:"name,omitempty"`
	// Pinyin is the initials by which somebody who types finds it, as the office typed them.
	Pinyin string `json:"py,omitempty"`
	// At is when it was written or erased: the later one holds, whatever is carried out last.
	At time.Time `json:"at,omitzero"`
}

// Names are what an office, its staff and its units are called on screens. They are in the vault,
// as a whole, in one document for each site.
type Names struct {
	Office Name                      `json:"office,omitzero"`
	Staff  map[workflow.StaffID]Name `json:"staff,omitempty"`
	Units  map[workflow.UnitID]Name  `json:"units,omitempty"`
}

// namesPrefix begins the ids of names. They are kept in the collection people: they are personal
// data, and just as erasable.
const namesPrefix = "names/"

// Names are those of a site; empty when it has none.
func (v *Vault) Names(ctx context.Context, site workflow.SiteID) (Names, error) {
	var n Names
	_, err := v.read(ctx, repo.People, site, namesPrefix+string(site), &n)
	if errors.Is(err, repo.ErrNotFound) {
		err = nil
	}
	return n, err
}

// changeNames writes the names that a change holds; at is when it was asked for.
func (v *Vault) changeNames(
	ctx context.Context, site workflow.SiteID, change Names, at time.Time,
) error {
	id := namesPrefix + string(site)
	for range maxChanges {
		var n Names
		was, err := v.read(ctx, repo.People, site, id, &n)
		absent := errors.Is(err, repo.ErrNotFound)
		if err != nil && !absent {
			return fmt.Errorf("change names: %w", err)
		}
		n.take(change, at)
		doc := repo.Side{Collection: repo.People, ID: id, Site: site, At: v.at()}
		if doc.Body, err = v.body(id, n); err != nil {
			return err
		}
		if absent {
			err = v.store.Insert(ctx, doc)
		} else {
			err = v.store.ReplaceIf(ctx, was, doc)
		}
		if !errors.Is(err, repo.ErrChanged) && !errors.Is(err, repo.ErrExists) {
			return repo.Unavailable(err)
		}
	}
	return repo.ErrBusy
}

// take enters a change. An entry without a name stays: it says since when there is none.
func (n *Names) take(change Names, at time.Time) {
	later := func(old, now Name) Name {
		if old.At.After(at) {
			return old
		}
		now.At = at
		return now
	}
	if !change.Office.At.IsZero() {
		n.Office = later(n.Office, change.Office)
	}
	for id, name := range change.Staff {
		if n.Staff == nil {
			n.Staff = map[workflow.StaffID]Name{}
		}
		n.Staff[id] = later(n.Staff[id], name)
	}
	for id, name := range change.Units {
		if n.Units == nil {
			n.Units = map[workflow.UnitID]Name{}
		}
		n.Units[id] = later(n.Units[id], name)
	}
}
