package workflow_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// step is one command of a case: when, by whom, what.
type step struct {
	at    time.Time
	by    workflow.Actor
	cmd   command
	trial bool // only asked, never done
}

// try plays a case on a new office and returns the first promise broken.
func try(founding, past []step, last func(*office) error) error {
	o := newOffice()
	for _, s := range append(slices.Clone(founding), past...) {
		if _, _, err := o.do(s); err != nil {
			return err
		}
	}
	return last(o)
}

// shorten takes out of a failing case whatever it fails without, and tells it as a scenario.
func shorten(given string, founding, past []step, broken error) error {
	last := func(o *office) error {
		if err := o.replay(); err != nil {
			return err
		}
		for _, v := range o.visits(func(*visit) bool { return true }) {
			for _, e := range events {
				if err := o.allowed(probe{v.ID, e.event, ""}); err != nil {
					return err
				}
			}
		}
		return nil
	}
	for size := max(1, len(past)/2); size >= 1; size /= 2 {
		for i := 0; i+size <= len(past); {
			rest := slices.Delete(slices.Clone(past), i, i+size)
			if err := try(founding, rest, last); err != nil {
				past, broken = rest, err
			} else {
				i += size
			}
		}
	}
	return fmt.Errorf("%w\n\n%s", broken, tell(given, past))
}

// tell writes a case as a scenario in the format of scenario/testdata, to be read by whoever knows
// the rules, and kept.
func tell(given string, past []step) string {
	lines := []string{"- id: FOUND", "  title: found by the property test", given + "  steps:"}
	day := ""
	for _, s := range past {
		if d := s.at.In(shanghai).Format(time.DateOnly); d != day {
			day = d
			lines = append(lines, "  # "+d)
		}
		lines = append(lines, line(s))
	}
	return strings.Join(lines, "\n") + "\n"
}

// probe is a visit and an event to be tried on it, without doing it.
type probe struct {
	visit string
	event workflow.Event
	into  workflow.VisitID
}

// probe draws one.
func (g *generator) probe() probe {
	v := g.anyVisit()
	if v == nil {
		return probe{}
	}
	into := g.in(workflow.Arrived, workflow.Identified, workflow.Assigned)
	return probe{v.ID, pick(g, events...).event, into}
}

// allowed: what AllowedEvents lists for a visit is what Decide does not refuse for its state.
func (o *office) allowed(p probe) error {
	v, _ := o.all[workflow.VisitRef(workflow.VisitID(p.visit))].(*visit)
	into, _ := o.all[workflow.VisitRef(p.into)].(*visit)
	today := workflow.Date(o.now.In(shanghai).Format(time.DateOnly))
	switch {
	// who was left waiting overnight is given up when the next day opens
	case v == nil || v.BusinessDay != today:
		return nil
	case p.event == workflow.EventMerge && (into == nil || into == v || into.BusinessDay != today ||
		!slices.Contains(workflow.AllowedEvents(into), workflow.EventMerge)):
		return nil
	}
	i := slices.IndexFunc(events, func(e eventCommand) bool { return e.event == p.event })
	_, f, err := o.decide(step{
		o.now, actor(workflow.RoleManager, "M"),
		events[i].command(v, p.into), true,
	})
	if err != nil {
		return err
	}
	state := f != nil && f.Class == workflow.ClassWrongState
	if listed := slices.Contains(workflow.AllowedEvents(v), p.event); listed == state {
		return fmt.Errorf("%s is listed for %s, which is %s: %t; refused for its state: %t",
			p.event, v.ID, v.State, listed, state)
	}
	return nil
}

// replay: the board rebuilt from the journal is the board.
func (o *office) replay() error {
	again := workflow.NewBoard(site)
	for _, c := range o.commits {
		text, err := workflow.Encode(c)
		if err != nil {
			return err
		}
		d, err := decodeCommit(text)
		if err != nil {
			return err
		}
		if err := again.Apply(d); err != nil {
			return err
		}
	}
	again.Trim(0)
	o.lean.Trim(0)
	if a, b := workflow.Dump(again), workflow.Dump(o.lean); a != b {
		return fmt.Errorf("the board rebuilt from the journal differs:\n%s\n%s", a, b)
	}
	return nil
}
