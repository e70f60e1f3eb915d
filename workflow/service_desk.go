package workflow

import (
	"slices"
	"time"
)

// Area is a field of matters with those in charge of it (policy 3, item 2.4): 主管领导, and the
// colleague who is in charge when the leader is away.
type Area struct {
	// Code of the area, such as engineering.
	Code AreaCode `json:"code"`
	// Member of staff who leads the area.
	Leader StaffID `json:"leader"`
	// Member of staff who is in charge while the leader is away; empty for nobody.
	Deputy StaffID `json:"deputy,omitempty"`
	// Department to which the area belongs; empty for none.
	Department Department `json:"department,omitempty"`
}

// AreaCode names a field of matters; the office makes the codes up.
type AreaCode string

// ServiceAdoption is how the service desk works from a day on.
type ServiceAdoption struct {
	// First day on which it holds.
	From Date `json:"from"`
	// The desk ends with this day: nothing is opened any more.
	End bool `json:"end,omitempty"`
	// All parameters.
	Parameters ServiceParameters `json:"parameters"`
	// Fields of matters, with those in charge.
	Areas []Area `json:"areas,omitempty"`
	// Statutory days that need a watch; the office is not closed on them for that.
	Holidays []Date `json:"holidays,omitempty"`
}

// ServiceDesk is the service desk of an office (policy 3). An office without the record has none.
type ServiceDesk struct {
	Head
	// How the desk works, by the day from which it holds, earliest first; never empty.
	Adoptions []ServiceAdoption `json:"adoptions"`
	// How far the calendar of the desk has been carried out.
	CalendarAt time.Time `json:"calendar_at"`
}

// Ref names the desk's record.
func (s *ServiceDesk) Ref() Ref { return serviceDeskRef(s.Site) }

func (s *ServiceDesk) clone() Record {
	c := *s
	c.Adoptions = slices.Clone(s.Adoptions)
	return &c
}

func serviceDeskRef(s SiteID) Ref { return Ref{ServiceDesks, string(s)} }

// On is the adoption that holds on a day; nil before the first one. The one after the end holds
// too: it says by which rules what is open is finished.
func (s *ServiceDesk) On(day Date) *ServiceAdoption {
	var in *ServiceAdoption
	for i := range s.Adoptions {
		if s.Adoptions[i].From <= day {
			in = &s.Adoptions[i]
		}
	}
	return in
}

// openOn reports whether the desk takes something new on a day.
func (s *ServiceDesk) openOn(day Date) bool {
	a := s.On(day)
	return a != nil && !a.End
}

// judging is the adoption by whose parameters a day is judged: the one of the day, or the first one
// for days before the desk.
func (s *ServiceDesk) judging(day Date) *ServiceAdoption {
	if a := s.On(day); a != nil {
		return a
	}
	return &s.Adoptions[0]
}

// area finds an area by its code; nil when there is none.
func (a *ServiceAdoption) area(code AreaCode) *Area {
	i := slices.IndexFunc(a.Areas, func(x Area) bool { return x.Code == code })
	if i < 0 {
		return nil
	}
	return &a.Areas[i]
}

// inCharge reports whether somebody leads the area or deputises in it.
func (a *Area) inCharge(s StaffID) bool {
	return a != nil && s != "" && (a.Leader == s || a.Deputy == s)
}

// ServiceDesk returns the service desk; nil when the site has none.
func (b *Board) ServiceDesk() *ServiceDesk {
	s, _ := b.records[serviceDeskRef(b.ID)].(*ServiceDesk)
	return s
}

func (d *draft) serviceDesk() *ServiceDesk {
	s, _ := look[*ServiceDesk](d, serviceDeskRef(d.ID))
	return s
}

// desk is how the service desk works today; refused when there is none. What was opened before the
// end is finished after it.
func (d *draft) desk() (*ServiceAdoption, *Fault) {
	if s := d.serviceDesk(); s != nil {
		if a := s.On(d.today); a != nil {
			return a, nil
		}
	}
	return nil, refused("no_service_desk", "P1-52", "date", string(d.today))
}

// openDesk is desk for what opens something: it is refused after the end, too.
func (d *draft) openDesk() (*ServiceAdoption, *Fault) {
	a, f := d.desk()
	if f == nil && a.End {
		return nil, refused("no_service_desk", "P1-52", "date", string(d.today))
	}
	return a, f
}
