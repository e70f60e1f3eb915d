package workflow

import "slices"

// This file takes a visit from the door to the register: arrive, identify, recognise, assign, serve, abandon.

func (c *ArriveVisit) decide(d *draft) *Fault {
	if c.Visit == "" {
		return invalid("visit_missing")
	}
	if _, ok := look[*Visit](d, visitRef(c.Visit)); ok {
		return refused("visit_exists", "", "visit", string(c.Visit))
	}
	if c.Party < 0 || c.Party > maxParty {
		return badParty()
	}
	v := add(d, &Visit{
		Head: Head{ID: string(c.Visit), Site: d.ID, Open: true}, State: Arrived, BusinessDay: d.today, Policy: d.policy.Preset,
		Channel: c.Channel, Party: c.Party, ArrivedAt: d.now, Commits: []int64{},
	})
	d.subject = v.Ref()
	if c.Customer != "" {
		if f := d.takeCustomer(v, c.Customer, c.NewCustomer); f != nil {
			return f
		}
	}
	d.fact(FactVisitArrived, "", v.ID)
	if d.policy.Desk.Guiding {
		d.remind("P2-03", "stand_up", "")
	}
	if c.Identify != nil {
		if f := d.authorise(&IdentifyVisit{}); f != nil {
			return f
		}
		if f := d.identify(c.Visit, c.Identify); f != nil {
			return f
		}
	}
	if c.Assign {
		if f := d.authorise(&AssignVisit{}); f != nil {
			return f
		}
		return d.assignAtOnce(v, c.IfFree)
	}
	return nil
}

// assignAtOnce assigns a visit in the command that announces it. Where nobody may receive the visitor now he waits, if that was
// asked for; else the whole command is refused, and the refusal says that nothing of it was recorded.
func (d *draft) assignAtOnce(v *Visit, ifFree bool) *Fault {
	c := &AssignVisit{Visit: VisitID(v.ID)}
	if v.State != Identified {
		return c.decide(d)
	}
	p, f := d.choose(v, c) // before the step is taken: who waits has not taken it
	switch {
	case f == nil:
		if _, f = d.visit(c.Visit, EventAssign); f == nil {
			d.assign(v, p)
		}
		return f
	case f.Code == "nobody_free" && ifFree:
		d.fact(FactVisitWaits, f.Rule, v.ID, "why", "nobody_free")
		return nil
	case f.Code == "nobody_free":
		return refused("nobody_free", f.Rule, "instead", "if_free")
	case f.Code == "stand_in_forbidden" && ifFree:
		d.fact(FactVisitWaits, f.Rule, v.ID, "why", "stand_in_forbidden", "staff", f.Args["staff"])
		return nil
	case f.Code == "stand_in_forbidden":
		return refused("stand_in_forbidden", f.Rule, "staff", f.Args["staff"], "instead", "if_free")
	}
	return f
}

const maxParty = 500

func badParty() *Fault {
	return invalid("bad_party")
}

// takeCustomer ties a visit to a customer; fresh makes his record.
func (d *draft) takeCustomer(v *Visit, id CustomerID, fresh bool) *Fault {
	c := d.customer(id)
	if c == nil {
		if !fresh {
			return notFound("customer", string(id))
		}
		c = add(d, &Customer{Head: Head{ID: string(id), Site: d.ID}, Status: StatusReceived})
	}
	if f := erased(c); f != nil {
		return f
	}
	v.Customer, v.FirstVisit = id, c.Visits == 0 && c.Owner == ""
	return nil
}

// identify answers the first question (policy 1, art. 12).
func (d *draft) identify(id VisitID, a *Identity) *Fault {
	v, f := d.visit(id, EventIdentify)
	if f != nil {
		return f
	}
	if f := d.takeIdentity(v, a); f != nil {
		return f
	}
	v.IdentifiedAt = d.now
	d.fact(FactVisitIdentified, "P1-12a", v.ID, "kind", string(v.Kind), "customer", string(v.Customer), "named", string(v.Named))
	return nil
}

// takeIdentity checks what was answered and writes it into the visit.
func (d *draft) takeIdentity(v *Visit, a *Identity) *Fault {
	switch {
	case !slices.Contains(VisitKinds, a.Kind):
		return invalid("bad_kind", "kind", string(a.Kind))
	case a.Party < 0 || a.Party > maxParty:
		return badParty()
	case a.Groups < 0 || a.Groups > maxParty:
		return invalid("bad_groups")
	case a.Kind == KindReferral && a.BroughtBy == "":
		return invalid("brought_by_missing")
	case a.BroughtBy != "" && d.customer(a.BroughtBy) == nil:
		return notFound("customer", string(a.BroughtBy))
	}
	for _, s := range []StaffID{a.Named, a.Appointment, a.Delegate} {
		if f := d.consultant(s); s != "" && f != nil {
			return f
		}
	}
	v.Kind, v.Named, v.BroughtBy, v.Appointment, v.Delegate, v.Purpose = a.Kind, a.Named, a.BroughtBy, a.Appointment, a.Delegate, a.Purpose
	if a.Party > 0 {
		v.Party = a.Party
	}
	if a.Groups > 0 {
		v.Groups = a.Groups
	}
	if a.Customer != "" {
		return d.takeCustomer(v, a.Customer, a.NewCustomer)
	}
	v.FirstVisit = v.Customer == "" && v.customerKind() && v.Kind != KindReturning
	return nil
}

// consultant checks that somebody is, or was, a consultant of the site.
func (d *draft) consultant(s StaffID) *Fault {
	if m := d.staffMember(s); m == nil || m.Role != RoleConsultant {
		f := notFound("consultant", string(s))
		f.Class = ClassInvalid
		return f
	}
	return nil
}

// recognise is a consultant's claim at the door (policy 1, art. 14; A16, A17).
func (c *RecogniseVisit) decide(d *draft) *Fault {
	v, f := d.visit(c.Visit, EventRecognise)
	if f != nil {
		return f
	}
	if f := d.consultant(c.Who); f != nil {
		return f
	}
	if !d.onSite(c.Who) || d.unitOf(c.Who) == nil {
		return refused("not_on_rota", "P1-14", "staff", string(c.Who))
	}
	v.RecognisedBy, v.IdentifiedAt = c.Who, d.now
	v.Kind = KindNew
	if c.Customer != "" {
		if f := d.takeCustomer(v, c.Customer, false); f != nil {
			return f
		}
	}
	if k := d.customer(v.Customer); k != nil && k.Owner != "" {
		v.Kind = KindReturning
	}
	d.fact(FactVisitRecognised, "P1-14", string(c.Who), "visit", v.ID, "customer", string(v.Customer))
	if v.Kind == KindNew {
		v.FirstVisit = true
		d.notifySupervisors("P1-14", v.ID, "why", "recognised_without_record", "staff", string(c.Who))
	}
	return nil
}

// assignVisit gives the visit to whom the rules say, or to whom the supervisor chose.
func (c *AssignVisit) decide(d *draft) *Fault {
	v, f := d.visit(c.Visit, EventAssign)
	if f != nil {
		return f
	}
	p, f := d.choose(v, c)
	if f != nil {
		return f
	}
	if c.Reason != "" {
		v.Reason = c.Reason
	}
	if c.Note != "" {
		v.Note = c.Note
	}
	d.assign(v, p)
	return nil
}

// choose finds the plan: a stand-in, the rules, or the supervisor's choice. A choice that the rules make anyway needs no
// authority, and nobody picks himself (policy 1, art. 4, 6, 8 and 29a).
func (d *draft) choose(v *Visit, c *AssignVisit) (plan, *Fault) {
	if c.StandIn != nil {
		return d.planStandIn(v, *c.StandIn)
	}
	p, f := d.decideAssign(v, c.Concurrent)
	if c.To == "" || f == nil && p.server == c.To {
		return p, f
	}
	if e := d.consultant(c.To); e != nil {
		return plan{}, e
	}
	if !d.may(RoleSupervisor, RoleManager) {
		return plan{}, forbidden("not_next", "P1-06", "staff", string(c.To))
	}
	if c.Reason == "" {
		return plan{}, invalid("reason_missing")
	}
	return d.planChosen(v, c.To)
}

// serve ends the reception. Under a policy that counts only sales matters the topic decides the turn (policy 2, item 09).
func (c *ServeVisit) decide(d *draft) *Fault {
	v, f := d.visit(c.Visit, EventServe)
	if f != nil {
		return f
	}
	if e := d.takeTopic(v, c.Topic, c.ExplainedTo); e != nil {
		return e
	}
	v.ServedAt = d.now
	v.Open = v.mustRegister()
	d.fact(FactVisitServed, "", v.ID, "topic", string(v.Topic))
	if !d.policy.Desk.Guiding {
		d.remind("P1-25", "see_out", string(v.Server))
		d.remind("P1-26", "table_cleaned", string(v.Server))
	}
	if v.ServerRole != Lead && v.Principal != v.Server {
		d.notify("P1-23", v.Principal, v.ID, "why", "assisted", "staff", string(v.Server))
	}
	for _, a := range v.Assistants {
		d.notify("P1-23", v.Principal, v.ID, "why", "assisted", "staff", string(a))
	}
	d.settleTopic(v)
	return nil
}

// takeTopic writes down what the visitor wanted and to whom it was explained.
func (d *draft) takeTopic(v *Visit, t Topic, explained StaffID) *Fault {
	if t != "" && t != TopicSales && t != TopicOther {
		return invalid("bad_topic", "topic", string(t))
	}
	if explained != "" {
		if f := d.consultant(explained); f != nil {
			return f
		}
		v.ExplainedTo = explained
	}
	if t != "" {
		v.Topic = t
	}
	return nil
}

// settleTopic makes turn and count follow the topic: not sales, then no reception, and the second of the line is told why
// (policy 2, item 09b; A45); sales after all, then it is one (09a).
func (d *draft) settleTopic(v *Visit) {
	if d.policy.Count.Unstated != "when_sales" {
		return
	}
	rule, _ := d.cite("count.unstated")
	switch {
	case v.Topic == TopicSales && (v.Kind == KindUnrelated || v.CountRule == d.article("P1-44", "P2-09b")):
		d.turnedToSales(v, rule)
	case v.Topic == TopicOther && (v.customerKind() || v.TurnUnit != "" || v.CountsFor != ""):
		d.turnedToOther(v, d.article("P1-44", "P2-09b"))
	}
	if (v.Topic == TopicOther && v.customerKind() || v.Kind == KindUnrelated && v.Topic != TopicSales) && v.ExplainedTo == "" {
		d.flag("P2-09b", "explanation_missing:"+v.ID, v.ID)
	}
}

func (d *draft) turnedToSales(v *Visit, rule string) {
	if v.CountsFor != "" || offHoursRule(v) != "" {
		return
	}
	n := count{v.Principal, rule}
	if v.customerKind() { // had been taken for no reception: what he would have counted
		n = d.countFor(v, d.identity(v), v.Principal, "")
	}
	v.CountsFor = n.who
	v.CountRule, _ = d.cite(n.rule)
	if n.who == "" {
		return
	}
	v.PassEffect = d.policy.Pass.OwnReception
	if u := d.unitOf(v.Server); d.policy.Count.ConsumesTurn && v.TurnUnit == "" && v.ServerRole == Lead && d.inLine(u) && d.eventPlan() == nil {
		v.TurnEffect = TurnUsed
		d.useTurn(v, u, v.Server, rule, false)
	}
}

func (d *draft) turnedToOther(v *Visit, rule string) {
	if offHoursRule(v) == "" { // outside hours it does not count whatever it was about
		v.CountRule = rule
	}
	v.CountsFor, v.PassEffect = "", d.policy.Pass.Unrelated
	if v.TurnUnit != "" {
		v.TurnEffect = TurnHeld
		d.giveBack(v, rule, "not_about_sales")
	}
}

// abandon: the visitor left. A turn that he used is given back (A35); after the grace only the supervisor may say so.
func (c *AbandonVisit) decide(d *draft) *Fault {
	v, f := d.visit(c.Visit, EventAbandon)
	if f != nil {
		return f
	}
	late := !v.AssignedAt.IsZero() && d.now.Sub(v.AssignedAt) > d.policy.abandonGrace()
	if late && (!d.may(RoleSupervisor, RoleManager) || c.Reason == "") {
		return forbidden("grace_over", "abandon_grace_min").citing(d)
	}
	v.Reason, v.EndedAt, v.Open = c.Reason, d.now, false
	if c.Note != "" {
		v.Note = c.Note
	}
	d.giveBack(v, "P1-27", "visitor_left")
	v.CountsFor, v.TurnEffect = "", endedEffect(v)
	d.fact(FactVisitAbandoned, "", v.ID, "reason", c.Reason)
	return nil
}

// citing replaces a parameter's name in the fault's rule by its article.
func (f *Fault) citing(d *draft) *Fault {
	rule, param := d.cite(f.Rule)
	f.Rule = rule
	if param != "" {
		if f.Args == nil {
			f.Args = map[string]string{}
		}
		f.Args["parameter"] = param
	}
	return f
}

// endedEffect: a visit that came to nothing used no turn.
func endedEffect(v *Visit) TurnEffect {
	if v.TurnEffect == "" {
		return ""
	}
	return TurnNone
}
