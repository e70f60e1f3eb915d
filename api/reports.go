package api

import (
	"bufio"
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/lunpai/lunpai/explain"
	"github.com/lunpai/lunpai/report"
	"github.com/lunpai/lunpai/workflow"
)

const (
	// reportWithin bounds one report, from the question to its last row.
	reportWithin = 5 * time.Minute
	// reportsAtOnce is how many reports are computed at once: the floor comes first. Others wait up to reportPatience.
	reportsAtOnce  = 2
	reportPatience = 10 * time.Second
)

// listReports tells which reports the caller may ask for and what their rows hold.
func listReports(c *call) error {
	list := slices.DeleteFunc(report.List(lang(c) == explain.Zh), func(r report.Info) bool {
		if !c.own() {
			return false
		}
		_, err := report.New(report.Query{Report: r.Name, Own: c.key.Staff})
		return err != nil // about the whole floor
	})
	return c.JSON(http.StatusOK, map[string]any{"reports": list, "schema": workflow.Schema})
}

// getReport computes a report and writes it as its rows are ready. Front desk and shift leader see today's, a consultant his own.
func getReport(c *call) error {
	q := report.Query{Report: c.Param("report"), Site: c.site, From: workflow.Date(c.QueryParam("from")), To: workflow.Date(c.QueryParam("to"))}
	if names := c.QueryParam("group_by"); names != "" {
		for name := range strings.SplitSeq(names, ",") {
			q.GroupBy = append(q.GroupBy, strings.TrimSpace(name))
		}
	}
	if err := c.narrow(&q); err != nil {
		return err
	}
	r, err := report.New(q)
	if err != nil {
		return asked(err)
	}
	format, err := c.format()
	if err != nil {
		return err
	}
	leave, err := c.takeTurn()
	if err != nil {
		return err
	}
	defer leave()
	return c.writeReport(r, format)
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
					return problem(http.StatusForbidden, "role", "a key of role "+string(c.key.Role)+" sees the figures of today only", "leave out from and to, or ask the supervisor")
				}
			}
			q.From, q.To = today, today
			return nil
		})
	case workflow.RoleConsultant:
		q.Own = c.key.Staff
	default:
	}
	return nil
}

// asked turns a query that cannot be answered into a problem; what else went wrong is the store's.
func asked(err error) error {
	var e *report.Error
	switch {
	case !errors.As(err, &e):
		return reading(err)
	case e.Code == "unknown_report":
		return problem(http.StatusNotFound, "not_found", e.Detail, e.Fix)
	case e.Code == "whole_floor":
		return problem(http.StatusForbidden, "role", e.Detail, e.Fix)
	}
	return badRequest(e.Code, e.Detail, e.Fix)
}

// format is what the caller wants: the parameter format, or the first of Accept that there is, or JSON.
func (c *call) format() (report.Format, error) {
	if f := report.Format(c.QueryParam("format")); f != "" {
		if report.Formats[f] == "" {
			return "", badRequest("bad_format", "there is no format of that name", "choose json, csv or ndjson")
		}
		return f, nil
	}
	for _, want := range strings.Split(c.Request().Header.Get("Accept"), ",") {
		want, _, _ = strings.Cut(strings.TrimSpace(want), ";")
		for f, is := range report.Formats {
			if is, _, _ := strings.Cut(is, ";"); is == want {
				return f, nil
			}
		}
	}
	return report.JSON, nil
}

// takeTurn waits until a report may be computed.
func (c *call) takeTurn() (leave func(), err error) {
	patience := time.NewTimer(reportPatience)
	defer patience.Stop()
	select {
	case c.api.reports <- struct{}{}:
		return func() { <-c.api.reports }, nil
	case <-c.Request().Context().Done():
		return nil, c.Request().Context().Err()
	case <-patience.C:
		p := busyHere("busy", "other reports are being computed", "send it again in a moment", "not_written", 10)
		return nil, &p
	}
}

// writeReport writes a report. What fails before the first rows are out becomes a problem; after that the connection is torn, so
// that nobody takes a part for the whole.
func (c *call) writeReport(r *report.Report, f report.Format) error {
	control := http.NewResponseController(c.Response())
	_ = control.SetWriteDeadline(time.Now().Add(reportWithin)) //nolint:forbidigo // a report outlives the server's write timeout
	h := c.Response().Header()
	h.Set("Content-Type", report.Formats[f])
	h.Set("Vary", "Accept")
	if f == report.CSV {
		h.Set("Content-Disposition", `attachment; filename="`+r.Report+`.csv"`)
	}
	w := bufio.NewWriterSize(&patient{c.Response(), control}, 64<<10)
	err := r.Write(c.Request().Context(), c.api.cfg.Store, w, f)
	if err == nil {
		err = w.Flush()
	}
	switch {
	case err == nil:
		return nil
	case !c.Response().Committed:
		h.Del("Content-Disposition")
		return asked(err)
	case c.Request().Context().Err() == nil:
		c.api.cfg.Log.Warn("report cut short", "report", r.Report, "site", c.site, "err", err)
	}
	tear(control)
	return nil
}

// patient gives a reader some time for every part of a report, and not for ever for the whole: meanwhile others wait.
type patient struct {
	http.ResponseWriter
	control *http.ResponseController
}

const readWithin = 30 * time.Second

func (p *patient) Write(part []byte) (int, error) {
	_ = p.control.SetWriteDeadline(time.Now().Add(readWithin)) //nolint:forbidigo // as above
	return p.ResponseWriter.Write(part)
}

// tear resets a connection: in HTTP/1.0 an answer that is merely ended looks whole.
func tear(control *http.ResponseController) {
	conn, _, err := control.Hijack()
	if err != nil {
		_ = control.SetWriteDeadline(time.Unix(1, 0)) // the end of the answer cannot be written any more
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
