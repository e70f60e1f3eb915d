package workflow

import (
	"encoding/json"
	"time"
)

// Outcome is what became of a visit's customer, for conversion (visit → deposit → signed). It
// stands in two visits: First in the customer's first registered visit, with every step since; Last
// in the visit that was the last one before a step, with that step. So a sum over all visits, of
// one or of the other, holds every step once. It is written from the registration of the visit on;
// a deal made in the course of a visit that came to nothing stands in the first visit only. Groups
// that were merged are one (policy 1, art. 50): the steps of all their customers add up.
type Outcome struct {
	// Every step since this visit, which was the customer's first. Of merged groups: of those
	// customers whose first visit it was.
	First *Steps `json:"first,omitempty"`
	// The steps before which this visit was the last one.
	Last *Steps `json:"last,omitempty"`
}

// Steps are the steps of a purchase that were taken; a step is missing when it was not taken.
type Steps struct {
	// First entry in the visitor register.
	Registered *Step `json:"registered,omitempty"`
	// Intention money was paid.
	Intention *Step `json:"intention,omitempty"`
	// A holding fee was paid.
	HoldingFee *Step `json:"holding_fee,omitempty"`
	// A deposit was paid.
	Deposit *Step `json:"deposit,omitempty"`
	// A contract was signed.
	Signed *Step `json:"signed,omitempty"`
	// A unit, or money, was given back.
	Refunded *Step `json:"refunded,omitempty"`
}

// Step is one step of a purchase, as seen from a visit.
type Step struct {
	// When it was recorded first.
	At time.Time `json:"at"`
	// The same moment as a business day of the office.
	Day Date `json:"day"`
	// Calendar days from this visit's business day; 0 also when the form was written late and the
	// step lies before.
	Days int `json:"days"`
	// How often: two flats are two contracts. In registered: how many customers, when groups were
	// merged.
	Count int `json:"count"`
	// Sum of all of them, in fen; 0 in registered.
	Amount int64 `json:"amount"`
}

// UnmarshalJSON reads an outcome. Journals from before schema 1 hold a list here, which is read as
// no outcome.
func (o *Outcome) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] == '[' {
		return nil
	}
	type plain Outcome
	return json.Unmarshal(text, (*plain)(o))
}

// clone copies the parts that a decision replaces; steps are never changed in place.
func (o *Outcome) clone() *Outcome {
	if o == nil {
		return nil
	}
	c := *o
	return &c
}

// step is the place of a status; nil for a status that is no step of a purchase.
func (s *Steps) step(status CustomerStatus) **Step {
	switch status {
	case StatusIntention:
		return &s.Intention
	case StatusHoldingFee:
		return &s.HoldingFee
	case StatusDeposit:
		return &s.Deposit
	case StatusSigned:
		return &s.Signed
	case StatusRefunded:
		return &s.Refunded
	case StatusReceived, StatusRegistered:
	}
	return nil
}

// stepsOf are the steps that the deals of the visit's customers make, as seen from it: all of those
// whose first visit it was, or, with last, those before which it was the last one.
func (d *draft) stepsOf(v *Visit, last bool) *Steps {
	s := &Steps{}
	for _, k := range d.customersOf(v) {
		for _, deal := range k.Deals {
			at := s.step(deal.Status)
			if at == nil || deal.Visit == "" || last && deal.Visit != VisitID(v.ID) ||
				!last && k.FirstVisit != VisitID(v.ID) {
				continue
			}
			if *at == nil || deal.At.Before((*at).At) {
				*at = d.stepAt(v, deal.At).with(*at)
			}
			(*at).Count++
			(*at).Amount += deal.Amount
		}
	}
	return s
}

// with counts what another step has counted.
func (s *Step) with(other *Step) *Step {
	if other != nil {
		s.Count, s.Amount = other.Count, other.Amount
	}
	return s
}

// customersOf are the customer of a visit and those of the groups merged into it.
func (d *draft) customersOf(v *Visit) []*Customer {
	var all []*Customer
	if k := d.customer(v.Customer); k != nil {
		all = append(all, k)
	}
	for _, id := range v.Joint {
		if k := d.customer(id); k != nil && id != v.Customer { // the form may show that he is one
			all = append(all, k)
		}
	}
	return all
}

// stepAt is a step at a moment, with nothing counted yet.
func (d *draft) stepAt(v *Visit, at time.Time) *Step {
	day := dateOf(d.Local(at))
	return &Step{At: at, Day: day, Days: max(0, v.BusinessDay.daysTo(day))}
}

// beginOutcome starts the outcome of a visit when it is registered and somebody's visit; deals may
// have been made during it.
func (d *draft) beginOutcome(v *Visit) {
	came, first := false, 0
	for _, k := range d.customersOf(v) {
		came = came || k.LastVisit == VisitID(v.ID)
		if k.FirstVisit == VisitID(v.ID) {
			first++
		}
	}
	if !came {
		return
	}
	o := &Outcome{Last: d.stepsOf(v, true)}
	if first > 0 {
		entry := d.stepAt(v, d.now)
		entry.Count = first
		o.First = d.stepsOf(v, false)
		o.First.Registered, o.Last.Registered = entry, entry
	}
	if *o.Last != (Steps{}) {
		v.Outcome = o
	}
}

// tellVisits writes what the deals of a customer, and of those who came with him, say into his
// first visit and into the last one before the newest deal, if that one is registered. It is
// computed anew each time, never added to. Visits from before schema 1 stay as they are: if only
// those whose customers buy had an outcome, every rate of those days would be 100 %.
func (d *draft) tellVisits(k *Customer, last VisitID) {
	for _, id := range []VisitID{k.FirstVisit, last} {
		v, ok := look[*Visit](d, visitRef(id))
		if id == "" || !ok || v.Site != d.ID || v.State != Registered || v.Schema == 0 {
			continue
		}
		v = edit[*Visit](d, v.Ref())
		if v.Outcome == nil {
			v.Outcome = &Outcome{}
		}
		if id == k.FirstVisit {
			v.Outcome.First = d.stepsOf(v, false).enteredAs(v.Outcome.First)
		}
		v.Outcome.Last = d.stepsOf(v, true).enteredAs(v.Outcome.Last)
	}
}

// enteredAs keeps the entry in the register from the steps written before.
func (s *Steps) enteredAs(before *Steps) *Steps {
	if before != nil {
		s.Registered = before.Registered
	}
	return s
}
