package vault

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// ErrNotHere: nobody signs in on this device, or this member of staff may not.
var ErrNotHere = errors.New("not on this device")

// supersededFor is for how long a cookie that was replaced still stands for the device, locked: the
// answer with the new one may have been lost.
const supersededFor = 24 * time.Hour

// impersonate gives a session the role and the name of whoever is signed in on the device. Who has
// left, or whose time is over, is signed out.
func (s *Sessions) impersonate(
	ctx context.Context, st sessionState, out *Session, now time.Time,
) (err error) {
	p := st.body.Person
	if p == nil && !st.body.Locked {
		return nil
	}
	if p != nil && !p.gone(now) && !st.asked {
		if st.role, err = s.actsAs(ctx, &out.Key, p.Staff); err != nil {
			return err
		}
		s.answered(out.id, st.role)
	}
	if p == nil || p.gone(now) || st.role == "" {
		out.Locked, out.Key.Role = true, workflow.RoleBoard
		return nil
	}
	out.Person, out.PersonEnds = true, p.ends()
	out.Key.Role, out.Key.Staff = st.role, p.Staff
	return nil
}

// actsAs is the role in which a member of staff acts on a device; empty: he may not.
func (s *Sessions) actsAs(
	ctx context.Context, device *Key, who workflow.StaffID,
) (role workflow.Role, err error) {
	record := &workflow.Key{Device: device.Device, Cap: device.Cap}
	look := func(b *workflow.Board) error {
		if m := b.StaffMember(who); m != nil {
			role = record.ActsAs(m)
		}
		return nil
	}
	err = s.keys.engine.View(ctx, device.Site, nil, look)
	if !errors.Is(err, repo.ErrReadOnly) {
		return role, err
	}
	// Nothing is decided here any more, but who works here can still be read.
	b := workflow.NewBoard(device.Site)
	if err := s.keys.readInto(ctx, b, workflow.StaffRef(device.Site, who)); err != nil {
		return "", err
	}
	return role, look(b)
}

// SignIn signs a member of staff in on the front desk's device. The browser gets a new cookie, so
// that a copy of the old one does not become his. ErrNotHere, and the errors of CheckPIN.
func (s *Sessions) SignIn(
	ctx context.Context, on Session, who workflow.StaffID, pin string,
) (cookie string, _ Session, _ error) {
	device, old, err := s.device(ctx, on)
	if err != nil {
		return "", Session{}, err
	}
	if err := s.CheckPIN(ctx, device.Site, who, pin); err != nil {
		return "", Session{}, err
	}
	role, err := s.actsAs(ctx, &device, who)
	if err == nil && role == "" {
		err = ErrNotHere
	}
	if err != nil {
		return "", Session{}, err
	}
	now, day := s.now(), deskDay
	if role == workflow.RoleSupervisor {
		day = officeDay
	}
	body := &storedSession{
		Key: old.Key, Secret: old.Secret, CreatedAt: now,
		Person: &person{Staff: who, IdleEndsAt: now.Add(personIdle), EndsAt: now.Add(day)},
	}
	cookie, in, err := s.write(ctx, &device, body, now)
	if err != nil {
		return "", Session{}, err
	}
	err = s.change(ctx, on, func(b *storedSession) {
		b.Person, b.Locked, b.EndsAt = nil, true, now.Add(supersededFor)
	})
	if err != nil && !errors.Is(err, ErrBadToken) { // else it has ended meanwhile
		return "", Session{}, errors.Join(err, s.End(ctx, in))
	}
	return cookie, in, s.impersonate(ctx, sessionState{body: *body}, &in, now)
}

// device is the key of the device that a session is on, and the session as it is stored.
func (s *Sessions) device(ctx context.Context, on Session) (Key, storedSession, error) {
	st, err := s.read(ctx, on.id)
	switch {
	case err != nil:
		return Key{}, st.body, err
	case st.doc.ID == "":
		return Key{}, st.body, ErrBadToken
	}
	key, err := s.keys.with(ctx, st.body.Key, st.body.Secret)
	if err == nil && key.Device != workflow.DeviceDesk {
		err = ErrNotHere
	}
	return key, st.body, err
}

// Lock signs out whoever is signed in on the front desk's device: at once here, and within 5 s on
// other instances. The device stays paired. ErrNotHere on other devices.
func (s *Sessions) Lock(ctx context.Context, on Session) error {
	if _, _, err := s.device(ctx, on); err != nil {
		return err
	}
	return s.change(ctx, on, func(b *storedSession) { b.Person, b.Locked = nil, true })
}

// change changes a session as it is stored now. ErrBadToken when it has ended.
func (s *Sessions) change(ctx context.Context, of Session, f func(*storedSession)) error {
	defer s.forget(of.id)
	for {
		read, err := s.keys.store.Side(ctx, repo.Sessions, of.id)
		if errors.Is(err, repo.ErrNotFound) {
			return ErrBadToken
		}
		if err != nil {
			return fmt.Errorf("change session: %w", repo.Unavailable(err))
		}
		var b storedSession
		if err := json.Unmarshal(read.Body, &b); err != nil {
			return fmt.Errorf("%w: session %s", repo.ErrCorrupt, of.id)
		}
		f(&b)
		doc, err := sessionSide(read.ID, read.Site, &b)
		if err == nil {
			err = s.keys.store.ReplaceIf(ctx, read, doc)
		}
		if err == nil || !errors.Is(err, repo.ErrChanged) {
			return repo.Unavailable(err)
		}
	}
}
