package api

import (
	"net/http"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lunpai/lunpai/openapi"
	"github.com/lunpai/lunpai/shape"
	"github.com/lunpai/lunpai/shape/draw"
	"github.com/lunpai/lunpai/workflow"
)

// TestContract draws the contract from the routes, the types and their comments, and compares it
// with openapi/openapi.yaml. With -update it writes the file, unless a promise changed and
// openapi.Version did not: descriptions and examples are no promises.
func TestContract(t *testing.T) {
	const path = "../openapi/openapi.yaml"
	s, err := draw.Read(".", "../workflow", "../repo/vault", "../report")
	if err != nil {
		t.Fatal(err)
	}
	d := &drawing{T: t, source: s, examples: examples(t), parameters: map[string][]draw.Map{}}
	d.in = &draw.Drawer{Source: s, Prefix: schemas, Closed: true}
	d.out = &draw.Drawer{Source: s, Prefix: schemas}
	got := d.draw()
	if t.Failed() {
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`(?m)^  version: "?([^"\n]*)`).FindSubmatch(want)
	sameVersion := version != nil && string(version[1]) == openapi.Version
	if sameVersion && promises(got) != promises(string(want)) {
		t.Errorf("the contract changed: raise openapi.Version, then run go test ./api -run "+
			"TestContract -update\n%s",
			cmp.Diff(promises(string(want)), promises(got)))
		return
	}
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s is out of date: run go test ./api -run TestContract -update\n%s", path, d)
	}
}

// TestDrawnWords draws drawn.go from the constants of this package.
func TestDrawnWords(t *testing.T) { draw.HoldWords(t, "api", *update) }

const schemas = "#/components/schemas/"

// promises are the lines of a contract that are neither descriptions nor examples.
func promises(text string) string {
	var kept []string
	skip := -1
	for line := range strings.SplitSeq(text, "\n") {
		indent := len(line) - len(strings.TrimLeft(line, " -"))
		if skip >= 0 && (indent > skip || strings.TrimSpace(line) == "") {
			continue
		}
		skip = -1
		name, _, _ := strings.Cut(strings.TrimLeft(line, " -"), ":")
		if slices.Contains([]string{"description", "summary", "example", "examples"}, name) {
			skip = indent
			continue
		}
		kept = append(kept, line)
	}
	return strings.Join(kept, "\n")
}

// drawing is a contract on its way to paper.
type drawing struct {
	*testing.T
	source     *draw.Source
	in, out    *draw.Drawer // schemas of requests and of answers
	examples   map[string]draw.Map
	parameters map[string][]draw.Map // by name, as different routes want them
}

func (d *drawing) draw() string {
	about, err := os.ReadFile("../openapi/about.md")
	if err != nil {
		d.Fatal(err)
	}
	d.renameInputs()
	paths := draw.Map{}
	for _, r := range Routes() {
		item, _ := paths.Get(r.Path).(draw.Map)
		item.Set(strings.ToLower(r.Method), d.operation(r))
		paths.Set(r.Path, item)
	}
	problems := d.problems()
	sayText(d.in.Schemas)
	all := append(d.out.Schemas, d.in.Schemas...)
	all.Sort()
	all = slices.CompactFunc(all,
		func(a, b draw.Entry) bool { return a.Key == b.Key }) // closed sets of words
	for _, name := range append(d.in.Bare, d.out.Bare...) {
		d.Errorf("%s has no description that says more than its name", name)
	}
	return draw.YAML(draw.Map{
		{Key: "openapi", Value: "3.0.3"},
		{Key: "info", Value: draw.Map{
			{Key: "title", Value: "lunpai"},
			{Key: "version", Value: openapi.Version},
			{Key: "description", Value: strings.TrimSpace(string(about))},
			{Key: "license", Value: draw.Map{
				{Key: "name", Value: "Apache-2.0"}, {Key: "url", Value: "https://www.apache.org/licenses/LICENSE-2.0"},
			}},
		}},
		{Key: "servers", Value: draw.List{draw.Map{{Key: "url", Value: "/"}}}},
		{Key: "security", Value: draw.List{
			draw.Map{{Key: "key", Value: draw.List{}}},
			draw.Map{{Key: "session", Value: draw.List{}}},
			draw.Map{{Key: "session_tls", Value: draw.List{}}},
		}},
		{Key: "tags", Value: tagList()},
		{Key: "paths", Value: paths},
		{Key: "components", Value: draw.Map{
			{Key: "securitySchemes", Value: draw.Map{
				{Key: "key", Value: draw.Map{
					{Key: "type", Value: "http"},
					{Key: "scheme", Value: "bearer"},
					{
						Key: "description",
						Value: "A key of lunpai: its token, which is shown once, when the key is " +
							"made.",
					},
				}},
				{Key: "session", Value: cookieScheme(cookieName, "without TLS")},
				{Key: "session_tls", Value: cookieScheme(cookieTLS, "by TLS")},
			}},
			{Key: "parameters", Value: d.named()},
			{Key: "headers", Value: headers()},
			{Key: "responses", Value: problems},
			{Key: "schemas", Value: all},
		}},
	})
}

// cookieScheme is a session's cookie. It is sent instead of a key, never with one.
func cookieScheme(name, how string) draw.Map {
	return draw.Map{
		{Key: "type", Value: "apiKey"},
		{Key: "in", Value: "cookie"},
		{Key: "name", Value: name},
		{
			Key: "description",
			Value: "The session of a browser that reaches the service " + how + ": set by POST " +
				"/v1/session and POST /v1/pairings/redeem. Instead of a key, never with one.",
		},
	}
}

// renameInputs gives the types that stand in requests and in answers another name in requests.
func (d *drawing) renameInputs() {
	in := &draw.Drawer{Source: d.source}
	out := &draw.Drawer{Source: d.source}
	for _, r := range Routes() {
		if r.Body != nil {
			in.Schema(d.body(r))
		}
		for _, t := range []reflect.Type{r.Answer, r.Other} {
			if t != nil {
				out.Schema(answerRules.Of(t))
			}
		}
	}
	d.in.Rename = map[string]string{}
	for name, t := range in.Drawn {
		if _, both := out.Drawn[name]; both && t.Kind() == reflect.Struct {
			d.in.Rename[name] = name + "Input"
		}
	}
}

// sayText describes free texts of requests as what is sent. The type's comment speaks of the note
// whose id the record keeps in the text's place.
func sayText(m draw.Map) {
	text, _ := m.Get("description").(string)
	if rest, ok := strings.CutPrefix(text, "Id of the note"); ok && m.Get("maxLength") != nil {
		m.Set("description", "Text"+rest)
	}
	for _, e := range m {
		if inner, ok := e.Value.(draw.Map); ok {
			sayText(inner)
		}
	}
}

func (d *drawing) body(r Route) *shape.Shape {
	return bodyRules.Of(r.Body).Less(r.Unsent, r.Optional)
}

// operation draws a route.
func (d *drawing) operation(r Route) draw.Map {
	text := d.about(r)
	id := lowerFirst(r.Name)
	op := draw.Map{
		{Key: "operationId", Value: id},
		{Key: "summary", Value: draw.FirstSentence(text)},
		{Key: "description", Value: d.roles(r, text)},
		{Key: "tags", Value: draw.List{tagOf(r.Path)}},
	}
	if r.Public {
		op.Set("security", draw.List{})
	}
	if p := d.params(r); len(p) > 0 {
		op.Set("parameters", p)
	}
	if r.Body != nil {
		s := d.body(r)
		content := draw.Map{{Key: "schema", Value: d.in.Schema(s)}}
		if e := d.examples[id+" request"]; e != nil {
			content.Set("example", e)
		}
		op.Set("requestBody", draw.Map{
			{Key: "required", Value: slices.ContainsFunc(s.Members,
				func(m shape.Member) bool { return m.Required })},
			{Key: "content", Value: draw.Map{{Key: "application/json", Value: content}}},
		})
	}
	op.Set("responses", d.responses(r, id))
	return op
}

// about is what the comments say about a route.
func (d *drawing) about(r Route) string {
	text := d.source.Func("api", r.Name)
	if r.Name == "metrics" { // a handler of another package
		text = "Reads the metrics in Prometheus' text format."
	}
	if r.Kind != "" && text == "" { // else it has another route too, and a name of its own
		text = d.source.Type("workflow", r.Name)
	}
	if text == "" {
		d.Errorf("%s %s: %s has no comment", r.Method, r.Path, r.Name)
	}
	return text
}

// roles adds to a text who may use the route.
func (d *drawing) roles(r Route, text string) string {
	if r.Public {
		return text + "\n\nNeeds no key."
	}
	roles := make([]string, len(r.Roles))
	for i, role := range r.Roles {
		roles[i] = strings.ReplaceAll(string(role), "_", " ")
	}
	text += "\n\nRoles: " + strings.Join(roles, ", ") + "."
	if r.Own {
		text += " A consultant may do it for what is theirs only."
	}
	return text
}

// responses draws the answers of a route.
func (d *drawing) responses(r Route, id string) draw.Map {
	out := draw.Map{}
	ok := draw.Map{{Key: "description", Value: success(r)}}
	if h := answerHeaders(r); len(h) > 0 {
		ok.Set("headers", h)
	}
	content := draw.Map{}
	if r.Answer != nil {
		media := draw.Map{{Key: "schema", Value: d.answer(r)}}
		if e := d.examples[id+" answer"]; e != nil {
			media.Set("example", e)
		}
		content.Set("application/json", media)
	}
	for _, m := range r.Media {
		content.Set(m, draw.Map{{Key: "schema", Value: draw.Map{{Key: "type", Value: "string"}}}})
	}
	if len(content) > 0 {
		ok.Set("content", content)
	}
	if r.Status == http.StatusCreated && r.DryRun {
		dry := draw.Map{{Key: "description", Value: "A dry run: what would happen."}}
		dry.Set("content", draw.Map{{
			Key:   "application/json",
			Value: draw.Map{{Key: "schema", Value: d.answer(r)}},
		}})
		out.Set("200", dry)
	}
	out.Set(strconv.Itoa(r.Status), ok)
	if r.Tagged {
		out.Set("304", draw.Map{{
			Key: "description", Value: "The answer that If-None-Match names still holds.",
		}})
	}
	for _, p := range problemsOf(r) {
		out.Set(strconv.Itoa(p.status),
			draw.Map{{Key: "$ref", Value: "#/components/responses/" + p.name}})
	}
	return out
}

// answer is the schema of a route's answer, which for a kiosk may be another one.
func (d *drawing) answer(r Route) draw.Map {
	s := d.out.Schema(answerRules.Of(r.Answer))
	if r.Other == nil {
		return s
	}
	return draw.Map{{Key: "anyOf", Value: draw.List{s, d.out.Schema(answerRules.Of(r.Other))}}}
}

// answerRules are the rules for what comes back.
var answerRules = shape.Rules{
	Types: map[reflect.Type]shape.Shape{
		reflect.TypeFor[workflow.Date]():  {Kind: shape.String, Pattern: shape.MaybeDatePattern},
		reflect.TypeFor[workflow.Clock](): {Kind: shape.String, Pattern: shape.ClockPattern},
	},
	Members: map[string]shape.Shape{"Entry.command": {Kind: shape.Object, Free: true}},
	Name:    schemaName,
}

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }
