package api

import (
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// The records of the service desk that commands are about.
var (
	theService = &record{
		workflow.ServiceDesks, "", typeOf[ServiceDecision](),
		func(c *call) workflow.Ref {
			return workflow.RecordRef(workflow.ServiceDesks, workflow.RecordID(c.site))
		},
	}
	aTicket  = matter[TicketDecision](workflow.Tickets, "ticket")
	aProject = &record{
		workflow.Projects, "project", typeOf[ProjectDecision](),
		func(c *call) workflow.Ref {
			return workflow.ProjectRef(c.site, workflow.ProjectID(c.Param("project")))
		},
	}
	aFault         = matter[FaultDecision](workflow.MajorFaults, "fault")
	aServiceReport = &record{
		workflow.ServiceReports, "report", typeOf[ServiceReportDecision](), nil,
	}
	anArbitration = matter[ArbitrationDecision](workflow.Arbitrations, "arbitration")
	aWatch        = &record{
		workflow.Watches, "date", typeOf[WatchDecision](),
		func(c *call) workflow.Ref {
			return workflow.WatchRef(c.site, workflow.Date(c.Param("date")))
		},
	}
)

// ServiceDecision is the answer when the service desk is adopted, changed or ended.
type ServiceDecision struct {
	Decided
	// Service is the service desk after the command.
	Service Doc[workflow.ServiceDesk] `json:"service,omitzero"`
}

// TicketDecision is the answer to a command about a ticket.
type TicketDecision struct {
	Decided
	// Ticket is the ticket after the command.
	Ticket Doc[workflow.Ticket] `json:"ticket,omitzero"`
	// Allowed lists the steps of the ticket that are open to the caller now, named like their
	// addresses. Empty when it is closed.
	Allowed []string `json:"allowed,omitzero"`
}

// ProjectDecision is the answer to a command about a delivered project.
type ProjectDecision struct {
	Decided
	// Project is the project after the command.
	Project Doc[workflow.Project] `json:"project,omitzero"`
}

// FaultDecision is the answer to a command about a major fault.
type FaultDecision struct {
	Decided
	// Fault is the major fault after the command.
	Fault Doc[workflow.MajorFault] `json:"fault,omitzero"`
}

// ServiceReportDecision is the answer when a report is handed in.
type ServiceReportDecision struct {
	Decided
	// Report is the sheet of the week or the report of the month after the command.
	Report Doc[workflow.ServiceReport] `json:"report,omitzero"`
}

// ArbitrationDecision is the answer to a command about a case between departments.
type ArbitrationDecision struct {
	Decided
	// Arbitration is the case after the command.
	Arbitration Doc[workflow.Arbitration] `json:"arbitration,omitzero"`
}

// WatchDecision is the answer to a command about the watch of a statutory day.
type WatchDecision struct {
	Decided
	// Watch is the watch after the command.
	Watch Doc[workflow.Watch] `json:"watch,omitzero"`
}

// ServiceView is how the service desk works.
type ServiceView struct {
	// Adoptions are its settings, each with its first day; empty: the office has no desk.
	Adoptions []workflow.ServiceAdoption `json:"adoptions"`
	// Seq is the number of the last commit that is taken into account.
	Seq int64 `json:"seq"`
	// Today are the settings in force today; absent when there are none.
	Today *workflow.ServiceAdoption `json:"today,omitempty"`
}

// getService shows how the service desk works, and by which settings today.
func getService(c *call, _ *none) (a *ServiceView, err error) {
	err = c.view(nil, func(b *workflow.Board) error {
		a = &ServiceView{[]workflow.ServiceAdoption{}, b.Seq, nil}
		if s := b.ServiceDesk(); s != nil {
			a.Adoptions, a.Today = s.Adoptions, s.On(c.today(b))
		}
		return nil
	})
	return a, err
}

// today is the day at the office.
func (c *call) today(b *workflow.Board) workflow.Date {
	return workflow.Date(b.Local(c.now()).Format(time.DateOnly))
}

// readDesk reads a record of the service desk that the caller may see.
func readDesk[R workflow.Record](c *call, ref workflow.Ref) (out R, err error) {
	err = c.view([]workflow.Ref{ref}, func(b *workflow.Board) error {
		r, ok := b.Record(ref)
		if !ok || workflow.SiteOf(r) != c.site || !b.SeesDesk(c.key.Actor(), r, c.now()) {
			return repo.ErrNotFound
		}
		if out, ok = r.(R); !ok {
			return repo.ErrNotFound
		}
		return nil
	})
	if err == nil {
		c.stands(out)
	}
	return out, err
}

// TicketView is a ticket and what the caller may do with it.
type TicketView struct {
	// Allowed lists the steps of the ticket that are open to the caller now, named like their
	// addresses. Empty when it is closed.
	Allowed []string `json:"allowed"`
	// Ticket is the matter and how far it has come.
	Ticket *workflow.Ticket `json:"ticket"`
}

// getTicket reads a ticket. Consultants and employees see their own and those of their department's
// areas; customer service and those who lead see all.
func getTicket(c *call, _ *none) (*TicketView, error) {
	t, err := readDesk[*workflow.Ticket](c, aTicket.ref(c))
	if err != nil {
		return nil, err
	}
	allowed, err := c.ticketSteps(workflow.RecordID(t.ID))
	return &TicketView{allowed, t}, err
}

// FaultView is a major fault.
type FaultView struct {
	// Fault is the major fault and how far it has come.
	Fault *workflow.MajorFault `json:"fault"`
}

// getFault reads a major fault.
func getFault(c *call, _ *none) (*FaultView, error) {
	x, err := readDesk[*workflow.MajorFault](c, aFault.ref(c))
	return &FaultView{x}, err
}

// ArbitrationView is a case between departments.
type ArbitrationView struct {
	// Arbitration is the case and how far it has come.
	Arbitration *workflow.Arbitration `json:"arbitration"`
}

// getArbitration reads a case between departments.
func getArbitration(c *call, _ *none) (*ArbitrationView, error) {
	x, err := readDesk[*workflow.Arbitration](c, anArbitration.ref(c))
	return &ArbitrationView{x}, err
}

// ProjectView is a delivered project.
type ProjectView struct {
	// Project is the project with the calls that were made.
	Project *workflow.Project `json:"project"`
}

// getProject reads a delivered project.
func getProject(c *call, _ *none) (*ProjectView, error) {
	p, err := readDesk[*workflow.Project](c, aProject.ref(c))
	return &ProjectView{p}, err
}

// ScheduleQuery is the query of a project's calls.
type ScheduleQuery struct {
	// Until is the last day of interest, that day included. Absent: a year from today.
	Until workflow.Date `query:"until"`
	// OverdueOn is the day as of which open calls are overdue, that day not included. Absent:
	// today.
	OverdueOn workflow.Date `query:"overdue_on"`
}

// ScheduleView are the calls of a project.
type ScheduleView struct {
	// Due are the days of all calls, answered or not.
	Due []workflow.Date `json:"due"`
	// Overdue are the days of calls that are open and have passed.
	Overdue []workflow.Date `json:"overdue"`
}

// getSchedule computes when the customer of a project is called, for any day.
func getSchedule(c *call, q *ScheduleQuery) (a *ScheduleView, err error) {
	p, err := readDesk[*workflow.Project](c, aProject.ref(c))
	if err != nil {
		return nil, err
	}
	err = c.view(nil, func(b *workflow.Board) error {
		until, as := q.Until, q.OverdueOn
		if as == "" {
			as = c.today(b)
		}
		if until == "" {
			until = c.today(b).AddDays(365)
		}
		desk := b.ServiceDesk()
		a = &ScheduleView{p.Due(desk, until), p.Overdue(desk, as)}
		return nil
	})
	return a, err
}

// WatchView is the watch of a statutory day.
type WatchView struct {
	// Watch is who watches, with the log.
	Watch *workflow.Watch `json:"watch"`
}

// getWatch reads the watch of a statutory day.
func getWatch(c *call, _ *none) (*WatchView, error) {
	w, err := readDesk[*workflow.Watch](c, aWatch.ref(c))
	return &WatchView{w}, err
}
