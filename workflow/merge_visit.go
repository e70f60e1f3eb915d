package workflow

// MergeVisit joins a visit to another: groups that arranged to view together (policy 1, art. 50).
type MergeVisit struct {
	// Id of the visit that ends.
	Visit VisitID `json:"visit"`
	// Id of the visit that goes on.
	Into VisitID `json:"into"`
}

func (*MergeVisit) About() About {
	return About{Kind: "merge_visit", Event: EventMerge, May: receptionists}
}

func (c *MergeVisit) Needs(b *Board) []Ref {
	return append(b.visitNeeds(c.Visit), b.visitNeeds(c.Into)...)
}

// decide makes one group of both (A60). A turn that the second group used is given back.
func (c *MergeVisit) decide(d *draft) *Fault {
	if c.Visit == c.Into {
		return invalid("same_visit")
	}
	into, ok := look[*Visit](d, visitRef(c.Into))
	if !ok || into.Site != d.ID {
		return notFound("visit", string(c.Into))
	}
	if into.State != Arrived && into.State != Identified && into.State != Assigned {
		return wrongState(into, EventMerge)
	}
	v, f := d.visit(c.Visit, EventMerge)
	if f != nil {
		return f
	}
	into = edit[*Visit](d, visitRef(c.Into))
	into.Groups = max(into.Groups, 1) + max(v.Groups, 1)
	if into.Party > 0 && v.Party > 0 {
		into.Party += v.Party
	}
	if into.Customer == "" && into.State != Assigned {
		into.Customer = v.Customer
	}
	v.MergedInto, v.EndedAt, v.Open = c.Into, d.now, false
	v.CountsFor, v.TurnEffect = "", endedEffect(v)
	d.giveBack(v, "P1-50", "joint_groups")
	d.fact(FactVisitMerged, "P1-50", v.ID, "into", string(c.Into))
	return nil
}
