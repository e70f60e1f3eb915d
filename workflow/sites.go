package workflow

import (
	"slices"
	"time"
)

func (c *CreateSite) decide(d *draft) *Fault {
	if !ValidID(string(c.Site)) || c.Site != d.ID {
		return invalid("bad_site_id")
	}
	s := &Site{
		Head: Head{ID: string(c.Site), Site: c.Site, Open: true}, Zone: c.Zone, Hours: c.Hours,
		Holidays: slices.Clone(c.Holidays), Duty: slices.Clone(c.Duty),
		Adoptions: []Adoption{{From: "0001-01-01", Policy: c.Policy}},
	}
	if p := c.Policy.Check(); p != nil {
		return badParameter(p)
	}
	if f := checkSite(s); f != nil {
		return f
	}
	add(d, s)
	d.local = d.now.In(s.Location()) // a board before its first commit has no zone of its own
	d.today, d.policy = dateOf(d.local), &s.Adoptions[0].Policy
	add(d, &Rota{Head: Head{ID: liveRotaRef(d.ID).ID, Site: d.ID, Open: true}, Units: []Unit{}, Line: []Place{}, Out: []Gone{}})
	d.subject = s.Ref()
	d.fact(FactSiteCreated, "P1-52", s.ID, "policy", c.Policy.Preset, "zone", c.Zone)
	if f := d.firstStaff(c.Staff); f != nil {
		return f
	}
	for i := range c.Keys {
		if f := (&c.Keys[i]).decide(d); f != nil {
			return f
		}
	}
	d.subject = s.Ref()
	return nil
}

// firstStaff adds the staff a site begins with; the members of a team become one unit where the first of them stands.
func (d *draft) firstStaff(all []NewStaff) *Fault {
	for i, n := range all {
		team := n.Team
		n.Team = ""
		if team != "" {
			n.OffRoster = true
		}
		if f := d.addStaff(n); f != nil {
			return f
		}
		if team == "" || n.Role != RoleConsultant {
			continue
		}
		edit[*Staff](d, staffRef(d.ID, n.Staff)).Team = team
		if slices.ContainsFunc(all[i+1:], func(m NewStaff) bool { return m.Team == team }) {
			continue
		}
		var members []StaffID
		for _, m := range all[:i+1] {
			if m.Team == team {
				members = append(members, m.Staff)
			}
		}
		if f := d.addUnit(Unit{ID: team, Type: TeamUnit, Members: members}); f != nil {
			return f
		}
	}
	return nil
}

func badParameter(p *Parameter) *Fault {
	return invalid("bad_policy", "parameter", p.Name, "bounds", p.Bounds)
}

// checkSite checks zone, hours, holidays and duty shifts.
func checkSite(s *Site) *Fault {
	if _, err := time.LoadLocation(s.Zone); err != nil || s.Zone == "" || s.Zone == "Local" {
		return invalid("bad_zone", "zone", s.Zone)
	}
	for day, h := range s.Hours {
		closed := h.From == "" && h.To == ""
		if !closed && (!h.From.Valid() || !h.To.Valid() || h.From.minutes() >= h.To.minutes()) {
			return invalid("bad_hours", "weekday", itoa(day))
		}
	}
	for _, day := range s.Holidays {
		if !day.Valid() {
			return invalid("bad_date", "date", string(day))
		}
	}
	for _, t := range s.Duty {
		if !t.From.Valid() || !t.To.Valid() || t.From.minutes() >= t.To.minutes() || t.Staff == "" {
			return invalid("bad_duty")
		}
	}
	return nil
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

// adoptPolicy puts a policy in force from today or a later day; the days before stay judged by theirs (policy 1, art. 52).
func (c *AdoptPolicy) decide(d *draft) *Fault {
	if p := c.Policy.Check(); p != nil {
		return badParameter(p)
	}
	from := c.From
	if from == "" {
		from = d.today
	}
	if !from.Valid() || from < d.today {
		return invalid("bad_date", "date", string(from), "today", string(d.today))
	}
	s := edit[*Site](d, siteRef(d.ID))
	s.Adoptions = slices.DeleteFunc(s.Adoptions, func(a Adoption) bool { return a.From == from })
	s.Adoptions = append(s.Adoptions, Adoption{From: from, Policy: c.Policy})
	slices.SortFunc(s.Adoptions, func(a, b Adoption) int {
		if a.From < b.From {
			return -1
		}
		return 1
	})
	d.policy = s.PolicyOn(d.today)
	d.subject = s.Ref()
	d.fact(FactPolicyAdopted, "P1-52", string(from), "policy", c.Policy.Preset)
	return nil
}

func (d *draft) addStaff(n NewStaff) *Fault {
	switch {
	case !ValidID(string(n.Staff)):
		return invalid("bad_staff_id", "staff", string(n.Staff))
	case !n.Role.StaffRole():
		return invalid("bad_role", "role", string(n.Role))
	case d.staffMember(n.Staff) != nil:
		return refused("staff_exists", "", "staff", string(n.Staff))
	}
	s := add(d, &Staff{Head: Head{ID: staffRef(d.ID, n.Staff).ID, Site: d.ID, Open: true}, Staff: n.Staff, Role: n.Role, Team: n.Team, Active: true})
	if d.subject == (Ref{}) {
		d.subject = s.Ref()
	}
	d.fact(FactStaffAdded, "P1-02", string(n.Staff), "role", string(n.Role))
	switch {
	case n.Role != RoleConsultant || n.OffRoster:
	case n.Team == "":
		return d.addUnit(Unit{ID: UnitID(n.Staff)})
	default:
		u := d.unit(n.Team)
		if u == nil {
			return notFound("unit", string(n.Team))
		}
		r := d.editRota()
		i := slices.IndexFunc(r.Units, func(x Unit) bool { return x.ID == n.Team })
		r.Units[i].Members = append(r.Units[i].Members, n.Staff)
	}
	return nil
}

// changeStaff changes role or activity; whoever is not an active consultant has no place in the rotation.
func (c *ChangeStaff) decide(d *draft) *Fault {
	if d.staffMember(c.Staff) == nil {
		return notFound("staff", string(c.Staff))
	}
	s := edit[*Staff](d, staffRef(d.ID, c.Staff))
	if c.Role != "" {
		if !c.Role.StaffRole() {
			return invalid("bad_role", "role", string(c.Role))
		}
		s.Role = c.Role
	}
	if s.Active && c.Active != nil && !*c.Active || s.Role != RoleConsultant {
		if f := d.offRoster(c.Staff); f != nil {
			return f
		}
	}
	if c.Active != nil {
		s.Active = *c.Active
	}
	d.subject = s.Ref()
	d.fact(FactStaffChanged, "P1-02", string(c.Staff), "role", string(s.Role), "active", map[bool]string{true: "true", false: "false"}[s.Active])
	return nil
}

// offRoster takes a consultant out of his unit, and the unit off when he was its last member.
func (d *draft) offRoster(s StaffID) *Fault {
	u := d.unitOf(s)
	if u == nil {
		return nil
	}
	if len(u.Members) == 1 {
		return d.removeUnit(u.ID)
	}
	r := d.editRota()
	i := slices.IndexFunc(r.Units, func(x Unit) bool { return x.ID == u.ID })
	r.Units[i].Members = slices.DeleteFunc(r.Units[i].Members, func(m StaffID) bool { return m == s })
	return nil
}
