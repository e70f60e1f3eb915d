package workflow

// RevokeKey ends a key for good.
type RevokeKey struct {
	// Id of the key.
	Key KeyID `json:"key"`
	// The key as it was made, where it is older than the journal's knowledge of keys.
	Was *FormerKey `json:"was,omitempty"`
}

func (*RevokeKey) About() About {
	return About{
		Kind: "revoke_key", May: keyEnders,
		Scope: ScopeOffice,
	}
}

func (c *RevokeKey) Needs(*Board) []Ref { return []Ref{keyRef(c.Key)} }

// decide lets a supervisor end keys of kiosks and walls only.
func (c *RevokeKey) decide(d *draft) *Fault {
	k, f := d.key(c.Key, c.Was)
	switch {
	case f != nil:
		return f
	case d.may(RoleSupervisor) && !k.Role.unattended():
		return forbidden("kiosk_only", "", "role", string(k.Role))
	}
	k.Open = false
	k.RevokedAt, k.RevokedBy = d.now, KeyID(d.env.By.Key)
	d.fact(FactKeyRevoked, "", k.ID, "role", string(k.Role), "staff", string(k.Staff))
	return nil
}
