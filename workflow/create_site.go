package workflow

import (
	"slices"
	"time"
)

// CreateSite founds a site: commit 1 of its journal.
type CreateSite struct {
	// Id of the new site, chosen by whoever founds it: 1 to 64 ASCII characters without blanks or
	// slashes.
	Site SiteID `json:"site"`
	// IANA time zone in which the site's days and hours are meant, such as Asia/Shanghai.
	Zone string `json:"zone"`
	// Working hours by weekday, Sunday first; a day with both ends empty is closed.
	Hours [7]DayHours `json:"hours"`
	// Days on which the site is closed whatever the weekday.
	Holidays []Date `json:"holidays,omitempty"`
	// Shifts outside the line: noon, evening, holidays.
	Duty []DutyShift `json:"duty,omitempty"`
	// Policy in force from the first day on, complete.
	Policy Policy `json:"policy"`
	// Members of staff that the site begins with, in the order in which consultants stand in the
	// line.
	Staff []NewStaff `json:"staff,omitempty"`
	// API keys that the site begins with.
	Keys []MakeKey `json:"keys,omitempty"`
	// Service desk that the site begins with; missing when it has none.
	Service *AdoptService `json:"service,omitempty"`
}

func (*CreateSite) About() About {
	return About{Kind: "create_site", May: administrators}
}

func (*CreateSite) Needs(*Board) []Ref { return nil }

func (c *CreateSite) texts() []string {
	var all []string
	for _, n := range c.Staff {
		all = append(all, string(n.Staff), string(n.Team), string(n.Department))
	}
	if c.Service != nil {
		all = append(all, c.Service.texts()...)
	}
	return all
}

func (c *CreateSite) decide(d *draft) *Fault {
	if !NewID(string(c.Site)) || c.Site != d.ID {
		return invalid("bad_site_id")
	}
	s := &Site{
		Head: Head{ID: string(c.Site), Site: c.Site, Open: true}, Zone: c.Zone,
		Hours: cloneWeek(c.Hours), Holidays: slices.Clone(c.Holidays), Duty: slices.Clone(c.Duty),
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
	add(d, &Rota{
		Head: Head{ID: liveRotaRef(d.ID).ID, Site: d.ID, Open: true}, Units: []Unit{},
		Line: []Place{}, Out: []Gone{},
	})
	d.subject = s.Ref()
	d.fact(FactSiteCreated, "P1-52", s.ID, "policy", c.Policy.Preset, "zone", c.Zone)
	if f := d.firstStaff(c.Staff); f != nil {
		return f
	}
	if f := d.checkDuty(s.Duty); f != nil {
		return f
	}
	for i := range c.Keys {
		if f := (&c.Keys[i]).decide(d); f != nil {
			return f
		}
	}
	if c.Service != nil {
		if f := c.Service.decide(d); f != nil {
			return f
		}
	}
	d.subject = s.Ref()
	return nil
}

// ready refuses a site that exists already, and any other command before it exists.
func (d *draft) ready(cmd Command) *Fault {
	_, create := cmd.(*CreateSite)
	switch {
	case create && d.site() != nil:
		return refused("site_exists", "", "id", string(d.ID))
	case !create && d.site() == nil:
		return notFound("site", string(d.ID))
	}
	return nil
}

// firstStaff adds the staff that a site begins with. The members of a team become one unit, which
// stands where its last member is listed.
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

// checkDuty refuses a duty shift of somebody who is no consultant of the site.
func (d *draft) checkDuty(shifts []DutyShift) *Fault {
	for _, t := range shifts {
		if f := d.consultant(t.Staff); f != nil {
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
	for day := range s.Hours {
		if f := s.Hours[day].check(day); f != nil {
			return f
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
