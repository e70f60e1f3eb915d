package storetest

import (
	"errors"
	"testing"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

var crashTests = []test{
	{"LostAnswer", testLostAnswer},
	{"LostAnswerAfterANeighbour", testLostAnswerNeighbour},
	{"AcknowledgedSurvives", testAcknowledgedSurvives},
	{"ReplayFromNothing", testReplay},
}

// testLostAnswer: the page was written, the answer was lost, the process is restarted and sends it
// again.
func testLostAnswer(t *testing.T, db Database) {
	s := open(t, db)
	h := begin(t, "site")
	mustAppend(t, s, h.page(founded(h.site)))
	p := h.page(arrival(), arrival())
	mustAppend(t, s, p)
	s = reopen(t, db, s)
	again := *p
	mustAppend(t, s, &again)
	if pages := journal(t, s, h.site); len(pages) != 2 {
		t.Errorf("%d pages, want 2", len(pages))
	}
}

// testLostAnswerNeighbour: between the lost answer and the retry somebody else continued from our
// page. A retry of the same page still succeeds; the same command decided again, on the newer
// board, is told that it ran.
func testLostAnswerNeighbour(t *testing.T, db Database) {
	s := open(t, db)
	h := begin(t, "site")
	mustAppend(t, s, h.page(founded(h.site)))
	p := h.page(arrival().withID("lost"))
	mustAppend(t, s, p)
	neighbour := h.page(arrival(), arrival())
	mustAppend(t, s, neighbour)
	s = reopen(t, db, s)
	again := *p
	mustAppend(t, s, &again)
	if err := appendOne(testContext(t), s, h.draft(arrival().withID("lost"))); !errors.Is(err,
		repo.ErrIDTaken) {
		t.Errorf("the same command in a new page: want ErrIDTaken, got %v", err)
	}
	found, err := s.Find(testContext(t), h.site, "lost")
	if err != nil {
		t.Fatal(err)
	}
	equalOne(t, "page of the lost answer", p, found)
	pages := journal(t, s, h.site)
	if n := len(pages); n != 3 || pages[2].Hash != neighbour.Hash {
		t.Errorf("%d pages, want 3 that end with the neighbour's", n)
	}
}

func testAcknowledgedSurvives(t *testing.T, db Database) {
	s := open(t, db)
	h := begin(t, "site")
	var want []*repo.Page
	for i := range 12 {
		p := h.page(arrival(), arrival())
		mustAppend(t, s, p)
		want = append(want, p)
		if i%4 == 3 {
			s = reopen(t, db, s)
		}
	}
	equal(t, "journal", want, journal(t, s, h.site))
}

// testReplay: after any restart the documents can be brought up from the journal alone.
func testReplay(t *testing.T, db Database) {
	s := open(t, db)
	h := begin(t, "site")
	id := newID()
	mustAppend(
		t, s, h.page(founded(h.site)), h.page(changed("arrive_visit", visit(id, workflow.Arrived))),
		h.page(changed("assign_visit", visit(id, workflow.Assigned)),
			changed("serve_visit", visit(id, workflow.Served))),
	)
	s = reopen(t, db, s)
	catchUp(t, s, h.site)
	equal(t, "visits", h.documents(func(d repo.Document) bool {
		return d.Collection == workflow.Visits
	}),
		scan(t, s, workflow.Visits, h.site))
}
