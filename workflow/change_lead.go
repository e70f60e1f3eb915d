package workflow

// ChangeLead gives a running reception to another consultant on the customer's demand (policy 1,
// art. 16).
type ChangeLead struct {
	// Id of the visit.
	Visit VisitID `json:"visit"`
	// Consultant whom the customer wants.
	To StaffID `json:"to"`
	// Always customer_demand: nothing else breaks off a reception.
	Reason string `json:"reason"`
	// Id of the note that explains the demand.
	Note NoteID `json:"note,omitempty"`
}

func (*ChangeLead) About() About {
	return About{Kind: "change_lead", Event: EventChange, May: referees, Rule: "P1-16a"}
}

func (c *ChangeLead) Needs(b *Board) []Ref { return b.visitNeeds(c.Visit) }

func (c *ChangeLead) texts() []string { return []string{c.Reason} }

func (c *ChangeLead) note(SiteID) (NoteID, Ref) { return c.Note, visitRef(c.Visit) }

// decide moves the deal's credit (policy 1, art. 16; A19). The count and the spent turn stay; the
// new lead keeps his place.
func (c *ChangeLead) decide(d *draft) *Fault {
	v, f := d.visit(c.Visit, EventChange)
	if f != nil {
		return f
	}
	if c.Reason != "customer_demand" {
		return refused("no_interruption", "P1-16a", "reason", c.Reason)
	}
	if f := d.consultant(c.To); f != nil {
		return f
	}
	if c.To == v.Server {
		return invalid("same_consultant", "staff", string(c.To))
	}
	if h := d.hindered(c.To); h != nil {
		return notFree(c.To, h)
	}
	from := v.Server
	d.noteChange(v, c.To, c.Reason)
	if c.Note != "" {
		v.Note = c.Note
	}
	d.setServer(v, c.To)
	v.Principal, v.ServerRole, v.Route = c.To, Lead, RouteChange
	v.TurnEffect, v.PassEffect = TurnKept, d.policy.Pass.OwnReception
	if !d.inLine(d.unitOf(c.To)) {
		v.TurnEffect = TurnNone
	} else if v.begunOff() != withinHours {
		v.TurnEffect, v.PassEffect = TurnHeld, d.policy.Pass.OffHours
	}
	d.fact(FactVisitChanged, "P1-16b", v.ID, "from", string(from), "to", string(c.To),
		"reason", c.Reason)
	d.placeEffect(v, plan{rule: "P1-11", server: c.To, role: Lead, effect: v.TurnEffect})
	return nil
}
