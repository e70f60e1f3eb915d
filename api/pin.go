package api

import (
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/vault"
	"github.com/lunpai/lunpai/workflow"
)

// pinsHourly is how many wrong PINs one device may send per hour, over all members of staff.
const pinsHourly = 20

// PINBody is a new PIN.
type PINBody struct {
	// PIN has six digits, not all the same and not in a row.
	PIN string `json:"pin"`
	// Old is the PIN so far, where somebody who has one chooses another. Absent otherwise.
	Old string `json:"old,omitempty"`
}

// PINDecision is the answer when somebody gets a new PIN.
type PINDecision struct {
	Decided
	// MustChange is true if somebody else chose it: its owner has to choose another when signing in
	// (new_pin). Absent otherwise.
	MustChange bool `json:"must_change,omitempty"`
}

// switchPerson signs a member of staff in on the front desk's device, in place of whoever is signed
// in there. It needs the device's cookie and answers with a new one.
func switchPerson(c *call, b *PersonalSignIn) (*SessionView, error) {
	if err := c.keepsPINs(); err != nil {
		return nil, err
	}
	if c.session == nil {
		return nil, bad("no_session")
	}
	if b.Staff == "" || b.PIN == "" {
		return nil, bad("sign_in_how")
	}
	if b.NewPIN != "" {
		if err := c.mayBePIN(b.NewPIN); err != nil {
			return nil, err
		}
	}
	if err := c.mayTryPIN(); err != nil {
		return nil, err
	}
	ctx := c.Request().Context()
	cookie, s, err := c.api.sessions.SignIn(ctx, *c.session, b.Staff, b.PIN)
	if errors.Is(err, vault.ErrChangePIN) && b.NewPIN != "" {
		if err = c.replacePIN(b); err == nil {
			cookie, s, err = c.api.sessions.SignIn(ctx, *c.session, b.Staff, b.NewPIN)
		}
	}
	if err != nil {
		return nil, c.pinProblem(err)
	}
	c.setCookie(cookie, &s)
	return c.viewSession(&s)
}

// replacePIN stores the PIN that somebody chooses in place of one that was given, and notes it in
// the journal like any other.
func (c *call) replacePIN(b *PersonalSignIn) error {
	by := workflow.Actor{Key: c.key.ID, Role: workflow.RoleFrontDesk, Staff: b.Staff}
	out, err := c.api.cfg.Engine.Do(c.Request().Context(), c.key.Site, repo.Request{
		ID: hashed(c.key.ID, newID()), By: by, Command: &workflow.SetPin{Staff: b.Staff},
	})
	if err != nil {
		return err
	}
	return c.api.sessions.SetPIN(c.Request().Context(), c.key.Site, b.Staff, b.NewPIN,
		out.Commit.Seq, false)
}

// setPIN gives a member of staff a PIN for the front desk's device: somebody's own, with the old
// one if there is one, or by a supervisor or the manager. The PIN itself stands in no journal and
// no log.
func setPIN(c *call, b *PINBody) (*PINDecision, error) {
	if err := c.keepsPINs(); err != nil {
		return nil, err
	}
	if err := c.mayBePIN(b.PIN); err != nil {
		return nil, err
	}
	// what stands in the journal must not help in guessing the PIN
	c.text = []byte("{}")
	who, ctx := c.staff(), c.Request().Context()
	own := who == c.key.Staff
	var before *replay
	err := c.once()
	if err == nil && own {
		err = c.provePIN(who, b.Old)
	}
	if err != nil && !errors.As(err, &before) {
		return nil, err
	}
	out, err := c.do(&workflow.SetPin{Staff: who})
	if err != nil {
		return nil, err
	}
	c.tellReplay(out)
	if !c.dry {
		err = c.api.sessions.SetPIN(ctx, c.site, who, b.PIN, out.Commit.Seq, !own)
	}
	d, _ := c.decision(out)
	a, _ := d.(*PINDecision)
	a.MustChange = !own
	return a, err
}

// provePIN asks whoever has a PIN for it before he chooses another.
func (c *call) provePIN(who workflow.StaffID, old string) error {
	ctx := c.Request().Context()
	has, err := c.api.sessions.HasPIN(ctx, c.site, who)
	if err != nil || !has {
		return err
	}
	if old == "" {
		return bad("old_pin_missing")
	}
	if err := c.mayTryPIN(); err != nil {
		return err
	}
	err = c.api.sessions.CheckPIN(ctx, c.site, who, old)
	if errors.Is(err, vault.ErrChangePIN) { // which is what he does
		return nil
	}
	return c.pinProblem(err)
}

// mayTryPIN refuses devices that send wrong PINs again and again.
func (c *call) mayTryPIN() error {
	if wait := c.api.pins.empty(c.key.ID); wait > 0 {
		c.hesitate()
		return tooMany("too_many/wrong_pins", wait)
	}
	return nil
}

// mayBePIN refuses a PIN that everybody would try first.
func (c *call) mayBePIN(pin string) error {
	if vault.MayBePIN(pin) != nil {
		return bad("weak_pin")
	}
	return nil
}

// pinProblem is why a PIN does not work. Wrong ones are counted for the device.
func (c *call) pinProblem(err error) error {
	var locked *vault.LockedError
	switch {
	case errors.As(err, &locked):
		c.api.pins.take(c.key.ID)
		return tooMany("too_many/pin_locked", max(1, int(locked.Until.Sub(c.now())/time.Second)))
	case errors.Is(err, vault.ErrWrongPIN):
		c.api.pins.take(c.key.ID)
		return problem(http.StatusForbidden, "wrong_pin")
	case errors.Is(err, vault.ErrChangePIN):
		return problem(http.StatusConflict, "pin_must_change")
	case errors.Is(err, vault.ErrNotHere):
		return problem(http.StatusForbidden, "not_on_this_device")
	}
	return err
}

// keepsPINs refuses a request with a PIN that everybody on the way could read.
func (c *call) keepsPINs() error {
	if c.private() || c.api.cfg.PINsWithoutTLS || c.loopback() {
		return nil
	}
	return problem(http.StatusForbidden, "pin_without_tls")
}

// loopback reports whether the browser is on this machine: by its address and by the name that it
// uses, because a proxy on this machine has the address too.
func (c *call) loopback() bool {
	host, _, err := net.SplitHostPort(c.Request().Host)
	if err != nil {
		host = c.Request().Host
	}
	from, _, err := net.SplitHostPort(c.Request().RemoteAddr)
	return err == nil && net.ParseIP(from).IsLoopback() &&
		(host == "localhost" || net.ParseIP(host).IsLoopback())
}

// dropFormerPIN erases the PIN of somebody who no longer works here. If that fails, the sweep does
// it.
func dropFormerPIN(c *call, out *repo.Outcome) {
	works := true
	err := c.view(nil, func(b *workflow.Board) error {
		m := b.StaffMember(c.staff())
		works = m == nil || m.Active
		return nil
	})
	if err == nil && !works && !out.Replayed {
		err = c.api.sessions.DropPIN(c.Request().Context(), c.site, c.staff())
	}
	if err != nil {
		c.api.cfg.Log.Warn("the PIN of somebody who left could not be erased now", "err", err)
	}
}
