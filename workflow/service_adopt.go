package workflow

import "slices"

// AdoptService puts a service desk in force from a day on, changes it or ends it (policy 3; policy
// 1, art. 52 by analogy).
type AdoptService struct {
	// First day on which it holds, today or later.
	From Date `json:"from"`
	// Parameters to change, by name; the others keep their values.
	Parameters map[string]any `json:"parameters,omitempty"`
	// Fields of matters with those in charge; missing to keep the present ones.
	Areas *[]Area `json:"areas,omitempty"`
	// Statutory days that need a watch; missing to keep the present ones.
	Holidays *[]Date `json:"holidays,omitempty"`
	// End the desk with this day: nothing is opened any more, what is open is finished.
	End bool `json:"end,omitempty"`
}

func (*AdoptService) About() About {
	return About{Kind: "adopt_service", May: managers, Rule: "P1-52", Scope: ScopeService, Since: 5}
}

func (*AdoptService) Needs(b *Board) []Ref { return []Ref{serviceDeskRef(b.ID)} }

func (c *AdoptService) texts() []string {
	if c.Areas == nil {
		return nil
	}
	var all []string
	for _, a := range *c.Areas {
		all = append(all, string(a.Code), string(a.Department))
	}
	return all
}

// decide leaves the days before untouched: each is judged by the adoption of that day.
func (c *AdoptService) decide(d *draft) *Fault {
	switch {
	case !c.From.Valid():
		return invalidUnder("bad_date", "P1-52", "date", string(c.From))
	case c.From < d.today:
		return refused("in_past", "P1-52", "date", string(c.From), "today", string(d.today))
	}
	s, f := d.editServiceDesk(c)
	if f != nil {
		return f
	}
	a := ServiceAdoption{From: c.From, Parameters: DefaultService()}
	if before := s.On(c.From); before != nil {
		a.Areas, a.Holidays = before.Areas, before.Holidays
		a.Parameters = before.Parameters.copied()
	}
	if a.End = c.End; c.Areas != nil {
		a.Areas = slices.Clone(*c.Areas)
	}
	if c.Holidays != nil {
		a.Holidays = slices.Compact(slices.Sorted(slices.Values(*c.Holidays)))
	}
	if f := a.Parameters.set(c.Parameters); f != nil {
		return f
	}
	if f := d.checkDesk(c, &a); f != nil {
		return f
	}
	same := func(x ServiceAdoption) bool { return x.From == a.From }
	s.Adoptions = append(slices.DeleteFunc(s.Adoptions, same), a)
	slices.SortFunc(s.Adoptions, func(x, y ServiceAdoption) int {
		if x.From < y.From {
			return -1
		}
		return 1
	})
	d.subject = s.Ref()
	kind := FactServiceAdopted
	if c.End {
		kind = FactServiceEnded
	}
	d.fact(kind, "P1-52", string(c.From))
	return nil
}

// editServiceDesk is the desk to change; there is nothing to end where there is none.
func (d *draft) editServiceDesk(c *AdoptService) (*ServiceDesk, *Fault) {
	switch {
	case d.serviceDesk() != nil:
		return edit[*ServiceDesk](d, serviceDeskRef(d.ID)), nil
	case c.End:
		return nil, refused("no_service_desk", "P1-52", "date", string(c.From))
	}
	return add(d, &ServiceDesk{
		Head: Head{ID: string(d.ID), Site: d.ID, Open: true}, CalendarAt: d.now,
	}), nil
}

// checkDesk refuses areas that are named twice or led by nobody, and days that are none. Areas that
// stay as they are may have lost somebody who has left since.
func (d *draft) checkDesk(c *AdoptService, a *ServiceAdoption) *Fault {
	var named []Area
	if c.Areas != nil {
		named = a.Areas
	}
	for i, x := range named {
		twice := slices.ContainsFunc(named[:i], func(y Area) bool { return y.Code == x.Code })
		if twice || !isCode(string(x.Code)) || x.Department != "" && !isCode(string(x.Department)) {
			return invalidUnder("bad_area", "P3-2.4", "area", string(x.Code))
		}
		for _, who := range []StaffID{x.Leader, x.Deputy} {
			if m := d.staffMember(who); who != "" && (m == nil || !m.Active) {
				return invalidUnder("staff_not_found", "P3-2.4", "id", string(who))
			}
		}
		if x.Leader == "" || x.Leader == x.Deputy {
			return invalidUnder("bad_area", "P3-2.4", "area", string(x.Code))
		}
	}
	for _, day := range a.Holidays {
		if !day.Valid() {
			return invalidUnder("bad_date", "P3-8", "date", string(day))
		}
	}
	if len(a.Holidays) > maxHolidays || len(a.Areas) > maxAreas {
		return invalidUnder("too_many", "P1-52")
	}
	return nil
}

// What a desk holds at most: the board carries it.
const (
	maxAreas    = 200
	maxHolidays = 200
)

// isCode reports whether s is a code that an office may make up: no blanks, no slash, at most 40
// bytes.
func isCode(s string) bool { return ValidID(s) && len(s) <= 40 }

// invalidUnder is invalid with the article behind it.
func invalidUnder(code, rule string, kv ...string) *Fault {
	f := invalid(code, kv...)
	f.Rule = rule
	return f
}
