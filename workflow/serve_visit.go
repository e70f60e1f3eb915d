package workflow

// ServeVisit ends the reception.
type ServeVisit struct {
	// Id of the visit.
	Visit VisitID `json:"visit"`
	// What the visit was about: sales or other; empty when it was not asked.
	Topic Topic `json:"topic,omitempty"`
	// Consultant who was told why the reception took no turn (policy 2, item 09).
	ExplainedTo StaffID `json:"explained_to,omitempty"`
}

func (*ServeVisit) About() About {
	return About{Kind: "serve_visit", Event: EventServe, May: receptionists}
}

func (c *ServeVisit) Needs(b *Board) []Ref { return b.visitNeeds(c.Visit) }

func (c *ServeVisit) own(d *draft) bool { return d.ownVisit(c.Visit) }

// decide lets the topic decide the turn under a policy that counts only sales matters (policy 2,
// item 09).
func (c *ServeVisit) decide(d *draft) *Fault {
	v, f := d.visit(c.Visit, EventServe)
	if f != nil {
		return f
	}
	before := v.Topic
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
	d.followTopic(v, before)
	return nil
}

// takeTopic records what the visitor wanted, and to whom the missing turn was explained.
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

// followTopic makes turn and count follow the topic. A visit that was not about sales is no
// reception, and the second of the line is told why (policy 2, item 09b; A45). One that turns to
// sales after all is a reception (item 09a).
func (d *draft) followTopic(v *Visit, before Topic) {
	if d.policy.Count.Unstated != CountWhenSales {
		return
	}
	rule, _ := d.cite("count.unstated")
	switch {
	case v.Topic == TopicSales && (v.Kind == KindUnrelated || before == TopicOther):
		d.turnedToSales(v, rule)
	case v.Topic == TopicOther && (v.customerKind() || v.TurnUnit != "" || v.CountsFor != ""):
		d.turnedToOther(v, d.article("P1-44", "P2-09b"))
	}
	turnedAway := v.Topic == TopicOther && v.customerKind() ||
		v.Kind == KindUnrelated && v.Topic != TopicSales
	d.awaitExplanation(v, turnedAway && v.ExplainedTo == "")
	if turnedAway && v.ExplainedTo == "" {
		d.flag("P2-09b", "explanation_missing:"+v.ID, v.ID)
	}
}

func (d *draft) turnedToSales(v *Visit, rule string) {
	if v.CountsFor != "" || d.uncounted(v) != withinHours {
		return
	}
	n := count{v.Principal, rule}
	if v.Kind != KindUnrelated { // had been taken for no reception: what it would have counted
		n = d.countFor(v, d.identity(v), v.Principal, "")
	}
	v.CountsFor = n.who
	v.CountRule, _ = d.cite(n.rule)
	if n.who == "" {
		return
	}
	v.PassEffect = d.policy.Pass.OwnReception
	if u := d.unitOf(v.Server); d.policy.Count.ConsumesTurn && v.TurnUnit == "" &&
		v.ServerRole == Lead && d.inLine(u) && d.eventPlan() == nil {
		v.TurnEffect = TurnUsed
		d.useTurn(v, u, v.Server, rule, false)
	}
}

func (d *draft) turnedToOther(v *Visit, rule string) {
	if d.uncounted(v) == withinHours { // outside hours it does not count whatever it was about
		v.CountRule = rule
	}
	v.CountsFor, v.PassEffect = "", d.policy.Pass.Unrelated
	if v.TurnUnit != "" {
		v.TurnEffect = TurnHeld
		d.giveBack(v, rule, "not_about_sales")
	}
}
