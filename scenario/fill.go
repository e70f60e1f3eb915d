package scenario

import (
	"fmt"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// This file is what verbs do beyond filling members of the same name: with the command, and with
// the request's body.

// receives is arrival, first question and assignment: one command, or two if the rules alone do not
// decide.
func receives() verb {
	v := does("POST", "/visits", nil, arrival)
	v.orders = func(s *Step, k known) ([]order, error) {
		id := workflow.Identity{}
		if err := s.into(&id); err != nil {
			return nil, err
		}
		id.NewCustomer = id.Customer != "" && !k(string(id.Customer))
		a := &workflow.ArriveVisit{Visit: visitID(s.str("visit")), Identify: &id, Assign: true}
		if !s.has("to") && !s.has("concurrent") && !s.has("stand_in") && !s.has("by") {
			return []order{{"", s.role(), a}}, nil
		}
		a.Assign = false
		c := &workflow.AssignVisit{}
		if err := s.into(c); err != nil {
			return nil, err
		}
		return []order{{cmd: a}, {s.str("by"), s.role(), c}}, nil
	}
	return v
}

func identify(_ *Step, k known, c *workflow.IdentifyVisit) {
	c.NewCustomer = c.Customer != "" && !k(string(c.Customer))
}

func reidentify(_ *Step, k known, c *workflow.ReidentifyVisit) {
	c.NewCustomer = c.Customer != "" && !k(string(c.Customer))
}

func register(_ *Step, _ known, c *workflow.RegisterVisit) { c.Customer = customer("c:" + c.Visit) }

func complete(s *Step, k known, c *workflow.RegisterVisit) {
	register(s, k, c)
	c.Serve = &workflow.ServeVisit{
		Visit: c.Visit, Topic: c.Topic,
		ExplainedTo: staff(s.str("explained_to")),
	}
	c.Topic = ""
}

func leave(_ *Step, _ known, c *workflow.Leave) { c.Reason = presence(string(c.Reason)) }

func planAbsence(_ *Step, _ known, c *workflow.PlanAbsence) {
	c.Reason = presence(string(c.Reason))
}

func presence(reason string) workflow.Presence {
	if reason == "company" {
		return workflow.CompanyDuty
	}
	return workflow.Presence(reason)
}

func makeUp(s *Step, _ known, c *workflow.GrantMakeUp) { c.Unit = workflow.UnitID(s.str("who")) }

func openDay(s *Step, _ known, c *workflow.OpenDay) {
	for _, who := range s.list("away_today") {
		c.Away = append(c.Away, staff(who))
	}
}

func rosterAdd(s *Step, _ known, c *workflow.ChangeRoster) {
	u := workflow.Unit{ID: workflow.UnitID(s.str("who"))}
	for _, m := range s.list("members") {
		u.Type = workflow.TeamUnit
		u.Members = append(u.Members, staff(m))
	}
	c.Add = []workflow.Unit{u}
}

func rosterRemove(s *Step, _ known, c *workflow.ChangeRoster) {
	c.Remove = []workflow.UnitID{workflow.UnitID(s.str("who"))}
}

func staffAdd(s *Step, _ known, c *workflow.AddStaff) {
	c.Staff = staff(s.str("who"))
	if c.Role == "" {
		c.Role = workflow.RoleConsultant
	}
}

func staffBody(_ *Remote, c *workflow.AddStaff, body map[string]any) {
	delete(body, "staff")
	body["id"] = c.Staff
}

func staffChange(s *Step, _ known, c *workflow.ChangeStaff) { c.Staff = staff(s.str("who")) }

// adopt is the policy with the named parameters changed; the others are the policy's own.
func adopt(s *Step) (workflow.Command, error) {
	p, ok := workflow.Preset(s.str("policy"))
	if !ok {
		return nil, fmt.Errorf("policy %q is not known: p1 or p2", s.str("policy"))
	}
	values, _ := s.Args["parameters"].(map[string]any)
	if err := p.Fill(values); err != nil {
		return nil, err
	}
	return &workflow.AdoptPolicy{From: workflow.Date(s.str("from")), Policy: p}, nil
}

func adoptBody(_ *Remote, c *workflow.AdoptPolicy, body map[string]any) {
	body["policy"] = c.Policy.Preset
	if values := changed(&c.Policy); len(values) > 0 {
		body["parameters"] = values
	}
}

func importCustomer(s *Step) (workflow.Command, error) {
	c := Customer{s.str("owner"), s.str("last_contact"), s.str("status")}
	return c.command(s.str("customer"), s.Zone)
}

func appoint(s *Step) (workflow.Command, error) {
	at, err := s.when()
	return &workflow.MakeAppointment{
		Appointment: workflow.RecordID(s.str("appointment")), With: staff(s.str("with")),
		Customer: customer(s.str("customer")), At: at,
		Channel: workflow.AppointmentChannel(s.str("channel")),
	}, err
}

func appointChange(s *Step) (workflow.Command, error) {
	c := &workflow.ChangeAppointment{
		Appointment: workflow.RecordID(s.str("appointment")), With: staff(s.str("with")),
	}
	if !s.has("when") {
		return c, nil
	}
	var err error
	c.At, err = s.when()
	return c, err
}

// when is the moment that a step speaks of, which is not its own.
func (s *Step) when() (time.Time, error) {
	loc, err := time.LoadLocation(s.Zone)
	if err != nil {
		return time.Time{}, fmt.Errorf("zone: %w", err)
	}
	t, err := time.ParseInLocation("2006-01-02 15:04", s.str("when"), loc)
	if err != nil {
		return time.Time{}, fmt.Errorf("when: %w", err)
	}
	return t.UTC(), nil
}

func followUp(s *Step, _ known, c *workflow.RecordFollowUp) {
	c.Unreached = s.has("reached") && !s.flag("reached")
}

func call(_ *Step, k known, c *workflow.TakeCall) {
	if !k(string(c.Customer)) { // a caller the office does not know
		c.Customer = ""
	}
}

func approval(s *Step, _ known, c *workflow.RequestApproval) {
	c.Approval, c.Subject = workflow.RecordID(s.str("id")), s.str("kind")
}

func approvalDecided(s *Step, _ known, c *workflow.DecideApproval) {
	c.Approval = workflow.RecordID(s.str("id"))
}

func arrival(r *Remote, c *workflow.ArriveVisit, body map[string]any) {
	delete(body, "visit")
	if c.IfFree {
		delete(body, "if_free")
		body["assign"] = "if_free"
	}
	if id, ok := body["identify"].(map[string]any); ok {
		r.person(c.Identify, id)
	}
}

func identification(r *Remote, c *workflow.IdentifyVisit, body map[string]any) {
	r.person(&c.Identity, body)
}

func reidentification(r *Remote, c *workflow.ReidentifyVisit, body map[string]any) {
	r.person(&c.Identity, body)
}

// person sends a phone number for a customer who has no record yet: the service creates the record.
func (r *Remote) person(id *workflow.Identity, body map[string]any) {
	if id.NewCustomer {
		delete(body, "customer")
		delete(body, "new_customer")
		body["person"] = map[string]any{"phone": phone(r.site + string(id.Customer))}
	}
}

// registration puts the members of the end of the reception beside the others, as the service takes
// them.
func registration(_ *Remote, c *workflow.RegisterVisit, body map[string]any) {
	delete(body, "customer")
	if served, ok := body["serve"].(map[string]any); ok {
		body["serve"] = true
		for k, v := range served {
			if k != "visit" {
				body[k] = v
			}
		}
	}
}

// reassignAll leaves out the customers: a service finds them itself.
func reassignAll(_ *Remote, _ *workflow.ReassignCustomers, body map[string]any) {
	delete(body, "customers")
}

// appointmentBody: a service makes the id, and a time that is missing would be refused.
func appointmentBody(_ *Remote, _ *workflow.MakeAppointment, body map[string]any) {
	delete(body, "appointment")
}

func approvalBody(_ *Remote, c *workflow.RequestApproval, body map[string]any) {
	delete(body, "approval")
	delete(body, "subject")
	body["kind"] = c.Subject
}

func rulingBody(_ *Remote, _ *workflow.MakeRuling, body map[string]any) {
	delete(body, "ruling")
	body["text"] = "as spoken"
}

func imported(r *Remote, c *workflow.ImportCustomer, body map[string]any) {
	delete(body, "customer")
	body["person"] = map[string]any{"phone": phone(r.site + string(c.Customer))}
}
