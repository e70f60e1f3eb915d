package workflow

import "slices"

// AdoptPolicy puts a policy in force from a day on (policy 1, art. 51 and 52).
type AdoptPolicy struct {
	// First business day of the policy, today or later; empty for today.
	From Date `json:"from"`
	// The policy, complete.
	Policy Policy `json:"policy"`
}

func (*AdoptPolicy) About() About {
	return About{Kind: "adopt_policy", May: managers, Rule: "P1-51", Scope: ScopeOffice}
}

func (*AdoptPolicy) Needs(*Board) []Ref { return nil }

// decide leaves the days before untouched: they stay under their own policy (policy 1, art. 52).
func (c *AdoptPolicy) decide(d *draft) *Fault {
	if p := c.Policy.Check(); p != nil {
		return badParameter(p)
	}
	from := c.From
	if from == "" {
		from = d.today
	}
	if !from.Valid() || from < d.today {
		return invalid("bad_date", "date", string(from), "today", string(d.today))
	}
	s := edit[*Site](d, siteRef(d.ID))
	s.Adoptions = slices.DeleteFunc(s.Adoptions, func(a Adoption) bool { return a.From == from })
	s.Adoptions = append(s.Adoptions, Adoption{From: from, Policy: c.Policy})
	slices.SortFunc(s.Adoptions, func(a, b Adoption) int {
		if a.From < b.From {
			return -1
		}
		return 1
	})
	d.policy = s.PolicyOn(d.today)
	d.subject = s.Ref()
	d.fact(FactPolicyAdopted, "P1-52", string(from), "policy", c.Policy.Preset)
	return nil
}
