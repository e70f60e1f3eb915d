package workflow

import (
	"slices"
	"time"
)

// SeatNotice passes the duty to fill the seat on.
type SeatNotice struct {
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
	Chain []SeatNotice `json:"chain,omitempty"`
	// Consultant who sat down.
	FilledBy StaffID `json:"filled_by,omitempty"`
	// When somebody sat down.
	FilledAt time.Time `json:"filled_at,omitzero"`
	// Consultant who answers for the empty seat: the last of those who let the grace pass. Filling
	// the seat changes nothing.
	Accountable StaffID `json:"accountable,omitempty"`
	// When it was decided who answers for it.
	JudgedAt time.Time `json:"judged_at,omitzero"`
	// Everybody who had the duty and let the grace pass, oldest first; each answers for that part.
	Judgements []Judgement `json:"judgements,omitempty"`
}

// Judgement is one consultant's part in an empty seat.
type Judgement struct {
	// Consultant who had the duty and let the grace pass.
	Who StaffID `json:"who"`
	// Since when the duty was that consultant's.
	SinceAt time.Time `json:"since_at"`
	// When it was judged: by the clock once the grace was over, or when the duty was passed on or
	// the seat filled too late.
	At time.Time `json:"at"`
}

// Ref names the record.
func (v *Vacancy) Ref() Ref { return Ref{Vacancies, v.ID} }

func (v *Vacancy) clone() Record {
	k := *v
	k.Chain = slices.Clone(v.Chain)
	k.Judgements = slices.Clone(v.Judgements)
	return &k
}

func (v *Vacancy) reader() int { return since(4, len(v.Judgements) > 0) }

// holder is who has the duty now, and since when.
func (v *Vacancy) holder() (StaffID, time.Time) {
	if n := len(v.Chain); n > 0 {
		return v.Chain[n-1].To, v.Chain[n-1].At
	}
	return v.Second, v.SinceAt
}

// late reports whether the holder has let the grace pass and was not judged for it yet (A40).
func (v *Vacancy) late(now time.Time, grace time.Duration) bool {
	who, since := v.holder()
	judged := v.Accountable == who && v.JudgedAt.After(since)
	return v.FilledAt.IsZero() && who != "" && !judged && now.Sub(since) > grace
}

// judge notes the holder's part if he is late. Whoever passes the duty on, or sits down, in time
// answers for nothing; a judgement once made stays (A85).
func (v *Vacancy) judge(now time.Time, grace time.Duration) {
	if !v.late(now, grace) {
		return
	}
	who, since := v.holder()
	v.Accountable, v.JudgedAt = who, now
	v.Judgements = append(v.Judgements, Judgement{Who: who, SinceAt: since, At: now})
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
	// Consultant who has it from now on: of the next rank that is on site and free.
	To StaffID `json:"to"`
}

func (*NotifySeat) About() About {
	return About{Kind: "notify_seat", May: receptionists, Rule: "P2-04"}
}

func (*NotifySeat) Needs(*Board) []Ref { return nil }

func (c *NotifySeat) own(d *draft) bool { return c.From == d.env.By.Staff }

// decide accepts only whoever has the duty now (A40), and only the next rank (A84).
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
	next, ok := d.rankAfter(c.From)
	if !ok || next.unit.ID != d.unitID(c.To) || !d.free(c.To) {
		return refused("not_next_rank", "P2-04", "staff", string(c.To), "next", string(next.who))
	}
	v = edit[*Vacancy](d, v.Ref())
	v.judge(d.now, d.grace())
	v.Chain = append(v.Chain, SeatNotice{From: c.From, To: c.To, At: d.now})
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
	v.judge(d.now, d.grace())
	v.FilledBy, v.FilledAt = who, d.now
	if v.Accountable == "" {
		v.JudgedAt = d.now // nobody answers
	}
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

// rankAfter is the next rank behind a consultant's that is free (A84): 2nd, 3rd, 4th, and so on. A
// consultant who is out of the line ranks where he left it, one without a place before everybody.
func (d *draft) rankAfter(s StaffID) (seat, bool) {
	r, u := d.rota(), d.unitID(s)
	ticket := int64(-1)
	if i := r.lineIndex(u); i >= 0 {
		ticket = r.Line[i].Ticket
	} else if i := r.outIndex(u); i >= 0 {
		ticket = r.Out[i].Ticket
	}
	for _, e := range d.eligible(s) {
		if r.Line[e.rank-1].Ticket > ticket {
			return e, true
		}
	}
	return seat{}, false
}

// unitID is the id of a consultant's unit; empty when he has none.
func (d *draft) unitID(s StaffID) UnitID {
	if u := d.unitOf(s); u != nil {
		return u.ID
	}
	return ""
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
	v.judge(d.now, d.grace())
	d.subject = v.Ref()
	d.fact(FactVacancyJudged, "P2-04", v.ID, "accountable", string(v.Accountable))
	return nil
}
