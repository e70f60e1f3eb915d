package api

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// record is a kind of record that routes are about: what If-Match compares, and how a command about
// it is answered.
type record struct {
	of       workflow.Collection
	param    string       // of the address; "": a site has one
	decision reflect.Type // its answer
	ref      func(*call) workflow.Ref
}

// The records that commands are about.
var (
	aSite = &record{
		workflow.Sites, "", reflect.TypeFor[SiteDecision](),
		func(c *call) workflow.Ref { return workflow.SiteRef(c.site) },
	}
	aMember = &record{
		workflow.StaffList, "staff", reflect.TypeFor[StaffDecision](),
		func(c *call) workflow.Ref { return workflow.StaffRef(c.site, c.staff()) },
	}
	theRota = &record{
		workflow.Rotas, "", reflect.TypeFor[RotaDecision](),
		func(c *call) workflow.Ref { return workflow.LiveRotaRef(c.site) },
	}
	aVisit = &record{
		workflow.Visits, "visit", reflect.TypeFor[VisitDecision](),
		func(c *call) workflow.Ref { return workflow.VisitRef(c.visit()) },
	}
	aCustomer = &record{
		workflow.Customers, "customer", reflect.TypeFor[CustomerDecision](),
		func(c *call) workflow.Ref { return workflow.CustomerRef(c.customer()) },
	}
	aCall         = matter[CallDecision](workflow.Calls, "call")
	anApproval    = matter[ApprovalDecision](workflow.Approvals, "approval")
	anAppointment = matter[AppointmentDecision](workflow.Appointments, "appointment")
	aDispute      = matter[DisputeDecision](workflow.Disputes, "dispute")
	aRuling       = matter[RulingDecision](workflow.Rulings, "ruling")
	aConduct      = matter[ConductDecision](workflow.Conduct, "conduct")
	aCheck        = matter[CheckDecision](workflow.Checks, "check")
	aCard         = matter[CardDecision](workflow.Cards, "card")
	aNotice       = matter[NoticeDecision](workflow.Notices, "notice")
	theSeat       = matter[VacancyDecision](workflow.Vacancies, "vacancy")
)

func matter[D any](of workflow.Collection, param string) *record {
	return &record{of, param, reflect.TypeFor[D](), func(c *call) workflow.Ref {
		return workflow.RecordRef(of, workflow.RecordID(c.Param(param)))
	}}
}

// resources are the kinds of record by the word after the site in an address.
var resources = map[string]*record{
	"":             aSite,
	"policy":       aSite,
	"staff":        aMember,
	"rota":         theRota,
	"visits":       aVisit,
	"customers":    aCustomer,
	"calls":        aCall,
	"appointments": anAppointment,
	"approvals":    anApproval,
	"disputes":     aDispute,
	"rulings":      aRuling,
	"conduct":      aConduct,
	"checklists":   aCheck,
	"cards":        aCard,
	"desk":         theSeat,
	"agenda":       aNotice,
	"service":      theService,
	"tickets":      aTicket,
	"projects":     aProject,
	"faults":       aFault,
	"arbitrations": anArbitration,
	"watches":      aWatch,
	"needs":        aCustomer,

	"service-reports": aServiceReport,
}

// subjectOf is the record that an address is about.
func subjectOf(path string) *record {
	rest := strings.TrimPrefix(strings.TrimPrefix(path, site), "/")
	word, _, _ := strings.Cut(rest, "/")
	return resources[word]
}

// matched is the record that If-Match compares; nil if the address does not name one.
func (r *route) matched() *record {
	x := r.about
	if x == nil || x.param != "" && !strings.Contains(r.path, "/:"+x.param) {
		return nil
	}
	return x
}

// view looks at the current board.
func (c *call) view(refs []workflow.Ref, f func(*workflow.Board) error) error {
	return c.api.cfg.Engine.View(c.Request().Context(), c.site, refs,
		func(b *workflow.Board) error {
			if b.Site() == nil {
				return missing("site")
			}
			return f(b)
		})
}

// readRecord reads one record of the site from the current board.
func readRecord[R workflow.Record](c *call, ref workflow.Ref) (R, error) {
	var out R
	err := c.view([]workflow.Ref{ref}, func(b *workflow.Board) error {
		r, ok := b.Record(ref)
		if !ok || workflow.SiteOf(r) != c.site {
			return repo.ErrNotFound
		}
		out, ok = r.(R)
		if !ok {
			return repo.ErrNotFound
		}
		return nil
	})
	return out, err
}

// readMatter reads the call, approval or dispute in the address. A consultant may read only their
// own.
func readMatter[R workflow.Record](c *call, x *record) (r R, err error) {
	if r, err = readRecord[R](c, x.ref(c)); err != nil {
		return r, err
	}
	if c.own() && !belongs(r, c.key.Staff) {
		return r, repo.ErrNotFound
	}
	c.stands(r)
	return r, nil
}

// Page is what every list has in common.
type Page struct {
	// NextCursor is the cursor of the next page. Absent on the last page.
	NextCursor Cursor `json:"next_cursor,omitempty"`
	// Seq is the number of the last commit that is taken into account.
	Seq int64 `json:"seq"`
}

// list reads a page of a collection: the records the caller may see.
func list[R any](c *call, q repo.Query) (Page, []Doc[R], error) {
	l, err := c.api.cfg.Store.List(c.Request().Context(), q)
	if err != nil {
		return Page{}, nil, reading(err)
	}
	p, looked := Page{Seq: l.Mark}, len(l.Docs)
	if l.Next != (repo.Place{}) {
		p.NextCursor = cursorOf(l.Next)
		if looked < q.Limit {
			looked = repo.ListBudget
		}
	}
	c.looked(looked)
	docs := make([]Doc[R], 0, len(l.Docs))
	for _, d := range l.Docs {
		if !c.own() || c.mine(d.Image) {
			docs = append(docs, Doc[R]{d.Doc})
		}
	}
	return p, docs, nil
}

// listOf reads a page of a whole collection, newest first.
func listOf[R any](c *call, of workflow.Collection, paging Paging) (
	p Page, docs []Doc[R], err error,
) {
	q, err := c.asks(of, paging, true)
	if err != nil {
		return p, nil, err
	}
	return list[R](c, q)
}

// officeIDs are collections whose stored ids begin with the site.
var officeIDs = []workflow.Collection{
	workflow.StaffList, workflow.Rotas, workflow.Projects, workflow.Watches,
}

// recordID is the id in addresses and answers: without the site in front.
func recordID(ref workflow.Ref) string {
	if slices.Contains(officeIDs, ref.Collection) {
		return ref.ID[strings.LastIndexByte(ref.ID, '/')+1:]
	}
	return ref.ID
}

// shownDoc is an image with the id that addresses use. A record's text begins with its id.
func shownDoc(i workflow.Image) json.RawMessage {
	id := recordID(i.Ref)
	if id == i.ID {
		return i.Doc
	}
	stored, err := workflow.Encode(i.ID)
	short, err2 := workflow.Encode(id)
	rest, ok := bytes.CutPrefix(i.Doc, append([]byte(`{"id":`), stored...))
	if err != nil || err2 != nil || !ok { // not one of our records: leave it
		return i.Doc
	}
	return append(append([]byte(`{"id":`), short...), rest...)
}

// mine reports whether a listed record belongs to the calling consultant, or to everybody.
func (c *call) mine(i workflow.Image) bool {
	switch i.Collection {
	case workflow.Messages, workflow.Approvals, workflow.Calls, workflow.Disputes, workflow.Cards,
		workflow.Checks:
	default:
		return true // the query selects by owner or principal, or it is everybody's
	}
	r, err := workflow.Decode(i)
	return err == nil && belongs(r, c.key.Staff)
}

// belongs reports whether a record is a consultant's own, or everybody's.
func belongs(r workflow.Record, s workflow.StaffID) bool {
	switch r := r.(type) {
	case *workflow.Call:
		return r.For == s || r.AnsweredBy == s
	case *workflow.Appointment:
		return r.With == s
	case *workflow.Message:
		return r.To == s
	case *workflow.Approval:
		return r.By == s
	case *workflow.Dispute:
		return slices.Contains(r.Claimants, s)
	case *workflow.Card:
		return r.By == s || r.Owner == s
	case *workflow.Check:
		return r.By == s
	default:
		return true
	}
}
