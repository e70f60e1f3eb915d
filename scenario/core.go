package scenario

import (
	"context"
	"fmt"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// Core is an Office that asks the decision core directly, without a service or a store.
type Core struct {
	Board *workflow.Board
	// Commits are all commits so far.
	Commits []*workflow.Commit
	all     map[workflow.Ref]workflow.Record
}

// NewCore is an empty office.
func NewCore() *Core {
	return &Core{Board: workflow.NewBoard("office"), all: map[workflow.Ref]workflow.Record{}}
}

// Do decides a command.
func (c *Core) Do(
	_ context.Context, at time.Time, by string, role workflow.Role, cmd workflow.Command,
) (Answer, error) {
	env := workflow.Envelope{
		ID: fmt.Sprintf("command-%d", c.Board.Seq+1), At: at.UTC().Truncate(time.Millisecond),
		By: workflow.Actor{Key: "key-" + by, Role: role},
	}
	if role.StaffRole() {
		env.By.Staff = workflow.StaffID(by)
	}
	if env.At.Before(c.Board.At) {
		env.At = c.Board.At
	}
	if a, ok := cmd.(*workflow.AcknowledgeNotice); ok {
		cmd = &workflow.AcknowledgeNotice{Notice: c.notice(a.Notice)}
	}
	c.load(cmd)
	commit, fault := workflow.Decide(c.Board, env, cmd)
	if fault != nil {
		a := Answer{
			Facts: fault.Facts, Refusal: fault.Code, Rule: fault.Rule, Detail: fault.Error(),
		}
		return a, nil // a refusal is an answer
	}
	if err := c.Board.Apply(commit); err != nil {
		return Answer{}, fmt.Errorf("apply: %w", err)
	}
	rs, err := commit.Records()
	if err != nil {
		return Answer{}, err
	}
	for _, r := range rs {
		c.all[r.Ref()] = r
	}
	c.Commits = append(c.Commits, commit)
	c.Board.Trim(0) // records that are not open are loaded again, as from a store
	return Answer{Facts: commit.Facts}, nil
}

// load gives the board what the command needs, as a store would.
func (c *Core) load(cmd workflow.Command) {
	for refs := c.Board.Needs(cmd); len(refs) > 0; refs = c.Board.Needs(cmd) {
		for _, ref := range refs {
			if r, ok := c.all[ref]; ok {
				c.Board.Put(r)
			} else {
				c.Board.MarkAbsent(ref)
			}
		}
	}
}

// View is the office as it is now.
func (c *Core) View(_ context.Context, at time.Time) (*View, error) {
	v := &View{
		Rota: c.Board.Rota(), Visits: map[string]*workflow.Visit{},
		Customers: map[string]*workflow.Customer{},
	}
	v.Appointments = map[string]*workflow.Appointment{}
	v.Messages, v.Approvals = map[string]*workflow.Message{}, map[string]*workflow.Approval{}
	v.Desk = c.Board.DeskAt(at)
	v.Agenda = func(label string) ([]string, error) { return c.agenda(at, label) }
	v.Next, v.NextStaff = c.Board.Next(at)
	v.Tickets, v.Faults = map[string]*workflow.Ticket{}, map[string]*workflow.MajorFault{}
	v.Arbitrations = map[string]*workflow.Arbitration{}
	v.Projects = map[string]*workflow.Project{}
	for _, r := range c.all {
		switch r := r.(type) {
		case *workflow.Ticket:
			v.Tickets[r.ID] = r
		case *workflow.MajorFault:
			v.Faults[r.ID] = r
		case *workflow.Arbitration:
			v.Arbitrations[r.ID] = r
		case *workflow.Project:
			v.Projects[string(r.Project)] = r
		case *workflow.Visit:
			v.Visits[r.ID] = r
		case *workflow.Customer:
			v.Customers[r.ID] = r
		case *workflow.Appointment:
			v.Appointments[r.ID] = r
		case *workflow.Approval:
			v.Approvals[r.ID] = r
		case *workflow.Message:
			if m := v.Messages[string(r.To)]; m == nil || m.At.Before(r.At) {
				v.Messages[string(r.To)] = r
			}
		case *workflow.Vacancy:
			if v.Vacancy == nil || v.Vacancy.SinceAt.Before(r.SinceAt) {
				v.Vacancy = r
			}
		case *workflow.Dispute:
			if v.Dispute == nil || v.Dispute.At.Before(r.At) {
				v.Dispute = r
			}
		case *workflow.Call:
			if v.Call == nil || v.Call.At.Before(r.At) {
				v.Call = r
			}
		}
	}
	return v, nil
}
