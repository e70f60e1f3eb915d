package workflow

import "slices"

// colleague refuses a name that is not on the staff: free text has no place in the journal.
func (d *draft) colleague(s StaffID) *Fault {
	if s != "" && d.staffMember(s) == nil {
		f := notFound("staff", string(s))
		f.Class = ClassInvalid
		return f
	}
	return nil
}

// Staff is a member of the site's staff. A name, if kept, stands in people, not here.
type Staff struct {
	Head
	// Id within the office, as addresses and other records name the person.
	Staff StaffID `json:"staff"`
	// Widest role that a key of this person may have.
	Role Role `json:"role"`
	// Team whose turns the consultant shares; empty outside a team.
	Team UnitID `json:"team,omitempty"`
	// Whether the person still works here; inactive staff leave the rotation.
	Active bool `json:"active"`
	// Absences planned ahead that have not begun, by first day.
	Planned []PlannedAbsence `json:"planned,omitempty"`
	// Department of the person, where the office has a service desk; empty for none.
	Department Department `json:"department,omitempty"`
	// Functions of the person beside the role, where the office has a service desk.
	Hats []Hat `json:"hats,omitempty"`
}

// Ref names the staff record.
func (s *Staff) Ref() Ref { return staffRef(s.Site, s.Staff) }

func (s *Staff) clone() Record {
	c := *s
	c.Planned, c.Hats = slices.Clone(s.Planned), slices.Clone(s.Hats)
	return &c
}

func (s *Staff) reader() int {
	return max(
		since(4, len(s.Planned) > 0),
		since(5, s.Department != "", len(s.Hats) > 0, s.Role == RoleEmployee),
	)
}

// hasPresence checks that somebody has a presence: a consultant or, where the office has a service
// desk, any member of staff.
func (d *draft) hasPresence(s StaffID) *Fault {
	if d.serviceDesk() != nil && d.staffMember(s) != nil {
		return nil
	}
	return d.consultant(s)
}

// consultant checks that somebody is, or was, a consultant of the site.
func (d *draft) consultant(s StaffID) *Fault {
	if m := d.staffMember(s); m == nil || m.Role != RoleConsultant {
		f := notFound("consultant", string(s))
		f.Class = ClassInvalid
		return f
	}
	return nil
}
