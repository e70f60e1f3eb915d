package repo

import (
	"fmt"

	"github.com/lunpai/lunpai/workflow"
)

// Moment names the fields by which the closed records of a collection are asked for
// (workflow.Ask): whose they are, and the moment that they are ordered by.
type Moment struct{ Whose, At string }

// Moments are those of each collection that can be asked for. A store has an index for each.
var Moments = map[workflow.Collection]Moment{
	workflow.Visits:    {"next.who", "next.at"},
	workflow.Notices:   {"next.who", "next.at"},
	workflow.Customers: {"owner", "last_contact_at"},
}

// NeedMoment is the fields by which an Ask is answered. It fails on one that no store can answer.
func NeedMoment(ask workflow.Ask, limit int) (Moment, error) {
	m, ok := Moments[ask.Collection]
	if !ok || len(ask.Whose) == 0 || limit < 1 {
		return m, fmt.Errorf("ask for %s of %d, at most %d: no store answers that", ask.Collection,
			len(ask.Whose), limit)
	}
	return m, nil
}
