package workflow

import (
	"slices"
	"strings"
)

// Measure is what was done about somebody who shirked (policy 3, item 2.7).
type Measure string

// The measures.
const (
	MeasureCriticism  Measure = "criticism"
	MeasureEducation  Measure = "education"
	MeasureDiscipline Measure = "discipline"
	MeasureTransfer   Measure = "transfer"
)

// ruleShirking is the article on those who shirk, wrangle or do not co-operate.
const ruleShirking = "P3-2.7a"

// leadsDesk reports whether the actor is in charge of an area, or has a function that lets him note
// that somebody shirked.
func (d *draft) leadsDesk() bool {
	a, f := d.desk()
	me := d.staffMember(d.env.By.Staff)
	if f != nil || me == nil {
		return false
	}
	for _, h := range []Hat{TechHead, DivisionManager, GeneralManager} {
		if slices.Contains(me.Hats, h) {
			return true
		}
	}
	return slices.ContainsFunc(a.Areas, func(x Area) bool { return x.inCharge(me.Staff) })
}

// checkDesk checks what a note on conduct says under policy 3: there is a desk, nobody writes about
// himself, and a measure was taken.
func (c *NoteConduct) checkDesk(d *draft) *Fault {
	if c.Rule != ruleShirking && (c.Ticket != "" || c.Measure != "") {
		return invalidUnder("not_shirking", ruleShirking, "rule", c.Rule)
	}
	if !strings.HasPrefix(c.Rule, "P3-") {
		return nil
	}
	if _, f := d.desk(); f != nil {
		return f
	}
	switch {
	case c.Who == d.env.By.Staff:
		return forbidden("own_matter", ruleShirking, "staff", string(c.Who))
	case c.Rule == ruleShirking && !contains(c.Measure):
		return invalidUnder("bad_measure", ruleShirking, "measure", string(c.Measure))
	}
	if c.Ticket != "" {
		if _, f := d.seeTicket(c.Ticket); f != nil {
			return f
		}
	}
	return nil
}
