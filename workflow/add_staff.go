package workflow

import "slices"

// AddStaff adds a member of staff.
type AddStaff struct{ NewStaff }

func (*AddStaff) About() About {
	return About{Kind: "add_staff", May: administration, Scope: ScopeOffice}
}

func (*AddStaff) Needs(*Board) []Ref { return nil }

func (c *AddStaff) texts() []string {
	return []string{string(c.Staff), string(c.Team), string(c.Department)}
}

func (c *AddStaff) decide(d *draft) *Fault { return d.addStaff(c.NewStaff) }

// NewStaff is a member of staff to add. A consultant goes to the tail of the line unless he joins
// a team.
type NewStaff struct {
	// Id within the site: 1 to 64 ASCII characters without blanks or slashes. What people read on
	// screens is kept apart from it.
	Staff StaffID `json:"staff"`
	// Role of the member of staff: consultant, shift_leader, supervisor or manager.
	Role Role `json:"role"`
	// Team that a consultant joins; empty for one who holds a place of his own.
	Team UnitID `json:"team,omitempty"`
	// The consultant gets no place in the line yet.
	OffRoster bool `json:"off_roster,omitempty"`
	// Department, where the office has a service desk; empty for none.
	Department Department `json:"department,omitempty"`
	// Functions beside the role, where the office has a service desk.
	Hats []Hat `json:"hats,omitempty"`
}

func (d *draft) addStaff(n NewStaff) *Fault {
	switch {
	case !NewID(string(n.Staff)):
		return invalid("bad_staff_id", "staff", string(n.Staff))
	case !n.Role.StaffRole():
		return invalid("bad_role", "role", string(n.Role))
	case d.staffMember(n.Staff) != nil:
		return refused("staff_exists", "", "staff", string(n.Staff))
	}
	s := add(d, &Staff{
		Head:  Head{ID: staffRef(d.ID, n.Staff).ID, Site: d.ID, Open: true},
		Staff: n.Staff, Role: n.Role, Team: n.Team, Active: true,
	})
	if d.subject == (Ref{}) {
		d.subject = s.Ref()
	}
	if f := d.assignFunctions(s, &n.Department, &n.Hats); f != nil {
		return f
	}
	d.fact(FactStaffAdded, "P1-02", string(n.Staff), "role", string(n.Role))
	switch {
	case n.Role != RoleConsultant || n.OffRoster:
	case n.Team == "":
		return d.addUnit(Unit{ID: UnitID(n.Staff)})
	default:
		u := d.unit(n.Team)
		if u == nil {
			return notFound("unit", string(n.Team))
		}
		r := d.editRota()
		i := slices.IndexFunc(r.Units, func(x Unit) bool { return x.ID == n.Team })
		r.Units[i].Members = append(r.Units[i].Members, n.Staff)
	}
	return nil
}
