package sqlitestore

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// TestOlderFileIsExtended: a file of an earlier program gets what lists need when it is opened,
// filled from what is stored.
func TestOlderFileIsExtended(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lunpai.db")
	s := openAt(t, path)
	add := func(seq int64, prev, id string) string {
		t.Helper()
		v := &workflow.Visit{
			Head: workflow.Head{ID: id, Site: "s", Seq: seq}, State: workflow.Registered,
			BusinessDay: "2026-03-14", Server: "li", Principal: "wang",
			Assistants: []workflow.StaffID{"chen"}, Commits: []int64{seq},
		}
		doc, err := workflow.Encode(v)
		if err != nil {
			t.Fatal(err)
		}
		p, err := repo.NewPage("s", prev, []*workflow.Commit{{
			Seq: seq, ID: id, Kind: "register_visit", Command: []byte("{}"), Subject: v.Ref(),
			Facts:     []workflow.Fact{},
			MinReader: workflow.MinReader, Images: []workflow.Image{{Ref: v.Ref(), Doc: doc}},
		}})
		if err != nil {
			t.Fatal(err)
		}
		mustAppend(t, s, p)
		return p.Hash
	}
	head := add(1, "", "v1")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, a := range additions { // as the earlier program left it
		what := strings.Fields(a.make)
		alter(t, path, "DROP "+what[1]+" IF EXISTS "+what[2])
	}
	for _, index := range retired {
		alter(t, path, "CREATE INDEX "+index+" ON images (site)")
	}
	old, err := OpenReadOnly(t.Context(), path)
	if err != nil {
		t.Fatalf("what only reads does not need them: %v", err)
	}
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	s = openAt(t, path)
	add(2, head, "v2")
	for _, q := range []repo.Query{
		{Of: "li"},
		{Of: "wang"},
		{Of: "chen"},
		{In: map[string][]string{"assistants": {"chen"}}},
		{In: map[string][]string{"state": {"registered"}}},
		{In: map[string][]string{"principal": {"wang"}}},
	} {
		q.Collection, q.Site, q.Limit = workflow.Visits, "s", 10
		l, err := s.List(t.Context(), q)
		if err != nil || len(l.Docs) != 2 || l.Docs[0].ID != "v1" || l.Docs[1].ID != "v2" {
			t.Errorf("%+v: %v, %v", q, l.Docs, err)
		}
	}
	for _, index := range retired {
		rows, err := s.pool.db.QueryContext(t.Context(),
			"SELECT sql FROM sqlite_schema WHERE name = ?", index)
		if found, err := collect(rows, err, scanText); err != nil || len(found) != 0 {
			t.Errorf("still there: %s (%v)", index, err)
		}
	}
	for _, a := range additions {
		rows, err := s.pool.db.QueryContext(t.Context(),
			"SELECT sql FROM sqlite_schema WHERE sql = ?", a.make)
		if found, err := collect(rows, err, scanText); err != nil || len(found) != 1 {
			t.Errorf("missing: %s (%v)", a.make, err)
		}
	}
}

// TestClosedVisitGetsCustomer: a visit that is closed already may get a customer later, on the
// form. Then its row is replaced, not only refreshed.
func TestClosedVisitGetsCustomer(t *testing.T) {
	s := openAt(t, filepath.Join(t.TempDir(), "lunpai.db"))
	head := ""
	for seq, customer := range []workflow.CustomerID{"", "k"} {
		v := &workflow.Visit{
			Head:        workflow.Head{ID: "v", Site: "s", Seq: int64(seq + 1)},
			BusinessDay: "2026-03-14", Server: "li", Principal: "wang", Customer: customer,
		}
		doc, err := workflow.Encode(v)
		if err != nil {
			t.Fatal(err)
		}
		p, err := repo.NewPage("s", head, []*workflow.Commit{{
			Seq: v.Seq, ID: v.ID + string(customer), Kind: "register_visit", Command: []byte("{}"),
			Subject: v.Ref(), Facts: []workflow.Fact{}, MinReader: workflow.MinReader,
			Images: []workflow.Image{{Ref: v.Ref(), Doc: doc}},
		}})
		if err != nil {
			t.Fatal(err)
		}
		mustAppend(t, s, p)
		head = p.Hash
	}
	q := repo.Query{Collection: workflow.Visits, Site: "s", Of: "li", Limit: 10}
	if l, err := s.List(t.Context(), q); err != nil || len(l.Docs) != 1 {
		t.Errorf("%v, %v", l, err)
	}
}
