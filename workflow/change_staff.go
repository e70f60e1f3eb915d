package workflow

import "slices"

// ChangeStaff changes a member of staff. Only an active consultant keeps a place in the rotation.
type ChangeStaff struct {
	// Id of the member of staff.
	Staff StaffID `json:"staff"`
	// New role; empty to keep the present one.
	Role Role `json:"role,omitempty"`
	// Whether the member works here; missing to leave it as it is.
	Active *bool `json:"active,omitempty"`
	// New department, where the office has a service desk; missing to keep the present one.
	Department *Department `json:"department,omitempty"`
	// New functions, where the office has a service desk; missing to keep the present ones.
	Hats *[]Hat `json:"hats,omitempty"`
}

func (*ChangeStaff) About() About {
	return About{Kind: "change_staff", May: administration, Scope: ScopeOffice}
}

func (*ChangeStaff) Needs(*Board) []Ref { return nil }

func (c *ChangeStaff) texts() []string {
	if c.Department == nil {
		return nil
	}
	return []string{string(*c.Department)}
}

func (c *ChangeStaff) decide(d *draft) *Fault {
	if d.staffMember(c.Staff) == nil {
		return notFound("staff", string(c.Staff))
	}
	s := edit[*Staff](d, staffRef(d.ID, c.Staff))
	worked := d.works(c.Staff)
	if c.Role != "" {
		if !c.Role.StaffRole() {
			return invalid("bad_role", "role", string(c.Role))
		}
		s.Role = c.Role
	}
	if s.Active && c.Active != nil && !*c.Active || s.Role != RoleConsultant {
		if f := d.inReceptions(c.Staff); f != nil {
			return f
		}
		if f := d.offRoster(c.Staff); f != nil {
			return f
		}
	}
	if c.Active != nil {
		s.Active = *c.Active
	}
	if f := d.assignFunctions(s, c.Department, c.Hats); f != nil {
		return f
	}
	d.subject = s.Ref()
	d.fact(FactStaffChanged, "P1-02", string(c.Staff), "role", string(s.Role),
		"active", map[bool]string{true: "true", false: "false"}[s.Active])
	if worked && !d.works(c.Staff) {
		d.notifyManagers("P1-51", string(c.Staff), "why", "customers_left")
	}
	return nil
}

// inReceptions refuses to take somebody away from a visit that he receives or assists.
func (d *draft) inReceptions(ss ...StaffID) *Fault {
	for _, s := range ss {
		if h := d.hindered(s); h != nil && h.visit != nil {
			return refused("still_receiving", "P1-16a", "staff", string(s), "visit", h.visit.ID)
		}
	}
	return nil
}

// offRoster takes a consultant out of his unit, and removes the unit when he was its last member.
func (d *draft) offRoster(s StaffID) *Fault {
	u := d.unitOf(s)
	if u == nil {
		return nil
	}
	if len(u.Members) == 1 {
		return d.removeUnit(u.ID)
	}
	r := d.editRota()
	i := slices.IndexFunc(r.Units, func(x Unit) bool { return x.ID == u.ID })
	members := r.Units[i].Members
	r.Units[i].Members = slices.DeleteFunc(members, func(m StaffID) bool { return m == s })
	if r.Event != nil {
		r.Event.Order = slices.DeleteFunc(r.Event.Order, func(x UnitID) bool {
			return x == UnitID(s)
		})
	}
	return nil
}
