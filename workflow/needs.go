package workflow

import "slices"

// Needs names the records beyond the board that Decide must see for a command and that the board neither holds nor knows to
// be absent. Some are reached only through others (a visit's customer): call it again after every load until it names none.
func (b *Board) Needs(cmd Command) []Ref { return b.Missing(cmd.Needs(b)) }

// visitNeeds are a visit and, once the board holds it, its customer and the one who brought him.
func (b *Board) visitNeeds(id VisitID) []Ref {
	refs := []Ref{visitRef(id)}
	if v, ok := b.records[visitRef(id)].(*Visit); ok && v.Site == b.ID {
		refs = append(refs, customerRef(v.Customer), customerRef(v.BroughtBy))
	}
	return refs
}

// customerAndVisits are a customer and his first and last visit: what he bought stands there, and whose he was, and whether
// he is here today, is read there.
func (b *Board) customerAndVisits(id CustomerID) []Ref {
	refs := []Ref{customerRef(id)}
	if k, ok := b.records[customerRef(id)].(*Customer); ok && k.Site == b.ID {
		refs = append(refs, visitRef(k.FirstVisit), visitRef(k.LastVisit))
	}
	return refs
}

// disputeNeeds are a dispute and its customer.
func (b *Board) disputeNeeds(id RecordID) []Ref {
	refs := []Ref{recordRef(Disputes, id)}
	if x, ok := b.records[recordRef(Disputes, id)].(*Dispute); ok && x.Site == b.ID {
		refs = append(refs, customerRef(x.Customer))
	}
	return refs
}

// tableOfDay is the table of the day that the rota stands at: it keeps the ranks of its first opening.
func (b *Board) tableOfDay() []Ref {
	if r := b.Rota(); r != nil && r.Day != "" {
		return []Ref{datedRotaRef(b.ID, r.Day)}
	}
	return nil
}

// customersInHouse are the customers of all open visits.
func (b *Board) customersInHouse() []Ref {
	refs := make([]Ref, 0, len(b.open))
	for _, v := range b.open {
		refs = append(refs, customerRef(v.Customer))
	}
	return refs
}

// helpMatters: under some policies who may help depends on the customers of those who are busy (C05).
func (b *Board) helpMatters() bool {
	s := b.Site()
	return s != nil && slices.ContainsFunc(s.Adoptions, func(a Adoption) bool { return a.Policy.Assist.WhenBusy != "anyone" })
}

// needs are the customers that an identity names.
func (i *Identity) needs() []Ref {
	if i == nil {
		return nil
	}
	return []Ref{customerRef(i.Customer), customerRef(i.BroughtBy)}
}
