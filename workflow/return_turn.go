package workflow

// ReturnTurn confirms what the receiver of a visit reported, so that the turn goes back: the
// visitor did not ask about sales, or belonged to somebody else.
type ReturnTurn struct {
	// Id of the visit.
	Visit VisitID `json:"visit"`
}

func (*ReturnTurn) About() About {
	return About{
		Kind: "return_turn", Event: EventReturnTurn, May: receptionists, Rule: "P1-08", Since: 4,
	}
}

func (c *ReturnTurn) Needs(b *Board) []Ref { return b.visitNeeds(c.Visit) }

// own: under policy 2 the second, to whom it was explained, confirms it with an own key.
func (c *ReturnTurn) own(d *draft) bool {
	v, ok := look[*Visit](d, visitRef(c.Visit))
	u := d.unitOf(d.env.By.Staff)
	return ok && c.ownStep(v, d.env.By.Staff) && (v.TurnClaim == nil || u == nil ||
		v.TurnClaim.Unit != u.ID)
}

func (*ReturnTurn) ownStep(v *Visit, me StaffID) bool { return me != "" && v.ExplainedTo == me }

func (*ReturnTurn) applies(v *Visit) bool { return v.TurnClaim != nil }

// decide lets nobody confirm his own report (A90).
func (c *ReturnTurn) decide(d *draft) *Fault {
	v, f := d.visit(c.Visit, EventReturnTurn)
	if f != nil {
		return f
	}
	t := v.TurnClaim
	switch {
	case t == nil:
		return refused("nothing_claimed", "P1-08", "visit", v.ID)
	case t.By == d.env.By.Staff && t.By != "":
		return forbidden("own_benefit", "P1-08")
	}
	if v.State != Registered && t.Why == "not_about_sales" && v.begunOff() == withinHours {
		v.PassEffect = d.policy.Pass.Unrelated
	}
	if t.Unit == v.TurnUnit {
		v.TurnUnit, v.TurnTicket, v.TurnEffect = "", 0, t.Effect
	}
	v.TurnClaim = nil
	d.returnTurn(v, t.Unit, t.Ticket, t.Rule, t.Why)
	d.tellOfReturn(v)
	return nil
}
