package analytics

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// office is what the journal says of a year, worked out here once more from times and deals:
// nothing of what a visit says about itself beyond what was recorded (workflow.Reading,
// workflow.Outcome) is looked at.
type office struct {
	visits   []*visit
	tables   []*workflow.Rota // of the days
	tickets  []*workflow.Ticket
	projects []*workflow.Project
}

// visit is a visit and what follows from its times and from its customer's deals.
type visit struct {
	*workflow.Visit
	week    string // its Monday
	weekday int64  // 1 = Monday
	hour    int64
	// waited is the seconds until received, or until gone; nobody knows it of those who were found
	// gone the next morning.
	waited int64

	entry bool  // the customer's first registered visit
	first steps // of the customer since then
	last  steps // of the customer, with this visit as the last one before each
}

// steps are what the deals of a customer come to, by status.
type steps map[workflow.CustomerStatus]*step

type step struct {
	count, amount int64
	days          int64 // from the visit to the first of them
}

// readJournal folds the pages of the office into the newest image of each record.
func readJournal(ctx context.Context, journal repo.Journal) (*office, error) {
	newest := map[workflow.Ref]workflow.Image{}
	for next := int64(1); ; {
		pages, err := journal.Since(ctx, site, next, 100)
		if err != nil {
			return nil, err
		}
		if len(pages) == 0 {
			break
		}
		for _, p := range pages {
			commits, err := p.Commits()
			if err != nil {
				return nil, err
			}
			for _, c := range commits {
				for _, i := range c.Images {
					newest[i.Ref] = i
				}
			}
			next = p.Last + 1
		}
	}
	o := &office{}
	var customers []*workflow.Customer
	byID := map[workflow.VisitID]*visit{}
	for ref, image := range newest {
		r, err := workflow.Decode(image)
		if err != nil {
			return nil, fmt.Errorf("%v: %w", ref, err)
		}
		switch r := r.(type) {
		case *workflow.Customer:
			customers = append(customers, r)
		case *workflow.Rota:
			if r.ID != string(site)+"/live" {
				o.tables = append(o.tables, r)
			}
		case *workflow.Ticket:
			o.tickets = append(o.tickets, r)
		case *workflow.Project:
			o.projects = append(o.projects, r)
		case *workflow.Visit:
			v, err := read(r)
			if err != nil {
				return nil, err
			}
			byID[workflow.VisitID(r.ID)] = v
		}
	}
	for _, k := range customers {
		tell(k, byID)
	}
	o.visits = slices.SortedFunc(maps.Values(byID),
		func(a, b *visit) int { return cmp.Compare(a.ID, b.ID) })
	return o, nil
}

var shanghai = time.FixedZone("Asia/Shanghai", 8*60*60) // no other time since 1991

// read works out what a visit's own times say.
func read(r *workflow.Visit) (*visit, error) {
	day, err := time.Parse(time.DateOnly, string(r.BusinessDay))
	if err != nil {
		return nil, err
	}
	v := &visit{
		Visit: r, first: steps{}, last: steps{},
		hour: int64(r.ArrivedAt.In(shanghai).Hour()),
	}
	v.weekday = int64(day.Weekday()+6)%7 + 1
	v.week = day.AddDate(0, 0, 1-int(v.weekday)).Format(time.DateOnly)
	until := r.AssignedAt
	if until.IsZero() {
		until = r.EndedAt
	}
	v.waited = int64(until.Sub(r.ArrivedAt) / time.Second)
	return v, nil
}

// tell writes a customer's deals into the visits: all that followed a visit into the first
// registered one, each into the one before it.
func tell(k *workflow.Customer, visits map[workflow.VisitID]*visit) {
	entry := visits[k.FirstVisit]
	if entry != nil && entry.State == workflow.Registered {
		entry.entry = true
	}
	for _, d := range k.Deals {
		if d.Visit == "" {
			continue
		}
		if entry != nil && entry.entry {
			entry.first.add(entry, d)
		}
		if v := visits[d.Visit]; v != nil && v.State == workflow.Registered {
			v.last.add(v, d)
		}
	}
}

func (s steps) add(v *visit, d workflow.Deal) {
	if s[d.Status] == nil {
		from, _ := time.Parse(time.DateOnly, string(v.BusinessDay))
		to, _ := time.Parse(time.DateOnly, d.At.In(shanghai).Format(time.DateOnly))
		s[d.Status] = &step{days: max(0, int64(to.Sub(from).Hours()/24))}
	}
	s[d.Status].count++
	s[d.Status].amount += d.Amount
}

// count and amount are 0 for a step that was not taken.
func (s steps) count(of workflow.CustomerStatus) int64 {
	if s[of] == nil {
		return 0
	}
	return s[of].count
}

func (s steps) amount(of workflow.CustomerStatus) int64 {
	if s[of] == nil {
		return 0
	}
	return s[of].amount
}

// within reports whether a step was taken so many days after the visit at most.
func (s steps) within(days int64, of workflow.CustomerStatus) bool {
	return s[of] != nil && s[of].days <= days
}
