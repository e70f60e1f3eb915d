package workflow

import "slices"

// ChangeRoster adds units to the tail of the line and takes units off.
type ChangeRoster struct {
	// Units to add: an id alone is a consultant, a team has type and members.
	Add []Unit `json:"add,omitempty"`
	// Units to take off.
	Remove []UnitID `json:"remove,omitempty"`
}

func (*ChangeRoster) About() About {
	return About{Kind: "change_roster", May: managers, Rule: "P1-02"}
}

func (*ChangeRoster) Needs(*Board) []Ref { return nil }

func (c *ChangeRoster) texts() []string {
	var all []string
	for _, u := range c.Add {
		all = append(all, string(u.ID))
	}
	return all
}

// decide lets only consultants hold a place (policy 1, art. 2; A61).
func (c *ChangeRoster) decide(d *draft) *Fault {
	if len(c.Add)+len(c.Remove) == 0 {
		return invalid("nothing_to_do")
	}
	for _, id := range c.Remove {
		if f := d.removeUnit(id); f != nil {
			return f
		}
	}
	for _, u := range c.Add {
		if f := d.addUnit(u); f != nil {
			return f
		}
	}
	d.subject = liveRotaRef(d.ID)
	d.fact(FactRosterChanged, "P1-02", string(d.ID), "line", unitList(d.rota().Order()))
	return nil
}

func (d *draft) addUnit(u Unit) *Fault {
	if u.Type == "" {
		u.Type = PersonUnit
	}
	if u.Type == PersonUnit && len(u.Members) == 0 {
		u.Members = []StaffID{StaffID(u.ID)}
	}
	switch {
	case !ValidID(string(u.ID)) || u.Type != PersonUnit && u.Type != TeamUnit:
		return invalid("bad_unit")
	case d.unit(u.ID) != nil:
		return refused("already_rostered", "P1-02", "unit", string(u.ID))
	case len(u.Members) == 0:
		return invalid("members_missing")
	case u.Type == PersonUnit && (len(u.Members) != 1 || u.Members[0] != StaffID(u.ID)):
		return invalid("bad_unit")
	}
	for i, s := range u.Members {
		m := d.staffMember(s)
		switch {
		case m == nil:
			return notFound("staff", string(s))
		case m.Role != RoleConsultant || !m.Active:
			return refused("not_a_consultant", "P1-02", "staff", string(s))
		case d.unitOf(s) != nil || slices.Contains(u.Members[:i], s):
			return refused("already_rostered", "P1-02", "staff", string(s))
		}
	}
	r := d.editRota()
	r.Units = append(r.Units, Unit{ID: u.ID, Type: u.Type, Members: slices.Clone(u.Members)})
	r.toTail(u.ID, 0)
	return nil
}

func (d *draft) removeUnit(id UnitID) *Fault {
	u := d.unit(id)
	if u == nil {
		return notFound("unit", string(id))
	}
	if f := d.inReceptions(u.Members...); f != nil {
		return f
	}
	r := d.editRota()
	for _, m := range r.MakeUps {
		if m.Unit == id {
			d.lapse(m, "P1-08", "off_roster")
		}
	}
	r.Line = slices.DeleteFunc(r.Line, func(p Place) bool { return p.Unit == id })
	r.Out = slices.DeleteFunc(r.Out, func(g Gone) bool { return g.Unit == id })
	r.MakeUps = slices.DeleteFunc(r.MakeUps, func(m MakeUpRight) bool { return m.Unit == id })
	r.Units = slices.DeleteFunc(r.Units, func(x Unit) bool { return x.ID == id })
	if r.Event != nil {
		r.Event.Order = slices.DeleteFunc(r.Event.Order, func(x UnitID) bool {
			return x == id || slices.Contains(u.Members, StaffID(x))
		})
	}
	return nil
}
