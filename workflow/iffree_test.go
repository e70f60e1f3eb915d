package workflow_test

import (
	"strings"
	"testing"

	"github.com/lunpai/lunpai/workflow"
)

// TestAssignIfFree: with nobody to receive him, the visitor of "if_free" is recorded, identified
// and waits; the one who had to be received at once is refused, and the refusal says that nothing
// of him was recorded.
func TestAssignIfFree(t *testing.T) {
	arrival := func(id workflow.VisitID, named workflow.StaffID,
		ifFree bool,
	) *workflow.ArriveVisit {
		return &workflow.ArriveVisit{
			Visit: id, Identify: &workflow.Identity{Kind: workflow.KindNew, Named: named},
			Assign: true, IfFree: ifFree,
		}
	}
	for _, c := range []struct {
		why    string
		policy workflow.Policy
		named  workflow.StaffID // of everybody
		busy   int              // visits before nobody may receive one more
		staff  string           // for whom the visitor waits
	}{
		{"nobody_free", workflow.P1(), "", 2, ""},
		{"stand_in_forbidden", workflow.P2(), "A", 1, "A"},
	} {
		o := newOffice()
		site := &workflow.CreateSite{Site: site, Zone: "Asia/Shanghai", Policy: c.policy}
		for i := range site.Hours {
			site.Hours[i] = workflow.DayHours{From: "08:00", To: "18:00"}
		}
		for _, who := range []workflow.StaffID{"A", "B"} {
			site.Staff = append(site.Staff, workflow.NewStaff{
				Staff: who,
				Role:  workflow.RoleConsultant,
			})
		}
		o.must(t, site)
		for i := range c.busy {
			id := workflow.VisitID(strings.Repeat("V", i+1))
			o.must(t, arrival(id, c.named, true))
			if o.state(string(id)) != workflow.Assigned {
				t.Fatalf("%s: %s is %s although somebody is free", c.why, id, o.state(string(id)))
			}
		}
		_, f, err := o.do(step{
			at: o.now, by: actor(workflow.RoleFrontDesk, ""),
			cmd: arrival("W", c.named, false),
		})
		if err != nil || f == nil || f.Code != c.why || f.Args["instead"] != "if_free" {
			t.Errorf("%s: at once: %+v, %v", c.why, f, err)
		}
		k, f, err := o.do(step{
			at: o.now, by: actor(workflow.RoleFrontDesk, ""),
			cmd: arrival("X", c.named, true),
		})
		if err != nil || f != nil {
			t.Fatalf("%s: if free: %+v, %v", c.why, f, err)
		}
		if o.state("X") != workflow.Identified {
			t.Errorf("%s: X is %s", c.why, o.state("X"))
		}
		waits := 0
		for _, fact := range k.Facts {
			if fact.Kind == workflow.FactVisitWaits {
				waits++
				if fact.Subject != "X" || fact.Rule == "" || fact.Detail["why"] != c.why ||
					fact.Detail["staff"] != c.staff {
					t.Errorf("%s: the fact says %+v", c.why, fact)
				}
			}
		}
		if waits != 1 {
			t.Errorf("%s: %d facts say that he waits: %+v", c.why, waits, k.Facts)
		}
	}
	// What waiting cannot mend is refused all the same, and so is a visitor whom the first question
	// was not put to.
	o := small(t)
	if _, f, _ := o.do(step{
		at: o.now, by: actor(workflow.RoleFrontDesk, ""),
		cmd: &workflow.ArriveVisit{Visit: "W", Assign: true, IfFree: true},
	}); f == nil {
		t.Error("assigned without being identified")
	}
	if _, f, _ := o.do(step{
		at: o.now, by: actor(workflow.RoleKiosk, ""),
		cmd: arrival("W", "", true),
	}); f == nil || f.Class != workflow.ClassForbidden {
		t.Errorf("a kiosk assigns: %+v", f)
	}
}
