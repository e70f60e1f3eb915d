package workflow

import (
	"encoding/json"
	"fmt"
)

// recordType is one type of record: where it is kept, what one of them is called, and how an empty one is made.
type recordType struct {
	collection Collection
	singular   string
	blank      func() Record
	// matter: the board keeps a list of the open ones, in order of opening.
	matter bool
}

func record[T any, P interface {
	*T
	Record
}](c Collection, singular string) recordType {
	return recordType{collection: c, singular: singular, blank: func() Record { return P(new(T)) }}
}

// asMatter marks records of which the board lists the open ones.
func (t recordType) asMatter() recordType { t.matter = true; return t }

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
}

// Collections lists every image collection, in the order in which images stand in a commit.
var Collections = func() []Collection {
	cs := make([]Collection, len(records))
	for i, t := range records {
		cs[i] = t.collection
	}
	return cs
}()

var recordTypes = func() map[Collection]recordType {
	m := make(map[Collection]recordType, len(records))
	for _, t := range records {
		m[t.collection] = t
	}
	return m
}()

// Singular is what one record of the collection is called; "" when this program does not know the collection.
func (c Collection) Singular() string { return recordTypes[c].singular }

// Blank is an empty record of a collection. It fails with ErrNewer on a collection this program does not know.
func Blank(c Collection) (Record, error) {
	t, ok := recordTypes[c]
	if !ok {
		return nil, fmt.Errorf("%w: collection %q", ErrNewer, c)
	}
	return t.blank(), nil
}

// Decode reads the record of an image. It fails with ErrNewer on a collection this program does not know.
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
