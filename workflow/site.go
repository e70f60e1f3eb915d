package workflow

import (
	"slices"
	"time"
)

// Head stands at the front of every record: its stored id, its site, the number of the commit that wrote this image,
// and whether the record still belongs to the board (an open visit, a message not yet delivered …).
type Head struct {
	// Stored id, unique in its collection over all sites.
	ID string `json:"id"`
	// Office to which the record belongs.
	Site SiteID `json:"site"`
	// Number of the commit that last wrote the record; its version for If-Match.
	Seq int64 `json:"seq"`
	// Whether the record is still in play: a visit on the floor, a message not yet delivered, a key
	// in force.
	Open bool `json:"open"`
}

func (h *Head) head() *Head { return h }

// Record is an image: a Site, Staff, Rota, Visit, Customer … Exactly the types of this package implement it.
type Record interface {
	// Ref names the record in its collection.
	Ref() Ref
	head() *Head
	// clone is a copy that shares nothing that is ever changed in place.
	clone() Record
}

// Version is the number of the commit that wrote r: its ETag.
func Version(r Record) int64 { return r.head().Seq }

// Role is what a key may act as.
type Role string

// The roles; see the role table in authority.go.
const (
	RoleKiosk         Role = "kiosk"
	RoleFrontDesk     Role = "front_desk"
	RoleConsultant    Role = "consultant"
	RoleShiftLeader   Role = "shift_leader"
	RoleSupervisor    Role = "supervisor"
	RoleManager       Role = "manager"
	RoleAnalyst       Role = "analyst"
	RoleAdministrator Role = "administrator"
	// RoleSystem acts for due times (day close, vacancies): no key carries it.
	RoleSystem Role = "system"
)

// Roles lists the roles a key may carry.
var Roles = []Role{
	RoleKiosk, RoleFrontDesk, RoleConsultant, RoleShiftLeader, RoleSupervisor, RoleManager, RoleAnalyst, RoleAdministrator,
}

// StaffRole reports whether a key of this role must name a member of staff.
func (r Role) StaffRole() bool {
	return r == RoleConsultant || r == RoleShiftLeader || r == RoleSupervisor || r == RoleManager
}

// ranks are the roles of staff, the widest last.
var ranks = []Role{RoleConsultant, RoleShiftLeader, RoleSupervisor, RoleManager}

// AtLeast reports whether a member of staff of role r may also act as the other one.
func (r Role) AtLeast(other Role) bool {
	i := slices.Index(ranks, other)
	return i >= 0 && slices.Index(ranks, r) >= i
}

// DayHours are the working hours of one weekday (policy 1, art. 43; A20).
// Both ends are empty on a day on which the office is closed.
type DayHours struct {
	// Time of day at which work begins.
	From Clock `json:"from"`
	// Time of day at which work ends; this minute no longer belongs to it.
	To Clock `json:"to"`
}

// DutyShift is staffing outside the normal line: noon, evening, holiday (policy 1, art. 48).
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
	// Until the clock reaches this moment, commits also carry what the clock says; missing when the
	// site's time does not run ahead.
	ClockUntil time.Time `json:"clock_until,omitzero"`
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
	c.Holidays, c.Duty, c.Adoptions = slices.Clone(s.Holidays), slices.Clone(s.Duty), slices.Clone(s.Adoptions)
	return &c
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

// InHours reports whether the office works at local time t: open ≤ t < close, not on a holiday (RS-9).
func (s *Site) InHours(t time.Time) bool {
	if slices.Contains(s.Holidays, dateOf(t)) {
		return false
	}
	h := s.Hours[t.Weekday()]
	return h.From != "" && (span{h.From, h.To}).holds(t)
}

// onDuty is the duty shift that holds at local time t (policy 1, art. 48).
func (s *Site) onDuty(t time.Time) (DutyShift, bool) {
	for _, d := range s.Duty {
		if !(span{d.From, d.To}).holds(t) {
			continue
		}
		if len(d.Dates) > 0 && slices.Contains(d.Dates, dateOf(t)) ||
			len(d.Dates) == 0 && (len(d.Days) == 0 || slices.Contains(d.Days, int(t.Weekday()))) {
			return d, true
		}
	}
	return DutyShift{}, false
}

// Staff is a member of the site's staff. A name, if kept, stands in people, not here.
type Staff struct {
	Head
	// Id within the office, as addresses and other records name the person.
	Staff StaffID `json:"staff"`
	// Widest role that a key of this person may have.
	Role Role `json:"role"`
	// Team whose turns the consultant shares; empty outside a team.
	Team UnitID `json:"team,omitempty"`
	// Whether the person still works here; inactive staff leave the rotation.
	Active bool `json:"active"`
}

// Ref names the staff record.
func (s *Staff) Ref() Ref { return staffRef(s.Site, s.Staff) }

func (s *Staff) clone() Record { c := *s; return &c }

// SiteOf is the site a record belongs to.
func SiteOf(r Record) SiteID { return r.head().Site }
