package workflow

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Ids are opaque, compared byte by byte: case, script and Unicode form matter.
type (
	SiteID     string // one sales office
	StaffID    string // one member of staff, unique within the site
	UnitID     string // a place in the rotation: a consultant's StaffID, or a team's own id
	VisitID    string // one visit of one group
	CustomerID string // one customer of the site
	NoteID     string // free text kept apart, see the notes collection
	DealID     string // one deal of a customer
	KeyID      string // one API key
	RecordID   string // a call, message, approval, dispute … of the site
)

// Collection names a set of records: a MongoDB collection, or a value of SQLite's images table.
type Collection string

// The image collections. Every record in them is changed only by commits.
const (
	Sites     Collection = "sites"
	StaffList Collection = "staff"
	Rotas     Collection = "rotas"
	Visits    Collection = "visits"
	Customers Collection = "customers"
	Calls     Collection = "calls"
	Messages  Collection = "messages"
	Approvals Collection = "approvals"
	Disputes  Collection = "disputes"
	Rulings   Collection = "rulings"
	Conduct   Collection = "conduct"
	Checks    Collection = "checklists"
	Cards     Collection = "cards"
	Vacancies Collection = "vacancies"
	Keys      Collection = "keys"
	Notices   Collection = "notices"

	Appointments   Collection = "appointments"
	ServiceDesks   Collection = "service_desks"
	Tickets        Collection = "tickets"
	Projects       Collection = "projects"
	MajorFaults    Collection = "faults"
	ServiceReports Collection = "service_reports"
	Arbitrations   Collection = "arbitrations"
	Watches        Collection = "watches"
)

// Ref names one record.
type Ref struct {
	// Collection of the record.
	Collection Collection `json:"collection"`
	// Stored id: unique in its collection over all sites.
	ID string `json:"id"`
}

// short is the reference with the id that addresses use: without the site in front.
func (r Ref) short() Ref {
	if r.Collection == StaffList {
		r.ID = r.ID[strings.LastIndexByte(r.ID, '/')+1:]
	}
	return r
}

func siteRef(id SiteID) Ref { return Ref{Sites, string(id)} }

func staffRef(s SiteID, id StaffID) Ref { return Ref{StaffList, string(s) + "/" + string(id)} }

func liveRotaRef(s SiteID) Ref { return Ref{Rotas, string(s) + "/live"} }

func datedRotaRef(s SiteID, d Date) Ref { return Ref{Rotas, string(s) + "/" + string(d)} }

func visitRef(id VisitID) Ref { return Ref{Visits, string(id)} }

func customerRef(id CustomerID) Ref { return Ref{Customers, string(id)} }

func keyRef(id KeyID) Ref { return Ref{Keys, string(id)} }

func recordRef(c Collection, id RecordID) Ref { return Ref{c, string(id)} }

// VisitRef names a visit's record, for readers outside this package.
func VisitRef(id VisitID) Ref { return visitRef(id) }

// CustomerRef names a customer's record.
func CustomerRef(id CustomerID) Ref { return customerRef(id) }

// KeyRef names a key's record.
func KeyRef(id KeyID) Ref { return keyRef(id) }

// SiteRef names a site's record.
func SiteRef(id SiteID) Ref { return siteRef(id) }

// StaffRef names the record of a member of staff.
func StaffRef(s SiteID, id StaffID) Ref { return staffRef(s, id) }

// LiveRotaRef names the rota that never resets; DatedRotaRef the table of one business day.
func LiveRotaRef(s SiteID) Ref { return liveRotaRef(s) }

// DatedRotaRef names the rota table of one business day.
func DatedRotaRef(s SiteID, d Date) Ref { return datedRotaRef(s, d) }

// RecordRef names a call, message, approval, dispute … by its id.
func RecordRef(c Collection, id RecordID) Ref { return recordRef(c, id) }

// ValidID reports whether s can be used as an id chosen by an office (sites, staff, teams): 1 to 64
// bytes of printable text without a slash, blanks or control characters.
func ValidID(s string) bool {
	if s == "" || len(s) > 64 || s == "." || s == ".." || !utf8.ValidString(s) {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return r == ' ' || r == '/' || r == utf8.RuneError || control(r)
	})
}

// NewID reports whether s can be the id of a new site or member of staff: a valid one in ASCII.
// What they are called on screens is kept apart, where it can be changed and erased. Ids from
// before may hold any script.
func NewID(s string) bool {
	return ValidID(s) && !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII })
}

// HoldsControls reports whether a line of text holds characters that are not seen but change what
// is seen, or end the line: control characters, line breaks of every kind, and those that turn the
// direction of writing, by which one name can be made to look like another.
func HoldsControls(s string) bool { return strings.ContainsFunc(s, control) }

func control(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Bidi_Control)
}
