package sqlitestore

import (
	"errors"
	"testing"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// TestDocumentsAreHeldAgainstTheJournal: a document that was changed while nobody served the file,
// or by a crash, is not accepted in whatever way it is read; the others are.
func TestDocumentsAreHeldAgainstTheJournal(t *testing.T) {
	s, o := busyStore(t)
	must(t, s.Close())
	alter(t, s.path,
		`UPDATE images SET doc = replace(doc, '"seq":', '"seq" :') WHERE collection = 'visits'
		AND id = (SELECT max(id) FROM images WHERE collection = 'visits')`)
	c := openAt(t, s.path)
	var last string
	var n int
	err := c.Scan(t.Context(), repo.Span{Collection: workflow.Customers, Site: o.id},
		func(repo.Document) error { n++; return nil })
	must(t, err)
	r := openReader(t, s.path) // its scans compare nothing: verify must see what is there
	err = r.Scan(t.Context(), repo.Span{Collection: workflow.Visits, Site: o.id},
		func(d repo.Document) error { last = d.ID; return nil })
	must(t, err)
	_, byID := c.Read(t.Context(), o.id, 0, []workflow.Ref{
		workflow.VisitRef(workflow.VisitID(last)),
	})
	_, byList := c.List(t.Context(), repo.Query{
		Collection: workflow.Visits, Site: o.id, Limit: 100,
	})
	byScan := c.Scan(t.Context(), repo.Span{Collection: workflow.Visits, Site: o.id},
		func(repo.Document) error { return nil })
	for how, err := range map[string]error{"read": byID, "list": byList, "scan": byScan} {
		if !errors.Is(err, repo.ErrCorrupt) {
			t.Errorf("%s: want ErrCorrupt, got %v", how, err)
		}
	}
}

// TestCalmStart: a file that was closed properly and left alone is neither checked nor doubted.
func TestCalmStart(t *testing.T) {
	t.Parallel()
	s, _ := busyStore(t)
	must(t, s.Close())
	if c := openAt(t, s.path); c.doubts.scans {
		t.Error("doubted after an orderly stop")
	}
	served, _ := busyStore(t)
	if c := openAt(t, crash(t, served)); !c.doubts.scans {
		t.Error("trusted after a crash")
	}
}
