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

// About describes the command.
func (*AbandonVisit) About() About {
	return About{Kind: "abandon_visit", Event: EventAbandon, May: receptionists}
}

// Needs names the records beyond the board.
func (c *AbandonVisit) Needs(b *Board) []Ref { return b.visitNeeds(c.Visit) }

func (c *AbandonVisit) texts() []string { return []string{c.Reason} }

func (c *AbandonVisit) note(SiteID) (NoteID, Ref) { return c.Note, visitRef(c.Visit) }

// decide: the visitor left. A turn that he used is given back (A35); after the grace only the
// supervisor may say so.
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

// endedEffect: a visit that came to nothing used no turn.
func endedEffect(v *Visit) TurnEffect {
	if v.TurnEffect == "" {
		return ""
	}
	return TurnNone
}
