package api

import (
	"errors"
	"net/url"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/vault"
	"github.com/lunpai/lunpai/workflow"
)

// SiteDecision is the answer to a command about a site.
type SiteDecision struct {
	Decided
	// Site is the site after the command.
	Site Doc[workflow.Site] `json:"site,omitzero"`
}

// HoursBody are working hours: one row for every day, or one row per group of weekdays. Of two rows
// for the same weekday the later one holds; a day with a break has one row, with the rest in more.
type HoursBody struct {
	// Days are weekdays, 0 (Sunday) to 6. Absent: every day.
	Days []int `json:"days,omitempty"`
	// From is the opening time, such as 09:00. Empty: closed.
	From workflow.Clock `json:"from"`
	// To is the closing time, such as 18:00. Empty: closed.
	To workflow.Clock `json:"to"`
	// More are further intervals of the same days, in order, such as the afternoon after a lunch
	// break; each begins at or after the end of the one before. Time in between is outside hours.
	// Absent: no break.
	More []workflow.Interval `json:"more,omitempty"`
}

func (b *HoursBody) day() workflow.DayHours {
	return workflow.DayHours{From: b.From, To: b.To, More: b.More}
}

func week(rows []HoursBody) [7]workflow.DayHours {
	var w [7]workflow.DayHours
	for _, r := range rows {
		if len(r.Days) == 0 {
			for i := range w {
				w[i] = r.day()
			}
		}
		for _, d := range r.Days {
			w[d] = r.day()
		}
	}
	return w
}

// SiteBody is a new site.
type SiteBody struct {
	// ID is the site's id. Absent: one is made up.
	ID workflow.SiteID `json:"id,omitempty"`
	// Policy is the preset the site adopts, p1 or p2. Absent: p1.
	Policy string `json:"policy,omitempty"`
	// Parameters are policy values the office changes, by name; GET policies/{policy} lists them.
	// Absent: none.
	Parameters map[string]any `json:"parameters,omitempty"`
	// Zone is the IANA time zone. Absent: Asia/Shanghai.
	Zone string `json:"zone,omitempty"`
	// Hours are the working hours. Absent: 09:00 to 18:00 every day.
	Hours []HoursBody `json:"hours,omitempty"`
	// Holidays are days on which the office is closed.
	Holidays []workflow.Date `json:"holidays,omitempty"`
	// Duty are the duty shifts.
	Duty []workflow.DutyShift `json:"duty,omitempty"`
	// Staff are the people who work there. The first manager gets a key.
	Staff []StaffBody `json:"staff,omitempty"`
	// Service is the service desk that the site begins with. Absent: it has none.
	Service *workflow.AdoptService `json:"service,omitempty"`
}

// command builds the command. A site without an id gets one that depends on the request, so that a
// repeated request gets the same.
func (b *SiteBody) command(c *call) (*workflow.CreateSite, error) {
	p, err := policyOf(b.Policy, b.Parameters)
	if err != nil {
		return nil, err
	}
	if b.ID == "" {
		b.ID = workflow.SiteID(c.id[:32])
	}
	if !workflow.NewID(string(b.ID)) {
		return nil, bad("bad_site_id")
	}
	if b.Zone == "" {
		b.Zone = "Asia/Shanghai"
	}
	if len(b.Hours) == 0 {
		b.Hours = []HoursBody{{From: "09:00", To: "18:00"}}
	}
	cmd := &workflow.CreateSite{
		Site: b.ID, Zone: b.Zone, Hours: week(b.Hours),
		Holidays: b.Holidays, Duty: b.Duty, Policy: p, Service: b.Service,
	}
	for _, s := range b.Staff {
		cmd.Staff = append(cmd.Staff, s.staff())
	}
	return cmd, nil
}

// createSite founds a site and answers with a manager key and a front-desk key. Both are made in
// the commit that founds the site. A repeated request gets new tokens for them as long as neither
// was used.
func createSite(c *call, b *SiteBody) (*SiteFounded, error) {
	cmd, err := b.command(c)
	if err != nil {
		return nil, err
	}
	c.site = cmd.Site
	labels := firstKeys(cmd, c.id)
	out, err := c.do(cmd)
	if err != nil {
		return nil, err
	}
	d, _ := c.decision(out)
	a, _ := d.(*SiteFounded)
	c.Response().Header().Set("ETag", etag(out.Commit.Seq))
	c.Response().Header().Set("Location", "/v1/sites/"+url.PathEscape(out.Commit.Subject.ID))
	if c.dry {
		return a, nil
	}
	if a.Keys, err = c.issue(out, labels...); err != nil {
		return nil, err
	}
	for _, k := range a.Keys {
		if k.Token == "" {
			a.Fix = tokenGone
		}
	}
	return a, nil
}

// SiteFounded is the answer when a site is founded.
type SiteFounded struct {
	Decided
	// Site is the office as it was founded; absent where it was not.
	Site Doc[workflow.Site] `json:"site,omitzero"`
	// Keys are the site's first keys: the first manager's, if there is one, and the front desk's.
	// Absent in a dry run.
	Keys []vault.Issued `json:"keys,omitempty"`
	// Fix says what to do if a repeated request gets no token. Absent otherwise.
	Fix string `json:"fix,omitempty"`
}

// firstKeys adds the keys a new site starts with: the first manager's, if there is one, and the
// front desk's.
func firstKeys(cmd *workflow.CreateSite, command string) (labels []string) {
	add := func(role workflow.Role, staff workflow.StaffID, label string) {
		labels = append(labels, label)
		id := vault.KeyIDFor(cmd.Site, command, len(labels))
		cmd.Keys = append(cmd.Keys, workflow.MakeKey{Key: id, Role: role, Staff: staff})
	}
	for _, s := range cmd.Staff {
		if s.Role == workflow.RoleManager {
			add(s.Role, s.Staff, "manager")
			break
		}
	}
	add(workflow.RoleFrontDesk, "", "front desk")
	return labels
}

// SiteList is a list of sites.
type SiteList struct {
	// Sites are the sites the caller's key covers.
	Sites []*workflow.Site `json:"sites"`
}

// listSites lists the sites that the caller's key covers.
func listSites(c *call, _ *none) (*SiteList, error) {
	ids, err := c.api.cfg.Store.Sites(c.Request().Context())
	if err != nil {
		return nil, reading(err)
	}
	sites := []*workflow.Site{}
	for _, id := range ids {
		if !c.key.Covers(id) {
			continue
		}
		c.site = id
		s, err := readRecord[*workflow.Site](c, workflow.SiteRef(id))
		if err != nil && !errors.Is(err, repo.ErrNotFound) {
			return nil, err
		}
		if err == nil {
			sites = append(sites, s)
		}
	}
	return &SiteList{sites}, nil
}

// SiteView is a site.
type SiteView struct {
	// Site is the site's record: hours, holidays, duty shifts and adopted policies.
	Site *workflow.Site `json:"site"`
}

// getSite reads a site.
func getSite(c *call, _ *none) (*SiteView, error) {
	s, err := readRecord[*workflow.Site](c, workflow.SiteRef(c.site))
	if err != nil {
		return nil, err
	}
	c.stands(s)
	return &SiteView{s}, nil
}

// SiteChange changes the members that are sent. Everything else stays.
type SiteChange struct {
	// Zone is the IANA time zone.
	Zone string `json:"zone,omitempty"`
	// Hours are the working hours of the whole week. A weekday without a row is closed.
	Hours *[]HoursBody `json:"hours,omitempty"`
	// Holidays replaces the list of days on which the site is closed.
	Holidays *[]workflow.Date `json:"holidays,omitempty"`
	// Duty replaces the duty shifts.
	Duty *[]workflow.DutyShift `json:"duty,omitempty"`
	// Consent is a new wording of the question whether a customer may be contacted. It gets the
	// next version.
	Consent *WordingBody `json:"consent,omitempty"`
	// Board is what screens show that anybody can see. Absent: it stays as it is.
	Board *workflow.BoardSettings `json:"board,omitempty"`
	// NoteClock adds the clock's time to every commit while the site's time is ahead of it.
	NoteClock bool `json:"note_clock,omitempty"`
}

// WordingBody is a new wording of the question whether a customer may be contacted.
type WordingBody struct {
	// Zh is the question in Chinese.
	Zh string `json:"zh"`
	// En is the question in English.
	En string `json:"en"`
}

func changeSite(_ *call, b *SiteChange) (*workflow.ChangeSite, error) {
	cmd := &workflow.ChangeSite{
		Zone: b.Zone, Holidays: b.Holidays, Duty: b.Duty, Board: b.Board,
		NoteClock: b.NoteClock,
	}
	if w := b.Consent; w != nil {
		cmd.Consent = &workflow.Wording{Zh: w.Zh, En: w.En}
	}
	if b.Hours != nil {
		w := week(*b.Hours)
		cmd.Hours = &w
	}
	return cmd, nil
}
