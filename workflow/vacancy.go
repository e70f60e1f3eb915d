package workflow

import (
	"slices"
	"time"
)

// Notice passes the duty to fill the seat on.
type Notice struct {
	// Consultant who passed the duty on.
	From StaffID `json:"from"`
	// Consultant who has to fill the seat from then on.
	To StaffID `json:"to"`
	// When the duty was passed on.
	At time.Time `json:"at"`
}

// Vacancy is a time during which the first seat stood empty.
type Vacancy struct {
	Head
	// Since when the seat stood empty.
	SinceAt time.Time `json:"since_at"`
	// Consultant who had to fill the seat first.
	Second StaffID `json:"second,omitempty"`
	// Notices by which the duty was passed on, oldest first.
	Chain []Notice `json:"chain,omitempty"`
	// Consultant who sat down.
	FilledBy StaffID `json:"filled_by,omitempty"`
	// When somebody sat down.
	FilledAt time.Time `json:"filled_at,omitzero"`
	// Consultant who answers for the empty seat; set when it was judged.
	Accountable StaffID `json:"accountable,omitempty"`
	// When it was decided who answers for it.
	JudgedAt time.Time `json:"judged_at,omitzero"`
}

// Ref names the record.
func (v *Vacancy) Ref() Ref { return Ref{Vacancies, v.ID} }

func (v *Vacancy) clone() Record { k := *v; k.Chain = slices.Clone(v.Chain); return &k }

// holder is who has the duty now, and since when.
func (v *Vacancy) holder() (StaffID, time.Time) {
	if n := len(v.Chain); n > 0 {
		return v.Chain[n-1].To, v.Chain[n-1].At
	}
	return v.Second, v.SinceAt
}

// judge says who answers for the empty seat: nobody while the grace runs, or when the seat was
// filled in time (A40).
func (v *Vacancy) judge(now time.Time, grace time.Duration) StaffID {
	who, since := v.holder()
	end := now
	if !v.FilledAt.IsZero() {
		end = v.FilledAt
	}
	if end.Sub(since) <= grace {
		return ""
	}
	return who
}

// VacateSeat reports that the first seat of the desk stands empty (policy 2, item 04).
type VacateSeat struct {
	// Id of the new record.
	Vacancy RecordID `json:"vacancy"`
}

func (*VacateSeat) About() About {
	return About{Kind: "vacate_seat", May: everybody, Rule: "P2-04"}
}

func (*VacateSeat) Needs(*Board) []Ref { return nil }

// decide gives the duty to fill the seat to the first free one of the line.
func (c *VacateSeat) decide(d *draft) *Fault {
	if v := d.vacancy(); v != nil && v.FilledAt.IsZero() {
		return refused("already_vacant", "P2-04")
	} else if v != nil { // judged when it was filled; now it leaves the board
		edit[*Vacancy](d, v.Ref()).Open = false
	}
	h, f := d.newHead(Vacancies, c.Vacancy, true)
	if f != nil {
		return f
	}
	v := add(d, &Vacancy{Head: h, SinceAt: d.now})
	if s, ok := d.onTurn(); ok {
		v.Second = s.who
	}
	d.fact(FactSeatVacated, "P2-04", v.ID, "second", string(v.Second))
	return nil
}

// NotifySeat passes the duty to fill the seat on.
type NotifySeat struct {
	// Consultant who has the duty now.
	From StaffID `json:"from"`
	// Consultant who has it from now on.
	To StaffID `json:"to"`
}

func (*NotifySeat) About() About {
	return About{Kind: "notify_seat", May: receptionists, Rule: "P2-04"}
}

func (*NotifySeat) Needs(*Board) []Ref { return nil }

func (c *NotifySeat) own(d *draft) bool { return c.From == d.env.By.Staff }

// decide accepts only whoever has the duty now (A40).
func (c *NotifySeat) decide(d *draft) *Fault {
	v := d.vacancy()
	if v == nil || !v.FilledAt.IsZero() {
		return noVacancy()
	}
	if f := d.consultant(c.To); f != nil {
		return f
	}
	if who, _ := v.holder(); who != c.From || c.To == c.From {
		return refused("not_in_chain", "P2-04", "holder", string(who))
	}
	v = edit[*Vacancy](d, v.Ref())
	v.Chain = append(v.Chain, Notice{From: c.From, To: c.To, At: d.now})
	d.subject = v.Ref()
	d.fact(FactSeatNotified, "P2-04", string(c.To), "from", string(c.From))
	d.notify("P2-04", c.To, v.ID, "why", "fill_the_seat")
	return nil
}

// FillSeat reports that somebody sits at the first seat again.
type FillSeat struct {
	// Consultant who sits there; empty for the one whose key it is.
	By StaffID `json:"by,omitempty"`
}

func (*FillSeat) About() About {
	return About{Kind: "fill_seat", May: receptionists, Rule: "P2-04"}
}

func (*FillSeat) Needs(*Board) []Ref { return nil }

func (c *FillSeat) own(d *draft) bool { return d.himself(c.By) }

func (c *FillSeat) decide(d *draft) *Fault {
	v := d.vacancy()
	if v == nil || !v.FilledAt.IsZero() {
		return noVacancy()
	}
	who := d.actor(c.By)
	if f := d.consultant(who); f != nil {
		return f
	}
	v = edit[*Vacancy](d, v.Ref())
	v.FilledBy, v.FilledAt = who, d.now
	v.Accountable, v.JudgedAt = v.judge(d.now, d.grace()), d.now
	d.subject = v.Ref()
	d.fact(FactSeatFilled, "P2-04", string(who), "accountable", string(v.Accountable))
	return nil
}

// CheckVacancy judges who answers for the empty seat.
type CheckVacancy struct{}

func (*CheckVacancy) About() About {
	return About{Kind: "check_vacancy", May: receptionists, Rule: "P2-04"}
}

func (*CheckVacancy) Needs(*Board) []Ref { return nil }

func (*CheckVacancy) decide(d *draft) *Fault { return d.checkVacancy() }

// vacancy is the newest vacancy the board holds; nil when there is none.
func (d *draft) vacancy() *Vacancy {
	var last *Vacancy
	for _, r := range d.matters {
		if v, ok := r.(*Vacancy); ok && (last == nil || v.SinceAt.After(last.SinceAt)) {
			last = v
		}
	}
	return last
}

func (d *draft) grace() time.Duration {
	return time.Duration(d.policy.Desk.VacancyGraceMin) * time.Minute
}

func noVacancy() *Fault {
	return refused("not_vacant", "P2-04")
}

// checkVacancy judges who answers for the empty seat once the grace is over.
func (d *draft) checkVacancy() *Fault {
	v := d.vacancy()
	if v == nil {
		return noVacancy()
	}
	v = edit[*Vacancy](d, v.Ref())
	v.Accountable, v.JudgedAt = v.judge(d.now, d.grace()), d.now
	d.subject = v.Ref()
	d.fact(FactVacancyJudged, "P2-04", v.ID, "accountable", string(v.Accountable))
	return nil
}
