package workflow

import "slices"

// ChangeSite changes what the command names of a site; the rest stays as it is.
type ChangeSite struct {
	// New IANA time zone; empty to keep the present one.
	Zone string `json:"zone,omitempty"`
	// New working hours of all seven weekdays, Sunday first.
	Hours *[7]DayHours `json:"hours,omitempty"`
	// New list of closed days; it replaces the present one.
	Holidays *[]Date `json:"holidays,omitempty"`
	// New list of duty shifts; it replaces the present one.
	Duty *[]DutyShift `json:"duty,omitempty"`
	// New wording of the consent; it gets the next version.
	Consent *Wording `json:"consent,omitempty"`
	// New settings of the screens that anybody can see.
	Board *BoardSettings `json:"board,omitempty"`
	// Have every commit carry the clock's reading beside its own time, until the clock has caught
	// up with a site whose time stands in the future.
	NoteClock bool `json:"note_clock,omitempty"`
}

func (*ChangeSite) About() About {
	return About{Kind: "change_site", May: administration, Scope: ScopeOffice}
}

func (*ChangeSite) Needs(*Board) []Ref { return nil }

func (c *ChangeSite) texts() []string {
	if c.Consent == nil {
		return nil
	}
	return []string{c.Consent.Zh, c.Consent.En}
}

func (c *ChangeSite) decide(d *draft) *Fault {
	s := edit[*Site](d, siteRef(d.ID))
	if c.Zone != "" {
		s.Zone = c.Zone
	}
	if c.Hours != nil {
		s.Hours = cloneWeek(*c.Hours)
	}
	if c.Holidays != nil {
		s.Holidays = slices.Clone(*c.Holidays)
	}
	if c.Duty != nil {
		s.Duty = slices.Clone(*c.Duty)
		if f := d.checkDuty(s.Duty); f != nil {
			return f
		}
	}
	if w := c.Consent; w != nil {
		if w.Zh == "" || w.En == "" || len(w.Zh) > 4000 || len(w.En) > 4000 {
			return invalid("bad_wording")
		}
		next := Wording{Version: 1, Zh: w.Zh, En: w.En}
		if s.Consent != nil {
			next.Version = s.Consent.Version + 1
		}
		s.Consent = &next
	}
	if c.Board != nil {
		if !slices.Contains(namesShown, c.Board.Names) {
			return invalid("bad_names")
		}
		k := *c.Board
		s.Board = &k
	}
	if c.NoteClock {
		if f := d.noteClock(s); f != nil {
			return f
		}
	}
	if f := checkSite(s); f != nil {
		return f
	}
	d.subject = s.Ref()
	d.fact(FactSiteChanged, "P1-51", s.ID)
	return nil
}

// noteClock makes commits carry the true time beside the site's, which is ahead of it. Only the
// administrator may do so: he answers for the clocks.
func (d *draft) noteClock(s *Site) *Fault {
	switch role := d.env.By.Role; {
	case role != RoleAdministrator && role != RoleSystem:
		return d.notFor("", administrators)
	case !d.clockBehind():
		return refused("not_ahead", "")
	}
	s.ClockUntil = d.now
	return nil
}

// clockBehind reports whether the site's time is ahead of the clock.
func (d *draft) clockBehind() bool {
	return !d.env.Clock.IsZero() && d.env.Clock.Before(d.now)
}
