package storetest

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

var askTests = []test{
	{"Model", testAskModel},
	{"UpToDate", testAskUpToDate},
	{"NoSuchAskIsAnError", testAskUnknown},
	{"DueAtAllSites", testDueAll},
}

// testAskModel: whatever is asked for, the answer is what comparing every record gives, in order of
// the moment; fractions of a second too.
func testAskModel(t *testing.T, db Database) {
	s := open(t, db)
	h, other := begin(t, "site"), begin(t, "other")
	r := rand.New(rand.NewPCG(3, 17))
	staff := []workflow.StaffID{"li", "wang", "张伟"}
	noon := time.Date(2026, 3, 14, 4, 0, 0, 0, time.UTC)
	moment := func() time.Time {
		return noon.Add(time.Duration(r.IntN(3000)) * time.Millisecond)
	}
	var all []workflow.Record
	for i := range 90 {
		id, at, who := fmt.Sprintf("r%02d", (i*37)%90), moment(), staff[r.IntN(3)]
		next := &workflow.Next{What: workflow.ItemNotice, Who: "staff:" + string(who), At: at}
		if r.IntN(5) == 0 {
			next = nil
		}
		var rec workflow.Record
		switch i % 3 {
		case 0:
			k := customer(id, who, []workflow.CustomerStatus{
				workflow.StatusReceived, workflow.StatusRegistered, workflow.StatusSigned,
			}[r.IntN(3)])
			if k.LastContactAt = at; r.IntN(6) == 0 {
				k.LastContactAt = time.Time{}
			}
			if r.IntN(3) == 0 {
				k.GivenAt = moment()
			}
			rec = k
		case 1:
			rec = &workflow.Notice{
				Head: workflow.Head{ID: id, Site: h.site}, To: who, At: at, Next: next,
				About: workflow.VisitRef("v"),
			}
		default:
			v := visit(id, workflow.Registered)
			if v.Next = next; r.IntN(4) == 0 {
				v.State, v.Open = workflow.Served, true
			}
			rec = v
		}
		all = append(all, rec)
		mustAppend(t, s, h.page(changed("register_visit", rec)))
	}
	mustAppend(t, s, other.page(changed("register_visit", customer("foreign", "li",
		workflow.StatusReceived))))
	for range 200 {
		m := repo.Moments[r.IntN(len(repo.Moments))]
		ask := workflow.Ask{Collection: m.Collection, By: m.By}
		for range 1 + r.IntN(3) {
			who := string(staff[r.IntN(3)])
			if ask.Collection != workflow.Customers {
				who = "staff:" + who
			}
			ask.Whose = append(ask.Whose, who)
		}
		if r.IntN(2) == 0 {
			ask.From = moment()
		}
		if r.IntN(2) == 0 {
			ask.To = moment()
		}
		if ask.Collection == workflow.Customers && r.IntN(2) == 0 {
			ask.Status = []string{"received", "registered"}[:1+r.IntN(2)]
		}
		limit := 1 + r.IntN(20)
		docs, err := s.Asked(testContext(t), h.site, h.seq, ask, limit)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, fmt.Sprintf("%+v, at most %d", ask, limit), asked(all, ask, limit), ids(docs))
	}
}

// asked is what an Ask selects, comparing one record at a time.
func asked(all []workflow.Record, ask workflow.Ask, limit int) (out []string) {
	at := func(r workflow.Record) time.Time {
		_, at := ask.By.Of(r)
		return at
	}
	var found []workflow.Record
	for _, r := range all {
		if ask.Holds(r) {
			found = append(found, r)
		}
	}
	slices.SortFunc(found, func(a, b workflow.Record) int {
		return cmp.Or(at(a).Compare(at(b)), strings.Compare(a.Ref().ID, b.Ref().ID))
	})
	for _, r := range found[:min(limit, len(found))] {
		out = append(out, r.Ref().ID)
	}
	return out
}

// testAskUpToDate: an answer holds the commit that the caller has seen, without waiting for it.
func testAskUpToDate(t *testing.T, db Database) {
	s := open(t, db)
	h := begin(t, "site")
	n := &workflow.Notice{
		Head: workflow.Head{ID: "n", Site: h.site}, To: "li", About: workflow.VisitRef("v"),
		At: time.Unix(1_700_000_000, 0).UTC(),
	}
	ask := workflow.Ask{
		Collection: workflow.Notices,
		By:         workflow.ByNext,
		Whose:      []string{"staff:li"},
	}
	for i := range 20 {
		n.Next = nil
		var want []string
		if i%2 == 0 {
			n.Next = &workflow.Next{What: workflow.ItemNotice, Who: "staff:li", At: n.At}
			want = []string{"n"}
		}
		mustAppend(t, s, h.page(changed("acknowledge_notice", n)))
		docs, err := s.Asked(testContext(t), h.site, h.seq, ask, 10)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, fmt.Sprintf("after commit %d", h.seq), want, ids(docs))
	}
}

// testAskUnknown: what no index answers is an error, never everything or nothing.
func testAskUnknown(t *testing.T, db Database) {
	s := open(t, db)
	h := begin(t, "site")
	mustAppend(t, s, h.page(arrival()))
	for _, ask := range []workflow.Ask{
		{Collection: workflow.Calls, By: workflow.ByNext, Whose: []string{"li"}},
		{Collection: workflow.Customers, By: workflow.ByNext, Whose: []string{"li"}},
		{Collection: workflow.Customers, By: workflow.ByContact},
		{Whose: []string{"li"}},
	} {
		if docs, err := s.Asked(testContext(t), h.site, h.seq, ask, 10); err == nil {
			t.Errorf("%+v: %d documents, want an error", ask, len(docs))
		}
	}
	ask := workflow.Ask{
		Collection: workflow.Customers, By: workflow.ByContact, Whose: []string{"li"},
	}
	if _, err := s.Asked(testContext(t), h.site, h.seq, ask, 0); err == nil {
		t.Error("no limit: want an error")
	}
	if _, err := s.Asked(testContext(t), "", 0, ask, 1); err == nil {
		t.Error("no site: want an error")
	}
}

// testDueAll: what is due at all sites is what comparing every record gives, in order, from any
// place on; a record that no longer waits is gone from it.
func testDueAll(t *testing.T, db Database) {
	s := open(t, db)
	r := rand.New(rand.NewPCG(5, 29))
	noon := time.Date(2026, 3, 14, 4, 0, 0, 0, time.UTC)
	moment := func() time.Time { // many at once, and fractions of a second
		return noon.Add(time.Duration(r.IntN(8)) * 500 * time.Millisecond)
	}
	sites := []*history{begin(t, "a"), begin(t, "b"), begin(t, "c")}
	wakes := map[string]repo.Waking{}
	for range 150 {
		h := sites[r.IntN(len(sites))]
		n := r.IntN(60)
		next := &workflow.Next{What: workflow.ItemTicket, Who: "staff:li", At: noon}
		if r.IntN(3) > 0 {
			next.WakeAt = moment()
		}
		if r.IntN(6) == 0 {
			next = nil
		}
		rec := waking(fmt.Sprintf("%s-%02d", h.site, n), h.site, n, next)
		mustAppend(t, s, h.page(changed("open_ticket", rec)))
		id := rec.Ref().ID
		delete(wakes, id)
		if _, is := rec.(*workflow.Arbitration); !is && next != nil && !next.WakeAt.IsZero() {
			wakes[id] = repo.Waking{At: next.WakeAt, ID: id}
		}
	}
	for _, h := range sites {
		catchUp(t, s, h.site)
	}
	all := slices.SortedFunc(maps.Values(wakes), repo.Waking.Compare)
	for range 100 {
		before, limit := moment(), 1+r.IntN(20)
		var after repo.Waking
		if r.IntN(3) > 0 {
			after = all[r.IntN(len(all))]
		}
		var want []string
		for _, w := range all {
			if !w.At.After(before) && w.Compare(after) > 0 && len(want) < limit {
				want = append(want, w.ID)
			}
		}
		docs, err := s.DueAll(testContext(t), before, after, limit)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, fmt.Sprintf("due at %s after %+v, at most %d", before, after, limit), want,
			ids(docs))
	}
}

// waking is a record of the service desk: of a collection that something falls due in or, the last,
// of one of which nothing does.
func waking(id string, site workflow.SiteID, n int, next *workflow.Next) workflow.Record {
	head := workflow.Head{ID: id}
	switch n % 4 {
	case 0:
		return &workflow.Ticket{
			Head: head, Kind: workflow.TicketRequest, Channel: workflow.TicketByPhone,
			State: workflow.TicketOpen, Slip: workflow.SlipNone,
			Grade: workflow.GradeOrdinary, Next: next,
			Chronicle: workflow.Chronicle{Commits: []int64{1}},
		}
	case 1:
		project := workflow.ProjectID(id)
		return &workflow.Project{
			Head:    workflow.Head{ID: workflow.ProjectRef(site, project).ID},
			Project: project, State: workflow.ProjectInUse, Next: next,
			Chronicle: workflow.Chronicle{Commits: []int64{1}},
		}
	case 2:
		return &workflow.MajorFault{
			Head: head, State: workflow.FaultReported, Next: next,
			Chronicle: workflow.Chronicle{Commits: []int64{1}},
		}
	default:
		return &workflow.Arbitration{
			Head: head, State: workflow.ArbitrationOpen, Next: next,
			Chronicle: workflow.Chronicle{Commits: []int64{1}},
		}
	}
}
