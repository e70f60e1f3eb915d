package workflow

// ChangeNames records that what the office, members of staff or units are called on screens was
// written or erased. The names themselves are kept apart and never reach the journal.
type ChangeNames struct {
	// The office's own name is written.
	Office bool `json:"office,omitempty"`
	// Members of staff whose names are written, by id.
	Staff []StaffID `json:"staff,omitempty"`
	// Units of the rotation whose names are written, by id.
	Units []UnitID `json:"units,omitempty"`
}

// About lets those who keep the staff keep their names too.
func (*ChangeNames) About() About {
	return About{Kind: "change_names", May: administration, Scope: ScopePerson, Since: 5}
}

func (*ChangeNames) Needs(*Board) []Ref { return nil }

func (c *ChangeNames) decide(d *draft) *Fault {
	if !c.Office && len(c.Staff) == 0 && len(c.Units) == 0 {
		return invalid("nobody_named")
	}
	for _, s := range c.Staff {
		if d.staffMember(s) == nil {
			return d.colleague(s)
		}
	}
	for _, u := range c.Units {
		if d.unit(u) == nil {
			f := notFound("unit", string(u))
			f.Class = ClassInvalid
			return f
		}
	}
	d.subject = siteRef(d.ID)
	d.fact(FactNamesChanged, "", string(d.ID))
	return nil
}
