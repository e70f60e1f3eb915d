package api

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"rsc.io/qr"

	"github.com/lunpai/lunpai/repo/vault"
	"github.com/lunpai/lunpai/workflow"
)

// PairBody is a device to be paired.
type PairBody struct {
	// Device is what the device is for.
	Device workflow.Device `json:"device"`
	// Staff is the member of staff whose phone it is. Absent for a device that people share.
	Staff workflow.StaffID `json:"staff,omitempty"`
	// Role is the role in which a phone acts. Absent: its owner's. Absent for a device that people
	// share.
	Role workflow.Role `json:"role,omitempty"`
	// Cap is the widest role of whoever signs in on the front desk's device: front_desk,
	// shift_leader or supervisor. Absent: front_desk.
	Cap workflow.Role `json:"cap,omitempty"`
	// Label says where the device is, such as "tablet at the door". It must not contain a phone
	// number.
	Label string `json:"label,omitempty"`
}

// PairingDecision is the answer when a device is to be paired.
type PairingDecision struct {
	Decided
	// Key is the device's key. The device is listed and revoked under it.
	Key vault.Key `json:"key"`
	// Code is what is typed on the device, once and within five minutes. It is shown only this
	// once.
	Code string `json:"code,omitempty"`
	// URL opens the page on the device that redeems the code. The code stands behind the #, so that
	// no log has it.
	URL string `json:"url,omitempty"`
	// QR is the URL as a picture (SVG), for the device to scan.
	QR string `json:"qr,omitempty"`
	// EndsAt is when the code stops working. Absent without a code.
	EndsAt time.Time `json:"ends_at,omitzero"`
	// Fix says what to do if a repeated request gets no code. Absent otherwise.
	Fix string `json:"fix,omitempty"`
}

// codeGone tells the caller what to do if a repeated request gets no code.
const codeGone = "the code was shown before and is not kept: revoke the device with " +
	"DELETE …/keys/{key} if it is not in use, and pair it anew"

// pairDevice makes the key of a device, and a code with which the device gets its session.
func pairDevice(c *call, b *PairBody) (*PairingDecision, error) {
	if f := workflow.NoPhone(b.Label); f != nil {
		return nil, f
	}
	out, err := c.do(&workflow.PairDevice{
		Key: vault.KeyIDFor(c.site, c.id, 1), Device: b.Device, Staff: b.Staff, Role: b.Role,
		Cap: b.Cap,
	})
	if err != nil {
		return nil, err
	}
	c.tellReplay(out)
	p, err := c.api.sessions.Pair(c.Request().Context(), out, b.Label)
	if err != nil {
		return nil, err
	}
	d, _ := c.decision(out)
	a, _ := d.(*PairingDecision)
	a.Key, a.Code, a.EndsAt, a.Fix = p.Key, p.Code, p.Ends, codeGone
	if p.Code == "" {
		return a, nil
	}
	a.Fix, a.URL = "", c.base()+"/app/pair#"+p.Code
	a.QR, err = picture(a.URL)
	return a, err
}

// base is the address at which the caller reached the service.
func (c *call) base() string {
	if c.private() {
		return "https://" + c.Request().Host
	}
	return "http://" + c.Request().Host
}

// picture is a text as a QR code, in SVG: one path, with the margin that readers need.
func picture(text string) (string, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return "", err
	}
	const margin = 4
	side := strconv.Itoa(code.Size + 2*margin)
	var b strings.Builder
	b.WriteString(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ` + side + " " + side +
		`" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h` + side + "v" + side +
		"H0z\"/><path d=\"")
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			n := x
			for n < code.Size && code.Black(n, y) {
				n++
			}
			if n > x {
				b.WriteString("M" + strconv.Itoa(x+margin) + " " + strconv.Itoa(y+margin) + "h" +
					strconv.Itoa(n-x) + "v1h-" + strconv.Itoa(n-x) + "z")
				x = n
			}
		}
	}
	b.WriteString("\"/></svg>")
	return b.String(), nil
}

// Redemption is a device that is being paired.
type Redemption struct {
	// Code is what was shown where the pairing was made. Case, blanks and dashes do not matter.
	Code string `json:"code"`
}

// codesHourly is how many wrong codes an address may send per hour.
const codesHourly = 10

// redeemPairing signs a device in with its code: it gets the cookie of its session. A code works
// once.
func redeemPairing(c *call, b *Redemption) (*SessionView, error) {
	from := network(c.RealIP())
	if wait := c.api.codes.empty(from); wait > 0 {
		c.hesitate()
		return nil, tooMany("too_many/wrong_codes", wait)
	}
	cookie, s, err := c.api.sessions.Redeem(c.Request().Context(), b.Code)
	if errors.Is(err, vault.ErrNoPairing) {
		c.api.codes.take(from)
		return nil, problem(403, "no_pairing")
	}
	if err != nil {
		return nil, err
	}
	c.setCookie(cookie, &s)
	return c.viewSession(&s)
}
