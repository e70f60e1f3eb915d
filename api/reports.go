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
	// reportWithin is the time limit of a report, from the request to the last row.
	reportWithin = 5 * time.Minute
	// reportsAtOnce is how many reports of a site are written at once; each key gets one at a time.
	// The floor comes first, and a slow reader does not block others for long. Those who wait
	// longer than reportPatience are told to try again.
	reportsAtOnce  = 2
	reportPatience = 10 * time.Second
	// readWithin is how long a client may take to read one part of a report.
	readWithin = 30 * time.Second
)

// ReportList are the reports.
type ReportList struct {
	// Reports are those that the caller may ask for.
	Reports []report.Info `json:"reports"`
	// Schema is the version of the figures. It changes if a figure changes its meaning.
	Schema int `json:"schema"`
}

// listReports lists the reports the caller may ask for and describes their columns.
func listReports(c *call, _ *none) (*ReportList, error) {
	list := slices.DeleteFunc(report.List(lang(c)), func(r report.Info) bool {
		if c.key.Role == workflow.RoleEmployee && !report.OfDesk(r.Name) {
			return true
		}
		if !c.own() || report.OfDesk(r.Name) && c.countsDesk() {
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
	// Site is the site the figures are about.
	Site workflow.SiteID `json:"site"`
	// From is the first business day.
	From workflow.Date `json:"from"`
	// To is the last business day.
	To workflow.Date `json:"to"`
	// GroupBy are the dimensions that were chosen.
	GroupBy []string `json:"group_by"`
	// Columns describe the fields of the rows, in order.
	Columns []report.Column `json:"columns"`
	// Seq is the number of the last commit in the figures.
	Seq int64 `json:"seq"`
	// Schema is the version of the figures.
	Schema int `json:"schema"`
	// Rows are the figures, with the fields that columns names; null if there is no value.
	Rows []map[string]any `json:"rows"`
}

// ReportQuery is the query of a report.
type ReportQuery struct {
	// From is the first business day.
	From workflow.Date `query:"from"`
	// To is the last business day.
	To workflow.Date `query:"to"`
	// GroupBy are up to three dimensions, such as month,channel. GET reports lists them. Absent:
	// the report's own.
	GroupBy []string `query:"group_by"`
	// Format is the format: json, csv or ndjson. It takes precedence over the header Accept.
	// Absent: the one in Accept, or json.
	Format report.Format `query:"format"`
}

// getReport computes a report and writes rows as they are ready. Front desk and shift leader see
// today's figures, a consultant their own. Employees see the reports of the service desk: business,
// customer service and those who lead the whole, others what is their own.
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

// untilDrained is the request's context, which also ends when the process is told to stop: a report
// can be requested again, and the floor does not wait for it. A write to a slow reader is
// interrupted.
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
			if c.api.cfg.Engine.Draining() {
				cancel(repo.ErrDraining)
				_ = control.SetWriteDeadline(time.Unix(1, 0))
			}
		}
	})
	return ctx, func() {
		close(over)
		watch.Wait()
		cancel(nil)
		if !c.Response().Committed { // a problem document is still to be written
			_ = control.SetWriteDeadline(in(c.api.readWithin))
		}
	}
}

// narrow restricts a query to what the caller's role may see. Front desk and shift leader see today
// only; other days are refused, so that nobody mistakes an empty table for an answer.
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
	case workflow.RoleConsultant, workflow.RoleEmployee:
		desk := report.OfDesk(q.Report)
		if c.key.Role == workflow.RoleEmployee && !desk {
			return forbidden("role", c.key.Role)
		}
		if desk && c.countsDesk() {
			return nil
		}
		if c.key.Staff == "" { // such keys are never made
			return forbidden("role/no_consultant", c.key.Role)
		}
		q.Own = &c.key.Staff
	default:
	}
	return nil
}

// countsDesk reports whether the caller sees the figures of the whole service desk: business, which
// writes the supervision report, customer service and those who lead do.
func (c *call) countsDesk() (may bool) {
	_ = c.view(nil, func(b *workflow.Board) error {
		may = b.CountsDesk(c.key.Actor(), c.now())
		return nil
	})
	return may
}

// unanswered turns a refused query into a problem; any other error is the store's.
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

// format is the format the caller wants: the parameter, the first known one in Accept, or JSON.
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

// writeReport writes a report. An error before the first rows becomes a problem document. After
// that the connection is broken off, so that nobody takes a part for the whole.
func (c *call) writeReport(ctx context.Context, r *report.Report, f report.Format) error {
	control := http.NewResponseController(c.Response())
	_ = control.SetWriteDeadline(in(reportWithin))
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
	case !errors.Is(ctx.Err(), context.Canceled): // nobody is going away
		c.api.cfg.Log.Warn("report cut short", "report", r.Report, "site", c.site, "err", err)
	}
	tear(control)
	return nil
}

// parts writes the parts of a report. The reader has a limited time for each part, because others
// are waiting.
func (c *call) parts(ctx context.Context, control *http.ResponseController) writer {
	return func(part []byte) (int, error) {
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		_ = control.SetWriteDeadline(in(c.api.readWithin))
		return c.Response().Write(part)
	}
}

// writer is a function as an io.Writer.
type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

// linger sets how the connection ends: 0, by a reset; -1, normally. In HTTP/1.0 an answer that ends
// normally looks complete.
func (c *call) linger(seconds int) {
	if conn, ok := c.Request().Context().Value(connection{}).(*net.TCPConn); ok {
		_ = conn.SetLinger(seconds)
	}
}

// tear breaks off a connection in the middle of an answer.
func tear(control *http.ResponseController) {
	conn, _, err := control.Hijack()
	if err != nil {
		// the end of the answer can no longer be written
		_ = control.SetWriteDeadline(time.Unix(1, 0))
		return
	}
	_ = conn.Close()
}
