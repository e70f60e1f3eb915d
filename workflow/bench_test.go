package workflow_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// BenchmarkVisit is one whole visit (five commands) decided and folded in, at an office of 8 with 4
// visits open.
func BenchmarkVisit(b *testing.B) {
	at := time.Date(2024, 3, 4, 2, 0, 0, 0, time.UTC)
	board := workflow.NewBoard("s")
	c := &workflow.CreateSite{Site: "s", Zone: "Asia/Shanghai", Policy: workflow.P1()}
	for i := range c.Hours {
		c.Hours[i] = workflow.DayHours{From: "00:00", To: "24:00"}
	}
	for i := range 8 {
		c.Staff = append(c.Staff, workflow.NewStaff{
			Staff: workflow.StaffID(fmt.Sprintf("c%d", i)),
			Role:  workflow.RoleConsultant,
		})
	}
	do := func(role workflow.Role, cmd workflow.Command) {
		for refs := board.Needs(cmd); len(refs) > 0; refs = board.Needs(cmd) {
			board.MarkAbsent(refs...)
		}
		commit, f := workflow.Decide(board, workflow.Envelope{
			ID: fmt.Sprint(board.Seq), At: at,
			By: workflow.Actor{Role: role},
		}, cmd)
		if f != nil {
			b.Fatal(f)
		}
		if err := board.Apply(commit); err != nil {
			b.Fatal(err)
		}
	}
	do(workflow.RoleAdministrator, c)
	visit := func(i int) workflow.VisitID { return workflow.VisitID(fmt.Sprintf("v%09d", i)) }
	begin := func(i int) {
		do(workflow.RoleFrontDesk, &workflow.ArriveVisit{Visit: visit(i)})
		do(workflow.RoleFrontDesk, &workflow.IdentifyVisit{
			Visit:    visit(i),
			Identity: workflow.Identity{Kind: workflow.KindNew},
		})
		do(workflow.RoleFrontDesk, &workflow.AssignVisit{Visit: visit(i)})
	}
	for i := range 4 {
		begin(i)
	}
	b.ReportAllocs()
	i := 4
	for b.Loop() {
		begin(i)
		do(workflow.RoleFrontDesk, &workflow.ServeVisit{Visit: visit(i - 4)})
		do(workflow.RoleFrontDesk, &workflow.RegisterVisit{
			Visit:    visit(i - 4),
			Customer: workflow.CustomerID("k" + visit(i-4)),
		})
		board.Trim(512)
		i++
	}
}
