package repo

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

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
	{workflow.Tickets, workflow.ByNext, "next.who", "next.at"},
	{workflow.Projects, workflow.ByNext, "next.who", "next.at"},
	{workflow.MajorFaults, workflow.ByNext, "next.who", "next.at"},
	{workflow.Arbitrations, workflow.ByNext, "next.who", "next.at"},
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

// WakePath is the field by which Documents.DueAll finds and orders records.
const WakePath = "next.wake_at"

// Waking is a place in the order of Documents.DueAll; the zero is before all.
type Waking struct {
	At time.Time
	ID string
}

// Waking is the document's place in the order of Documents.DueAll.
func (d Document) Waking() (Waking, error) {
	var v struct {
		Next struct {
			WakeAt time.Time `json:"wake_at"`
		} `json:"next"`
	}
	if err := json.Unmarshal(d.Doc, &v); err != nil {
		return Waking{}, fmt.Errorf("%w: %s %s: %w", ErrCorrupt, d.Collection, d.ID, err)
	}
	return Waking{v.Next.WakeAt, d.ID}, nil
}

// Compare orders places.
func (w Waking) Compare(x Waking) int {
	return cmp.Or(w.At.Compare(x.At), strings.Compare(w.ID, x.ID))
}
