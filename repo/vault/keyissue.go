package vault

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// ReissueFor is how long a repeated request gets new secrets for the keys that it made.
const ReissueFor = 10 * time.Minute

// KeyIDFor is the id of the n-th key that a command makes: the same whenever the command comes
// again.
func KeyIDFor(site workflow.SiteID, command string, n int) workflow.KeyID {
	sum := sha256.Sum256([]byte("key\x00" + string(site) + "\x00" + command + "\x00" +
		strconv.Itoa(n)))
	return workflow.KeyID(hex.EncodeToString(sum[:16]))
}

// Issued is a key with its token.
type Issued struct {
	Key
	// Token is shown once. It is empty when it was shown before and was used, or too long ago: then
	// rotate the key.
	Token string `json:"token,omitempty"`
}

// newSecret makes a secret and its hash.
func newSecret() (text string, hash []byte, err error) {
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return "", nil, fmt.Errorf("make secret: %w", err)
	}
	text = base64.RawURLEncoding.EncodeToString(secret)
	sum := sha256.Sum256([]byte(text))
	return text, sum[:], nil
}

func token(id, secret string) string { return "lp_" + id + "_" + secret }

// Issue makes the secrets of the keys that a commit made or rotated. It comes after the commit, so
// that no key works unless its making is in the journal. If the first answer was lost, or a crash
// came between commit and secret, the same command sent again gets new secrets for the same keys,
// and the earlier ones stop working. That holds for ten minutes and as long as no secret was used;
// later the tokens are empty. labels are the office's words for the keys, in the order in which
// they were made.
func (k *Keys) Issue(ctx context.Context, out *repo.Outcome, labels ...string) ([]Issued, error) {
	made, err := keysIn(out.Commit)
	if err != nil {
		return nil, err
	}
	again := false
	if out.Replayed {
		if again, err = k.mayReissue(ctx, out.Commit, made); err != nil {
			return nil, err
		}
	}
	issued := make([]Issued, len(made))
	for i, r := range made {
		key := &issued[i]
		key.ID = r.ID
		key.fill(r)
		if i < len(labels) {
			key.Label = labels[i]
		}
		if !out.Replayed || again {
			if key.Token, err = k.write(ctx, r, key.Label, again); err != nil {
				return nil, err
			}
		}
	}
	return issued, nil
}

// keysIn are the keys that a commit made or changed, in the order of its facts.
func keysIn(c *workflow.Commit) ([]*workflow.Key, error) {
	records, err := c.Records()
	if err != nil {
		return nil, err
	}
	byID := map[string]*workflow.Key{}
	for _, r := range records {
		if r, ok := r.(*workflow.Key); ok {
			byID[r.ID] = r
		}
	}
	var keys []*workflow.Key
	for _, f := range c.Facts {
		if r := byID[f.Subject]; r != nil {
			keys = append(keys, r)
		}
	}
	return keys, nil
}

// Changed is the key that a command was about, as it was then. This instance forgets what it had
// cached of it.
func (k *Keys) Changed(ctx context.Context, out *repo.Outcome) (Key, error) {
	keys, err := keysIn(out.Commit)
	if err == nil && len(keys) != 1 {
		err = repo.ErrNotFound
	}
	if err != nil {
		return Key{}, err
	}
	key := Key{ID: keys[0].ID}
	k.forget(key.ID)
	if doc, err := k.store.Side(ctx, repo.APIKeys, key.ID); err == nil {
		var s storedKey
		if json.Unmarshal(doc.Body, &s) == nil {
			key.Label = s.Label
		}
	}
	key.fill(keys[0])
	return key, nil
}

// mayReissue: the commit is recent, its keys are as it left them, and none of their secrets was
// used.
func (k *Keys) mayReissue(
	ctx context.Context, c *workflow.Commit, made []*workflow.Key,
) (bool, error) {
	if len(made) == 0 || k.engine.Now().Sub(c.At) >= ReissueFor {
		return false, nil
	}
	stand, refs := true, make([]workflow.Ref, len(made))
	for i, r := range made {
		refs[i] = r.Ref()
	}
	err := k.engine.View(ctx, made[0].Site, refs, func(b *workflow.Board) error {
		for _, r := range made {
			now, ok := b.Record(r.Ref())
			stand = stand && ok && workflow.Version(now) == workflow.Version(r)
		}
		return nil
	})
	if err != nil || !stand {
		return false, err
	}
	for _, r := range made {
		_, err := k.store.Side(ctx, repo.APIKeys, usedID(r.ID, r.Secret))
		switch {
		case err == nil:
			return false, nil
		case !errors.Is(err, repo.ErrNotFound):
			return false, repo.Unavailable(err)
		}
	}
	return true, nil
}

// write stores the secret of a key's record and returns the token. The first answer to a command
// never overwrites what a repeated one was quicker to write: nobody waits for its answer any more.
// After an error the secret may be stored or not; the commit is there, so the command can be sent
// again.
func (k *Keys) write(
	ctx context.Context, r *workflow.Key, label string, again bool,
) (string, error) {
	text, hash, err := newSecret()
	if err != nil {
		return "", err
	}
	if r.Secret > 1 {
		// a key whose first secret was never written needs its first document all the same
		err = k.put(ctx, r, 1, storedKey{}, false)
	}
	if err == nil || errors.Is(err, repo.ErrExists) {
		err = k.put(ctx, r, r.Secret, storedKey{Key: Key{Label: label}, Hash: hash}, again)
	}
	k.forget(r.ID) // somebody may have tried the id before it was there
	switch {
	case errors.Is(err, repo.ErrExists), errors.Is(err, repo.ErrChanged):
		return "", nil
	case err != nil:
		return "", fmt.Errorf("%w: key %s is in the journal, its secret may not be stored: %w",
			repo.ErrUnknown, r.ID, err)
	}
	return token(r.ID, text), nil
}

// put stores a secret of a key's record, by its number. again: it replaces the one that may be
// there.
func (k *Keys) put(
	ctx context.Context, r *workflow.Key, secret int, s storedKey, again bool,
) error {
	s.ID, s.Site, s.CreatedAt = r.ID, r.Site, r.CreatedAt
	body, err := json.Marshal(s)
	if err != nil {
		return err
	}
	doc := repo.Side{
		Collection: repo.APIKeys, ID: secretID(r.ID, secret), Site: r.Site, At: k.at(), Body: body,
	}
	if again {
		old, err := k.store.Side(ctx, repo.APIKeys, doc.ID)
		if !errors.Is(err, repo.ErrNotFound) {
			if err == nil {
				err = k.store.ReplaceIf(ctx, old, doc)
			}
			return err
		}
	}
	return k.store.Insert(ctx, doc)
}

func (k *Keys) at() time.Time { return k.now().UTC().Truncate(time.Millisecond) }

// Former is what is stored of a site's key outside the journal, for the commands that rotate and
// revoke. nil: the journal knows the key, or nobody does.
func (k *Keys) Former(
	ctx context.Context, site workflow.SiteID, id string,
) (*workflow.FormerKey, error) {
	if strings.Contains(id, "~") {
		return nil, nil
	}
	doc, err := k.store.Side(ctx, repo.APIKeys, id)
	if errors.Is(err, repo.ErrNotFound) || err == nil && (doc.Site != site || site == "") {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read key: %w", repo.Unavailable(err))
	}
	var s storedKey
	if err := json.Unmarshal(doc.Body, &s); err != nil {
		return nil, fmt.Errorf("%w: key %s", repo.ErrCorrupt, id)
	}
	if s.Role == "" {
		return nil, nil
	}
	return &workflow.FormerKey{
		Role: s.Role, Staff: s.Staff, Sites: s.Sites, CreatedAt: s.CreatedAt,
		RevokedAt: s.RevokedAt,
	}, nil
}

// bootstrapID is the id of the first administrator key. It is fixed, so that one instance wins.
const bootstrapID = "bootstrap"

// Bootstrap makes the first administrator key. token is empty when there is one already, made here
// or by another instance.
func (k *Keys) Bootstrap(ctx context.Context) (token string, err error) {
	_, token, err = k.administrator(ctx, Key{ID: bootstrapID, Label: "first key"})
	if errors.Is(err, repo.ErrExists) {
		return "", nil
	}
	return token, err
}

// NewAdministrator makes another administrator key. by is the key of whoever makes it, or
// OperatorKey.
func (k *Keys) NewAdministrator(ctx context.Context, label, by string) (Key, string, error) {
	if workflow.HoldsControls(label) {
		return Key{}, "", errors.New("make administrator key: the label holds control " +
			"characters, or some that turn the direction of writing")
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Key{}, "", fmt.Errorf("make administrator key: %w", err)
	}
	return k.administrator(ctx, Key{
		ID: strings.ReplaceAll(id.String(), "-", ""), Label: label, CreatedBy: by,
	})
}

func (k *Keys) administrator(ctx context.Context, key Key) (Key, string, error) {
	text, hash, err := newSecret()
	if err != nil {
		return Key{}, "", err
	}
	key.Role, key.CreatedAt = workflow.RoleAdministrator, k.at()
	body, err := json.Marshal(storedKey{Key: key, Hash: hash})
	if err != nil {
		return Key{}, "", fmt.Errorf("make administrator key: %w", err)
	}
	err = k.store.Insert(ctx, repo.Side{
		Collection: repo.APIKeys, ID: key.ID, At: key.CreatedAt, Body: body,
	})
	if err != nil && !k.isStored(ctx, key.ID, hash) {
		return Key{}, "", fmt.Errorf("make administrator key: %w", err)
	}
	k.forget(key.ID)
	return key, token(key.ID, text), nil
}

// isStored reports whether a key is stored with this secret: the store's answer may have been lost,
// and the first key's token must not be lost with it.
func (k *Keys) isStored(ctx context.Context, id string, hash []byte) bool {
	doc, err := k.store.Side(ctx, repo.APIKeys, id)
	var s storedKey
	return err == nil && json.Unmarshal(doc.Body, &s) == nil &&
		subtle.ConstantTimeCompare(s.Hash, hash) == 1
}

// RevokeAdministrator ends an administrator key. by is the key of whoever ends it, or OperatorKey.
// It stops working at once here, and within 5 s on other instances. ErrNotFound when there is no
// such key, or it is a site's.
func (k *Keys) RevokeAdministrator(ctx context.Context, id, by string) (Key, error) {
	doc, err := k.store.Side(ctx, repo.APIKeys, id)
	var s storedKey
	switch {
	case errors.Is(err, repo.ErrNotFound), err == nil &&
		(doc.Site != "" || strings.Contains(id, "~")):
		return Key{}, repo.ErrNotFound
	case err != nil:
		return Key{}, fmt.Errorf("revoke key: %w", repo.Unavailable(err))
	case json.Unmarshal(doc.Body, &s) != nil:
		return Key{}, fmt.Errorf("%w: key %s", repo.ErrCorrupt, id)
	}
	if s.RevokedAt.IsZero() {
		s.RevokedAt, s.RevokedBy = k.at(), by
		if doc.Body, err = json.Marshal(s); err != nil {
			return Key{}, fmt.Errorf("revoke key: %w", err)
		}
		if err := k.store.Replace(ctx, doc); err != nil {
			// whoever else changes it ends it too
			return Key{}, fmt.Errorf("revoke key: %w", repo.Unavailable(err))
		}
	}
	k.forget(id)
	return s.Key, nil
}
