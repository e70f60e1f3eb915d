package workflow

import "slices"

// Sets of roles for About.May.
var (
	receptionists  = []Role{RoleFrontDesk, RoleShiftLeader, RoleSupervisor, RoleManager}
	clerks         = []Role{RoleFrontDesk, RoleSupervisor, RoleManager}
	referees       = []Role{RoleSupervisor, RoleManager}
	managers       = []Role{RoleManager}
	leaders        = []Role{RoleShiftLeader, RoleSupervisor, RoleManager}
	administration = []Role{RoleManager, RoleAdministrator}
	administrators = []Role{RoleAdministrator}
	keyEnders      = []Role{RoleSupervisor, RoleManager, RoleAdministrator}
	// approvers grant make-ups; the policy may narrow it.
	approvers  = []Role{RoleShiftLeader, RoleSupervisor, RoleManager}
	announcers = []Role{
		RoleKiosk, RoleConsultant, RoleFrontDesk, RoleShiftLeader,
		RoleSupervisor, RoleManager,
	}
	// employees may give some commands for what is their own.
	employees = []Role{RoleEmployee}
	// readers may see notes, each those of his own matters.
	readers = []Role{
		RoleFrontDesk, RoleConsultant, RoleEmployee, RoleShiftLeader, RoleSupervisor,
		RoleManager,
	}
	everybody = []Role{
		RoleFrontDesk, RoleConsultant, RoleShiftLeader, RoleSupervisor,
		RoleManager,
	}
)

// Role is what a key may act as.
type Role string

// The roles.
const (
	RoleKiosk Role = "kiosk"
	// RoleBoard is a screen on the wall: it reads the public picture and nothing else.
	RoleBoard      Role = "board"
	RoleFrontDesk  Role = "front_desk"
	RoleConsultant Role = "consultant"
	// RoleEmployee is a member of staff outside sales: he takes no turns.
	RoleEmployee      Role = "employee"
	RoleShiftLeader   Role = "shift_leader"
	RoleSupervisor    Role = "supervisor"
	RoleManager       Role = "manager"
	RoleAnalyst       Role = "analyst"
	RoleAdministrator Role = "administrator"
	// RoleSystem gives the commands that are due; no key carries it.
	RoleSystem Role = "system"
)

// Roles lists the roles a key may carry.
var Roles = []Role{
	RoleKiosk, RoleBoard, RoleFrontDesk, RoleConsultant, RoleEmployee, RoleShiftLeader,
	RoleSupervisor, RoleManager, RoleAnalyst, RoleAdministrator,
}

// StaffRole reports whether a key of this role must name a member of staff.
func (r Role) StaffRole() bool {
	return slices.Contains(ranks, r)
}

// ranks are the roles of staff, from the narrowest to the widest.
var ranks = []Role{RoleEmployee, RoleConsultant, RoleShiftLeader, RoleSupervisor, RoleManager}

// AtLeast reports whether a member of staff of role r may also act in the other role.
func (r Role) AtLeast(other Role) bool {
	i := slices.Index(ranks, other)
	return i >= 0 && slices.Index(ranks, r) >= i
}
