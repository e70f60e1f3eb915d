package workflow_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// told is what a consultant may say with an own key about a visitor whom he receives: somebody of a
// kind, perhaps a customer of A or B.
type told struct {
	kind     workflow.VisitKind
	customer workflow.CustomerID
}

var stories = []told{
	{workflow.KindNew, ""},
	{workflow.KindReturning, "KA"},
	{workflow.KindReturning, "KB"},
	{workflow.KindUnrelated, ""},
	{workflow.KindPeer, ""},
	{workflow.KindUnstated, ""},
	{workflow.KindCompanyStaff, ""},
}

func (s told) identity() workflow.Identity {
	return workflow.Identity{Kind: s.kind, Customer: s.customer}
}

// gain is what a day brought a consultant: his count, the customers who are his, the walk-ins that
// he received by the order, and his place afterwards: the more the better. gave: he gave his
// visitor to a colleague.
type gain struct {
	count, customers, walkIns, place int
	gave                             bool
}

// within reports whether a day brought no more than another one in anything. Whoever has received
// one walk-in less may stand further ahead for it: he is on turn next. Whoever gave his visitor
// away was free sooner, and may have received another one instead.
func (g gain) within(h gain) bool {
	if g.count > h.count || g.customers > h.customers {
		return false
	}
	if g.gave {
		return g.count+g.walkIns <= h.count+h.walkIns
	}
	return g.walkIns < h.walkIns || g.walkIns == h.walkIns && g.place <= h.place
}

// lie is a day of A: who comes to him and what about, what A says about it with his key, and after
// which of his commands another visitor comes.
type lie struct {
	preset string
	truth  told
	topic  workflow.Topic
	says   []command
	walkIn []bool
}

// topics are what a visitor may want.
var topics = []workflow.Topic{"", workflow.TopicSales, workflow.TopicOther}

// TestOwnKeyGainsNothing (A90): whatever a consultant says about his visitor with an own key, and
// however often he changes the story, he has no more of it than of the truth, or than of any new
// visitor's reception in his turn. Another visitor may come at any time.
func TestOwnKeyGainsNothing(t *testing.T) {
	seed := rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 0))
	for range max(100, steps(t)/50) {
		l := lie{preset: []string{"p1", "p2"}[rng.IntN(2)]}
		l.truth, l.topic = stories[rng.IntN(len(stories))], topics[rng.IntN(len(topics))]
		for range 1 + rng.IntN(4) {
			l.says, l.walkIn = append(l.says, ownWord(rng)), append(l.walkIn, rng.IntN(3) == 0)
		}
		got := l.day(t, l.truth, "", false)
		honest := []gain{
			l.day(t, l.truth, l.topic, true),
			l.day(t, l.truth, l.unasked(), true),
			l.day(t, told{kind: workflow.KindNew}, workflow.TopicSales, true),
		}
		if !slices.ContainsFunc(honest, got.within) {
			t.Fatalf("%s\nbrings A %+v; honestly %+v (seed %d)", l, got, honest, seed)
		}
	}
}

// ownWord is something that the receiver of V1 can say with an own key.
func ownWord(rng *rand.Rand) command {
	topic := topics[rng.IntN(len(topics))]
	b := []workflow.StaffID{"", "B"}[rng.IntN(2)]
	switch rng.IntN(6) {
	case 0, 1:
		return &workflow.ReidentifyVisit{
			Visit: "V1", Identity: stories[rng.IntN(len(stories))].identity(),
		}
	case 2:
		return &workflow.ServeVisit{Visit: "V1", Topic: topic, ExplainedTo: b}
	case 3:
		return &workflow.RegisterVisit{Visit: "V1", Topic: topic}
	case 4:
		return &workflow.RegisterVisit{
			Visit: "V1", Serve: &workflow.ServeVisit{Visit: "V1", Topic: topic, ExplainedTo: b},
		}
	}
	return &workflow.ReturnTurn{Visit: "V1"}
}

// unasked is what a visitor wants who came for something else, if he does not ask about sales: to
// keep silent about it costs a count and a customer.
func (l lie) unasked() workflow.Topic {
	if slices.Contains([]workflow.VisitKind{
		workflow.KindUnrelated, workflow.KindPeer, workflow.KindCompanyStaff,
	}, l.truth.kind) {
		return ""
	}
	return l.topic
}

func (l lie) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "under %s comes %+v, topic %q", l.preset, l.truth, l.topic)
	for i, cmd := range l.says {
		text, _ := workflow.Encode(cmd)
		fmt.Fprintf(&b, "\n%s %s, a walk-in: %t", cmd.About().Kind, text, l.walkIn[i])
	}
	return b.String()
}

// day plays the day: what A says, or, honestly, that he ends and registers his visit when he would
// have said the first thing that ends it. Whoever receives in the end registers what is left over.
func (l lie) day(t *testing.T, truth told, topic workflow.Topic, honest bool) gain {
	t.Helper()
	o := newOffice()
	p, _ := workflow.Preset(l.preset)
	c := &workflow.CreateSite{Site: site, Zone: "Asia/Shanghai", Policy: p}
	for i := range c.Hours {
		c.Hours[i] = workflow.DayHours{From: "08:00", To: "18:00"}
	}
	for _, who := range []workflow.StaffID{"A", "B", "C"} {
		c.Staff = append(c.Staff, workflow.NewStaff{Staff: who, Role: workflow.RoleConsultant})
	}
	o.must(t, c)
	for k, owner := range map[workflow.CustomerID]workflow.StaffID{"KA": "A", "KB": "B"} {
		o.must(t, &workflow.ImportCustomer{
			Customer: k, Owner: owner, Status: workflow.StatusRegistered, LastContactAt: o.now,
		})
	}
	id := truth.identity()
	o.must(t, &workflow.ArriveVisit{Visit: "V1", Identify: &id, Assign: true})
	try := func(by workflow.Actor, cmd command) {
		t.Helper()
		o.now = o.now.Add(time.Minute)
		if _, _, err := o.do(step{at: o.now, by: by, cmd: cmd}); err != nil {
			t.Fatalf("%s\n%s: %v", l, cmd.About().Kind, err)
		}
	}
	desk := actor(workflow.RoleFrontDesk, "")
	finish := func() {
		by := desk
		if v, _ := o.all[workflow.VisitRef("V1")].(*visit); !honest {
			by = actor(workflow.RoleConsultant, v.Server)
		}
		try(by, &workflow.RegisterVisit{
			Visit: "V1",
			Topic: topic,
			Serve: &workflow.ServeVisit{Visit: "V1", Topic: topic, ExplainedTo: "B"},
		})
		try(by, &workflow.RegisterVisit{Visit: "V1", Topic: topic})
	}
	for i, cmd := range l.says {
		if _, more := cmd.(*workflow.ReidentifyVisit); !honest {
			try(actor(workflow.RoleConsultant, "A"), cmd)
		} else if !more {
			finish()
		}
		if l.walkIn[i] {
			w := workflow.Identity{Kind: workflow.KindNew}
			try(desk, &workflow.ArriveVisit{
				Visit: workflow.VisitID(fmt.Sprintf("W%d", i)), Identify: &w, Assign: true,
			})
		}
	}
	finish()
	return o.gainOf("A")
}

// gainOf is what the day brought somebody.
func (o *office) gainOf(who workflow.StaffID) gain {
	var g gain
	for _, v := range o.visits(func(v *visit) bool { return v.ID != "V1" && v.Server == who }) {
		if v.Route == workflow.RouteLine {
			g.walkIns++
		}
	}
	if v, _ := o.all[workflow.VisitRef("V1")].(*visit); v.CountsFor == who {
		g.count = v.Count
	} else {
		g.gave = v.Server != who
	}
	for _, r := range o.all {
		if k, ok := r.(*workflow.Customer); ok && k.Owner == who {
			g.customers++
		}
	}
	if i := slices.Index(o.full.Rota().Order(), workflow.UnitID(who)); i >= 0 {
		g.place = 9 - i
	}
	return g
}
