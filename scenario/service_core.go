package scenario

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// Timers carries out everything that fell due by itself up to a moment.
func (c *Core) Timers(ctx context.Context, at time.Time) ([]workflow.Fact, error) {
	var facts []workflow.Fact
	const enough = 1000 // of a scenario; a timer that never ends is a fault of the rules
	for range enough {
		cmd := c.dueNow(at)
		if cmd == nil {
			return facts, nil
		}
		a, err := c.Do(ctx, at, "", workflow.RoleSystem, cmd)
		if err == nil && a.Refusal != "" {
			err = fmt.Errorf("%s: %s", cmd.About().Kind, a.Detail)
		}
		if err != nil {
			return nil, err
		}
		facts = append(facts, a.Facts...)
	}
	return nil, fmt.Errorf("what is due does not end")
}

// dueNow is the first command that is due; nil when there is none.
func (c *Core) dueNow(at time.Time) workflow.Command {
	if due := c.Board.Due(at); len(due) > 0 {
		return due[0].Command
	}
	var due []*workflow.FallDue
	for _, r := range c.all {
		if f, ok := workflow.DueRecord(r, at); ok {
			due = append(due, f)
		}
	}
	if len(due) == 0 {
		return nil
	}
	slices.SortFunc(due, func(x, y *workflow.FallDue) int {
		return cmp.Or(x.At.Compare(y.At), cmp.Compare(x.Record, y.Record))
	})
	return due[0]
}

// Ask answers a question about the service desk.
func (c *Core) Ask(_ context.Context, at time.Time, q Question) (map[string][]string, error) {
	desk := c.Board.ServiceDesk()
	if desk == nil {
		return nil, fmt.Errorf("%s: there is no service desk", q.Verb)
	}
	today := workflow.Date(c.Board.Local(at).Format(time.DateOnly))
	found := map[string][]string{}
	switch q.Verb {
	case "followup_schedule", "followup_overdue":
		p, ok := c.all[workflow.ProjectRef(c.Board.ID, q.Project)].(*workflow.Project)
		if !ok {
			return nil, fmt.Errorf("there is no project %q", q.Project)
		}
		found["due"] = plain(p.Due(desk, q.Day))
		found["overdue"] = plain(p.Overdue(desk, q.Day))
	case "report_audit":
		c.audit(at, q, found)
	case "yearly_tasks":
		found["tasks"] = c.tasks(desk, today)
	case "holiday_audit":
		found["missing"] = plain(desk.Unwatched(today, c.watches()))
	}
	return found, nil
}

func (c *Core) audit(at time.Time, q Question, found map[string][]string) {
	if q.Kind == workflow.ReportSupervision {
		r, _ := c.all[workflow.SupervisionRef(c.Board.ID, q.Month)].(*workflow.ServiceReport)
		a := c.Board.AuditSupervision(r, q.Month, at)
		found["missing"], found["late"] = monthly(a, q.Month)
		return
	}
	monday := q.Week.Week()
	r, _ := c.all[workflow.SheetRef(c.Board.ID, monday)].(*workflow.ServiceReport)
	a := c.Board.AuditSheet(r, monday, at)
	found["missing"], found["late"] = plain(a.Missing), plain(a.Late)
}

// monthly says in months what an audit of a supervision report says.
func monthly(a workflow.Audit, m workflow.Month) (missing, late []string) {
	if a.Overdue {
		missing = []string{string(m)}
	}
	if len(a.Late) > 0 {
		late = []string{string(m)}
	}
	return missing, late
}

func (c *Core) tasks(desk *workflow.ServiceDesk, today workflow.Date) (tasks []string) {
	for _, r := range c.all {
		if k, ok := r.(*workflow.Customer); ok {
			for _, t := range desk.NeedTasks(k, today) {
				tasks = append(tasks, string(t)+":"+k.ID)
			}
		}
	}
	return tasks
}

func (c *Core) watches() (all []*workflow.Watch) {
	for _, r := range c.all {
		if w, ok := r.(*workflow.Watch); ok {
			all = append(all, w)
		}
	}
	return all
}
