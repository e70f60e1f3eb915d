package api

import (
	"slices"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

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
	// Department is where they work, where the office has a service desk. Absent: nowhere.
	Department workflow.Department `json:"department,omitempty"`
	// Hats are functions beside the role, where the office has a service desk.
	Hats []workflow.Hat `json:"hats,omitempty"`
}

func (b *StaffBody) staff() workflow.NewStaff {
	return workflow.NewStaff{
		Staff: b.ID, Role: b.Role, Team: b.Team, OffRoster: b.OffRoster,
		Department: b.Department, Hats: b.Hats,
	}
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

// AbsenceList is who is away, and who will be.
type AbsenceList struct {
	// Seq is the number of the last commit that is taken into account.
	Seq int64 `json:"seq"`
	// Today is the business day.
	Today workflow.Date `json:"today"`
	// Absences are those that hold now or begin later, by first day. Work on site is none.
	Absences []workflow.Away `json:"absences"`
}

// AbsenceQuery chooses among the absences.
type AbsenceQuery struct {
	// On is a day that the absence covers. Absent: all.
	On workflow.Date `query:"on"`
}

// listAbsences lists who is away today and who is planned to be away.
func listAbsences(c *call, q *AbsenceQuery) (a *AbsenceList, err error) {
	err = c.view(nil, func(b *workflow.Board) error {
		now := c.now()
		a = &AbsenceList{
			b.Seq, workflow.Date(b.Local(now).Format(time.DateOnly)), b.Absences(now),
		}
		if q.On != "" {
			a.Absences = slices.DeleteFunc(a.Absences, func(x workflow.Away) bool {
				return q.On < x.From || q.On > x.Until
			})
		}
		return nil
	})
	return a, err
}
