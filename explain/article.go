package explain

import (
	"cmp"
	"strings"

	"github.com/lunpai/lunpai/workflow"
)

// Mode is what the product does about an article.
type Mode string

// The modes.
const (
	Enforce Mode = "enforce" // decides by it, or refuses
	Record  Mode = "record"  // keeps the evidence, refuses nothing
	Remind  Mode = "remind"  // prompts, no more
	None    Mode = "none"    // a preamble
)

// ArticleText is a clause of policy 1 or 2 in short: what it means at the desk, with the reading
// the product takes.
type ArticleText struct {
	ID    string `json:"id"` // P1-12c
	Title string `json:"title"`
	Text  string `json:"text"`
	Mode  Mode   `json:"mode"`
}

// Article is the text of one of workflow.Articles(); false when there is no such clause.
func Article(lang Lang, id string) (ArticleText, bool) {
	a, ok := texts().articles[id]
	t := a.En
	if lang == Zh {
		t = a.Zh
	}
	return ArticleText{ID: id, Title: t.Title, Text: t.Text, Mode: a.Mode}, ok
}

// Articles are the texts of all clauses, in order.
func Articles(lang Lang) []ArticleText {
	ids := workflow.Articles()
	all := make([]ArticleText, 0, len(ids))
	for _, id := range ids {
		a, _ := Article(lang, id)
		all = append(all, a)
	}
	return all
}

// paragraphs are the clauses that are a numbered paragraph of their article. The letters of the
// others are this program's own: nobody finds them in the Chinese text.
var paragraphs = map[string]string{"P1-09b": "第2款"}

// Cite writes a clause id as people quote it: "policy 1, art. 12c", "制度一第12条", "制度一第9条第2款",
// "policy 3, item 2.4", "制度三第2条第4项". Anything else comes back as it is.
func Cite(lang Lang, rule string) string {
	policy, number, ok := strings.Cut(rule, "-")
	if policy == "P3" && ok {
		return citeDesk(lang, rule, number)
	}
	number = strings.TrimLeft(number, "0")
	digits := strings.TrimRight(number, "abcdefghijklmnopqrstuvwxyz")
	if !ok || digits == "" || strings.Trim(digits, "0123456789") != "" {
		return rule
	}
	switch {
	case policy != "P1" && policy != "P2":
		return rule
	case lang == Zh:
		article := map[string]string{"P1": "制度一第", "P2": "制度二第"}[policy] + digits + "条"
		return article + paragraphs[rule]
	case policy == "P2":
		return "policy 2, item " + number
	}
	return "policy 1, art. " + number
}

// citeDesk is Cite for policy 3, whose second item has numbered ones of its own.
func citeDesk(lang Lang, rule, number string) string {
	item, sub, nested := strings.Cut(strings.TrimRight(number, "ab"), ".")
	if item == "" || strings.Trim(item+sub, "0123456789") != "" {
		return rule
	}
	switch {
	case lang != Zh:
		return "policy 3, item " + number
	case nested:
		return "制度三第" + item + "条第" + sub + "项"
	}
	return "制度三第" + item + "条"
}

// Parameter says what a parameter of a policy or of a service desk (workflow.Parameters,
// workflow.ServiceParametersList) decides; its name when it is not
// known.
func Parameter(lang Lang, name string) string {
	if t := texts().parameters[name].in(lang); t != "" {
		return t
	}
	return name
}

// Report is the title of a report; its name when it is not known.
func Report(lang Lang, name string) string {
	return cmp.Or(texts().reports.Titles[name].in(lang), name)
}

// Column says what a column or a dimension of a report holds; a name means the same in every
// report. An unknown name comes back as it is.
func Column(lang Lang, name string) string {
	return cmp.Or(texts().reports.Columns[name].in(lang), name)
}

// Word is a value of one of the closed sets in plain words: Word(Zh, "route", "last_seat"). The
// groups are the keys of words.json: state, kind, route, server_role, turn_effect, pass_effect,
// presence, role, event, command and so on. An unknown value comes back as it is, so an office's
// own codes pass through.
func Word(lang Lang, group, value string) string {
	if w := texts().words[group][value].in(lang); w != "" {
		return w
	}
	return value
}
