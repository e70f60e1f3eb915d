package workflow_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/lunpai/lunpai/internal/slow"
	"github.com/lunpai/lunpai/workflow"
)

// TestServiceInvariants strews commands of the service desk, sensible and not, into days of
// reception, and carries out what falls due. The line, who is out of it, counts and owners must be
// as at an office without them, and every record of the desk must keep its promises.
func TestServiceInvariants(t *testing.T) {
	t.Parallel()
	rapidly(t, max(1, steps(t)/stepsPerDay/12))
	var met tally
	rapid.Check(t, func(rt *rapid.T) {
		if err := strewn(seed(rt), &met); err != nil {
			rt.Fatal(err)
		}
	})
	t.Log(&met)
	for _, c := range workflow.Commands() {
		a := c.About()
		if !slow.Wanted() {
			break // too few offices to meet everything
		}
		if a.Scope == workflow.ScopeService && met.accepted[a.Kind] == 0 {
			t.Errorf("%s never happened: the generator has gone lame", a.Kind)
		}
	}
}

// pair are two offices with the same reception; only one has a service desk.
type pair struct {
	*generator // the one without
	desk       *office
	fired      map[string]bool
	asked      map[string]workflow.StaffID // who opened a ticket
	notes      int
}

// strewn is one random pair.
func strewn(rng *rand.Rand, met *tally) error {
	g := &generator{office: newOffice(), rng: rng}
	p := &pair{
		generator: g, desk: newOffice(), fired: map[string]bool{},
		asked: map[string]workflow.StaffID{},
	}
	_, founding := g.found()
	for _, s := range founding {
		if err := p.both(s); err != nil {
			return err
		}
	}
	manager := actor(workflow.RoleManager, "M")
	for _, c := range deskStaff() {
		if err := p.both(step{at: g.now, by: manager, cmd: c}); err != nil {
			return err
		}
	}
	begin := step{at: g.now, by: manager, cmd: p.adoption()}
	if _, f, err := p.desk.do(begin); err != nil || f != nil {
		return fmt.Errorf("adopt_service: %s: %w", codeOf(f), err)
	}
	for range stepsPerDay {
		if g.pass(); g.chance(4) {
			g.now = g.now.AddDate(0, 0, g.between(1, 40))
		}
		if err := p.both(g.next()); err != nil {
			return err
		}
		for range 3 {
			s := p.service()
			c, f, err := p.desk.do(s)
			if err != nil {
				return fmt.Errorf("%s: %w", s.cmd.About().Kind, err)
			}
			if o, ok := s.cmd.(*workflow.OpenTicket); ok && f == nil {
				p.asked[string(o.Ticket)] = s.by.Staff
			}
			met.add(s.cmd.About().Kind, c, f)
		}
		if err := p.due(met); err != nil {
			return err
		}
		if err := p.same(); err != nil {
			return err
		}
		if err := p.promises(); err != nil {
			return err
		}
	}
	return p.desk.replay()
}

// codeOf names a refusal; of none it says so.
func codeOf(f *workflow.Fault) string {
	if f == nil {
		return "accepted"
	}
	return f.Code
}

// both gives a command of reception at both offices: both accept it, or both refuse it.
func (p *pair) both(s step) error {
	_, f, err := p.do(s)
	if err != nil {
		return err
	}
	_, g, err := p.desk.do(s)
	if err != nil {
		return err
	}
	if f != nil && f.Code == "consultant_not_found" {
		return nil // with a desk others than consultants come and go, too
	}
	if (f == nil) != (g == nil) {
		return fmt.Errorf("%s: %s without a desk, %s with one",
			s.cmd.About().Kind, codeOf(f), codeOf(g))
	}
	return nil
}

// due carries out what fell due: reception's at both offices, the desk's once and for good.
func (p *pair) due(met *tally) error {
	for _, t := range p.full.Due(p.now) {
		err := p.both(step{at: p.now, by: actor(workflow.RoleSystem, ""), cmd: t.Command})
		if err != nil {
			return err
		}
	}
	for range 200 {
		id, cmd := p.firstDue()
		if cmd == nil {
			return nil
		}
		if p.fired[id] {
			return fmt.Errorf("%s fell due twice", id)
		}
		p.fired[id] = true
		s := step{at: p.now, by: actor(workflow.RoleSystem, ""), cmd: cmd}
		c, f, err := p.desk.do(s)
		if err != nil || f != nil {
			return fmt.Errorf("%s: %s: %w", id, codeOf(f), err)
		}
		met.add(cmd.About().Kind, c, nil)
		if _, f, err := p.desk.do(s); err != nil || f == nil {
			return fmt.Errorf("%s ran twice, %s: %w", id, codeOf(f), err)
		}
	}
	return fmt.Errorf("what is due does not end")
}

// firstDue is the first thing that is due at the desk.
func (p *pair) firstDue() (string, command) {
	for _, t := range p.desk.full.Due(p.now) {
		if t.Command.About().Scope == workflow.ScopeService {
			return t.ID, t.Command
		}
	}
	var due []*workflow.FallDue
	for _, r := range p.desk.all {
		if f, ok := workflow.DueRecord(r, p.now); ok {
			due = append(due, f)
		}
	}
	if len(due) == 0 {
		return "", nil
	}
	first := slices.MinFunc(due, func(x, y *workflow.FallDue) int {
		return cmp.Or(x.At.Compare(y.At), cmp.Compare(x.ID(), y.ID()))
	})
	return first.ID(), first
}

// same: no command of the desk moves a line, a turn, a count or an owner (A76).
func (p *pair) same() error {
	a, b := p.full.Rota(), p.desk.full.Rota()
	if !slices.Equal(a.Order(), b.Order()) || !slices.Equal(a.OutUnits(), b.OutUnits()) {
		return fmt.Errorf("the line is [%s] out [%s], with a desk [%s] out [%s]", ids(a.Order()),
			ids(a.OutUnits()), ids(b.Order()), ids(b.OutUnits()))
	}
	for ref, r := range p.all {
		switch r := r.(type) {
		case *visit:
			x, _ := p.desk.all[ref].(*visit)
			if x == nil || x.State != r.State || x.CountsFor != r.CountsFor ||
				x.TurnEffect != r.TurnEffect || x.Principal != r.Principal {
				return fmt.Errorf("%s is otherwise with a desk:\n%s\n%s", r.ID, outcomeOf(r),
					outcomeOf(x))
			}
		case *workflow.Customer:
			x, _ := p.desk.all[ref].(*workflow.Customer)
			if x == nil || x.Owner != r.Owner || x.Status != r.Status {
				return fmt.Errorf("customer %s is otherwise with a desk", r.ID)
			}
		}
	}
	return nil
}

// promises are what every record of the desk keeps.
func (p *pair) promises() error {
	for ref, r := range p.desk.before {
		was, _ := r.(*workflow.Ticket)
		is, _ := p.desk.all[ref].(*workflow.Ticket)
		if was != nil && was.State == workflow.TicketClosed && is.State != workflow.TicketClosed {
			return fmt.Errorf("ticket %s is open again", was.ID)
		}
	}
	for _, r := range p.desk.all {
		n := workflow.NextOf(r)
		switch r := r.(type) {
		case *workflow.Ticket:
			closed := r.State == workflow.TicketClosed
			switch {
			case r.FirstResponder != p.asked[r.ID]:
				return fmt.Errorf("ticket %s: the first responder is %s, %s opened it", r.ID,
					r.FirstResponder, p.asked[r.ID])
			case closed && r.Slip == workflow.SlipPending:
				return fmt.Errorf("ticket %s is closed and its slip is pending", r.ID)
			case r.State == workflow.TicketOpen && (!r.ResolvedAt.IsZero() || r.FirstContact):
				return fmt.Errorf("ticket %s is open and counts as solved", r.ID)
			case closed != (n == nil):
				return fmt.Errorf("ticket %s is %s, next is %v", r.ID, r.State, n)
			case r.State != workflow.TicketOpen && r.Outcome != workflow.OutcomeWithdrawn &&
				r.RecordedAt.IsZero():
				return fmt.Errorf("ticket %s is %s and was never recorded", r.ID, r.State)
			}
		case *workflow.MajorFault:
			if r.State == workflow.FaultClosed && (r.Impact == "" || r.Handling == "" ||
				r.Cause == "" || r.Measures == "" || n != nil) {
				return fmt.Errorf("fault %s is closed without its four texts", r.ID)
			}
		case *workflow.Project:
			if (r.State == workflow.ProjectRetired) != (n == nil) {
				return fmt.Errorf("project %s is %s, next is %v", r.ID, r.State, n)
			}
		case *workflow.Arbitration:
			if r.State != workflow.ArbitrationOpen && len(r.Opinions) < 2 {
				return fmt.Errorf("arbitration %s was ruled on %d opinions", r.ID, len(r.Opinions))
			}
		}
		if r.Ref().Collection != workflow.ServiceDesks && n != nil && n.Who == "" {
			return fmt.Errorf("%v: nobody does what comes next", r.Ref())
		}
	}
	return nil
}
