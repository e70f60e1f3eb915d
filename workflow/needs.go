package workflow

import "slices"

// Needs names the records beyond the board that Decide must see for a command and that the board neither holds nor knows to
// be absent. Some are reached only through others (a visit's customer): call it again after every load until it names none.
func (b *Board) Needs(cmd Command) []Ref {
	refs := b.Missing(cmd.Needs())
	if len(refs) > 0 {
		return refs
	}
	for _, ref := range cmd.Needs() {
		switch r := b.records[ref].(type) {
		case *Visit:
			if r.Site == b.ID {
				refs = append(refs, customerRef(r.Customer), customerRef(r.BroughtBy))
			}
			if c, register := cmd.(*RegisterVisit); register && r.Customer == "" {
				refs = append(refs, customerRef(c.Customer))
			}
		case *Dispute:
			if r.Site == b.ID {
				refs = append(refs, customerRef(r.Customer))
			}
		case *Customer:
			if r.Site == b.ID && looksAtVisits(cmd) {
				refs = append(refs, visitRef(r.FirstVisit), visitRef(r.LastVisit))
			}
		}
	}
	switch cmd.(type) {
	case *OpenDay, *CloseDay: // the day's table keeps the ranks of its first opening
		if r := b.Rota(); r != nil && r.Day != "" {
			refs = append(refs, datedRotaRef(b.ID, r.Day))
		}
	default:
	}
	if a, ok := cmd.(*AssignVisit); ok {
		for _, v := range b.open { // stand-ins and help depend on whom the busy ones are with
			if a.StandIn != nil && v.Server == a.StandIn.For || b.helpMatters() {
				refs = append(refs, customerRef(v.Customer))
			}
		}
	}
	if a, ok := cmd.(*ArriveVisit); ok && a.Assign && b.helpMatters() {
		for _, v := range b.open {
			refs = append(refs, customerRef(v.Customer))
		}
	}
	return b.Missing(refs)
}

// looksAtVisits: what a customer bought stands in his visits, and whose he is or was, and whether he is here today, is read there.
func looksAtVisits(cmd Command) bool {
	switch cmd.(type) {
	case *RecordDeal, *ShowPerson, *ShowNote, *OpenDispute:
		return true
	default:
		return false
	}
}

// helpMatters: under some policies who may help depends on the customers of those who are busy (C05).
func (b *Board) helpMatters() bool {
	s := b.Site()
	return s != nil && slices.ContainsFunc(s.Adoptions, func(a Adoption) bool { return a.Policy.Assist.WhenBusy != "anyone" })
}
