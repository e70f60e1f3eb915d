package api

import (
	"sort"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// listDesk reads a page of records of the service desk, the newest first: those that the caller may
// see.
func listDesk[R any](c *call, of workflow.Collection, paging Paging) (
	p Page, docs []Doc[R], err error,
) {
	q, err := c.asks(of, paging, true)
	if err != nil {
		return p, nil, err
	}
	l, err := c.api.cfg.Store.List(c.Request().Context(), q)
	if err != nil {
		return p, nil, reading(err)
	}
	p = Page{Seq: l.Mark}
	looked := len(l.Docs)
	if l.Next != (repo.Place{}) {
		p.NextCursor = cursorOf(l.Next)
		if looked < q.Limit {
			looked = repo.ListBudget
		}
	}
	c.looked(looked)
	seen, err := c.seen(l.Docs)
	if err != nil {
		return p, nil, err
	}
	docs = make([]Doc[R], 0, len(seen))
	for _, d := range seen {
		docs = append(docs, Doc[R]{shownDoc(d.Image)})
	}
	return p, docs, nil
}

// seen are the records of the service desk that the caller may see.
func (c *call) seen(docs []repo.Document) (seen []repo.Document, err error) {
	if !c.own() {
		return docs, nil
	}
	err = c.view(nil, func(b *workflow.Board) error {
		for _, d := range docs {
			r, err := d.Record()
			if err != nil {
				return reading(err)
			}
			if b.SeesDesk(c.key.Actor(), r, c.now()) {
				seen = append(seen, d)
			}
		}
		return nil
	})
	return seen, err
}

// TicketsQuery is the query of the list of tickets.
type TicketsQuery struct {
	// State selects tickets in these states.
	State []workflow.TicketState `query:"state" compares:"state"`
	// Holder selects the tickets that this member of staff has to see to.
	Holder workflow.StaffID `query:"holder" compares:"holder"`
	// FirstResponder selects the tickets that this member of staff was asked first.
	FirstResponder workflow.StaffID `query:"first_responder" compares:"first_responder"`
	// Area selects tickets of this area.
	Area workflow.AreaCode `query:"area" compares:"area"`
	// Kind selects tickets of these kinds.
	Kind []workflow.TicketKind `query:"kind" compares:"kind"`
	// Grade selects major or ordinary matters.
	Grade []workflow.TicketGrade `query:"grade" compares:"grade"`
	// Customer selects the tickets of this customer.
	Customer workflow.CustomerID `query:"customer" compares:"customer"`
	Paging
}

// TicketList is a page of tickets.
type TicketList struct {
	Page
	// Tickets are the tickets on this page that the caller may see.
	Tickets []Doc[workflow.Ticket] `json:"tickets"`
}

// listTickets lists tickets, newest first. Consultants and employees see their own and those of
// their department's areas, customer service and those who lead all. A page can be short, or empty,
// although there is more.
func listTickets(c *call, q *TicketsQuery) (*TicketList, error) {
	p, docs, err := listDesk[workflow.Ticket](c, workflow.Tickets, q.Paging)
	return &TicketList{p, docs}, err
}

// FaultsQuery is the query of the list of major faults.
type FaultsQuery struct {
	// State selects faults in these states.
	State []workflow.FaultState `query:"state" compares:"state"`
	// Project selects the faults of this project.
	Project workflow.ProjectID `query:"project" compares:"project"`
	Paging
}

// FaultList is a page of major faults.
type FaultList struct {
	// Faults are the faults on this page that the caller may see.
	Faults []Doc[workflow.MajorFault] `json:"faults"`
	Page
}

// listFaults lists major faults, newest first.
func listFaults(c *call, q *FaultsQuery) (*FaultList, error) {
	p, docs, err := listDesk[workflow.MajorFault](c, workflow.MajorFaults, q.Paging)
	return &FaultList{docs, p}, err
}

// ArbitrationsQuery is the query of the list of cases between departments.
type ArbitrationsQuery struct {
	// State selects cases in these states.
	State []workflow.ArbitrationState `query:"state" compares:"state"`
	// Lead selects the cases that this department leads.
	Lead workflow.Department `query:"lead" compares:"lead"`
	Paging
}

// ArbitrationList is a page of cases between departments.
type ArbitrationList struct {
	// Arbitrations are the cases on this page that the caller may see.
	Arbitrations []Doc[workflow.Arbitration] `json:"arbitrations"`
	Page
}

// listArbitrations lists cases between departments, newest first. Members of a department see those
// in which it is heard; the Office sees all.
func listArbitrations(c *call, q *ArbitrationsQuery) (*ArbitrationList, error) {
	p, docs, err := listDesk[workflow.Arbitration](c, workflow.Arbitrations, q.Paging)
	return &ArbitrationList{docs, p}, err
}

// ProjectsQuery is the query of the list of delivered projects.
type ProjectsQuery struct {
	// DueBy asks for the projects whose call is due by this day, the longest due first: at most
	// limit of them, without a cursor. It goes with no other parameter but limit.
	DueBy workflow.Date `query:"due_by"`
	// Customer selects the projects of this customer.
	Customer workflow.CustomerID `query:"customer" compares:"customer"`
	// State selects projects in these states.
	State []workflow.ProjectState `query:"state" compares:"state"`
	Paging
}

// ProjectList is a page of delivered projects.
type ProjectList struct {
	Page
	// Projects are the projects on this page that the caller may see.
	Projects []Doc[workflow.Project] `json:"projects"`
	// More is true when more calls are due by the day than are shown. Absent otherwise.
	More bool `json:"more,omitempty"`
}

// listProjects lists delivered projects by the ids that the office gave them, or those whose call
// is due.
func listProjects(c *call, q *ProjectsQuery) (*ProjectList, error) {
	if q.DueBy == "" {
		p, docs, err := listDesk[workflow.Project](c, workflow.Projects, q.Paging)
		return &ProjectList{Page: p, Projects: docs}, err
	}
	if q.Customer != "" || len(q.State) > 0 || q.Cursor != "" || q.Order != "" {
		return nil, bad("due_by_alone")
	}
	a := &ProjectList{Projects: []Doc[workflow.Project]{}}
	ask := workflow.Ask{Collection: workflow.Projects, By: workflow.ByNext}
	if err := c.view(nil, func(b *workflow.Board) error {
		a.Seq = b.Seq
		ask.Whose, ask.To = b.FollowUpsDue(q.DueBy)
		return nil
	}); err != nil {
		return nil, err
	}
	limit := q.Limit.orUsual()
	docs, err := c.api.cfg.Store.Asked(c.Request().Context(), c.site, a.Seq, ask, limit+1)
	if err != nil {
		return nil, reading(err)
	}
	if a.More = len(docs) > limit; a.More {
		docs = docs[:limit]
	}
	c.looked(len(docs))
	if docs, err = c.seen(docs); err != nil {
		return nil, err
	}
	for _, d := range docs {
		a.Projects = append(a.Projects, Doc[workflow.Project]{shownDoc(d.Image)})
	}
	return a, nil
}

// WatchList is a page of watches.
type WatchList struct {
	Page
	// Missing are the statutory days from today on for which nobody watches yet.
	Missing []workflow.Date `json:"missing"`
	// Watches are the watches on this page that the caller may see.
	Watches []Doc[workflow.Watch] `json:"watches"`
}

// listWatches lists the watches of statutory days, the latest day first, and the days that still
// have none.
func listWatches(c *call, q *Paging) (*WatchList, error) {
	p, docs, err := listDesk[workflow.Watch](c, workflow.Watches, *q)
	if err != nil {
		return nil, err
	}
	a := &WatchList{p, []workflow.Date{}, docs}
	var days []workflow.Date
	var refs []workflow.Ref
	if err := c.view(nil, func(b *workflow.Board) error {
		if s := b.ServiceDesk(); s != nil {
			days = s.Unwatched(c.today(b), nil)
		}
		return nil
	}); err != nil || len(days) == 0 {
		return a, err
	}
	for _, day := range days {
		refs = append(refs, workflow.WatchRef(c.site, day))
	}
	return a, c.view(refs, func(b *workflow.Board) error {
		var watches []*workflow.Watch
		for _, ref := range refs {
			if w, ok := b.Record(ref); ok {
				watches = append(watches, w.(*workflow.Watch))
			}
		}
		a.Missing = b.ServiceDesk().Unwatched(c.today(b), watches)
		return nil
	})
}

// getTicketHistory lists the commits that changed a ticket, oldest first.
func getTicketHistory(c *call, q *HistoryQuery) (*RecordHistory, error) {
	t, err := readDesk[*workflow.Ticket](c, aTicket.ref(c))
	if err != nil {
		return nil, err
	}
	return c.history(t.ID, t.Commits, q)
}

// getFaultHistory lists the commits that changed a major fault, oldest first.
func getFaultHistory(c *call, q *HistoryQuery) (*RecordHistory, error) {
	x, err := readDesk[*workflow.MajorFault](c, aFault.ref(c))
	if err != nil {
		return nil, err
	}
	return c.history(x.ID, x.Commits, q)
}

// getProjectHistory lists the commits that changed a delivered project, oldest first.
func getProjectHistory(c *call, q *HistoryQuery) (*RecordHistory, error) {
	p, err := readDesk[*workflow.Project](c, aProject.ref(c))
	if err != nil {
		return nil, err
	}
	return c.history(string(p.Project), p.Commits, q)
}

// getArbitrationHistory lists the commits that changed a case between departments, oldest first.
func getArbitrationHistory(c *call, q *HistoryQuery) (*RecordHistory, error) {
	x, err := readDesk[*workflow.Arbitration](c, anArbitration.ref(c))
	if err != nil {
		return nil, err
	}
	return c.history(x.ID, x.Commits, q)
}

// RecordHistory is a page of the history of a record.
type RecordHistory struct {
	// Commits are the commits that changed the record, oldest first.
	Commits []Entry `json:"commits"`
	// NextCursor is the cursor of the next page. Absent on the last page.
	NextCursor Cursor `json:"next_cursor,omitempty"`
	// ID is the record's id, as in its address.
	ID string `json:"id"`
}

// history is a page of the commits that changed a record.
func (c *call) history(id string, all []int64, q *HistoryQuery) (*RecordHistory, error) {
	a := &RecordHistory{ID: id}
	var err error
	a.Commits, a.NextCursor, err = c.commitsOf(all, q)
	return a, err
}

// commitsOf is a page of commits, given all their numbers in order.
func (c *call) commitsOf(all []int64, q *HistoryQuery) (list []Entry, next Cursor, err error) {
	after, err := q.Cursor.seq()
	if err != nil {
		return nil, "", err
	}
	seqs := all[sort.Search(len(all), func(i int) bool { return all[i] > after }):]
	if limit := q.Limit.orUsual(); len(seqs) > limit {
		seqs = seqs[:limit]
		next = seqCursor(seqs[limit-1])
	}
	list = make([]Entry, 0, len(seqs))
	for _, seq := range seqs {
		k, err := c.commitAt(seq)
		if err != nil {
			return nil, "", err
		}
		e := shown(c.redacted(k))
		c.say(e.Facts)
		list = append(list, e)
	}
	return list, next, nil
}
