package workflow_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// numbers: whoever comes gets the next number of the day, however many have left since, and keeps
// it.
func (o *office) numbers(c *commit) error {
	if v, ok := o.before[c.Subject].(*visit); ok {
		if now := o.all[c.Subject].(*visit); now.Number != v.Number {
			return fmt.Errorf("%s had number %s and has %s", v.ID, v.Number, now.Number)
		}
	}
	if c.Kind != "arrive_visit" {
		return nil
	}
	came := o.all[c.Subject].(*visit)
	day := o.full.Local(came.ArrivedAt).Format(time.DateOnly)
	earlier := 0
	for _, r := range o.all {
		v, ok := r.(*visit)
		if ok && v.ID != came.ID && o.full.Local(v.ArrivedAt).Format(time.DateOnly) == day {
			earlier++
		}
	}
	if want := fmt.Sprintf("A%02d", earlier+1); came.Number != want {
		return fmt.Errorf("%s has number %s, want %s", came.ID, came.Number, want)
	}
	return nil
}

// TestNumbers: numbers begin at A01 each day, grow to three digits, and are not given twice when
// those who had them are gone, whether they left, were registered or joined another group. Visits
// from before there were numbers have none.
func TestNumbers(t *testing.T) {
	o := newOffice()
	o.must(t, officeOf("A", "B"))
	old := &visit{
		Head: workflow.Head{ID: "old", Site: site, Open: true}, State: workflow.Arrived,
		BusinessDay: "2024-03-04", Policy: "p1", ArrivedAt: o.now, Commits: []int64{1},
	}
	for _, b := range []*board{o.lean, o.full} {
		b.Put(old)
	}
	number := func(id workflow.VisitID) string {
		return o.all[workflow.VisitRef(id)].(*visit).Number
	}
	arrive := func(id workflow.VisitID, want string) {
		t.Helper()
		o.must(t, &workflow.ArriveVisit{Visit: id})
		if got := number(id); got != want {
			t.Fatalf("%s has number %s, want %s", id, got, want)
		}
	}
	arrive("V1", "A01")
	o.must(t, &workflow.AbandonVisit{Visit: "V1", Reason: "left"})
	arrive("V2", "A02")
	arrive("V3", "A03")
	o.must(t, &workflow.MergeVisit{Visit: "V3", Into: "V2"})
	arrive("V4", "A04")
	o.must(t, &workflow.AbandonVisit{Visit: "V4"}, &workflow.AbandonVisit{Visit: "V2"})
	for n := 5; n <= 101; n++ {
		id := workflow.VisitID(fmt.Sprint("W", n))
		arrive(id, fmt.Sprintf("A%02d", n))
		if n != 99 {
			o.must(t, &workflow.AbandonVisit{Visit: id})
		}
	}
	kept := o.full.Rota().LastNumber
	if kept == nil || *kept != (workflow.LastNumber{Day: "2024-03-04", Number: 101}) {
		t.Errorf("the rota keeps %v", kept)
	}
	o.now = o.now.AddDate(0, 0, 1)
	arrive("X1", "A01")
}

// TestAhead: ahead of somebody are those who wait and came before him.
func TestAhead(t *testing.T) {
	o := newOffice()
	o.must(t, officeOf("A"))
	for _, id := range []workflow.VisitID{"V1", "V2", "V3"} {
		o.must(t, &workflow.ArriveVisit{Visit: id})
	}
	ahead := func() (all []int) {
		for _, id := range []workflow.VisitID{"V1", "V2", "V3"} {
			n, waits := o.full.Ahead(o.all[workflow.VisitRef(id)].(*visit))
			if !waits {
				n = -1
			}
			all = append(all, n)
		}
		return all
	}
	if got := ahead(); !slices.Equal(got, []int{0, 1, 2}) {
		t.Errorf("ahead are %v", got)
	}
	o.must(t, &workflow.IdentifyVisit{
		Visit: "V2", Identity: workflow.Identity{Kind: workflow.KindNew},
	}, &workflow.AssignVisit{Visit: "V2"})
	if got := ahead(); !slices.Equal(got, []int{0, -1, 1}) {
		t.Errorf("with one received, ahead are %v", got)
	}
}

// TestClaim: what a visitor says of himself is kept and leads to nobody.
func TestClaim(t *testing.T) {
	o := newOffice()
	o.must(t, officeOf("A", "B"), &workflow.ArriveVisit{
		Visit: "V1", Claim: &workflow.Claim{Returning: true, AskedFor: "B"},
	}, &workflow.ArriveVisit{Visit: "V2", Claim: &workflow.Claim{}})
	v := o.all[workflow.VisitRef("V1")].(*visit)
	if v.Claim == nil || *v.Claim != (workflow.Claim{Returning: true, AskedFor: "B"}) ||
		v.Named != "" || v.Kind != "" {
		t.Errorf("the claim became %+v", v)
	}
	if v := o.all[workflow.VisitRef("V2")].(*visit); v.Claim != nil {
		t.Errorf("an empty claim is kept: %+v", v.Claim)
	}
	o.must(t, &workflow.IdentifyVisit{
		Visit: "V1", Identity: workflow.Identity{Kind: workflow.KindNew},
	}, &workflow.AssignVisit{Visit: "V1"})
	if v := o.all[workflow.VisitRef("V1")].(*visit); v.Server != "A" || v.Claim == nil {
		t.Errorf("%s receives, whose turn it is not; claim %v", v.Server, v.Claim)
	}
	_, f, err := o.do(step{
		at: o.now, by: actor(workflow.RoleKiosk, ""),
		cmd: &workflow.ArriveVisit{Visit: "V3", Claim: &workflow.Claim{AskedFor: "nobody"}},
	})
	if err != nil || f == nil || f.Code != "consultant_not_found" {
		t.Errorf("asked for nobody: %v, %v", f, err)
	}
}
