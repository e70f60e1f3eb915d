package api

import (
	"errors"
	"time"

	"github.com/lunpai/lunpai/repo/vault"
	"github.com/lunpai/lunpai/workflow"
)

// SignIn signs a browser in.
type SignIn struct {
	// Key is the token of the key with which the browser acts.
	Key string `json:"key"`
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
	// Device is what the paired device is for. Absent if the caller is none.
	Device workflow.Device `json:"device,omitempty"`
	// Label says in the office's words where the key is used. Absent if it has none.
	Label string `json:"label,omitempty"`
	// Can lists the commands that the role may give, some of them only for what is the caller's
	// own. Whether one can be given now, the records say.
	Can []workflow.Kind `json:"can"`
	// EndsAt is when the session ends unless it is used before, or when the key expires. Absent if
	// it does not end by itself.
	EndsAt time.Time `json:"ends_at,omitzero"`
}

// signIn signs a browser in with a key's token: it gets a cookie that scripts cannot read, and
// sends it instead of the token from then on.
func signIn(c *call, b *SignIn) (*SessionView, error) {
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
	return viewSession(&s.Key, s.Ends), nil
}

// getSession says who asks, with a cookie or with a key: at which office, in which role, and which
// commands that role may give.
func getSession(c *call, _ *none) (*SessionView, error) {
	if c.session == nil {
		return viewSession(&c.key, c.key.ExpiresAt), nil
	}
	return viewSession(&c.key, c.session.Ends), nil
}

// signOut ends the session of the browser and takes its cookie. A device has to be paired anew.
func signOut(c *call, _ *none) (*none, error) {
	if c.session == nil {
		return nil, bad("no_session")
	}
	if err := c.api.sessions.End(c.Request().Context(), *c.session); err != nil {
		return nil, err
	}
	c.dropCookie()
	return nil, nil //nolint:nilnil // there is nothing to say
}

func viewSession(k *vault.Key, ends time.Time) *SessionView {
	v := &SessionView{
		Key: k.ID, Site: k.Site, Role: k.Role, Staff: k.Staff, Device: k.Device, Label: k.Label,
		Can: []workflow.Kind{}, EndsAt: ends,
	}
	for _, cmd := range workflow.Commands() {
		kind := cmd.About().Kind
		if ok, _ := workflow.MayCommand(kind, k.Role); ok {
			v.Can = append(v.Can, kind)
		}
	}
	return v
}
