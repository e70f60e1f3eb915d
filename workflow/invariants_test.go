package workflow_test

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/lunpai/lunpai/workflow"
)

// check holds the office against the invariants after a commit.
func (o *office) check(c *commit) error {
	for _, check := range []func(*commit) error{
		o.everyUnitOnce, o.oneVisitEach, o.lineChanges, o.heldIsHeld, o.firstLeadStays, o.counts,
		o.datedCopy, o.readings, o.outcomes, o.numbers,
		o.pictured,
		func(c *commit) error { return o.ledger.enter(c, o.full.Rota()) },
	} {
		if err := check(c); err != nil {
			return err
		}
	}
	return nil
}

// every rostered unit is in exactly one of line and out; tickets increase; nobody belongs to two
// units.
func (o *office) everyUnitOnce(*commit) error {
	r := o.full.Rota()
	seen, people := map[workflow.UnitID]int{}, map[workflow.StaffID]bool{}
	last := int64(0)
	for _, p := range r.Line {
		seen[p.Unit]++
		if p.Ticket <= last || p.Ticket > r.NextTicket {
			return fmt.Errorf("the tickets of the line are not in order: %v", r.Line)
		}
		last = p.Ticket
	}
	for _, g := range r.Out {
		seen[g.Unit]++
	}
	for _, u := range r.Units {
		if seen[u.ID] != 1 {
			return fmt.Errorf("unit %s stands %d times in line and out", u.ID, seen[u.ID])
		}
		delete(seen, u.ID)
		for _, m := range u.Members {
			if people[m] {
				return fmt.Errorf("%s belongs to two units", m)
			}
			people[m] = true
		}
		if len(u.Members) == 0 {
			return fmt.Errorf("unit %s is empty", u.ID)
		}
	}
	if len(seen) > 0 {
		return fmt.Errorf("in the line or out but not on the roster: %v", seen)
	}
	for i, m := range r.MakeUps {
		if slices.ContainsFunc(
			r.MakeUps[:i],
			func(x workflow.MakeUpRight) bool { return x.Unit == m.Unit && x.Missed == m.Missed },
		) ||
			o.unit(m.Unit) == nil {
			return fmt.Errorf("a turn gave %s two rights, or it is not on the roster", m.Unit)
		}
	}
	return nil
}

func (o *office) unit(id workflow.UnitID) *workflow.Unit {
	for i, u := range o.full.Rota().Units {
		if u.ID == id {
			return &o.full.Rota().Units[i]
		}
	}
	return nil
}

// binds reports whether a visit still binds the one who leads it.
func binds(v *visit) bool {
	nobody := v.Kind == workflow.KindUnrelated || v.Kind == workflow.KindCompanyStaff
	return v.ServerRole == workflow.Lead && (v.State == workflow.Assigned ||
		v.State == workflow.Served && !nobody)
}

// one consultant leads at most one visit unless the second is concurrent.
func (o *office) oneVisitEach(*commit) error {
	leads := map[workflow.StaffID]string{}
	for _, v := range o.full.OpenVisits() {
		if !binds(v) || o.concurrent[v.ID] {
			continue
		}
		if other := leads[v.Server]; other != "" {
			return fmt.Errorf("%s leads %s and %s", v.Server, other, v.ID)
		}
		leads[v.Server] = v.ID
	}
	return nil
}

// the line changes only by the causes that the facts tell, and those who stay keep their order
// unless somebody may change it.
func (o *office) lineChanges(c *commit) error {
	old := o.oldRota()
	if old == nil {
		return nil
	}
	was, is := old.Order(), o.full.Rota().Order()
	roster := len(facts(c, workflow.FactRosterChanged))+len(facts(c,
		workflow.FactStaffChanged))+len(facts(c, workflow.FactStaffAdded)) > 0
	told := func(u workflow.UnitID, kinds ...workflow.FactKind) bool {
		return roster || slices.ContainsFunc(c.Facts, func(f workflow.Fact) bool {
			return f.Subject == string(u) && slices.Contains(kinds, f.Kind)
		})
	}
	for _, u := range was {
		if !slices.Contains(is, u) && !told(u, workflow.FactTurnUsed, workflow.FactTurnPassed) {
			return fmt.Errorf("%s left the line and no fact says why", u)
		}
	}
	for _, u := range is {
		if !slices.Contains(was, u) && !told(u, workflow.FactRejoined, workflow.FactTurnGivenBack,
			workflow.FactTurnRestored) {
			return fmt.Errorf("%s came into the line and no fact says why", u)
		}
	}
	if len(facts(c, workflow.FactLineReordered))+len(facts(c, workflow.FactDayOpened)) > 0 {
		return nil
	}
	moved := func(u workflow.UnitID) bool {
		return told(u, workflow.FactRejoined, workflow.FactTurnGivenBack,
			workflow.FactTurnRestored, workflow.FactMakeUpGranted)
	}
	stay := func(us, others []workflow.UnitID) []workflow.UnitID {
		return slices.DeleteFunc(
			slices.Clone(us),
			func(u workflow.UnitID) bool { return !slices.Contains(others, u) || moved(u) },
		)
	}
	if a, b := stay(was, is), stay(is, was); !slices.Equal(a, b) {
		return fmt.Errorf("the line was [%s] and is [%s], and no fact says why", ids(was), ids(is))
	}
	return nil
}

// a unit that is passed and held keeps its place; under the presets whoever assists is never
// voided.
func (o *office) heldIsHeld(c *commit) error {
	for _, f := range facts(c, workflow.FactTurnPassed) {
		in := slices.Contains(o.full.Rota().Order(), workflow.UnitID(f.Subject))
		if f.Detail["effect"] == "hold" && !in {
			return fmt.Errorf("%s was to be held and is out of the line", f.Subject)
		}
		if f.Detail["effect"] != "hold" && f.Detail["why"] == "assisting" && o.preset() {
			return fmt.Errorf("%s was voided while assisting", f.Subject)
		}
	}
	return nil
}

// preset reports whether the office has never changed a parameter: what a changed one decided
// stays, also when another policy takes its place on the same day.
func (o *office) preset() bool { return !o.changed }

func presets(s *workflow.Site) bool {
	for _, a := range s.Adoptions {
		if p, _ := workflow.Preset(a.Policy.Preset); !reflect.DeepEqual(p, a.Policy) {
			return false
		}
	}
	return true
}

// the first who led a visit never disappears from its record, nor does any change of hands.
func (o *office) firstLeadStays(c *commit) error {
	for r, old := range o.before {
		was, ok := old.(*visit)
		if !ok {
			continue
		}
		is, _ := o.all[r].(*visit)
		if was.FirstLead != "" && is.FirstLead != was.FirstLead && c.Kind != "withdraw_assignment" {
			return fmt.Errorf("the first lead of %s was %s and is %s", r.ID, was.FirstLead,
				is.FirstLead)
		}
		if len(is.Changes) < len(was.Changes) ||
			!slices.Equal(is.Changes[:len(was.Changes)], was.Changes) {
			return fmt.Errorf("the changes of %s were %v and are %v", r.ID, was.Changes, is.Changes)
		}
		if was.State == workflow.Registered && is.CountsFor != was.CountsFor {
			return fmt.Errorf("the count of %s changed after registration", r.ID)
		}
		if !slices.Contains(is.Commits, c.Seq) {
			return fmt.Errorf("the history of %s misses commit %d", r.ID, c.Seq)
		}
	}
	return nil
}

// at most one count per visit; under the presets none outside hours, in a duty shift, for unrelated
// visitors and company people, nor for those who assist (the principal who lends a hand in his own
// customer's visit may get it: A10).
func (o *office) counts(c *commit) error {
	for _, f := range facts(c, workflow.FactCounted) {
		v, _ := o.all[workflow.VisitRef(workflow.VisitID(f.Detail["visit"]))].(*visit)
		if v == nil || v.State != workflow.Registered ||
			v.CountsFor != workflow.StaffID(f.Subject) {
			return fmt.Errorf("%s was counted for %s, which its record does not say",
				f.Detail["visit"], f.Subject)
		}
		if !o.preset() {
			continue
		}
		t := o.full.Local(v.AssignedAt)
		switch {
		case v.Count != 1:
			return fmt.Errorf("%s counts %d times", v.ID, v.Count)
		case !o.full.Site().InHours(t):
			return fmt.Errorf("%s counts and began outside hours, at %s", v.ID, t.Format("15:04"))
		case v.Kind == workflow.KindCompanyStaff,
			// of one policy
			v.Kind == workflow.KindUnrelated && v.Topic != workflow.TopicSales &&
				len(o.full.Site().Adoptions) == 1:
			return fmt.Errorf("%s counts and its kind is %s", v.ID, v.Kind)
		case len(v.Changes) == 0 && (v.ServerRole != workflow.Lead && v.CountsFor == v.Server ||
			v.CountsFor != v.Principal && slices.Contains(v.Assistants, v.CountsFor)):
			return fmt.Errorf("%s counts for %s, who assisted", v.ID, v.CountsFor)
		}
		for _, duty := range o.full.Site().Duty {
			if at := t.Format("15:04"); string(duty.From) <= at && at < string(duty.To) {
				return fmt.Errorf("%s counts and began in a duty shift", v.ID)
			}
		}
	}
	return nil
}

// the table of a day equals the live rota at the moment of closing.
func (o *office) datedCopy(c *commit) error {
	if c.Kind != "close_day" {
		return nil
	}
	live := *o.full.Rota()
	dated, ok := o.all[workflow.DatedRotaRef(site, live.Day)].(*rota)
	if !ok {
		return fmt.Errorf("there is no table of %s", live.Day)
	}
	copied := *dated
	if err := ranked(&copied); err != nil {
		return err
	}
	copied.Head, live.Head = workflow.Head{}, workflow.Head{}
	copied.Table, copied.Schema, copied.MadeUp, live.LastNumber = nil, 0, nil, nil
	if a, b := outcomeOf(&copied), outcomeOf(&live); a != b {
		return fmt.Errorf("the table of the day is not the line at closing:\n%s\n%s", a, b)
	}
	return nil
}

func outcomeOf(v any) string {
	text, err := workflow.Encode(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
