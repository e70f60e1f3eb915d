package workflow

import "slices"

// Device is what a paired device is for.
type Device string

// The devices.
const (
	DeviceKiosk Device = "kiosk" // where visitors announce themselves
	DeviceBoard Device = "board" // a screen on the wall
	DeviceDesk  Device = "desk"  // the front desk's, which several people share
	DevicePhone Device = "phone" // somebody's own
)

// Devices lists them.
var Devices = []Device{DeviceKiosk, DeviceBoard, DeviceDesk, DevicePhone}

// Caps are the roles that may be the widest of whoever signs in on a desk's device with a PIN, from
// the narrowest to the widest.
var Caps = []Role{RoleFrontDesk, RoleShiftLeader, RoleSupervisor}

// PairDevice makes the key of a device, which gets a session instead of a token. Like a key it
// carries no secret: the code with which the device is paired stands elsewhere.
type PairDevice struct {
	// Id of the device's key.
	Key KeyID `json:"key"`
	// What the device is for.
	Device Device `json:"device"`
	// Member of staff whose phone it is; empty for a device that people share.
	Staff StaffID `json:"staff,omitempty"`
	// Role in which a phone acts; empty for the role of its owner, and for a device that people
	// share.
	Role Role `json:"role,omitempty"`
	// Widest role of whoever signs in on a desk's device with a PIN: front_desk, shift_leader or
	// supervisor. Empty for front_desk.
	Cap Role `json:"cap,omitempty"`
}

func (*PairDevice) About() About {
	return About{Kind: "pair_device", May: keyEnders, Scope: ScopeOffice, Since: 5}
}

func (c *PairDevice) Needs(*Board) []Ref { return []Ref{keyRef(c.Key)} }

// decide lets a supervisor pair kiosks and walls only: what he may also end.
func (c *PairDevice) decide(d *draft) *Fault {
	key := MakeKey{Key: c.Key, Staff: c.Staff}
	cp := c.Cap
	switch c.Device {
	case DeviceKiosk:
		key.Role = RoleKiosk
	case DeviceBoard:
		key.Role = RoleBoard
	case DeviceDesk:
		key.Role = RoleFrontDesk
		if cp == "" {
			cp = RoleFrontDesk
		}
	case DevicePhone:
		key.Role = c.Role
		if s := d.staffMember(c.Staff); s != nil && key.Role == "" {
			key.Role = s.Role
		}
	default:
		return invalid("bad_device")
	}
	phone := c.Device == DevicePhone
	switch {
	case d.may(RoleSupervisor) && !key.Role.unattended():
		return forbidden("kiosk_only", "", "role", string(key.Role))
	case phone && (c.Staff == "" || !key.Role.StaffRole()),
		!phone && (c.Staff != "" || c.Role != ""):
		return invalid("bad_device", "device", string(c.Device))
	case c.Device != DeviceDesk && cp != "", cp != "" && !slices.Contains(Caps, cp):
		return invalid("bad_cap")
	}
	k, f := d.makeKey(&key)
	if f == nil {
		k.Device, k.Cap = c.Device, cp
	}
	return f
}

// unattended reports whether keys of a role stand in the hall: kiosks and walls.
func (r Role) unattended() bool { return r == RoleKiosk || r == RoleBoard }

// ActsAs is the role in which a member of staff acts who signs in on the device with a PIN: his
// own, but never more than the cap; whoever has none at the floor works at the desk. Empty: he may
// not.
func (k *Key) ActsAs(s *Staff) Role {
	if k.Device != DeviceDesk || !s.Active {
		return ""
	}
	if s.Role == RoleConsultant {
		return RoleConsultant
	}
	act := RoleFrontDesk // an employee's too
	for _, r := range Caps[:slices.Index(Caps, k.Cap)+1] {
		if r.StaffRole() && s.Role.AtLeast(r) {
			act = r
		}
	}
	return act
}
