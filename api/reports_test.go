package api

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/report"
	"github.com/lunpai/lunpai/workflow"
)

// TestReports asks for every report in every format; the same rows come in all of them.
func TestReports(t *testing.T) {
	o := newOffice(t, setup{})
	k, _ := o.customer("13900000001")
	o.must(200, o.do("desk", "POST", "/v1/sites/s/customers/"+k+"/deals",
		map[string]any{"status": "signed", "amount": 100}))
	o.arrive("arrived", nil)
	o.arrive("assigned", nil)
	desk := o.serviceDesk(k)
	for path, body := range map[string]string{
		"tickets/" + desk["ticket"] + "/resolve": `{"fix_first":true}`,
		"projects/tower-1/follow-ups":            `{"channel":"phone"}`,
		"service-reports": `{"kind":"weekly","week":"2024-03-04",` +
			`"note":"quiet"}`,
	} {
		o.must(200, o.do("M", "POST", "/v1/sites/s/"+path, body))
	}
	list, _ := o.must(200, o.do("analyst", "GET", "/v1/sites/s/reports", nil, "Accept-Language",
		"zh")).at("reports").([]any)
	if len(list) != len(report.Names()) {
		t.Fatalf("%d reports are listed, there are %d", len(list), len(report.Names()))
	}
	for _, name := range report.Names() {
		path := "/v1/sites/s/reports/" + name
		a := o.must(200, o.do("analyst", "GET", path, nil))
		rows, _ := a.at("rows").([]any)
		columns, _ := a.at("columns").([]any)
		if len(rows) == 0 || len(columns) == 0 || a.at("seq").(float64) != float64(o.head("s")) {
			t.Errorf("%s: %s", name, a.raw)
		}
		lines := strings.Split(strings.TrimSuffix(o.must(200,
			o.do("analyst", "GET", path+"?format=ndjson", nil)).raw, "\n"), "\n")
		table, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(o.must(200,
			o.do("analyst", "GET", path, nil, "Accept", "text/csv")).raw, "\uFEFF"))).ReadAll()
		if err != nil || len(lines) != len(rows) || len(table) != len(rows)+1 ||
			len(table[0]) != len(columns) {
			t.Fatalf("%s: %d rows of %d columns, %d lines, %d CSV lines of %d fields, %v", name,
				len(rows), len(columns), len(lines), len(table), len(table[0]), err)
		}
		for i, row := range rows {
			var line any
			if err := json.Unmarshal([]byte(lines[i]), &line); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(row, line); d != "" {
				t.Errorf("%s row %d in JSON and in NDJSON: %s", name, i, d)
			}
		}
	}
	a := o.must(200, o.do("S", "GET",
		"/v1/sites/s/reports/funnel_by_consultant"+
			"?from=2024-03-01&to=2024-03-31&group_by=month,policy", nil))
	if a.str("rows", 0, "month") != "2024-03" || a.str("rows", 0, "policy") != "p1" ||
		a.at("rows", 0, "signed") != 1.0 || a.at("rows", 0, "visits") != 3.0 {
		t.Errorf("by month and policy: %s", a.raw)
	}
}

// TestReportsByRole: front desk and shift leader see today, a consultant his own.
func TestReportsByRole(t *testing.T) {
	o := newOffice(t, setup{})
	_, owner := o.customer("")
	o.clock.Set(monday.Add(24 * time.Hour))
	o.customer("")
	for _, who := range []string{"desk", "L"} {
		if a := o.do(who, "GET", "/v1/sites/s/reports/conversion_daily?from=2024-01-01",
			nil); a.status != 403 || a.str("fix") == "" {
			t.Errorf("%s asks for other days: %d %s", who, a.status, a.raw)
		}
		a := o.must(200, o.do(who, "GET", "/v1/sites/s/reports/conversion_daily?to=2024-03-05",
			nil))
		if rows, _ := a.at("rows").([]any); len(rows) != 1 || a.str("from") != "2024-03-05" ||
			a.str("rows", 0, "day") != "2024-03-05" {
			t.Errorf("%s sees %s", who, a.raw)
		}
	}
	for _, name := range []string{"funnel_by_consultant", "turns_ledger", "visits"} {
		a := o.must(200, o.do(owner, "GET", "/v1/sites/s/reports/"+name, nil))
		rows, _ := a.at("rows").([]any)
		for _, r := range rows {
			for _, field := range []string{"consultant", "unit", "principal"} {
				if who, ok := r.(map[string]any)[field]; ok && who != owner {
					t.Errorf("%s sees in %s: %v", owner, name, r)
				}
			}
		}
		if len(rows) == 0 {
			t.Errorf("%s sees nothing in %s", owner, name)
		}
	}
	o.must(403, o.do("A", "GET", "/v1/sites/s/reports/fairness_daily", nil))
	if a := o.must(200, o.do("A", "GET", "/v1/sites/s/reports", nil)); strings.Contains(a.raw,
		"fairness_daily") || !strings.Contains(a.raw, "turns_ledger") {
		t.Errorf("a consultant is offered %s", a.raw)
	}
	o.must(200, o.do("M", "GET", "/v1/sites/s/reports/fairness_daily", nil))
}

// TestBadReports: what cannot be answered says why and what to send instead.
func TestBadReports(t *testing.T) {
	o := newOffice(t, setup{})
	for query, want := range map[string]string{
		"nothing": "not_found", "visits?from=yesterday": "bad_date",
		"visits?from=2024-03-05&to=2024-03-04": "bad_range",
		"visits?group_by=day":                  "bad_group_by",
		"walkouts?group_by=unit":               "bad_group_by",
		"walkouts?group_by=day,day":            "bad_group_by", "walkouts?group_by=day,%20hour": "",
		"conversion_daily?group_by=day,hour,kind,route": "bad_group_by",
		"conversion_daily?group_by=":                    "empty_parameter",
		"conversion_daily?format=pdf":                   "bad_parameter",
		"conversion_daily?of=me":                        "unknown_parameter",
	} {
		a := o.do("analyst", "GET", "/v1/sites/s/reports/"+query, nil)
		if a.str("code") != want || want != "" && a.str("fix") == "" {
			t.Errorf("%s: %d %s", query, a.status, a.raw)
		}
	}
}

// failing is a store that loses its connection in the middle of a scan.
type failing struct {
	repo.Store
	after atomic.Int64
}

func (f *failing) Scan(ctx context.Context, of repo.Span, use func(repo.Document) error) error {
	n := int64(0)
	return f.Store.Scan(ctx, of, func(d repo.Document) error {
		if n++; n > f.after.Load() {
			return errors.New("connection lost")
		}
		return use(d)
	})
}

// TestReportCutShort: what fails before the first rows are out is a problem; later the connection
// breaks, and nobody takes a part for the whole.
func TestReportCutShort(t *testing.T) {
	f := &failing{}
	f.after.Store(1 << 30)
	o := newOffice(t, setup{wrap: func(s repo.Store) repo.Store { f.Store = s; return f }})
	for range 900 {
		o.arrive("arrived", nil)
	}
	server := serving(t, o)
	for _, format := range []string{"json", "csv", "ndjson"} {
		for after, want := range map[int64]int{0: 503, 899: 200, 1 << 30: 200} {
			for _, version := range []string{"1.0", "1.1"} {
				f.after.Store(after)
				status, text, err := fetch(t, server.Listener.Addr().String(), version,
					"/v1/sites/s/reports/visits?format="+format, o.tokens["S"])
				if status != want || (err != nil) != (after == 899) {
					t.Errorf("%s over HTTP/%s after %d visits: %d, %d bytes, %v", format, version,
						after, status, len(text), err)
				}
				if want == 503 && !strings.Contains(text, `"code":"unavailable"`) {
					t.Errorf("%s: %s", format, text)
				}
			}
		}
	}
}

// fetch sends a request in a version of HTTP and reads the answer to its end; the error is that of
// reading.
func fetch(t *testing.T, addr, version, path, token string) (status int, text string, err error) {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn,
		"GET %s HTTP/%s\r\nHost: lunpai\r\nConnection: close\r\nAuthorization: Bearer %s\r\n\r\n",
		path, version, token)
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return res.StatusCode, string(body), err
}

// serving is a server as it runs in service.
func serving(t *testing.T, o *office) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(o.api)
	server.Config = o.api.Server(t.Context())
	server.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		// so that a reader who does not read is noticed soon
		o.ok(c.(*net.TCPConn).SetWriteBuffer(4 << 10))
		return withConnection(ctx, c)
	}
	server.Start()
	t.Cleanup(server.Close)
	return server
}

// endless is a store whose visits never end.
type endless struct{ repo.Store }

func (e endless) Scan(ctx context.Context, of repo.Span, use func(repo.Document) error) error {
	var all []repo.Document
	err := e.Store.Scan(ctx, of, func(d repo.Document) error { all = append(all, d); return nil })
	for i := 0; err == nil; i++ {
		err = use(all[i%len(all)])
	}
	return err
}

// stuck asks for a report without end and reads none of it. It returns the reader.
func stuck(t *testing.T, o *office) io.Reader {
	t.Helper()
	server := serving(t, o)
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
	o.ok(err)
	t.Cleanup(func() { _ = conn.Close() })
	o.ok(conn.(*net.TCPConn).SetReadBuffer(4 << 10))
	fmt.Fprintf(conn,
		"GET /v1/sites/s/reports/visits?format=csv HTTP/1.0\r\nAuthorization: Bearer %s\r\n\r\n",
		o.tokens["S"])
	o.eventually("the report begins", func() bool { return o.api.reports.inside("s") == 1 })
	return conn
}

func (o *office) eventually(what string, ok func() bool) {
	o.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			o.Fatalf("never: %s", what)
		}
	}
}

// TestSlowReader: who does not read is not waited for.
func TestSlowReader(t *testing.T) {
	o := newOffice(t, setup{wrap: func(s repo.Store) repo.Store { return endless{s} }})
	o.arrive("arrived", nil)
	o.api.readWithin = 300 * time.Millisecond
	reader := stuck(t, o)
	o.eventually("the report is given up", func() bool { return o.api.reports.inside("s") == 0 })
	if _, err := io.Copy(io.Discard, reader); err == nil {
		t.Error("the reader takes what he got for the whole report")
	}
}

// TestReportsEndWhenDraining: a report does not hold a restart up, and is not taken for a whole
// one.
func TestReportsEndWhenDraining(t *testing.T) {
	o := newOffice(t, setup{wrap: func(s repo.Store) repo.Store { return endless{s} }})
	o.arrive("arrived", nil)
	reader := stuck(t, o)
	o.ok(o.engine.Drain(t.Context()))
	o.eventually("the report is given up", func() bool { return o.api.reports.inside("s") == 0 })
	if _, err := io.Copy(io.Discard, reader); err == nil {
		t.Error("the reader takes what he got for the whole report")
	}
}

// inside is how many reports of a site are being given out.
func (t *turnstile) inside(site string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	if g := t.gates["site "+site]; g != nil {
		return len(g.places)
	}
	return 0
}

// TestReportsTakeTurns: so many of a site at once, and one to a key; who waits too long is told to
// come again. Another office's reports are in nobody's way.
func TestReportsTakeTurns(t *testing.T) {
	o := newOffice(t, setup{})
	o.arrive("arrived", nil)
	turns := newTurnstile(2, 50*time.Millisecond)
	o.api.reports = turns
	ask := func(who string, want int) {
		t.Helper()
		site := "s"
		if who == "zM" {
			site = "z"
		}
		a := o.do(who, "GET", "/v1/sites/"+site+"/reports/walkouts", nil)
		if a.status != want || want == 503 && (a.str("code") != "busy" ||
			a.header.Get("Retry-After") == "") {
			t.Errorf("%s: %d %s", who, a.status, a.raw)
		}
	}
	enter := func(site workflow.SiteID, key string) func() {
		t.Helper()
		leave, err := turns.enter(t.Context(), site, key)
		o.ok(err)
		return leave
	}
	far, away := enter("z", "one of z"), enter("z", "another of z")
	ask("zM", 503)
	mine := enter("s", o.keyIDs["S"])
	ask("S", 503)
	ask("M", 200)
	other := enter("s", "another")
	ask("M", 503)
	mine()
	ask("M", 200)
	ask("S", 200)
	other()
	far()
	away()
	if len(turns.gates) != 0 {
		t.Errorf("a turn is not given back: %v", turns.gates)
	}
}
