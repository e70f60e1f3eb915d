package workflow_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lunpai/lunpai/workflow"
)

// pictured: what the picture says of the turn is what the next assignment decides, and what it says
// of being passed is what that assignment does.
func (o *office) pictured(*commit) error {
	env := workflow.Envelope{
		ID: "picture", At: o.now, By: actor(workflow.RoleFrontDesk, ""),
	}
	p := o.full.Picture(o.now)
	c, f := workflow.Decide(o.full, env, &workflow.ArriveVisit{
		Visit: "picture", Assign: true,
		Identify: &workflow.Identity{Kind: workflow.KindNew},
	})
	if f != nil {
		if p.Turn.Fault == nil || p.Turn.Fault.Code != f.Code || p.Turn.Fault.Rule != f.Rule {
			return fmt.Errorf("the picture says %+v, the assignment is refused: %w", p.Turn, f)
		}
		return nil
	}
	r, err := c.Record(workflow.VisitRef("picture"))
	if err != nil {
		return err
	}
	v := r.(*visit)
	t := p.Turn
	if t.Fault != nil || t.Staff != v.Server || t.Route != v.Route || t.Unit != v.Unit {
		return fmt.Errorf("the picture says %+v, the assignment gives %s by %s", t, v.Server,
			v.Route)
	}
	for _, said := range c.Facts {
		if said.Kind == workflow.FactVisitAssigned {
			if said.Rule != t.Fact.Rule || said.Detail["parameter"] != t.Fact.Detail["parameter"] {
				return fmt.Errorf("the picture cites %v, the assignment %v", t.Fact, said)
			}
		}
		if said.Kind == workflow.FactTurnPassed {
			i := slices.IndexFunc(p.Line, func(s workflow.Standing) bool {
				return string(s.Unit) == said.Subject
			})
			if i < 0 || p.Line[i].Passing == nil {
				return fmt.Errorf("%s is passed, and the picture does not know", said.Subject)
			}
			detail := maps.Clone(said.Detail)
			delete(detail, "visit")
			want := workflow.Fact{
				Kind: said.Kind, Rule: said.Rule, Subject: said.Subject, Detail: detail,
			}
			if d := cmp.Diff(want, *p.Line[i].Passing); d != "" {
				return fmt.Errorf("passing %s is not what the picture says:\n%s", said.Subject, d)
			}
		}
	}
	return nil
}

// TestPicture: a morning as it stands on the screens.
func TestPicture(t *testing.T) {
	o := newOffice()
	founding := officeOf("A", "B", "C", "D")
	for i := range founding.Hours {
		founding.Hours[i] = workflow.DayHours{From: "09:00", To: "18:00"}
	}
	o.must(t, founding)
	if got := o.full.Picture(o.now).Day; got.Kind != workflow.DayOffHours {
		t.Errorf("before nine the day is %+v", got)
	}
	o.now = o.now.Add(time.Hour)
	if got := o.full.Picture(o.now).Day; got.Kind != workflow.DayNotOpened {
		t.Errorf("before it is opened the day is %+v", got)
	}
	o.must(t, &workflow.Leave{Who: "B", Reason: workflow.Personal},
		&workflow.ArriveVisit{
			Visit: "V1", Identify: &workflow.Identity{Kind: workflow.KindNew}, Assign: true,
		},
		&workflow.Busy{Who: "D", With: workflow.Chores},
		&workflow.ArriveVisit{Visit: "V2", Party: 2},
		&workflow.TakeCall{Call: "call", For: "A"},
	)
	p := o.full.Picture(o.now)
	type seat struct {
		Unit   workflow.UnitID
		Tone   workflow.Tone
		Why    string
		Visit  workflow.VisitID
		Passed string
	}
	seats := func(all []workflow.Standing) (out []seat) {
		for _, s := range all {
			m := s.Members[0]
			k := seat{s.Unit, m.Tone, m.Why, m.Visit, ""}
			if s.Passing != nil {
				k.Passed = s.Passing.Detail["effect"]
			}
			out = append(out, k)
		}
		return out
	}
	want := []seat{
		{"B", workflow.ToneOff, "personal", "", "void"},
		{"C", workflow.ToneOK, "", "", ""},
		{"D", workflow.ToneWait, "chores", "", "void"},
	}
	if d := cmp.Diff(want, seats(p.Line)); d != "" {
		t.Errorf("the line:\n%s", d)
	}
	if d := cmp.Diff([]seat{{"A", workflow.ToneBusy, "receiving", "V1", ""}},
		seats(p.Out)); d != "" {
		t.Errorf("out of it:\n%s", d)
	}
	if p.Turn.Staff != "C" || p.Turn.Fact.Rule != "P1-06" || p.Turn.Fault != nil {
		t.Errorf("the turn is %+v", p.Turn)
	}
	if p.Day.Kind != workflow.DayOpened || o.full.Local(p.Day.Ends).Format("15:04") != "18:00" {
		t.Errorf("the day is %+v", p.Day)
	}
	if len(p.Waiting) != 1 || p.Waiting[0].Number != "A02" || p.Waiting[0].Late ||
		len(p.Serving) != 1 || p.Serving[0].Number != "A01" {
		t.Errorf("waiting %+v, serving %+v", p.Waiting, p.Serving)
	}
	if p.Open.Messages != 1 || p.Open.MessagesTo["A"] != 1 {
		t.Errorf("open: %+v", p.Open)
	}
	late := o.full.Picture(o.now.Add(time.Hour))
	if w := late.Waiting[0]; !w.Late || w.Tone != workflow.ToneAlert {
		t.Errorf("after an hour: %+v", w)
	}
	for who, want := range map[workflow.StaffID][]workflow.Kind{
		"A": {"leave", "busy"}, "B": {"leave", "return"}, "D": {"leave", "busy", "free"},
	} {
		if d := cmp.Diff(want, presence(p, who)); d != "" {
			t.Errorf("the presence of %s:\n%s", who, d)
		}
	}
	if got := p.Can[workflow.RoleConsultant]; slices.Contains(got, "open_day") ||
		!slices.Contains(got, "arrive_visit") {
		t.Errorf("a consultant can %v", got)
	}
	if got := p.Can[workflow.RoleFrontDesk]; slices.Contains(got, "end_event") ||
		!slices.Contains(got, "close_day") {
		t.Errorf("the desk can %v", got)
	}
	o.must(t, &workflow.CloseDay{})
	if got := o.full.Picture(o.now).Day; got.Kind != workflow.DayClosed {
		t.Errorf("after closing the day is %+v", got)
	}
}

func presence(p *workflow.Picture, who workflow.StaffID) []workflow.Kind {
	for _, s := range slices.Concat(p.Line, p.Out) {
		for _, m := range s.Members {
			if m.Staff == who {
				return m.Allowed
			}
		}
	}
	return nil
}
