package workflow

import "slices"

// ChangeSite changes what is not nil.
type ChangeSite struct {
	Zone     string       `json:"zone,omitempty"`
	Hours    *[7]DayHours `json:"hours,omitempty"`
	Holidays *[]Date      `json:"holidays,omitempty"`
	Duty     *[]DutyShift `json:"duty,omitempty"`
	// Consent is a new wording; it gets the next version.
	Consent *Wording `json:"consent,omitempty"`
	// NoteClock: the site's time stands in the future. From now on every commit carries what the clock says beside its time, until
	// the clock has caught up.
	NoteClock bool `json:"note_clock,omitempty"`
}

// About describes the command.
func (*ChangeSite) About() About {
	return About{Kind: "change_site", May: administration, Scope: ScopeOffice}
}

// Needs names the records beyond the board.
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
		s.Hours = *c.Hours
	}
	if c.Holidays != nil {
		s.Holidays = slices.Clone(*c.Holidays)
	}
	if c.Duty != nil {
		s.Duty = slices.Clone(*c.Duty)
		for _, t := range s.Duty {
			if f := d.consultant(t.Staff); f != nil {
				return f
			}
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

// noteClock has commits carry the true time beside the site's, which stands ahead of it. It is the administrator's: he answers for
// the clocks.
func (d *draft) noteClock(s *Site) *Fault {
	switch role := d.env.By.Role; {
	case role != RoleAdministrator && role != RoleSystem:
		return forbidden("role", "")
	case !d.clockBehind():
		return refused("not_ahead", "")
	}
	s.ClockUntil = d.now
	return nil
}

// clockBehind: the site's time stands ahead of the clock.
func (d *draft) clockBehind() bool {
	return !d.env.Clock.IsZero() && d.env.Clock.Before(d.now)
}
