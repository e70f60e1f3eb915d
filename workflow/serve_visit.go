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
	return d.followTopic(v, before, false)
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
