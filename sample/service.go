package sample

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// service is the service desk beside reception (policy 3): owners' matters, major faults, delivered
// projects, sheets, watches. It has dice and ids of its own, so that reception's year is the one
// that it would be without a desk.
type service struct {
	*office
	dice
	ids     ids
	plans   map[int][]func() error // by day
	watched map[workflow.Ref]workflow.Record
	refusal *workflow.Fault        // of the desk's last command
	seqs    []int64                // of the desk's commits, in their order
	faulty  workflow.RecordID      // the last fault that ended
	homes   int                    // projects delivered
	manned  map[workflow.Date]bool // statutory days for which somebody was named
	marked  int                    // customers of the book who were seen to this December
}

// The desk's people.
const (
	techHead  workflow.StaffID = "bai"
	fitter    workflow.StaffID = "cai"
	caller    workflow.StaffID = "dai"
	salesAide workflow.StaffID = "fan"
	clerk     workflow.StaffID = "gan"
	general   workflow.StaffID = "hou"
)

// deskStaff are the people whom the desk adds.
var deskStaff = []workflow.NewStaff{
	{
		Staff: techHead, Role: workflow.RoleEmployee, Department: workflow.TechService,
		Hats: []workflow.Hat{workflow.TechHead},
	},
	{Staff: fitter, Role: workflow.RoleEmployee, Department: workflow.TechService},
	{Staff: caller, Role: workflow.RoleEmployee, Department: workflow.CustomerService},
	{
		Staff: salesAide, Role: workflow.RoleEmployee, Department: workflow.Business,
		Hats: []workflow.Hat{workflow.DivisionManager, workflow.ContractSigner},
	},
	{Staff: clerk, Role: workflow.RoleEmployee, Department: workflow.GeneralOffice},
	{
		Staff: general, Role: workflow.RoleEmployee,
		Hats: []workflow.Hat{workflow.GeneralManager},
	},
}

// employee is how one of the desk's people acts.
func employee(s workflow.StaffID) workflow.Actor { return staffKey(workflow.RoleEmployee, s) }

// acting is how any member of staff acts.
func (s *service) acting(who workflow.StaffID) workflow.Actor {
	if s.consultant(who) != nil {
		return himself(who)
	}
	return employee(who)
}

func newService(o *office, seed uint64) *service {
	name := string(o.site) + " service"
	return &service{
		office: o, dice: newDice(name, seed), ids: newIDs(name, seed),
		plans: map[int][]func() error{}, watched: map[workflow.Ref]workflow.Record{},
		manned: map[workflow.Date]bool{},
	}
}

// open adopts the desk and enters what was delivered before.
func (s *service) open() error {
	if s == nil {
		return nil
	}
	areas := []workflow.Area{
		{
			Code: "engineering", Leader: techHead, Deputy: fitter,
			Department: workflow.TechService,
		},
		{Code: "billing", Leader: salesAide, Deputy: clerk, Department: workflow.Business},
		{
			Code: "customer_service", Leader: caller, Deputy: clerk,
			Department: workflow.CustomerService,
		},
	}
	holidays := s.holidays()
	if err := s.must(boss, &workflow.AdoptService{
		From: s.day().date, Areas: &areas, Holidays: &holidays,
	}); err != nil {
		return err
	}
	for range min(max(s.total/400, 4), 60) {
		if err := s.deliver(s.between(5, 700)); err != nil {
			return err
		}
	}
	return nil
}

// holidays are New Year, 1 May, 1 October and the festival.
func (s *service) holidays() []workflow.Date {
	var all []workflow.Date
	for _, d := range s.days {
		if x := string(d.date[5:]); d.closed || x == "01-01" || x == "05-01" || x == "10-01" {
			all = append(all, d.date)
		}
	}
	return all
}

// at is a time of today, within the desk's hours.
func (s *service) clock(from, to float64) time.Time {
	h := from + (to-from)*s.Float64()
	return s.day().midnight.Add(time.Duration(h*3600) * time.Second)
}

// soon does something after about so many minutes, the next working day if it is late by then.
func (s *service) soon(median float64, do func() error) {
	at := s.now.Add(s.minutes(median, .5))
	if at.After(s.day().midnight.Add(17*time.Hour + 30*time.Minute)) {
		s.in(1, do)
		return
	}
	s.at(at, do)
}

// in does something about n days later.
func (s *service) in(n int, do func() error) {
	if i, ok := s.later(n); ok {
		s.plans[i] = append(s.plans[i], do)
	}
}

// morning arranges what the desk does today; on a closed day only the watch is there.
func (s *service) morning() error {
	if s == nil {
		return nil
	}
	d := s.day()
	nine := d.midnight.Add(9 * time.Hour)
	s.at(nine, s.ring)
	s.at(nine.Add(time.Minute), s.wake)
	s.watches()
	if d.closed {
		return nil
	}
	s.at(nine.Add(3*time.Hour), s.ring)
	// All before six: what happens later moves the hour at which reception closes its day.
	for _, minutes := range []int{3 * 60, 6 * 60, 8*60 + 45} {
		s.at(nine.Add(time.Duration(minutes+2)*time.Minute), s.wake)
	}
	for _, do := range s.plans[s.today] {
		s.at(s.clock(9.1, 17), do)
	}
	delete(s.plans, s.today)
	s.matters()
	s.upkeep()
	return nil
}

// ring carries out what the desk's calendar says for this moment, if it says anything.
func (s *service) ring() error {
	return s.may(system, &workflow.RunCalendar{At: s.now.UTC()})
}

// wake brings to notice what was not done in time.
func (s *service) wake() error {
	refs := slices.SortedFunc(maps.Keys(s.watched), func(a, b workflow.Ref) int {
		return strings.Compare(string(a.Collection)+a.ID, string(b.Collection)+b.ID)
	})
	for _, ref := range refs {
		if cmd, due := workflow.DueRecord(s.watched[ref], s.now); due {
			if err := s.must(system, cmd); err != nil {
				return err
			}
		}
	}
	return nil
}

// ask has a command decided, and remembers which records the service will look at by itself.
func (s *service) ask(by workflow.Actor, cmd workflow.Command) (*workflow.Commit, error) {
	s.refusal = nil
	c, err := s.do(workflow.Envelope{
		ID: s.ids.command(), By: by, At: s.now.UTC().Truncate(time.Millisecond),
	}, cmd)
	if errors.As(err, &s.refusal) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", cmd.About().Kind, err)
	}
	s.seqs = append(s.seqs, c.Seq)
	rs, err := c.Records()
	if err != nil {
		return nil, err
	}
	for _, r := range rs {
		s.note(r)
		switch next := workflow.NextOf(r); {
		case !slices.Contains(asked, r.Ref().Collection):
		case next == nil:
			delete(s.watched, r.Ref())
		default:
			s.watched[r.Ref()] = r
		}
	}
	return c, nil
}

// before is how many of the desk's commits came before this one. Without them it would have a lower
// number, and reception does not depend on theirs.
func (s *service) before(seq int64) int64 {
	if s == nil {
		return 0
	}
	n, _ := slices.BinarySearch(s.seqs, seq)
	return int64(n)
}

// asked are the collections of the desk whose records say what is next.
var asked = []workflow.Collection{
	workflow.Tickets, workflow.Projects, workflow.MajorFaults,
}

func (s *service) must(by workflow.Actor, cmd workflow.Command) error {
	c, err := s.ask(by, cmd)
	if err == nil && c == nil {
		return fmt.Errorf("%s: %w", cmd.About().Kind, s.refusal)
	}
	return err
}

func (s *service) may(by workflow.Actor, cmd workflow.Command) error {
	_, err := s.ask(by, cmd)
	return err
}

// id is a new record's id.
func (s *service) id() workflow.RecordID { return workflow.RecordID(s.ids.record(s.now)) }

// text stands for something that somebody wrote; what it says is nowhere.
func (s *service) text() workflow.NoteID { return workflow.NoteID(s.ids.record(s.now)) }

// somebody is any member of staff who is here.
func (s *service) somebody() workflow.StaffID {
	if here := s.here(); len(here) > 0 && s.chance(.4) {
		return pick(s.dice, here)
	}
	return pick(s.dice, deskStaff).Staff
}

// here are the consultants who are at the office today.
func (s *service) here() (ids []workflow.StaffID) {
	for _, c := range s.staff {
		if !c.off && !c.away {
			ids = append(ids, c.id)
		}
	}
	return ids
}

// owner is a customer who has bought; nil where none is known.
func (s *service) owner() *customer {
	for range 6 {
		if len(s.book) == 0 {
			return nil
		}
		if k := pick(s.dice, s.book); k.status == workflow.StatusSigned {
			return k
		}
	}
	return nil
}

// deliver enters a project that was delivered some days ago.
func (s *service) deliver(days int) error {
	s.homes++
	cmd := &workflow.DeliverProject{
		Project:     workflow.ProjectID("unit-" + strconv.Itoa(s.homes)),
		DeliveredOn: s.day().date.AddDays(-days), Signer: salesAide,
	}
	if k := s.owner(); k != nil {
		cmd.Customer = k.id
	}
	return s.must(employee(salesAide), cmd)
}
