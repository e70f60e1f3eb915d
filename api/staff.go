package api

import "github.com/lunpai/lunpai/workflow"

// StaffDecision is the answer to a command about a member of staff.
type StaffDecision struct {
	Decided
	// Staff is the member of staff after the command.
	Staff Doc[workflow.Staff] `json:"staff,omitzero"`
}

// StaffBody is a new member of staff.
type StaffBody struct {
	// ID is the new member's id.
	ID workflow.StaffID `json:"id"`
	// Role is what they are.
	Role workflow.Role `json:"role"`
	// Team is the unit a consultant belongs to. Absent: a unit of their own.
	Team workflow.UnitID `json:"team,omitempty"`
	// OffRoster keeps a consultant out of the line for now.
	OffRoster bool `json:"off_roster,omitempty"`
}

func (b *StaffBody) staff() workflow.NewStaff {
	return workflow.NewStaff{Staff: b.ID, Role: b.Role, Team: b.Team, OffRoster: b.OffRoster}
}

func addStaff(_ *call, b *StaffBody) (*workflow.AddStaff, error) {
	return &workflow.AddStaff{NewStaff: b.staff()}, nil
}

// StaffList is the staff of a site.
type StaffList struct {
	// Seq is the number of the last commit that is taken into account.
	Seq int64 `json:"seq"`
	// Staff are the members of staff, including inactive ones.
	Staff []*workflow.Staff `json:"staff"`
}

// listStaff lists the staff of a site.
func listStaff(c *call, _ *none) (a *StaffList, err error) {
	err = c.view(nil, func(b *workflow.Board) error {
		a = &StaffList{b.Seq, []*workflow.Staff{}}
		for _, s := range b.Staff() {
			shown := *s
			shown.ID = string(s.Staff) // as addresses take it
			a.Staff = append(a.Staff, &shown)
		}
		return nil
	})
	return a, err
}

func (c *call) staff() workflow.StaffID { return workflow.StaffID(c.Param("staff")) }
