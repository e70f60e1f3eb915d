package sample

import (
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// matters are those that come by phone and online today; those of visitors come out of visits.
func (s *service) matters() {
	for range s.IntN(5 + s.day().visits/40) {
		s.at(s.clock(9.2, 16.5), func() error {
			channel := workflow.TicketByPhone
			if s.chance(.3) {
				channel = workflow.TicketOnline
			}
			return s.take(s.somebody(), &workflow.OpenTicket{Channel: channel})
		})
	}
	if s.today == 3 || s.chance(.04) {
		s.at(s.clock(9.3, 15), s.fault)
	}
	if s.chance(.03) {
		s.at(s.clock(10, 15), s.disagree)
	}
}

// ofVisit: who received somebody on other business takes down what it is.
func (s *service) ofVisit(v *workflow.Visit) error {
	if s == nil || !s.chance(.3) {
		return nil
	}
	return s.take(v.Server, &workflow.OpenTicket{Visit: workflow.VisitID(v.ID)})
}

var areas = []share[workflow.AreaCode]{
	{"engineering", .55}, {"billing", .25}, {"customer_service", .15}, {"", .05},
}

var ticketKinds = []share[workflow.TicketKind]{
	{workflow.TicketRequest, .55},
	{workflow.TicketQuestion, .3},
	{workflow.TicketComplaint, .15},
}

// matter is a ticket and what is going to happen to it.
type matter struct {
	id workflow.RecordID
	*workflow.Ticket
}

func (s *service) learn(m *matter, c *workflow.Commit) error {
	if c == nil {
		return nil
	}
	rs, err := c.Records()
	for _, r := range rs {
		if t, ok := r.(*workflow.Ticket); ok && t.ID == string(m.id) {
			m.Ticket = t
		}
	}
	return err
}

// step carries a command about a matter out; a refusal leaves it as it is.
func (s *service) step(m *matter, who workflow.StaffID, cmd workflow.Command) error {
	c, err := s.ask(s.acting(who), cmd)
	if err != nil {
		return err
	}
	return s.learn(m, c)
}

// take opens a ticket: who is asked first is responsible.
func (s *service) take(who workflow.StaffID, cmd *workflow.OpenTicket) error {
	cmd.Ticket, cmd.Kind, cmd.Area = s.id(), draw(s.dice, ticketKinds), draw(s.dice, areas)
	cmd.InScope = s.chance(.35)
	cmd.Major = s.chance(.01)
	if s.chance(.85) {
		cmd.Note = s.text()
	}
	if k := s.owner(); k != nil && s.chance(.7) {
		cmd.Customer = k.id
	} else {
		cmd.Contact = s.text()
	}
	if here := s.here(); cmd.Kind == workflow.TicketComplaint && len(here) > 0 && s.chance(.2) {
		if about := pick(s.dice, here); about != who {
			cmd.Complained = about
		}
	}
	m := &matter{id: cmd.Ticket}
	if err := s.step(m, who, cmd); err != nil || m.Ticket == nil {
		return err
	}
	s.soon(6, func() error { return s.begin(m) })
	if s.chance(.08) {
		s.in(s.between(0, 4), func() error { return s.again(m) })
	}
	return nil
}

// begin: what is somebody's own is solved, the rest goes to whoever is in charge.
func (s *service) begin(m *matter) error {
	who := m.FirstResponder
	if m.State != workflow.TicketOpen {
		return nil
	}
	if m.RecordedAt.IsZero() {
		if err := s.step(m, who, &workflow.RecordTicket{
			Ticket: m.id, Note: s.text(),
		}); err != nil {
			return err
		}
	}
	if m.MajorAt.IsZero() && s.chance(.02) {
		if err := s.step(m, who,
			&workflow.EscalateTicket{Ticket: m.id}); err != nil {
			return err
		}
	}
	switch {
	case s.chance(.04):
		s.soon(60, func() error { return s.end(m, workflow.OutcomeWithdrawn) })
	case m.InScope:
		s.later1(m, who, .75)
	case m.Area == "engineering" && s.chance(.35):
		s.soon(40, func() error { return s.solve(m, fitter, true) })
	default:
		return s.hand(m, 0)
	}
	return nil
}

// later1 solves a matter today or in some days.
func (s *service) later1(m *matter, who workflow.StaffID, today float64) {
	solve := func() error { return s.solve(m, who, false) }
	if s.chance(today) {
		s.soon(90, solve)
		return
	}
	s.in(1+int(s.around(1.2, .7)), solve)
}

// hand gives a matter to whoever is in charge of its area; in the evening nobody may be.
func (s *service) hand(m *matter, tries int) error {
	cmd := &workflow.HandTicket{Ticket: m.id}
	if m.Area == "" {
		cmd.Area = "customer_service"
	}
	was := m.Holder
	if m.State != workflow.TicketOpen {
		return nil
	}
	if err := s.step(m, was, cmd); err != nil {
		return err
	}
	if m.Holder == was {
		if tries < 2 {
			s.in(1, func() error { return s.hand(m, tries+1) })
		}
		return nil
	}
	if tries == 0 && s.chance(.05) {
		s.soon(60, func() error { return s.hand(m, 1) })
		return nil
	}
	s.later1(m, m.Holder, .5)
	return nil
}

// solve solves a matter; whoever acts first hands in the slip afterwards.
func (s *service) solve(m *matter, who workflow.StaffID, first bool) error {
	if m.State != workflow.TicketOpen {
		return nil
	}
	if err := s.step(m, who, &workflow.ResolveTicket{
		Ticket: m.id, FixFirst: first, Note: s.text(),
	}); err != nil {
		return err
	}
	if m.Slip == workflow.SlipPending {
		slip := func() error {
			if m.Slip != workflow.SlipPending {
				return nil
			}
			return s.step(m, m.ResolvedBy, &workflow.SubmitSlip{
				Ticket: m.id, Note: s.text(),
			})
		}
		if s.chance(.8) {
			s.soon(50, slip)
		} else {
			s.in(s.between(2, 4), slip)
		}
	}
	s.in(s.between(0, 5), func() error { return s.end(m, workflow.OutcomeDone) })
	return nil
}

// end closes a matter.
func (s *service) end(m *matter, how workflow.TicketOutcome) error {
	switch {
	case m.State == workflow.TicketClosed,
		m.State == workflow.TicketOpen && how != workflow.OutcomeWithdrawn:
		return nil
	case m.Slip == workflow.SlipPending: // not before the slip is there
		s.in(2, func() error { return s.end(m, how) })
		return nil
	}
	return s.step(m, m.Holder, &workflow.CloseTicket{
		Ticket: m.id, Outcome: how, Told: s.chance(.85),
	})
}

// again: the customer comes about the same matter once more.
func (s *service) again(m *matter) error {
	if m.State == workflow.TicketClosed {
		return nil
	}
	cmd := &workflow.CallAgain{Ticket: m.id, Note: s.text()}
	cmd.Unsolved = m.State == workflow.TicketResolved && s.chance(.5)
	if err := s.step(m, s.somebody(), cmd); err != nil {
		return err
	}
	if cmd.Unsolved {
		s.later1(m, m.Holder, .5)
	}
	return nil
}

// fault: something major breaks, is filed, passed on, tracked, ended, analysed and fed back.
func (s *service) fault() error {
	id := s.id()
	report := &workflow.ReportFault{
		Fault: id, OccurredAt: s.now.Add(-s.minutes(20, .5)).UTC().Truncate(time.Millisecond),
		Place: s.text(), Symptoms: s.text(), Plan: s.text(),
		Departments: []workflow.Department{workflow.TechService},
	}
	if s.chance(.2) {
		report.Recurs = s.faulty
	}
	by := func(who workflow.StaffID, cmd workflow.Command) func() error {
		return func() error { return s.may(employee(who), cmd) }
	}
	analyse := func() error {
		s.in(1, by(techHead, &workflow.FeedBackFault{
			Fault: id, To: []string{"customer", string(workflow.Business)},
		}))
		return by(techHead, &workflow.AnalyseFault{
			Fault: id, Impact: s.text(), Handling: s.text(), Cause: s.text(),
			Measures: s.text(),
		})()
	}
	end := func() error {
		s.faulty = id
		s.in(s.between(1, 5), analyse)
		return by(salesAide, &workflow.EndFault{Fault: id})()
	}
	s.soon(14, func() error {
		s.soon(12, func() error {
			s.in(1, func() error {
				s.in(1, end)
				return by(salesAide, &workflow.TrackFault{Fault: id, Note: s.text()})()
			})
			return by(salesAide, &workflow.RelayFault{Fault: id})()
		})
		return by(salesAide, &workflow.FileFault{Fault: id})()
	})
	return s.may(s.acting(s.somebody()), report)
}

// disagree: two departments do not agree; the Office rules.
func (s *service) disagree() error {
	id := s.id()
	s.soon(60, func() error {
		s.in(1, func() error {
			s.in(3, func() error {
				return s.may(employee(clerk), &workflow.ConfirmArbitration{Arbitration: id})
			})
			return s.may(employee(clerk),
				&workflow.RuleArbitration{Arbitration: id, Note: s.text()})
		})
		return s.may(employee(techHead), &workflow.AddOpinion{Arbitration: id, Note: s.text()})
	})
	return s.must(employee(salesAide), &workflow.OpenArbitration{
		Arbitration: id, Lead: workflow.Business,
		Opinions: map[workflow.Department]workflow.NoteID{workflow.Business: s.text()},
	})
}
