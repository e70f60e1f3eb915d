package workflow

import (
	"slices"
	"time"
)

// hindrance is what keeps a consultant from receiving.
type hindrance struct {
	why   string // a Presence, receiving, assisting, inactive or empty
	visit *Visit // when receiving or assisting
	// pass is what a turn that goes past him does to his place.
	pass PassEffect
	rule string // article or parameter behind pass
	by   StaffID
	// since is when an absence began; zero while receiving or assisting.
	since time.Time
}

// policy is the one that judges it: of the day on which the visit began, or today's.
func (h *hindrance) policy(d *draft) *Policy {
	if h.visit == nil {
		return d.policy
	}
	return d.policyOf(h.visit)
}

// hindered says what keeps a consultant from receiving; nil when he is free and on site (RS-3).
func (d *draft) hindered(s StaffID) *hindrance {
	var h *hindrance
	d.visits(func(v *Visit) {
		switch {
		case h != nil:
		case v.Server == s && v.leading():
			h = d.busyLeading(v)
		case v.assisting() && (v.Server == s && v.ServerRole != Lead ||
			slices.Contains(v.Assistants, s)):
			h = &hindrance{
				why: "assisting", visit: v, pass: d.policyOf(v).Pass.Assist,
				rule: "pass_effect.assist",
			}
		}
	})
	if h != nil {
		return h
	}
	m := d.staffMember(s)
	if m == nil || !m.Active {
		return &hindrance{why: "inactive", pass: PassVoid, rule: "pass_effect.personal"}
	}
	if a := d.absence(s); a != nil {
		h = &hindrance{
			why: string(a.State), by: a.OrderedBy, since: a.At,
			rule: "pass_effect." + string(a.State),
		}
		h.pass = d.policy.Pass.of(a.State)
	}
	return h
}

// busyLeading is the hindrance of whoever leads v. The visit says what passing does to his place.
func (d *draft) busyLeading(v *Visit) *hindrance {
	h := &hindrance{
		why: "receiving", visit: v, pass: v.PassEffect,
		rule: "pass_effect.own_reception",
	}
	switch {
	case v.Kind == KindCompanyStaff && v.PassEffect == d.policyOf(v).Pass.CompanyStaff:
		h.rule = "pass_effect.company_staff"
	case v.PassEffect == PassHold:
		h.rule = "pass_effect.unrelated"
		if v.begunOff() != withinHours {
			h.rule = "pass_effect.off_hours"
		}
	}
	return h
}

func (d *draft) free(s StaffID) bool { return d.hindered(s) == nil }

// unitHindrance says what keeps a whole unit from receiving; nil when a member is free. Among
// several members the mildest pass effect holds.
func (d *draft) unitHindrance(u *Unit) *hindrance {
	rank := func(h *hindrance) int {
		return slices.Index([]PassEffect{PassHold, PassVoidWithRight, PassVoid}, h.pass)
	}
	var mild *hindrance
	for _, s := range u.Members {
		h := d.hindered(s)
		if h == nil {
			return nil
		}
		if mild == nil || rank(h) < rank(mild) {
			mild = h
		}
	}
	if mild == nil {
		mild = &hindrance{why: "empty", pass: PassHold}
	}
	return mild
}
