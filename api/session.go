package api

import (
	"errors"
	"net/http"
	"time"

	"github.com/lunpai/lunpai/repo/vault"
	"github.com/lunpai/lunpai/workflow"
)

// SignIn signs a browser in: with a key, or a member of staff on the front desk's device.
type SignIn struct {
	// Key is the token of the key with which the browser acts. Absent with a PIN.
	Key string `json:"key,omitempty"`
	// Site is the office of the device. Absent: it is not compared.
	Site workflow.SiteID `json:"site,omitempty"`
	PersonalSignIn
}

// PersonalSignIn is a member of staff who signs in with a PIN on the front desk's device.
type PersonalSignIn struct {
	// Staff is who signs in. Absent with a key.
	Staff workflow.StaffID `json:"staff,omitempty"`
	// PIN has six digits. Absent with a key.
	PIN string `json:"pin,omitempty"`
	// NewPIN replaces a PIN that somebody else gave. Absent otherwise.
	NewPIN string `json:"new_pin,omitempty"`
}

// SessionView says who asks, and what that key may do.
type SessionView struct {
	// Key is the id of the key that acts: the device's, or the caller's own.
	Key string `json:"key"`
	// Site is the office. Absent for an administrator.
	Site workflow.SiteID `json:"site,omitempty"`
	// Role is the role in which the caller acts.
	Role workflow.Role `json:"role"`
	// Staff is the member of staff who acts. Absent for a device or a program.
	Staff workflow.StaffID `json:"staff,omitempty"`
	// Name is what people read on screens for the member of staff. Absent if there is none.
	Name string `json:"name,omitempty"`
	// Device is what the paired device is for. Absent if the caller is none.
	Device workflow.Device `json:"device,omitempty"`
	// Label says in the office's words where the key is used. Absent if it has none.
	Label string `json:"label,omitempty"`
	// Can lists the commands that the role may give, some of them only for what is the caller's
	// own. Whether one can be given now, the records say.
	Can []workflow.Kind `json:"can"`
	// Locked is true on the front desk's device while nobody is signed in there. Until somebody
	// signs in, it may do what a wall screen may. Absent otherwise.
	Locked bool `json:"locked,omitempty"`
	// SignedInUntil is when whoever is signed in with a PIN is signed out unless the session is
	// used before. Absent otherwise.
	SignedInUntil time.Time `json:"signed_in_until,omitzero"`
	// LockAfter is for how many seconds nobody may touch the front desk's device until its page
	// should lock it (POST /v1/session/lock). Absent elsewhere.
	LockAfter int `json:"lock_after_s,omitempty"`
	// EndsAt is when the session ends unless it is used before, or when the key expires. Absent if
	// it does not end by itself.
	EndsAt time.Time `json:"ends_at,omitzero"`
}

// lockAfter is after how many seconds without a touch a page should lock the front desk's device.
const lockAfter = 300

// signIn signs a browser in with a key's token, or a member of staff on the paired device of the
// front desk with a PIN: the browser gets a cookie that scripts cannot read, and sends it from then
// on.
func signIn(c *call, b *SignIn) (*SessionView, error) {
	switch {
	case (b.Key == "") == (b.Staff == "" || b.PIN == ""):
		return nil, bad("sign_in_how")
	case b.Key == "":
		if err := c.enter(); err != nil {
			return nil, err
		}
		if b.Site != "" && b.Site != c.key.Site {
			return nil, problem(http.StatusForbidden, "not_on_this_device")
		}
		return switchPerson(c, &b.PersonalSignIn)
	}
	var cookie string
	var s vault.Session
	err := c.guess(func() (err error) {
		cookie, s, err = c.api.sessions.Open(c.Request().Context(), b.Key)
		return err
	})
	if errors.Is(err, vault.ErrBadToken) {
		return nil, c.stranger(err)
	}
	if err != nil {
		return nil, err
	}
	c.setCookie(cookie, &s)
	return c.viewSession(&s)
}

// getSession says who asks, with a cookie or with a key: at which office, in which role, and which
// commands that role may give.
func getSession(c *call, _ *none) (*SessionView, error) {
	if c.session == nil {
		return c.viewSession(&vault.Session{Key: c.key, Ends: c.key.ExpiresAt})
	}
	return c.viewSession(c.session)
}

// signOut ends the session of the browser and takes its cookie. On the front desk's device it signs
// out whoever is signed in there with a PIN; the device stays paired, and locked.
func signOut(c *call, _ *none) (*none, error) {
	ctx := c.Request().Context()
	switch {
	case c.session == nil:
		return nil, bad("no_session")
	case c.session.Person || c.session.Locked:
		return nil, c.api.sessions.Lock(ctx, *c.session)
	}
	if err := c.api.sessions.End(ctx, *c.session); err != nil {
		return nil, err
	}
	c.dropCookie()
	return nil, nil //nolint:nilnil // there is nothing to say
}

// lockSession locks the front desk's device: whoever was signed in no longer is. It does nothing if
// nobody was.
func lockSession(c *call, _ *none) (*SessionView, error) {
	if c.session == nil {
		return nil, bad("no_session")
	}
	if c.session.Person {
		if err := c.api.sessions.Lock(c.Request().Context(), *c.session); err != nil {
			return nil, err
		}
		c.session.Person, c.session.Locked, c.session.PersonEnds = false, true, time.Time{}
		c.session.Key.Role, c.session.Key.Staff = workflow.RoleBoard, ""
	}
	return c.viewSession(c.session)
}

// viewSession says who acts in a session.
func (c *call) viewSession(s *vault.Session) (*SessionView, error) {
	k := &s.Key
	v := &SessionView{
		Key: k.ID, Site: k.Site, Role: k.Role, Staff: k.Staff, Device: k.Device, Label: k.Label,
		Can: []workflow.Kind{}, Locked: s.Locked, SignedInUntil: s.PersonEnds, EndsAt: s.Ends,
	}
	if k.Device == workflow.DeviceDesk {
		v.LockAfter = lockAfter
	}
	for _, cmd := range workflow.Commands() {
		kind := cmd.About().Kind
		if ok, _ := workflow.MayCommand(kind, k.Role); ok {
			v.Can = append(v.Can, kind)
		}
	}
	if k.Staff != "" {
		names, err := c.api.cfg.Vault.Names(c.Request().Context(), k.Site)
		if err != nil {
			return nil, err
		}
		v.Name = names.Staff[k.Staff].Name
	}
	return v, nil
}
