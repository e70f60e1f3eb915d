package workflow

import (
	"cmp"
	"slices"
)

// unit returns a rostered unit; unitOf the unit a consultant belongs to. Both are nil when there is
// none.
func (d *draft) unit(id UnitID) *Unit {
	r := d.rota()
	for i := range r.Units {
		if r.Units[i].ID == id {
			return &r.Units[i]
		}
	}
	return nil
}

func (d *draft) unitOf(s StaffID) *Unit {
	r := d.rota()
	for i := range r.Units {
		if slices.Contains(r.Units[i].Members, s) {
			return &r.Units[i]
		}
	}
	return nil
}

// freeMember is the member of a unit who would receive: in a team the least recently used free one
// (A31).
func (d *draft) freeMember(u *Unit) (StaffID, bool) {
	for _, s := range u.Members {
		if d.free(s) {
			return s, true
		}
	}
	return "", false
}

// seat is an eligible unit of the line and the member who would receive.
type seat struct {
	unit *Unit
	who  StaffID
	rank int // 1 = first of the line, counted over the whole line
}

// eligible are the eligible units of the line, in order (RS-3); except leaves one consultant out.
func (d *draft) eligible(except StaffID) []seat {
	var seats []seat
	for i, p := range d.rota().Line {
		u := d.unit(p.Unit)
		if who, ok := d.freeMember(u); ok && who != except {
			seats = append(seats, seat{u, who, i + 1})
		}
	}
	return seats
}

// onTurn is the first eligible unit of the line: whose turn it is (RS-4).
func (d *draft) onTurn() (seat, bool) {
	for i, p := range d.rota().Line {
		u := d.unit(p.Unit)
		if who, ok := d.freeMember(u); ok {
			return seat{u, who, i + 1}, true
		}
	}
	return seat{}, false
}

// lastSeat is the last eligible unit of the line (RS-10). In a one-seat line it is also the first.
func (d *draft) lastSeat(except StaffID) (seat, bool) {
	if e := d.eligible(except); len(e) > 0 {
		return e[len(e)-1], true
	}
	return seat{}, false
}

func (r *Rota) lineIndex(u UnitID) int {
	return slices.IndexFunc(r.Line, func(p Place) bool { return p.Unit == u })
}

func (r *Rota) outIndex(u UnitID) int {
	return slices.IndexFunc(r.Out, func(g Gone) bool { return g.Unit == u })
}

func (d *draft) inLine(u *Unit) bool { return u != nil && d.rota().lineIndex(u.ID) >= 0 }

// insert puts a place into the line by its ticket.
func (r *Rota) insert(p Place) {
	byTicket := func(q Place, t int64) int { return cmp.Compare(q.Ticket, t) }
	i, _ := slices.BinarySearchFunc(r.Line, p.Ticket, byTicket)
	r.Line = slices.Insert(r.Line, i, p)
}

// setLine puts the line into a new order of the same units; the tickets stay in order.
func (r *Rota) setLine(order []UnitID) {
	tickets := make([]int64, len(r.Line))
	left := make(map[UnitID]int64, len(r.Line))
	for i, p := range r.Line {
		tickets[i], left[p.Unit] = p.Ticket, p.Left
	}
	line := make([]Place, len(order))
	for i, u := range order {
		line[i] = Place{Unit: u, Ticket: tickets[i], Left: left[u]}
	}
	r.Line = line
}

// toTail puts a unit behind everybody in the line; left is the commit that took it out, 0 for a
// newcomer.
func (r *Rota) toTail(u UnitID, left int64) {
	r.NextTicket++
	r.Line = append(r.Line, Place{Unit: u, Ticket: r.NextTicket, Left: left})
}

// rejoin brings back every unit that may: on site, free, and every visit it led registered (RS-6).
// A team comes back as soon as one of its members is free (A31). Order: of coming back, which is
// the order of leaving among those who come back at the same moment.
func (d *draft) rejoin() {
	var back []Gone
	for _, g := range d.rota().Out {
		if u := d.unit(g.Unit); u != nil && d.unitHindrance(u) == nil {
			back = append(back, g)
		}
	}
	if len(back) == 0 {
		return
	}
	r := d.editRota()
	for _, g := range back {
		r.Out = slices.Delete(r.Out, r.outIndex(g.Unit), r.outIndex(g.Unit)+1)
		r.toTail(g.Unit, g.Since)
		if d.policy.RejoinOrder == RejoinTurnTaken {
			r.sortTail()
		}
		d.fact(FactRejoined, "rejoin_order", string(g.Unit), "rank", itoa(r.lineIndex(g.Unit)+1))
	}
}

// sortTail moves the last of the line ahead of those who left after it and have come back before it
// (A03, reading 2).
func (r *Rota) sortTail() {
	order := r.Order()
	i := len(order) - 1
	for i > 0 && r.Line[i-1].Left > r.Line[len(order)-1].Left {
		i--
	}
	last := order[len(order)-1]
	r.setLine(slices.Insert(order[:len(order)-1], i, last))
}

// Order lists the units of the line, first to last.
func (r *Rota) Order() []UnitID {
	us := make([]UnitID, len(r.Line))
	for i, p := range r.Line {
		us[i] = p.Unit
	}
	return us
}

// OutUnits lists the units out of the line in the order in which they left.
func (r *Rota) OutUnits() []UnitID {
	us := make([]UnitID, len(r.Out))
	for i, g := range r.Out {
		us[i] = g.Unit
	}
	return us
}
