package workflow

import (
	"cmp"
	"slices"
)

// OpenArbitration brings a case on which departments do not agree to the Office (policy 3, item 6).
type OpenArbitration struct {
	// Id of the new case.
	Arbitration RecordID `json:"arbitration"`
	// Department that needs something and leads.
	Lead Department `json:"lead"`
	// What departments say, by department; none is needed yet.
	Opinions map[Department]NoteID `json:"opinions,omitempty"`
	// Ticket that led to it.
	Ticket RecordID `json:"ticket,omitempty"`
}

func (*OpenArbitration) About() About {
	return About{
		Kind: "open_arbitration", May: serviceStaff, Rule: "P3-6", Scope: ScopeService, Since: 5,
	}
}

func (c *OpenArbitration) Needs(*Board) []Ref {
	return []Ref{recordRef(Arbitrations, c.Arbitration), recordRef(Tickets, c.Ticket)}
}

func (c *OpenArbitration) texts() []string {
	all := []string{string(c.Lead)}
	for _, dep := range c.departments() {
		all = append(all, string(dep))
	}
	return all
}

func (c *OpenArbitration) notes(SiteID) ([]NoteID, Ref) {
	var all []NoteID
	for _, dep := range c.departments() {
		all = append(all, c.Opinions[dep])
	}
	return all, recordRef(Arbitrations, c.Arbitration)
}

// departments are those whose opinions are given, in order.
func (c *OpenArbitration) departments() []Department {
	deps := make([]Department, 0, len(c.Opinions))
	for dep := range c.Opinions {
		deps = append(deps, dep)
	}
	slices.Sort(deps)
	return deps
}

func (c *OpenArbitration) decide(d *draft) *Fault {
	if _, f := d.openDesk(); f != nil {
		return f
	}
	me, f := d.me("P3-6")
	if f != nil {
		return f
	}
	concerned := append([]Department{c.Lead}, c.departments()...)
	for _, dep := range concerned {
		if !isCode(string(dep)) {
			return invalidUnder("bad_department", "P3-6")
		}
	}
	for _, dep := range c.departments() {
		if c.Opinions[dep] == "" {
			return invalidUnder("incomplete", "P3-6", "missing", "opinions")
		}
	}
	if f := d.ofDepartment("P3-6", concerned...); f != nil {
		return f
	}
	if c.Ticket != "" {
		if _, f := d.seeTicket(c.Ticket); f != nil {
			return f
		}
	}
	h, f := d.newHead(Arbitrations, c.Arbitration, false)
	if f != nil {
		return f
	}
	x := add(d, &Arbitration{
		Head: h, Lead: c.Lead, State: ArbitrationOpen, Ticket: c.Ticket, OpenedBy: me.Staff,
		OpenedAt: d.now,
	})
	d.fact(FactArbitrationOpened, "P3-6", x.ID, "lead", string(x.Lead), "by", string(me.Staff))
	for _, dep := range c.departments() {
		x.hear(Opinion{Department: dep, By: me.Staff, At: d.now, Note: c.Opinions[dep]})
		d.fact(FactOpinionAdded, "P3-6", x.ID, "department", string(dep), "by",
			string(me.Staff))
	}
	d.wait(x)
	return nil
}

// AddOpinion adds what a department says to a case; the newest stands.
type AddOpinion struct {
	// Id of the case.
	Arbitration RecordID `json:"arbitration"`
	// Department whose opinion it is; empty for one's own. The manager speaks for a department that
	// nobody is in.
	Department Department `json:"department,omitempty"`
	// Id of the note with the opinion.
	Note NoteID `json:"note"`
}

func (*AddOpinion) About() About {
	return About{
		Kind: "add_opinion", May: serviceStaff, Rule: "P3-6", Scope: ScopeService, Since: 5,
	}
}

func (c *AddOpinion) Needs(*Board) []Ref { return []Ref{recordRef(Arbitrations, c.Arbitration)} }

func (c *AddOpinion) texts() []string { return []string{string(c.Department)} }

func (c *AddOpinion) note(SiteID) (NoteID, Ref) {
	return c.Note, recordRef(Arbitrations, c.Arbitration)
}

func (c *AddOpinion) decide(d *draft) *Fault {
	x, f := d.arbitration(c.Arbitration)
	if f != nil {
		return f
	}
	me, f := d.me("P3-6")
	if f != nil {
		return f
	}
	dep := cmp.Or(c.Department, me.Department)
	switch {
	case dep == "":
		return forbidden("function_needed", "P3-6", "function", "department")
	case !isCode(string(dep)):
		return invalidUnder("bad_department", "P3-6")
	case !d.isOf(dep):
		return forbidden("function_needed", "P3-6", "function", string(dep))
	case c.Note == "":
		return invalidUnder("incomplete", "P3-6", "missing", "note")
	}
	if x, f = d.moveArbitration(x, ArbitrationOpinion); f != nil {
		return f
	}
	x.hear(Opinion{Department: dep, By: me.Staff, At: d.now, Note: c.Note})
	d.fact(FactOpinionAdded, "P3-6", x.ID, "department", string(dep), "by", string(me.Staff))
	d.wait(x)
	return nil
}

// RuleArbitration is the Office's ruling, on at least two opinions.
type RuleArbitration struct {
	// Id of the case.
	Arbitration RecordID `json:"arbitration"`
	// Id of the note with the ruling.
	Note NoteID `json:"note,omitempty"`
}

func (*RuleArbitration) About() About {
	return About{
		Kind: "rule_arbitration", May: serviceStaff, Rule: "P3-6", Scope: ScopeService, Since: 5,
	}
}

func (c *RuleArbitration) Needs(*Board) []Ref {
	return []Ref{recordRef(Arbitrations, c.Arbitration)}
}

func (c *RuleArbitration) note(SiteID) (NoteID, Ref) {
	return c.Note, recordRef(Arbitrations, c.Arbitration)
}

func (c *RuleArbitration) decide(d *draft) *Fault {
	x, f := d.arbitration(c.Arbitration)
	if f != nil {
		return f
	}
	if f := d.mayRule(x); f != nil {
		return f
	}
	moved, f := d.moveArbitration(x, ArbitrationRule)
	switch {
	case f != nil:
		return f
	case len(x.Opinions) < enough:
		return refused("opinions_missing", "P3-6", "arbitration", x.ID, "heard",
			itoa(len(x.Opinions)))
	}
	x = moved
	x.RuledBy, x.RuledAt, x.Note = d.env.By.Staff, d.now, c.Note
	d.fact(FactArbitrationRuled, "P3-6", x.ID, "by", string(x.RuledBy))
	for _, o := range x.Opinions {
		d.tellGroup("P3-6", string(o.Department), x.ID, "arbitration_ruled")
	}
	d.wait(x)
	return nil
}

// ConfirmArbitration says that a ruling was carried out.
type ConfirmArbitration struct {
	// Id of the case.
	Arbitration RecordID `json:"arbitration"`
	// Id of the note on how it was carried out.
	Note NoteID `json:"note,omitempty"`
}

func (*ConfirmArbitration) About() About {
	return About{
		Kind: "confirm_arbitration", May: serviceStaff, Rule: "P3-6", Scope: ScopeService, Since: 5,
	}
}

func (c *ConfirmArbitration) Needs(*Board) []Ref {
	return []Ref{recordRef(Arbitrations, c.Arbitration)}
}

func (c *ConfirmArbitration) note(SiteID) (NoteID, Ref) {
	return c.Note, recordRef(Arbitrations, c.Arbitration)
}

func (c *ConfirmArbitration) decide(d *draft) *Fault {
	x, f := d.arbitration(c.Arbitration)
	if f != nil {
		return f
	}
	if f := d.mayRule(x); f != nil {
		return f
	}
	if x, f = d.moveArbitration(x, ArbitrationConfirm); f != nil {
		return f
	}
	x.ExecutedAt, x.Execution = d.now, c.Note
	d.fact(FactArbitrationExecuted, "P3-6", x.ID, "by", string(d.env.By.Staff))
	d.wait(x)
	return nil
}
