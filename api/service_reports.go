package api

import (
	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// ServiceReportsQuery is the query of the list of sheets and supervision reports.
type ServiceReportsQuery struct {
	// Kind selects the sheets of weeks or the supervision reports of months.
	Kind []workflow.ServiceReportKind `query:"kind" compares:"kind"`
	// Week asks for the sheet of the week of this day alone, also where nobody has written.
	Week workflow.Date `query:"week"`
	// Month asks for the supervision report of this month alone, such as 2024-03, also where nobody
	// has written it.
	Month workflow.Month `query:"month"`
	Paging
}

// AuditedReport is a sheet or a supervision report, and how it stands now.
type AuditedReport struct {
	workflow.Audit
	// Report is what was written. Absent where nobody has written anything.
	Report *workflow.ServiceReport `json:"report,omitempty"`
}

// ServiceReportList is a page of sheets and supervision reports.
type ServiceReportList struct {
	Page
	// Reports are those on this page that the caller may see.
	Reports []AuditedReport `json:"reports"`
}

// listServiceReports lists sheets of weeks and supervision reports of months, the latest first,
// with who was expected and who is missing; or shows those of one week or month. Members of staff
// see what they have written; the head of technical service sees all sheets, business and the
// general manager the supervision reports.
func listServiceReports(c *call, q *ServiceReportsQuery) (*ServiceReportList, error) {
	if q.Week != "" || q.Month != "" {
		return c.oneReport(q)
	}
	query, err := c.asks(workflow.ServiceReports, q.Paging, true)
	if err != nil {
		return nil, err
	}
	l, err := c.api.cfg.Store.List(c.Request().Context(), query)
	if err != nil {
		return nil, reading(err)
	}
	a := &ServiceReportList{Page{Seq: l.Mark}, []AuditedReport{}}
	if l.Next != (repo.Place{}) {
		a.NextCursor = cursorOf(l.Next)
	}
	c.looked(len(l.Docs))
	docs, err := c.seen(l.Docs)
	if err != nil {
		return nil, err
	}
	return a, c.view(nil, func(b *workflow.Board) error {
		for _, d := range docs {
			r, err := d.Record()
			if err != nil {
				return reading(err)
			}
			if r, ok := r.(*workflow.ServiceReport); ok {
				a.Reports = append(a.Reports, c.audited(b, r, r.Week, r.Month))
			}
		}
		return nil
	})
}

// audited is a report and how it stands.
func (c *call) audited(b *workflow.Board, r *workflow.ServiceReport, week workflow.Date,
	month workflow.Month,
) AuditedReport {
	if week != "" {
		return AuditedReport{b.AuditSheet(r, week, c.now()), r}
	}
	return AuditedReport{b.AuditSupervision(r, month, c.now()), r}
}

// oneReport shows the sheet of a week, or the report of a month.
func (c *call) oneReport(q *ServiceReportsQuery) (*ServiceReportList, error) {
	switch {
	case q.Week != "" && q.Month != "", q.Cursor != "", q.Order != "", len(q.Kind) > 0:
		return nil, bad("one_period")
	case q.Month != "" && !q.Month.Valid():
		return nil, bad("bad_date/month", "name", "month")
	}
	week := q.Week
	ref := workflow.SupervisionRef(c.site, q.Month)
	if week != "" {
		week = week.Week()
		ref = workflow.SheetRef(c.site, week)
	}
	a := &ServiceReportList{Reports: []AuditedReport{}}
	return a, c.view([]workflow.Ref{ref}, func(b *workflow.Board) error {
		a.Seq = b.Seq
		found, _ := b.Record(ref)
		r, _ := found.(*workflow.ServiceReport)
		of := r
		if of == nil {
			of = &workflow.ServiceReport{Kind: workflow.ReportWeekly, Week: week, Month: q.Month}
			if week == "" {
				of.Kind = workflow.ReportSupervision
			}
		}
		if !c.own() || b.SeesDesk(c.key.Actor(), of, c.now()) {
			a.Reports = append(a.Reports, c.audited(b, r, week, q.Month))
		}
		return nil
	})
}

// NeedTask is what is still to be done for a customer at the end of the year.
type NeedTask struct {
	// Customer is the customer's id.
	Customer string `json:"customer"`
	// Tasks are what is left: gift, needs or both.
	Tasks []workflow.NeedMark `json:"tasks"`
}

// NeedList is a page of the round of gifts and needs.
type NeedList struct {
	// Needs are the customers of this page for whom something is left.
	Needs []NeedTask `json:"needs"`
	Page
	// Year is the year of the round. Absent outside its month.
	Year int `json:"year,omitempty"`
}

// listNeeds lists the customers to whom customer service still owes a gift or a talk about their
// plans, in the month of the round. A page can be short, or empty, although there is more.
func listNeeds(c *call, query *Paging) (*NeedList, error) {
	a := &NeedList{Needs: []NeedTask{}}
	var statuses []workflow.CustomerStatus
	if err := c.view(nil, func(b *workflow.Board) error {
		if f := b.ActsFor(c.key.Actor(), c.now(), "P3-3", workflow.CustomerService); c.own() &&
			f != nil {
			return f
		}
		a.Seq = b.Seq
		if s := b.ServiceDesk(); s != nil {
			a.Year, statuses = s.NeedsOf(c.today(b))
		}
		return nil
	}); err != nil {
		return nil, c.refused(err)
	}
	q, err := c.asks(workflow.Customers, *query, true)
	if err != nil || len(statuses) == 0 {
		return a, err
	}
	for _, s := range statuses {
		q.In["status"] = append(q.In["status"], string(s))
	}
	l, err := c.api.cfg.Store.List(c.Request().Context(), q)
	if err != nil {
		return nil, reading(err)
	}
	if a.Seq = l.Mark; l.Next != (repo.Place{}) {
		a.NextCursor = cursorOf(l.Next)
	}
	c.looked(len(l.Docs))
	return a, c.view(nil, func(b *workflow.Board) error {
		for _, d := range l.Docs {
			r, err := d.Record()
			if err != nil {
				return reading(err)
			}
			k, ok := r.(*workflow.Customer)
			if !ok || b.ServiceDesk() == nil {
				continue
			}
			if tasks := b.ServiceDesk().NeedTasks(k, c.today(b)); len(tasks) > 0 {
				a.Needs = append(a.Needs, NeedTask{k.ID, tasks})
			}
		}
		return nil
	})
}
