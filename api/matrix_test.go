package api

import (
	_ "embed"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lunpai/lunpai/openapi/spec"
	"github.com/lunpai/lunpai/workflow"
)

//go:embed testdata/matrix.golden
var matrixText string

// columns are the keys that stand for the roles, in the order of the table; the consultant is A, to
// whom the world's records belong, and B, to whom they do not. E is an employee without a
// department or a function.
var columns = []string{"kiosk", "board", "desk", "A", "E", "L", "S", "M", "analyst", "admin"}

func readMatrix(t *testing.T) map[string][]string {
	rows := map[string][]string{}
	for line := range strings.Lines(matrixText) {
		f := strings.Fields(line)
		if len(f) == 0 || strings.HasPrefix(line, "#") {
			continue
		}
		if len(f) != len(columns)+1 || rows[f[0]] != nil {
			t.Fatalf("the row %q is malformed or stands there twice", line)
		}
		rows[f[0]] = f[1:]
	}
	return rows
}

// try sends an operation's usual request as somebody; commands are asked what they would do, so
// that nothing changes.
func (w *world) try(who, method, path string, op *spec.Operation, fill *strings.Replacer) *answer {
	w.Helper()
	url := fill.Replace(path)
	var body any
	if text, ok := bodies[op.OperationID]; ok {
		body = fill.Replace(text)
	}
	switch {
	case op.OperationID == "acknowledgeNotice":
		to := who
		if who != "L" && who != "S" && who != "M" {
			to = "A"
		}
		url = strings.NewReplacer("{notice}", w.told(to)).Replace(path)
		url = fill.Replace(url) + "?dry_run=true"
	case op.Query["dry_run"]:
		url += "?dry_run=true"
	case op.OperationID == "showPerson":
		url += "?reason=matrix"
	case op.OperationID == "showNote" || op.OperationID == "eraseNote":
		call := w.must(201, w.do("desk", "POST", "/v1/sites/s/calls",
			map[string]any{"for": "A", "callback": "after six"})).str("call", "id")
		note := w.must(200, w.do("M", "GET", "/v1/sites/s/calls/"+call, nil)).str("call", "note")
		url = strings.Replace(url, "{note}", note, 1) +
			map[bool]string{true: "?reason=matrix"}[op.OperationID == "showNote"]
	case op.OperationID == "revokeKey" || op.OperationID == "rotateKey":
		w.key("victim", workflow.RoleKiosk, "")
		url = strings.Replace(url, w.keyIDs["kiosk"], w.keyIDs["victim"], 1)
	case op.OperationID == "signIn":
		body = map[string]string{"key": w.tokens["desk"]}
	case op.OperationID == "redeemPairing":
		body = map[string]string{"code": w.must(201, w.do("M", "POST", "/v1/sites/s/pairings",
			bodies["pairDevice"])).str("code")}
	case op.OperationID == "erasePerson": // of somebody else: for the others he must stay
		k := w.must(201, w.do("M", "POST", "/v1/sites/s/customers",
			`{"status":"registered","person":{"name":"Zhang Wei"}}`)).str("customer", "id")
		url = strings.Replace(path, "{customer}", k, 1)
		url = fill.Replace(url)
	}
	return w.do(who, method, url, body)
}

func TestMatrix(t *testing.T) {
	w := newWorld(t)
	rows := readMatrix(t)
	cells := 0
	w.each(func(name, method, path string, op *spec.Operation) {
		row := rows[op.OperationID]
		if row == nil {
			t.Errorf("%s (%s) has no row: nobody may use it until the table says so",
				op.OperationID, name)
			return
		}
		delete(rows, op.OperationID)
		public := w.routeOf(name).public
		hasSite := strings.Contains(path, "{site}")
		if a := w.try("", method, path, op, w.fill); public != (a.status == 200) || !public &&
			a.status != 401 {
			t.Errorf("%s without a key: %d", op.OperationID, a.status)
		}
		for i, who := range columns {
			cells++
			a := w.try(who, method, path, op, w.fill)
			switch row[i] {
			case "yes":
				w.wantAllowed(a, op.OperationID, who, path)
			case "function": // by department, hat or ticket, as workflow's tests say
				if a.status == 401 || a.status >= 500 || a.status == 403 &&
					a.str("code") == "role" {
					t.Errorf("%s as %s: %d %.200s", op.OperationID, who, a.status, a.raw)
				}
			case "-":
				if a.status != 403 {
					t.Errorf("%s as %s: %d, want 403: %.200s", op.OperationID, who, a.status, a.raw)
				}
			case "own":
				w.tryOwn(who, method, path, op, a)
			default:
				t.Errorf("%s: cell %q", op.OperationID, row[i])
			}
			if !hasSite || who == "admin" {
				continue
			}
			cells++
			if a := w.try(who, method, path, op, w.away); a.status != 404 ||
				a.str("code") != "not_found" {
				t.Errorf("%s as %s at a foreign site: %d %s", op.OperationID, who, a.status,
					a.str("code"))
			}
		}
	})
	for id := range rows {
		t.Errorf("the table has a row for %s, which is not there", id)
	}
	t.Logf("%d cells", cells)
}

// wantAllowed: neither the key nor the role is in the way. A route that is about a person of today
// may say so.
func (w *world) wantAllowed(a *answer, op, who, path string) {
	w.Helper()
	if a.status == http.StatusUnauthorized || a.status == http.StatusForbidden ||
		a.status == http.StatusNotFound || a.status >= 500 {
		w.Errorf("%s as %s on %s: %d, want to be allowed: %.300s", op, who, path, a.status, a.raw)
	}
}

// told makes a notice to a member of staff: a request of his is decided.
func (w *world) told(to string) string {
	w.Helper()
	q := w.must(201, w.do(to, "POST", "/v1/sites/s/approvals",
		`{"kind":"discount"}`)).str("approval", "id")
	by := "S"
	if to == by {
		by = "M"
	}
	w.must(200, w.do(by, "POST", "/v1/sites/s/approvals/"+q+"/decide", `{"grant":true}`))
	a := w.must(200, w.do(to, "GET", "/v1/sites/s/agenda", nil))
	items, _ := a.at("items").([]any)
	for i := range items {
		if a.str("items", i, "what") == "notice" && a.str("items", i, "about", "id") == q {
			return a.str("items", i, "notice")
		}
	}
	w.Fatalf("%s was not told of %s: %s", to, q, a.raw)
	return ""
}

// tryOwn: what belongs to A is A's, not B's; a kiosk has the ticket it made.
func (w *world) tryOwn(who, method, path string, op *spec.Operation, a *answer) {
	w.Helper()
	if who == "kiosk" {
		if a.status != 404 {
			w.Errorf("%s as the kiosk on another's ticket: %d", op.OperationID, a.status)
		}
		w.clock.Set(w.clock.Now().Add(time.Minute))
		mine := w.must(201, w.do("kiosk", "POST", "/v1/sites/s/visits", nil)).str("visit")
		w.wantAllowed(w.do("kiosk", method, strings.NewReplacer("{site}", "s", "{visit}",
			mine).Replace(path), nil), op.OperationID, who, path)
		return
	}
	w.wantAllowed(a, op.OperationID, who, path)
	if b := w.try("B", method, path, op, w.fill); b.status != 403 && b.status != 404 {
		w.Errorf("%s as B, on what is A's: %d: %.200s", op.OperationID, b.status, b.raw)
	}
}

// TestRevokedKeys: a key that was revoked is as good as none, on every route.
func TestRevokedKeys(t *testing.T) {
	w := newWorld(t)
	for _, who := range []string{"M", "S", "A"} {
		w.must(200, w.do("admin", "DELETE", "/v1/sites/s/keys/"+w.keyIDs[who], nil))
	}
	w.tokens["short"] = w.tokens["desk"][:len(w.tokens["desk"])-1]
	w.tokens["made up"] = "lp_0192_" + strings.Repeat("x", 43)
	w.tokens["mixed"] = w.tokens["desk"][:36] + w.tokens["L"][36:]
	w.each(func(name, method, path string, op *spec.Operation) {
		if w.routeOf(name).public {
			return
		}
		for _, who := range []string{"M", "S", "A", "short", "made up", "mixed"} {
			if a := w.do(who, method, w.fill.Replace(path), nil); a.status != 401 ||
				a.header.Get("WWW-Authenticate") == "" {
				t.Errorf("%s with a %s key: %d", name, who, a.status)
			}
		}
	})
}

// TestAnalystsGrantedSites: an analyst reads the sites he was granted, and no more.
func TestAnalystsGrantedSites(t *testing.T) {
	o := newOffice(t, setup{})
	a := o.must(201, o.do("admin", "POST", "/v1/sites/s/keys",
		map[string]any{"role": "analyst", "sites": []string{"z"}}))
	o.tokens["both"] = a.str("key", "token")
	for _, site := range []string{"s", "z"} {
		o.must(200, o.do("both", "GET", "/v1/sites/"+site+"/visits", nil))
		o.must(200, o.do("both", "GET", "/v1/sites/"+site+"/rota", nil))
	}
	if l, _ := o.must(200, o.do("both", "GET", "/v1/sites", nil)).at("sites").([]any); len(l) != 2 {
		t.Errorf("the analyst of two sites sees %d", len(l))
	}
	if l, _ := o.must(200, o.do("analyst", "GET", "/v1/sites",
		nil)).at("sites").([]any); len(l) != 1 {
		t.Errorf("the analyst of one site sees %d", len(l))
	}
	o.must(404, o.do("analyst", "GET", "/v1/sites/z/visits", nil))
	o.must(403, o.do("M", "POST", "/v1/sites/s/keys",
		map[string]any{"role": "analyst", "sites": []string{"z"}}))
	for _, bad := range []map[string]any{
		{"role": "administrator"},
		{"role": "kiosk", "staff": "A"},
		{"role": "front_desk", "staff": "X"},
		{"role": "consultant"},
		{"role": "supervisor", "staff": "A"},
		{"role": "consultant", "staff": "X"},
		{"role": "kiosk", "sites": []string{"z"}},
	} {
		if a := o.do("admin", "POST", "/v1/sites/s/keys", bad); a.status != 400 && a.status != 403 {
			t.Errorf("a key like %v can be made: %d", bad, a.status)
		}
	}
}

// TestMakeUpUnderPolicy2: shift leader and supervisor grant make-ups; policy 1 leaves it to the
// supervisor and the manager.
func TestMakeUpUnderPolicy2(t *testing.T) {
	for policy, want := range map[string]map[string]bool{
		"p1": {"desk": false, "A": false, "L": false, "S": true, "M": true},
		"p2": {"desk": false, "A": false, "L": true, "S": true},
	} {
		o := newOffice(t, setup{policy: policy})
		for who, may := range want {
			a := o.do(who, "POST", "/v1/sites/s/rota/make-ups?dry_run=true",
				`{"unit":"B","position":1}`)
			if (a.status != 403) != may {
				t.Errorf("%s under %s: %d %s", who, policy, a.status, a.str("code"))
			}
			if !may && a.str("rule") == "" {
				t.Errorf("%s under %s is refused without an article", who, policy)
			}
		}
	}
}
