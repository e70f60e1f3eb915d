package workflow

import "slices"

// count says for whom a reception is going to count, and by which article; who is empty when it
// counts for nobody (RS-7, policy 1, ch. 6).
type count struct {
	who  StaffID
	rule string // article or parameter
}

// countFor says for whom the visit counts if x is the principal. A count is the principal's;
// assistants get none (policy 1, art. 42 and 46).
func (d *draft) countFor(v *Visit, id identity, x StaffID, off OffTime) count {
	c := d.policy.Count
	switch {
	case off != withinHours && !c.OffHours:
		return count{"", off.rule()}
	case v.Kind == KindUnrelated:
		return count{"", d.article("P1-44", "P2-09b")}
	case v.Kind == KindCompanyStaff:
		return count{"", "P1-45"}
	case v.Kind == KindPeer:
		if !c.Peers {
			return count{"", "count.peers"}
		}
		return count{x, "count.peers"}
	case c.OncePerDay && d.countedToday(v, x):
		return count{"", "count.same_day_once"}
	case id.old:
		return d.countOld(id, x)
	case v.Kind == KindUnstated:
		return count{x, "count.unstated"}
	case v.Kind == KindReferral && d.asked(v) != "":
		return count{x, "P1-49a"}
	case v.Kind == KindReferral:
		return count{x, "P1-49b"}
	}
	return count{x, d.article("P1-42", "P2-09a")}
}

// countOld counts the visit of an old customer only where the policy says so and nothing was paid
// (C01).
func (d *draft) countOld(id identity, x StaffID) count {
	switch {
	case id.customer.Status.closed():
		return count{"", d.article("P1-47", "P2-08a")}
	case id.customer.Status == StatusRefunded:
		return count{"", "P1-13b"}
	case d.policy.Count.UnpaidReturning && !id.customer.Status.moneyDown():
		return count{x, "count.unpaid_returning"}
	}
	return count{"", "count.unpaid_returning"}
}

// countedToday reports whether a reception of this customer was counted for x on the day of the
// visit, or is going to be once its form is written (policy 2, item 08).
func (d *draft) countedToday(this *Visit, x StaffID) bool {
	c := d.customer(this.Customer)
	if c == nil {
		return false
	}
	day := d.dayOf(this)
	counted := c.CountedDay == day && slices.Contains(c.CountedFor, x)
	d.visits(func(v *Visit) {
		counted = counted || v.ID != this.ID && v.Customer == this.Customer && v.CountsFor == x &&
			v.BusinessDay == day &&
			(v.State == Assigned || v.State == Served)
	})
	return counted
}
