package workflow_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/lunpai/lunpai/scenario"
	"github.com/lunpai/lunpai/workflow"
)

// TestAppendCommits: the fast way to write commits gives the bytes of the plain way.
func TestAppendCommits(t *testing.T) {
	core := scenario.NewCore()
	at := scenarioStart
	for _, cmd := range []workflow.Command{
		officeOf("A", "B"), &workflow.ArriveVisit{
			Visit:    "v<1>&\u2028客",
			Identify: &workflow.Identity{Kind: workflow.KindNew}, Assign: true,
		},
		&workflow.RegisterVisit{Visit: "v<1>&\u2028客", Serve: &workflow.ServeVisit{}},
	} {
		role := workflow.RoleFrontDesk
		if cmd.About().Kind == "create_site" {
			role = workflow.RoleAdministrator
		}
		a, err := core.Do(t.Context(), at, "", role, cmd)
		if err != nil || a.Refusal != "" {
			t.Fatal(cmd.About().Kind, a.Refusal, err)
		}
	}
	want, err := workflow.Encode(core.Commits)
	if err != nil {
		t.Fatal(err)
	}
	got, err := workflow.AppendCommits(nil, core.Commits)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

var scenarioStart = time.Date(2024, 3, 4, 2, 0, 0, 0, time.UTC)

// officeOf is a site of consultants that never closes.
func officeOf(names ...workflow.StaffID) *workflow.CreateSite {
	c := &workflow.CreateSite{Site: "office", Zone: "Asia/Shanghai", Policy: workflow.P1()}
	for i := range c.Hours {
		c.Hours[i] = workflow.DayHours{From: "00:00", To: "24:00"}
	}
	for _, n := range names {
		c.Staff = append(c.Staff, workflow.NewStaff{Staff: n, Role: workflow.RoleConsultant})
	}
	return c
}
