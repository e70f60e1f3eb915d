package workflow_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/lunpai/lunpai/workflow"
)

// eventCommand is an event of a visit and a command that tries it.
type eventCommand struct {
	event   workflow.Event
	command func(v *visit, into workflow.VisitID) command
}

// events are all events of a visit.
var events = []eventCommand{
	{workflow.EventIdentify, func(v *visit, _ workflow.VisitID) command {
		return &workflow.IdentifyVisit{
			Visit:    workflow.VisitID(v.ID),
			Identity: workflow.Identity{Kind: workflow.KindNew},
		}
	}},
	{workflow.EventRecognise, func(v *visit, _ workflow.VisitID) command {
		return &workflow.RecogniseVisit{Visit: workflow.VisitID(v.ID), Who: "A"}
	}},
	{workflow.EventAssign, func(v *visit, _ workflow.VisitID) command {
		return &workflow.AssignVisit{Visit: workflow.VisitID(v.ID)}
	}},
	{workflow.EventReidentify, func(v *visit, _ workflow.VisitID) command {
		return &workflow.ReidentifyVisit{
			Visit:    workflow.VisitID(v.ID),
			Identity: workflow.Identity{Kind: workflow.KindNew},
		}
	}},
	{workflow.EventHandOver, func(v *visit, _ workflow.VisitID) command {
		return &workflow.HandOver{Visit: workflow.VisitID(v.ID), To: v.Principal}
	}},
	{workflow.EventChange, func(v *visit, _ workflow.VisitID) command {
		return &workflow.ChangeLead{
			Visit: workflow.VisitID(v.ID), To: "A",
			Reason: "customer_demand",
		}
	}},
	{workflow.EventAddAssistant, func(v *visit, _ workflow.VisitID) command {
		return &workflow.AddAssistant{Visit: workflow.VisitID(v.ID), Who: "A"}
	}},
	{workflow.EventReleaseAssistant, func(v *visit, _ workflow.VisitID) command {
		return &workflow.ReleaseAssistant{Visit: workflow.VisitID(v.ID), Who: "D"}
	}},
	{workflow.EventServe, func(v *visit, _ workflow.VisitID) command {
		return &workflow.ServeVisit{Visit: workflow.VisitID(v.ID)}
	}},
	{workflow.EventRegister, func(v *visit, _ workflow.VisitID) command {
		return &workflow.RegisterVisit{Visit: workflow.VisitID(v.ID)}
	}},
	{workflow.EventAbandon, func(v *visit, _ workflow.VisitID) command {
		return &workflow.AbandonVisit{Visit: workflow.VisitID(v.ID), Reason: "left"}
	}},
	{workflow.EventWithdraw, func(v *visit, _ workflow.VisitID) command {
		return &workflow.WithdrawAssignment{Visit: workflow.VisitID(v.ID)}
	}},
	{workflow.EventReturnTurn, func(v *visit, _ workflow.VisitID) command {
		return &workflow.ReturnTurn{Visit: workflow.VisitID(v.ID)}
	}},
	{workflow.EventMerge, func(v *visit, into workflow.VisitID) command {
		return &workflow.MergeVisit{Visit: workflow.VisitID(v.ID), Into: into}
	}},
}

// machine is the whole state machine written out by hand: to which state an event leads; "" is
// refused.
//
//	columns: identify recognise assign reidentify hand_over change add_assistant
//	release_assistant serve register abandon withdraw return_turn merge
var machine = map[workflow.State][14]workflow.State{
	workflow.Arrived: {
		"identified", "identified", "", "", "", "", "", "", "", "", "abandoned", "", "",
		"merged",
	},
	workflow.Identified: {
		"identified", "", "assigned", "", "", "", "", "", "", "", "abandoned", "", "",
		"merged",
	},
	workflow.Assigned: {
		"", "", "", "assigned", "assigned", "assigned", "assigned", "assigned", "served", "",
		"abandoned", "identified", "assigned", "merged",
	},
	workflow.Served: {
		"", "", "", "", "", "", "", "", "", "registered", "", "", "served", "",
	},
	workflow.Registered: {"", "", "", "", "", "", "", "", "", "", "", "", "registered", ""},
	workflow.Abandoned:  {},
	workflow.Merged:     {},
}

// ways lead a visit V1 to each state; B receives it as an assistant for C, who comes back, so that
// every event has its case. V2 waits, to be merged into.
var ways = map[workflow.State][]command{
	workflow.Arrived:    nil,
	workflow.Identified: {named()},
	workflow.Assigned: {
		named(), &workflow.AssignVisit{Visit: "V1"}, &workflow.Return{Who: "C"},
		&workflow.AddStaff{NewStaff: workflow.NewStaff{Staff: "D", Role: workflow.RoleConsultant}},
		&workflow.AddAssistant{Visit: "V1", Who: "D"},
	},
	workflow.Served: {
		named(), &workflow.AssignVisit{Visit: "V1"},
		&workflow.ServeVisit{Visit: "V1"},
	},
	workflow.Registered: {
		named(), &workflow.AssignVisit{Visit: "V1"},
		&workflow.ServeVisit{Visit: "V1"}, &workflow.RegisterVisit{Visit: "V1"},
	},
	workflow.Abandoned: {&workflow.AbandonVisit{Visit: "V1"}},
	workflow.Merged:    {&workflow.MergeVisit{Visit: "V1", Into: "V2"}},
}

func named() command {
	return &workflow.IdentifyVisit{
		Visit:    "V1",
		Identity: workflow.Identity{Kind: workflow.KindNew, Named: "C"},
	}
}

// small is an office of B, C and A; C is away, and V1 and V2 have just arrived.
func small(t *testing.T) *office {
	t.Helper()
	o := newOffice()
	c := &workflow.CreateSite{Site: site, Zone: "Asia/Shanghai", Policy: workflow.P1()}
	for i := range c.Hours {
		c.Hours[i] = workflow.DayHours{From: "08:00", To: "18:00"}
	}
	for _, who := range []workflow.StaffID{"B", "C", "A"} {
		c.Staff = append(c.Staff, workflow.NewStaff{Staff: who, Role: workflow.RoleConsultant})
	}
	o.must(t, c, &workflow.Leave{Who: "C", Reason: workflow.Personal},
		&workflow.ArriveVisit{Visit: "V1"}, &workflow.ArriveVisit{Visit: "V2"})
	return o
}

// must gives commands that nothing may refuse.
func (o *office) must(t *testing.T, cmds ...command) {
	t.Helper()
	o.mustBy(t, actor(workflow.RoleSystem, ""), cmds...)
}

func (o *office) mustBy(t *testing.T, by workflow.Actor, cmds ...command) {
	t.Helper()
	for _, cmd := range cmds {
		if _, f, err := o.do(step{at: o.now, by: by, cmd: cmd}); f != nil || err != nil {
			t.Fatalf("%s: %v %v", cmd.About().Kind, f, err)
		}
	}
}

// TestStatesAndEvents tries every event in every state, by the table of transitions and by Decide.
func TestStatesAndEvents(t *testing.T) {
	for state, row := range machine {
		o := small(t)
		o.mustBy(t, actor(workflow.RoleManager, "M"), ways[state]...)
		v, _ := o.all[workflow.VisitRef("V1")].(*visit)
		if v == nil || v.State != state {
			t.Fatalf("the way to %s leads to %v", state, v)
		}
		for i, e := range events {
			t.Run(fmt.Sprintf("%s/%s", state, e.event), func(t *testing.T) {
				c, f, err := o.decide(step{
					o.now, actor(workflow.RoleManager, "M"),
					e.command(v, "V2"), true,
				})
				listed := slices.Contains(workflow.AllowedEvents(v), e.event)
				switch {
				case err != nil:
					t.Fatal(err)
				case listed != (row[i] != ""):
					t.Errorf("listed: %t, want %q", listed, row[i])
				case row[i] == "" && (f == nil || f.Class != workflow.ClassWrongState):
					t.Errorf("want wrong_state, got %v", f)
				case row[i] == "" && !slices.Equal(f.Allowed, asText(workflow.AllowedEvents(v))):
					t.Errorf("the refusal lists %v", f.Allowed)
				case e.event == workflow.EventReturnTurn && f != nil && f.Code == "nothing_claimed":
				case row[i] != "" && f != nil:
					t.Errorf("want %s, refused: %v", row[i], f)
				case row[i] != "" && after(t, c).State != row[i]:
					t.Errorf("leads to %s, want %s", after(t, c).State, row[i])
				}
			})
		}
	}
}

// after is V1 as a commit leaves it.
func after(t *testing.T, c *commit) *visit {
	t.Helper()
	rs, err := c.Records()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rs {
		if v, ok := r.(*visit); ok && v.ID == "V1" {
			return v
		}
	}
	t.Fatal("the commit does not hold V1")
	return nil
}

func asText(es []workflow.Event) []string {
	var ss []string
	for _, e := range es {
		ss = append(ss, string(e))
	}
	return ss
}
