package storetest

import (
	"fmt"
	"testing"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

var documentTests = []test{
	{"LoadAndTailMakeTheBoard", testLoadAndTail},
	{"ClosedLeaveLoad", testClosedLeaveLoad},
	{"ReadIsNeverBehind", testRead},
	{"OlderImageNeverOverwrites", testOlderImage},
	{"ProjectTwice", testProjectTwice},
	{"PageWithoutImagesProjects", testPageWithoutImages},
	{"ScanInOrder", testScan},
	{"ScanByDay", testScanByDay},
	{"ScanStopsOnError", testScanStops},
	{"ScanLeavesTheStoreUsable", testScanNested},
	{"ScanInBoundedMemory", testScanMemory},
}

// onBoard reports whether Load gives a document: open, or one of those that every board needs.
func onBoard(d repo.Document) bool {
	return d.Open || d.Collection == workflow.Sites || d.Collection == workflow.StaffList ||
		d.Ref == workflow.LiveRotaRef(d.Site)
}

// board is what a reader makes of Load and the tail of the journal after its mark.
func board(t *testing.T, s repo.Store, site workflow.SiteID) []repo.Document {
	t.Helper()
	ctx := testContext(t)
	docs, mark, err := s.Load(ctx, site)
	if err != nil {
		t.Fatalf("load %s: %v", site, err)
	}
	byRef := make(map[workflow.Ref]repo.Document)
	for _, d := range docs {
		if _, twice := byRef[d.Ref]; twice || !onBoard(d) {
			t.Errorf("load %s: %v came twice, or is not of the board", site, d.Ref)
		}
		byRef[d.Ref] = d
	}
	tail, err := s.Since(ctx, site, mark+1, 1000)
	if err != nil {
		t.Fatalf("since %d: %v", mark+1, err)
	}
	for _, p := range tail {
		commits, err := p.Commits()
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range commits {
			for _, i := range c.Images {
				if c.Seq > byRef[i.Ref].Seq {
					byRef[i.Ref] = repo.Document{Image: i, Site: site, Seq: c.Seq}
				}
			}
		}
	}
	var out []repo.Document
	for _, d := range byRef {
		if onBoard(d) {
			out = append(out, d)
		}
	}
	return sorted(out)
}

func testLoadAndTail(t *testing.T, db Database) {
	s := open(t, db)
	h, noise := begin(t, "site"), begin(t, "noise")
	mustAppend(t, s, h.page(founded(h.site)), noise.page(founded(noise.site), arrival()))
	var waiting []string
	for i := range 12 {
		id := newID()
		waiting = append(waiting, id)
		mustAppend(t, s, h.page(
			changed("arrive_visit", visit(id, workflow.Arrived), liveRota(h.site, "li", "张伟")),
			changed("assign_visit", visit(id, workflow.Assigned), liveRota(h.site, "张伟", "li")),
		))
		if i%3 == 2 {
			mustAppend(t, s, h.page(changed(
				"register_visit", visit(waiting[0], workflow.Registered),
				customer(newID(), "li", workflow.StatusRegistered),
			)))
			waiting = waiting[1:]
		}
		equal(t, fmt.Sprintf("board at %d", h.seq), h.documents(onBoard), board(t, s, h.site))
	}
	catchUp(t, s, h.site)
	docs, mark, err := s.Load(testContext(t), h.site)
	if err != nil || mark != h.seq {
		t.Fatalf("load: mark %d, want %d, %v", mark, h.seq, err)
	}
	equal(t, "load at the head", h.documents(onBoard), sorted(docs))
}

func testClosedLeaveLoad(t *testing.T, db Database) {
	s := open(t, db)
	h := begin(t, "site")
	id := newID()
	mustAppend(t, s, h.page(founded(h.site)))
	for _, state := range []workflow.State{
		workflow.Arrived, workflow.Abandoned, workflow.Assigned, workflow.Served,
		workflow.Registered,
	} {
		v := visit(id, state)
		dated := rota(workflow.DatedRotaRef(h.site, "2026-03-14"), "2026-03-14", "li")
		mustAppend(t, s, h.page(changed("assign_visit", v, dated)))
		catchUp(t, s, h.site)
		docs, _, err := s.Load(testContext(t), h.site)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "load when "+string(state), h.documents(onBoard), sorted(docs))
		equal(t, "scan when "+string(state), []repo.Document{h.docs[v.Ref()]},
			scan(t, s, workflow.Visits, h.site))
	}
}

// testRead: an older visit or customer is read for a decision, so it must hold every commit up to
// the board's number.
func testRead(t *testing.T, db Database) {
	s := open(t, db)
	ctx := testContext(t)
	h, other := begin(t, "site"), begin(t, "other")
	foreign := visit(newID(), workflow.Arrived)
	mustAppend(t, s, h.page(founded(h.site)), other.page(changed("arrive_visit", foreign)))
	v, c := newID(), newID()
	refs := []workflow.Ref{
		workflow.VisitRef(workflow.VisitID(v)), workflow.CustomerRef(workflow.CustomerID(c)),
		// the id of another collection
		workflow.VisitRef("missing"), workflow.CustomerRef(workflow.CustomerID(v)),
		foreign.Ref(), // another site's
	}
	for i, state := range []workflow.State{
		workflow.Arrived, workflow.Identified, workflow.Assigned, workflow.Registered,
	} {
		mustAppend(t, s,
			h.page(changed("identify_visit", visit(v, state),
				customer(c, "li", workflow.StatusReceived))))
		if i%2 == 1 {
			mustAppend(t, s, h.page(arrival(), arrival()))
		}
		docs, err := s.Read(ctx, h.site, h.seq, refs)
		if err != nil {
			t.Fatalf("read at %d: %v", h.seq, err)
		}
		equal(t, fmt.Sprintf("read at %d", h.seq),
			[]repo.Document{h.docs[refs[1]], h.docs[refs[0]]}, sorted(docs))
	}
	if docs, err := s.Read(ctx, h.site, h.seq, nil); len(docs) != 0 || err != nil {
		t.Errorf("read nothing: %v, %v", docs, err)
	}
}

func testOlderImage(t *testing.T, db Database) {
	s := open(t, db)
	ctx := testContext(t)
	h := begin(t, "site")
	staying, leaving := newID(), newID()
	var pages []*repo.Page
	for _, state := range []workflow.State{
		workflow.Arrived, workflow.Assigned, workflow.Registered,
	} {
		stays := visit(staying, workflow.Assigned)
		stays.Party = len(pages)
		p := h.page(changed("arrive_visit", visit(leaving, state), stays), arrival())
		mustAppend(t, s, p)
		pages = append(pages, p)
	}
	catchUp(t, s, h.site)
	want := scan(t, s, workflow.Visits, h.site)
	for _, p := range pages {
		if err := s.Project(ctx, []*repo.Page{p}); err != nil {
			t.Fatalf("project an older page: %v", err)
		}
		equal(t, fmt.Sprintf("visits after page %d again", p.First), want,
			scan(t, s, workflow.Visits, h.site))
		if mark, err := s.Mark(ctx, h.site); mark != h.seq || err != nil {
			t.Errorf("mark after page %d again: %d, %v", p.First, mark, err)
		}
	}
}

func testProjectTwice(t *testing.T, db Database) {
	s := open(t, db)
	ctx := testContext(t)
	h := begin(t, "site")
	id := newID()
	pages := []*repo.Page{
		h.page(founded(h.site)),
		h.page(changed("arrive_visit", visit(id, workflow.Arrived)),
			changed("assign_visit", visit(id, workflow.Assigned))),
		h.page(arrival()),
	}
	mustAppend(t, s, pages...)
	var last []repo.Document
	for round := range 3 {
		if err := s.Project(ctx, pages); err != nil {
			t.Fatalf("project, round %d: %v", round, err)
		}
		docs := scan(t, s, workflow.Visits, h.site)
		equal(t, "visits",
			h.documents(
				func(d repo.Document) bool { return d.Collection == workflow.Visits }), docs)
		if round > 0 {
			equal(t, "visits of the round before", last, docs)
		}
		last = docs
	}
	if mark, err := s.Mark(ctx, h.site); mark != h.seq || err != nil {
		t.Errorf("mark = %d, %v", mark, err)
	}
}

// testPageWithoutImages: a page read from another store has no images; copying it must not lose the
// documents.
func testPageWithoutImages(t *testing.T, db Database) {
	s := open(t, db)
	h := begin(t, "site")
	for _, p := range []*repo.Page{h.page(founded(h.site)), h.page(arrival(), arrival())} {
		bare := *p
		bare.Images = nil
		mustAppend(t, s, &bare)
	}
	docs, err := s.Read(testContext(t), h.site, h.seq, []workflow.Ref{workflow.SiteRef(h.site)})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "site", []repo.Document{h.docs[workflow.SiteRef(h.site)]}, docs)
	pages := journal(t, s, h.site)
	for _, p := range pages {
		p.Images = nil
	}
	if err := s.Project(testContext(t), pages); err != nil {
		t.Fatal(err)
	}
	equal(t, "visits", h.documents(func(d repo.Document) bool {
		return d.Collection == workflow.Visits
	}),
		scan(t, s, workflow.Visits, h.site))
}
