package api

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/lunpai/lunpai/explain"
	"github.com/lunpai/lunpai/repo/vault"
	"github.com/lunpai/lunpai/workflow"
)

// viewer is for whom a picture is painted. Everybody with the same gets the same bytes.
type viewer struct {
	role  workflow.Role
	staff workflow.StaffID // consultants only: they see what is theirs
	lang  explain.Lang
}

func (v viewer) depth() Depth {
	switch v.role {
	case workflow.RoleKiosk, workflow.RoleBoard:
		return DepthPublic
	case workflow.RoleConsultant:
		return DepthFloor
	default:
		return DepthDesk
	}
}

// scene is what all pictures of one moment are painted from.
type scene struct {
	*workflow.Picture
	site    *workflow.Site
	names   vault.Names
	persons map[workflow.CustomerID]Person // masked
	steps   map[workflow.Event]string
}

// painter paints one picture of a scene.
type painter struct {
	*scene
	viewer
	numbers map[workflow.StaffID]int
	called  map[string]string // numbers of visits by id
}

func (s *scene) paint(v viewer) *Picture {
	p := &painter{s, v, map[workflow.StaffID]int{}, map[string]string{}}
	for _, u := range slices.Concat(s.Line, s.Out) {
		for _, m := range u.Members {
			p.numbers[m.Staff] = m.Number
		}
	}
	for _, x := range slices.Concat(s.Waiting, s.Serving) {
		p.called[x.ID] = x.Number
	}
	id := workflow.SiteID(s.site.ID)
	out := &Picture{
		Seq: s.Seq, Now: s.At, Depth: v.depth(),
		Site: PictureSite{id, cmp.Or(s.names.Office.Name, string(id)), s.site.Zone},
		Day:  p.day(), Turn: p.turn(),
		Line: []PictureUnit{}, Out: []PictureUnit{},
		Waiting: []PictureVisit{}, Serving: []PictureVisit{},
	}
	for _, u := range s.Line {
		out.Line = append(out.Line, p.unit(u))
	}
	for _, u := range s.Out {
		out.Out = append(out.Out, p.unit(u))
	}
	for i := range s.Waiting {
		out.Waiting = append(out.Waiting, p.visit(&s.Waiting[i]))
	}
	for i := range s.Serving {
		if x := &s.Serving[i]; x.State == workflow.Assigned || p.sees(x.Visit) {
			out.Serving = append(out.Serving, p.visit(x))
		}
	}
	if !p.public() {
		p.inside(out)
	}
	return out
}

func (p *painter) public() bool { return p.depth() == DepthPublic }

// sees reports whether the viewer may see what a visit is about.
func (p *painter) sees(v *workflow.Visit) bool {
	return p.depth() == DepthDesk || p.depth() == DepthFloor && v.Of(p.staff)
}

func (p *painter) say(key string, kv ...string) string {
	return explain.Screen(p.lang, key, pairs(kv...))
}

// name is what a consultant is called, as far as the viewer may know.
func (p *painter) name(s workflow.StaffID) string {
	name := cmp.Or(p.names.Staff[s].Name, string(s))
	if !p.public() {
		return name
	}
	switch p.site.NamesInPublic() {
	case workflow.ShowName:
		return name
	case workflow.ShowSurname:
		return surname(name)
	default:
		return p.say("member/number", "number", strconv.Itoa(p.numbers[s]))
	}
}

// surnames are those of two characters.
var surnames = []string{"欧阳", "司马", "上官", "诸葛", "司徒", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐", "夏侯"}

// surname is the first character of a Chinese name, or two, and the last word of any other.
func surname(name string) string {
	for _, s := range surnames {
		if strings.HasPrefix(name, s) {
			return s
		}
	}
	first, n := utf8.DecodeRuneInString(name)
	if unicode.Is(unicode.Han, first) {
		return name[:n]
	}
	words := strings.Fields(name)
	return words[len(words)-1]
}

// id is a consultant's id, as far as the viewer may know: in public it goes with the name.
func (p *painter) id(s workflow.StaffID) workflow.StaffID {
	if p.public() && p.site.NamesInPublic() != workflow.ShowName {
		return ""
	}
	return s
}

func (p *painter) unitName(u workflow.Standing) string {
	if u.Type == workflow.PersonUnit && len(u.Members) == 1 {
		return p.name(u.Members[0].Staff)
	}
	name := cmp.Or(p.names.Units[u.Unit].Name, string(u.Unit))
	if p.public() && p.site.NamesInPublic() == workflow.ShowNumber {
		var numbers []string
		for _, m := range u.Members {
			numbers = append(numbers, strconv.Itoa(m.Number))
		}
		return p.say("member/number", "number", strings.Join(numbers, "/"))
	}
	return name
}

func (p *painter) day() PictureDay {
	d := PictureDay{Date: p.Day.Date, State: p.Day.Kind, Ends: p.Day.Ends}
	ends := ""
	if !d.Ends.IsZero() {
		ends = d.Ends.In(p.site.Location()).Format("15:04")
	}
	d.Text = p.say("day/"+string(d.State), "ends", ends)
	return d
}

func (p *painter) turn() PictureTurn {
	t := p.Turn
	if t.Fault != nil {
		out := PictureTurn{Text: p.say("turn/nobody")}
		if !p.public() {
			_, why, _ := explain.Fault(p.lang, t.Fault)
			out.Why = &PictureWhy{Text: why, Rule: t.Fault.Rule}
		}
		return out
	}
	key := "turn/next"
	if t.Route == workflow.RouteDuty {
		key = "turn/duty"
	}
	out := PictureTurn{Staff: p.id(t.Staff), Name: p.name(t.Staff)}
	out.Text = p.say(key, "name", out.Name)
	if !p.public() {
		out.Unit = t.Unit
		out.Why = &PictureWhy{Text: explain.Turn(p.lang, t), Rule: t.Fact.Rule}
	}
	return out
}

func (p *painter) unit(s workflow.Standing) PictureUnit {
	u := PictureUnit{Name: p.unitName(s), Rank: s.Rank, Members: []PictureMember{}}
	for _, m := range s.Members {
		u.Members = append(u.Members, p.member(m))
	}
	if p.public() {
		return u
	}
	u.Unit, u.MakeUp, u.Reason = s.Unit, s.MakeUp, s.Reason
	if f := s.Passing; f != nil {
		u.IfPassed = &PictureWhy{
			Text: explain.Passing(p.lang, *f), Rule: f.Rule,
			Effect: workflow.PassEffect(f.Detail["effect"]),
		}
	}
	return u
}

func (p *painter) member(m workflow.Member) PictureMember {
	out := PictureMember{Staff: p.id(m.Staff), Name: p.name(m.Staff), Tone: m.Tone}
	if p.public() {
		switch m.Tone {
		case workflow.ToneOK:
			out.Text = p.say("member/free")
		case workflow.ToneBusy:
			out.Text = p.say("member/receiving")
		default:
			out.Tone, out.Text = workflow.ToneOff, p.say("member/off")
		}
		return out
	}
	out.Pinyin, out.Why, out.Since = p.names.Staff[m.Staff].Pinyin, m.Why, m.Since
	out.Text = p.say("member/free")
	if m.Why != "" {
		out.Text = explain.Word(p.lang, "presence", m.Why)
		if out.Text == m.Why {
			out.Text = explain.Word(p.lang, "why", m.Why)
		}
	}
	if p.depth() == DepthDesk || m.Staff == p.staff {
		out.Visit = m.Visit
		for _, k := range m.Allowed {
			out.Allowed = append(out.Allowed, p.command(k))
		}
	}
	return out
}

func (p *painter) command(k workflow.Kind) Action {
	return Action{string(k), explain.Word(p.lang, "command", string(k))}
}

func (p *painter) visit(x *workflow.Attended) PictureVisit {
	v := PictureVisit{Number: x.Number, Tone: x.Tone, Since: x.ArrivedAt}
	if x.Server != "" {
		v.Since, v.Staff, v.Name = x.AssignedAt, p.id(x.Server), p.name(x.Server)
	}
	if p.public() {
		v.Text = p.say("visit/waiting")
		if v.Tone == workflow.ToneAlert {
			v.Tone = workflow.ToneWait
		}
		if x.Server != "" {
			v.Text = p.say("visit/serving")
		}
		return v
	}
	v.State, v.Text = x.State, explain.Word(p.lang, "state", string(x.State))
	v.Late, v.Party = x.Late, x.Party
	if p.sees(x.Visit) {
		p.about(&v, x)
	}
	return v
}

// about enters what only the desk and those who take part may see.
func (p *painter) about(v *PictureVisit, x *workflow.Attended) {
	v.Visit, v.Role, v.Assistants = workflow.VisitID(x.ID), x.ServerRole, x.Assistants
	if v.Kind = x.Kind; x.Kind != "" {
		v.KindText = explain.Word(p.lang, "kind", string(x.Kind))
	}
	if x.Customer != "" {
		v.Customer = &PictureCustomer{
			ID: x.Customer, Owner: x.Owner, Fresh: x.Fresh, Text: p.whose(x),
		}
		if person, ok := p.persons[x.Customer]; ok {
			v.Person = &person
		}
	}
	if c := x.Claim; c != nil {
		key := "claim/returning"
		switch {
		case c.Returning && c.AskedFor != "":
			key = "claim/both"
		case c.AskedFor != "":
			key = "claim/asked_for"
		}
		v.Claim = &PictureClaim{*c, p.say(key, "name", p.name(c.AskedFor))}
	}
	for _, e := range workflow.AllowedTo(
		workflow.Actor{Role: p.role, Staff: p.staff}, x.Visit) {
		v.Allowed = append(v.Allowed,
			Action{p.steps[e], explain.Word(p.lang, "event", string(e))})
	}
}

// whose says whose customer somebody is.
func (p *painter) whose(x *workflow.Attended) string {
	key := "customer/stale"
	switch {
	case x.Owner == "":
		key = "customer/known"
	case x.Left:
		key = "customer/left"
	case x.Fresh:
		key = "customer/fresh"
	}
	return p.say(key, "name", p.name(x.Owner))
}

// inside enters what is not for the public.
func (p *painter) inside(out *Picture) {
	due := p.Due
	out.Counts = &PictureCounts{
		p.Open.Messages, p.Open.Approvals, p.Open.Disputes, p.Open.Appointments, p.MakeUps,
	}
	if p.depth() == DepthFloor {
		due = nil
		for _, i := range p.All {
			if slices.Contains(i.For, p.staff) {
				due = append(due, i)
			}
		}
		out.Counts = p.own(due)
	}
	for _, i := range due {
		out.Due = append(out.Due, AgendaItem{i, explain.Item(p.lang, i, p.anybody)})
	}
	out.Desk, out.Vacancy = &p.Desk, p.Vacancy
	for _, k := range p.Can[p.role] {
		out.Can = append(out.Can, p.command(k))
	}
}

// own are the counts of a consultant.
func (p *painter) own(due []workflow.Item) *PictureCounts {
	c := &PictureCounts{Messages: p.Open.MessagesTo[p.staff]}
	for _, i := range due {
		switch i.What {
		case workflow.ItemAppointment:
			c.Appointments++
		case workflow.ItemMakeUp:
			c.MakeUps++
		default:
		}
	}
	return c
}

// anybody is what a sentence calls an id: a consultant or unit by name, a visit by number, a
// customer by the masked name.
func (p *painter) anybody(id string) string {
	return cmp.Or(p.names.Staff[workflow.StaffID(id)].Name, p.names.Units[workflow.UnitID(id)].Name,
		p.called[id], p.persons[workflow.CustomerID(id)].Name, id)
}

// pairs are the values of a sentence by name.
func pairs(kv ...string) map[string]string {
	m := make(map[string]string, len(kv)/2)
	for i := 0; i+1 < len(kv); i += 2 {
		m[kv[i]] = kv[i+1]
	}
	return m
}
