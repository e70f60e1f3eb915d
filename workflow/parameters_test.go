package workflow_test

import (
	"testing"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// TestWiderBoundsOfBefore: a policy that was adopted under wider bounds stays in force; only a new
// adoption is held against the bounds.
func TestWiderBoundsOfBefore(t *testing.T) {
	o := small(t)
	s, _ := o.all[workflow.SiteRef(site)].(*workflow.Site)
	stored := *s
	p := workflow.P1()
	p.Route.Unrelated, p.AbandonGraceMin = workflow.RouteLine, 60
	stored.Adoptions = []workflow.Adoption{{From: s.Adoptions[0].From, Policy: p}}
	for _, b := range []*board{o.lean, o.full} {
		b.Put(&stored)
	}
	o.all[stored.Ref()] = &stored

	o.must(t, &workflow.IdentifyVisit{
		Visit: "V1", Identity: workflow.Identity{Kind: workflow.KindUnrelated},
	}, &workflow.AssignVisit{Visit: "V1"})
	if v := o.visit(t, "V1"); v.Server != "B" || v.TurnEffect != workflow.TurnUsed {
		t.Errorf("an unrelated visitor by the order: %s, turn %s", v.Server, v.TurnEffect)
	}
	o.now = o.now.Add(59 * time.Minute)
	o.must(t, &workflow.AbandonVisit{Visit: "V1", Reason: "left"})
	if first := o.full.Rota().Order()[0]; first != "B" {
		t.Errorf("after 59 of 60 minutes of grace the first is %s", first)
	}

	for name, change := range map[string]func(*workflow.Policy){
		"route.unrelated":   func(p *workflow.Policy) { p.Route.Unrelated = workflow.RouteLine },
		"abandon_grace_min": func(p *workflow.Policy) { p.AbandonGraceMin = 31 },
		"stale_after_days":  func(p *workflow.Policy) { p.StaleDays = 10 }, // and a month
	} {
		p := workflow.P1()
		change(&p)
		by := actor(workflow.RoleManager, "M")
		_, f, err := o.do(step{at: o.now, by: by, cmd: &workflow.AdoptPolicy{Policy: p}})
		if err != nil || f == nil || f.Code != "bad_policy" || f.Args["parameter"] != name {
			t.Errorf("%s in a new adoption: %v %v", name, f, err)
		}
	}
}
