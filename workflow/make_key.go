package workflow

import (
	"slices"
	"time"
)

// MakeKey makes an API key. The command carries no secret: that is stored, hashed, after the
// commit.
type MakeKey struct {
	// Id of the new key.
	Key KeyID `json:"key"`
	// Role in which the key acts.
	Role Role `json:"role"`
	// Member of staff whose key it is, or who works at the front desk with it; empty for a device
	// or a program.
	Staff StaffID `json:"staff,omitempty"`
	// Further sites that an analyst's key may read.
	Sites []SiteID `json:"sites,omitempty"`
	// Moment from which the key no longer works; missing when it does not expire.
	ExpiresAt time.Time `json:"expires_at,omitzero"`
}

func (*MakeKey) About() About {
	return About{Kind: "make_key", May: administration, Scope: ScopeOffice}
}

func (c *MakeKey) Needs(*Board) []Ref { return []Ref{keyRef(c.Key)} }

func (c *MakeKey) decide(d *draft) *Fault {
	_, f := d.makeKey(c)
	return f
}

// makeKey adds a key's record.
func (d *draft) makeKey(c *MakeKey) (*Key, *Fault) {
	if f := d.mayHave(c); f != nil {
		return nil, f
	}
	if _, ok := look[*Key](d, keyRef(c.Key)); ok || c.Key == "" {
		return nil, refused("record_exists", "", "id", string(c.Key))
	}
	k := add(d, &Key{
		Head: Head{ID: string(c.Key), Site: d.ID, Open: true}, Role: c.Role, Staff: c.Staff,
		Sites:     slices.Clone(c.Sites),
		CreatedAt: d.now, CreatedBy: KeyID(d.env.By.Key),
		ExpiresAt: c.ExpiresAt.UTC().Truncate(time.Millisecond), Secret: 1,
	})
	d.subject = k.Ref()
	d.fact(FactKeyMade, "", k.ID, "role", string(k.Role), "staff", string(k.Staff))
	return k, nil
}

// mayHave refuses a key that reaches further than the key of whoever makes it.
func (d *draft) mayHave(c *MakeKey) *Fault {
	by := d.env.By.Role
	switch {
	case !slices.Contains(Roles, c.Role):
		return invalid("bad_key", "role", string(c.Role))
	case c.Role == RoleAdministrator:
		return forbidden("key_beyond", "")
	case len(c.Sites) > 0 && by != RoleAdministrator:
		return forbidden("key_beyond", "")
	case len(c.Sites) > 0 && c.Role != RoleAnalyst:
		return invalid("bad_key", "role", string(c.Role))
	case slices.ContainsFunc(c.Sites, func(s SiteID) bool { return !ValidID(string(s)) }):
		return invalid("bad_key", "role", string(c.Role))
	case c.Role.StaffRole() && c.Staff == "":
		return invalid("bad_key", "role", string(c.Role))
	case !c.Role.StaffRole() && c.Role != RoleFrontDesk && c.Staff != "":
		return invalid("bad_key", "role", string(c.Role))
	case !d.admits(c.Role, c.Staff):
		return invalid("bad_key", "role", string(c.Role), "staff", string(c.Staff))
	case !c.ExpiresAt.IsZero() && !c.ExpiresAt.After(d.now):
		return invalid("bad_expiry")
	}
	return nil
}
