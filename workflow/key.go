package workflow

import (
	"cmp"
	"slices"
	"time"
)

// FormerKey is a key made before keys stood in the journal. It counts only where the journal does
// not know the key.
type FormerKey struct {
	// Role in which the key acts.
	Role Role `json:"role"`
	// Member of staff whose key it is; empty for a device or a program.
	Staff StaffID `json:"staff,omitempty"`
	// Further sites that an analyst's key may read.
	Sites []SiteID `json:"sites,omitempty"`
	// When the key was made.
	CreatedAt time.Time `json:"created_at,omitzero"`
	// When the key was revoked; missing while it works.
	RevokedAt time.Time `json:"revoked_at,omitzero"`
}

// Key is what the journal says of an API key: who may act with it, in what role, until when. Its
// secrets and its label stand elsewhere; no rule looks at them, and a secret can do no more than
// the key's record allows.
type Key struct {
	Head
	// Role in which the key acts.
	Role Role `json:"role"`
	// Member of staff to whom the key belongs, or who works at the front desk with it; empty for a
	// device or a program.
	Staff StaffID `json:"staff,omitempty"`
	// Further sites granted to an analyst.
	Sites []SiteID `json:"sites,omitempty"`
	// What the paired device is for; empty for a key with a token.
	Device Device `json:"device,omitempty"`
	// Widest role of whoever signs in on the device with a PIN; empty where nobody does.
	Cap Role `json:"cap,omitempty"`
	// When the key was made.
	CreatedAt time.Time `json:"created_at,omitzero"`
	// Id of the key that made it; operator when it was made on the server.
	CreatedBy KeyID `json:"created_by,omitempty"`
	// When the key ends by itself; missing when it does not.
	ExpiresAt time.Time `json:"expires_at,omitzero"`
	// Number of the secret in force, 1 for the first.
	Secret int `json:"secret"`
	// Earlier secrets that still work, the newest first.
	Old []OldSecret `json:"old,omitempty"`
	// When the key last got a new secret.
	RotatedAt time.Time `json:"rotated_at,omitzero"`
	// Id of the key that rotated it.
	RotatedBy KeyID `json:"rotated_by,omitempty"`
	// When the key was revoked; missing while it works.
	RevokedAt time.Time `json:"revoked_at,omitzero"`
	// Id of the key that revoked it.
	RevokedBy KeyID `json:"revoked_by,omitempty"`
}

// OldSecret is a secret from before a rotation.
type OldSecret struct {
	// Number of the secret.
	Secret int `json:"secret"`
	// Until when the secret works.
	EndsAt time.Time `json:"ends_at"`
}

// maxOld is how many earlier secrets of a key may work at once.
const maxOld = 8

// Ref names the key's record.
func (k *Key) Ref() Ref { return keyRef(KeyID(k.ID)) }

// reader: an earlier program knows no employees and no walls, takes a key that names somebody at
// the front desk for a broken one, and would forget what a device is for.
func (k *Key) reader() int {
	return since(5, k.Role == RoleEmployee, k.Role == RoleFrontDesk && k.Staff != "",
		k.Role == RoleBoard, k.Device != "", k.Cap != "")
}

func (k *Key) clone() Record {
	c := *k
	c.Sites, c.Old = slices.Clone(k.Sites), slices.Clone(k.Old)
	return &c
}

// Expired reports whether the key's time is over.
func (k *Key) Expired(now time.Time) bool {
	return !k.ExpiresAt.IsZero() && !now.Before(k.ExpiresAt)
}

// Works reports whether a secret of the key, given by its number, is valid at a moment.
func (k *Key) Works(secret int, now time.Time) bool {
	old := func(o OldSecret) bool { return o.Secret == secret && now.Before(o.EndsAt) }
	return k.RevokedAt.IsZero() && !k.Expired(now) &&
		(secret == k.Secret || slices.ContainsFunc(k.Old, old))
}

// Admits reports whether somebody may act in a role now. Roles of staff need an active member of
// staff with at least that role. The front desk's key may name any active member of staff, who then
// takes matters at the desk (policy 3, item 2.7); the other roles belong to a device or a program,
// which is nobody.
func (b *Board) Admits(role Role, staff StaffID) bool {
	return admitted(role, staff, b.StaffMember(staff))
}

// StaffMember is a member of staff; nil when there is none of that id.
func (b *Board) StaffMember(who StaffID) *Staff {
	s, _ := b.records[staffRef(b.ID, who)].(*Staff)
	return s
}

func admitted(role Role, staff StaffID, s *Staff) bool {
	switch {
	case role.StaffRole():
		return s != nil && s.Active && s.Role.AtLeast(role)
	case role == RoleFrontDesk && staff != "":
		return s != nil && s.Active
	}
	return staff == ""
}

// Keys are the keys of the site that were not revoked, by id.
func (b *Board) Keys() []*Key {
	var keys []*Key
	for _, r := range b.records {
		if k, ok := r.(*Key); ok && k.Open {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, func(a, b *Key) int { return cmp.Compare(a.ID, b.ID) })
	return keys
}

// admits is Board.Admits for staff as they stand in the draft.
func (d *draft) admits(role Role, staff StaffID) bool {
	return admitted(role, staff, d.staffMember(staff))
}

// key is a key to change. One made before keys stood in the journal enters it now, as it was.
func (d *draft) key(id KeyID, was *FormerKey) (*Key, *Fault) {
	k, ok := look[*Key](d, keyRef(id))
	switch {
	case !ok && was != nil && !was.RevokedAt.IsZero():
		return nil, refused("key_revoked", "", "id", string(id))
	case !ok && was != nil && id != "":
		k = add(d, &Key{
			Head: Head{ID: string(id), Site: d.ID, Open: true}, Role: was.Role, Staff: was.Staff,
			Sites:     slices.Clone(was.Sites),
			CreatedAt: was.CreatedAt, Secret: 1,
		})
	case !ok || k.Site != d.ID:
		return nil, notFound("key", string(id))
	case !k.RevokedAt.IsZero():
		return nil, refused("key_revoked", "", "id", k.ID)
	default:
		k = edit[*Key](d, keyRef(id))
	}
	d.subject = k.Ref()
	return k, nil
}
