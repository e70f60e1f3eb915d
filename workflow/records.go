package workflow

import (
	"encoding/json"
	"fmt"
)

// recordType is one type of record: where it is kept, what one of them is called, and how an empty
// one is made.
type recordType struct {
	collection Collection
	singular   string
	blank      func() Record
	// matter: the board keeps a list of the open ones, in order of opening.
	matter bool
	// since is the version that brought the type; 0: there from the beginning.
	since int
}

func record[T any, P interface {
	*T
	Record
}](c Collection, singular string) recordType {
	return recordType{collection: c, singular: singular, blank: func() Record { return P(new(T)) }}
}

// asMatter marks records of which the board lists the open ones.
func (t recordType) asMatter() recordType { t.matter = true; return t }

// from marks a type that programs before a version do not know.
func (t recordType) from(version int) recordType { t.since = version; return t }

// records are all types of record, in the order in which their images stand in a commit.
var records = []recordType{
	record[Site](Sites, "site"),
	record[Staff](StaffList, "staff"),
	record[Rota](Rotas, "rota"),
	record[Visit](Visits, "visit"),
	record[Customer](Customers, "customer"),
	record[Call](Calls, "call"),
	record[Message](Messages, "message").asMatter(),
	record[Approval](Approvals, "approval").asMatter(),
	record[Dispute](Disputes, "dispute").asMatter(),
	record[Ruling](Rulings, "ruling"),
	record[ConductNote](Conduct, "conduct"),
	record[Check](Checks, "check"),
	record[Card](Cards, "card"),
	record[Vacancy](Vacancies, "vacancy").asMatter(),
	record[Key](Keys, "key"),
	record[Appointment](Appointments, "appointment").asMatter().from(4),
	record[Notice](Notices, "notice").from(4),
	record[ServiceDesk](ServiceDesks, "service_desk").from(5),
	record[Ticket](Tickets, "ticket").from(5),
	record[Project](Projects, "project").from(5),
	record[MajorFault](MajorFaults, "fault").from(5),
	record[ServiceReport](ServiceReports, "service_report").from(5),
	record[Arbitration](Arbitrations, "arbitration").from(5),
	record[Watch](Watches, "watch").from(5),
}

// Collections lists every image collection, in the order in which images stand in a commit.
var Collections = func() []Collection {
	cs := make([]Collection, len(records))
	for i, t := range records {
		cs[i] = t.collection
	}
	return cs
}()

var byCollection = func() map[Collection]recordType {
	m := make(map[Collection]recordType, len(records))
	for _, t := range records {
		m[t.collection] = t
	}
	return m
}()

// Singular is what one record of the collection is called; "" when this program does not know the
// collection.
func (c Collection) Singular() string { return byCollection[c].singular }

// Blank is an empty record of a collection. It fails with ErrNewer on a collection this program
// does not know.
func Blank(c Collection) (Record, error) {
	t, ok := byCollection[c]
	if !ok {
		return nil, fmt.Errorf("%w: collection %q", ErrNewer, c)
	}
	return t.blank(), nil
}

// Decode reads the record of an image. It fails with ErrNewer on a collection this program does not
// know.
func Decode(i Image) (Record, error) {
	r, err := Blank(i.Collection)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(i.Doc, r); err != nil {
		return nil, fmt.Errorf("decode %s %s: %w", i.Collection, i.ID, err)
	}
	return r, nil
}

// Head stands at the front of every record: its stored id, its site, the number of the commit that
// wrote this image, and whether the record still belongs to the board (an open visit, a message not
// yet delivered …).
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

// Record is a Site, Staff, Rota, Visit, Customer …; exactly the types of this package implement it.
type Record interface {
	// Ref names the record in its collection.
	Ref() Ref
	head() *Head
	// clone is a copy that shares nothing that is ever changed in place.
	clone() Record
}

// Version is the number of the commit that wrote r: its ETag.
func Version(r Record) int64 { return r.head().Seq }

// SiteOf is the site a record belongs to.
func SiteOf(r Record) SiteID { return r.head().Site }
