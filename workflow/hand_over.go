package workflow

// HandOver returns the customer from an assistant to his principal (RS-18).
type HandOver struct {
	// Id of the visit.
	Visit VisitID `json:"visit"`
	// The principal, who must be free.
	To StaffID `json:"to"`
}

func (*HandOver) About() About {
	return About{Kind: "hand_over", Event: EventHandOver, May: receptionists, Rule: "P1-16a"}
}

func (c *HandOver) Needs(b *Board) []Ref { return b.visitNeeds(c.Visit) }

func (c *HandOver) own(d *draft) bool { return d.ownVisit(c.Visit) }

// decide gives the reception to the principal, who must be free again (A36).
func (c *HandOver) decide(d *draft) *Fault {
	v, f := d.visit(c.Visit, EventHandOver)
	if f != nil {
		return f
	}
	if v.ServerRole == Lead || c.To != v.Principal {
		return refused("no_interruption", "P1-16a", "principal", string(v.Principal))
	}
	if h := d.hindered(c.To); h != nil {
		return notFree(c.To, h)
	}
	id := d.identity(v)
	off := v.begunOff()
	from := v.Server
	d.noteChange(v, c.To, "handed_back")
	d.setServer(v, c.To)
	p := plan{route: RouteOwner, rule: "P1-17a", server: c.To, principal: c.To, role: Lead}
	p.counts = d.countFor(v, id, c.To, off)
	if v.TurnUnit != "" { // a stand-in used the principal's turn
		p.effect, p.pass = TurnUsed, d.policy.Pass.OwnReception
	} else {
		d.offTurn(&p, off)
	}
	d.fact(FactVisitHandedOver, "P1-16a", v.ID, "from", string(from), "to", string(c.To))
	d.setPlan(v, p)
	return nil
}
