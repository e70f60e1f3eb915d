package report

import (
	"context"
	"fmt"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// scan passes on every record of a collection.
func scan[R workflow.Record](ctx context.Context, docs repo.Documents, q Query,
	c workflow.Collection, put func(R) error,
) error {
	return docs.Scan(ctx, repo.Span{Collection: c, Site: q.Site}, func(doc repo.Document) error {
		r, err := decode[R](doc)
		if err != nil {
			return err
		}
		return put(r)
	})
}

// ofTickets passes on the tickets that were opened on the query's days.
func ofTickets(ctx context.Context, docs repo.Documents, q Query, put func(*entry) error) error {
	return scan(ctx, docs, q, workflow.Tickets, func(t *workflow.Ticket) error {
		return put(&entry{day: t.BusinessDay, ticket: t, staff: t.FirstResponder})
	})
}

// ofSlips passes on those that were solved first.
func ofSlips(ctx context.Context, docs repo.Documents, q Query, put func(*entry) error) error {
	return ofTickets(ctx, docs, q, func(e *entry) error {
		if e.ticket.Slip == workflow.SlipNone {
			return nil
		}
		return put(e)
	})
}

// ofResponders passes on tickets, and the notes about those who shirked.
func ofResponders(ctx context.Context, docs repo.Documents, q Query,
	put func(*entry) error,
) error {
	if err := ofTickets(ctx, docs, q, put); err != nil {
		return err
	}
	zone, err := zoneOf(ctx, docs, q)
	if err != nil {
		return err
	}
	return scan(ctx, docs, q, workflow.Conduct, func(n *workflow.ConductNote) error {
		if n.Rule != "P3-2.7a" {
			return nil
		}
		day := workflow.Date(n.At.In(zone).Format(time.DateOnly))
		return put(&entry{day: day, staff: n.Who})
	})
}

func zoneOf(ctx context.Context, docs repo.Documents, q Query) (*time.Location, error) {
	found, err := docs.Read(ctx, q.Site, 0, []workflow.Ref{workflow.SiteRef(q.Site)})
	if err != nil || len(found) == 0 {
		return time.UTC, err
	}
	s, err := decode[*workflow.Site](found[0])
	if err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(s.Zone)
	if err != nil {
		return nil, fmt.Errorf("%w: site %s: %w", repo.ErrCorrupt, q.Site, err)
	}
	return zone, nil
}

// ofFaults passes on the major faults that were reported on the query's days.
func ofFaults(ctx context.Context, docs repo.Documents, q Query, put func(*entry) error) error {
	return scan(ctx, docs, q, workflow.MajorFaults, func(x *workflow.MajorFault) error {
		return put(&entry{day: x.BusinessDay, fault: x, staff: x.ReportedBy})
	})
}

// ofCalls passes on the calls to the customers of projects that were due.
func ofCalls(ctx context.Context, docs repo.Documents, q Query, put func(*entry) error) error {
	return scan(ctx, docs, q, workflow.Projects, func(p *workflow.Project) error {
		due := func(day workflow.Date, by workflow.StaffID, o outcome) error {
			return put(&entry{day: day, staff: by, outcome: o, firstYear: p.FirstYear(day)})
		}
		for _, c := range p.Calls {
			o := wasInTime
			if c.Late {
				o = wasLate
			}
			if c.Due == "" {
				continue
			}
			if err := due(c.Due, c.By, o); err != nil {
				return err
			}
		}
		for _, day := range p.Missed {
			if err := due(day, "", wasMissed); err != nil {
				return err
			}
		}
		if p.NextDue != "" && p.NextDue == p.RemindedOf {
			return due(p.NextDue, "", isOpen)
		}
		return nil
	})
}

// ofDiscipline passes on the sheets of weeks, the supervision reports, the watches and the round at
// the end of the year.
func ofDiscipline(ctx context.Context, docs repo.Documents, q Query,
	put func(*entry) error,
) error {
	err := scan(ctx, docs, q, workflow.ServiceReports, func(r *workflow.ServiceReport) error {
		task, day := "weekly", r.Week
		if r.Kind == workflow.ReportSupervision {
			task, day = "supervision", workflow.Date(r.Month+"-01")
		}
		all := []*entry{}
		add := func(who workflow.StaffID, o outcome) {
			all = append(all, &entry{day: day, staff: who, task: task, outcome: o})
		}
		for _, e := range r.Entries {
			if e.Late {
				add(e.Staff, wasLate)
			} else {
				add(e.Staff, wasInTime)
			}
		}
		for _, who := range r.Missing {
			add(who, wasMissed)
		}
		for _, who := range r.Excused {
			add(who, wasExcused)
		}
		if task == "supervision" && len(r.Entries) == 0 {
			add("", wasMissed)
		}
		return each(all, put)
	})
	if err != nil {
		return err
	}
	err = scan(ctx, docs, q, workflow.Watches, func(w *workflow.Watch) error {
		e := &entry{day: w.Date, task: "watch", outcome: wasInTime}
		switch {
		case len(w.Staff) == 0, len(w.Log) == 0 && !w.JudgedAt.IsZero():
			e.outcome = wasMissed
		case len(w.Log) == 0: // the day is still to come
			return nil
		case !w.JudgedAt.IsZero():
			e.outcome = wasLate
		}
		return put(e)
	})
	if err != nil {
		return err
	}
	return scan(ctx, docs, q, workflow.Customers, func(k *workflow.Customer) error {
		needs := k.PastNeeds
		if k.Need != nil {
			needs = append(needs[:len(needs):len(needs)], *k.Need)
		}
		for _, n := range needs {
			if err := ofNeed(n, put); err != nil {
				return err
			}
		}
		return nil
	})
}

// ofNeed passes on what was done for a customer at the end of a year; it belongs to the last day of
// the year.
func ofNeed(n workflow.Need, put func(*entry) error) error {
	day := workflow.Date(fmt.Sprintf("%04d-12-31", n.Year))
	var all []*entry
	for _, x := range []struct {
		task string
		at   time.Time
	}{{"gift", n.GiftAt}, {"needs", n.NeedsAt}} {
		switch {
		case !x.at.IsZero():
			all = append(all, &entry{day: day, task: x.task, outcome: wasInTime})
		case !n.SkippedAt.IsZero():
			all = append(all, &entry{day: day, task: x.task, outcome: wasExcused})
		}
	}
	return each(all, put)
}

func each(all []*entry, put func(*entry) error) error {
	for _, e := range all {
		if err := put(e); err != nil {
			return err
		}
	}
	return nil
}
