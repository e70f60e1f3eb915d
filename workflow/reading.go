package workflow

import "time"

// Schema is the version of what readers may rely on in visits and rotas (docs/analytics.md). Within
// a version fields are added, none is renamed or changes its meaning.
const Schema = 1

// Reading is what a visit tells its readers beyond what was recorded. It is derived from the rest
// at every commit, in the site's zone, and no decision looks at it. All zero in visits from before
// schema 1.
type Reading struct {
	// Version of these fields.
	Schema int `json:"schema"`
	// Monday of the business day's week.
	Week Date `json:"week"`
	// Weekday of the business day, 1 (Monday) to 7 (Sunday).
	Weekday int `json:"weekday"`
	// Hour of the arrival, 0 to 23.
	Hour int `json:"hour"`
	// Whole seconds between the states.
	Seconds Seconds `json:"seconds"`
}

// Seconds are the whole seconds between the states of a visit; a time is missing while the visit
// has not come so far.
type Seconds struct {
	// From arrived to assigned, or until the visitor was seen to leave without having been
	// received.
	Waited *int64 `json:"waited,omitempty"`
	// From arrived to identified.
	ToIdentified *int64 `json:"to_identified,omitempty"`
	// From identified to assigned.
	ToAssigned *int64 `json:"to_assigned,omitempty"`
	// From assigned to served: the reception.
	ToServed *int64 `json:"to_served,omitempty"`
	// From served to registered: writing the form.
	ToRegistered *int64 `json:"to_registered,omitempty"`
}

// read writes the reading of a visit as it stands.
func (v *Visit) read(local func(time.Time) time.Time) {
	v.Reading = Reading{
		Schema: Schema, Week: v.BusinessDay.Week(), Weekday: v.BusinessDay.Weekday(),
		Hour: local(v.ArrivedAt).Hour(),
		Seconds: Seconds{
			Waited:       seconds(v.ArrivedAt, v.AssignedAt),
			ToIdentified: seconds(v.ArrivedAt, v.IdentifiedAt),
			ToAssigned:   seconds(v.IdentifiedAt, v.AssignedAt),
			ToServed:     seconds(v.AssignedAt, v.ServedAt),
			ToRegistered: seconds(v.ServedAt, v.RegisteredAt),
		},
	}
	if v.Seconds.Waited == nil && v.Reason != reasonDayOver { // nobody saw when he left
		v.Seconds.Waited = seconds(v.ArrivedAt, v.EndedAt)
	}
	if v.Form != nil {
		v.Form.BudgetBand = budgetBand(v.Form.BudgetFrom, v.Form.BudgetTo)
	}
}

// seconds are the whole seconds from one moment to another; nil when one of them has not come.
func seconds(from, to time.Time) *int64 {
	if from.IsZero() || to.IsZero() {
		return nil
	}
	s := int64(to.Sub(from) / time.Second)
	return &s
}

// BudgetBands are the bands of a budget, by its upper end (or, without one, by its lower), up to
// and including it.
var BudgetBands = []struct {
	Band string
	To   int64 // fen; 0: no end
}{
	{"up_to_1m", 1_000_000_00},
	{"1m_2m", 2_000_000_00},
	{"2m_3m", 3_000_000_00},
	{"3m_5m", 5_000_000_00},
	{"5m_8m", 8_000_000_00},
	{"over_8m", 0},
}

// budgetBand is the band of a budget; "" when none was said.
func budgetBand(from, to int64) string {
	end := max(from, to)
	for _, b := range BudgetBands {
		if end > 0 && (b.To == 0 || end <= b.To) {
			return b.Band
		}
	}
	return ""
}
