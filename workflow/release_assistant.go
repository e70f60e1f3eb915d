package workflow

import "slices"

// ReleaseAssistant lets an assistant go before the reception is over (policy 1, art. 10 and 32).
type ReleaseAssistant struct {
	// Id of the visit.
	Visit VisitID `json:"visit"`
	// Consultant who helps no longer; he keeps his place in the line.
	Who StaffID `json:"who"`
}

func (*ReleaseAssistant) About() About {
	return About{
		Kind: "release_assistant", Event: EventReleaseAssistant, May: referees, Rule: "P1-10",
	}
}

func (c *ReleaseAssistant) Needs(b *Board) []Ref { return b.visitNeeds(c.Visit) }

// own: who leads the reception releases whom he no longer needs; an assistant does not let himself
// go (A36).
func (c *ReleaseAssistant) own(d *draft) bool {
	v, ok := look[*Visit](d, visitRef(c.Visit))
	return ok && c.ownStep(v, d.env.By.Staff)
}

func (*ReleaseAssistant) ownStep(v *Visit, me StaffID) bool { return v.Server == me }

// decide: he is free at once, as he is when the reception ends.
func (c *ReleaseAssistant) decide(d *draft) *Fault {
	v, f := d.visit(c.Visit, EventReleaseAssistant)
	if f != nil {
		return f
	}
	i := slices.Index(v.Assistants, c.Who)
	if i < 0 {
		return invalid("not_assisting", "staff", string(c.Who), "visit", v.ID)
	}
	v.Assistants = slices.Delete(slices.Clone(v.Assistants), i, i+1)
	rule := "P1-10"
	if d.env.By.Role == RoleConsultant {
		rule = "P1-32"
	}
	d.fact(FactAssistantReleased, rule, string(c.Who), "visit", v.ID)
	return nil
}
