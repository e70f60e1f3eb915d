package repo

import (
	"fmt"
	"slices"

	"github.com/lunpai/lunpai/workflow"
)

// Moment names the fields by which the closed records of a collection are asked for
// (workflow.Ask): whose they are, and the moment that they are ordered by.
type Moment struct {
	Collection workflow.Collection
	By         workflow.Moment
	Whose, At  string
}

// Moments are all that can be asked for. A store has an index for each.
var Moments = []Moment{
	{workflow.Visits, workflow.ByNext, "next.who", "next.at"},
	{workflow.Notices, workflow.ByNext, "next.who", "next.at"},
	{workflow.Customers, workflow.ByContact, "owner", "last_contact_at"},
	{workflow.Customers, workflow.ByGiven, "owner", "given_at"},
}

// NeedMoment is the fields by which an Ask is answered. It fails on one that no store can answer.
func NeedMoment(ask workflow.Ask, limit int) (Moment, error) {
	i := slices.IndexFunc(Moments, func(m Moment) bool {
		return m.Collection == ask.Collection && m.By == ask.By
	})
	if i < 0 || len(ask.Whose) == 0 || limit < 1 {
		return Moment{}, fmt.Errorf("ask for %s by %q of %d, at most %d: no store answers that",
			ask.Collection, ask.By, len(ask.Whose), limit)
	}
	return Moments[i], nil
}
