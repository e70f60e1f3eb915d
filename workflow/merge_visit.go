package workflow

import "slices"

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
	d.joinCustomers(into, v)
	v.MergedInto, v.EndedAt, v.Open = c.Into, d.now, false
	v.CountsFor, v.TurnEffect = "", endedEffect(v)
	d.giveBack(v, "P1-50", "joint_groups")
	d.fact(FactVisitMerged, "P1-50", v.ID, "into", string(c.Into))
	d.tellJoint(into)
	return nil
}

// joinCustomers brings the customers of a visit into the one that it joins. A group that asks for
// somebody asks for both, as long as nobody receives them (A60).
func (d *draft) joinCustomers(into, v *Visit) {
	if into.State != Assigned {
		if into.Named == "" {
			into.Named = v.Named
		}
		if k := d.customer(v.Customer); into.Customer == "" && k != nil && k.Owner == "" {
			into.Customer = v.Customer // both groups are new: one customer
		}
	}
	for _, id := range append([]CustomerID{v.Customer}, v.Joint...) {
		if id != "" && id != into.Customer && !slices.Contains(into.Joint, id) {
			into.Joint = append(into.Joint, id)
		}
	}
}

// tellJoint tells the owners of the other groups' customers that they are here, with somebody else
// (A87).
func (d *draft) tellJoint(v *Visit) {
	who := v.Principal
	if who == "" {
		who, _, _ = d.claimant(v, d.identity(v))
	}
	for _, id := range v.Joint {
		if k := d.customer(id); k != nil && k.Owner != who && d.works(k.Owner) && d.fresh(k) {
			d.notify("P1-50", k.Owner, k.ID, "why", "joint_groups", "visit", v.ID)
		}
	}
}

// keepJoint records the reception as a contact with each customer of the other groups. An old
// customer keeps his owner; a new one is the principal's (P1-50, A87).
func (d *draft) keepJoint(v *Visit) {
	if !v.customerKind() && v.Topic != TopicSales {
		return
	}
	for _, id := range v.Joint {
		k := d.customer(id)
		if k == nil || id == v.Customer || !k.ErasedAt.IsZero() {
			continue
		}
		k = d.editCustomer(id)
		if d.waits(v, k) {
			d.noteWaits(v, k)
		} else if !d.keeps(v, k) && k.Owner != v.Principal && !v.overtaken(k) && d.wins(v, k) {
			d.fact(FactOwned, d.ownRule(v, k), k.ID, "owner", string(v.Principal),
				"before", string(k.Owner))
			d.own(k, v.Principal)
		}
		k.came(v, d.refreshes(v, k))
	}
}

// keeps reports whether the first reception of a customer's owner still held when the visit began.
func (d *draft) keeps(v *Visit, k *Customer) bool {
	return k.Owner != "" && k.Status != StatusRefunded && d.freshOn(k, v.BusinessDay)
}

// askedForJoint reports whether the visitors asked for the owner of another group's customer: he
// receives both, and the first group's customer keeps his owner.
func (d *draft) askedForJoint(v *Visit) bool {
	if v.Route == RouteChange || v.Principal == "" || d.asked(v) != v.Principal {
		return false
	}
	return slices.ContainsFunc(v.Joint, func(id CustomerID) bool {
		k := d.customer(id)
		return k != nil && k.Owner == v.Principal && d.keeps(v, k)
	})
}
