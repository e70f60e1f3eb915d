package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/lunpai/lunpai/explain"
	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/report"
	"github.com/lunpai/lunpai/workflow"
)

// exportCmd writes a report to a file or to stdout.
type exportCmd struct {
	Report  string        `arg:"" optional:"" help:"The report; without one, all are listed."`
	Store   string        `help:"The store: sqlite:PATH or mongodb://…" default:"${store}" env:"LUNPAI_STORE"`
	Site    string        `help:"The site; needed when the store holds several."`
	From    string        `help:"First business day, such as 2024-03-01; default: the first one stored." placeholder:"DAY"`
	To      string        `help:"Last business day; default: the last one stored." placeholder:"DAY"`
	GroupBy []string      `help:"Up to three dimensions instead of the report's own, such as month,channel." placeholder:"NAME,…"`
	Format  report.Format `help:"csv, ndjson or json." enum:"csv,ndjson,json" default:"csv"`
	Output  string        `short:"o" help:"The file to write; it must not exist. Default: standard output." type:"path" placeholder:"FILE"`
	Lang    string        `help:"zh or en, for the list of reports; default from the environment." enum:"zh,en,auto" default:"auto"`
}

// Help is printed below the flags.
func (exportCmd) Help() string {
	return `The figures are those of GET /v1/sites/{site}/reports/{report}: both compute them the
same way. A SQLite store may be served at the same time; a MongoDB store is opened as the service
opens it, with the service's user. docs/analytics.md says what each column holds. No report
contains personal data.

Examples:
  lunpai export                                    list the reports, their columns and dimensions
  lunpai export funnel_by_channel --from 2024-01-01 --to 2024-12-31
  lunpai export conversion_daily --group-by month,policy --format ndjson
  lunpai export visits -o visits.csv               every visit, one row each, for a spreadsheet`
}

// Run computes and writes, or lists.
func (c *exportCmd) Run(ctx context.Context, w *World) (err error) {
	if c.Report == "" {
		return c.list(w)
	}
	q := report.Query{
		Report: c.Report, Site: workflow.SiteID(c.Site),
		From: workflow.Date(c.From), To: workflow.Date(c.To), GroupBy: c.GroupBy,
	}
	if _, err := report.New(q); err != nil { // before a store is opened
		return err
	}
	s, err := openForReading(ctx, c.Store, w.warnings())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if q.Site, err = oneSite(ctx, s, q.Site); err != nil {
		return err
	}
	r, err := report.New(q)
	if err != nil {
		return err
	}
	counted := &counting{Documents: s, progress: w.patientProgress()}
	if c.Output == "" {
		counted.out = io.Discard // the rows may go to the same terminal
	}
	defer counted.clear()
	return c.to(w.Stdout, func(out io.Writer) error { return r.Write(ctx, counted, out, c.Format) })
}

// to calls write with the file that was named, or with stdout. A file that could not be written
// to its end is removed.
func (c *exportCmd) to(stdout io.Writer, write func(io.Writer) error) error {
	if c.Output == "" {
		out := bufio.NewWriter(stdout)
		return errors.Join(write(out), out.Flush())
	}
	f, err := os.OpenFile(c.Output, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(f)
	if err := errors.Join(write(out), out.Flush(), f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(c.Output))
	}
	return nil
}

// list prints what can be exported.
func (c *exportCmd) list(w *World) error {
	lang := language(c.Lang, w)
	by, or, columns := "by", "or by", "columns"
	if lang == explain.Zh {
		by, or, columns = "分组", "或按", "列"
	}
	for _, r := range report.List(lang) {
		fmt.Fprintf(w.Stdout, "%s: %s\n", r.Name, r.Title)
		if len(r.GroupBy) > 0 {
			fmt.Fprintf(w.Stdout, "  %s %s (%s %s)\n",
				by, strings.Join(r.GroupBy, ", "), or, strings.Join(names(r.Dimensions), ", "))
		}
		fmt.Fprintf(w.Stdout, "  %s %s\n", columns, strings.Join(names(r.Columns), ", "))
	}
	return nil
}

func names(of []report.About) []string {
	out := make([]string, len(of))
	for i, a := range of {
		out[i] = a.Name
	}
	return out
}

// counting shows how many documents were read while a long report is computed.
type counting struct {
	repo.Documents
	progress
	read int
}

// Scan implements repo.Documents.
func (c *counting) Scan(ctx context.Context, of repo.Span, f func(repo.Document) error) error {
	return c.Documents.Scan(ctx, of, func(d repo.Document) error {
		if c.read++; c.read%1000 == 0 {
			c.show("%d documents read", c.read)
		}
		return f(d)
	})
}
