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

// history writes one site's journal by hand: it numbers the commits, links the pages and knows what
// every document must be. It decides nothing; that a sequence of records makes sense to a sales
// office is the test's business.
type history struct {
	t    *testing.T
	site workflow.SiteID
	seq  int64
	prev string
	at   time.Time
	docs map[workflow.Ref]repo.Document
}

// change is a commit to be made: a command and the records as it leaves them.
type change struct {
	id      string // of the command; a new one when empty
	kind    workflow.Kind
	records []workflow.Record
}

// begin starts the history of a site that is not in the store yet.
func begin(t *testing.T, site workflow.SiteID) *history {
	return &history{
		t: t, site: site, docs: make(map[workflow.Ref]repo.Document),
		at: time.Date(2026, 3, 14, 1, 0, 0, 123e6, time.UTC), // Saturday 09:00:00.123 in Shanghai
	}
}

// draft makes the page that would come next without adding it: two drafts compete for one number.
func (h *history) draft(changes ...change) *repo.Page {
	h.t.Helper()
	commits := make([]*workflow.Commit, len(changes))
	for i, c := range changes {
		seq := h.seq + 1 + int64(i)
		commits[i] = &workflow.Commit{
			Seq: seq, ID: cmp.Or(c.id, newID()),
			At: h.at.Add(time.Duration(i+1) * 1001 * time.Millisecond),
			By: workflow.Actor{Key: "k7f3", Role: workflow.RoleFrontDesk}, Kind: c.kind,
			Command: []byte(`{"channel":"passing_by"}`), Fingerprint: "hmac:5d1c",
			Facts: []workflow.Fact{
				{Kind: workflow.FactVisitArrived, Rule: "P1-04", Subject: "张伟"},
			},
			Images:    h.images(seq, c.records),
			MinReader: workflow.MinReader,
		}
		if len(c.records) > 0 {
			commits[i].Subject = c.records[0].Ref()
		}
	}
	p, err := repo.NewPage(h.site, h.prev, commits)
	if err != nil {
		h.t.Fatal(err)
	}
	return p
}

// advance makes p the head of the history.
func (h *history) advance(p *repo.Page) *repo.Page {
	h.t.Helper()
	h.seq, h.prev, h.at = p.Last, p.Hash, p.At
	commits, err := p.Commits()
	if err != nil {
		h.t.Fatal(err)
	}
	for _, c := range commits {
		for _, i := range c.Images {
			h.docs[i.Ref] = repo.Document{Image: i, Site: h.site, Seq: c.Seq}
		}
	}
	return p
}

// page is the next page of the history.
func (h *history) page(changes ...change) *repo.Page {
	h.t.Helper()
	return h.advance(h.draft(changes...))
}

// documents are the newest images that pass keep, by collection and id.
func (h *history) documents(keep func(repo.Document) bool) []repo.Document {
	docs := slices.DeleteFunc(slices.Collect(maps.Values(h.docs)), func(d repo.Document) bool {
		return !keep(d)
	})
	return sorted(docs)
}

func sorted(docs []repo.Document) []repo.Document {
	return slices.SortedFunc(slices.Values(docs), func(a, b repo.Document) int {
		return cmp.Or(strings.Compare(string(a.Collection), string(b.Collection)),
			strings.Compare(a.ID, b.ID))
	})
}

// images encodes records as commit seq writes them.
func (h *history) images(seq int64, records []workflow.Record) []workflow.Image {
	h.t.Helper()
	out := make([]workflow.Image, len(records))
	for i, r := range records {
		head := stamp(r, h.site, seq)
		doc, err := workflow.Encode(r)
		if err != nil {
			h.t.Fatal(err)
		}
		out[i] = workflow.Image{Ref: r.Ref(), Open: head.Open, Doc: doc}
	}
	return out
}

// stamp writes what the commit knows into the head of a record.
func stamp(r workflow.Record, site workflow.SiteID, seq int64) workflow.Head {
	var h *workflow.Head
	switch r := r.(type) {
	case *workflow.Site:
		h = &r.Head
	case *workflow.Staff:
		h = &r.Head
	case *workflow.Rota:
		h = &r.Head
	case *workflow.Visit:
		h = &r.Head
	case *workflow.Customer:
		h = &r.Head
	case *workflow.Notice:
		h = &r.Head
	case *workflow.Ticket:
		h = &r.Head
	case *workflow.Project:
		h = &r.Head
	case *workflow.MajorFault:
		h = &r.Head
	case *workflow.Arbitration:
		h = &r.Head
	default:
		panic(fmt.Sprintf("storetest: no head known in %T", r))
	}
	h.Site, h.Seq = site, seq
	return *h
}

// newID is an id that grows with time, like those made in service.
func newID() string { return fmt.Sprintf("%016x-%016x", time.Now().UnixNano(), rand.Uint64()) }

// The records of a small office.

func office(site workflow.SiteID) *workflow.Site {
	return &workflow.Site{
		Head: workflow.Head{ID: string(site)}, Zone: "Asia/Shanghai",
		Adoptions: []workflow.Adoption{{From: "2026-03-14", Policy: workflow.P1()}},
	}
}

func consultant(site workflow.SiteID, id workflow.StaffID) *workflow.Staff {
	return &workflow.Staff{
		Head: workflow.Head{ID: workflow.StaffRef(site, id).ID}, Staff: id,
		Role: workflow.RoleConsultant, Active: true,
	}
}

func liveRota(site workflow.SiteID, line ...workflow.UnitID) *workflow.Rota {
	return rota(workflow.LiveRotaRef(site), "2026-03-14", line...)
}

func rota(ref workflow.Ref, day workflow.Date, line ...workflow.UnitID) *workflow.Rota {
	r := &workflow.Rota{
		Head: workflow.Head{ID: ref.ID}, Day: day, Units: []workflow.Unit{},
		Line: []workflow.Place{}, Out: []workflow.Gone{},
	}
	for i, u := range line {
		r.Units = append(r.Units, workflow.Unit{
			ID: u, Type: workflow.PersonUnit, Members: []workflow.StaffID{workflow.StaffID(u)},
		})
		r.Line = append(r.Line, workflow.Place{Unit: u, Ticket: int64(i + 1)})
	}
	return r
}

// visit is a visit in a state: closed when the state is final, else open.
func visit(id string, state workflow.State) *workflow.Visit {
	over := state == workflow.Registered || state == workflow.Abandoned || state == workflow.Merged
	return &workflow.Visit{
		Head: workflow.Head{ID: id, Open: !over}, State: state, BusinessDay: "2026-03-14",
		Policy: "p1", Channel: "passing_by", Party: 2,
		ArrivedAt: time.Date(2026, 3, 14, 1, 5, 0, 7e6, time.UTC), Commits: []int64{1},
	}
}

func customer(
	id string, owner workflow.StaffID, status workflow.CustomerStatus,
) *workflow.Customer {
	return &workflow.Customer{Head: workflow.Head{ID: id}, Owner: owner, Status: status}
}

// founded is the change that makes a site: its own record, its staff and the line.
func founded(site workflow.SiteID) change {
	return change{kind: "create_site", records: []workflow.Record{
		office(site), consultant(site, "张伟"), consultant(site, "li"), liveRota(site, "张伟", "li"),
	}}
}

// arrival is the change that makes one visit.
func arrival() change {
	return change{
		kind: "arrive_visit", records: []workflow.Record{visit(newID(), workflow.Arrived)},
	}
}

// changed is the change that leaves these records.
func changed(kind workflow.Kind, records ...workflow.Record) change {
	return change{kind: kind, records: records}
}

// withID sets the id of a change's command.
func (c change) withID(id string) change {
	c.id = id
	return c
}

func cmpError(what string, want, got any) error {
	return fmt.Errorf("%s: want %v, got %v", what, want, got)
}
