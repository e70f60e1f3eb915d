package sample

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// upkeep is what returns: calls after a delivery, sheets, reports, the end of the year.
func (s *service) upkeep() {
	s.at(s.clock(10, 11), s.callOwners)
	if s.chance(.1) {
		s.at(s.clock(14, 16), func() error { return s.deliver(s.IntN(10)) })
	}
	d := s.day()
	if d.midnight.Weekday() == time.Friday {
		s.sheets(d.date)
	}
	if d.midnight.AddDate(0, 0, 1).Day() == 1 {
		if s.chance(.85) {
			s.at(s.clock(14, 17), func() error { return s.supervise(d.date) })
		} else {
			s.in(2, func() error { return s.supervise(d.date) })
		}
	}
	if d.midnight.Month() == time.December {
		s.at(s.clock(14, 16), s.round)
	}
}

// callOwners calls the customers of projects whose call is due, most of them in time.
func (s *service) callOwners() error {
	refs := slices.SortedFunc(maps.Keys(s.watched), func(a, b workflow.Ref) int {
		return strings.Compare(a.ID, b.ID)
	})
	for _, ref := range refs {
		p, ok := s.watched[ref].(*workflow.Project)
		switch {
		case !ok || p.NextDue > s.day().date || !s.chance(.22):
			continue
		case s.chance(.01):
			if err := s.must(employee(salesAide), &workflow.RetireProject{
				Project: p.Project, Reason: "sold",
			}); err != nil {
				return err
			}
			continue
		}
		if err := s.must(employee(caller), &workflow.FollowUpProject{
			Project: p.Project, Unreached: s.chance(.2), Channel: "phone", Note: s.text(),
		}); err != nil {
			return err
		}
	}
	return nil
}

// sheets: technical service writes what the week was like; its head sums the meeting up.
func (s *service) sheets(day workflow.Date) {
	for _, who := range []workflow.StaffID{techHead, fitter} {
		write := func() error {
			return s.must(employee(who), &workflow.SubmitReport{
				Kind: workflow.ReportWeekly, Week: day, Note: s.text(),
			})
		}
		switch {
		case s.chance(.9):
			s.at(s.clock(9.2, 11.9), write)
		case s.chance(.6):
			s.in(2, write)
		}
	}
	s.at(s.clock(15, 16), func() error {
		return s.must(employee(techHead), &workflow.SubmitReport{
			Kind: workflow.ReportMeeting, Week: day, Note: s.text(),
		})
	})
}

// supervise writes the supervision report of a month.
func (s *service) supervise(day workflow.Date) error {
	return s.must(employee(salesAide), &workflow.SubmitReport{
		Kind: workflow.ReportSupervision, Month: workflow.Month(day[:7]), Note: s.text(),
	})
}

// round sees to some customers of the book: a gift, and what they plan for the next year.
func (s *service) round() error {
	if s.day().midnight.Day() == 1 {
		s.marked = 0
	}
	for range 20 {
		if s.marked >= len(s.book) {
			return nil
		}
		k := s.book[s.marked]
		s.marked++
		marks := []workflow.NeedMark{workflow.MarkGift, workflow.MarkNeeds}
		if s.chance(.05) {
			marks = []workflow.NeedMark{workflow.MarkSkip}
		}
		if k.status != workflow.StatusSigned && k.status != workflow.StatusDeposit {
			continue // reception sees to those who have not bought
		}
		for _, what := range marks {
			if what == workflow.MarkNeeds && s.chance(.3) {
				continue
			}
			if err := s.may(employee(caller), &workflow.MarkNeed{
				Customer: k.id, What: what,
			}); err != nil {
				return err
			}
		}
	}
	return nil
}

// watches: customer service names who watches on a statutory day; whoever watches writes the log.
func (s *service) watches() {
	d := s.day()
	for _, h := range s.holidays() {
		switch {
		case d.date == h && s.manned[h] && s.chance(.9):
			s.at(s.clock(16, 17.5), func() error { return s.log(h) })
		case d.date == h.AddDays(-9) && !d.closed && s.chance(.9):
			s.at(s.clock(10, 11), func() error {
				s.manned[h] = true
				return s.must(employee(caller), &workflow.SetWatch{
					Date: h, Staff: []workflow.StaffID{fitter},
				})
			})
		}
	}
}

// log writes what the watch has seen; what was found is a ticket.
func (s *service) log(day workflow.Date) error {
	entry := &workflow.LogWatch{Date: day, Note: s.text()}
	if s.chance(.3) {
		t := &workflow.OpenTicket{
			Ticket: s.id(), Kind: workflow.TicketRequest, Area: "engineering", InScope: true,
			Note: s.text(),
		}
		if err := s.must(employee(fitter), t); err != nil {
			return err
		}
		entry.Ticket = t.Ticket
	}
	return s.may(employee(fitter), entry)
}
