package storetest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// identityTests: ids are compared byte by byte. A store that folds case or normalises Unicode would
// return one record for another.
var identityTests = []test{
	{"SitesApart", testSitesApart},
	{"CommandsApart", testCommandsApart},
	{"DocumentsApart", testDocumentsApart},
	{"SidesApart", testSidesApart},
}

// lookalikes are different ids that look alike.
var lookalikes = []string{
	"wei", "Wei", "WEI", "wei1", "we", "we_", "we%", // case, prefix, patterns
	"e\u0301", "é", "ｅ\u0301", // NFD, NFC, full width
	"轮排", "輪排", "ß", "ss", "ﬁ", "fi", "İ", "i", "I", "ı", "Å", "\u212b",
	"01", "1", "1.0", "1e0", "0x1", // never numbers
	"null", "true", "'", "''", "\"", "\\", "$id", "{}", "a.b",
}

func testSitesApart(t *testing.T, db Database) {
	s := open(t, db)
	for _, id := range lookalikes {
		h := begin(t, workflow.SiteID(id))
		p := h.page(founded(h.site).withID("found " + id))
		mustAppend(t, s, p)
		catchUp(t, s, h.site)
	}
	for _, id := range lookalikes {
		site := workflow.SiteID(id)
		pages := journal(t, s, site)
		if len(pages) != 1 || pages[0].Entries[0].ID != "found "+id {
			t.Errorf("site %q has another site's journal", id)
		}
		docs, mark, err := s.Load(testContext(t), site)
		if err != nil || mark != 1 || len(docs) != 4 {
			t.Errorf("load %q: %d documents, mark %d, %v", id, len(docs), mark, err)
		}
		for _, d := range docs {
			if d.Site != site {
				t.Errorf("load %q gave a document of %q", id, d.Site)
			}
		}
	}
}

func testCommandsApart(t *testing.T, db Database) {
	s := open(t, db)
	h := begin(t, "site")
	for _, id := range lookalikes {
		mustAppend(t, s, h.page(arrival().withID(id)))
	}
	for i, id := range lookalikes {
		p, err := s.Find(testContext(t), h.site, id)
		if err != nil {
			t.Errorf("find %q: %v", id, err)
		} else if p.First != int64(i+1) {
			t.Errorf("find %q found the page of %q", id, p.Entries[0].ID)
		}
	}
}

func testDocumentsApart(t *testing.T, db Database) {
	s := open(t, db)
	ctx := testContext(t)
	h := begin(t, "site")
	for i, id := range lookalikes {
		v := visit(id, workflow.Arrived)
		v.Server, v.Party = workflow.StaffID(id), i
		mustAppend(t, s, h.page(changed("arrive_visit", v)))
	}
	catchUp(t, s, h.site)
	for _, id := range lookalikes {
		ref := workflow.VisitRef(workflow.VisitID(id))
		want := []repo.Document{h.docs[ref]}
		docs, err := s.Read(ctx, h.site, h.seq, []workflow.Ref{ref})
		if err != nil {
			t.Fatal(err)
		}
		equal(t, fmt.Sprintf("read %q", id), want, docs)
		l, err := s.List(ctx, repo.Query{
			Collection: workflow.Visits, Site: h.site, In: map[string][]string{"server": {id}},
			Limit: 10,
		})
		if err != nil {
			t.Fatal(err)
		}
		equal(t, fmt.Sprintf("visits served by %q", id), want, l.Docs)
	}
	equal(t, "every visit", h.documents(func(repo.Document) bool { return true }),
		scan(t, s, workflow.Visits, h.site))
}

func testSidesApart(t *testing.T, db Database) {
	s := open(t, db)
	ctx := testContext(t)
	for _, id := range lookalikes {
		side := repo.Side{
			Collection: repo.People, ID: id, Site: "site", Lookup: id, Body: quoted(id),
		}
		if err := s.Insert(ctx, side); err != nil {
			t.Errorf("insert %q: %v", id, err)
		}
	}
	for i, id := range lookalikes {
		byID, err := s.Side(ctx, repo.People, id)
		if err != nil || byID.ID != id || string(byID.Body) != string(quoted(id)) {
			t.Errorf("side %q: %q, %v", id, byID.ID, err)
		}
		byLookup, err := s.Lookup(ctx, repo.People, "site", id)
		if err != nil || byLookup.ID != id {
			t.Errorf("lookup %q: %q, %v", id, byLookup.ID, err)
		}
		if i%2 == 0 {
			if err := s.Delete(ctx, repo.People, id); err != nil {
				t.Errorf("delete %q: %v", id, err)
			}
		}
	}
	for i, id := range lookalikes {
		if _, err := s.Side(ctx, repo.People, id); errors.Is(err, repo.ErrNotFound) != (i%2 == 0) {
			t.Errorf("after deleting every second: side %q: %v", id, err)
		}
	}
}

func quoted(s string) []byte {
	b, err := workflow.Encode(map[string]string{"name": s})
	if err != nil {
		panic(err)
	}
	return b
}
