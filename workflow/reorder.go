package workflow

import "slices"

// Reorder puts the units of the line into another order (policy 1, art. 4).
type Reorder struct {
	// All units of the line, first to last.
	Line []UnitID `json:"line"`
	// Why, as a code.
	Reason string `json:"reason"`
	// Id of the note that explains the change.
	Note NoteID `json:"note,omitempty"`
}

func (*Reorder) About() About { return About{Kind: "reorder", May: referees, Rule: "P1-08"} }

func (*Reorder) Needs(*Board) []Ref { return nil }

func (c *Reorder) texts() []string { return []string{c.Reason} }

func (c *Reorder) note(site SiteID) (NoteID, Ref) { return c.Note, liveRotaRef(site) }

// decide accepts only a permutation of the line.
func (c *Reorder) decide(d *draft) *Fault {
	r := d.rota()
	if c.Reason == "" {
		return invalid("reason_missing")
	}
	a, b := slices.Sorted(slices.Values(c.Line)), slices.Sorted(slices.Values(r.Order()))
	if !slices.Equal(a, b) {
		return refused("not_a_permutation", "P1-04")
	}
	before := unitList(r.Order())
	d.editRota().setLine(c.Line)
	d.subject = liveRotaRef(d.ID)
	d.fact(FactLineReordered, "P1-04", string(d.ID), "before", before, "after", unitList(c.Line),
		"reason", c.Reason)
	return nil
}

func unitList(us []UnitID) string {
	s := ""
	for i, u := range us {
		if i > 0 {
			s += " "
		}
		s += string(u)
	}
	return s
}
