package workflow

import (
	"slices"
	"time"
)

// DutyShift is one consultant's part in staffing outside the normal line: noon, evening, holiday
// (policy 1, art. 48). Several people on one shift are several of them with the same hours; they
// receive in their order, and all of them before the line helps out (A93).
type DutyShift struct {
	// Time of day at which the shift begins.
	From Clock `json:"from"`
	// Time of day at which the shift ends; this minute no longer belongs to it.
	To Clock `json:"to"`
	// Consultant who receives during the shift.
	Staff StaffID `json:"staff"`
	// Weekdays of the shift, 0 (Sunday) to 6; empty means every day.
	Days []int `json:"days,omitempty"`
	// Business days of the shift; they replace the weekdays when given.
	Dates []Date `json:"dates,omitempty"`
}

// Adoption is a policy in force from a business day on (policy 1, art. 52).
type Adoption struct {
	// First business day of the policy.
	From Date `json:"from"`
	// Preset and all its parameters.
	Policy Policy `json:"policy"`
}

// Site is one sales office: the boundary within which everything is consistent.
type Site struct {
	Head
	// Time zone of the office, such as Asia/Shanghai.
	Zone string `json:"zone"`
	// Working hours by weekday, Sunday first.
	Hours [7]DayHours `json:"hours"`
	// Business days on which the office is closed.
	Holidays []Date `json:"holidays,omitempty"`
	// Shifts outside the normal line.
	Duty []DutyShift `json:"duty,omitempty"`
	// Policies by the day from which they hold, earliest first; never empty.
	Adoptions []Adoption `json:"adoptions"`
	// Question to which customers consent; missing when the office keeps its own, on paper.
	Consent *Wording `json:"consent,omitempty"`
	// What screens show that anybody can see; missing when the office never said so.
	Board *BoardSettings `json:"board,omitempty"`
	// Until the clock reaches this moment, commits also carry what the clock says; missing when the
	// site's time does not run ahead.
	ClockUntil time.Time `json:"clock_until,omitzero"`
}

// NamesShown says how screens that anybody can see name consultants.
type NamesShown string

// The ways to name consultants in public.
const (
	ShowNumber  NamesShown = "number"  // a number of their own
	ShowSurname NamesShown = "surname" // the surname
	ShowName    NamesShown = "name"    // the name
)

var namesShown = []NamesShown{ShowNumber, ShowSurname, ShowName}

// BoardSettings are what screens show that anybody can see: the wall, the kiosk.
type BoardSettings struct {
	// How consultants are named: name, surname, or number, which is what holds where nothing is
	// said.
	Names NamesShown `json:"names"`
}

// NamesInPublic is how screens that anybody can see name consultants.
func (s *Site) NamesInPublic() NamesShown {
	if s.Board == nil {
		return ShowNumber
	}
	return s.Board.Names
}

// Wording is a text that customers agree to. Every consent names its version; the journal keeps
// all versions.
type Wording struct {
	// Number of the version, 1 for the first.
	Version int `json:"version,omitempty"`
	// Text in Chinese.
	Zh string `json:"zh"`
	// Text in English.
	En string `json:"en"`
}

// Ref names the site's record.
func (s *Site) Ref() Ref { return siteRef(SiteID(s.ID)) }

func (s *Site) clone() Record {
	c := *s
	c.Hours = cloneWeek(s.Hours)
	c.Holidays, c.Duty, c.Adoptions = slices.Clone(s.Holidays), slices.Clone(s.Duty),
		slices.Clone(s.Adoptions)
	return &c
}

func (s *Site) reader() int {
	adopted := slices.ContainsFunc(s.Adoptions, func(a Adoption) bool {
		return a.Policy.StaleDays > 0 || a.Policy.Pass.Helping != "" ||
			a.Policy.MakeUp.ExpiresDays > 0
	})
	breaks := slices.ContainsFunc(s.Hours[:], func(h DayHours) bool { return len(h.More) > 0 })
	return since(4, adopted, breaks)
}

// Location is the site's zone; a site is never stored with an unknown one.
func (s *Site) Location() *time.Location {
	loc, err := time.LoadLocation(s.Zone)
	if err != nil {
		return time.UTC
	}
	return loc
}

// PolicyOn is the policy of a business day: the last one adopted from that day or earlier.
func (s *Site) PolicyOn(d Date) *Policy {
	p := &s.Adoptions[0].Policy
	for i := range s.Adoptions {
		if s.Adoptions[i].From <= d {
			p = &s.Adoptions[i].Policy
		}
	}
	return p
}

// onDuty are the consultants whose duty shift holds at local time t, in the order of the shifts
// (policy 1, art. 48).
func (s *Site) onDuty(t time.Time) (all []StaffID) {
	for _, d := range s.Duty {
		if !(span{d.From, d.To}).holds(t) {
			continue
		}
		if len(d.Dates) > 0 && slices.Contains(d.Dates, dateOf(t)) ||
			len(d.Dates) == 0 && (len(d.Days) == 0 || slices.Contains(d.Days, int(t.Weekday()))) {
			all = append(all, d.Staff)
		}
	}
	return all
}
