package api

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// deskTexts are commands of the service desk with a text wherever they take one, in order: who
// gives them, and to which address. Names in braces are filled in.
var deskTexts = []struct{ who, method, path, body string }{
	{"A", "POST", "tickets", `{"kind":"complaint","about":"D","channel":"phone","in_scope":false,` +
		`"area":"engineering","customer":"{customer}","note":"TEXT","contact":"TEXT"}`},
	{"A", "POST", "tickets/{ticket}/record", `{"note":"TEXT"}`},
	{"A", "POST", "tickets/{ticket}/handover", `{}`},
	{"S", "POST", "tickets/{ticket}/escalate", `{}`},
	{"B", "POST", "tickets/{ticket}/call-again", `{"note":"TEXT"}`},
	{"t", "POST", "tickets/{ticket}/resolve", `{"note":"TEXT"}`},
	{"t", "POST", "tickets/{ticket}/slip", `{"note":"TEXT"}`},
	{"S", "POST", "conduct", `{"rule":"P3-2.7a","who":"D","measure":"criticism","note":"TEXT",` +
		`"ticket":"{ticket}"}`},
	{"b", "POST", "projects", `{"project":"{project}","delivered_on":"2024-02-01",` +
		`"customer":"{customer}"}`},
	{"c", "POST", "projects/{project}/follow-ups", `{"note":"TEXT"}`},
	{"n", "POST", "faults", `{"occurred_at":"2024-03-04T00:30:00Z","place":"TEXT",` +
		`"symptoms":"TEXT","plan":"TEXT","project":"{project}","ticket":"{ticket}"}`},
	{"M", "POST", "faults/{fault}/file", `{}`},
	{"M", "POST", "faults/{fault}/relay", `{}`},
	{"M", "POST", "faults/{fault}/track", `{"note":"TEXT"}`},
	{"M", "POST", "faults/{fault}/end", `{}`},
	{"h", "POST", "faults/{fault}/analysis", `{"impact":"TEXT","handling":"TEXT","cause":"TEXT",` +
		`"measures":"TEXT"}`},
	{"h", "POST", "faults/{fault}/feedback", `{"to":["customer","business"]}`},
	{"t", "POST", "service-reports", `{"kind":"weekly","week":"{date}","note":"TEXT"}`},
	{"h", "POST", "service-reports", `{"kind":"meeting","week":"{date}","note":"TEXT"}`},
	{"c", "POST", "needs/{customer}", `{"what":"needs","note":"TEXT"}`},
	{"b", "POST", "arbitrations", `{"lead":"business","opinions":{"business":"TEXT"},` +
		`"ticket":"{ticket}"}`},
	{"t", "POST", "arbitrations/{arbitration}/opinions", `{"note":"TEXT"}`},
	{"M", "POST", "arbitrations/{arbitration}/ruling", `{"note":"TEXT"}`},
	{"M", "POST", "arbitrations/{arbitration}/executed", `{"note":"TEXT"}`},
	{"c", "PUT", "watches/{date}", `{"staff":["A"]}`},
	{"A", "POST", "watches/{date}/log", `{"ticket":"{ticket}","note":"TEXT"}`},
	{"A", "POST", "tickets/{ticket}/close", `{"told":true}`},
	{"b", "POST", "projects/{project}/retire", `{"reason":"sold"}`},
	{"n", "POST", "tickets", `{"kind":"request","in_scope":true,"note":"TEXT"}`}, // it lies still
}

// TestDeskTextsStayInTheVault: a text that somebody writes at the service desk stands in no answer,
// list, agenda, history, feed, report or metric, whoever asks, and neither in the journal nor in
// the log nor in what is stored; only GET of the note shows it.
func TestDeskTextsStayInTheVault(t *testing.T) {
	onBothStores(t, func(t *testing.T, s setup) {
		w := &canaryWorld{office: deskOffice(t, s)}
		site := "/v1/sites/s/"
		w.must(200, w.do("M", "POST", site+"service", `{"from":"2024-03-04",`+
			`"holidays":["2024-03-04"],"parameters":{"campaign.month":3}}`))
		fill := map[string]string{"date": "2024-03-04", "project": "tower-1", "site": "s"}
		fill["customer"] = w.must(201, w.do("M", "POST", site+"customers", map[string]any{
			"status": "deposit", "owner": "B",
			"person": map[string]any{"name": canaryName, "phone": canaryPhone, "notice": true},
		})).str("customer", "id")
		for _, c := range deskTexts {
			body := strings.ReplaceAll(written(c.body, fill), "TEXT", canaryNote)
			status := 200
			kind, _, below := strings.Cut(c.path, "s/")
			if c.method == "POST" && !below && kind != "service-reports" {
				status = 201
			}
			w.send(c.who, c.method, written(c.path, fill)+"?dry_run=true&explain=true", body, 200)
			a := w.send(c.who, c.method, written(c.path, fill)+"?explain=true", body, status)
			if name := strings.TrimSuffix(c.path, "s"); !below && a.str(name, "id") != "" &&
				name != "project" {
				fill[name] = a.str(name, "id")
			}
		}
		w.clock.Set(monday.AddDate(0, 0, 27)) // 31 March: the supervision report, and what is late
		w.send("b", "POST", "service-reports",
			`{"kind":"supervision","month":"2024-03","note":"`+canaryNote+`"}`, 200)
		w.send("M", "POST", "timers", nil, 200)
		for _, c := range workflow.Commands() {
			about := c.About()
			if about.Scope == workflow.ScopeService && w.commitsOf(about.Kind) == 0 {
				t.Errorf("%s was not given", about.Kind)
			}
		}
		w.everyRead(fill)
		w.stored()
		w.notesAreThere()
	})
}

var braces = regexp.MustCompile(`\{(\w+)\}`)

// written replaces names in braces; one that is not known becomes x.
func written(text string, fill map[string]string) string {
	return braces.ReplaceAllStringFunc(text, func(name string) string {
		if v := fill[strings.Trim(name, "{}")]; v != "" {
			return v
		}
		return "x"
	})
}

// everyRead asks for everything that can be read, as everybody, and for the feed.
func (w *canaryWorld) everyRead(fill map[string]string) {
	w.Helper()
	seen := 0
	for name, op := range contract().Operations() {
		method, path, _ := strings.Cut(name, " ")
		below, ok := strings.CutPrefix(path, "/v1/sites/{site}/")
		if method != http.MethodGet || !ok || op.OperationID == "showPerson" ||
			op.OperationID == "getNote" || op.OperationID == "showNote" {
			continue
		}
		for _, report := range reportsOf(below) {
			below := strings.ReplaceAll(below, "{report}", report)
			var queries []string
			for _, q := range []string{
				"explain=true", "everybody=true", "week=2024-03-04", "month=2024-03",
				"due_by=2024-12-31", "format=csv", "format=ndjson",
			} {
				if parameter, _, _ := strings.Cut(q, "="); op.Query[parameter] {
					queries = append(queries, "?"+q)
				}
			}
			for _, q := range append(queries, "") {
				for _, who := range []string{
					"M", "L", "desk", "A", "c", "t", "b", "analyst",
				} {
					if a := w.send(who, "GET", written(below, fill)+q, nil, 0); a.status == 200 {
						seen++
					}
				}
			}
		}
	}
	if seen < 200 {
		w.Errorf("only %d reads were answered", seen)
	}
	events, stop := w.stream(w.listen(), "M", "1", "?explain=true")
	defer stop()
	for last := w.head("s"); ; {
		e := w.next(events)
		text, err := json.Marshal(e.Entry)
		w.ok(err)
		w.silent("the feed", string(text))
		if e.Entry.Seq >= last {
			return
		}
	}
}

// reportsOf are the reports that an address can ask for; one empty name where it asks for none.
func reportsOf(path string) []string {
	if !strings.Contains(path, "{report}") {
		return []string{""}
	}
	return []string{
		"tickets_daily", "first_responders", "slips_monthly", "follow_ups_monthly",
		"faults_monthly", "service_discipline", "supervision_monthly",
	}
}

// notesAreThere: every text was kept as a note, and the manager reads them word for word, which
// leaves no trace of what he read.
func (w *canaryWorld) notesAreThere() {
	w.Helper()
	notes, err := w.store.SidesOfAllSites(w.Context(), repo.Notes, time.Time{})
	w.ok(err)
	want := 0
	for _, c := range deskTexts {
		want += strings.Count(c.body, "TEXT")
	}
	if len(notes) != want+1 { // and the supervision report
		w.Errorf("%d notes were kept, want %d", len(notes), want+1)
	}
	for _, n := range notes {
		a := w.must(200, w.do("M", "GET", "/v1/sites/s/notes/"+n.ID+"?reason=look", nil))
		if a.str("note", "text") != canaryNote {
			w.Errorf("note %s: %s", n.ID, a.raw)
		}
	}
	w.stored()
}
