package vault

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// What the vault answers about PINs.
var (
	// ErrWrongPIN: this is not the PIN, or there is none.
	ErrWrongPIN = errors.New("not the PIN")
	// ErrWeakPIN: everybody would guess it.
	ErrWeakPIN = errors.New("a PIN that is easily guessed")
	// ErrChangePIN: the PIN is right, but somebody else gave it: its owner has to choose another.
	ErrChangePIN = errors.New("the PIN must be changed")
)

// LockedError: too many wrong PINs were tried; even the right one does not work before Until.
type LockedError struct{ Until time.Time }

func (e *LockedError) Error() string { return "the PIN is locked until " + e.Until.String() }

// A PIN is locked after every fifth wrong try, each time for twice as long, up to a day. The tries
// are counted until the right one comes, also over restarts.
const (
	pinTries   = 5
	pinLock    = 15 * time.Minute
	longestPIN = 24 * time.Hour
)

// How much work a PIN costs (Argon2id, as OWASP recommends it): 19 MiB, two passes.
const (
	pinPasses = 2
	pinMemory = 19 << 10
	pinBytes  = 32
	// pinsAtOnce is how many are worked on at once.
	pinsAtOnce = 2
)

// storedPIN is the body of a PIN's document.
type storedPIN struct {
	Salt []byte `json:"salt"`
	Hash []byte `json:"hash"`
	// Seq is the commit that set it: an older one never overwrites it.
	Seq int64 `json:"seq"`
	// Given: somebody else chose it.
	Given       bool      `json:"given,omitempty"`
	Failures    int       `json:"failures,omitempty"`
	LockedUntil time.Time `json:"locked_until,omitzero"`
}

// fail counts a wrong try.
func (p *storedPIN) fail(now time.Time) {
	p.Failures++
	if p.Failures%pinTries == 0 {
		p.LockedUntil = now.Add(min(longestPIN, pinLock<<min(p.Failures/pinTries-1, 10)))
	}
}

func pinID(site workflow.SiteID, who workflow.StaffID) string {
	return string(site) + "/" + string(who)
}

// hashPIN is the hash of a PIN. The keyring is the pepper: the database alone is no help in
// guessing.
func (s *Sessions) hashPIN(ctx context.Context, id, pin string, salt []byte) ([]byte, error) {
	select {
	case s.hashing <- struct{}{}:
		defer func() { <-s.hashing }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	peppered := s.vault.ring.sum([]byte("pin"), []byte(id), []byte(pin))
	return argon2.IDKey([]byte(peppered), salt, pinPasses, pinMemory, 1, pinBytes), nil
}

// weak reports whether everybody would try a PIN first: one digit, or digits in a row.
func weak(pin string) bool {
	return strings.Count(pin, pin[:1]) == len(pin) ||
		strings.Contains("01234567890", pin) || strings.Contains("09876543210", pin)
}

// HasPIN reports whether a member of staff has a PIN.
func (s *Sessions) HasPIN(
	ctx context.Context, site workflow.SiteID, who workflow.StaffID,
) (bool, error) {
	_, err := s.keys.store.Side(ctx, repo.PINs, pinID(site, who))
	if errors.Is(err, repo.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read PIN: %w", repo.Unavailable(err))
	}
	return true, nil
}

// CheckPIN checks a PIN: ErrWrongPIN, LockedError, or ErrChangePIN when it is right and was given
// by somebody else. A try is counted before it is worked on, so that many at once are no more than
// one after the other. It takes as long for somebody who has no PIN.
func (s *Sessions) CheckPIN(
	ctx context.Context, site workflow.SiteID, who workflow.StaffID, pin string,
) error {
	id, now := pinID(site, who), s.now()
	p, read, err := s.pin(ctx, id)
	if errors.Is(err, repo.ErrNotFound) {
		if _, err := s.hashPIN(ctx, id, pin, make([]byte, 16)); err != nil {
			return err
		}
		return ErrWrongPIN
	}
	if err != nil {
		return err
	}
	if now.Before(p.LockedUntil) {
		return &LockedError{p.LockedUntil}
	}
	p.fail(now)
	switch err := s.putPIN(ctx, read, &p); {
	case errors.Is(err, repo.ErrChanged): // somebody else tries it too
		return s.CheckPIN(ctx, site, who, pin)
	case err != nil:
		return err
	}
	hash, err := s.hashPIN(ctx, id, pin, p.Salt)
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare(hash, p.Hash) != 1 {
		if now.Before(p.LockedUntil) {
			return &LockedError{p.LockedUntil}
		}
		return ErrWrongPIN
	}
	if err := s.forgive(ctx, id, p.Seq); err != nil {
		return err
	}
	if p.Given {
		return ErrChangePIN
	}
	return nil
}

// forgive takes back the tries that were counted, if the PIN is still the one that was right.
func (s *Sessions) forgive(ctx context.Context, id string, seq int64) error {
	p, read, err := s.pin(ctx, id)
	if err != nil || p.Seq != seq {
		return err
	}
	p.Failures, p.LockedUntil = 0, time.Time{}
	err = s.putPIN(ctx, read, &p)
	if errors.Is(err, repo.ErrChanged) {
		return s.forgive(ctx, id, seq)
	}
	return err
}

// pin reads a PIN's document; ErrNotFound.
func (s *Sessions) pin(ctx context.Context, id string) (p storedPIN, doc repo.Side, err error) {
	doc, err = s.keys.store.Side(ctx, repo.PINs, id)
	switch {
	case errors.Is(err, repo.ErrNotFound):
		return p, doc, repo.ErrNotFound
	case err != nil:
		return p, doc, fmt.Errorf("read PIN: %w", repo.Unavailable(err))
	case json.Unmarshal(doc.Body, &p) != nil:
		return p, doc, fmt.Errorf("%w: a PIN", repo.ErrCorrupt)
	}
	return p, doc, nil
}

// putPIN writes a PIN over its document as it was read; ErrChanged.
func (s *Sessions) putPIN(ctx context.Context, read repo.Side, p *storedPIN) error {
	now := read
	var err error
	if now.Body, err = json.Marshal(p); err != nil {
		return fmt.Errorf("write PIN: %w", err)
	}
	err = s.keys.store.ReplaceIf(ctx, read, now)
	if err != nil && !errors.Is(err, repo.ErrChanged) {
		return fmt.Errorf("write PIN: %w", repo.Unavailable(err))
	}
	return err
}

// MayBePIN is ErrWeakPIN for a PIN that everybody would try first.
func MayBePIN(pin string) error {
	if pin == "" || weak(pin) {
		return ErrWeakPIN
	}
	return nil
}

// SetPIN stores a PIN after the commit that says so. given: somebody else chose it. The same
// command sent again, or one that is older than what is stored, changes nothing.
func (s *Sessions) SetPIN(
	ctx context.Context, site workflow.SiteID, who workflow.StaffID, pin string, seq int64,
	given bool,
) error {
	id := pinID(site, who)
	next := storedPIN{Salt: make([]byte, 16), Seq: seq, Given: given}
	if _, err := rand.Read(next.Salt); err != nil {
		return fmt.Errorf("set PIN: %w", err)
	}
	var err error
	if next.Hash, err = s.hashPIN(ctx, id, pin, next.Salt); err != nil {
		return err
	}
	for {
		is, read, err := s.pin(ctx, id)
		switch {
		case errors.Is(err, repo.ErrNotFound):
			err = s.insertPIN(ctx, id, site, &next)
		case err == nil && is.Seq < seq:
			err = s.putPIN(ctx, read, &next)
		}
		if !errors.Is(err, repo.ErrChanged) && !errors.Is(err, repo.ErrExists) {
			return err
		}
	}
}

func (s *Sessions) insertPIN(
	ctx context.Context, id string, site workflow.SiteID, p *storedPIN,
) error {
	body, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("set PIN: %w", err)
	}
	err = s.keys.store.Insert(ctx, repo.Side{
		Collection: repo.PINs, ID: id, Site: site, At: s.keys.at(), Body: body,
	})
	if err != nil && !errors.Is(err, repo.ErrExists) {
		return fmt.Errorf("set PIN: %w", repo.Unavailable(err))
	}
	return err
}

// DropPIN erases the PIN of somebody who leaves. The sweep does it too.
func (s *Sessions) DropPIN(
	ctx context.Context, site workflow.SiteID, who workflow.StaffID,
) error {
	err := s.keys.store.Delete(ctx, repo.PINs, pinID(site, who))
	if err != nil {
		return fmt.Errorf("erase PIN: %w", repo.Unavailable(err))
	}
	return nil
}

// dropFormer erases the PINs of those who no longer work here.
func (s *Sessions) dropFormer(ctx context.Context) error {
	docs, err := s.keys.store.SidesOfAllSites(ctx, repo.PINs, time.Time{})
	if err != nil {
		return fmt.Errorf("sweep PINs: %w", err)
	}
	for _, doc := range docs {
		who := workflow.StaffID(strings.TrimPrefix(doc.ID, string(doc.Site)+"/"))
		works := true
		err := s.keys.engine.View(ctx, doc.Site, nil, func(b *workflow.Board) error {
			m := b.StaffMember(who)
			works = m != nil && m.Active
			return nil
		})
		if err == nil && !works {
			err = s.DropPIN(ctx, doc.Site, who)
		}
		if err != nil {
			return fmt.Errorf("sweep PINs: %w", err)
		}
	}
	return nil
}
