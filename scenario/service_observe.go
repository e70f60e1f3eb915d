package scenario

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// Question is what a step asks of the service desk without changing anything.
type Question struct {
	// Verb is the step's: followup_schedule, followup_overdue, report_audit, yearly_tasks,
	// holiday_audit.
	Verb string
	// Project whose calls are asked for.
	Project workflow.ProjectID
	// Day up to which, or as of which.
	Day workflow.Date
	// Kind, Week and Month of a report.
	Kind  workflow.ServiceReportKind
	Week  workflow.Date
	Month workflow.Month
}

// question reads a step that asks; false when it does not.
func (s *Step) question() (Question, bool) {
	q := Question{Verb: s.Do, Project: workflow.ProjectID(s.str("project"))}
	switch s.Do {
	case "followup_schedule":
		q.Day = workflow.Date(s.str("until"))
	case "followup_overdue":
		q.Day = workflow.Date(s.str("as_of"))
	case "report_audit":
		q.Kind = workflow.ServiceReportKind(s.str("kind"))
		q.Week, q.Month = workflow.Date(s.period("week")), workflow.Month(s.period("month"))
	case "yearly_tasks", "holiday_audit":
	default:
		return q, false
	}
	return q, true
}

// ask carries out a step that gives no command: it asks, or has what is due carried out.
func (s *Step) ask(ctx context.Context, o Office, at time.Time, r *StepResult) error {
	if s.Do == "timers" {
		facts, err := o.Timers(ctx, at)
		r.Facts = once(facts)
		return err
	}
	q, ok := s.question()
	if !ok {
		return nil
	}
	found, err := o.Ask(ctx, at, q)
	r.found = found
	return err
}

// once are facts without those that repeat a reminder to somebody else: a step takes them together.
func once(facts []workflow.Fact) (out []workflow.Fact) {
	for _, f := range facts {
		again := func(x workflow.Fact) bool {
			return x.Kind == workflow.FactReminded && f.Kind == x.Kind &&
				f.Detail["item"] == x.Detail["item"]
		}
		if !slices.ContainsFunc(out, again) {
			out = append(out, f)
		}
	}
	return out
}

// general is what the format calls the general manager where nobody has the hat.
const general = "GM"

// told are the people and groups that a step's facts tell, each once.
func (r *StepResult) told() []string {
	names := r.subjects(func(f workflow.Fact) bool { return f.Kind == workflow.FactNotified })
	for i, n := range names {
		if n == string(workflow.GeneralManager) {
			names[i] = general
		}
	}
	return names
}

// observeDesk reads what an expectation about the service desk is about; false when it is not about
// that.
func observeDesk(k string, r *StepResult, v *View, s *Step) (any, bool) {
	switch k {
	case "due", "overdue", "tasks", "missing", "late":
		return anys(r.found[k]), true
	case "next_due":
		if p := v.Projects[s.str("project")]; p != nil {
			return orNull(string(p.NextDue)), true
		}
		return nil, true
	case "state":
		if t := v.Tickets[s.str("ticket")]; t != nil && s.Do != "holiday_log" {
			return string(t.State), true
		}
		if x := v.Faults[s.str("fault")]; x != nil {
			return string(x.State), true
		}
		if x := v.Arbitrations[s.str("id")]; x != nil {
			return string(x.State), true
		}
		return nil, false
	}
	get, ok := ofTicket[k]
	t := v.Tickets[s.str("ticket")]
	if !ok || t == nil {
		return fmt.Sprintf("there is no ticket %q", s.str("ticket")), ok
	}
	return get(t), true
}

var ofTicket = map[string]func(*workflow.Ticket) any{
	"first_responder": func(t *workflow.Ticket) any { return orNull(string(t.FirstResponder)) },
	"holder":          func(t *workflow.Ticket) any { return orNull(string(t.Holder)) },
	"slip": func(t *workflow.Ticket) any {
		if t.Slip == workflow.SlipNone {
			return nil
		}
		return string(t.Slip)
	},
}
