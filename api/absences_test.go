package api

import (
	"slices"
	"strings"
	"testing"
)

// TestAbsences: the list tells who is away today and who will be; a day chooses among them. What is
// planned begins by itself with its day, and the member of staff no longer carries it.
func TestAbsences(t *testing.T) {
	o := newOffice(t, setup{})
	list := func(query string) string {
		t.Helper()
		rows, _ := o.must(200, o.do("C", "GET", "/v1/sites/s/absences"+query, nil)).
			at("absences").([]any)
		var all []string
		for _, r := range rows {
			row, _ := r.(map[string]any)
			word := row["staff"].(string) + " " + row["from"].(string)[8:] + "-" +
				row["until"].(string)[8:]
			if row["planned"] == true {
				word += "?"
			}
			all = append(all, word)
		}
		return strings.Join(all, ", ")
	}
	plan := func(who, body string) *answer {
		return o.do(who, "POST", "/v1/sites/s/staff/"+who+"/absences", body)
	}
	o.must(200, o.do("M", "POST", "/v1/sites/s/rota/open", nil))
	o.must(200, o.do("D", "POST", "/v1/sites/s/staff/D/leave", `{"reason":"personal"}`))
	a := o.must(200, plan("A", `{"from":"2024-03-05","until":"2024-03-07","reason":"leave"}`))
	if a.str("staff", "planned", 0, "until") != "2024-03-07" ||
		a.str("facts", 0, "kind") != "absence.planned" {
		t.Errorf("planned: %s", a.raw)
	}
	o.must(200, plan("B", `{"from":"2024-03-06","reason":"day_off"}`))
	for query, want := range map[string]string{
		"": "D 04-04, A 05-07?, B 06-06?", "?on=2024-03-04": "D 04-04",
		"?on=2024-03-06": "A 05-07?, B 06-06?", "?on=2024-03-08": "",
	} {
		if got := list(query); got != want {
			t.Errorf("absences%s: %q, want %q", query, got, want)
		}
	}
	o.must(400, o.do("C", "GET", "/v1/sites/s/absences?on=tomorrow", nil))
	for body, want := range map[string]string{
		`{"from":"2024-03-03","reason":"leave"}`:                      "bad_absence",
		`{"from":"2024-03-09","reason":"company_duty"}`:               "ordered_by_missing",
		`{"from":"2024-03-04","until":"2024-03-05","reason":"leave"}`: "absence_overlaps",
	} {
		if a := plan("A", body); a.str("code") != want {
			t.Errorf("%s: %s, want %s", body, a.raw, want)
		}
	}
	o.must(403, o.do("A", "DELETE", "/v1/sites/s/staff/B/absences/2024-03-06", nil))
	o.must(404, o.do("B", "DELETE", "/v1/sites/s/staff/B/absences/2024-03-05", nil))
	o.must(404, o.do("B", "DELETE", "/v1/sites/s/staff/B/absences/someday", nil))
	o.must(200, o.do("B", "DELETE", "/v1/sites/s/staff/B/absences/2024-03-06", nil))

	o.clock.Set(monday.AddDate(0, 0, 1)) // nobody opens the day
	o.must(201, o.do("desk", "POST", "/v1/sites/s/visits", `{"party":2}`))
	if got := list(""); got != "A 05-07" {
		t.Errorf("absences the day after: %q", got)
	}
	staff := o.must(200, o.do("M", "GET", "/v1/sites/s/staff", nil))
	if strings.Contains(staff.raw, "planned") {
		t.Errorf("the plan is still there: %s", staff.raw)
	}
	absent, _ := o.must(200, o.do("M", "GET", "/v1/sites/s/rota", nil)).at("rota", "absent").([]any)
	if !slices.ContainsFunc(absent, func(x any) bool {
		m, _ := x.(map[string]any)
		return m["staff"] == "A" && m["until"] == "2024-03-07"
	}) {
		t.Errorf("the live line does not know it: %v", absent)
	}
}
