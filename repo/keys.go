package repo

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/lunpai/lunpai/workflow"
)

// What Keys answers beside store errors.
var (
	// ErrBadToken: no valid key has this token.
	ErrBadToken = errors.New("unknown or revoked key")
	// ErrBadKey: a key like this cannot be made; the error says why.
	ErrBadKey = errors.New("bad key")
)

// Key is a credential: who may act as what, where. The token itself is shown once and never stored.
type Key struct {
	ID    string            `json:"id"`
	Site  workflow.SiteID   `json:"site,omitempty"`  // empty: administrator
	Sites []workflow.SiteID `json:"sites,omitempty"` // further sites granted to an analyst
	Role  workflow.Role     `json:"role"`
	Staff workflow.StaffID  `json:"staff,omitempty"`
	// Label says in the office's words where the key is used, such as "tablet at the door".
	Label     string    `json:"label,omitempty"`
	CreatedAt time.Time `json:"created_at"`
	RevokedAt time.Time `json:"revoked_at,omitzero"`
}

// Covers reports whether the key is good at a site. No key is good at no site.
func (k *Key) Covers(site workflow.SiteID) bool {
	if site == "" {
		return false
	}
	return k.Role == workflow.RoleAdministrator || k.Site == site || slices.Contains(k.Sites, site)
}

// Actor is who acts with the key.
func (k *Key) Actor() workflow.Actor { return workflow.Actor{Key: k.ID, Role: k.Role, Staff: k.Staff} }

// storedKey is the body of the side document.
type storedKey struct {
	Key
	Hash []byte `json:"hash"` // SHA-256 of the secret
}

// cacheFor is how long a key's state is believed: a revoked key stops working within this time on every instance.
const cacheFor = 5 * time.Second

// Keys are the API keys of a store.
type Keys struct {
	store Store
	now   Clock

	mu    sync.Mutex
	cache map[string]cachedKey // by key id
}

type cachedKey struct {
	key   storedKey
	known bool
	until time.Time
}

// NewKeys opens the keys of a store. now is the time of the machine: caching does not follow a rehearsal's clock.
func NewKeys(s Store, now Clock) *Keys {
	if now == nil {
		now = time.Now //nolint:forbidigo // the system's clock is the default
	}
	return &Keys{store: s, now: now, cache: map[string]cachedKey{}}
}

// bootstrapID is the id of the first administrator key: one insert with a fixed id, so that one instance wins.
const bootstrapID = "bootstrap"

// Bootstrap makes the first administrator key. token is empty when there is one already, here or on another instance.
func (k *Keys) Bootstrap(ctx context.Context) (token string, err error) {
	_, token, err = k.insert(ctx, Key{ID: bootstrapID, Role: workflow.RoleAdministrator, Label: "first key"})
	if errors.Is(err, ErrExists) {
		return "", nil
	}
	return token, err
}

// Create makes a key and returns its token, which nobody can read again.
func (k *Keys) Create(ctx context.Context, key Key) (Key, string, error) {
	switch {
	case !slices.Contains(workflow.Roles, key.Role):
		return Key{}, "", fmt.Errorf("%w: role %q is not known", ErrBadKey, key.Role)
	case key.Role == workflow.RoleAdministrator && key.Site != "", key.Role != workflow.RoleAdministrator && key.Site == "":
		return Key{}, "", fmt.Errorf("%w: every key but an administrator's belongs to a site", ErrBadKey)
	case key.Role.StaffRole() != (key.Staff != ""):
		return Key{}, "", fmt.Errorf("%w: keys of consultants, shift leaders, supervisors and managers name a member of staff, others do not", ErrBadKey)
	case slices.Contains(key.Sites, ""):
		return Key{}, "", fmt.Errorf("%w: one of the further sites has no id", ErrBadKey)
	case len(key.Sites) > 0 && key.Role != workflow.RoleAnalyst:
		return Key{}, "", fmt.Errorf("%w: only an analyst is granted further sites", ErrBadKey)
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Key{}, "", fmt.Errorf("create key: %w", err)
	}
	key.ID = strings.ReplaceAll(id.String(), "-", "")
	return k.insert(ctx, key)
}

func (k *Keys) insert(ctx context.Context, key Key) (Key, string, error) {
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return Key{}, "", fmt.Errorf("create key: %w", err)
	}
	text := base64.RawURLEncoding.EncodeToString(secret)
	hash := sha256.Sum256([]byte(text))
	key.CreatedAt = k.now().UTC().Truncate(time.Millisecond)
	body, err := json.Marshal(storedKey{Key: key, Hash: hash[:]})
	if err != nil {
		return Key{}, "", fmt.Errorf("create key: %w", err)
	}
	err = k.store.Insert(ctx, Side{Collection: APIKeys, ID: key.ID, Site: key.Site, At: key.CreatedAt, Body: body})
	if err != nil && !k.stands(ctx, key.ID, hash[:]) {
		return Key{}, "", fmt.Errorf("create key: %w", err)
	}
	k.forget(key.ID) // somebody may have tried the id before it was there
	return key, "lp_" + key.ID + "_" + text, nil
}

// stands reports whether a key is stored with this secret: it was, although the store's answer was lost. The first key's token
// would be lost with it.
func (k *Keys) stands(ctx context.Context, id string, hash []byte) bool {
	doc, err := k.store.Side(ctx, APIKeys, id)
	var s storedKey
	return err == nil && json.Unmarshal(doc.Body, &s) == nil && subtle.ConstantTimeCompare(s.Hash, hash) == 1
}

// Authenticate finds the key of a token; ErrBadToken when there is none, or it was revoked. What it knows may be up to 5 s old.
func (k *Keys) Authenticate(ctx context.Context, token string) (Key, error) {
	rest, ok := strings.CutPrefix(token, "lp_")
	id, secret, ok2 := strings.Cut(rest, "_")
	if !ok || !ok2 || len(id) > 64 || len(secret) > 128 {
		return Key{}, ErrBadToken
	}
	s, known, err := k.read(ctx, id)
	if err != nil {
		return Key{}, err
	}
	hash := sha256.Sum256([]byte(secret))
	if subtle.ConstantTimeCompare(hash[:], s.Hash) != 1 || !known || !s.RevokedAt.IsZero() {
		return Key{}, ErrBadToken
	}
	return s.Key, nil
}

// read finds a stored key, in the cache if what stands there is recent.
func (k *Keys) read(ctx context.Context, id string) (storedKey, bool, error) {
	now := k.now()
	k.mu.Lock()
	c, ok := k.cache[id]
	k.mu.Unlock()
	if ok && now.Before(c.until) {
		return c.key, c.known, nil
	}
	doc, err := k.store.Side(ctx, APIKeys, id)
	c = cachedKey{known: err == nil, until: now.Add(cacheFor)}
	switch {
	case errors.Is(err, ErrNotFound):
	case err != nil:
		return storedKey{}, false, fmt.Errorf("read key: %w", unavailable(err))
	default:
		if err := json.Unmarshal(doc.Body, &c.key); err != nil {
			return storedKey{}, false, fmt.Errorf("%w: key %s", ErrCorrupt, id)
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.cache) >= 10_000 { // made-up ids must not fill the memory
		clear(k.cache)
	}
	k.cache[id] = c
	return c.key, c.known, nil
}

// List lists the keys of a site, revoked ones too.
func (k *Keys) List(ctx context.Context, site workflow.SiteID) ([]Key, error) {
	docs, err := k.store.Sides(ctx, APIKeys, site, time.Time{})
	if err != nil {
		return nil, fmt.Errorf("list keys: %w", unavailable(err))
	}
	return keysOf(docs)
}

func keysOf(docs []Side) ([]Key, error) {
	keys := make([]Key, 0, len(docs))
	for _, doc := range docs {
		var s storedKey
		if err := json.Unmarshal(doc.Body, &s); err != nil {
			return nil, fmt.Errorf("%w: key %s", ErrCorrupt, doc.ID)
		}
		keys = append(keys, s.Key)
	}
	return keys, nil
}

// Revoke ends a key; it stops working at once here and within 5 s on other instances. ErrNotFound when site has no such key:
// the keys of administrators are no site's.
func (k *Keys) Revoke(ctx context.Context, site workflow.SiteID, id string) (Key, error) {
	if err := NeedSite(site); err != nil {
		return Key{}, fmt.Errorf("revoke key: %w", err)
	}
	doc, err := k.store.Side(ctx, APIKeys, id)
	if errors.Is(err, ErrNotFound) || err == nil && doc.Site != site {
		return Key{}, ErrNotFound
	}
	if err != nil {
		return Key{}, fmt.Errorf("revoke key: %w", unavailable(err))
	}
	var s storedKey
	if err := json.Unmarshal(doc.Body, &s); err != nil {
		return Key{}, fmt.Errorf("%w: key %s", ErrCorrupt, id)
	}
	if s.RevokedAt.IsZero() {
		s.RevokedAt = k.now().UTC().Truncate(time.Millisecond)
		if doc.Body, err = json.Marshal(s); err != nil {
			return Key{}, fmt.Errorf("revoke key: %w", err)
		}
		if err := k.store.Replace(ctx, doc); err != nil {
			return Key{}, fmt.Errorf("revoke key: %w", unavailable(err))
		}
	}
	k.forget(id)
	return s.Key, nil
}

// forget drops what is cached of a key.
func (k *Keys) forget(id string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.cache, id)
}
