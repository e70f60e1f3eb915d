package workflow_test

import (
	"cmp"
	"slices"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// deskStaff are the people whom the service desk adds to an office.
func deskStaff() []command {
	add := func(who workflow.StaffID, dep workflow.Department, hats ...workflow.Hat) command {
		return &workflow.AddStaff{NewStaff: workflow.NewStaff{
			Staff: who, Role: workflow.RoleEmployee, Department: dep, Hats: hats,
		}}
	}
	return []command{
		add("t1", workflow.TechService, workflow.TechHead), add("t2", workflow.TechService),
		add("c1", workflow.CustomerService), add("b1", workflow.Business),
		add("o1", workflow.GeneralOffice), add("x1", "", workflow.DivisionManager),
		add("x2", ""), add("e1", ""),
	}
}

var deskPeople = []workflow.StaffID{"t1", "t2", "c1", "b1", "o1", "x1", "x2", "e1"}

// adoption draws a service desk.
func (p *pair) adoption() *workflow.AdoptService {
	areas := []workflow.Area{
		{Code: "engineering", Leader: "x1", Deputy: "x2"}, {Code: "billing", Leader: "c1"},
	}
	if p.chance(50) {
		areas = append(areas, workflow.Area{Code: "customer_service", Leader: "c1", Deputy: "e1"})
	}
	var holidays []workflow.Date
	for n := range 90 {
		holidays = append(holidays, p.day(n, n))
	}
	return &workflow.AdoptService{
		From: p.day(0, 0), Areas: &areas, Holidays: &holidays,
		Parameters: map[string]any{
			"own_matter_handover": pick(p.generator, "refuse", "flag"),
			"ticket.remind_hours": p.between(0, 5), "slip.remind_hours": p.between(0, 30),
			"follow_up.first_year_months": p.between(1, 3), "follow_up.late_days": p.between(0, 40),
			"campaign.month": p.between(3, 5), "fault.relay_min": p.between(0, 40),
			"weekly.weekday": p.between(1, 5),
		},
	}
}

func (p *pair) person() workflow.StaffID { return pick(p.generator, deskPeople...) }

func (p *pair) note(percent int) workflow.NoteID {
	if !p.chance(percent) {
		return ""
	}
	p.notes++
	return workflow.NoteID("note")
}

// some is a record on the desk, mostly one that has something left to do.
func some[R workflow.Record](p *pair) (R, bool) {
	var open, all []R
	for _, ref := range sortedRefs(p.desk.all) {
		if r, ok := p.desk.all[ref].(R); ok {
			if all = append(all, r); workflow.NextOf(r) != nil {
				open = append(open, r)
			}
		}
	}
	var none R
	switch {
	case len(open) > 0 && p.chance(90):
		return pick(p.generator, open...), true
	case len(all) > 0:
		return pick(p.generator, all...), true
	}
	return none, false
}

// service draws a command of the desk and who gives it: mostly who has to.
func (p *pair) service() step {
	by, cmd := p.person(), command(nil)
	switch n := p.between(0, 99); {
	case n < 20:
		cmd = p.opened()
	case n < 55:
		by, cmd = p.ticket(by)
	case n < 65:
		by, cmd = p.project()
	case n < 80:
		by, cmd = p.fault(by)
	case n < 88:
		by, cmd = p.matterOf(by)
	default:
		by, cmd = p.sheet(by)
	}
	role := workflow.RoleEmployee
	switch {
	case by == "M" || p.chance(5):
		by, role = "M", workflow.RoleManager
	case p.chance(5):
		by, role = p.who(), workflow.RoleConsultant
	}
	return step{at: p.now, by: actor(role, by), cmd: cmd}
}

func (p *pair) area() workflow.AreaCode {
	return pick[workflow.AreaCode](p.generator, "engineering", "billing", "", "nothing")
}

func (p *pair) opened() command {
	c := &workflow.OpenTicket{
		Ticket: workflow.RecordID(p.id("T")), InScope: p.chance(50), Area: p.area(),
		Kind: pick(p.generator, workflow.TicketRequest, workflow.TicketComplaint),
		Channel: pick(p.generator,
			workflow.TicketInPerson, workflow.TicketByPhone, workflow.TicketOnline),
		Major: p.chance(10), Note: p.note(70), Customer: p.customer(40),
	}
	if c.Kind == workflow.TicketComplaint && p.chance(30) {
		c.Complained = p.person()
	}
	if t, ok := some[*workflow.Ticket](p); ok && p.chance(10) {
		c.Follows = workflow.RecordID(t.ID)
	}
	return c
}

func (p *pair) ticket(by workflow.StaffID) (workflow.StaffID, command) {
	t, ok := some[*workflow.Ticket](p)
	if !ok {
		return by, p.opened()
	}
	id := workflow.RecordID(t.ID)
	if p.chance(80) {
		by = pick(p.generator, t.Holder, t.FirstResponder, t.Holder)
	}
	in := p.chance(50)
	switch p.between(0, 9) {
	case 0, 1:
		c := &workflow.RecordTicket{Ticket: id, Note: p.note(90)}
		if p.chance(20) {
			c.Area, c.InScope = p.area(), &in
		}
		return by, c
	case 2, 3:
		return by, &workflow.HandTicket{Ticket: id, Area: p.area()}
	case 4:
		return by, &workflow.EscalateTicket{Ticket: id}
	case 5:
		return by, &workflow.CallAgain{Ticket: id, Unsolved: in, Note: p.note(50)}
	case 6, 7:
		return by, &workflow.ResolveTicket{Ticket: id, FixFirst: in, Note: p.note(50)}
	case 8:
		return by, &workflow.SubmitSlip{Ticket: id, Note: p.note(80)}
	}
	return by, &workflow.CloseTicket{
		Ticket: id, Told: in, Outcome: pick(p.generator, "", workflow.OutcomeWithdrawn),
	}
}

// project leaves customers out: a call to one is a contact, which keeps his owner (A63).
func (p *pair) project() (workflow.StaffID, command) {
	x, ok := some[*workflow.Project](p)
	switch n := p.between(0, 9); {
	case !ok || n < 3:
		return "c1", &workflow.DeliverProject{
			Project: workflow.ProjectID(p.id("P")), DeliveredOn: p.day(-500, 1),
			Signer: pick[workflow.StaffID](p.generator, "b1", ""),
		}
	case n < 9:
		return "c1", &workflow.FollowUpProject{
			Project: x.Project, On: p.day(-40, 0), Unreached: p.chance(30), Note: p.note(50),
		}
	}
	return "b1", &workflow.RetireProject{Project: x.Project, Reason: "sold"}
}

func (p *pair) fault(by workflow.StaffID) (workflow.StaffID, command) {
	x, ok := some[*workflow.MajorFault](p)
	if !ok || p.chance(20) {
		return by, &workflow.ReportFault{
			Fault:      workflow.RecordID(p.id("F")),
			OccurredAt: p.now.Add(-time.Duration(p.between(0, 60)) * time.Minute),
			Place:      p.note(95), Symptoms: p.note(95), Plan: p.note(95),
		}
	}
	id := workflow.RecordID(x.ID)
	steps := []command{
		&workflow.FileFault{Fault: id}, &workflow.RelayFault{Fault: id},
		&workflow.TrackFault{Fault: id, Note: p.note(90)}, &workflow.EndFault{Fault: id},
		&workflow.AnalyseFault{
			Fault: id, Impact: p.note(95), Handling: p.note(95), Cause: p.note(95),
			Measures: p.note(95),
		},
		&workflow.FeedBackFault{Fault: id, To: []string{"customer", "business"}},
	}
	n := p.between(0, 5)
	by = pick[workflow.StaffID](p.generator, "x1", "t1")
	if p.chance(80) {
		switch x.State {
		case workflow.FaultReported:
			n = 0
		case workflow.FaultFiled:
			n = 1
		case workflow.FaultTracking:
			n = p.between(2, 3)
		case workflow.FaultEnded:
			n, by = 4, "t1"
		case workflow.FaultAnalysed, workflow.FaultClosed:
			n = 5
		}
	}
	return by, steps[n]
}

func (p *pair) matterOf(by workflow.StaffID) (workflow.StaffID, command) {
	x, ok := some[*workflow.Arbitration](p)
	if !ok || p.chance(15) {
		return "b1", &workflow.OpenArbitration{
			Arbitration: workflow.RecordID(p.id("D")), Lead: workflow.Business,
			Opinions: map[workflow.Department]workflow.NoteID{"business": p.note(100)},
		}
	}
	id := workflow.RecordID(x.ID)
	switch p.between(0, 3) {
	case 0:
		return by, &workflow.AddOpinion{Arbitration: id, Note: p.note(95)}
	case 1, 2:
		return "o1", &workflow.RuleArbitration{Arbitration: id, Note: p.note(50)}
	}
	return "o1", &workflow.ConfirmArbitration{Arbitration: id}
}

func (p *pair) sheet(by workflow.StaffID) (workflow.StaffID, command) {
	switch p.between(0, 6) {
	case 0:
		return pick[workflow.StaffID](p.generator, "t1", "t2"), &workflow.SubmitReport{
			Kind: pick(p.generator, workflow.ReportWeekly, workflow.ReportMeeting),
			Week: p.day(-8, 8), Note: p.note(95),
		}
	case 1:
		return "b1", &workflow.SubmitReport{
			Kind: workflow.ReportSupervision, Note: p.note(95),
			Month: workflow.Month(p.day(-31, 0)[:7]),
		}
	case 2:
		return "c1", &workflow.MarkNeed{
			Customer: p.customer(95), What: pick(p.generator, workflow.MarkGift,
				workflow.MarkSkip),
		}
	case 3:
		return "c1", &workflow.SetWatch{
			Date: p.day(0, 3), Staff: []workflow.StaffID{p.person()},
		}
	case 4:
		return "c1", &workflow.LogWatch{Date: p.day(-1, 0), Note: p.note(50)}
	case 5:
		if p.chance(20) {
			return "M", &workflow.AdoptService{From: p.day(0, 30), End: p.chance(10)}
		}
	}
	return by, &workflow.FallDue{What: workflow.ItemTicket, Record: "T1", At: p.now}
}

// sortedRefs are the refs of records in order, so that a seed always draws the same.
func sortedRefs(all map[ref]workflow.Record) []ref {
	refs := make([]ref, 0, len(all))
	for r := range all {
		refs = append(refs, r)
	}
	slices.SortFunc(refs, func(a, b ref) int {
		return cmp.Or(cmp.Compare(a.Collection, b.Collection), cmp.Compare(a.ID, b.ID))
	})
	return refs
}
