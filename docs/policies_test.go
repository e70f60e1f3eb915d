package docs_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/lunpai/lunpai/explain"
	"github.com/lunpai/lunpai/scenario"
	"github.com/lunpai/lunpai/workflow"
)

// bare are the articles of which the code or the scenarios may say nothing, and why.
var bare = map[string]string{
	"P1-01": "a preamble, there is nothing to carry out",
}

// TestPolicies keeps docs/policies.md equal to what it is drawn from: the articles' texts, the
// core's source, the parameters and the scenarios. An article that no code carries out or no
// scenario proves fails, unless it is listed with a reason.
func TestPolicies(t *testing.T) {
	src, proofs := readSource(t), readScenarios(t)
	for _, id := range workflow.Articles() {
		coded, proven := len(places(src, id)) > 0, len(proofs.rules[id]) > 0
		switch {
		case bare[id] != "" && coded && proven:
			t.Errorf("%s is listed as bare, and is not", id)
		case bare[id] != "":
		case !coded:
			t.Errorf("%s: no code carries it out", id)
		case !proven:
			t.Errorf("%s: no scenario proves it", id)
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n%d scenarios prove them.\n", len(proofs.ids))
	for _, p := range []string{"P1", "P2", "P3"} {
		fmt.Fprintf(&b, "\n## Policy %s\n", p[1:])
		for _, id := range workflow.Articles() {
			if strings.HasPrefix(id, p+"-") {
				b.WriteString(article(id, src, proofs))
			}
		}
	}
	b.WriteString(parameters())
	drawn(t, "policies.md", b.String())
}

// article is one article: its title and sentence in both languages, and what it rests on.
func article(id string, src *source, proofs *proofs) string {
	en, _ := explain.Article(explain.En, id)
	zh, _ := explain.Article(explain.Zh, id)
	var b strings.Builder
	fmt.Fprintf(&b, "\n### %s %s · %s\n\n%s\n\n%s\n\n", id, en.Title, zh.Title, wrap(en.Text, ""),
		zh.Text)
	fmt.Fprintf(&b, "- %s: %s\n", en.Mode, modes[en.Mode])
	line := func(name string, values []string) {
		if len(values) > 0 {
			b.WriteString(wrap("- "+name+": "+strings.Join(values, ", "), "  ") + "\n")
		}
	}
	line("Parameters", quoted(parametersOf(id)))
	line("Refuses with", quoted(slices.Sorted(maps.Keys(src.refusals[id]))))
	line("Code", quoted(places(src, id)))
	line("Scenarios", proofs.rules[id])
	if why := bare[id]; why != "" {
		line("Note", []string{why})
	}
	return b.String()
}

var modes = map[explain.Mode]string{
	explain.Enforce: "the service decides by it, or refuses",
	explain.Record:  "evidence is kept, nothing is refused",
	explain.Remind:  "people are reminded, nobody can check",
	explain.None:    "a preamble",
}

// places are the functions and commands that carry an article out: those that cite it, and those
// that go by a parameter that it sets.
func places(src *source, id string) []string {
	all := maps.Clone(src.articles[id])
	if all == nil {
		all = map[string]bool{}
	}
	for _, p := range parametersOf(id) {
		maps.Copy(all, src.parameters[p])
	}
	for _, every := range []string{"P1", "P2", "Set"} { // they deal with all parameters alike
		delete(all, every)
	}
	return slices.Sorted(maps.Keys(all))
}

// parametersOf are the parameters whose preset value an article sets.
func parametersOf(id string) []string {
	var names []string
	for _, m := range workflow.Parameters() {
		if m.P1 == id && id[:2] == "P1" || m.P2 == id && id[:2] == "P2" {
			names = append(names, m.Name)
		}
	}
	for _, m := range workflow.ServiceParametersList() {
		if m.Article == id {
			names = append(names, m.Name)
		}
	}
	return names
}

// parameters is the table of what an office may change.
func parameters() string {
	var b strings.Builder
	b.WriteString("\n## Parameters\n\n" +
		"What an office may change (`POST /v1/sites/{site}/policy`), within which bounds, and\n" +
		"the presets' values with the articles that set them.\n\n" +
		"| parameter | decides | bounds | p1 | p2 |\n|---|---|---|---|---|\n")
	p1, p2 := workflow.P1(), workflow.P2()
	for _, m := range workflow.Parameters() {
		fmt.Fprintf(&b, "| `%s` | %s · %s | %s | %s (%s) | %s (%s) |\n",
			m.Name, explain.Parameter(explain.En, m.Name), explain.Parameter(explain.Zh, m.Name),
			m.Bounds,
			shown(m.Value(&p1)), m.P1, shown(m.Value(&p2)), m.P2)
	}
	b.WriteString("\n### Of the service desk\n\n" +
		"What an office with a service desk may change (`POST /v1/sites/{site}/service`).\n\n" +
		"| parameter | decides | bounds | default | article |\n|---|---|---|---|---|\n")
	p := workflow.DefaultService()
	for _, m := range workflow.ServiceParametersList() {
		fmt.Fprintf(&b, "| `%s` | %s · %s | %s | %s | %s |\n", m.Name,
			explain.Parameter(explain.En, m.Name), explain.Parameter(explain.Zh, m.Name),
			m.Bounds, shown(m.Value(&p)), m.Article)
	}
	b.WriteString("\n")
	return b.String()
}

func shown(v any) string {
	switch v := v.(type) {
	case []workflow.Role:
		return listed(v)
	case []workflow.CustomerStatus:
		return listed(v)
	}
	return fmt.Sprint(v)
}

func listed[T ~string](words []T) string {
	var names []string
	for _, w := range words {
		names = append(names, string(w))
	}
	return strings.Join(names, ", ")
}

// proofs are the scenarios, by what they prove and rest on.
type proofs struct {
	ids      []string
	rules    map[string][]string // by article
	readings map[string][]string // by reading
}

func readScenarios(t *testing.T) *proofs {
	t.Helper()
	files, err := filepath.Glob("../scenario/testdata/*.yaml")
	desk, more := filepath.Glob("../scenario/testdata/desk/*.yaml")
	files, err = append(files, desk...), errors.Join(err, more)
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	p := &proofs{rules: map[string][]string{}, readings: map[string][]string{}}
	for _, name := range files {
		p.read(t, name)
	}
	for _, ids := range p.rules {
		slices.Sort(ids)
	}
	return p
}

func (p *proofs) read(t *testing.T, name string) {
	t.Helper()
	r, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	f, err := scenario.Read(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range f.Scenarios {
		p.ids = append(p.ids, s.ID)
		for _, rule := range s.Rules {
			if !slices.Contains(workflow.Articles(), rule) {
				t.Errorf("%s: %s names %s, which is no article", name, s.ID, rule)
			}
			p.rules[rule] = append(p.rules[rule], s.ID)
		}
		for _, reading := range slices.Concat(f.Meta.GlobalReadings, s.ReliesOn) {
			p.readings[reading] = append(p.readings[reading], s.ID)
		}
	}
}

// TestReadings: every reading that a scenario rests on stands in the table of readings, and no
// other.
func TestReadings(t *testing.T) {
	page, err := os.ReadFile("policies.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, ok := strings.Cut(string(page), "\n## Readings taken\n")
	if !ok {
		t.Fatal("policies.md has no table of readings")
	}
	var listed []string
	reading := regexp.MustCompile(`(?m)^\| (A[0-9]{2}(?:, A[0-9]{2})*) \|`)
	for _, row := range reading.FindAllStringSubmatch(table, -1) {
		listed = append(listed, strings.Split(row[1], ", ")...)
	}
	slices.Sort(listed)
	if want := slices.Sorted(maps.Keys(readScenarios(t).readings)); !slices.Equal(listed, want) {
		t.Errorf("readings: the table has %v,\nthe scenarios rest on %v", listed, want)
	}
}

// wrap breaks a text into lines of at most 100 characters; the lines after the first begin with
// indent.
func wrap(text, indent string) string {
	var b strings.Builder
	at := 0
	for word := range strings.FieldsSeq(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case at == 0:
		case at+1+n > 100:
			b.WriteString("\n" + indent)
			at = len(indent)
		default:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(word)
		at += n
	}
	return b.String()
}

// TestReadingsInTheCode: the functions and commands that decision 13 names exist.
func TestReadingsInTheCode(t *testing.T) {
	page, err := os.ReadFile("decisions/013-readings-in-the-code.md")
	if err != nil {
		t.Fatal(err)
	}
	names := readSource(t).names
	row := regexp.MustCompile("(?m)^\\| .* \\| (`.*`) \\|$")
	rows := row.FindAllStringSubmatch(string(page), -1)
	if len(rows) < 20 {
		t.Fatalf("only %d rows", len(rows))
	}
	for _, row := range rows {
		for name := range strings.SplitSeq(row[1], ", ") {
			if name = strings.Trim(name, "`"); !names[name] {
				t.Errorf("workflow has no %s", name)
			}
		}
	}
}

func quoted(names []string) []string {
	var all []string
	for _, n := range names {
		all = append(all, "`"+n+"`")
	}
	return all
}
