package scenario

import (
	"maps"
	"slices"

	"github.com/lunpai/lunpai/workflow"
)

// deskOnly is the policy of an office that has a service desk and no line.
const deskOnly = "p3"

// hasDesk reports whether the scenario has anything to do with a service desk: then whoever it
// names is on the staff.
func (sc *Scenario) hasDesk() bool {
	return sc.Policy == deskOnly || sc.Given.Service != nil ||
		slices.ContainsFunc(sc.Steps, func(s Step) bool { return s.Do == "service_adopt" })
}

// preset is the policy of the line: an office with a service desk alone has a line of nobody.
func (sc *Scenario) preset() (workflow.Policy, bool) {
	if sc.Policy == deskOnly {
		return workflow.P1(), true
	}
	return workflow.Preset(sc.Policy)
}

// service is the service desk of the office from its first day on; nil when it has none.
func (sc *Scenario) service() *workflow.AdoptService {
	if sc.Policy != deskOnly && sc.Given.Service == nil {
		return nil
	}
	c := &workflow.AdoptService{From: workflow.Date(sc.Date)}
	parameters := without(sc.Given.Service, "holidays")
	if len(parameters) > 0 {
		c.Parameters = parameters
	}
	days := asList(sc.Given.Service["holidays"])
	if sc.Policy == deskOnly {
		days = append(days, sc.Given.Holidays...)
	}
	if len(days) > 0 {
		holidays := []workflow.Date{}
		for _, d := range days {
			holidays = append(holidays, workflow.Date(d))
		}
		c.Holidays = &holidays
	}
	if len(sc.Given.Areas) > 0 {
		areas := []workflow.Area{}
		for _, code := range slices.Sorted(maps.Keys(sc.Given.Areas)) {
			a := sc.Given.Areas[code]
			areas = append(areas, workflow.Area{
				Code: workflow.AreaCode(code), Leader: staff(a.Leader), Deputy: staff(a.Deputy),
			})
		}
		c.Areas = &areas
	}
	return c
}

// employees are the people whom a scenario with a service desk names beside those who sell.
func (sc *Scenario) employees() []string {
	names := slices.Concat(sc.Given.Employees, sc.Given.TechStaff,
		slices.Collect(maps.Keys(sc.Given.Departments)), slices.Collect(maps.Keys(sc.Given.Away)))
	for n, r := range sc.Given.Roles {
		if contains(workflow.Hat("").Words(), r) || r == string(workflow.RoleEmployee) {
			names = append(names, n)
		}
	}
	for _, a := range sc.Given.Areas {
		names = append(names, a.Leader, a.Deputy)
	}
	for i := range sc.Steps {
		s := &sc.Steps[i]
		for _, k := range []string{"by", "about", "who", "staff"} {
			names = append(names, s.people(k)...)
		}
	}
	return slices.Compact(sorted(names))
}

func contains(words []string, w string) bool { return slices.Contains(words, w) }

// functions are the department and the hats of a label.
func (sc *Scenario) functions(label string) (dep workflow.Department, hats []workflow.Hat) {
	dep = workflow.Department(sc.Given.Departments[label])
	if slices.Contains(sc.Given.TechStaff, label) {
		dep = workflow.TechService
	}
	if r := sc.Given.Roles[label]; contains(workflow.Hat("").Words(), r) {
		hats = []workflow.Hat{workflow.Hat(r)}
	}
	return dep, hats
}

// addEmployees appends those who are not listed yet, and gives everybody his functions.
func (sc *Scenario) addEmployees(all []workflow.NewStaff) []workflow.NewStaff {
	if !sc.hasDesk() {
		return all
	}
	for _, n := range sc.employees() {
		listed := func(x workflow.NewStaff) bool { return string(x.Staff) == n }
		if n != "" && n != "front_desk" && !slices.ContainsFunc(all, listed) {
			all = append(all, workflow.NewStaff{Staff: staff(n), Role: workflow.RoleEmployee})
		}
	}
	for i := range all {
		all[i].Department, all[i].Hats = sc.functions(string(all[i].Staff))
	}
	return all
}

// deskActor is who gives a command of the service desk that the step gives nobody to: the ticket's
// holder, or somebody of the department or the hat that it belongs to. Where nobody has that, the
// manager acts.
func (sc *Scenario) deskActor(cmd workflow.Command, v *View) string {
	if t := v.Tickets[string(ticketOf(cmd))]; t != nil {
		return string(t.Holder)
	}
	switch c := cmd.(type) {
	case *workflow.DeliverProject, *workflow.FollowUpProject, *workflow.RetireProject,
		*workflow.MarkNeed, *workflow.SetWatch:
		return sc.somebodyOf(workflow.CustomerService, "")
	case *workflow.FeedBackFault:
		return sc.somebodyOf("", workflow.TechHead)
	case *workflow.OpenArbitration:
		return sc.somebodyOf(c.Lead, "")
	case *workflow.ConfirmArbitration:
		return sc.somebodyOf(workflow.GeneralOffice, "")
	}
	return ""
}

// ticketOf is the ticket that a command is about; empty when it is about none.
func ticketOf(cmd workflow.Command) workflow.RecordID {
	switch c := cmd.(type) {
	case *workflow.RecordTicket:
		return c.Ticket
	case *workflow.HandTicket:
		return c.Ticket
	case *workflow.EscalateTicket:
		return c.Ticket
	case *workflow.CallAgain:
		return c.Ticket
	case *workflow.ResolveTicket:
		return c.Ticket
	case *workflow.SubmitSlip:
		return c.Ticket
	case *workflow.CloseTicket:
		return c.Ticket
	}
	return ""
}

// somebodyOf is the first of a department or with a hat; the manager where there is nobody.
func (sc *Scenario) somebodyOf(dep workflow.Department, hat workflow.Hat) string {
	for _, n := range sc.employees() {
		d, hats := sc.functions(n)
		if dep != "" && d == dep || hat != "" && slices.Contains(hats, hat) {
			return n
		}
	}
	for _, n := range slices.Sorted(maps.Keys(sc.Given.Roles)) {
		if sc.Given.Roles[n] == string(workflow.RoleManager) {
			return n
		}
	}
	return ""
}
