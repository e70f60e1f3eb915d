package explain

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/lunpai/lunpai/workflow"
)

// readCatalogue reads the catalogue and checks of every text what holds for all: both languages
// there, Chinese in Chinese.
func readCatalogue(t *testing.T) *catalogue {
	t.Helper()
	c, err := load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func checkText(t *testing.T, lang Lang, where string, ways ...string) {
	t.Helper()
	if len(ways) == 0 {
		t.Errorf("%s: nothing in %s", where, lang)
	}
	for _, s := range ways {
		hasHan := strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Han, r) })
		switch {
		case strings.TrimSpace(s) == "":
			t.Errorf("%s: empty in %s", where, lang)
		case lang == Zh && !hasHan && where != "source/article" && where != "source/comma":
			t.Errorf("%s: no Chinese in %q", where, s)
		case lang == En && hasHan:
			t.Errorf("%s: Chinese in the English %q", where, s)
		}
		if rest := keyRE.ReplaceAllString(s, ""); strings.ContainsAny(rest, "{}") {
			t.Errorf("%s: stray bracket in %q", where, s)
		}
	}
}

func keysOf(ways ...string) []string {
	var ks []string
	for _, s := range ways {
		for _, m := range keyRE.FindAllStringSubmatch(s, -1) {
			ks = append(ks, m[1])
		}
	}
	slices.Sort(ks)
	return slices.Compact(ks)
}

func checkBoth(t *testing.T, where string, en, zh lines) {
	t.Helper()
	checkText(t, En, where, en...)
	checkText(t, Zh, where, zh...)
	if len(en) != len(zh) || !slices.EqualFunc(en, zh,
		func(a, b string) bool { return slices.Equal(keysOf(a), keysOf(b)) }) {
		t.Errorf("%s: the languages say it with other keys: %q, %q", where, en, zh)
	}
}

func TestArticles(t *testing.T) {
	c := readCatalogue(t)
	if got, want := slices.Sorted(maps.Keys(c.articles)),
		slices.Sorted(slices.Values(workflow.Articles())); !slices.Equal(got, want) {
		t.Errorf("articles: %v, want %v", got, want)
	}
	for id, a := range c.articles {
		checkBoth(t, id+" title", lines{a.En.Title}, lines{a.Zh.Title})
		checkBoth(t, id+" text", lines{a.En.Text}, lines{a.Zh.Text})
		if !slices.Contains([]Mode{Enforce, Record, Remind, None}, a.Mode) {
			t.Errorf("%s: mode %q", id, a.Mode)
		}
	}
	for _, lang := range Langs {
		if n := len(Articles(lang)); n != len(c.articles) {
			t.Errorf("%d articles in %s", n, lang)
		}
	}
	if _, ok := Article(En, "P9-99"); ok {
		t.Error("P9-99 is no article")
	}
}

// TestFactsComplete: every kind of fact, and every value that chooses among sentences, can be said
// with the details the core gives; no sentence is left over.
func TestFactsComplete(t *testing.T) {
	c, src := readCatalogue(t), readCore(t)
	sayings := src.facts()
	want := map[string]bool{
		"visit.assigned/assist": true, "visit.assigned/stand_in": true,
		"staff.changed/false": true, "visit.assigned/P1-17b": true,
		"ticket.closed/true": true, "report.submitted/true": true,
	}
	for kind := range src.types["FactKind"] {
		want[kind] = true
		if !slices.ContainsFunc(sayings, func(s saying) bool { return s.key == kind }) {
			t.Errorf("the core never states %s, or the test does not see where", kind)
		}
	}
	for _, s := range sayings {
		for _, v := range s.detail[variants[workflow.FactKind(s.key)]] {
			if s.key != "visit.assigned" && s.key != "staff.changed" {
				want[s.key+"/"+strings.TrimSuffix(v, ":")] = true
			}
		}
	}
	if got, want := slices.Sorted(maps.Keys(c.facts)),
		slices.Sorted(maps.Keys(want)); !slices.Equal(got, want) {
		t.Errorf("facts:\n%v, want\n%v", got, want)
	}
	for key, both := range c.facts {
		checkBoth(t, key, both[En], both[Zh])
		kind, choice, _ := strings.Cut(key, "/")
		reachable := map[string]bool{"subject": true}
		for _, s := range sayings {
			vs := s.detail[variants[workflow.FactKind(kind)]]
			if s.key == kind && (choice == "" || len(vs) == 0 ||
				slices.ContainsFunc(vs, func(v string) bool {
					return strings.TrimSuffix(v, ":") == choice
				})) {
				for k := range s.detail {
					reachable[k] = true
				}
			}
		}
		for _, k := range keysOf(both[En]...) {
			if !reachable[k] {
				t.Errorf("%s: no fact has a detail %q", key, k)
			}
		}
	}
	for _, s := range sayings {
		f := workflow.Fact{Kind: workflow.FactKind(s.key), Subject: "x", Detail: s.with()}
		for _, v := range append(s.detail[variants[f.Kind]], "x") {
			f.Detail[variants[f.Kind]] = v
			for _, lang := range Langs {
				if said, ok := sentence(lang, f).say(s.with("subject")); !ok {
					t.Errorf("%s: %q with %v", s.key, said, f.Detail)
				}
			}
		}
	}
}

// implied are the arguments that a refusal carries for programs and whose value its code says
// already.
var implied = map[string][]string{
	"not_identified":   {"event", "state"},
	"too_late":         {"event", "state"},
	"transition/P1-28": {"event", "state"},
	"not_yours":        {"role"},
}

// TestFaultsComplete: every refusal of the core can be said with the arguments it gives, and says
// every one of them; no text is left over.
func TestFaultsComplete(t *testing.T) {
	c, refusals := readCatalogue(t), readCore(t).refusals()
	used := map[string]bool{}
	for _, s := range refusals {
		used[s.key], used[s.key+"/"+s.rule] = true, true
		for _, lang := range Langs {
			checkSaid(t, lang, s)
		}
	}
	for key, both := range c.faults {
		if !used[key] {
			t.Errorf("%s: the core never refuses so", key)
		}
		checkBoth(t, key+" title", both[En].Title, both[Zh].Title)
		checkBoth(t, key+" detail", both[En].Detail, both[Zh].Detail)
		checkBoth(t, key+" fix", both[En].Fix, both[Zh].Fix)
		code, _, _ := strings.Cut(key, "/")
		for _, way := range slices.Concat(both[En].Title, both[En].Detail, both[En].Fix) {
			if !slices.ContainsFunc(refusals, func(s saying) bool {
				_, ok := fill(way, s.with())
				return s.key == code && ok
			}) {
				t.Errorf("%s: no refusal has all keys of %q", key, way)
			}
		}
	}
}

// checkSaid: a refusal has words, and they hold exactly the arguments it carries.
func checkSaid(t *testing.T, lang Lang, s saying) {
	t.Helper()
	x, ok := faultOf(lang, s.key, s.rule)
	if !ok {
		t.Errorf("%s is missing in %s", s.key, lang)
		return
	}
	var said []string
	for _, l := range []lines{x.Title, x.Detail, x.Fix} {
		i := slices.IndexFunc(l, func(way string) bool { _, ok := fill(way, s.with()); return ok })
		if i < 0 {
			t.Errorf("%s in %s: %q, but the core gives only %v", s.key, lang, l,
				slices.Sorted(maps.Keys(s.detail)))
			continue
		}
		said = append(said, keysOf(l[i])...)
	}
	for k := range s.detail {
		if !slices.Contains(said, k) && !slices.Contains(slices.Concat(implied[s.key],
			implied[s.key+"/"+s.rule]), k) {
			t.Errorf("%s in %s does not say its argument %s", s.key, lang, k)
		}
	}
}

func TestParametersComplete(t *testing.T) {
	c := readCatalogue(t)
	for _, p := range workflow.Parameters() {
		both := c.parameters[p.Name]
		checkBoth(t, p.Name, lines{both[En]}, lines{both[Zh]})
		for _, v := range strings.Split(p.Bounds, ", ") {
			if strings.Contains(v, " ") {
				continue // a range, or a list of roles
			}
			if !slices.ContainsFunc([]string{"policy_value", "pass_effect", "route", "role"},
				func(g string) bool { return Word(Zh, g, v) != v }) {
				t.Errorf("%s: no word for %s", p.Name, v)
			}
		}
	}
	for _, p := range workflow.ServiceParametersList() {
		checkBoth(t, p.Name, lines{c.parameters[p.Name][En]}, lines{c.parameters[p.Name][Zh]})
	}
	want := len(workflow.Parameters()) + len(workflow.ServiceParametersList())
	if len(c.parameters) != want {
		t.Errorf("%d parameters, want %d", len(c.parameters), want)
	}
}

// TestWordsComplete: every closed set has a word for every value and for nothing else.
func TestWordsComplete(t *testing.T) {
	c, src := readCatalogue(t), readCore(t)
	desk := func(types ...string) (all []string) {
		for _, t := range types {
			all = append(all, slices.Collect(maps.Keys(src.types[t]))...)
		}
		return all
	}
	sets := map[string][]string{
		"mode":   {"enforce", "none", "record", "remind"},
		"policy": {"p1", "p2"},
		"policy_value": {
			"anyone", "at_once", "closed_only", "false", "last_seat", "reentry",
			"third", "true", "turn_taken", "when_sales",
		},
		"source":   {"article", "comma", "office"},
		"weekday":  {"0", "1", "2", "3", "4", "5", "6"},
		"command":  workflow.Kind("").Words(),
		"approval": {"delay_signing", "discount", "engineering", "other", "payment_method"},
		"what": {
			"address", "approval", "call", "customer", "date", "dispute", "key", "note", "notice",
			"policy", "record", "report", "site", "staff", "visit", "ticket", "project", "fault",
			"arbitration", "watch", "service", "service_report",
		},
		"function": append(workflow.Hat("").Words(), "tech_service", "business",
			"customer_service", "office", "top_management", "customer", "department"),
		"text": {
			"cause", "handling", "impact", "measures", "note", "occurred_at", "place", "plan",
			"staff", "symptoms",
		},
		"stage": desk("TicketState", "ProjectState", "FaultState", "ArbitrationState",
			"WatchState"),
		"step": desk("TicketEvent", "SlipEvent", "ProjectEvent", "FaultEvent", "ArbitrationEvent",
			"WatchEvent"),
		"item": nil, "reason": {"customer_demand", "day_over"}, "why": {"company_staff"},
	}
	for group, typ := range map[string]string{
		"state": "State", "kind": "VisitKind", "route": "Route", "server_role": "ServerRole",
		"turn_effect": "TurnEffect", "pass_effect": "PassEffect", "out_reason": "OutReason",
		"presence": "Presence", "topic": "Topic", "role": "Role", "device": "Device",
		"customer_status": "CustomerStatus", "unit_type": "UnitType", "event": "Event",
		"fault_class": "FaultClass", "agenda": "ItemKind",
		"ticket_kind":    "TicketKind",
		"ticket_outcome": "TicketOutcome", "slip": "SlipState", "measure": "Measure",
		"need": "NeedMark", "service_report": "ServiceReportKind",
	} {
		sets[group] = slices.Sorted(maps.Keys(src.types[typ]))
	}
	for _, v := range src.fields("State") {
		if src.types["State"][v] == "" && src.types["Presence"][v] == "" &&
			(v == "open" || v == "ruled" || !slices.Contains(sets["stage"], v)) {
			sets["record_state"] = append(sets["record_state"], v)
		}
	}
	for v := range src.types["AppointmentState"] { // set by its machine
		sets["record_state"] = append(sets["record_state"], v)
	}
	sets["why"] = append(sets["why"], src.fields("why")...)
	for _, s := range src.facts() {
		if s.key != "notified" {
			sets["why"] = append(sets["why"], s.detail["why"]...)
		}
		sets["reason"] = append(sets["reason"], s.detail["reason"]...)
		if s.key == "reminded" && s.detail["as"] == nil {
			for _, v := range s.detail["item"] {
				if !strings.HasSuffix(v, ":") { // it has a sentence of its own
					sets["item"] = append(sets["item"], v)
				}
			}
		}
	}
	for _, n := range src.calls("noteChange") {
		sets["reason"] = append(sets["reason"], src.values(n.in, n.args[2])...)
	}
	for group, vs := range sets {
		slices.Sort(vs)
		if got, want := slices.Sorted(maps.Keys(c.words[group])),
			slices.Compact(vs); !slices.Equal(got, want) {
			t.Errorf("%s: words for %v, want %v", group, got, want)
		}
	}
	for group, values := range c.words {
		if sets[group] == nil {
			t.Errorf("group %s is not tested", group)
		}
		for v, both := range values {
			checkBoth(t, group+"/"+v, lines{both[En]}, lines{both[Zh]})
		}
	}
	for _, gs := range groups {
		for _, g := range gs {
			if c.words[g] == nil {
				t.Errorf("there is no group %s", g)
			}
		}
	}
}

// TestDetailsKnown: every detail and argument of the core is a word, an id or plain on purpose.
func TestDetailsKnown(t *testing.T) {
	src := readCore(t)
	ids := []string{
		"about", "accountable", "after", "answered_by", "appointment", "arbitration", "area",
		"before", "by", "credit", "customer", "for", "free", "from", "holder", "id", "into", "line",
		"named", "next", "next_first", "of", "order", "ordered_by", "owner", "principal", "project",
		"record", "second", "server", "staff", "ticket", "to", "unit", "visit",
	}
	for _, s := range slices.Concat(src.facts(), src.refusals()) {
		for k := range s.detail {
			if groups[k] == nil && !plain[k] && !slices.Contains(ids, k) {
				t.Errorf("%s: is detail %s a word, an id or neither?", s.key, k)
			}
		}
	}
}
