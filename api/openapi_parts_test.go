package api

import (
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/lunpai/lunpai/shape"
	"github.com/lunpai/lunpai/shape/draw"
)

// tags sort the operations by the first word of their address behind the site.
var tags = []struct{ name, about, words string }{
	{"Visits", "A visit from the door to the register.", "visits"},
	{"Screens", "One live picture of the office, and what people are called on it.", "board names"},
	{"Rota", "The line, the business day, make-ups, events.", "rota rotas units"},
	{"Staff", "Who works here and who is on the floor.", "staff"},
	{
		"Customers", "Whose customer somebody is, follow-ups, deals, and the person behind the id.",
		"customers notes",
	},
	{"Desk and telephone", "Seats, guiding, calls and messages.", "desk calls messages"},
	{
		"Records", "Approvals, disputes, rulings, conduct, checklists, cards.",
		"approvals disputes rulings conduct checklists cards",
	},
	{"Agenda", "What is due for whom, and notices.", "agenda timers"},
	{
		"Service desk", "Tickets, delivered projects, major faults, reports, watches.",
		"service tickets projects faults service-reports needs arbitrations watches",
	},
	{"Reports", "Conversion, receptions, turns, waiting, as figures.", "reports"},
	{"Journal", "Every decision, in order.", "commits"},
	{"Sites and policies", "Offices and the rules they adopted.", "sites policies policy articles"},
	{"Keys", "Who may do what; sessions of browsers, and paired devices.", "keys session pairings"},
	{"Service", "Health, metrics, this document.", ""},
}

func tagList() (l draw.List) {
	for _, t := range tags {
		l = append(l, draw.Map{{Key: "name", Value: t.name}, {Key: "description", Value: t.about}})
	}
	return l
}

func tagOf(path string) string {
	words := strings.Split(strings.TrimPrefix(path, "/v1/"), "/")
	word := words[0]
	if word == "sites" && len(words) > 2 {
		word = words[2]
	}
	for _, t := range tags {
		if slices.Contains(strings.Fields(t.words), word) {
			return t.name
		}
	}
	return "Service"
}

// inPath says what the parameters of addresses are.
var inPath = map[string]string{
	"site": "Id of the office.", "visit": "Id of the visit.",
	"staff":    "Id of the member of staff within the office.",
	"customer": "Id of the customer.", "note": "Id of the note, as a record names it.",
	"appointment": "Id of the appointment.",
	"approval":    "Id of the request for approval.",
	"call":        "Id of the call.", "dispute": "Id of the dispute.",
	"notice": "Id of the notice, as the agenda names it.",
	"key":    "Id of the key, not its token.", "policy": "Preset: p1 or p2.",
	"date":   "Business day, such as 2024-03-04.",
	"from":   "First day of the planned absence, such as 2024-03-05.",
	"ticket": "Id of the ticket.", "fault": "Id of the major fault.",
	"project":     "Office's own id of the project.",
	"arbitration": "Id of the case between departments.",
	"report":      "Name of the report, as the list of reports has it.",
}

// params draws the parameters of a route and notes them under their names.
func (d *drawing) params(r Route) (l draw.List) {
	for _, m := range regexp.MustCompile(`\{(\w+)\}`).FindAllStringSubmatch(r.Path, -1) {
		if inPath[m[1]] == "" {
			d.Errorf("nobody says what {%s} is in %s", m[1], r.Path)
		}
		l = append(l, d.ref("path_"+m[1], "", draw.Map{
			{Key: "name", Value: m[1]},
			{Key: "in", Value: "path"},
			{Key: "required", Value: true},
			{Key: "description", Value: inPath[m[1]]},
			{Key: "schema", Value: draw.Map{
				{Key: "type", Value: "string"},
				{Key: "minLength", Value: 1},
				{Key: "maxLength", Value: 100},
			}},
		}))
	}
	if r.Query != nil {
		l = append(l, d.queryParams(r.Query)...)
	}
	if r.Key {
		l = append(l, d.ref("header_idempotency_key", "", draw.Map{
			{Key: "name", Value: "Idempotency-Key"},
			{Key: "in", Value: "header"},
			{
				Key: "description",
				Value: "Names this request for ever: sent again with the same content it gets " +
					"its first answer. " +
					"Without one the server makes one up.",
			},
			{Key: "schema", Value: draw.Map{
				{Key: "type", Value: "string"},
				{Key: "minLength", Value: 1},
				{Key: "maxLength", Value: 200},
			}},
		}))
	}
	if r.Key {
		l = append(l, d.ref("header_lunpai_staff", "", draw.Map{
			{Key: "name", Value: staffHeader},
			{Key: "in", Value: "header"},
			{
				Key: "description",
				Value: "The member of staff who gave this command, for devices that several " +
					"share: if somebody else is signed in by now, it is refused " +
					"(other_person) and changes nothing. Percent-encoded where the id is " +
					"not ASCII.",
			},
			{Key: "schema", Value: draw.Map{
				{Key: "type", Value: "string"},
				{Key: "minLength", Value: 1},
				{Key: "maxLength", Value: 64},
			}},
		}))
	}
	if r.Tagged {
		l = append(l, d.ref("header_if_none_match", "", draw.Map{
			{Key: "name", Value: "If-None-Match"},
			{Key: "in", Value: "header"},
			{
				Key: "description",
				Value: "The ETag of the answer that you have, with its quotes: 304 without a " +
					"body while it still holds.",
			},
			{Key: "schema", Value: draw.Map{{Key: "type", Value: "string"}}},
		}))
	}
	if r.Match != "" {
		l = append(l, d.ref("header_if_match", "", draw.Map{
			{Key: "name", Value: "If-Match"},
			{Key: "in", Value: "header"},
			{
				Key: "description",
				Value: "The ETag that you read, with its quotes: the request is carried out " +
					"only if the record is still at that version. " +
					"A weak tag, a list or a bare number is refused.",
			},
			{Key: "schema", Value: draw.Map{{Key: "type", Value: "string"}}},
		}))
	}
	return l
}

// queryParams draws the members of a query's struct.
func (d *drawing) queryParams(t reflect.Type) (l draw.List) {
	for _, f := range reflect.VisibleFields(t) {
		name := f.Tag.Get("query")
		if name == "" {
			continue
		}
		in := t
		for _, i := range f.Index[:len(f.Index)-1] {
			in = in.Field(i).Type
		}
		text := d.source.Member("api", in.Name(), f.Name)
		if text == "" {
			text = d.source.Type("api", f.Type.Name())
		}
		if text == "" {
			d.Errorf("the parameter %s of %s has no description", name, t)
		}
		s := queryRules.Of(f.Type)
		p := draw.Map{
			{Key: "name", Value: name},
			{Key: "in", Value: "query"},
			{Key: "description", Value: text},
		}
		if s.Kind == shape.Array {
			p.Set("style", "form")
			p.Set("explode", false)
		}
		p.Set("schema", d.out.Schema(s))
		l = append(l, d.ref("query_"+name, strings.TrimSuffix(t.Name(), "Query"), p))
	}
	return l
}

// ref refers to a parameter. Where parameters of one name differ, those behind the first are named
// after their routes too.
func (d *drawing) ref(name, of string, p draw.Map) draw.Map {
	i := slices.IndexFunc(d.parameters[name],
		func(known draw.Map) bool { return reflect.DeepEqual(known, p) })
	if i < 0 && len(d.parameters[name]) == 0 {
		d.parameters[name] = []draw.Map{p}
		i = 0
	}
	if i < 0 {
		return d.ref(name+"_"+strings.ToLower(of), of, p)
	}
	return draw.Map{{Key: "$ref", Value: "#/components/parameters/" + name}}
}

func (d *drawing) named() draw.Map {
	m := draw.Map{}
	for name, p := range d.parameters {
		m.Set(name, p[0])
	}
	m.Sort()
	return m
}

func headers() draw.Map {
	text := draw.Map{{Key: "type", Value: "string"}}
	return draw.Map{
		{Key: "ETag", Value: draw.Map{
			{Key: "schema", Value: text},
			{
				Key: "description",
				Value: "Version of the record, for If-Match: the number of the last commit that " +
					"changed it, in quotes.",
			},
		}},
		{Key: "PictureETag", Value: draw.Map{
			{Key: "schema", Value: text},
			{
				Key: "description",
				Value: "Changes with what the answer shows, for If-None-Match. It is no version " +
					"of a record.",
			},
		}},
		{Key: "Location", Value: draw.Map{
			{Key: "schema", Value: text},
			{Key: "description", Value: "Address of the record that was made."},
		}},
		{Key: "Replayed", Value: draw.Map{
			{Key: "schema", Value: draw.Map{
				{Key: "type", Value: "string"},
				{Key: "enum", Value: draw.List{"true"}},
			}},
			{
				Key:   "description",
				Value: "Present when the request had run before and this is its first answer.",
			},
		}},
	}
}

// answerHeaders are the headers of a route's answer.
func answerHeaders(r Route) draw.Map {
	m := draw.Map{}
	add := func(header, name string) {
		m.Set(header, draw.Map{{Key: "$ref", Value: "#/components/headers/" + name}})
	}
	if t := r.Answer; r.DryRun && t != nil &&
		(strings.HasSuffix(t.Name(), "Decision") || t.Name() == "SiteFounded") {
		add("ETag", "ETag")
	}
	if r.Tagged {
		add("ETag", "PictureETag")
	}
	read := regexp.MustCompile("^GET " + regexp.QuoteMeta(r.Path) + `/\{\w+\}$`)
	if r.Status == http.StatusCreated &&
		slices.ContainsFunc(Routes(),
			func(g Route) bool { return read.MatchString(g.Method + " " + g.Path) }) {
		add("Location", "Location")
	}
	if r.Key {
		add("Idempotency-Replayed", "Replayed")
	}
	return m
}

func success(r Route) string {
	switch {
	case r.Status == http.StatusNoContent:
		return "Done; there is nothing to say."
	case r.Kind != "" && r.Method != http.MethodGet:
		return "Done: the record, what was decided with its articles, and the number of the commit."
	}
	return "The answer."
}

// problemRow is a kind of problem that routes answer with.
type problemRow struct {
	status      int
	name, about string
	of          func(Route) bool
}

func private(r Route) bool { return !r.Public }

// opens: it signs somebody in.
func opens(r Route) bool { return r.Public && changes(r) }

func limited(r Route) bool { return private(r) || opens(r) }

func changes(r Route) bool { return r.Method != http.MethodGet }

var problemRows = []problemRow{
	{400, "Invalid", "The request makes no sense as it stands; the detail says where and how to " +
		"mend it. Nothing changed.", func(Route) bool { return true }},
	{401, "Unauthenticated", "No valid key and no valid session.", limited},
	{
		403, "Forbidden", "The key may not do this; rule names the article where one forbids it. " +
			"Also: the page of another site sends this.",
		limited,
	},
	{404, "NotFound", "There is no such record, or it belongs to another site.", private},
	{409, "Refused", "The visit is not in a state for it, or an article says no, which rule " +
		"names. Also: the same request is being carried out. Nothing changed.", changes},
	{
		412, "Stale", "The record has changed since the version in If-Match.",
		func(r Route) bool { return r.Match != "" },
	},
	{413, "TooLarge", "The body is larger than 64 KiB. Nothing changed.", changes},
	{
		422, "KeyReused", "This Idempotency-Key was used before with other content.",
		func(r Route) bool { return r.Key },
	},
	{429, "TooMany", "Too many requests; Retry-After says how many seconds to wait.", limited},
	{500, "Internal", "The service failed; the request id finds the cause in the log.", limited},
	{
		503, "Unavailable", "The service cannot answer now. outcome says whether anything may " +
			"have been written; sending it again with the same Idempotency-Key is always safe.",
		func(r Route) bool { return limited(r) || r.Path == "/readyz" },
	},
}

func headerOf(kind, about string) draw.Map {
	return draw.Map{
		{Key: "schema", Value: draw.Map{{Key: "type", Value: kind}}},
		{Key: "description", Value: about},
	}
}

// problemHeaders are the headers of problem documents by status.
var problemHeaders = map[int]draw.Map{
	401: {{Key: "WWW-Authenticate", Value: headerOf("string", "Always Bearer.")}},
	409: {{
		Key: "Retry-After",
		Value: headerOf("integer",
			"Seconds to wait, while the same request is being carried out."),
	}},
	429: {
		{Key: "Retry-After", Value: headerOf("integer", "Seconds to wait.")},
		{Key: "RateLimit-Limit", Value: headerOf("integer",
			"How many requests this key may send at once. Every answer to a key carries this "+
				"header and the next two.")},
		{Key: "RateLimit-Remaining", Value: headerOf("integer", "How many of them are left.")},
		{
			Key:   "RateLimit-Reset",
			Value: headerOf("integer", "Seconds until all of them are there again."),
		},
	},
	503: {{Key: "Retry-After", Value: headerOf("integer", "Seconds to wait.")}},
}

func problemsOf(r Route) (rows []problemRow) {
	for _, p := range problemRows {
		if p.of(r) {
			rows = append(rows, p)
		}
	}
	return rows
}

// problems draws the answers that are problem documents.
func (d *drawing) problems() draw.Map {
	schema, m := d.out.Schema(answerRules.Of(reflect.TypeFor[Problem]())), draw.Map{}
	for _, p := range problemRows {
		content := draw.Map{{Key: "schema", Value: schema}}
		if e := d.examples[p.name]; e != nil {
			content.Set("examples", e)
		}
		out := draw.Map{{Key: "description", Value: p.about}}
		if h := problemHeaders[p.status]; h != nil {
			out.Set("headers", h)
		}
		out.Set("content", draw.Map{{Key: "application/problem+json", Value: content}})
		m.Set(p.name, out)
	}
	return m
}
