package workflow

// SetPin records that a member of staff has a new PIN for the front desk's device: his own choice,
// or one that somebody else gave him. The command carries no PIN: that is stored, hashed, after the
// commit.
type SetPin struct {
	// Member of staff whose PIN it is.
	Staff StaffID `json:"staff"`
}

func (*SetPin) About() About {
	return About{
		Kind: "set_pin", May: receptionists, Own: employees, Scope: ScopeOffice, Since: 5,
	}
}

func (*SetPin) Needs(*Board) []Ref { return nil }

func (c *SetPin) own(d *draft) bool { return c.Staff == d.env.By.Staff }

// decide lets everybody choose his own, and supervisor and manager give one to whoever stands no
// higher than they.
func (c *SetPin) decide(d *draft) *Fault {
	s := d.staffMember(c.Staff)
	switch {
	case s == nil || !s.Active:
		return notFound("staff", string(c.Staff))
	case c.own(d):
		d.fact(FactPINChosen, "", string(c.Staff))
	case !d.may(referees...):
		return d.notFor("", referees)
	case !d.env.By.Role.AtLeast(s.Role):
		return forbidden("pin_above", "", "role", string(s.Role))
	default:
		d.fact(FactPINGiven, "", string(c.Staff), "by", string(d.env.By.Staff))
	}
	d.subject = s.Ref()
	return nil
}
