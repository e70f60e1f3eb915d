package workflow_test

import (
	"testing"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// TestFiguresOfTheDesk: what the reports count of tickets and calls is decided with the command, at
// the limits too.
func TestFiguresOfTheDesk(t *testing.T) {
	o := deskOffice(t, "Asia/Shanghai", "2024-03-04")
	must := func(by workflow.StaffID, cmd command) {
		t.Helper()
		who := actor(workflow.RoleEmployee, by)
		if by == "M" {
			who = actor(workflow.RoleManager, by)
		}
		if _, f, err := o.do(step{at: o.now, by: who, cmd: cmd}); err != nil || f != nil {
			t.Fatalf("%s: %v %v", cmd.About().Kind, f, err)
		}
	}
	o.now = o.now.Add(10 * time.Hour)
	areas := []workflow.Area{{Code: "engineering", Leader: "t1"}}
	must("M", &workflow.AdoptService{From: "2024-03-04", Areas: &areas})
	tickets := []workflow.RecordID{"today", "tomorrow", "handed", "again", "another"}
	for _, id := range tickets {
		must("c1", &workflow.OpenTicket{
			Ticket: id, Kind: workflow.TicketRequest, Area: "engineering", Note: "n",
			InScope: id != "handed",
		})
	}
	must("c1", &workflow.HandTicket{Ticket: "handed"})
	for _, id := range []workflow.RecordID{"today", "handed", "again"} {
		must("c1", &workflow.ResolveTicket{Ticket: id})
	}
	must("t1", &workflow.ResolveTicket{Ticket: "another"})
	must("b1", &workflow.CallAgain{Ticket: "again", Unsolved: true})
	o.now = o.now.AddDate(0, 0, 1)
	must("c1", &workflow.ResolveTicket{Ticket: "tomorrow"})
	for _, id := range tickets {
		x := o.all[ref{Collection: workflow.Tickets, ID: string(id)}].(*workflow.Ticket)
		if x.FirstContact != (id == "today") {
			t.Errorf("%s: solved at first contact %v", id, x.FirstContact)
		}
		if solved := !x.ResolvedAt.IsZero(); solved == (id == "again") {
			t.Errorf("%s: solved %v", id, solved)
		}
	}

	for _, id := range []workflow.ProjectID{"week", "later"} {
		must("b1", &workflow.DeliverProject{Project: id, DeliveredOn: "2024-03-05"})
	}
	o.now = o.now.AddDate(0, 0, 45) // the call was due on 5 April, and seven days are allowed
	for id, on := range map[workflow.ProjectID]workflow.Date{
		"week": "2024-04-12", "later": "2024-04-13",
	} {
		must("c1", &workflow.FollowUpProject{Project: id, On: on})
		p := o.all[workflow.ProjectRef(site, id)].(*workflow.Project)
		if late := p.Calls[0].Late; late != (id == "later") {
			t.Errorf("%s: late %v", id, late)
		}
	}
}
