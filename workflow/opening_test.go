package workflow_test

import (
	"slices"
	"testing"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// at moves an office's clock to a local time of 5 March 2024, the day after the one it begins with.
func (o *office) at(clock string) {
	t, err := time.ParseInLocation("2006-01-02 15:04", "2024-03-05 "+clock, shanghai)
	if err != nil {
		panic(err)
	}
	o.now = t.UTC()
}

func (o *office) state(id string) workflow.State {
	v, _ := o.all[ref{Collection: workflow.Visits, ID: id}].(*visit)
	return v.State
}

// A visitor who came before the office opened is still waiting when it has opened; one left from
// the day before is given up.
func TestOpeningKeepsThoseWhoWaitToday(t *testing.T) {
	for _, open := range []struct {
		name string
		cmd  command
	}{{"by hand", &workflow.OpenDay{}}, {
		"by itself",
		&workflow.Leave{Who: "A", Reason: workflow.Personal},
	}} {
		t.Run(open.name, func(t *testing.T) {
			o := small(t) // V1 and V2 arrived on the 4th
			o.at("07:50")
			o.must(t, &workflow.ArriveVisit{Visit: "V3"})
			o.at("08:00")
			o.must(t, open.cmd)
			if o.state("V1") != workflow.Abandoned || o.state("V2") != workflow.Abandoned {
				t.Errorf("V1 is %s and V2 is %s: they were left from yesterday", o.state("V1"),
					o.state("V2"))
			}
			if o.state("V3") != workflow.Arrived {
				t.Errorf("V3, who came ten minutes before opening, is %s", o.state("V3"))
			}
			if day := o.full.Rota().Day; day != "2024-03-05" {
				t.Errorf("the day open is %s", day)
			}
		})
	}
}

// Who called in sick before the office opened is away when it has opened; yesterday's absences are
// over, longer ones not.
func TestOpeningKeepsThisMorningsAbsences(t *testing.T) {
	o := small(t) // C went away on the 4th
	o.must(t, &workflow.Leave{Who: "B", Reason: workflow.OnLeave, Until: "2024-03-05"})
	o.at("07:30")
	o.must(t, &workflow.Leave{Who: "A", Reason: workflow.Personal})
	o.at("08:10")
	o.must(t, &workflow.ArriveVisit{Visit: "V3"})
	var away []workflow.StaffID
	for _, a := range o.full.Rota().Absent {
		away = append(away, a.Staff)
	}
	if got := ids(away); got != "B, A" {
		t.Errorf("away: %s; want B, A", got)
	}
}

// The first command within hours opens the day, and the line stands as it stood.
func TestOpeningByItself(t *testing.T) {
	o := small(t)
	o.must(t, &workflow.CloseDay{})
	order := ids(o.full.Rota().Order())
	o.at("07:59")
	o.must(t, &workflow.ArriveVisit{Visit: "V3"})
	if day := o.full.Rota().Day; day != "2024-03-04" {
		t.Errorf("opened before hours: %s", day)
	}
	o.at("08:00")
	c, f, err := o.do(step{
		at: o.now, by: actor(workflow.RoleFrontDesk, ""),
		cmd: &workflow.ArriveVisit{Visit: "V4"},
	})
	if f != nil || err != nil {
		t.Fatal(f, err)
	}
	if len(facts(c, workflow.FactDayOpened)) != 1 || o.full.Rota().Day != "2024-03-05" ||
		!o.full.Rota().ClosedAt.IsZero() {
		t.Errorf("the day did not open by itself: %v", c.Facts)
	}
	if now := ids(o.full.Rota().Order()); now != order {
		t.Errorf("the line was %s and is %s", order, now)
	}
}

// Nobody places himself: not even somebody who holds the supervisor's key beside his place in the
// line (policy 1, art. 8).
func TestNobodyPlacesHimself(t *testing.T) {
	o := small(t)
	o.must(t, &workflow.Leave{Who: "B", Reason: workflow.CompanyDuty},
		&workflow.IdentifyVisit{Visit: "V1", Identity: workflow.Identity{Kind: workflow.KindNew}},
		&workflow.AssignVisit{Visit: "V1"}, &workflow.Return{Who: "B"})
	if n := len(o.full.Rota().MakeUps); n != 1 {
		t.Fatalf("%d make-up rights, want 1", n)
	}
	grant := &workflow.GrantMakeUp{Unit: "B", Position: 1}
	_, f, err := o.do(step{at: o.now, by: actor(workflow.RoleSupervisor, "B"), cmd: grant})
	if err != nil || f == nil || f.Class != workflow.ClassForbidden || f.Rule != "P1-08" {
		t.Errorf("want forbidden by P1-08, got %v %v", f, err)
	}
	if _, f, err := o.do(step{
		at: o.now, by: actor(workflow.RoleSupervisor, "S"),
		cmd: grant,
	}); f != nil || err != nil {
		t.Errorf("another supervisor was refused: %v %v", f, err)
	}
}

// A reception by an assistant that nobody ever registered leaves the board after a month, and can
// still be registered. A leader's own stays, and binds him.
func TestUnregisteredLeaveTheBoard(t *testing.T) {
	o := small(t) // C went away on the 4th
	o.at("09:00")
	o.must(t, &workflow.OpenDay{Away: []workflow.StaffID{"C"}})
	for _, v := range []struct {
		id workflow.VisitID
		is workflow.Identity
	}{
		{"assisted", workflow.Identity{Kind: workflow.KindNew, Named: "C"}},
		{"own", workflow.Identity{Kind: workflow.KindNew}},
	} {
		o.must(t, &workflow.ArriveVisit{Visit: v.id, Identify: &v.is, Assign: true})
		o.must(t, &workflow.ServeVisit{Visit: v.id})
	}
	onBoard := func() (ids []string) {
		for _, v := range o.full.OpenVisits() {
			ids = append(ids, v.ID)
		}
		return ids
	}
	for _, step := range []struct {
		days int
		want []string
	}{{31, []string{"assisted", "own"}}, {1, []string{"own"}}} {
		o.now = o.now.AddDate(0, 0, step.days)
		o.must(t, &workflow.OpenDay{})
		if got := onBoard(); !slices.Equal(got, step.want) {
			t.Errorf("%s: on the board %v, want %v", o.now, got, step.want)
		}
	}
	if o.state("assisted") != workflow.Served {
		t.Errorf("it is %s", o.state("assisted"))
	}
	o.must(t, &workflow.RegisterVisit{Visit: "assisted", Customer: "K1"})
	if o.state("assisted") != workflow.Registered {
		t.Errorf("it is %s", o.state("assisted"))
	}
}
