package explain

import (
	"cmp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/lunpai/lunpai/workflow"
)

// variants names the detail that distinguishes the meanings of a kind: the sentence for kind/value
// takes precedence over the one for kind, as does the one for kind/article. In a value such as
// "unregistered:V1" only the part before the colon counts.
var variants = map[workflow.FactKind]string{
	workflow.FactVisitAssigned:   "role",
	workflow.FactVisitWaits:      "why",
	workflow.FactVisitRegistered: "why",
	workflow.FactStaffChanged:    "active",
	workflow.FactNotCounted:      "why",
	workflow.FactFollowedUp:      "why",
	workflow.FactNotified:        "why",
	workflow.FactFlagged:         "flag",
	workflow.FactReminded:        "item",
	workflow.FactTicketClosed:    "told",
	workflow.FactReportSubmitted: "late",
}

// groups names the word groups of the details and arguments whose values are codes, in the order in
// which they are tried.
var groups = map[string][]string{
	"device":     {"device"},
	"effect":     {"pass_effect"},
	"department": {"function"},
	"function":   {"function", "role"},
	"lead":       {"function"},
	"measure":    {"measure"},
	"missing":    {"text", "function"},
	"outcome":    {"ticket_outcome"},
	"slip":       {"slip"},
	"stage":      {"stage"},
	"step":       {"step"},
	"event":      {"event"},
	"item":       {"item"},
	"kind":       {"kind", "approval", "ticket_kind", "service_report"},
	"policy":     {"policy"},
	"reason":     {"presence", "reason"},
	"role":       {"server_role", "role"},
	"roles":      {"role"},
	"route":      {"route"},
	"state":      {"state", "record_state"},
	"status":     {"customer_status"},
	"topic":      {"topic"},
	"was":        {"presence"},
	"weekday":    {"weekday"},
	"what":       {"what", "need"},
	"why":        {"presence", "why"},
	"with":       {"presence"},
}

// plain are the details that are neither codes nor ids.
var plain = map[string]bool{
	"active": true, "as": true, "bounds": true, "channel": true, "count": true, "date": true,
	"delivered_on": true, "due": true, "flag": true, "from_day": true, "hat": true, "heard": true,
	"last": true, "late": true, "moment": true, "month": true, "next_due": true, "now": true,
	"told": true, "until": true, "year": true,
	"instead": true, "parameter": true, "position": true, "rank": true, "rule": true, "today": true,
	"time": true, "zone": true,
}

// lists are the kinds whose details are lists of ids, separated by blanks.
var lists = map[workflow.FactKind]bool{
	workflow.FactLineReordered: true, workflow.FactRosterChanged: true,
	workflow.FactEventStarted: true,
}

// Fact is a fact in one sentence, with the article behind it: "A receives visit V1: by the order
// (policy 1, art. 6)". names turns ids of people, units, visits and customers into what the reader
// calls them, and is also asked about other subjects; ids it does not know stay as they are, as
// does every id if names is nil. A kind from a newer program is shown by its name.
func Fact(lang Lang, f workflow.Fact, names func(id string) string) string {
	if names == nil {
		names = func(id string) string { return id }
	}
	values := make(map[string]string, len(f.Detail)+1)
	for k, v := range f.Detail {
		values[k] = value(lang, k, v, func(ids string) string {
			if !lists[f.Kind] {
				return named(ids, names)
			}
			list := strings.Fields(ids)
			for i, id := range list {
				list[i] = named(id, names)
			}
			return strings.Join(list, Word(lang, "source", "comma"))
		})
	}
	values["subject"] = named(f.Subject, names)
	if f.Detail["as"] != "" { // not somebody of the staff but a function, a department or a group
		word := Word(lang, "function", f.Subject)
		if first, size := utf8.DecodeRuneInString(word); word != f.Subject {
			word = string(unicode.ToUpper(first)) + word[size:]
		}
		values["subject"] = word
	}
	text, _ := sentence(lang, f).say(values)
	if text == "" {
		text = strings.TrimSpace(string(f.Kind) + " " + values["subject"])
	}
	return text + source(lang, f)
}

// sentence finds the ways to say a fact.
func sentence(lang Lang, f workflow.Fact) lines {
	facts := texts().facts
	if key := variants[f.Kind]; key != "" {
		v, _, _ := strings.Cut(f.Detail[key], ":")
		if l := facts[string(f.Kind)+"/"+v].in(lang); l != nil {
			return l
		}
	}
	if l := facts[string(f.Kind)+"/"+f.Rule].in(lang); l != nil {
		return l
	}
	return facts[string(f.Kind)].in(lang)
}

// source is the article in brackets, with the parameter where the office made its own rule; empty
// if there is no article.
func source(lang Lang, f workflow.Fact) string {
	if f.Rule == "" {
		return ""
	}
	cite := map[string]string{"rule": Cite(lang, f.Rule)}
	key := "article"
	if p := f.Detail["parameter"]; p != "" {
		cite["parameter"], key = Parameter(lang, p), "office"
	}
	text, _ := fill(Word(lang, "source", key), cite)
	return text
}

// value is a detail as people read it: a word for a code, a name for an id.
func value(lang Lang, key, v string, name func(string) string) string {
	if plain[key] {
		return v
	}
	gs, code := groups[key]
	if several := strings.Fields(v); code && len(several) > 1 {
		for i, one := range several {
			several[i] = value(lang, key, one, name)
		}
		return strings.Join(several, Word(lang, "source", "comma"))
	}
	for _, g := range gs {
		if w := Word(lang, g, v); w != v {
			return w
		}
	}
	if code {
		return v
	}
	return name(v)
}

// named is the name of an id, the id itself where there is none.
func named(id string, names func(string) string) string {
	if id == "" {
		return ""
	}
	return cmp.Or(names(id), id)
}
