package repo

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lunpai/lunpai/workflow"
)

// Query selects documents of one collection and site: those that pass every condition. Visits come
// in order of the business day and then of the id, everything else in order of the id; ids grow
// with time.
type Query struct {
	Collection workflow.Collection
	Site       workflow.SiteID
	// In names fields of Filters; a document passes when the field holds one of the values, or,
	// where it is a list, has one in it.
	In map[string][]string
	// Of: visits that are this one's own (workflow.Visit.Of).
	Of workflow.StaffID
	// Open, when not nil: only what is open, or only what is not.
	Open *bool
	// From and To: visits with From ≤ business_day ≤ To where given.
	From, To workflow.Date
	// After is the place to continue after; zero: from the beginning.
	After      Place
	Descending bool
	Limit      int // at least 1
}

// Place is where a document stands in a list.
type Place struct {
	Day workflow.Date // of visits
	ID  string
}

// Listing is the answer to a query.
type Listing struct {
	Docs []Document
	// Mark is a commit up to which the answer is complete.
	Mark int64
	// Next is the place to continue after; zero at the end. A query with several conditions may get
	// few documents or none, and still a Next: the store has then read ListBudget documents.
	Next Place
}

// ListBudget limits how many documents a store reads for one query with several conditions.
const ListBudget = 200

// Filters are the fields by which each collection can be filtered, the most selective first. A
// store has an index for each. With several conditions it reads by the first of them and compares
// the rest.
var Filters = map[workflow.Collection][]string{
	workflow.Visits:    {"customer", "assistants", "principal", "server", "state", "kind"},
	workflow.Customers: {"owner", "status"},
	workflow.Messages:  {"state"},
	workflow.Approvals: {"state"},

	workflow.Appointments: {"customer", "with", "day", "state"},
	workflow.Calls:        {"customer", "for", "answered_by"},
	workflow.Disputes:     {"customer", "state"},
	workflow.Cards:        {"customer", "by"},
	workflow.Checks:       {"visit", "by", "item"},

	workflow.Tickets: {
		"customer", "holder", "first_responder", "area", "grade", "kind", "state",
	},
	workflow.Projects:       {"customer", "state"},
	workflow.MajorFaults:    {"project", "state"},
	workflow.Arbitrations:   {"lead", "state"},
	workflow.ServiceReports: {"kind"},
}

// Lists are the filters whose field is a list.
var Lists = []string{"assistants"}

// Of is the name of the condition Query.Of among the fields of a plan.
const Of = "of"

// Plan says by which condition a query is read ("": by none) and which are left to compare. It
// fails on a query that no store can answer.
func (q *Query) Plan() (by string, rest []string, err error) {
	if q.Limit < 1 {
		return "", nil, fmt.Errorf("list %s: a limit of %d", q.Collection, q.Limit)
	}
	if q.Collection != workflow.Visits &&
		(q.Of != "" || q.From != "" || q.To != "" || q.After.Day != "") {
		return "", nil, fmt.Errorf("list %s: only visits are somebody's own and have a business "+
			"day", q.Collection)
	}
	known := Filters[q.Collection]
	for field, values := range q.In {
		if !slices.Contains(known, field) || len(values) == 0 {
			return "", nil, fmt.Errorf("list %s: cannot be filtered by %q; allowed are %s",
				q.Collection, field, strings.Join(known, ", "))
		}
	}
	var all []string
	for _, field := range known {
		if q.In[field] != nil {
			all = append(all, field)
		}
		if q.Of != "" && field == "customer" {
			all = append(all, Of)
		}
	}
	if len(all) == 0 {
		return "", nil, nil
	}
	return all[0], all[1:], nil
}
