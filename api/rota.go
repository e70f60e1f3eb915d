package api

import (
	"time"

	"github.com/lunpai/lunpai/workflow"
)

type openBody struct {
	Date workflow.Date      `json:"date,omitempty"`
	Away []workflow.StaffID `json:"away,omitempty"`
}

func openDay(_ *call, b *openBody) (workflow.Command, error) {
	return &workflow.OpenDay{Date: b.Date, Away: b.Away}, nil
}

type emptyBody struct{}

func closeDay(*call, *emptyBody) (workflow.Command, error) { return &workflow.CloseDay{}, nil }

type reorderBody struct {
	Line   []workflow.UnitID `json:"line"`
	Reason string            `json:"reason"`
	Note   string            `json:"note,omitempty"`
}

func reorder(c *call, b *reorderBody) (workflow.Command, error) {
	note, err := c.note(b.Note)
	return &workflow.Reorder{Line: b.Line, Reason: b.Reason, Note: note}, err
}

type makeUpBody struct {
	Unit     workflow.UnitID `json:"unit"`
	Position int             `json:"position,omitempty"`
	Reason   string          `json:"reason,omitempty"`
}

func makeUp(_ *call, b *makeUpBody) (workflow.Command, error) {
	return &workflow.GrantMakeUp{Unit: b.Unit, Position: b.Position, Reason: b.Reason}, nil
}

type eventBody struct {
	Order []workflow.UnitID `json:"order"`
	ToAt  time.Time         `json:"to_at,omitzero"`
}

func startEvent(_ *call, b *eventBody) (workflow.Command, error) {
	return &workflow.StartEvent{Order: b.Order, ToAt: b.ToAt.UTC().Truncate(time.Millisecond)}, nil
}

func endEvent(*call, *emptyBody) (workflow.Command, error) { return &workflow.EndEvent{}, nil }

type unitBody struct {
	ID      workflow.UnitID    `json:"id"`
	Type    workflow.UnitType  `json:"type,omitempty"`
	Members []workflow.StaffID `json:"members,omitempty"`
}

type rosterBody struct {
	Add    []unitBody        `json:"add,omitempty"`
	Remove []workflow.UnitID `json:"remove,omitempty"`
}

func roster(_ *call, b *rosterBody) (workflow.Command, error) {
	cmd := &workflow.ChangeRoster{Remove: b.Remove}
	for _, u := range b.Add {
		cmd.Add = append(cmd.Add, workflow.Unit{ID: u.ID, Type: u.Type, Members: u.Members})
	}
	return cmd, nil
}

func (c *call) staff() workflow.StaffID { return workflow.StaffID(c.Param("staff")) }

type leaveBody struct {
	Reason    workflow.Presence `json:"reason"`
	OrderedBy workflow.StaffID  `json:"ordered_by,omitempty"`
	Until     workflow.Date     `json:"until,omitempty"`
}

func leave(c *call, b *leaveBody) (workflow.Command, error) {
	return &workflow.Leave{Who: c.staff(), Reason: b.Reason, OrderedBy: b.OrderedBy, Until: b.Until}, nil
}

func comeBack(c *call, _ *emptyBody) (workflow.Command, error) {
	return &workflow.Return{Who: c.staff()}, nil
}

type busyBody struct {
	With      workflow.Presence `json:"with"`
	OrderedBy workflow.StaffID  `json:"ordered_by,omitempty"`
}

func busy(c *call, b *busyBody) (workflow.Command, error) {
	return &workflow.Busy{Who: c.staff(), With: b.With, OrderedBy: b.OrderedBy}, nil
}

func free(c *call, _ *emptyBody) (workflow.Command, error) {
	return &workflow.Free{Who: c.staff()}, nil
}

type staffBody struct {
	ID        workflow.StaffID `json:"id"`
	Role      workflow.Role    `json:"role"`
	Team      workflow.UnitID  `json:"team,omitempty"`
	OffRoster bool             `json:"off_roster,omitempty"`
}

func (b *staffBody) staff() workflow.NewStaff {
	return workflow.NewStaff{Staff: b.ID, Role: b.Role, Team: b.Team, OffRoster: b.OffRoster}
}

func addStaff(_ *call, b *staffBody) (workflow.Command, error) {
	return &workflow.AddStaff{NewStaff: b.staff()}, nil
}

type staffChange struct {
	Role   workflow.Role `json:"role,omitempty"`
	Active *bool         `json:"active,omitempty"`
}

func changeStaff(c *call, b *staffChange) (workflow.Command, error) {
	return &workflow.ChangeStaff{Staff: c.staff(), Role: b.Role, Active: b.Active}, nil
}
