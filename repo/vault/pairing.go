package vault

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/lunpai/lunpai/repo"
)

// ErrNoPairing: there is no such code, or it was used, or it has ended.
var ErrNoPairing = errors.New("no pairing has this code")

// PairWithin is how long a code works.
const PairWithin = 5 * time.Minute

// Pairing is a code with which a device gets its session, once.
type Pairing struct {
	// Key of the device.
	Key Key
	// Code is 8 characters, written XXXX-XXXX; it is shown only now. Empty when a repeated request
	// gets none: the code was used, or it is too late.
	Code string
	// Ends is when the code stops working.
	Ends time.Time
}

// pairingBody is the body of a code's document. Its id is a keyed hash of the code.
type pairingBody struct {
	Key string `json:"key"`
}

// crockford are the characters of codes: no I, L, O and U, which are mistaken for others.
const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// codeLength is the length of codes without the dash.
const codeLength = 8

// mistaken are characters that people type for others, and what they put between.
var mistaken = strings.NewReplacer("I", "1", "L", "1", "O", "0", "-", "", " ", "")

// newCode makes a code.
func newCode() (string, error) {
	bytes := make([]byte, codeLength)
	if _, err := rand.Read(bytes); err != nil {
		return "", fmt.Errorf("make code: %w", err)
	}
	for i, b := range bytes {
		bytes[i] = crockford[b%32]
	}
	return string(bytes[:4]) + "-" + string(bytes[4:]), nil
}

// codeID is the id of a code's document; empty: no code looks like that.
func (s *Sessions) codeID(code string) string {
	code = mistaken.Replace(strings.ToUpper(code))
	if len(code) != codeLength || strings.Trim(code, crockford) != "" {
		return ""
	}
	return s.vault.ring.sum([]byte("pairing"), []byte(code))
}

// Pair makes the code of a device whose key a commit made. It comes after the commit, like a key's
// secret (Keys.Issue). The same command sent again gets a new code for the same device for ten
// minutes, as long as none was used; the earlier one stops working.
func (s *Sessions) Pair(ctx context.Context, out *repo.Outcome, label string) (*Pairing, error) {
	made, err := keysIn(out.Commit)
	if err == nil && len(made) != 1 {
		err = repo.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	r := made[0]
	p := &Pairing{Key: Key{ID: r.ID, Label: label}}
	p.Key.fill(r)
	if out.Replayed {
		again, err := s.keys.mayReissue(ctx, out.Commit, made)
		if err != nil || !again {
			return p, err
		}
		if err := s.dropCodes(ctx, p.Key); err != nil {
			return nil, err
		}
	}
	// what is kept of a key outside the journal, without a secret
	err = s.keys.put(ctx, r, 1, storedKey{Key: Key{Label: label}}, false)
	s.keys.forget(r.ID)
	if err == nil || errors.Is(err, repo.ErrExists) {
		p.Code, p.Ends, err = s.writeCode(ctx, &p.Key)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: device %s is in the journal, its code may not be stored: %w",
			repo.ErrUnknown, r.ID, err)
	}
	return p, nil
}

// writeCode makes and stores a code for a key.
func (s *Sessions) writeCode(ctx context.Context, k *Key) (string, time.Time, error) {
	body, err := json.Marshal(pairingBody{k.ID})
	if err != nil {
		return "", time.Time{}, err
	}
	ends := s.now().Add(PairWithin)
	for {
		code, err := newCode()
		if err != nil {
			return "", time.Time{}, err
		}
		err = s.keys.store.Insert(ctx, repo.Side{
			Collection: repo.Pairings, ID: s.codeID(code), Site: k.Site, Pending: true, At: ends,
			Body: body,
		})
		if !errors.Is(err, repo.ErrExists) { // another device may have that code, once in an age
			return code, ends, err
		}
	}
}

// dropCodes ends the codes of a device that still work.
func (s *Sessions) dropCodes(ctx context.Context, k Key) error {
	docs, err := s.keys.store.Sides(ctx, repo.Pairings, k.Site, time.Time{})
	if err != nil {
		return fmt.Errorf("drop codes: %w", repo.Unavailable(err))
	}
	for _, doc := range docs {
		var b pairingBody
		if json.Unmarshal(doc.Body, &b) != nil || b.Key != k.ID {
			continue
		}
		if err := s.keys.store.Delete(ctx, repo.Pairings, doc.ID); err != nil {
			return fmt.Errorf("drop codes: %w", repo.Unavailable(err))
		}
	}
	return nil
}

// Redeem signs a device in with its code: once, whichever instances are asked at the same time.
// ErrNoPairing when the code does not work.
func (s *Sessions) Redeem(ctx context.Context, code string) (cookie string, _ Session, _ error) {
	id := s.codeID(code)
	if id == "" {
		return "", Session{}, ErrNoPairing
	}
	doc, err := s.keys.store.Side(ctx, repo.Pairings, id)
	if errors.Is(err, repo.ErrNotFound) || err == nil && !s.now().Before(doc.At) {
		return "", Session{}, ErrNoPairing
	}
	if err != nil {
		return "", Session{}, fmt.Errorf("redeem: %w", repo.Unavailable(err))
	}
	var b pairingBody
	if err := json.Unmarshal(doc.Body, &b); err != nil {
		return "", Session{}, fmt.Errorf("%w: pairing %s", repo.ErrCorrupt, id)
	}
	key, err := s.keys.with(ctx, b.Key, 1)
	if errors.Is(err, ErrBadToken) { // revoked meanwhile
		return "", Session{}, ErrNoPairing
	}
	if err != nil {
		return "", Session{}, err
	}
	cookie, session, err := s.start(ctx, key, 1)
	if err != nil {
		return "", Session{}, err
	}
	if err := s.claim(ctx, &key); err != nil {
		return "", Session{}, errors.Join(err, s.End(ctx, session))
	}
	_ = s.keys.store.Delete(ctx, repo.Pairings, id) // it is used, and ends by itself
	return cookie, session, nil
}

// claim notes the first use of a device's key: of several that redeem its code, one can.
func (s *Sessions) claim(ctx context.Context, key *Key) error {
	doc, err := usedSide(usedID(key.ID, 1), key.Site, s.keys.at())
	if err == nil {
		err = s.keys.store.Insert(ctx, doc)
	}
	switch {
	case errors.Is(err, repo.ErrExists):
		return ErrNoPairing
	case err != nil:
		return fmt.Errorf("redeem: %w", repo.Unavailable(err))
	}
	return nil
}
