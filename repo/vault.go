package repo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/lunpai/lunpai/workflow"
)

// ErrBadPhone: what was given is not a phone number.
var ErrBadPhone = errors.New("not a phone number")

// Vault keeps personal data and free text apart from everything else: encrypted, erasable, never in the journal.
type Vault struct {
	store Store
	ring  *Keyring
	now   Clock

	// sweeping is held alone while the sweep writes back or deletes what it has just read, and shared by whoever else writes:
	// the sweep must neither bring back what was erased nor undo what was changed.
	sweeping sync.RWMutex
}

// Person is who a customer is. The phone is kept in the normal form of NormalPhone.
type Person struct {
	Name  string `json:"name,omitempty"`
	Phone string `json:"phone,omitempty"`
	// Notice: the customer was told what the data are for; Consent: he agreed to be contacted.
	Notice    bool      `json:"notice,omitempty"`
	Consent   bool      `json:"consent,omitempty"`
	ExpiresAt time.Time `json:"expires_at,omitzero"`
}

// sealedBody is what stands in a side document.
type sealedBody struct {
	Sealed    []byte    `json:"sealed"`
	ExpiresAt time.Time `json:"expires_at,omitzero"`
}

// keyringMark is the meta document that names the keyring a store was written under.
const keyringMark = "keyring"

// NewVault opens the vault of a store. A store written under another keyring is refused.
func NewVault(ctx context.Context, s Store, ring *Keyring, now Clock) (*Vault, error) {
	if now == nil {
		now = time.Now //nolint:forbidigo // the system's clock is the default
	}
	v := &Vault{store: s, ring: ring, now: now}
	body, err := json.Marshal(map[string]string{"keyring": ring.ID})
	if err != nil {
		return nil, fmt.Errorf("open vault: %w", err)
	}
	err = s.Insert(ctx, Side{Collection: Meta, ID: keyringMark, At: v.at(), Body: body})
	if err == nil {
		return v, nil
	}
	if !errors.Is(err, ErrExists) {
		return nil, fmt.Errorf("open vault: %w", err)
	}
	id, err := KeyringOf(ctx, s)
	if err != nil {
		return nil, fmt.Errorf("open vault: %w", err)
	}
	if id != ring.ID {
		return nil, fmt.Errorf("open vault: the store was written under keyring %s, the file holds %s: name the right file with --keys, or put it back from where you keep it", id, ring.ID)
	}
	return v, nil
}

// KeyringOf is the id of the keyring that a store was written under; "" when there is none yet. Only then may a new keyring
// be made: with another one the names, phones and notes in the store could not be read.
func KeyringOf(ctx context.Context, s Store) (string, error) {
	doc, err := s.Side(ctx, Meta, keyringMark)
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read the store's keyring id: %w", err)
	}
	var mark struct{ Keyring string }
	if err := json.Unmarshal(doc.Body, &mark); err != nil || mark.Keyring == "" {
		return "", fmt.Errorf("%w: meta document %s", ErrCorrupt, keyringMark)
	}
	return mark.Keyring, nil
}

func (v *Vault) at() time.Time { return v.now().UTC().Truncate(time.Millisecond) }

// Fingerprint is a keyed hash of a request's content: it tells two contents apart and gives nothing away.
func (v *Vault) Fingerprint(parts ...[]byte) string { return v.ring.sum(parts...) }

// NormalPhone strips what people write around a number: blanks, dashes, dots, brackets, full-width forms, the country code of
// the mainland. It does not judge whether the number exists; "" when there are fewer than 5 digits, or anything else in it.
func NormalPhone(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r >= '！' && r <= '～' { // full-width forms of ASCII
			r -= '！' - '!'
		}
		switch {
		case r >= '0' && r <= '9', r == '+' && b.Len() == 0:
			b.WriteRune(r)
		case unicode.IsSpace(r), unicode.In(r, unicode.Pd, unicode.Cf), r == '(', r == ')', r == '.', r == '−':
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

// lookup is under what a phone is found.
func (v *Vault) lookup(site workflow.SiteID, phone string) string {
	if phone = NormalPhone(phone); phone == "" {
		return ""
	}
	return v.ring.sum([]byte("phone"), []byte(site), []byte(phone))
}

// FindPhone is the customer of a site with this phone, if there is one. The person may be pending: where the customer has no
// record yet, its id is the one to make it under.
func (v *Vault) FindPhone(ctx context.Context, site workflow.SiteID, phone string) (workflow.CustomerID, bool, error) {
	l := v.lookup(site, phone)
	if l == "" {
		return "", false, nil
	}
	doc, err := v.store.Lookup(ctx, People, site, l)
	if errors.Is(err, ErrNotFound) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("find phone: %w", unavailable(err))
	}
	return workflow.CustomerID(doc.ID), true, nil
}

// SavePerson writes a customer's person, pending until command is in the journal. ErrExists: the phone is somebody else's;
// ErrBadPhone; ErrNotFound: the id belongs to another site.
func (v *Vault) SavePerson(ctx context.Context, site workflow.SiteID, id workflow.CustomerID, command string, p Person) error {
	if phone := NormalPhone(p.Phone); phone != "" || p.Phone == "" {
		p.Phone = phone
	} else {
		return ErrBadPhone
	}
	body, err := v.body(string(id), p, p.ExpiresAt)
	if err != nil {
		return err
	}
	return v.save(ctx, Side{
		Collection: People, ID: string(id), Site: site, Lookup: v.lookup(site, p.Phone), Command: command, Pending: command != "",
		At: v.at(), Body: body,
	})
}

// save writes a side document of a site, and never one of another.
func (v *Vault) save(ctx context.Context, doc Side) error {
	v.sweeping.RLock()
	defer v.sweeping.RUnlock()
	err := v.store.Insert(ctx, doc)
	if errors.Is(err, ErrExists) {
		var old Side
		switch old, err = v.store.Side(ctx, doc.Collection, doc.ID); {
		case errors.Is(err, ErrNotFound):
			return ErrExists // it was the lookup
		case err == nil && old.Site != doc.Site:
			return ErrNotFound
		case err == nil:
			err = v.store.Replace(ctx, doc)
		}
	}
	if errors.Is(err, ErrExists) {
		return ErrExists
	}
	return unavailable(err)
}

// body seals a value as the body of the side document with this id.
func (v *Vault) body(id string, value any, expires time.Time) (json.RawMessage, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("seal %s: %w", id, err)
	}
	sealed, err := v.ring.seal(id, text)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(sealedBody{Sealed: sealed, ExpiresAt: expires})
	if err != nil {
		return nil, fmt.Errorf("seal %s: %w", id, err)
	}
	return body, nil
}

// open reads a sealed side document of a site into value.
func (v *Vault) open(ctx context.Context, c SideCollection, site workflow.SiteID, id string, value any) error {
	doc, err := v.store.Side(ctx, c, id)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return unavailable(err)
	}
	if err != nil || doc.Site != site {
		return ErrNotFound
	}
	var b sealedBody
	if err := json.Unmarshal(doc.Body, &b); err != nil {
		return fmt.Errorf("%w: %s %s", ErrCorrupt, c, id)
	}
	text, err := v.ring.unseal(id, b.Sealed)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, value); err != nil {
		return fmt.Errorf("%w: %s %s", ErrCorrupt, c, id)
	}
	return nil
}

// Person is who a customer is; ErrNotFound when nothing is kept, or it was erased.
func (v *Vault) Person(ctx context.Context, site workflow.SiteID, id workflow.CustomerID) (Person, error) {
	var p Person
	err := v.open(ctx, People, site, string(id), &p)
	return p, err
}

// Erase removes a customer's person for good. The journal and the records keep the id, which then says nothing.
func (v *Vault) Erase(ctx context.Context, site workflow.SiteID, id workflow.CustomerID) error {
	v.sweeping.RLock()
	defer v.sweeping.RUnlock()
	doc, err := v.store.Side(ctx, People, string(id))
	if errors.Is(err, ErrNotFound) || err == nil && doc.Site != site {
		return ErrNotFound
	}
	if err != nil {
		return unavailable(err)
	}
	return unavailable(v.store.Delete(ctx, People, string(id)))
}

// SaveNote writes free text under the id that a command carries, pending until the command is in the journal.
func (v *Vault) SaveNote(ctx context.Context, site workflow.SiteID, id workflow.NoteID, command, text string) error {
	body, err := v.body(string(id), text, time.Time{})
	if err != nil {
		return err
	}
	return v.save(ctx, Side{
		Collection: Notes, ID: string(id), Site: site, Command: command, Pending: command != "", At: v.at(), Body: body,
	})
}

// EraseNote removes free text for good; ErrNotFound when the site has no such note.
func (v *Vault) EraseNote(ctx context.Context, site workflow.SiteID, id workflow.NoteID) error {
	if _, err := v.Note(ctx, site, id); err != nil {
		return err
	}
	return unavailable(v.store.Delete(ctx, Notes, string(id)))
}

// Note reads free text.
func (v *Vault) Note(ctx context.Context, site workflow.SiteID, id workflow.NoteID) (string, error) {
	var text string
	err := v.open(ctx, Notes, site, string(id), &text)
	return text, err
}

// Masked is what may be shown of a person: 张**, 138****8000.
func (p Person) Masked() Person {
	if first, n := utf8.DecodeRuneInString(p.Name); n > 0 {
		p.Name = string(first) + "**"
	}
	if n := len(p.Phone); n >= 8 {
		p.Phone = p.Phone[:n-8] + "****" + p.Phone[n-4:]
	} else if n > 0 {
		p.Phone = "****"
	}
	return p
}
