package workflow

import "time"

// Desk is who sits where now: the first seats of the eligible line at the front desk, the others at
// the tables, and everybody's rank in the line (policy 2, items 01 and 11).
type Desk struct {
	// Consultants at the front desk, first seat first.
	Seats []StaffID `json:"desk"`
	// Consultants at the tables.
	Tables []StaffID `json:"tables"`
	// Rank of every unit in the line, 1 for the first.
	Ranks map[UnitID]int `json:"ranks"`
	// Consultant who answers the telephone.
	Phone StaffID `json:"phone,omitempty"`
	// Consultant who guides (policy 2).
	Guide StaffID `json:"guide,omitempty"`
	// Consultant who brings water (policy 2).
	Water StaffID `json:"water,omitempty"`
}

// DeskAt is the front desk at a moment.
func (b *Board) DeskAt(now time.Time) Desk {
	k := Desk{Seats: []StaffID{}, Tables: []StaffID{}, Ranks: map[UnitID]int{}}
	if b.Rota() == nil {
		return k
	}
	d := newDraft(b, Envelope{At: now})
	for i, p := range d.rota().Line {
		k.Ranks[p.Unit] = i + 1
	}
	e := d.eligible("")
	for i, s := range e {
		if i < d.policy.Desk.Seats {
			k.Seats = append(k.Seats, s.who)
		} else {
			k.Tables = append(k.Tables, s.who)
		}
	}
	k.Phone = d.answers()
	if d.policy.Desk.Guiding && len(e) > 1 {
		k.Guide, k.Water = e[1].who, e[min(2, len(e)-1)].who
	}
	return k
}
