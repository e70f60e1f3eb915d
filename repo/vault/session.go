package vault

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// ErrSessionEnded: the cookie was good, but its session has ended.
var ErrSessionEnded = fmt.Errorf("%w: the session has ended", ErrBadToken)

// Sessions are the browsers that are signed in with a key, and the devices that were paired. What a
// session may do is what its key may do. A command of a session is named after the key, never after
// the session: sent again after signing in again it is still the same command.
type Sessions struct {
	keys  *Keys
	vault *Vault
	// hashing limits how many PINs are worked on at once.
	hashing chan struct{}

	mu    sync.Mutex
	cache map[string]sessionState // by id
}

// NewSessions opens the sessions of a store.
func NewSessions(k *Keys, v *Vault) *Sessions {
	return &Sessions{
		keys: k, vault: v, hashing: make(chan struct{}, pinsAtOnce),
		cache: map[string]sessionState{},
	}
}

// Session is a browser that is signed in, or a paired device.
type Session struct {
	// Key acts: a device's, or somebody's own. Where somebody is signed in on the front desk's
	// device, role and staff are his.
	Key Key
	// Person: somebody is signed in on the front desk's device with a PIN.
	Person bool
	// PersonEnds is when that person is signed out unless the session is used before.
	PersonEnds time.Time
	// Locked: somebody was, and nobody is now. The key then acts as a wall does.
	Locked bool
	// Ends is when it ends unless it is used before.
	Ends time.Time
	// Renewed: its end was put off by this request, so the cookie must live longer too.
	Renewed bool

	id string
}

// storedSession is the body of a session's document. Its id is the SHA-256 of the cookie's bytes,
// which are not stored.
type storedSession struct {
	// Key acts, and Secret is the number of its secret that the session was opened with: it ends
	// with that secret.
	Key       string    `json:"key"`
	Secret    int       `json:"secret"`
	CreatedAt time.Time `json:"created_at"`
	// SeenAt is about when it was last used.
	SeenAt time.Time `json:"seen_at"`
	// IdleEndsAt is when it ends if nobody uses it, EndsAt when it ends even if somebody does;
	// zero: it does not.
	IdleEndsAt time.Time `json:"idle_ends_at,omitzero"`
	EndsAt     time.Time `json:"ends_at,omitzero"`
	// Person is signed in on the device with a PIN; nil: nobody.
	Person *person `json:"person,omitempty"`
	// Locked: somebody was signed in and is no longer.
	Locked bool `json:"locked,omitempty"`
}

// person is who is signed in with a PIN, and until when, used or not.
type person struct {
	Staff      workflow.StaffID `json:"staff"`
	IdleEndsAt time.Time        `json:"idle_ends_at"`
	EndsAt     time.Time        `json:"ends_at"`
}

// ends is the earlier of both ends.
func (p *person) ends() time.Time {
	if p.IdleEndsAt.Before(p.EndsAt) {
		return p.IdleEndsAt
	}
	return p.EndsAt
}

// gone reports whether the person's time is over.
func (p *person) gone(now time.Time) bool {
	return !now.Before(p.ends())
}

// ends is the earlier of both ends.
func (s *storedSession) ends() time.Time {
	if s.EndsAt.IsZero() || !s.IdleEndsAt.IsZero() && s.IdleEndsAt.Before(s.EndsAt) {
		return s.IdleEndsAt
	}
	return s.EndsAt
}

// sessionState is what is cached of a session.
type sessionState struct {
	doc   repo.Side
	body  storedSession
	role  workflow.Role // in which its person acts, if asked
	asked bool
	until time.Time
}

// How long sessions last. What hangs on a wall or lies at the desk stays signed in while it is in
// use; somebody's own phone too. A wide role on a computer ends with the working day.
const (
	deviceIdle = 365 * 24 * time.Hour
	phoneIdle  = 30 * 24 * time.Hour
	deskDay    = 12 * time.Hour
	officeDay  = 8 * time.Hour
	// personIdle is after how long without a request a person signed in with a PIN is signed out.
	personIdle = 30 * time.Minute
	// renewals is how often, at most, the use of a session is written down in its idle time.
	renewals = 30
)

// terms are how long a key's session lasts without use, and altogether; zero: without limit.
func terms(k *Key) (idle, whole time.Duration) {
	switch {
	case k.Device == workflow.DevicePhone:
		return phoneIdle, 0
	case k.Device != "", k.Role == workflow.RoleKiosk, k.Role == workflow.RoleBoard:
		return deviceIdle, 0
	case k.Role == workflow.RoleConsultant, k.Role == workflow.RoleEmployee:
		return phoneIdle, 0
	case k.Role == workflow.RoleFrontDesk:
		return 0, deskDay
	}
	return 0, officeDay
}

// Open signs a browser in with a key's token and returns the cookie's value, which is shown only
// now. The errors are Authenticate's.
func (s *Sessions) Open(ctx context.Context, token string) (cookie string, _ Session, _ error) {
	key, secret, err := s.keys.authenticate(ctx, token)
	if err != nil {
		return "", Session{}, err
	}
	return s.start(ctx, key, secret)
}

// start writes a session of a key and makes its cookie.
func (s *Sessions) start(ctx context.Context, key Key, secret int) (string, Session, error) {
	now := s.now()
	return s.write(ctx, &key, &storedSession{Key: key.ID, Secret: secret, CreatedAt: now}, now)
}

// write writes a new session and makes its cookie.
func (s *Sessions) write(
	ctx context.Context, key *Key, body *storedSession, now time.Time,
) (string, Session, error) {
	bytes := make([]byte, 32)
	if _, err := rand.Read(bytes); err != nil {
		return "", Session{}, fmt.Errorf("make session: %w", err)
	}
	body.use(key, now)
	doc, err := sessionSide(hashOf(bytes), key.Site, body)
	if err == nil {
		err = repo.Unavailable(s.keys.store.Insert(ctx, doc))
	}
	if err != nil {
		return "", Session{}, fmt.Errorf("make session: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(bytes),
		Session{Key: *key, Ends: body.ends(), id: doc.ID}, nil
}

// use puts off the end of a session that is used now.
func (b *storedSession) use(key *Key, now time.Time) {
	idle, whole := terms(key)
	b.SeenAt = now
	if b.Person != nil && !b.Person.gone(now) {
		b.Person.IdleEndsAt = now.Add(personIdle)
	}
	if idle > 0 {
		b.IdleEndsAt = now.Add(idle)
	}
	if whole > 0 {
		b.EndsAt = b.CreatedAt.Add(whole)
	}
}

// sessionSide is a session's document. It is found as overdue when it has ended.
func sessionSide(id string, site workflow.SiteID, b *storedSession) (repo.Side, error) {
	text, err := json.Marshal(b)
	return repo.Side{
		Collection: repo.Sessions, ID: id, Site: site, Pending: true, At: b.ends(), Body: text,
	}, err
}

func hashOf(bytes []byte) string {
	sum := sha256.Sum256(bytes)
	return hex.EncodeToString(sum[:])
}

// now is the time of the engine: sessions end by the clock by which commands are decided.
func (s *Sessions) now() time.Time {
	return s.keys.engine.Now().UTC().Truncate(time.Millisecond)
}

// Resume finds the session of a cookie. ErrBadToken when there is none, when it has ended, or when
// its key no longer works. The answer may be up to 3 s old, as with keys.
func (s *Sessions) Resume(ctx context.Context, cookie string) (Session, error) {
	bytes, err := base64.RawURLEncoding.DecodeString(cookie)
	if err != nil || len(bytes) != 32 {
		return Session{}, ErrBadToken
	}
	st, err := s.read(ctx, hashOf(bytes))
	if err != nil {
		return Session{}, err
	}
	now := s.now()
	switch {
	case st.doc.ID == "":
		return Session{}, ErrBadToken
	case !now.Before(st.body.ends()):
		return Session{}, ErrSessionEnded
	}
	key, err := s.keys.with(ctx, st.body.Key, st.body.Secret)
	if err != nil {
		return Session{}, err
	}
	s.keys.used(ctx, &key, st.body.Secret)
	out := Session{Key: key, Ends: st.body.ends(), id: st.doc.ID}
	idle, _ := terms(&key)
	if st.body.Person != nil {
		idle = personIdle
	}
	if idle > 0 && now.Sub(st.body.SeenAt) >= idle/renewals {
		out.Ends, out.Renewed = s.renew(ctx, st, &key, now)
	}
	return out, s.impersonate(ctx, st, &out, now)
}

// renew puts off the end of a session, unless somebody else changes it or the store does not
// answer: then the next request does it.
func (s *Sessions) renew(
	ctx context.Context, st sessionState, key *Key, now time.Time,
) (ends time.Time, renewed bool) {
	next := st.body
	if next.Person != nil {
		p := *next.Person
		next.Person = &p
	}
	next.use(key, now)
	doc, err := sessionSide(st.doc.ID, st.doc.Site, &next)
	if err == nil {
		err = s.keys.store.ReplaceIf(ctx, st.doc, doc)
	}
	s.forget(st.doc.ID)
	if err != nil {
		return st.body.ends(), false
	}
	return next.ends(), true
}

// read is the state of a session, from the cache if that is recent. Its zero: there is none.
func (s *Sessions) read(ctx context.Context, id string) (sessionState, error) {
	now := s.keys.now()
	s.mu.Lock()
	st, ok := s.cache[id]
	s.mu.Unlock()
	if ok && now.Before(st.until) {
		return st, nil
	}
	doc, err := s.keys.store.Side(ctx, repo.Sessions, id)
	if errors.Is(err, repo.ErrNotFound) {
		s.forget(id)
		return sessionState{}, nil
	}
	if err != nil {
		return sessionState{}, fmt.Errorf("read session: %w", repo.Unavailable(err))
	}
	st = sessionState{doc: doc, until: now.Add(cacheFor)}
	if err := json.Unmarshal(doc.Body, &st.body); err != nil {
		return sessionState{}, fmt.Errorf("%w: session %s", repo.ErrCorrupt, id)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.cache) >= 10_000 {
		clear(s.cache)
	}
	s.cache[id] = st
	return st, nil
}

// answered notes in the cache in which role a session's person acts.
func (s *Sessions) answered(id string, role workflow.Role) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if st, ok := s.cache[id]; ok {
		st.role, st.asked = role, true
		s.cache[id] = st
	}
}

func (s *Sessions) forget(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.cache, id)
}

// End ends a session: at once here, and within 5 s on other instances.
func (s *Sessions) End(ctx context.Context, of Session) error {
	err := repo.Unavailable(s.keys.store.Delete(ctx, repo.Sessions, of.id))
	s.forget(of.id)
	if err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	return nil
}

// Sweep deletes sessions and codes that have ended; only those are read. It erases the PINs of
// those who have left.
func (s *Sessions) Sweep(ctx context.Context) (deleted int, err error) {
	if err := s.dropFormer(ctx); err != nil {
		return 0, err
	}
	for _, c := range []repo.SideCollection{repo.Sessions, repo.Pairings} {
		docs, err := s.keys.store.SidesOfAllSites(ctx, c, s.now())
		if err != nil {
			return deleted, fmt.Errorf("sweep %s: %w", c, err)
		}
		for _, doc := range docs {
			switch err := s.keys.store.DeleteIf(ctx, doc); {
			case errors.Is(err, repo.ErrChanged): // it was used meanwhile
			case err != nil:
				return deleted, fmt.Errorf("sweep %s: %w", c, err)
			default:
				deleted++
			}
		}
	}
	return deleted, nil
}

// with is the key that a session acts with, if the secret works that it was opened with. A device
// has one that nobody knows.
func (k *Keys) with(ctx context.Context, id string, secret int) (Key, error) {
	s, err := k.read(ctx, id)
	switch {
	case err != nil:
		return Key{}, err
	case s.key.ID == "":
		return Key{}, ErrBadToken
	}
	return s.key.Key, s.works(secret, k.engine.Now())
}
