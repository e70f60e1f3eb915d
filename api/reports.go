package api

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/report"
	"github.com/lunpai/lunpai/workflow"
)

const (
	// reportWithin bounds one report, from the question to its last row.
	reportWithin = 5 * time.Minute
	// reportsAtOnce is how many reports of a site are given out at once, and one to a key: the floor comes first, and nobody's
	// slow reader keeps the others waiting for long. Who waits is told to come again after reportPatience.
	reportsAtOnce  = 2
	reportPatience = 10 * time.Second
	// readWithin is how long a reader may take for one part of a report.
	readWithin = 30 * time.Second
)

// ReportList are the reports.
type ReportList struct {
	// Reports are those that the caller may ask for.
	Reports []report.Info `json:"reports"`
	// Schema is the version of the figures: it changes when a figure means something else.
	Schema int `json:"schema"`
}

// listReports tells which reports the caller may ask for and what their rows hold.
func listReports(c *call, _ *none) (*ReportList, error) {
	list := slices.DeleteFunc(report.List(lang(c)), func(r report.Info) bool {
		if !c.own() {
			return false
		}
		_, err := report.New(report.Query{Report: r.Name, Own: &c.key.Staff})
		return err != nil // about the whole floor
	})
	return &ReportList{list, workflow.Schema}, nil
}

// Report is a report with its rows.
type Report struct {
	// Report is its name.
	Report string `json:"report"`
	// Site is the site whose figures they are.
	Site workflow.SiteID `json:"site"`
	// From is the first business day; empty: from the beginning.
	From workflow.Date `json:"from"`
	// To is the last business day; empty: until now.
	To workflow.Date `json:"to"`
	// GroupBy are the dimensions that were chosen.
	GroupBy []string `json:"group_by"`
	// Columns say what the rows hold, in this order.
	Columns []report.Column `json:"columns"`
	// Seq is the number of the commit up to which everything is in the figures.
	Seq int64 `json:"seq"`
	// Schema is the version of the figures.
	Schema int `json:"schema"`
	// Rows are the figures: the fields that columns names, null where there is none.
	Rows []map[string]any `json:"rows"`
}

// ReportQuery is the query of a report.
type ReportQuery struct {
	// From is the first business day; absent: from the beginning.
	From workflow.Date `query:"from"`
	// To is the last business day; absent: until now.
	To workflow.Date `query:"to"`
	// GroupBy are up to three dimensions, such as month,channel. GET reports lists them.
	GroupBy []string `query:"group_by"`
	// Format is how the report is written: json, csv or ndjson. It wins over the header Accept; absent: what Accept says, or json.
	Format report.Format `query:"format"`
}

// getReport computes a report and writes it as its rows are ready. Front desk and shift leader see today's, a consultant his own.
func getReport(c *call, query *ReportQuery) (*Report, error) {
	q := report.Query{Report: c.Param("report"), Site: c.site, From: query.From, To: query.To}
	for _, name := range query.GroupBy {
		q.GroupBy = append(q.GroupBy, strings.TrimSpace(name))
	}
	if err := c.narrow(&q); err != nil {
		return nil, err
	}
	r, err := report.New(q)
	if err != nil {
		return nil, unanswered(err)
	}
	ctx, stop := c.untilDrained()
	defer stop()
	leave, err := c.api.reports.enter(ctx, c.site, c.key.ID)
	if err != nil {
		return nil, err
	}
	defer leave()
	return nil, c.writeReport(ctx, r, c.format(query.Format))
}

// untilDrained is the request's context, which ends as soon as the process is told to stop: a report can be asked for again, and
// the floor does not wait for it. Whoever writes to a slow reader then is interrupted.
func (c *call) untilDrained() (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(c.Request().Context())
	control, over := http.NewResponseController(c.Response()), make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		tick := time.NewTicker(c.api.tick / 4)
		defer tick.Stop()
		for {
			select {
			case <-over:
				return
			case <-tick.C:
			}
			if c.api.cfg.Desk.Draining() {
				cancel(repo.ErrDraining)
				_ = control.SetWriteDeadline(time.Unix(1, 0))
			}
		}
	})
	return ctx, func() {
		close(over)
		watch.Wait()
		cancel(nil)
		if !c.Response().Committed { // there is still a problem to be written
			_ = control.SetWriteDeadline(time.Now().Add(c.api.readWithin)) //nolint:forbidigo // as below
		}
	}
}

// narrow leaves of a query what the caller's role may see. Front desk and shift leader see today: other days are refused, lest
// somebody takes an empty table for an answer.
func (c *call) narrow(q *report.Query) error {
	switch c.key.Role {
	case workflow.RoleFrontDesk, workflow.RoleShiftLeader:
		return c.view(nil, func(b *workflow.Board) error {
			today := workflow.Date(b.Local(c.now()).Format(time.DateOnly))
			for _, day := range []workflow.Date{q.From, q.To} {
				if day != "" && day != today {
					return forbidden("role/today_only", c.key.Role)
				}
			}
			q.From, q.To = today, today
			return nil
		})
	case workflow.RoleConsultant:
		if c.key.Staff == "" { // keys like this are not made
			return forbidden("role/no_consultant", c.key.Role)
		}
		q.Own = &c.key.Staff
	default:
	}
	return nil
}

// unanswered turns a query that cannot be answered into a problem; what else went wrong is the store's.
func unanswered(err error) error {
	var e *report.Error
	if !errors.As(err, &e) {
		return reading(err)
	}
	p := bad(e.Key)
	p.args = e.Args
	switch p.Code {
	case "not_found":
		p.Status = http.StatusNotFound
	case "role":
		p.Status = http.StatusForbidden
	}
	return p
}

// format is what the caller wants: the parameter format, or the first of Accept that there is, or JSON.
func (c *call) format(chosen report.Format) report.Format {
	if chosen != "" {
		return chosen
	}
	for _, want := range strings.Split(c.Request().Header.Get("Accept"), ",") {
		want, _, _ = strings.Cut(strings.TrimSpace(want), ";")
		for f, is := range report.Formats {
			if is, _, _ := strings.Cut(is, ";"); is == want {
				return f
			}
		}
	}
	return report.JSON
}

// writeReport writes a report. What fails before the first rows are out becomes a problem; after that the connection is torn, so
// that nobody takes a part for the whole.
func (c *call) writeReport(ctx context.Context, r *report.Report, f report.Format) error {
	control := http.NewResponseController(c.Response())
	_ = control.SetWriteDeadline(time.Now().Add(reportWithin)) //nolint:forbidigo // a report outlives the server's write timeout
	h := c.Response().Header()
	h.Set("Content-Type", report.Formats[f])
	h.Set("Vary", "Accept")
	if f == report.CSV {
		h.Set("Content-Disposition", `attachment; filename="`+r.Report+`.csv"`)
	}
	c.linger(0)
	w := bufio.NewWriterSize(c.parts(ctx, control), 64<<10)
	err := r.Write(ctx, c.api.cfg.Store, w, f)
	if err == nil {
		err = w.Flush()
	}
	switch {
	case err == nil:
		c.linger(-1)
		return nil
	case !c.Response().Committed:
		c.linger(-1)
		h.Del("Content-Disposition")
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return unanswered(err)
	case !errors.Is(ctx.Err(), context.Canceled): // neither the client nor the process went away
		c.api.cfg.Log.Warn("report cut short", "report", r.Report, "site", c.site, "err", err)
	}
	tear(control)
	return nil
}

// parts writes the parts of a report. A reader has some time for each of them, and not for ever for the whole: meanwhile others
// wait.
func (c *call) parts(ctx context.Context, control *http.ResponseController) writer {
	return func(part []byte) (int, error) {
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		_ = control.SetWriteDeadline(time.Now().Add(c.api.readWithin)) //nolint:forbidigo // as above
		return c.Response().Write(part)
	}
}

// writer makes a function an io.Writer.
type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

// linger says how the connection ends when it is closed: 0, by a reset, whoever closes it; -1, in order. In HTTP/1.0 an answer
// that is ended in order looks whole.
func (c *call) linger(seconds int) {
	if conn, ok := c.Request().Context().Value(connection{}).(*net.TCPConn); ok {
		_ = conn.SetLinger(seconds)
	}
}

// tear ends a connection in the middle of an answer.
func tear(control *http.ResponseController) {
	conn, _, err := control.Hijack()
	if err != nil {
		_ = control.SetWriteDeadline(time.Unix(1, 0)) // the end of the answer cannot be written any more
		return
	}
	_ = conn.Close()
}
