package workflow_test

import (
	"slices"
	"strings"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// next draws a command and who gives it: mostly somebody who may.
func (g *generator) next() step {
	cmd := g.command()
	role := pick(g, workflow.Roles...)
	if !g.chance(5) {
		var may []workflow.Role
		for _, r := range workflow.Roles {
			if ok, _ := workflow.MayCommand(cmd.About().Kind, r); ok {
				may = append(may, r)
			}
		}
		role = workflow.RoleSystem // for what is due and no key may give
		if len(may) > 0 {
			role = pick(g, may...)
		}
	}
	who := map[workflow.Role]workflow.StaffID{
		workflow.RoleSupervisor: "S",
		workflow.RoleManager:    "M", workflow.RoleShiftLeader: "L",
	}[role]
	if role == workflow.RoleConsultant {
		who = g.who()
		if x := g.visitOf(cmd); x != nil && g.chance(80) {
			who = x.Server
			if _, ok := cmd.(*workflow.ReturnTurn); ok {
				who = x.ExplainedTo
			}
		}
	}
	return step{at: g.now, by: actor(role, who), cmd: cmd}
}

// visitOf is the visit that a consultant's own step is about; nil for other commands.
func (g *generator) visitOf(cmd command) *visit {
	var id workflow.VisitID
	switch c := cmd.(type) {
	case *workflow.RegisterVisit:
		id = c.Visit
	case *workflow.ServeVisit:
		id = c.Visit
	case *workflow.ReidentifyVisit:
		id = c.Visit
	case *workflow.ReturnTurn:
		id = c.Visit
	}
	v, _ := g.all[workflow.VisitRef(id)].(*visit)
	return v
}

// command draws what is done. The weights keep the floor busy: visitors come, are received and
// leave.
func (g *generator) command() command { //nolint:gocyclo // one switch over the commands
	switch n := g.between(0, 99); {
	case n < 16:
		id := g.identity()
		return &workflow.ArriveVisit{
			Visit: workflow.VisitID(g.id("V")), Identify: &id,
			Assign: true, IfFree: g.between(0, 2) == 0,
		}
	case n < 21:
		id := g.identity()
		return &workflow.ArriveVisit{Visit: workflow.VisitID(g.id("V")), Identify: &id}
	case n < 23:
		return &workflow.ArriveVisit{Visit: workflow.VisitID(g.id("V")), Party: g.between(-1, 9)}
	case n < 24:
		return &workflow.IdentifyVisit{
			Visit:    g.in(workflow.Arrived, workflow.Identified),
			Identity: g.identity(),
		}
	case n < 26:
		return &workflow.RecogniseVisit{
			Visit: g.in(workflow.Arrived), Who: g.anyone(),
			Customer: g.customer(50),
		}
	case n < 34:
		return g.assign()
	case n < 43:
		return &workflow.ServeVisit{
			Visit: g.in(workflow.Assigned), Topic: g.topic(),
			ExplainedTo: g.maybe(20),
		}
	case n < 51:
		return &workflow.RegisterVisit{
			Visit: g.in(workflow.Served), Topic: g.topic(),
			Matches: g.customer(6),
		}
	case n < 57:
		v := g.in(workflow.Assigned)
		return &workflow.RegisterVisit{
			Visit:    v,
			Serve:    &workflow.ServeVisit{Visit: v, Topic: g.topic()},
			Customer: workflow.CustomerID(g.id("c")),
		}
	case n < 60:
		return &workflow.AbandonVisit{Visit: g.in(workflow.Arrived, workflow.Identified,
			workflow.Assigned), Reason: pick(g, "", "left")}
	case n < 63:
		return &workflow.MergeVisit{
			Visit: g.in(workflow.Arrived, workflow.Assigned),
			Into:  g.in(workflow.Assigned),
		}
	case n < 64:
		if g.chance(50) {
			return &workflow.WithdrawAssignment{Visit: g.in(workflow.Assigned)}
		}
		return &workflow.ReturnTurn{Visit: g.claimed()}
	case n < 66:
		return &workflow.ReidentifyVisit{Visit: g.in(workflow.Assigned), Identity: g.identity()}
	case n < 68:
		return &workflow.ChangeLead{
			Visit: g.in(workflow.Assigned), To: g.anyone(),
			Reason: pick(g, "customer_demand", "customer_demand", "lunch"),
		}
	case n < 70:
		return g.handOver()
	case n < 71:
		return &workflow.ReleaseAssistant{Visit: g.in(workflow.Assigned), Who: g.anyone()}
	case n < 73:
		return &workflow.AddAssistant{Visit: g.in(workflow.Assigned), Who: g.anyone()}
	case n < 88:
		return g.presence(n)
	default:
		return g.other()
	}
}

// claimed is a visit of which the receiver reported what would give the turn back, or any.
func (g *generator) claimed() workflow.VisitID {
	vs := g.visits(func(v *visit) bool { return v.TurnClaim != nil })
	if len(vs) == 0 {
		return g.in(workflow.Assigned)
	}
	slices.SortFunc(vs, func(a, b *visit) int { return strings.Compare(a.ID, b.ID) })
	return workflow.VisitID(pick(g, vs...).ID)
}

func (g *generator) presence(n int) command {
	who := g.anyone()
	away := g.full.Rota().Absent
	back := func() workflow.StaffID {
		if len(away) == 0 {
			return who
		}
		return pick(g, away...).Staff
	}
	switch {
	case n < 74:
		reason := pick(g, workflow.Personal, workflow.OnLeave, workflow.DayOff,
			workflow.CompanyDuty, workflow.Chores)
		return &workflow.Leave{Who: who, Reason: reason, OrderedBy: g.maybe(10)}
	case n < 75:
		plan := &workflow.PlanAbsence{
			Who: who, From: g.day(-1, 4), OrderedBy: pick[workflow.StaffID](g, "", "S"),
			Reason: pick(g, workflow.Personal, workflow.OnLeave, workflow.CompanyDuty),
		}
		if g.chance(50) {
			plan.Until = plan.From.AddDays(g.between(-1, 3))
		}
		return plan
	case n < 76:
		for _, s := range g.full.Staff() {
			if len(s.Planned) > 0 && g.chance(50) {
				return &workflow.CancelAbsence{Who: s.Staff, From: s.Planned[0].From}
			}
		}
		return &workflow.CancelAbsence{Who: who, From: g.day(0, 3)}
	case n < 78:
		return &workflow.Return{Who: back()}
	case n < 80:
		return &workflow.Busy{
			Who: who, OrderedBy: pick[workflow.StaffID](g, "", "S"), Customer: g.customer(10),
			With: pick(g, workflow.Chores, workflow.LeaderTask, workflow.Helping),
		}
	case n < 83:
		return &workflow.Free{Who: back()}
	}
	r := g.full.Rota()
	if n < 86 && len(r.MakeUps) > 0 {
		return &workflow.GrantMakeUp{Unit: pick(g, r.MakeUps...).Unit, Position: g.between(0, 4)}
	}
	order := r.Order()
	g.rng.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	return &workflow.Reorder{Line: order, Reason: pick(g, "fairness", "fairness", "")}
}

func (g *generator) other() command {
	r := g.full.Rota()
	switch pick(g, "open", "close", "event", "end", "roster", "deal", "follow", "reassign", "call",
		"appointment",
		"vacate", "notify", "fill", "policy", "staff", "matter", "matter") {
	case "open":
		c := &workflow.OpenDay{}
		if g.chance(30) {
			c.Away = []workflow.StaffID{g.who()}
		}
		return c
	case "close":
		return &workflow.CloseDay{}
	case "event":
		var order []workflow.UnitID
		for _, u := range r.Units {
			if g.chance(60) {
				order = append(order, u.ID)
			}
		}
		return &workflow.StartEvent{Order: order}
	case "roster":
		if len(r.Units) > 1 && g.chance(60) {
			return &workflow.ChangeRoster{Remove: []workflow.UnitID{pick(g, r.Units...).ID}}
		}
		return &workflow.ChangeRoster{Add: []workflow.Unit{{ID: workflow.UnitID(g.anyone())}}}
	case "deal":
		return &workflow.RecordDeal{
			Customer: g.customer(95),
			Status:   pick(g, workflow.CustomerStatuses...),
		}
	case "follow":
		return &workflow.RecordFollowUp{
			Customer: g.customer(95), By: g.maybe(50),
			Unreached: g.chance(30),
		}
	case "reassign":
		if g.chance(30) {
			return &workflow.ReassignCustomers{
				From: g.anyone(), To: []workflow.StaffID{g.anyone()},
				Customers: []workflow.CustomerID{g.customer(95), g.customer(95)},
			}
		}
		return &workflow.ReassignCustomer{Customer: g.customer(95), To: g.anyone()}
	case "appointment":
		return g.appointment()
	case "call":
		return &workflow.TakeCall{Call: workflow.RecordID(g.id("call")), For: g.maybe(60)}
	case "vacate":
		return &workflow.VacateSeat{Vacancy: workflow.RecordID(g.id("vacancy"))}
	case "notify":
		return &workflow.NotifySeat{From: g.anyone(), To: g.anyone()}
	case "fill":
		return &workflow.FillSeat{By: g.anyone()}
	case "matter":
		return g.matter()
	case "policy":
		return &workflow.AdoptPolicy{From: g.day(0, 2), Policy: g.policy()}
	case "staff":
		active := g.chance(60)
		return &workflow.ChangeStaff{Staff: g.anyone(), Active: &active}
	}
	return &workflow.EndEvent{}
}

// matter is what an office records beside visits.
func (g *generator) matter() command {
	id := workflow.RecordID(g.id("record"))
	switch g.between(0, 12) {
	case 0:
		return &workflow.RequestApproval{
			Approval: id,
			Subject:  pick(g, "discount", "engineering", "weather"), By: g.maybe(50),
		}
	case 1:
		for _, m := range g.full.Matters() {
			if a, ok := m.(*workflow.Approval); ok {
				return &workflow.DecideApproval{
					Approval: workflow.RecordID(a.ID),
					Grant:    g.chance(50),
				}
			}
		}
		return &workflow.DecideApproval{Approval: id}
	case 2:
		return &workflow.OpenDispute{
			Dispute: id, Customer: g.customer(90),
			Claimants: []workflow.StaffID{g.anyone()},
		}
	case 3:
		return &workflow.MakeRuling{Ruling: id}
	case 4:
		return &workflow.NoteConduct{
			Conduct: id, Rule: pick(g, "P1-31", "P2-13", "P9-99"),
			Who: g.anyone(),
		}
	case 5:
		return &workflow.CompleteCheck{
			Check: id, Item: pick(g, "table_cleaned", ""),
			Visit: g.in(workflow.Served), By: g.maybe(50),
		}
	case 6:
		return &workflow.GiveCard{
			Card: id, Customer: g.customer(90), By: g.anyone(),
			Consent: g.chance(50), Requested: g.chance(50),
		}
	case 7:
		return &workflow.CoverCustomer{Customer: g.customer(90), To: g.anyone()}
	case 8:
		if g.chance(50) {
			return &workflow.RemindWaiting{Visit: g.in(workflow.Arrived, workflow.Identified)}
		}
		return &workflow.CheckVacancy{}
	case 11:
		if g.chance(20) {
			return &workflow.SetPin{Staff: g.maybe(90)}
		}
		if g.chance(40) {
			return &workflow.PairDevice{
				Key: workflow.KeyID(g.id("key")), Device: pick(g, workflow.Devices...),
				Staff: g.maybe(30), Cap: pick(g, append(workflow.Caps, "", "")...),
			}
		}
		return &workflow.MakeKey{
			Key: workflow.KeyID(g.id("key")), Role: pick(g, workflow.Roles...), Staff: g.maybe(60),
		}
	case 12:
		keys := g.full.Keys()
		if len(keys) == 0 {
			return &workflow.RevokeKey{Key: "none"}
		}
		k := workflow.KeyID(pick(g, keys...).ID)
		if g.chance(50) {
			return &workflow.RotateKey{Key: k, Overlap: g.between(-1, 100)}
		}
		return &workflow.RevokeKey{Key: k}
	case 9:
		days := []workflow.Date{g.day(20, 40)}
		return &workflow.ChangeSite{Holidays: &days}
	}
	return &workflow.AddStaff{NewStaff: workflow.NewStaff{
		Staff: workflow.StaffID(g.id("N")),
		Role:  pick(g, workflow.RoleConsultant, workflow.RoleSupervisor, workflow.RoleKiosk),
	}}
}

// appointment makes, changes or calls off an appointment.
func (g *generator) appointment() command {
	at := g.now.Add(time.Duration(g.between(-1, 30)) * time.Hour)
	known := g.full.Expected("", "")
	if len(known) == 0 || g.chance(50) {
		return &workflow.MakeAppointment{
			Appointment: workflow.RecordID(g.id("appointment")), With: g.anyone(),
			Customer: g.customer(60), At: at,
		}
	}
	id := workflow.RecordID(pick(g, known...).ID)
	if g.chance(50) {
		return &workflow.ChangeAppointment{Appointment: id, At: at, With: g.maybe(30)}
	}
	return &workflow.CancelAppointment{Appointment: id}
}

func (g *generator) topic() workflow.Topic {
	return pick[workflow.Topic](g, "", "", workflow.TopicSales, workflow.TopicOther)
}

// customer is somebody the office knows, or nobody.
func (g *generator) customer(percent int) workflow.CustomerID {
	known := slices.Clone(g.customers)
	for _, v := range g.full.OpenVisits() {
		if v.Customer != "" {
			known = append(known, v.Customer)
		}
	}
	if len(known) == 0 || !g.chance(percent) {
		return ""
	}
	return pick(g, known...)
}

// identity draws what the first question brought to light.
func (g *generator) identity() workflow.Identity {
	id := workflow.Identity{Kind: pick(g, append(workflow.VisitKinds, workflow.KindNew,
		workflow.KindNew, workflow.KindReturning)...)}
	id.Named, id.Delegate = g.maybe(20), g.maybe(10)
	switch id.Kind { //nolint:exhaustive // the others bring no customer
	case workflow.KindReturning:
		id.Customer = g.customer(85)
	case workflow.KindReferral:
		id.BroughtBy = g.customer(95)
	case workflow.KindNew:
		id.Appointment, id.Groups = g.maybe(10), g.between(0, 2)
		if g.chance(25) {
			id.Customer, id.NewCustomer = workflow.CustomerID(g.id("K")), true
			g.customers = append(g.customers, id.Customer)
		}
	}
	return id
}

func (g *generator) assign() command {
	c := &workflow.AssignVisit{Visit: g.in(workflow.Identified), Concurrent: g.chance(30)}
	switch n := g.between(0, 9); {
	case n < 2:
		c.To, c.Reason = g.anyone(), pick(g, "language", "language", "")
	case n < 4:
		c.StandIn = &workflow.StandInFor{For: g.anyone(), By: g.anyone()}
	}
	return c
}

func (g *generator) handOver() command {
	for _, v := range g.full.OpenVisits() {
		if v.State == workflow.Assigned && v.ServerRole != workflow.Lead && g.chance(90) {
			return &workflow.HandOver{Visit: workflow.VisitID(v.ID), To: v.Principal}
		}
	}
	return &workflow.HandOver{Visit: g.in(workflow.Assigned), To: g.anyone()}
}
