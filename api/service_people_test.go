package api

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lunpai/lunpai/workflow"
)

// deskOffice is an office with a service desk and people in its departments: t and h in technical
// service, h its head; c in customer service; b in business; n nowhere. G works at the front desk
// with a key of its own.
func deskOffice(t *testing.T, s setup) *office {
	t.Helper()
	o := newOffice(t, s)
	for who, body := range map[string]string{
		"t": `"department":"tech_service"`,
		"h": `"department":"tech_service","hats":["tech_head"]`,
		"c": `"department":"customer_service"`,
		"b": `"department":"business"`,
		"n": `"hats":[]`,
	} {
		o.must(201, o.do("M", "POST", "/v1/sites/s/staff",
			`{"id":"`+who+`","role":"employee",`+body+`}`))
		o.key(who, workflow.RoleEmployee, who)
	}
	o.key("G", workflow.RoleFrontDesk, "B")
	o.must(200, o.do("M", "POST", "/v1/sites/s/service", `{"from":"2024-03-04",`+
		`"areas":[{"code":"engineering","leader":"S","department":"tech_service"},`+
		`{"code":"billing","leader":"c"}],"holidays":["2024-04-04","2024-05-01"]}`))
	return o
}

// TestDeskLists: everybody lists the tickets that he may read and no others, by every filter; who
// may not read one does not learn that it is there.
func TestDeskLists(t *testing.T) {
	onBothStores(t, func(t *testing.T, s setup) {
		o := deskOffice(t, s)
		open := func(who, area, more string) string {
			return o.must(201, o.do(who, "POST", "/v1/sites/s/tickets",
				`{"kind":"request","in_scope":false,"area":"`+area+`","note":"text"`+more+`}`)).
				str("ticket", "id")
		}
		mine := open("A", "engineering", "")
		bill := open("n", "billing", `,"major":true`)
		front := open("G", "engineering", "")
		want := func(who, query string, want ...string) {
			t.Helper()
			got := ids(o.must(200, o.do(who, "GET", "/v1/sites/s/tickets"+query, nil)), "tickets")
			if d := cmp.Diff(append([]string{}, want...), got); d != "" {
				t.Errorf("%s lists %q (-want +got):\n%s", who, query, d)
			}
		}
		for _, who := range []string{"M", "S", "L", "desk", "G", "c", "h"} {
			want(who, "", front, bill, mine)
		}
		want("A", "", mine)
		want("B", "", front) // with his own key, too
		want("n", "", bill)
		want("t", "", front, mine) // his department's area
		want("b", "")
		want("M", "?first_responder=B", front)
		want("M", "?holder=n", bill)
		want("M", "?grade=major", bill)
		want("M", "?area=engineering&state=open&order=oldest", mine, front)
		want("M", "?kind=complaint")
		o.must(404, o.do("b", "GET", "/v1/sites/s/tickets/"+mine, nil))
		o.must(404, o.do("b", "GET", "/v1/sites/s/tickets/"+mine+"/history", nil))
		o.must(403, o.do("analyst", "GET", "/v1/sites/s/tickets", nil))

		o.must(200, o.do("A", "POST", "/v1/sites/s/tickets/"+mine+"/handover", nil))
		a := o.must(200, o.do("A", "GET", "/v1/sites/s/tickets/"+mine+"/history?limit=1", nil))
		if a.str("commits", 0, "kind") != "open_ticket" || a.str("next_cursor") == "" {
			t.Errorf("the first step: %s", a.raw)
		}
		a = o.must(200, o.do("A", "GET", "/v1/sites/s/tickets/"+mine+"/history?cursor="+
			a.str("next_cursor"), nil))
		if a.str("commits", 0, "kind") != "hand_ticket" || a.str("next_cursor") != "" {
			t.Errorf("the second step: %s", a.raw)
		}
	})
}

// TestTicketAllows: a ticket lists what the caller may do with it, and a refusal lists the same.
func TestTicketAllows(t *testing.T) {
	o := deskOffice(t, setup{})
	id := o.must(201, o.do("A", "POST", "/v1/sites/s/tickets",
		`{"kind":"request","in_scope":false,"area":"engineering"}`)).str("ticket", "id")
	path := "/v1/sites/s/tickets/" + id
	want := func(who string, want ...string) {
		t.Helper()
		got := steps(o.must(200, o.do(who, "GET", path, nil)))
		if d := cmp.Diff(append([]string{}, want...), got); d != "" {
			t.Errorf("%s may (-want +got):\n%s", who, d)
		}
	}
	want("A", "record", "escalate", "call-again", "close") // nothing is written down yet
	want("desk")                                           // a key of nobody
	o.must(200, o.do("A", "POST", path+"/record", `{"note":"a leak"}`))
	want("A", "record", "handover", "escalate", "call-again", "resolve", "close")
	want("t", "call-again", "resolve")
	want("c", "record", "call-again", "close")
	refusal := o.must(403, o.do("t", "POST", path+"/close", nil))
	if d := cmp.Diff([]string{"call-again", "resolve"}, steps(refusal)); d != "" {
		t.Errorf("the refusal lists (-want +got):\n%s", d)
	}
	done := o.must(200, o.do("t", "POST", path+"/resolve", nil))
	if d := cmp.Diff([]string{"call-again", "slip"}, steps(done)); d != "" {
		t.Errorf("after the solving (-want +got):\n%s", d)
	}
	want("A", "record", "escalate", "call-again", "slip")
	o.must(200, o.do("A", "POST", path+"/slip", `{"note":"the slip"}`))
	o.must(200, o.do("A", "POST", path+"/close", `{"told":true}`))
	want("A")
	want("S") // who leads its area
	bill := o.must(201, o.do("c", "POST", "/v1/sites/s/tickets",
		`{"kind":"question","in_scope":true,"area":"billing","note":"how much"}`)).
		str("ticket", "id")
	o.must(200, o.do("c", "POST", "/v1/sites/s/tickets/"+bill+"/resolve", nil))
	a := o.must(200, o.do("c", "POST", "/v1/sites/s/tickets/"+bill+"/close", nil))
	if got := steps(a); len(got) != 0 { // nobody else is in charge, but that is not why
		t.Errorf("a closed ticket allows %v", got)
	}
	if a := o.must(409, o.do("S", "POST", path+"/handover", nil)); a.str("code") != "transition" {
		t.Errorf("a closed ticket is handed on: %s", a.raw)
	}
}

// TestDeskFarAway: days that lie so far away that reckoning from them would leave the years of four
// digits are refused, with the years that go.
func TestDeskFarAway(t *testing.T) {
	o := deskOffice(t, setup{})
	o.must(201, o.do("b", "POST", "/v1/sites/s/projects",
		`{"project":"old","delivered_on":"1900-01-31"}`))
	a := o.must(200, o.do("c", "GET", "/v1/sites/s/projects?due_by=8999-12-31", nil))
	if a.str("projects", 0, "next_due") != "2024-01-31" {
		t.Errorf("a building of 1900 is due: %s", a.raw)
	}
	for _, c := range []struct{ who, method, path, body string }{
		{"b", "POST", "projects", `{"project":"p","delivered_on":"0001-01-01"}`},
		{"b", "POST", "service-reports", `{"kind":"supervision","month":"9999-12","note":"x"}`},
		{"t", "POST", "service-reports", `{"kind":"weekly","week":"0001-01-01","note":"x"}`},
		{"c", "PUT", "watches/9999-12-31", `{"staff":["A"]}`},
		{"c", "POST", "projects/old/follow-ups", `{"on":"0001-01-01"}`},
		{"M", "POST", "service", `{"from":"9999-12-31"}`},
		{"M", "POST", "service", `{"from":"2024-03-04","holidays":["9999-12-31"]}`},
		{"c", "GET", "projects?due_by=9999-12-31", ""},
		{"c", "GET", "projects/old/schedule?until=9999-12-31", ""},
		{"c", "GET", "projects/old/schedule?overdue_on=0001-01-01", ""},
		{"M", "GET", "service-reports?week=9999-12-31", ""},
		{"M", "GET", "service-reports?month=9999-12", ""},
	} {
		var body any
		if c.body != "" {
			body = c.body
		}
		o.must(400, o.do(c.who, c.method, "/v1/sites/s/"+c.path, body))
	}
}

// TestDeskAfterALeaderLeft: a desk whose area has lost its leader is changed and ended all the
// same; only who names areas must name people who are there.
func TestDeskAfterALeaderLeft(t *testing.T) {
	o := deskOffice(t, setup{})
	o.must(200, o.do("M", "PATCH", "/v1/sites/s/staff/c", `{"active":false}`))
	o.must(200, o.do("M", "POST", "/v1/sites/s/service",
		`{"from":"2024-03-04","parameters":{"ticket.remind_hours":5}}`))
	a := o.must(400, o.do("M", "POST", "/v1/sites/s/service",
		`{"from":"2024-03-04","areas":[{"code":"billing","leader":"c"}]}`))
	if a.str("code") != "staff_not_found" {
		t.Errorf("a leader who has left: %s", a.raw)
	}
	o.must(200, o.do("M", "POST", "/v1/sites/s/service", `{"from":"2024-03-04","end":true}`))
	for parameter, detail := range map[string]string{
		`"nope":1`:                    "There is no parameter nope",
		`"ticket":{"remind_hours":1}`: "There is no parameter ticket",
		`"ticket.remind_hours":1000`:  "ticket.remind_hours is out of bounds",
	} {
		a := o.must(400, o.do("M", "POST", "/v1/sites/s/service",
			`{"from":"2024-03-04","parameters":{`+parameter+`}}`))
		if a.str("detail") != detail {
			t.Errorf("%s: %s", parameter, a.raw)
		}
	}
}

// TestFrontDeskOfSomebody: a front desk's key that names a member of staff takes matters; one that
// names nobody does not.
func TestFrontDeskOfSomebody(t *testing.T) {
	var minutes atomic.Int64 // no key is remembered for a minute
	o := deskOffice(t, setup{machine: func() time.Time {
		return monday.Add(time.Duration(minutes.Add(1)) * time.Minute)
	}})
	const body = `{"kind":"question","in_scope":true,"note":"when does the bus go"}`
	if a := o.must(403, o.do("desk", "POST", "/v1/sites/s/tickets", body)); a.str("code") !=
		"key_of_nobody" {
		t.Errorf("a key of nobody: %s", a.raw)
	}
	a := o.must(201, o.do("G", "POST", "/v1/sites/s/tickets", body))
	if a.str("ticket", "first_responder") != "B" {
		t.Errorf("the first responder: %s", a.raw)
	}
	o.wantAgenda("G", "") // the desk's
	o.wantAgenda("G", "?staff=B", "ticket")
	o.must(403, o.do("G", "GET", "/v1/sites/s/agenda?staff=A", nil))
	o.must(201, o.do("G", "POST", "/v1/sites/s/visits", nil)) // it is the front desk's key as well
	o.must(200, o.do("M", "PATCH", "/v1/sites/s/staff/B", `{"active":false}`))
	o.must(401, o.do("G", "GET", "/v1/sites/s/tickets", nil))
}

// TestDeskNotes: the notes of the desk's records are read by those whom policy 3 lets, and every
// look is in the journal.
func TestDeskNotes(t *testing.T) {
	o := deskOffice(t, setup{})
	read := func(note string, may ...string) {
		t.Helper()
		for _, who := range []string{"A", "B", "t", "h", "c", "b", "n", "L", "S", "M"} {
			a := o.do(who, "GET", "/v1/sites/s/notes/"+note+"?reason=look", nil)
			want := 403
			for _, m := range may {
				if m == who {
					want = 200
				}
			}
			if a.status != want {
				t.Errorf("%s reads %s: %d, want %d: %.150s", who, note, a.status, want, a.raw)
			}
		}
	}
	a := o.must(201, o.do("A", "POST", "/v1/sites/s/tickets",
		`{"kind":"request","in_scope":false,"area":"engineering","note":"a leak"}`))
	read(a.str("ticket", "notes", 0), "A", "S", "M") // t sees the ticket, not what was said
	o.must(200, o.do("A", "POST", "/v1/sites/s/tickets/"+a.str("ticket", "id")+"/handover", nil))
	read(a.str("ticket", "notes", 0), "A", "S", "M") // S leads the area
	a = o.must(201, o.do("n", "POST", "/v1/sites/s/faults",
		`{"occurred_at":"2024-03-04T00:30:00Z",`+
			`"place":"hall","symptoms":"dark","plan":"call the grid"}`))
	read(a.str("fault", "place"), "n", "t", "h", "c", "S", "M")
	o.must(200, o.do("t", "POST", "/v1/sites/s/service-reports",
		`{"kind":"weekly","week":"2024-03-04","note":"a quiet week"}`))
	a = o.must(200, o.do("h", "GET", "/v1/sites/s/service-reports?week=2024-03-06", nil))
	read(a.str("reports", 0, "report", "entries", 0, "note"), "t", "h", "S", "M")
	a = o.must(201, o.do("b", "POST", "/v1/sites/s/arbitrations",
		`{"lead":"business","opinions":{"business":"ours"}}`))
	read(a.str("arbitration", "opinions", 0, "note"), "b", "S", "M")
}

// TestServiceReportsAndWatches: who is missing in the sheet of a week, and which days have no
// watch.
func TestServiceReportsAndWatches(t *testing.T) {
	o := deskOffice(t, setup{})
	o.must(200, o.do("t", "POST", "/v1/sites/s/service-reports",
		`{"kind":"weekly","week":"2024-03-04","note":"a quiet week"}`))
	a := o.must(200, o.do("M", "GET", "/v1/sites/s/service-reports?week=2024-03-05", nil))
	if a.str("reports", 0, "submitted", 0) != "t" || a.str("reports", 0, "expected", 1) != "t" {
		t.Errorf("the sheet: %s", a.raw)
	}
	if got := len(ids(o.must(200, o.do("n", "GET", "/v1/sites/s/service-reports", nil)),
		"reports")); got != 0 {
		t.Errorf("somebody of no department sees %d sheets", got)
	}
	a = o.must(200, o.do("b", "GET", "/v1/sites/s/service-reports?month=2024-03", nil))
	if _, ok := a.at("reports", 0, "report").(map[string]any); ok {
		t.Errorf("a report that nobody wrote: %s", a.raw)
	}
	o.must(400, o.do("M", "GET", "/v1/sites/s/service-reports?month=2024-13", nil))
	o.must(400, o.do("M", "GET", "/v1/sites/s/service-reports?month=2024-03&kind=weekly", nil))
	days := func(want ...any) {
		t.Helper()
		if d := cmp.Diff(want, o.must(200, o.do("c", "GET", "/v1/sites/s/watches", nil)).
			at("missing")); d != "" {
			t.Errorf("days without a watch (-want +got):\n%s", d)
		}
	}
	days("2024-04-04", "2024-05-01")
	o.must(200, o.do("c", "PUT", "/v1/sites/s/watches/2024-04-04", `{"staff":["A"]}`))
	days("2024-05-01")
	if a := o.must(403, o.do("b", "GET", "/v1/sites/s/needs", nil)); a.str("code") !=
		"function_needed" {
		t.Errorf("needs as business: %s", a.raw)
	}
	o.must(200, o.do("M", "POST", "/v1/sites/s/service",
		`{"from":"2024-03-04","parameters":{"campaign.month":3}}`))
	k := o.must(201, o.do("M", "POST", "/v1/sites/s/customers",
		`{"status":"deposit","owner":"B"}`)).str("customer", "id")
	tasks := func(want ...any) {
		t.Helper()
		a := o.must(200, o.do("c", "GET", "/v1/sites/s/needs", nil))
		list, _ := a.at("needs").([]any)
		if len(list) == 0 && len(want) == 0 {
			return
		}
		d := cmp.Diff(want, a.at("needs", 0, "tasks"))
		if d != "" || a.str("needs", 0, "customer") != k {
			t.Errorf("%s: (-want +got):\n%s", a.raw, d)
		}
	}
	tasks("gift", "needs")
	o.must(200, o.do("c", "POST", "/v1/sites/s/needs/"+k, `{"what":"gift"}`))
	tasks("needs")
	o.must(200, o.do("c", "POST", "/v1/sites/s/needs/"+k, `{"what":"needs"}`))
	tasks()
}

// TestProjectsDue: the projects whose customer is to be called by a day, the longest due first.
func TestProjectsDue(t *testing.T) {
	onBothStores(t, func(t *testing.T, s setup) {
		o := deskOffice(t, s)
		for project, day := range map[string]string{
			"p1": "2024-02-20", "p2": "2024-02-01", "p3": "2024-01-30", "p4": "2024-03-04",
		} {
			o.must(201, o.do("b", "POST", "/v1/sites/s/projects",
				`{"project":"`+project+`","delivered_on":"`+day+`"}`))
		}
		want := func(query string, more bool, want ...string) {
			t.Helper()
			a := o.must(200, o.do("c", "GET", "/v1/sites/s/projects"+query, nil))
			if d := cmp.Diff(want, ids(a, "projects")); d != "" || (a.at("more") == true) != more {
				t.Errorf("%q: more %v (-want +got):\n%s", query, a.at("more"), d)
			}
		}
		want("?due_by=2024-03-04", false, "p3", "p2")
		want("?due_by=2024-03-20&limit=2", true, "p3", "p2")
		want("?due_by=2024-12-31", false, "p3", "p2", "p1", "p4")
		want("?state=in_use&order=oldest", false, "p1", "p2", "p3", "p4")
		o.must(400, o.do("c", "GET", "/v1/sites/s/projects?due_by=2024-03-04&order=oldest", nil))
	})
}
