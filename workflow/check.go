package workflow

import "time"

// Check is an item of a checklist that somebody did (policy 1, art. 20, 25, 26, 36).
type Check struct {
	Head
	// Item of the checklist, as a code.
	Item string `json:"item"`
	// Visit to which the item belongs; empty for one of the day.
	Visit VisitID `json:"visit,omitempty"`
	// Member of staff who did it.
	By StaffID `json:"by,omitempty"`
	// When it was done.
	At time.Time `json:"at"`
}

// Ref names the record.
func (c *Check) Ref() Ref { return Ref{Checks, c.ID} }

func (c *Check) clone() Record { k := *c; return &k }

// CompleteCheck ticks an item of a checklist (policy 1, art. 26 and 36).
type CompleteCheck struct {
	// Id of the new record.
	Check RecordID `json:"check"`
	// Item, as a code, such as table_cleaned.
	Item string `json:"item"`
	// Visit that it belongs to; empty when it belongs to none.
	Visit VisitID `json:"visit,omitempty"`
	// Member of staff who did it; empty for the one whose key it is.
	By StaffID `json:"by,omitempty"`
}

func (*CompleteCheck) About() About { return About{Kind: "complete_check", May: receptionists} }

func (c *CompleteCheck) Needs(b *Board) []Ref { return b.visitNeeds(c.Visit) }

func (c *CompleteCheck) own(d *draft) bool {
	return d.himself(c.By) && (c.Visit == "" || d.ownVisit(c.Visit))
}

func (c *CompleteCheck) texts() []string { return []string{c.Item} }

func (c *CompleteCheck) decide(d *draft) *Fault {
	if c.Item == "" {
		return invalid("item_missing")
	}
	if c.Visit != "" {
		if v, ok := look[*Visit](d, visitRef(c.Visit)); !ok || v.Site != d.ID {
			return notFound("visit", string(c.Visit))
		}
	}
	by, f := d.asker(c.By, "")
	if f != nil {
		return f
	}
	h, f := d.newHead(Checks, c.Check, false)
	if f != nil {
		return f
	}
	k := add(d, &Check{Head: h, Item: c.Item, Visit: c.Visit, By: by, At: d.now})
	d.fact(FactChecked, "P1-26", k.ID, "item", k.Item, "by", string(k.By), "visit", string(k.Visit))
	return nil
}
