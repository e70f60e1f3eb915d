package workflow

import "slices"

// AddAssistant appoints or invites a consultant to help in a reception (policy 1, art. 10 and
// 32).
type AddAssistant struct {
	// Id of the visit.
	Visit VisitID `json:"visit"`
	// Consultant who helps; he must be free.
	Who StaffID `json:"who"`
}

func (*AddAssistant) About() About {
	return About{Kind: "add_assistant", Event: EventAddAssistant, May: referees, Rule: "P1-32"}
}

func (c *AddAssistant) Needs(b *Board) []Ref { return b.visitNeeds(c.Visit) }

// own is always true: decide refuses whoever does not receive the visit himself.
func (*AddAssistant) own(*draft) bool { return true }

// ownStep: he invites where he receives.
func (*AddAssistant) ownStep(v *Visit, me StaffID) bool { return v.Server == me }

// decide lets the supervisor appoint, or the lead invite (A38).
func (c *AddAssistant) decide(d *draft) *Fault {
	v, f := d.visit(c.Visit, EventAddAssistant)
	if f != nil {
		return f
	}
	if f := d.consultant(c.Who); f != nil {
		return f
	}
	by := d.env.By
	if !d.may(RoleSupervisor, RoleManager) && (by.Role != RoleConsultant || by.Staff != v.Server) {
		return forbidden("not_invited", "P1-32", "staff", string(c.Who))
	}
	if c.Who == v.Server || slices.Contains(v.Assistants, c.Who) {
		return invalid("already_there", "staff", string(c.Who))
	}
	if h := d.hindered(c.Who); h != nil {
		return notFree(c.Who, h)
	}
	v.Assistants = append(v.Assistants, c.Who)
	rule := "P1-10"
	if by.Role == RoleConsultant {
		rule = "P1-32"
	}
	d.fact(FactAssistantAdded, rule, string(c.Who), "visit", v.ID)
	d.fact(FactTurnHeld, "pass_effect.assist", string(c.Who), "visit", v.ID)
	return nil
}
