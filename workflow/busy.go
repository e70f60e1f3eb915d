package workflow

// Busy says that a consultant on site has other work.
type Busy struct {
	// Consultant who is busy.
	Who StaffID `json:"who"`
	// The work: chores, leader_task, or helping with a colleague's paperwork or deal, which a
	// supervisor orders and which holds the place (policy 1, art. 18 and 37).
	With Presence `json:"with"`
	// Member of staff who ordered it; empty when nobody did.
	OrderedBy StaffID `json:"ordered_by,omitempty"`
	// With helping: the customer whose paperwork the consultant was named to accompany. The one who
	// named him gave the order.
	Customer CustomerID `json:"customer,omitempty"`
}

func (*Busy) About() About { return About{Kind: "busy", May: receptionists, Own: employees} }

func (c *Busy) Needs(*Board) []Ref { return []Ref{customerRef(c.Customer)} }

func (c *Busy) own(d *draft) bool { return c.Who == d.env.By.Staff }

func (c *Busy) decide(d *draft) *Fault {
	by := c.OrderedBy
	switch {
	case !c.With.atWork():
		return invalid("bad_work", "with", string(c.With))
	case c.With != Helping && c.Customer != "":
		return invalid("only_helping", "with", string(c.With))
	case c.With == Helping:
		var f *Fault
		if by, f = d.helpOrder(c); f != nil {
			return f
		}
	}
	if a := d.absence(c.Who); a != nil && !a.State.onSite() {
		return refused("not_on_site", "", "staff", string(c.Who))
	}
	if f := d.setAbsent(Absence{
		Staff: c.Who, State: c.With, OrderedBy: by, Customer: c.Customer, At: d.now,
	}); f != nil {
		return f
	}
	d.fact(FactStaffBusy, d.absenceRule(c.With), string(c.Who), "with", string(c.With),
		"ordered_by", string(by), "customer", string(c.Customer))
	return nil
}

// helpOrder is who ordered the help, which holds the place: a supervisor or a manager, or whoever
// named the consultant to accompany the customer's paperwork. Nobody can order himself (A88).
func (d *draft) helpOrder(c *Busy) (StaffID, *Fault) {
	if c.Customer != "" {
		k := d.customer(c.Customer)
		switch {
		case k == nil:
			return "", notFound("customer", string(c.Customer))
		case len(k.Covers) == 0 || k.Covers[len(k.Covers)-1].To != c.Who:
			return "", refused("not_covering", "P1-37", "staff", string(c.Who),
				"customer", string(c.Customer))
		}
		return k.Covers[len(k.Covers)-1].By, nil
	}
	by := c.OrderedBy
	if by == "" && d.may(RoleSupervisor, RoleManager) {
		by = d.env.By.Staff
	}
	m := d.staffMember(by)
	switch {
	case d.may(RoleConsultant):
		return "", forbidden("help_not_ordered", "P1-18", "staff", string(c.Who))
	case by == c.Who || m == nil || m.Role != RoleSupervisor && m.Role != RoleManager:
		return "", refused("help_not_ordered", "P1-18", "ordered_by", string(by))
	}
	return by, nil
}
