package api

import (
	"fmt"
	"strings"
	"testing"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

const importPath = "/v1/sites/s/customers/import"

// outcomes are what an import answered, row by row: the outcome, or the code of the refusal.
func outcomes(a *answer) string {
	rows, _ := a.at("rows").([]any)
	var out []string
	for i := range rows {
		if code := a.str("rows", i, "problem", "code"); code != "" {
			out = append(out, code)
			continue
		}
		out = append(out, a.str("rows", i, "outcome"))
	}
	return strings.Join(out, " ")
}

// TestImport: rows of a table are taken over once, whoever sends them and however often, and a bad
// row stops no other.
func TestImport(t *testing.T) {
	onBothStores(t, func(t *testing.T, s setup) {
		t.Parallel()
		o := newOffice(t, s)
		head := func() (n int64) {
			o.ok(o.engine.View(t.Context(), "s", nil, func(b *workflow.Board) error {
				n = b.Seq
				return nil
			}))
			return n
		}
		// B has left, but is on the list
		o.must(200, o.do("M", "PATCH", "/v1/sites/s/staff/B", `{"active":false}`))
		body := `{"rows":[
			{"line":2,"number":"1","name":"` + canaryName + `","phone":"139 8765 1234",
			 "owner":"A","status":"deposit","last_contact_on":"2024-03-04","remark":"` +
			canaryNote + `"},
			{"line":3,"phone":"13800138001","owner":"B","status":"registered"},
			{"line":4,"phone":"+86 138-0013-8001","status":"registered"},
			{"line":5,"phone":"13800138002","owner":"X","status":"registered"},
			{"line":6,"phone":"13800138003","owner":"S","status":"registered"},
			{"line":7,"phone":"12","status":"registered"},
			{"line":8,"name":"Li","status":"registered"},
			{"line":9,"phone":"13800138004","status":"signed","last_contact_on":"2024-03-05"},
			{"line":13,"number":"13","phone":"12","status":"signed"},
			{"line":10,"phone":"13800138005","status":"signed","last_contact_on":"2024-02-31"},
			{"line":11,"phone":"13800138006","owner":"139 8765 1234","status":"signed"},
			{"line":12,"number":"12","status":"received"}]}`
		want := "created created row_twice owner_unknown owner_unknown bad_phone row_unmarked " +
			"bad_contact bad_phone row_day holds_phone created"
		before := head()
		dry := o.must(200, o.do("M", "POST", importPath+"?dry_run=true", body))
		if outcomes(dry) != want || dry.at("dry_run") != true || head() != before {
			t.Errorf("a dry run: %s, commits %d", outcomes(dry), head()-before)
		}
		for _, c := range []repo.SideCollection{repo.People, repo.Notes} {
			docs, err := o.store.SidesOfAllSites(t.Context(), c, monday.AddDate(100, 0, 0))
			o.ok(err)
			if len(docs) > 0 {
				t.Errorf("a dry run wrote %d of %s", len(docs), c)
			}
		}
		first := o.must(200, o.do("M", "POST", importPath, body, "Accept-Language", "zh"))
		if outcomes(first) != want || head() != before+3 ||
			!strings.Contains(first.raw, "销售人员名单") {
			t.Errorf("the first run: %d commits: %s", head()-before, first.raw)
		}
		if first.number("created") != 3 || first.number("refused") != 9 ||
			first.number("rows", 3, "line") != 5 {
			t.Errorf("the first run counts: %s", first.raw)
		}
		k := o.must(200, o.do("M", "GET",
			"/v1/sites/s/customers/"+first.str("rows", 0, "customer"), nil))
		if k.str("customer", "last_contact_at") != "2024-03-03T16:00:00Z" ||
			k.str("customer", "owner") != "A" || k.str("customer", "status") != "deposit" {
			t.Errorf("the first row: %s", k.raw)
		}
		note := o.must(200, o.do("M", "GET", "/v1/sites/s/notes/"+k.str("customer", "note")+
			"?reason=check", nil))
		if note.str("note", "text") != canaryNote {
			t.Errorf("the remark: %s", note.raw)
		}
		// again, by the other runs of the table: with the same and with another Idempotency-Key
		before = head()
		again := strings.ReplaceAll(want, "created", "unchanged")
		for _, query := range []string{"", "?dry_run=true"} {
			a := o.must(200, o.do("M", "POST", importPath+query, body))
			if outcomes(a) != again || head() != before ||
				a.str("rows", 0, "customer") != first.str("rows", 0, "customer") {
				t.Errorf("again%s: %s", query, a.raw)
			}
		}
		mended := strings.Replace(body, `"owner":"X"`, `"owner":"C"`, 1)
		mended = strings.Replace(mended, `"owner":"A"`, `"owner":"C"`, 1)
		a := o.must(200, o.do("M", "POST", importPath, mended))
		if !strings.HasPrefix(outcomes(a), "row_changed unchanged row_twice created") {
			t.Errorf("mended: %s", outcomes(a))
		}
		// another number, the same phone
		a = o.must(200, o.do("M", "POST", importPath, `{"rows":[
			{"line":2,"number":"90","phone":"13800138001","status":"received"}]}`))
		if outcomes(a) != "row_known" {
			t.Errorf("a phone that is known: %s", a.raw)
		}
		o.must(204, o.do("M", "DELETE", "/v1/sites/s/customers/"+
			first.str("rows", 0, "customer")+"/person", nil))
		o.must(200, o.do("M", "POST", importPath, body))
		for _, who := range []string{"admin", "kiosk", "desk", "analyst", "A", "L", "S"} {
			o.must(403, o.do(who, "POST", importPath, body))
		}
		o.must(404, o.do("zM", "POST", importPath, body))
		if a := o.do("M", "POST", "/v1/sites/s/customers/search", `{"phone":"13987651234"}`); a.
			at("known") != false {
			t.Error("a second run brought an erased person back")
		}
		for what, text := range map[string]string{"log": o.log.String(), "answer": first.raw} {
			if c := sing(text); c != "" {
				t.Errorf("the %s says %q", what, c)
			}
		}
		o.ok(o.store.ScanAllSites(t.Context(), workflow.Customers, func(d repo.Document) error {
			if c := sing(string(d.Doc)); c != "" {
				t.Errorf("a record says %q", c)
			}
			return nil
		}))
		pages, err := o.store.Since(t.Context(), "s", 1, 10_000)
		o.ok(err)
		for _, p := range pages {
			if c := sing(string(p.Body)); c != "" {
				t.Errorf("the journal says %q", c)
			}
		}
	})
}

// TestImportMany: a full request, and one of which a part was decided before.
func TestImportMany(t *testing.T) {
	t.Parallel()
	o := newOffice(t, setup{})
	rows := func(from, to int) string {
		var b []string
		for i := from; i < to; i++ {
			b = append(b,
				fmt.Sprintf(`{"line":%d,"phone":"1390000%04d","status":"received"}`, i, i))
		}
		return `{"rows":[` + strings.Join(b, ",") + `]}`
	}
	o.must(400, o.do("M", "POST", importPath, rows(0, 501)))
	if a := o.must(200, o.do("M", "POST", importPath, rows(0, 120))); a.number("created") != 120 {
		t.Errorf("created %d of 120", a.number("created"))
	}
	a := o.must(200, o.do("M", "POST", importPath, rows(0, 500)))
	if a.number("created") != 380 || a.number("unchanged") != 120 || a.number("refused") != 0 {
		t.Errorf("the rest: %v created, %v unchanged, %v refused", a.at("created"),
			a.at("unchanged"), a.at("refused"))
	}
	for i := range 500 {
		if a.number("rows", i, "line") != i {
			t.Fatalf("answer %d is about line %d", i, a.number("rows", i, "line"))
		}
	}
	if a := o.must(200, o.do("M", "POST", importPath, `{"rows":[]}`)); a.number("created") != 0 {
		t.Errorf("nothing: %s", a.raw)
	}
}
