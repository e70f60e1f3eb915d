package api

import (
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// ReassignBody says who gets the customers of a consultant.
type ReassignBody struct {
	// To are the consultants who get them, in turns: each gets about as many.
	To []workflow.StaffID `json:"to"`
	// Reason is why, as a code such as has_left. Absent: no reason is recorded.
	Reason string `json:"reason,omitempty"`
}

// Reassigned says how far reassigning the customers of a consultant has come.
type Reassigned struct {
	Decided
	// Moved is the number of customers that this request moved, 200 at most.
	Moved int `json:"moved"`
	// Remaining is the number of customers left. Send the request again, with another
	// Idempotency-Key, until it is 0. Beyond 10,000 it says 10,000.
	Remaining int `json:"remaining"`
}

// reassignCustomers gives customers of a consultant to others, 200 at a time.
func reassignCustomers(c *call, b *ReassignBody) (*Reassigned, error) {
	from := workflow.StaffID(c.Param("staff"))
	ids, total, err := c.customersOf(from)
	if err != nil {
		return nil, err
	}
	out, err := c.do(&workflow.ReassignCustomers{
		From: from, To: b.To, Reason: b.Reason, Customers: ids,
	})
	if err != nil {
		return nil, c.refused(err)
	}
	c.tellReplay(out)
	said, _ := c.decision(out)
	a, ok := said.(*Reassigned)
	if !ok {
		return nil, repo.ErrCorrupt
	}
	for _, f := range a.Facts {
		if f.Kind == workflow.FactCustomerReassigned {
			a.Moved++
		}
	}
	a.Remaining = total
	if !out.Replayed {
		a.Remaining = max(0, total-a.Moved)
	}
	return a, nil
}

const (
	// countedCustomers is how many of somebody's customers are counted.
	countedCustomers = 10_000
	// A command waits until a list shows what was decided before, this often and this long.
	listTries, listPause = 150, 20 * time.Millisecond
)

// customersOf lists the first customers of a consultant, as many as one command moves, and counts
// all. The list shows every commit of the site so far.
func (c *call) customersOf(who workflow.StaffID) (ids []workflow.CustomerID, n int, err error) {
	var head int64
	if err := c.view(nil, func(b *workflow.Board) error { head = b.Seq; return nil }); err != nil {
		return nil, 0, err
	}
	ids = []workflow.CustomerID{}
	q := repo.Query{
		Collection: workflow.Customers,
		Site:       c.site,
		In:         map[string][]string{"owner": {string(who)}},
		Limit:      workflow.MaxReassigned,
	}
	for tries := 0; ; {
		l, err := c.api.cfg.Store.List(c.Request().Context(), q)
		if err != nil {
			return nil, 0, reading(err)
		}
		if l.Mark < head {
			if tries++; tries == listTries || !repo.Pause(c.Request().Context(), listPause) {
				return nil, 0, repo.ErrBusy
			}
			continue
		}
		for _, d := range l.Docs {
			if len(ids) < workflow.MaxReassigned {
				ids = append(ids, workflow.CustomerID(d.ID))
			}
		}
		if n += len(l.Docs); l.Next == (repo.Place{}) || n >= countedCustomers {
			return ids, n, nil
		}
		q.After = l.Next
	}
}
