package workflow

import "time"

// ConductNote is a record of conduct against an article; it moves no line and no count.
type ConductNote struct {
	Head
	// Article against which somebody acted.
	Rule string `json:"rule"`
	// Member of staff whose conduct it was.
	Who StaffID `json:"who"`
	// Member of staff who noted it.
	By StaffID `json:"by,omitempty"`
	// Id of the note that describes it.
	Note NoteID `json:"note,omitempty"`
	// Ticket in which it happened (policy 3, item 2.7).
	Ticket RecordID `json:"ticket,omitempty"`
	// What was done about it (policy 3, item 2.7).
	Measure Measure `json:"measure,omitempty"`
	// When it was noted.
	At time.Time `json:"at"`
}

// Ref names the record.
func (n *ConductNote) Ref() Ref { return Ref{Conduct, n.ID} }

func (n *ConductNote) reader() int { return since(5, n.Ticket != "", n.Measure != "") }

func (n *ConductNote) clone() Record { k := *n; return &k }

// NoteConduct records conduct against an article; it moves no line and no count (policy 1, art. 21,
// 22, 25, 31 and 34; policy 2, item 13).
type NoteConduct struct {
	// Id of the new record.
	Conduct RecordID `json:"conduct"`
	// Article, such as P1-31.
	Rule string `json:"rule"`
	// Member of staff whose conduct it was.
	Who StaffID `json:"who"`
	// Id of the note on what happened.
	Note NoteID `json:"note,omitempty"`
	// Ticket in which somebody shirked; of P3-2.7a only.
	Ticket RecordID `json:"ticket,omitempty"`
	// What was done about it; of P3-2.7a only, and needed there.
	Measure Measure `json:"measure,omitempty"`
}

func (*NoteConduct) About() About {
	return About{
		Kind: "note_conduct", May: referees, Own: []Role{RoleEmployee, RoleShiftLeader},
		Rule: "P1-31",
	}
}

func (c *NoteConduct) Needs(*Board) []Ref { return []Ref{recordRef(Tickets, c.Ticket)} }

// own lets those who lead note that somebody shirked (policy 3, item 2.7).
func (c *NoteConduct) own(d *draft) bool {
	return c.Rule == ruleShirking && d.leadsDesk()
}

func (c *NoteConduct) texts() []string { return []string{c.Rule} }

func (c *NoteConduct) note(SiteID) (NoteID, Ref) { return c.Note, recordRef(Conduct, c.Conduct) }

func (c *NoteConduct) decide(d *draft) *Fault {
	if d.staffMember(c.Who) == nil {
		return notFound("staff", string(c.Who))
	}
	if !knownArticle(c.Rule) {
		return invalid("bad_rule", "rule", c.Rule)
	}
	if f := c.checkDesk(d); f != nil {
		return f
	}
	h, f := d.newHead(Conduct, c.Conduct, false)
	if f != nil {
		return f
	}
	n := add(d, &ConductNote{
		Head: h, Rule: c.Rule, Who: c.Who, By: d.env.By.Staff, Note: c.Note,
		Ticket: c.Ticket, Measure: c.Measure, At: d.now,
	})
	d.fact(FactConductNoted, c.Rule, string(c.Who), "record", n.ID)
	return nil
}
