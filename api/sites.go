package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"

	"github.com/lunpai/lunpai/explain"
	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/vault"
	"github.com/lunpai/lunpai/workflow"
)

// hours on the wire: one row for every day, or a row a weekday.
type hoursBody struct {
	Days []int          `json:"days,omitempty"` // 0 (Sunday) … 6; none: every day
	From workflow.Clock `json:"from"`
	To   workflow.Clock `json:"to"`
}

func week(rows []hoursBody) [7]workflow.DayHours {
	var w [7]workflow.DayHours
	for _, r := range rows {
		if len(r.Days) == 0 {
			for i := range w {
				w[i] = workflow.DayHours{From: r.From, To: r.To}
			}
		}
		for _, d := range r.Days {
			w[d] = workflow.DayHours{From: r.From, To: r.To}
		}
	}
	return w
}

type siteBody struct {
	ID         workflow.SiteID      `json:"id,omitempty"`
	Policy     string               `json:"policy,omitempty"`
	Parameters map[string]any       `json:"parameters,omitempty"`
	Zone       string               `json:"zone,omitempty"`
	Hours      []hoursBody          `json:"hours,omitempty"`
	Holidays   []workflow.Date      `json:"holidays,omitempty"`
	Duty       []workflow.DutyShift `json:"duty,omitempty"`
	Staff      []staffBody          `json:"staff,omitempty"`
}

// command builds the command; a site without an id gets one that the same request gets again.
func (b *siteBody) command(c *call) (*workflow.CreateSite, error) {
	p, err := policyOf(b.Policy, b.Parameters)
	if err != nil {
		return nil, err
	}
	if b.ID == "" {
		b.ID = workflow.SiteID(c.id[:32])
	}
	if !workflow.ValidID(string(b.ID)) {
		return nil, badRequest("bad_site_id", "the site's id is not usable", "send 1 to 64 bytes without blanks or slashes, or none")
	}
	if b.Zone == "" {
		b.Zone = "Asia/Shanghai"
	}
	if len(b.Hours) == 0 {
		b.Hours = []hoursBody{{From: "09:00", To: "18:00"}}
	}
	cmd := &workflow.CreateSite{Site: b.ID, Zone: b.Zone, Hours: week(b.Hours), Holidays: b.Holidays, Duty: b.Duty, Policy: p}
	for _, s := range b.Staff {
		cmd.Staff = append(cmd.Staff, s.staff())
	}
	return cmd, nil
}

// policyOf is a preset with single parameters changed.
func policyOf(preset string, values map[string]any) (workflow.Policy, error) {
	if preset == "" {
		preset = "p1"
	}
	p, ok := workflow.Preset(preset)
	if !ok {
		return p, badRequest("bad_policy", "there is no policy of that name", "send p1 or p2")
	}
	if err := p.Set(values); err != nil {
		return p, badRequest("bad_policy", err.Error(), "see /v1/policies for the parameters and their bounds")
	}
	return p, nil
}

// createSite founds a site and answers with a manager key and a front-desk key. They are made in the commit that founds the
// site: there is none without them. A repeated request gets new tokens for them while nobody has used the first ones.
func createSite(c *call) error {
	var b siteBody
	if p := decode(c.text, &b); p != nil {
		return p
	}
	cmd, err := b.command(c)
	if err != nil {
		return err
	}
	c.site = cmd.Site
	labels := firstKeys(cmd, c.id)
	out, err := c.do(cmd)
	if err != nil {
		return err
	}
	body, _ := c.decision(out)
	c.Response().Header().Set("ETag", etag(out.Commit.Seq))
	c.Response().Header().Set("Location", "/v1/sites/"+url.PathEscape(out.Commit.Subject.ID))
	if c.dry {
		return c.answer(http.StatusOK, body)
	}
	keys, err := c.issue(out, labels...)
	if err != nil {
		return err
	}
	if len(keys) > 0 { // an older program founded it otherwise
		body["keys"] = keys
	}
	for _, k := range keys {
		if k.Token == "" {
			body["fix"] = tokenGone
		}
	}
	return c.answer(http.StatusCreated, body)
}

// firstKeys adds the keys a new site begins with: the first manager's, if it has one, and the front desk's.
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

// listSites lists the sites that the caller's key covers.
func listSites(c *call) error {
	ids, err := c.api.cfg.Store.Sites(c.Request().Context())
	if err != nil {
		return reading(err)
	}
	sites := []*workflow.Site{}
	for _, id := range ids {
		if !c.key.Covers(id) {
			continue
		}
		c.site = id
		s, err := readRecord[*workflow.Site](c, workflow.SiteRef(id))
		if err != nil && !errors.Is(err, repo.ErrNotFound) {
			return err
		}
		if err == nil {
			sites = append(sites, s)
		}
	}
	return c.JSON(http.StatusOK, map[string]any{"sites": sites})
}

func getSite(c *call) error {
	s, err := readRecord[*workflow.Site](c, workflow.SiteRef(c.site))
	if err != nil {
		return err
	}
	c.Response().Header().Set("ETag", etag(workflow.Version(s)))
	return c.JSON(http.StatusOK, map[string]any{"site": s})
}

type siteChange struct {
	Zone     string                `json:"zone,omitempty"`
	Hours    *[]hoursBody          `json:"hours,omitempty"`
	Holidays *[]workflow.Date      `json:"holidays,omitempty"`
	Duty     *[]workflow.DutyShift `json:"duty,omitempty"`
	Consent  *workflow.Wording     `json:"consent,omitempty"`

	NoteClock bool `json:"note_clock,omitempty"`
}

func changeSite(_ *call, b *siteChange) (workflow.Command, error) {
	cmd := &workflow.ChangeSite{Zone: b.Zone, Holidays: b.Holidays, Duty: b.Duty, Consent: b.Consent, NoteClock: b.NoteClock}
	if b.Hours != nil {
		w := week(*b.Hours)
		cmd.Hours = &w
	}
	return cmd, nil
}

type adoptBody struct {
	Policy     string         `json:"policy"`
	Parameters map[string]any `json:"parameters,omitempty"`
	From       workflow.Date  `json:"from,omitempty"`
}

func adoptPolicy(_ *call, b *adoptBody) (workflow.Command, error) {
	p, err := policyOf(b.Policy, b.Parameters)
	return &workflow.AdoptPolicy{From: b.From, Policy: p}, err
}

// getPolicy shows the policies of the site and the one in force today.
func getPolicy(c *call) error {
	return c.view(nil, func(b *workflow.Board) error {
		day := workflow.Date(b.Local(c.now()).Format("2006-01-02"))
		return c.JSON(http.StatusOK, map[string]any{"today": b.Site().PolicyOn(day), "adoptions": b.Site().Adoptions, "seq": b.Seq})
	})
}

// article is a clause with its text in the caller's language.
type article struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Text  string `json:"text"`
	Mode  string `json:"mode"` // enforce, record, remind, none
}

type parameter struct {
	Name    string          `json:"name"`
	Article string          `json:"article"`
	Bounds  string          `json:"bounds"`
	Text    string          `json:"text"`
	Value   json.RawMessage `json:"value"`
}

func listPolicies(c *call) error {
	return c.JSON(http.StatusOK, map[string]any{"policies": []map[string]string{
		{"id": "p1", "href": "/v1/policies/p1"}, {"id": "p2", "href": "/v1/policies/p2"},
	}})
}

// showPolicy lists a preset's articles, in the caller's language, and its parameters.
func showPolicy(c *call) error {
	name := c.Param("policy")
	p, ok := workflow.Preset(name)
	if !ok {
		return missing("policy")
	}
	l := lang(c)
	articles := []article{}
	for _, id := range workflow.Articles() {
		if id[:2] != "P"+name[1:] {
			continue
		}
		a, ok := explain.Article(l, id)
		if !ok {
			continue
		}
		articles = append(articles, article{id, a.Title, a.Text, string(a.Mode)})
	}
	params := []parameter{}
	for _, m := range workflow.Parameters() {
		value, err := json.Marshal(m.Value(&p))
		if err != nil {
			return err
		}
		rule := m.P1
		if name == "p2" {
			rule = m.P2
		}
		params = append(params, parameter{m.Name, rule, m.Bounds, explain.Parameter(l, m.Name), value})
	}
	return c.JSON(http.StatusOK, map[string]any{"policy": p, "articles": articles, "parameters": params})
}
