package scenario

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// order is one command of a step and who gives it.
type order struct {
	by  string        // staff label; "" is the front desk
	as  workflow.Role // of the key; "" is the role that the label has
	cmd workflow.Command
}

type (
	staff    = workflow.StaffID
	visitID  = workflow.VisitID
	customer = workflow.CustomerID
)

// setUp is the office of a scenario before its first step: the site with its staff, its customers
// and who is away.
func (sc *Scenario) setUp() ([]order, error) {
	p, ok := sc.preset()
	if !ok {
		return nil, fmt.Errorf("policy %q is not known", sc.Policy)
	}
	if g := sc.Defaults.VacancyGraceMin; g != nil {
		p.Desk.VacancyGraceMin = *g
	}
	if err := p.Set(sc.Given.Parameters); err != nil {
		return nil, err
	}
	c := &workflow.CreateSite{Site: "office", Zone: sc.Zone, Policy: p}
	for i := range c.Hours {
		c.Hours[i] = sc.Given.Hours.day()
	}
	if sc.Policy != deskOnly { // there they are days that need a watch
		for _, h := range sc.Given.Holidays {
			c.Holidays = append(c.Holidays, workflow.Date(h))
		}
	}
	for _, d := range sc.Given.Duty {
		c.Duty = append(c.Duty, workflow.DutyShift{
			From: workflow.Clock(d.From),
			To:   workflow.Clock(d.To), Staff: staff(d.Staff),
		})
	}
	c.Staff, c.Service = sc.addEmployees(sc.staff()), sc.service()
	out := []order{{cmd: c}}
	names := make([]string, 0, len(sc.Given.Customers))
	for k := range sc.Given.Customers {
		names = append(names, k)
	}
	for _, k := range sorted(names) {
		i, err := sc.Given.Customers[k].command(k, sc.Zone)
		if err != nil {
			return nil, err
		}
		out = append(out, order{cmd: i})
	}
	out = append(out, order{cmd: &workflow.OpenDay{Date: workflow.Date(sc.Date)}})
	away := make([]string, 0, len(sc.Given.Away))
	for s := range sc.Given.Away {
		away = append(away, s)
	}
	for _, s := range sorted(away) {
		switch p := presence(sc.Given.Away[s]); p {
		case workflow.Chores, workflow.LeaderTask:
			out = append(out, order{cmd: &workflow.Busy{Who: staff(s), With: p}})
		default:
			out = append(out, order{cmd: &workflow.Leave{Who: staff(s), Reason: p}})
		}
	}
	return out, nil
}

// command takes the customer over from the paper book.
func (c Customer) command(id, zone string) (*workflow.ImportCustomer, error) {
	i := &workflow.ImportCustomer{
		Customer: customer(id), Owner: staff(c.Owner), Status: workflow.CustomerStatus(c.Status),
	}
	if i.Status == "" {
		i.Status = workflow.StatusRegistered
	}
	if c.LastContact == "" {
		return i, nil
	}
	loc, err := time.LoadLocation(zone)
	if err != nil {
		return nil, fmt.Errorf("zone: %w", err)
	}
	t, err := time.ParseInLocation(time.DateOnly, c.LastContact, loc)
	if err != nil {
		return nil, fmt.Errorf("last_contact of %s: %w", id, err)
	}
	i.LastContactAt = t.UTC()
	return i, nil
}

// staff are the consultants in the line, members of teams, people with a role, and consultants
// without a place whom later steps name.
func (sc *Scenario) staff() []workflow.NewStaff {
	var out []workflow.NewStaff
	seen := map[string]bool{}
	add := func(name string, role workflow.Role, team string, off bool) {
		if name != "" && !seen[name] {
			seen[name] = true
			out = append(out, workflow.NewStaff{
				Staff: staff(name), Role: role,
				Team: workflow.UnitID(team), OffRoster: off,
			})
		}
	}
	for _, u := range sc.Given.Line {
		if members, ok := sc.Given.Teams[u]; ok {
			for _, m := range members {
				add(m, workflow.RoleConsultant, u, false)
			}
			continue
		}
		add(u, workflow.RoleConsultant, "", false)
	}
	names := make([]string, 0, len(sc.Given.Roles))
	for n := range sc.Given.Roles {
		names = append(names, n)
	}
	for _, n := range sorted(names) {
		if r := workflow.Role(sc.Given.Roles[n]); r.StaffRole() {
			add(n, r, "", false)
		}
	}
	for _, s := range sc.Steps {
		if s.Do != "roster_add" {
			continue
		}
		if members := s.list("members"); len(members) > 0 {
			for _, m := range members {
				add(m, workflow.RoleConsultant, "", true)
			}
			continue
		}
		if hired := slices.ContainsFunc(sc.Steps, func(x Step) bool {
			return x.Do == "staff_add" && x.str("who") == s.str("who")
		}); !hired {
			add(s.str("who"), workflow.RoleConsultant, "", true)
		}
	}
	return out
}

// actor is who gives a command of a step: whoever the step names, or the front desk. The format
// names nobody for a change on the customer's demand and for a dispute; the front desk may do
// neither, so a supervisor or a manager does.
func (sc *Scenario) actor(o order, v *View) string {
	if o.by != "" {
		return o.by
	}
	if who := sc.deskActor(o.cmd, v); who != "" {
		return who
	}
	switch o.cmd.(type) {
	case *workflow.ChangeLead, *workflow.OpenDispute:
	default:
		return ""
	}
	for _, want := range []workflow.Role{workflow.RoleSupervisor, workflow.RoleManager} {
		for _, n := range slices.Sorted(maps.Keys(sc.Given.Roles)) {
			if workflow.Role(sc.Given.Roles[n]) == want {
				return n
			}
		}
	}
	return ""
}

// roleOf is the role in which a label acts.
func (sc *Scenario) roleOf(label string) workflow.Role {
	if label == "" {
		return workflow.RoleFrontDesk
	}
	if r, ok := sc.Given.Roles[label]; ok && workflow.Role(r).StaffRole() {
		return workflow.Role(r)
	}
	if slices.Contains(workflow.Roles, workflow.Role(label)) {
		return workflow.Role(label)
	}
	if sc.hasDesk() && !sc.sells(label) {
		return workflow.RoleEmployee
	}
	return workflow.RoleConsultant
}

// sells reports whether a label stands in the line or in a team.
func (sc *Scenario) sells(label string) bool {
	return slices.Contains(sc.Given.Line, label) ||
		slices.ContainsFunc(slices.Collect(maps.Values(sc.Given.Teams)),
			func(members []string) bool { return slices.Contains(members, label) })
}
