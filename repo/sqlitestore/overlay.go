package sqlitestore

import (
	"cmp"
	"slices"
	"strings"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// overlay puts documents that trail over those that a scan reads from the file, in the scan's
// order.
type overlay struct {
	byDay bool
	newer map[string]repo.Document // by id
	rest  []placed                 // those that have not come yet, in order
}

// place is where a document stands in a scan. The day is empty in scans that go by id.
type place struct {
	day workflow.Date
	id  string
}

func (a place) compare(b place) int {
	return cmp.Or(strings.Compare(string(a.day), string(b.day)), strings.Compare(a.id, b.id))
}

type placed struct {
	place
	repo.Document
}

// newOverlay takes what trails of a span.
func newOverlay(of repo.Span, docs []repo.Document) (*overlay, error) {
	o := &overlay{byDay: of.ByDay, newer: map[string]repo.Document{}}
	for _, d := range docs {
		o.newer[d.ID] = d
		at, err := o.placeOf(d)
		if err != nil {
			return nil, err
		}
		if of.ByDay && (at.day == "" || at.day < of.From || of.To != "" && at.day > of.To) ||
			!of.ByDay && d.ID <= of.After {
			continue
		}
		o.rest = append(o.rest, placed{at, d})
	}
	slices.SortFunc(o.rest, func(a, b placed) int { return a.compare(b.place) })
	return o, nil
}

func (o *overlay) placeOf(d repo.Document) (at place, err error) {
	at.id = d.ID
	if o.byDay {
		at.day, err = d.BusinessDay()
	}
	return at, err
}

// over merges a chunk of the file, which ends at a place, with what trails up to there; with all
// that is left when the chunk is the last.
func (o *overlay) over(chunk []repo.Document, upTo place, end bool) ([]repo.Document, error) {
	if len(o.newer) == 0 {
		return chunk, nil
	}
	if !o.byDay {
		upTo.day = ""
	}
	var out []repo.Document
	before := func(at place, all bool) {
		for len(o.rest) > 0 && (all || o.rest[0].compare(at) <= 0) {
			out, o.rest = append(out, o.rest[0].Document), o.rest[1:]
		}
	}
	for _, d := range chunk {
		at, err := o.placeOf(d)
		if err != nil {
			return nil, err
		}
		newer, trails := o.newer[d.ID]
		switch {
		case trails && newer.Seq > d.Seq: // it comes in its own place
			before(at, false)
		case trails: // it was written meanwhile
			o.rest = slices.DeleteFunc(o.rest, func(p placed) bool { return p.ID == d.ID })
			fallthrough
		default:
			before(at, false)
			out = append(out, d)
		}
	}
	before(upTo, end)
	return out, nil
}
