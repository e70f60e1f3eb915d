package vault

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// What Keys answers besides the engine's errors. Without the key's secret nobody learns more than
// the first.
var (
	// ErrBadToken: no valid key has this token.
	ErrBadToken = errors.New("unknown or revoked key")
	// ErrKeyExpired: the token was good, but the key, or its earlier secret, has expired.
	ErrKeyExpired = fmt.Errorf("%w: expired", ErrBadToken)
	// ErrNotInService: the token is good, but its member of staff is not active, or no longer has
	// the key's role.
	ErrNotInService = fmt.Errorf("%w: not in service in that role", ErrBadToken)
)

// Key is a credential: who may act as what, where. The token itself is shown once and never stored.
type Key struct {
	// Id of the key: the part of its token that is no secret.
	ID string `json:"id"`
	// Site at which the key is good; empty for an administrator's.
	Site workflow.SiteID `json:"site,omitempty"`
	// Further sites granted to an analyst.
	Sites []workflow.SiteID `json:"sites,omitempty"`
	// Role in which the key acts.
	Role workflow.Role `json:"role"`
	// Member of staff to whom the key belongs; empty for a device or a program.
	Staff workflow.StaffID `json:"staff,omitempty"`
	// What the paired device is for; empty for a key with a token.
	Device workflow.Device `json:"device,omitempty"`
	// Widest role of whoever signs in on the device with a PIN; empty where nobody does.
	Cap workflow.Role `json:"cap,omitempty"`
	// Says in the office's words where the key is used, such as "tablet at the door".
	Label string `json:"label,omitempty"`
	// When the key was made.
	CreatedAt time.Time `json:"created_at"`
	// Id of the key that made it; operator when it was made on the server.
	CreatedBy string `json:"created_by,omitempty"`
	// When the key ends by itself; missing when it does not.
	ExpiresAt time.Time `json:"expires_at,omitzero"`
	// When the key last got a new token.
	RotatedAt time.Time `json:"rotated_at,omitzero"`
	// Id of the key that rotated it.
	RotatedBy string `json:"rotated_by,omitempty"`
	// Until when the token before the last rotation works.
	OldEndsAt time.Time `json:"old_ends_at,omitzero"`
	// When the key was revoked; missing while it works.
	RevokedAt time.Time `json:"revoked_at,omitzero"`
	// Id of the key that revoked it.
	RevokedBy string `json:"revoked_by,omitempty"`
	// About when the key was last used, to the hour.
	UsedAt time.Time `json:"used_at,omitzero"`
}

// OperatorKey takes the place of a key id when somebody acts who has access to the store itself.
const OperatorKey = "operator"

// Covers reports whether the key is good at a site. No key is good at no site.
func (k *Key) Covers(site workflow.SiteID) bool {
	if site == "" {
		return false
	}
	return k.Role == workflow.RoleAdministrator || k.Site == site || slices.Contains(k.Sites, site)
}

// Actor is who acts with the key.
func (k *Key) Actor() workflow.Actor {
	return workflow.Actor{Key: k.ID, Role: k.Role, Staff: k.Staff}
}

// fill takes over what the journal says about the key.
func (k *Key) fill(r *workflow.Key) {
	k.Site, k.Sites, k.Role, k.Staff = r.Site, r.Sites, r.Role, r.Staff
	k.Device, k.Cap = r.Device, r.Cap
	k.CreatedAt, k.CreatedBy, k.ExpiresAt = r.CreatedAt, string(r.CreatedBy), r.ExpiresAt
	k.RotatedAt, k.RotatedBy = r.RotatedAt, string(r.RotatedBy)
	for _, o := range r.Old {
		if o.EndsAt.After(k.OldEndsAt) {
			k.OldEndsAt = o.EndsAt
		}
	}
	k.RevokedAt, k.RevokedBy = r.RevokedAt, string(r.RevokedBy)
}

// storedKey is the body of the side documents of a key. The first, under the key's id, has the
// label and the first secret; for administrators' keys, and for keys from before keys entered the
// journal, it has everything. Further secrets have documents of their own (secretID), and so does
// the last use of each (usedID): nobody ever overwrites what somebody else wrote.
type storedKey struct {
	Key
	Hash []byte `json:"hash,omitempty"` // SHA-256 of the secret
}

func secretID(key string, secret int) string {
	if secret <= 1 {
		return key
	}
	return fmt.Sprintf("%s~%d", key, secret)
}

func usedID(key string, secret int) string { return fmt.Sprintf("%s~%d~used", key, secret) }

// cacheFor is how long a key's cached state is trusted. A stream checks its key once a second.
// Together both stay below the 5 s within which a key must stop that was revoked, or whose member
// of staff left, on another instance.
const cacheFor = 3 * time.Second

// Keys are the API keys of a store. What a key of a site may do is in the site's journal; only
// secrets, labels and the last use are kept outside. Administrators' keys belong to no site and are
// kept outside altogether.
type Keys struct {
	store  repo.Store
	engine *repo.Engine
	now    repo.Clock

	mu    sync.Mutex
	cache map[string]keyState // by key id
	uses  map[string]use      // by usedID
}

// keyState is what is cached of a key.
type keyState struct {
	key     storedKey
	record  *workflow.Key // nil: the journal does not know the key
	admits  bool          // the member of staff is in service in that role
	secrets map[int][]byte
	until   time.Time
}

// NewKeys opens the keys of a store on which e decides. now is the machine's time: caching does not
// follow a rehearsal's clock.
func NewKeys(e *repo.Engine, s repo.Store, now repo.Clock) *Keys {
	if now == nil {
		now = time.Now //nolint:forbidigo // the system's clock is the default
	}
	return &Keys{
		store: s, engine: e, now: now, cache: map[string]keyState{}, uses: map[string]use{},
	}
}

// Authenticate finds the key of a token; ErrBadToken when none works: it was revoked or has
// expired, or its member of staff is not in service in that role. The answer may be up to 3 s old.
// If the staff or the key cannot be read nobody is let in; the errors are the engine's.
func (k *Keys) Authenticate(ctx context.Context, token string) (Key, error) {
	key, _, err := k.authenticate(ctx, token)
	return key, err
}

// authenticate is Authenticate, and the number of the secret.
func (k *Keys) authenticate(ctx context.Context, token string) (Key, int, error) {
	rest, ok := strings.CutPrefix(token, "lp_")
	id, secret, ok2 := strings.Cut(rest, "_")
	if !ok || !ok2 || len(id) > 64 || len(secret) > 128 || strings.Contains(id, "~") {
		return Key{}, 0, ErrBadToken
	}
	s, err := k.read(ctx, id)
	if err != nil {
		return Key{}, 0, err
	}
	hash := sha256.Sum256([]byte(secret))
	for n, h := range s.secrets {
		if subtle.ConstantTimeCompare(hash[:], h) != 1 {
			continue
		}
		if err := s.works(n, k.engine.Now()); err != nil {
			return Key{}, 0, err
		}
		k.used(ctx, &s.key.Key, n)
		return s.key.Key, n, nil
	}
	return Key{}, 0, ErrBadToken
}

// works is why a secret of the key does not work now; nil when it does.
func (s *keyState) works(secret int, now time.Time) error {
	switch {
	case !s.key.RevokedAt.IsZero(), s.record == nil && s.key.Role == "": // the journal has lost it
		return ErrBadToken
	case s.record != nil && !s.record.Works(secret, now):
		return ErrKeyExpired
	case s.key.Role != workflow.RoleAdministrator && !s.admits:
		return ErrNotInService
	}
	return nil
}

// read is the state of a key, from the cache if that is recent.
func (k *Keys) read(ctx context.Context, id string) (keyState, error) {
	now := k.now()
	k.mu.Lock()
	s, ok := k.cache[id]
	k.mu.Unlock()
	if ok && now.Before(s.until) {
		return s, nil
	}
	s, err := k.load(ctx, id)
	if err != nil {
		return keyState{}, fmt.Errorf("read key: %w", repo.Unavailable(err))
	}
	if s.key.ID == "" { // invented ids neither fill the cache nor push good keys out
		return s, nil
	}
	s.until = now.Add(cacheFor)
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.cache) >= 10_000 {
		clear(k.cache)
	}
	k.cache[id] = s
	return s, nil
}

// load reads a key: first what is kept outside the journal, then what the journal says.
func (k *Keys) load(ctx context.Context, id string) (keyState, error) {
	s := keyState{secrets: map[int][]byte{}}
	doc, err := k.store.Side(ctx, repo.APIKeys, id)
	if errors.Is(err, repo.ErrNotFound) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(doc.Body, &s.key); err != nil || s.key.ID != id {
		return s, fmt.Errorf("%w: key %s", repo.ErrCorrupt, id)
	}
	if len(s.key.Hash) > 0 {
		s.secrets[1] = s.key.Hash
	}
	if doc.Site == "" {
		return s, nil
	}
	if err := k.askBoard(ctx, doc.Site, &s); err != nil {
		return s, err
	}
	return s, k.loadSecrets(ctx, &s)
}

// askBoard asks the site's board about a key.
func (k *Keys) askBoard(ctx context.Context, site workflow.SiteID, s *keyState) error {
	ref := workflow.KeyRef(workflow.KeyID(s.key.ID))
	look := func(b *workflow.Board) error {
		if r, ok := b.Record(ref); ok && workflow.SiteOf(r) == site {
			s.record, _ = r.(*workflow.Key)
		}
		if s.record != nil {
			s.key.fill(s.record)
		}
		s.admits = b.Admits(s.key.Role, s.key.Staff)
		return nil
	}
	err := k.engine.View(ctx, site, []workflow.Ref{ref}, look)
	if !errors.Is(err, repo.ErrReadOnly) {
		return err
	}
	// Nothing is decided at this site any more, but what was decided is in the documents, and they
	// can still be read.
	b := workflow.NewBoard(site)
	if err := k.readInto(ctx, b, ref); err != nil {
		return err
	}
	_ = look(b) // it never fails, and now it is known whose key it is
	if err := k.readInto(ctx, b, workflow.StaffRef(site, s.key.Staff)); err != nil {
		return err
	}
	return look(b)
}

// readInto reads a record's document and puts it on a board.
func (k *Keys) readInto(ctx context.Context, b *workflow.Board, ref workflow.Ref) error {
	docs, err := k.store.Read(ctx, b.ID, 0, []workflow.Ref{ref})
	if err != nil {
		return err
	}
	for _, doc := range docs {
		r, err := doc.Record()
		if err != nil {
			return err
		}
		b.Put(r)
	}
	return nil
}

// loadSecrets reads the secrets that may work: the current one, and earlier ones that have not
// expired. Others are forgotten.
func (k *Keys) loadSecrets(ctx context.Context, s *keyState) error {
	if s.record == nil || s.record.Secret <= 1 {
		return nil
	}
	first := s.secrets[1]
	clear(s.secrets)
	for _, o := range append([]workflow.OldSecret{{Secret: s.record.Secret}}, s.record.Old...) {
		n := o.Secret
		if n == 1 {
			s.secrets[1] = first
			continue
		}
		doc, err := k.store.Side(ctx, repo.APIKeys, secretID(s.key.ID, n))
		if errors.Is(err, repo.ErrNotFound) {
			continue // the rotation was not finished: it can be asked for again
		}
		if err != nil {
			return err
		}
		var more storedKey
		if err := json.Unmarshal(doc.Body, &more); err != nil {
			return fmt.Errorf("%w: key %s", repo.ErrCorrupt, doc.ID)
		}
		s.secrets[n] = more.Hash
	}
	return nil
}

// forget removes a key from the cache.
func (k *Keys) forget(id string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.cache, id)
}
