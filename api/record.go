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

// record is a kind of record that routes are about: what If-Match speaks of, and how a decision about it is answered.
type record struct {
	of       workflow.Collection
	param    string       // of the address; "": there is one at a site
	decision reflect.Type // its answer
	ref      func(*call) workflow.Ref
}

// The records that commands are about.
var (
	aSite      = &record{workflow.Sites, "", reflect.TypeFor[SiteDecision](), func(c *call) workflow.Ref { return workflow.SiteRef(c.site) }}
	aMember    = &record{workflow.StaffList, "staff", reflect.TypeFor[StaffDecision](), func(c *call) workflow.Ref { return workflow.StaffRef(c.site, workflow.StaffID(c.Param("staff"))) }}
	theRota    = &record{workflow.Rotas, "", reflect.TypeFor[RotaDecision](), func(c *call) workflow.Ref { return workflow.LiveRotaRef(c.site) }}
	aVisit     = &record{workflow.Visits, "visit", reflect.TypeFor[VisitDecision](), func(c *call) workflow.Ref { return workflow.VisitRef(c.visit()) }}
	aCustomer  = &record{workflow.Customers, "customer", reflect.TypeFor[CustomerDecision](), func(c *call) workflow.Ref { return workflow.CustomerRef(c.customer()) }}
	aCall      = matter[CallDecision](workflow.Calls, "call")
	anApproval = matter[ApprovalDecision](workflow.Approvals, "approval")
	aDispute   = matter[DisputeDecision](workflow.Disputes, "dispute")
	aRuling    = matter[RulingDecision](workflow.Rulings, "ruling")
	aConduct   = matter[ConductDecision](workflow.Conduct, "conduct")
	aCheck     = matter[CheckDecision](workflow.Checks, "check")
	aCard      = matter[CardDecision](workflow.Cards, "card")
	theSeat    = matter[VacancyDecision](workflow.Vacancies, "vacancy")
)

func matter[D any](of workflow.Collection, param string) *record {
	return &record{of, param, reflect.TypeFor[D](), func(c *call) workflow.Ref {
		return workflow.RecordRef(of, workflow.RecordID(c.Param(param)))
	}}
}

// resources are the records by the word behind the site in an address.
var resources = map[string]*record{
	"": aSite, "policy": aSite, "staff": aMember, "rota": theRota, "visits": aVisit, "customers": aCustomer, "calls": aCall,
	"approvals": anApproval, "disputes": aDispute, "rulings": aRuling, "conduct": aConduct, "checklists": aCheck, "cards": aCard,
	"desk": theSeat,
}

// subjectOf is the record that an address is about.
func subjectOf(path string) *record {
	rest := strings.TrimPrefix(strings.TrimPrefix(path, site), "/")
	word, _, _ := strings.Cut(rest, "/")
	return resources[word]
}

// matched is the record that If-Match speaks of: none where the address does not lead to one.
func (r *route) matched() *record {
	x := r.about
	if x == nil || x.param != "" && !strings.Contains(r.path, "/:"+x.param) {
		return nil
	}
	return x
}

// view looks at a caught-up board.
func (c *call) view(refs []workflow.Ref, f func(*workflow.Board) error) error {
	return c.api.cfg.Desk.View(c.Request().Context(), c.site, refs, func(b *workflow.Board) error {
		if b.Site() == nil {
			return missing("site")
		}
		return f(b)
	})
}

// readRecord reads one record of the site from a caught-up board.
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

// readMatter reads a call, approval or dispute whose id stands in the address; a consultant his own.
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

// Page is what every list says about itself.
type Page struct {
	// NextCursor is where the next page begins; absent on the last.
	NextCursor Cursor `json:"next_cursor,omitempty"`
	// Seq is the number of the commit up to which the list is complete.
	Seq int64 `json:"seq"`
}

// list reads one page of a collection: the records in it that the caller may see.
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

// listOf reads a page of a whole collection, the newest first.
func listOf[R any](c *call, of workflow.Collection, paging Paging) (p Page, docs []Doc[R], err error) {
	q, err := c.asks(of, paging, true)
	if err != nil {
		return p, nil, err
	}
	return list[R](c, q)
}

// recordID is the id as it stands in addresses and answers: without the site in front.
func recordID(ref workflow.Ref) string {
	if ref.Collection == workflow.StaffList || ref.Collection == workflow.Rotas {
		return ref.ID[strings.LastIndexByte(ref.ID, '/')+1:]
	}
	return ref.ID
}

// shownDoc is an image as answers show it: under the id that addresses take. A record's text begins with its id.
func shownDoc(i workflow.Image) json.RawMessage {
	id := recordID(i.Ref)
	if id == i.ID {
		return i.Doc
	}
	stored, err := workflow.Encode(i.ID)
	short, err2 := workflow.Encode(id)
	rest, ok := bytes.CutPrefix(i.Doc, append([]byte(`{"id":`), stored...))
	if err != nil || err2 != nil || !ok { // no record of ours: as it stands
		return i.Doc
	}
	return append(append([]byte(`{"id":`), short...), rest...)
}

// mine reports whether a listed record is the consultant's who asks, or everybody's.
func (c *call) mine(i workflow.Image) bool {
	if i.Collection != workflow.Messages && i.Collection != workflow.Approvals {
		return true // asked for by owner or principal, or everybody's
	}
	r, err := workflow.Decode(i)
	return err == nil && belongs(r, c.key.Staff)
}

// belongs reports whether a matter is a consultant's own, or everybody's.
func belongs(r workflow.Record, s workflow.StaffID) bool {
	switch r := r.(type) {
	case *workflow.Call:
		return r.For == s || r.AnsweredBy == s
	case *workflow.Message:
		return r.To == s
	case *workflow.Approval:
		return r.By == s
	case *workflow.Dispute:
		return slices.Contains(r.Claimants, s)
	default:
		return true
	}
}
