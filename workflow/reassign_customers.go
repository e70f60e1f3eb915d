package workflow

import "slices"

// MaxReassigned is how many customers one command moves: a commit holds them all.
const MaxReassigned = 200

// ReassignCustomers gives customers of one consultant to others, by the manager's decision (policy
// 1, art. 51; A92). Whoever asks repeats it until none is left.
type ReassignCustomers struct {
	// Consultant whose customers they are; he may have left.
	From StaffID `json:"from"`
	// Consultants who get them, in turns.
	To []StaffID `json:"to"`
	// Why, as a code.
	Reason string `json:"reason,omitempty"`
	// The customers, 200 at most. Those who are not his are left as they are.
	Customers []CustomerID `json:"customers"`
}

func (*ReassignCustomers) About() About {
	return About{
		Kind: "reassign_customers", May: managers, Rule: "P1-51", Scope: ScopeOffice, Since: 4,
	}
}

func (c *ReassignCustomers) Needs(*Board) []Ref {
	refs := make([]Ref, 0, len(c.Customers))
	for _, id := range c.Customers {
		refs = append(refs, customerRef(id))
	}
	return refs
}

func (c *ReassignCustomers) texts() []string { return []string{c.Reason} }

// decide moves each customer, tells each new owner once, and brings back no ownership that has
// ended.
func (c *ReassignCustomers) decide(d *draft) *Fault {
	if d.colleague(c.From) != nil && !plain(string(c.From), 32) { // see ImportCustomer
		return d.colleague(c.From)
	}
	switch {
	case len(c.To) == 0:
		return invalid("to_missing")
	case slices.Contains(c.To, c.From):
		return invalid("same_owner", "staff", string(c.From))
	case len(c.Customers) > MaxReassigned:
		return invalid("too_many_customers", "count", itoa(MaxReassigned))
	}
	for _, s := range c.To {
		if f := d.working(s); f != nil {
			return f
		}
	}
	got := make(map[StaffID]int, len(c.To))
	moved := 0
	for _, id := range c.Customers {
		k := d.customer(id)
		if k == nil || k.Owner != c.From {
			continue
		}
		to := c.To[moved%len(c.To)]
		k = d.editCustomer(id)
		held := d.fresh(k)
		d.own(k, to)
		if held {
			k.GivenAt = d.now
		}
		d.fact(FactCustomerReassigned, "P1-51", k.ID, "owner", string(to),
			"before", string(c.From), "reason", c.Reason)
		got[to]++
		moved++
	}
	if moved == 0 && d.staffMember(c.From) == nil {
		return notFound("staff", string(c.From))
	}
	for _, s := range c.To {
		if got[s] > 0 {
			d.notify("P1-51", s, string(c.From), "why", "customers_reassigned",
				"count", itoa(got[s]))
		}
	}
	return nil
}
