package workflow_test

import (
	"testing"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// Under policy 2 a colleague may help only somebody who is with a closed customer, so deciding
// needs that customer's record; a policy adopted for tomorrow changes nothing about that today.
func TestNeedsFollowsThePolicyOfToday(t *testing.T) {
	o := newOffice()
	o.now = time.Date(2024, 3, 4, 2, 0, 0, 0, time.UTC)
	c := &workflow.CreateSite{Site: site, Zone: "Asia/Shanghai", Policy: workflow.P2()}
	for i := range c.Hours {
		c.Hours[i] = workflow.DayHours{From: "09:00", To: "18:00"}
	}
	for _, who := range []workflow.StaffID{"A", "B"} {
		c.Staff = append(c.Staff, workflow.NewStaff{Staff: who, Role: workflow.RoleConsultant})
	}
	receive := func(id string) *workflow.ArriveVisit {
		return &workflow.ArriveVisit{
			Visit: workflow.VisitID("V" + id), Assign: true,
			Identify: &workflow.Identity{
				Kind:     workflow.KindReturning,
				Customer: workflow.CustomerID("K" + id),
			},
		}
	}
	o.must(t, c, &workflow.AdoptPolicy{From: "2024-03-05", Policy: workflow.P1()},
		&workflow.ImportCustomer{Customer: "K1", Owner: "A", Status: workflow.StatusSigned},
		&workflow.ImportCustomer{Customer: "K2", Owner: "A", Status: workflow.StatusRegistered},
		receive("1"), receive("2"))
	v, _ := o.all[workflow.VisitRef("V2")].(*visit)
	if v.Server != "B" || v.ServerRole != workflow.Assist || v.Principal != "A" {
		t.Errorf("V2 is received by %s as %s for %s; want B as assist for A", v.Server,
			v.ServerRole, v.Principal)
	}
}
