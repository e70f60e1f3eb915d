package workflow

// AbandonVisit ends a visit whose visitor left.
type AbandonVisit struct {
	// Id of the visit.
	Visit VisitID `json:"visit"`
	// Why, as a code; needed once the grace is over.
	Reason string `json:"reason,omitempty"`
	// Id of the note that explains it.
	Note NoteID `json:"note,omitempty"`
}

func (*AbandonVisit) About() About {
	return About{Kind: "abandon_visit", Event: EventAbandon, May: receptionists}
}

func (c *AbandonVisit) Needs(b *Board) []Ref { return b.visitNeeds(c.Visit) }

func (c *AbandonVisit) texts() []string { return []string{c.Reason} }

func (c *AbandonVisit) note(SiteID) (NoteID, Ref) { return c.Note, visitRef(c.Visit) }

// decide gives back a turn that the visit used (A35). Once the grace is over, only a supervisor or
// a manager may abandon the visit.
func (c *AbandonVisit) decide(d *draft) *Fault {
	v, f := d.visit(c.Visit, EventAbandon)
	if f != nil {
		return f
	}
	late := !v.AssignedAt.IsZero() && d.now.Sub(v.AssignedAt) > d.policy.abandonGrace()
	if late && (!d.may(RoleSupervisor, RoleManager) || c.Reason == "") {
		return forbidden("grace_over", "abandon_grace_min").citing(d)
	}
	v.Reason, v.EndedAt, v.Open = c.Reason, d.now, false
	if c.Note != "" {
		v.Note = c.Note
	}
	d.giveBack(v, "P1-27", "visitor_left")
	v.CountsFor, v.TurnEffect = "", endedEffect(v)
	d.fact(FactVisitAbandoned, "", v.ID, "reason", c.Reason)
	return nil
}

// endedEffect is the turn effect of a visit that came to nothing: it used no turn.
func endedEffect(v *Visit) TurnEffect {
	if v.TurnEffect == "" {
		return ""
	}
	return TurnNone
}
