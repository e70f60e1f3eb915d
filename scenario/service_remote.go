package scenario

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// functions adds the department and the hats of a member of staff to what is sent of him.
func functions(sent map[string]any, s workflow.NewStaff) {
	if s.Department != "" {
		sent["department"] = s.Department
	}
	if len(s.Hats) > 0 {
		sent["hats"] = s.Hats
	}
}

// learnDesk is learn for the commands of the service desk.
func (r *Remote) learnDesk(
	cmd workflow.Command, a *answer, note func(m map[string]string, label, id string),
) {
	switch c := cmd.(type) {
	case *workflow.OpenTicket:
		note(r.records, string(c.Ticket), a.Ticket.ID)
		r.desk.tickets = append(r.desk.tickets, a.Ticket.ID)
	case *workflow.ReportFault:
		note(r.records, string(c.Fault), a.Fault.ID)
		r.desk.faults = append(r.desk.faults, a.Fault.ID)
	case *workflow.OpenArbitration:
		note(r.records, string(c.Arbitration), a.Arbitration.ID)
		r.desk.arbitrations = append(r.desk.arbitrations, a.Arbitration.ID)
	case *workflow.DeliverProject:
		r.desk.projects = append(r.desk.projects, string(c.Project))
	}
}

// viewDesk reads the records of the service desk that the scenario made.
func (r *Remote) viewDesk(get func(string, any) error, v *View) error {
	v.Tickets, v.Faults = map[string]*workflow.Ticket{}, map[string]*workflow.MajorFault{}
	v.Arbitrations = map[string]*workflow.Arbitration{}
	v.Projects = map[string]*workflow.Project{}
	for kind, ids := range map[string][]string{
		"tickets": r.desk.tickets, "faults": r.desk.faults, "projects": r.desk.projects,
		"arbitrations": r.desk.arbitrations,
	} {
		for _, id := range ids {
			var a answer
			if err := get("/"+kind+"/"+url.PathEscape(id), &a); err != nil {
				return err
			}
			switch kind {
			case "tickets":
				v.Tickets[r.label(id)] = a.Ticket
			case "faults":
				v.Faults[r.label(id)] = a.Fault
			case "projects":
				v.Projects[id] = a.Project
			default:
				v.Arbitrations[r.label(id)] = a.Arbitration
			}
		}
	}
	return nil
}

// Timers has a rehearsal server carry out what has fallen due.
func (r *Remote) Timers(ctx context.Context, at time.Time) ([]workflow.Fact, error) {
	var a struct {
		Commits []struct {
			Facts []workflow.Fact `json:"facts"`
		} `json:"commits"`
		Seq int64 `json:"seq"`
	}
	err := r.Client.Call(ctx, at, r.keyOfTheManager(), "POST", "/v1/sites/"+r.site+"/timers", nil,
		&a)
	r.seq = max(r.seq, a.Seq)
	var facts []workflow.Fact
	for _, c := range a.Commits {
		facts = append(facts, r.translate(c.Facts)...)
	}
	return facts, err
}

// Ask asks the service about its service desk.
func (r *Remote) Ask(
	ctx context.Context, at time.Time, q Question,
) (map[string][]string, error) {
	get := func(path string, into any) error {
		return r.Client.Call(ctx, at, r.keyOfTheManager(), "GET", "/v1/sites/"+r.site+path, nil,
			into)
	}
	switch q.Verb {
	case "followup_schedule", "followup_overdue":
		return askSchedule(get, q)
	case "report_audit":
		return askAudit(get, q)
	case "yearly_tasks":
		return r.askTasks(get)
	case "holiday_audit":
		var a struct {
			Missing []string `json:"missing"`
		}
		err := get("/watches", &a)
		return map[string][]string{"missing": a.Missing}, err
	}
	return nil, fmt.Errorf("the service has no answer to %s", q.Verb)
}

func askSchedule(get func(string, any) error, q Question) (map[string][]string, error) {
	var a struct {
		Due     []string `json:"due"`
		Overdue []string `json:"overdue"`
	}
	param := "until"
	if q.Verb == "followup_overdue" {
		param = "overdue_on"
	}
	err := get("/projects/"+url.PathEscape(string(q.Project))+"/schedule?"+param+"="+
		string(q.Day), &a)
	return map[string][]string{"due": a.Due, "overdue": a.Overdue}, err
}

func askAudit(get func(string, any) error, q Question) (map[string][]string, error) {
	var a struct {
		Reports []workflow.Audit `json:"reports"`
	}
	param := "week=" + string(q.Week)
	if q.Kind == workflow.ReportSupervision {
		param = "month=" + string(q.Month)
	}
	if err := get("/service-reports?"+param, &a); err != nil {
		return nil, err
	}
	if len(a.Reports) != 1 {
		return nil, fmt.Errorf("%d reports of %s, want 1", len(a.Reports), param)
	}
	audit := a.Reports[0]
	if q.Kind == workflow.ReportSupervision {
		missing, late := monthly(audit, q.Month)
		return map[string][]string{"missing": missing, "late": late}, nil
	}
	return map[string][]string{"missing": plain(audit.Missing), "late": plain(audit.Late)}, nil
}

// askTasks reads the round of gifts and needs to its end.
func (r *Remote) askTasks(get func(string, any) error) (map[string][]string, error) {
	var tasks []string
	for path := "/needs"; ; {
		var a struct {
			Needs []struct {
				Customer string   `json:"customer"`
				Tasks    []string `json:"tasks"`
			} `json:"needs"`
			Seq        int64  `json:"seq"`
			NextCursor string `json:"next_cursor"`
		}
		if err := r.upToDate(&a.Seq, func() error {
			return get(path, &a)
		}); err != nil {
			return nil, err
		}
		for _, n := range a.Needs {
			for _, t := range n.Tasks {
				tasks = append(tasks, t+":"+r.label(n.Customer))
			}
		}
		if a.NextCursor == "" {
			return map[string][]string{"tasks": tasks}, nil
		}
		path = "/needs?cursor=" + url.QueryEscape(a.NextCursor)
	}
}
