package scenario

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// order is one command of a step and who gives it.
type order struct {
	by  string // staff label; "" is the front desk
	cmd workflow.Command
}

type (
	staff    = workflow.StaffID
	visitID  = workflow.VisitID
	customer = workflow.CustomerID
)

// orders translates a step into commands, in order. known tells whether a customer has a record.
func (s *Step) orders(known func(string) bool) ([]order, error) { //nolint:gocyclo // one switch over the verbs of the format
	by, v, who := s.str("by"), visitID(s.str("visit")), staff(s.str("who"))
	one := func(c workflow.Command) ([]order, error) { return []order{{by, c}}, nil }
	switch s.Do {
	case "arrive":
		return one(&workflow.ArriveVisit{Visit: v})
	case "identify":
		return one(&workflow.IdentifyVisit{Visit: v, Identity: s.identity(known)})
	case "receive":
		id := s.identity(known)
		if s.has("to") || s.has("concurrent") || s.has("stand_in") || s.has("by") { // more than the rules alone decide
			return []order{{"", &workflow.ArriveVisit{Visit: v, Identify: &id}}, {by, s.assign(v)}}, nil
		}
		return one(&workflow.ArriveVisit{Visit: v, Identify: &id, Assign: true})
	case "recognise":
		return one(&workflow.RecogniseVisit{Visit: v, Who: who, Customer: customer(s.str("customer"))})
	case "assign":
		return one(s.assign(v))
	case "reidentify":
		return one(&workflow.ReidentifyVisit{Visit: v, Identity: s.identity(known)})
	case "finish":
		return one(s.serve(v))
	case "register":
		return one(&workflow.RegisterVisit{Visit: v, Matches: customer(s.str("matches")), Customer: customer("c:" + string(v)), Topic: s.topic()})
	case "complete":
		return one(&workflow.RegisterVisit{Visit: v, Serve: s.serve(v), Matches: customer(s.str("matches")), Customer: customer("c:" + string(v))})
	case "abandon":
		return one(&workflow.AbandonVisit{Visit: v, Reason: code(s.str("reason"))})
	case "merge":
		return one(&workflow.MergeVisit{Visit: v, Into: visitID(s.str("into"))})
	case "change":
		return one(&workflow.ChangeLead{Visit: v, To: staff(s.str("to")), Reason: s.str("reason")})
	case "handover":
		return one(&workflow.HandOver{Visit: v, To: staff(s.str("to"))})
	case "assist_add":
		return one(&workflow.AddAssistant{Visit: v, Who: who})
	case "leave":
		return one(&workflow.Leave{Who: who, Reason: presence(s.str("reason")), OrderedBy: staff(s.str("ordered_by"))})
	case "return":
		return one(&workflow.Return{Who: who})
	case "busy":
		return one(&workflow.Busy{Who: who, With: workflow.Presence(s.str("with")), OrderedBy: staff(s.str("ordered_by"))})
	case "free":
		return one(&workflow.Free{Who: who})
	case "makeup":
		return one(&workflow.GrantMakeUp{Unit: workflow.UnitID(who), Position: s.num("position"), Reason: code(s.str("reason"))})
	case "reorder":
		return one(&workflow.Reorder{Line: units(s.list("line")), Reason: code(s.str("reason"))})
	case "event_start":
		return one(&workflow.StartEvent{Order: units(s.list("order"))})
	case "event_end":
		return one(&workflow.EndEvent{})
	case "day_close":
		return one(&workflow.CloseDay{})
	case "day_open":
		return one(&workflow.OpenDay{Date: workflow.Date(s.str("date")), Away: staffList(s.list("away_today"))})
	case "follow_up":
		return one(&workflow.RecordFollowUp{Customer: customer(s.str("customer")), By: staff(by), Unreached: s.has("reached") && !s.flag("reached")})
	case "deal":
		return one(&workflow.RecordDeal{Customer: customer(s.str("customer")), Status: workflow.CustomerStatus(s.str("status"))})
	case "cover":
		return one(&workflow.CoverCustomer{Customer: customer(s.str("customer")), To: staff(s.str("to"))})
	case "reassign":
		return one(&workflow.ReassignCustomer{Customer: customer(s.str("customer")), To: staff(s.str("to"))})
	case "call":
		return one(&workflow.TakeCall{Call: s.id("call"), For: staff(s.str("for")), Customer: s.caller(known)})
	case "card_given":
		return one(&workflow.GiveCard{Card: s.id("card"), Customer: customer(s.str("customer")), By: staff(by), Consent: s.flag("consent"), Requested: s.flag("requested_by_customer")})
	case "approval_request":
		return one(&workflow.RequestApproval{Approval: workflow.RecordID(s.str("id")), Subject: s.str("kind"), By: staff(by)})
	case "approval_decide":
		return one(&workflow.DecideApproval{Approval: workflow.RecordID(s.str("id")), Grant: s.flag("grant")})
	case "dispute":
		return one(&workflow.OpenDispute{Dispute: s.id("dispute"), Customer: customer(s.str("customer")), Claimants: staffList(s.list("claimants"))})
	case "ruling":
		return one(&workflow.MakeRuling{Ruling: s.id("ruling")})
	case "conduct_note":
		return one(&workflow.NoteConduct{Conduct: s.id("conduct"), Rule: s.str("rule"), Who: who})
	case "checklist_done":
		return one(&workflow.CompleteCheck{Check: s.id("check"), Visit: v, Item: code(s.str("item")), By: staff(by)})
	case "desk_view":
		return nil, nil
	case "seat_vacant":
		return one(&workflow.VacateSeat{Vacancy: s.id("vacancy")})
	case "notify":
		return one(&workflow.NotifySeat{From: staff(s.str("from")), To: staff(s.str("to"))})
	case "seat_filled":
		return []order{{"", &workflow.FillSeat{By: staff(by)}}}, nil
	case "vacancy_check":
		return one(&workflow.CheckVacancy{})
	case "roster_add":
		return one(&workflow.ChangeRoster{Add: []workflow.Unit{{ID: workflow.UnitID(who)}}})
	}
	return nil, fmt.Errorf("verb %q is not known", s.Do)
}

// id makes an id for a record that the format does not name.
func (s *Step) id(kind string) workflow.RecordID {
	return workflow.RecordID(fmt.Sprintf("%s:%d", kind, s.Number))
}

// caller is the customer of a call, if the office knows him.
func (s *Step) caller(known func(string) bool) customer {
	if k := s.str("customer"); known(k) {
		return customer(k)
	}
	return ""
}

func (s *Step) identity(known func(string) bool) workflow.Identity {
	k := s.str("customer")
	id := workflow.Identity{
		Kind: workflow.VisitKind(s.str("kind")), Customer: customer(k), NewCustomer: k != "" && !known(k),
		Named: staff(s.str("named")), BroughtBy: customer(s.str("brought_by")), Appointment: staff(s.str("appointment")),
		Delegate: staff(s.str("delegate")), Groups: s.num("groups"), Party: s.num("party"), Purpose: code(s.str("purpose")),
	}
	return id
}

func (s *Step) assign(v visitID) *workflow.AssignVisit {
	c := &workflow.AssignVisit{Visit: v, To: staff(s.str("to")), Concurrent: s.flag("concurrent"), Reason: code(s.str("reason"))}
	if m, ok := s.Args["stand_in"].(map[string]any); ok {
		c.StandIn = &workflow.StandInFor{For: staff(fmt.Sprint(m["for"])), By: staff(fmt.Sprint(m["by"]))}
	}
	return c
}

func (s *Step) topic() workflow.Topic { return workflow.Topic(s.str("topic")) }

func (s *Step) serve(v visitID) *workflow.ServeVisit {
	return &workflow.ServeVisit{Visit: v, Topic: s.topic(), ExplainedTo: staff(s.str("explained_to"))}
}

func presence(reason string) workflow.Presence {
	if reason == "company" {
		return workflow.CompanyDuty
	}
	return workflow.Presence(reason)
}

// code makes a reason code of a word or a sentence; free text has no place in the journal.
func code(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	if strings.ContainsFunc(s, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_' }) || len(s) > 40 {
		return "other"
	}
	return s
}

func units(ss []string) []workflow.UnitID {
	out := make([]workflow.UnitID, len(ss))
	for i, s := range ss {
		out[i] = workflow.UnitID(s)
	}
	return out
}

func staffList(ss []string) []staff {
	out := make([]staff, len(ss))
	for i, s := range ss {
		out[i] = staff(s)
	}
	return out
}

// setUp is the office of a scenario before its first step: the site with its staff, its customers and who is away.
func (sc *Scenario) setUp() ([]order, error) {
	p, ok := workflow.Preset(sc.Policy)
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
		c.Hours[i] = workflow.DayHours{From: workflow.Clock(sc.Given.Hours[0]), To: workflow.Clock(sc.Given.Hours[1])}
	}
	for _, h := range sc.Given.Holidays {
		c.Holidays = append(c.Holidays, workflow.Date(h))
	}
	for _, d := range sc.Given.Duty {
		c.Duty = append(c.Duty, workflow.DutyShift{From: workflow.Clock(d.From), To: workflow.Clock(d.To), Staff: staff(d.Staff)})
	}
	c.Staff = sc.staff()
	out := []order{{"", c}}
	names := make([]string, 0, len(sc.Given.Customers))
	for k := range sc.Given.Customers {
		names = append(names, k)
	}
	loc, err := time.LoadLocation(sc.Zone)
	if err != nil {
		return nil, fmt.Errorf("zone: %w", err)
	}
	for _, k := range sorted(names) {
		g := sc.Given.Customers[k]
		i := &workflow.ImportCustomer{Customer: customer(k), Owner: staff(g.Owner), Status: workflow.CustomerStatus(g.Status)}
		if i.Status == "" {
			i.Status = workflow.StatusRegistered
		}
		if g.LastContact != "" {
			t, err := time.ParseInLocation(time.DateOnly, g.LastContact, loc)
			if err != nil {
				return nil, fmt.Errorf("last_contact of %s: %w", k, err)
			}
			i.LastContactAt = t.UTC()
		}
		out = append(out, order{"", i})
	}
	out = append(out, order{"", &workflow.OpenDay{Date: workflow.Date(sc.Date)}})
	away := make([]string, 0, len(sc.Given.Away))
	for s := range sc.Given.Away {
		away = append(away, s)
	}
	for _, s := range sorted(away) {
		switch p := presence(sc.Given.Away[s]); p {
		case workflow.Chores, workflow.LeaderTask:
			out = append(out, order{"", &workflow.Busy{Who: staff(s), With: p}})
		default:
			out = append(out, order{"", &workflow.Leave{Who: staff(s), Reason: p}})
		}
	}
	return out, nil
}

// staff are the consultants of the line, the members of teams, the people with a role, and consultants whom later steps
// name without a place.
func (sc *Scenario) staff() []workflow.NewStaff {
	var out []workflow.NewStaff
	seen := map[string]bool{}
	add := func(name string, role workflow.Role, team string, off bool) {
		if name != "" && !seen[name] {
			seen[name] = true
			out = append(out, workflow.NewStaff{Staff: staff(name), Role: role, Team: workflow.UnitID(team), OffRoster: off})
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
		if s.Do == "roster_add" {
			add(s.str("who"), workflow.RoleConsultant, "", true)
		}
	}
	return out
}

// actor is who gives a command of a step: whom the step names, or the front desk. A change on the customer's demand and a
// dispute name nobody in the format; the front desk may do neither, so a supervisor does it, or a manager.
func (sc *Scenario) actor(o order) string {
	if o.by != "" {
		return o.by
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
	if r, ok := sc.Given.Roles[label]; ok {
		return workflow.Role(r)
	}
	if slices.Contains(workflow.Roles, workflow.Role(label)) {
		return workflow.Role(label)
	}
	return workflow.RoleConsultant
}
