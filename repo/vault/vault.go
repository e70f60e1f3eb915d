// Package vault keeps personal data, free text and the secrets of API keys apart from the journal.
// No other package touches the collections people and notes of a store.
//
// What a command needs here is written before it, pending under the command's id
// ([Vault.SavePerson], [Vault.SaveNote], [Vault.Intend]). Once the command is in the journal it is
// kept, or carried out, by the request or, after a crash, by [Vault.Sweep], which deletes what
// belongs to no command.
package vault

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// What the vault refuses.
var (
	// ErrBadPhone: what was given is not a phone number.
	ErrBadPhone = errors.New("not a phone number")
	// ErrErased: what was known of this customer was erased for good, and nothing is recorded about
	// him again.
	ErrErased = errors.New("the person was erased")
)

// Vault keeps personal data and free text: encrypted, erasable, never in the journal.
type Vault struct {
	store repo.Store
	ring  *Keyring
	now   repo.Clock
}

// sealedBody is the body of a side document of the vault.
type sealedBody struct {
	Sealed []byte `json:"sealed,omitempty"`
	// Erased marks the tombstone of an erased person. It is never overwritten.
	Erased bool `json:"erased,omitempty"`
}

// keyringMark is the meta document that names the keyring a store was written under.
const keyringMark = "keyring"

// New opens the vault of a store. A store written under another keyring is refused.
func New(ctx context.Context, s repo.Store, ring *Keyring, now repo.Clock) (*Vault, error) {
	if now == nil {
		now = time.Now //nolint:forbidigo // the system's clock is the default
	}
	v := &Vault{store: s, ring: ring, now: now}
	body, err := json.Marshal(map[string]string{"keyring": ring.ID})
	if err != nil {
		return nil, fmt.Errorf("open vault: %w", err)
	}
	err = s.Insert(ctx, repo.Side{Collection: repo.Meta, ID: keyringMark, At: v.at(), Body: body})
	if err == nil {
		return v, nil
	}
	if !errors.Is(err, repo.ErrExists) {
		return nil, fmt.Errorf("open vault: %w", err)
	}
	id, err := KeyringOf(ctx, s)
	if err != nil {
		return nil, fmt.Errorf("open vault: %w", err)
	}
	if id != ring.ID {
		return nil, fmt.Errorf("open vault: the store was written under keyring %s, the file "+
			"holds %s: name the right file with --keys, or put it back from where you keep it",
			id, ring.ID)
	}
	return v, nil
}

// KeyringOf is the id of the keyring that a store was written under; "" when there is none yet.
// Only then may a new keyring be made: the names, phones and notes in the store cannot be read with
// another one.
func KeyringOf(ctx context.Context, s repo.Store) (string, error) {
	doc, err := s.Side(ctx, repo.Meta, keyringMark)
	if errors.Is(err, repo.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read the store's keyring id: %w", err)
	}
	var mark struct{ Keyring string }
	if err := json.Unmarshal(doc.Body, &mark); err != nil || mark.Keyring == "" {
		return "", fmt.Errorf("%w: meta document %s", repo.ErrCorrupt, keyringMark)
	}
	return mark.Keyring, nil
}

func (v *Vault) at() time.Time { return v.now().UTC().Truncate(time.Millisecond) }

// Fingerprint is a keyed hash of a request's content: it tells two contents apart and reveals
// nothing.
func (v *Vault) Fingerprint(parts ...[]byte) string { return v.ring.sum(parts...) }

// NormalPhone strips what people write around a number: spaces, dashes, dots, brackets, full-width
// forms, the country code of the mainland. It does not check whether the number exists. "": it has
// fewer than 5 digits, or holds anything else.
func NormalPhone(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r >= '！' && r <= '～' { // full-width forms of ASCII
			r -= '！' - '!'
		}
		switch {
		case r >= '0' && r <= '9', r == '+' && b.Len() == 0:
			b.WriteRune(r)
		case unicode.IsSpace(r), unicode.In(r, unicode.Pd,
			unicode.Cf), r == '(', r == ')', r == '.', r == '−':
		default:
			return ""
		}
	}
	p := b.String()
	for _, code := range []string{"+86", "0086"} {
		p = strings.TrimPrefix(p, code)
	}
	if len(strings.TrimPrefix(p, "+")) < 5 {
		return ""
	}
	return p
}

// lookup is the lookup under which a phone is found.
func (v *Vault) lookup(site workflow.SiteID, phone string) string {
	if phone = NormalPhone(phone); phone == "" {
		return ""
	}
	return v.ring.sum([]byte("phone"), []byte(site), []byte(phone))
}

// FindPhone is the customer of a site with this phone, if there is one. The person may be pending:
// then the customer's record is to be made under this id.
func (v *Vault) FindPhone(
	ctx context.Context, site workflow.SiteID, phone string,
) (workflow.CustomerID, bool, error) {
	l := v.lookup(site, phone)
	if l == "" {
		return "", false, nil
	}
	doc, err := v.store.Lookup(ctx, repo.People, site, l)
	if errors.Is(err, repo.ErrNotFound) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("find phone: %w", repo.Unavailable(err))
	}
	return workflow.CustomerID(doc.ID), true, nil
}

// body seals a value as the body of the side document with this id.
func (v *Vault) body(id string, value any) (json.RawMessage, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("seal %s: %w", id, err)
	}
	sealed, err := v.ring.seal(id, text)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(sealedBody{Sealed: sealed})
	if err != nil {
		return nil, fmt.Errorf("seal %s: %w", id, err)
	}
	return body, nil
}

// read reads a side document of a site and stores what it holds in value; ErrNotFound when there is
// none, or its content was erased.
func (v *Vault) read(
	ctx context.Context, c repo.SideCollection, site workflow.SiteID, id string, value any,
) (repo.Side, error) {
	doc, err := v.store.Side(ctx, c, id)
	if err != nil && !errors.Is(err, repo.ErrNotFound) {
		return repo.Side{}, repo.Unavailable(err)
	}
	if err != nil || doc.Site != site {
		return repo.Side{}, repo.ErrNotFound
	}
	return doc, v.unseal(doc, value)
}

// unseal decrypts what a side document holds and stores it in value.
func (v *Vault) unseal(doc repo.Side, value any) error {
	var b sealedBody
	if err := json.Unmarshal(doc.Body, &b); err != nil {
		return fmt.Errorf("%w: %s %s", repo.ErrCorrupt, doc.Collection, doc.ID)
	}
	if b.Erased {
		return repo.ErrNotFound
	}
	text, err := v.ring.unseal(doc.ID, b.Sealed)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, value); err != nil {
		return fmt.Errorf("%w: %s %s", repo.ErrCorrupt, doc.Collection, doc.ID)
	}
	return nil
}
