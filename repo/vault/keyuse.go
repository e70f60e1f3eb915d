package vault

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// noteEvery is how often, at most, the use of a secret is written down.
const noteEvery = time.Hour

// use is when a secret was used, and when that was last written down.
type use struct {
	site        workflow.SiteID
	seen, noted time.Time
}

type usedBody struct {
	UsedAt time.Time `json:"used_at"`
}

// used notes that a secret was used. The first use is written down before the request goes on: from
// then on a repeated request must not replace that secret. Later ones wait for NoteUses.
func (k *Keys) used(ctx context.Context, key *Key, secret int) {
	id, now := usedID(key.ID, secret), k.at()
	k.mu.Lock()
	u, ok := k.uses[id]
	k.uses[id] = use{site: key.Site, seen: now, noted: u.noted}
	k.mu.Unlock()
	if ok {
		return
	}
	doc, err := usedSide(id, key.Site, now)
	if err != nil || k.store.Insert(ctx, doc) != nil {
		return // it was used before, or NoteUses tries again
	}
	k.noted(id, now)
}

func usedSide(id string, site workflow.SiteID, at time.Time) (repo.Side, error) {
	body, err := json.Marshal(usedBody{at})
	return repo.Side{Collection: repo.APIKeys, ID: id, Site: site, At: at, Body: body}, err
}

func (k *Keys) noted(id string, at time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	u := k.uses[id]
	u.noted = at
	k.uses[id] = u
}

// NoteUses writes down the last use of keys that were used since it was last written, if that was
// an hour ago or more. Call it from time to time; no request waits for it.
func (k *Keys) NoteUses(ctx context.Context) error {
	k.mu.Lock()
	due := map[string]use{}
	for id, u := range k.uses {
		if u.seen.Sub(u.noted) >= noteEvery {
			due[id] = u
		}
	}
	k.mu.Unlock()
	for id, u := range due {
		doc, err := usedSide(id, u.site, u.seen)
		if err == nil {
			err = k.store.Replace(ctx, doc)
		}
		if err != nil {
			return fmt.Errorf("note the use of keys: %w", err)
		}
		k.noted(id, u.seen)
	}
	return nil
}

// List lists the keys of a site, revoked ones too; ErrNotFound when there is no such site.
func (k *Keys) List(ctx context.Context, site workflow.SiteID) ([]Key, error) {
	docs, err := k.store.Sides(ctx, repo.APIKeys, site, time.Time{})
	if err != nil {
		return nil, fmt.Errorf("list keys: %w", repo.Unavailable(err))
	}
	keys, err := stored(docs, site)
	if err != nil {
		return nil, err
	}
	refs := make([]workflow.Ref, 0, len(keys))
	for id := range keys {
		refs = append(refs, workflow.KeyRef(workflow.KeyID(id)))
	}
	err = k.engine.View(ctx, site, refs, func(b *workflow.Board) error {
		if b.Site() == nil { // an administrator's key covers what is not there
			return repo.ErrNotFound
		}
		for _, ref := range refs {
			r, _ := b.Record(ref)
			if r, ok := r.(*workflow.Key); ok {
				keys[ref.ID].fill(r)
			}
		}
		for _, r := range b.Keys() { // made, but its secret was never written
			if keys[r.ID] == nil {
				keys[r.ID] = &Key{ID: r.ID}
				keys[r.ID].fill(r)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list keys: %w", err)
	}
	return inOrder(keys), nil
}

// Administrators lists the administrators' keys, revoked ones too.
func (k *Keys) Administrators(ctx context.Context) ([]Key, error) {
	docs, err := k.store.SidesOfAllSites(ctx, repo.APIKeys, time.Time{})
	if err != nil {
		return nil, fmt.Errorf("list keys: %w", repo.Unavailable(err))
	}
	keys, err := stored(docs, "")
	return inOrder(keys), err
}

// stored reads what is kept of keys outside the journal: of a site, or of administrators, who have
// none.
func stored(docs []repo.Side, site workflow.SiteID) (keys map[string]*Key, err error) {
	keys = map[string]*Key{}
	used := map[string]time.Time{}
	for _, doc := range docs {
		if doc.Site != site {
			continue
		}
		id, rest, more := strings.Cut(doc.ID, "~")
		var s storedKey
		var u usedBody
		switch {
		case strings.HasSuffix(rest, "~used"):
			err = json.Unmarshal(doc.Body, &u)
			if u.UsedAt.After(used[id]) {
				used[id] = u.UsedAt
			}
		case !more:
			err = json.Unmarshal(doc.Body, &s)
			keys[id] = &s.Key
		}
		if err != nil {
			return nil, fmt.Errorf("%w: key %s", repo.ErrCorrupt, doc.ID)
		}
	}
	for id, at := range used {
		if keys[id] != nil {
			keys[id].UsedAt = at
		}
	}
	return keys, nil
}

// inOrder are keys in the order in which they were made.
func inOrder(keys map[string]*Key) []Key {
	list := make([]Key, 0, len(keys))
	for _, k := range keys {
		list = append(list, *k)
	}
	slices.SortFunc(list, func(a, b Key) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	return list
}

// SiteOf is the site that a key belongs to, "" for an administrator's; ErrNotFound when there is no
// such key.
func (k *Keys) SiteOf(ctx context.Context, id string) (workflow.SiteID, error) {
	if strings.Contains(id, "~") {
		return "", repo.ErrNotFound
	}
	doc, err := k.store.Side(ctx, repo.APIKeys, id)
	if err != nil && !errors.Is(err, repo.ErrNotFound) {
		err = repo.Unavailable(err)
	}
	return doc.Site, err
}

// Revoke ends a key of a site for somebody who has access to the store: a commit like any other,
// whose actor is OperatorKey.
func (k *Keys) Revoke(ctx context.Context, site workflow.SiteID, id, command string) error {
	was, err := k.Former(ctx, site, id)
	if err != nil {
		return err
	}
	_, err = k.engine.Do(ctx, site, repo.Request{
		ID: command, By: workflow.Actor{Key: OperatorKey, Role: workflow.RoleAdministrator},
		Command: &workflow.RevokeKey{Key: workflow.KeyID(id), Was: was},
	})
	k.forget(id)
	var f *workflow.Fault
	if errors.As(err, &f) && f.Class == workflow.ClassNotFound {
		return repo.ErrNotFound
	}
	return err
}
