package workflow

// ExplainVisit says to whom it was explained that a visit was not about sales, when nobody said so
// at its end (policy 2, item 09; A45).
type ExplainVisit struct {
	// Id of the visit.
	Visit VisitID `json:"visit"`
	// Consultant who was told why the reception took no turn.
	To StaffID `json:"to"`
}

func (*ExplainVisit) About() About {
	return About{Kind: "explain_visit", May: receptionists, Rule: "P2-09b", Since: 4}
}

func (c *ExplainVisit) Needs(b *Board) []Ref { return b.visitNeeds(c.Visit) }

func (c *ExplainVisit) own(d *draft) bool { return d.ownVisit(c.Visit) }

// decide tells the one to whom it is said to have been explained, who can object.
func (c *ExplainVisit) decide(d *draft) *Fault {
	ref := visitRef(c.Visit)
	v, ok := look[*Visit](d, ref)
	switch {
	case !ok || v.Site != d.ID:
		return notFound("visit", string(c.Visit))
	case v.Next == nil || v.Next.What != ItemExplain:
		return refused("nothing_to_explain", "P2-09b")
	case c.To == v.Server:
		return refused("explained_to_himself", "P2-09b", "staff", string(c.To))
	}
	if f := d.consultant(c.To); f != nil {
		return f
	}
	v = edit[*Visit](d, ref)
	v.ExplainedTo, v.Next = c.To, nil
	d.subject = ref
	d.fact(FactExplained, "P2-09b", v.ID, "to", string(c.To))
	if v.TurnClaim != nil { // he may confirm it
		d.notify("P2-09b", c.To, v.ID, "why", "turn_claimed", "staff", string(v.Server))
	} else {
		d.notify("P2-09b", c.To, v.ID, "why", "explained", "staff", string(v.Server))
	}
	return nil
}

// awaitExplanation keeps, or takes away, what the server still owes the second of the line.
func (d *draft) awaitExplanation(v *Visit, missing bool) {
	switch {
	case !missing:
		v.Next = nil
	case v.Next == nil:
		v.Next = &Next{What: ItemExplain, Who: forStaff(v.Server), At: d.now}
	}
}
