package repo_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/repotest"
	"github.com/lunpai/lunpai/workflow"
)

// forged is a store that returns other documents and pages than it holds.
type forged struct {
	repo.Store
	page func(p *repo.Page) *repo.Page               // nil: the page is gone
	docs func(c workflow.Collection) []repo.Document // more documents
	doc  func(d repo.Document) (repo.Document, bool) // false: the document is gone
	mark func(workflow.SiteID, int64) (int64, error)
}

func (f *forged) Since(
	ctx context.Context, site workflow.SiteID, seq int64, limit int,
) ([]*repo.Page, error) {
	pages, err := f.Store.Since(ctx, site, seq, limit)
	if f.page == nil {
		return pages, err
	}
	var out []*repo.Page
	for _, p := range pages {
		if p = f.page(p); p != nil {
			out = append(out, p)
		}
	}
	return out, err
}

func (f *forged) Scan(ctx context.Context, of repo.Span, use func(repo.Document) error) error {
	forge := func(d repo.Document) error {
		if d.Site != of.Site {
			return nil
		}
		return use(d)
	}
	if err := f.forge(of.Collection, forge); err != nil {
		return err
	}
	return f.Store.Scan(ctx, of, f.change(use))
}

func (f *forged) ScanAllSites(
	ctx context.Context, c workflow.Collection, use func(repo.Document) error,
) error {
	if err := f.forge(c, use); err != nil {
		return err
	}
	return f.Store.ScanAllSites(ctx, c, f.change(use))
}

// forge adds documents that are not in the store.
func (f *forged) forge(c workflow.Collection, use func(repo.Document) error) error {
	if f.docs == nil {
		return nil
	}
	for _, d := range f.docs(c) {
		if err := use(d); err != nil {
			return err
		}
	}
	return nil
}

// change returns the store's documents altered.
func (f *forged) change(use func(repo.Document) error) func(repo.Document) error {
	return func(d repo.Document) error {
		if f.doc != nil {
			var ok bool
			if d, ok = f.doc(d); !ok {
				return nil
			}
		}
		return use(d)
	}
}

func (f *forged) Mark(ctx context.Context, site workflow.SiteID) (int64, error) {
	n, err := f.Store.Mark(ctx, site)
	if f.mark != nil && err == nil {
		return f.mark(site, n)
	}
	return n, err
}

// book is a store with one site of five commits: created, visit v arrives, is identified, is
// assigned, visit w arrives.
func book(t testing.TB) repo.Store {
	s := repotest.SQLite(t)
	d := repotest.Engine(t, repo.Config{Store: s})
	found(t, d, "s")
	for i, cmd := range []workflow.Command{
		&workflow.ArriveVisit{Visit: "v"},
		&workflow.IdentifyVisit{Visit: "v", Identity: workflow.Identity{Kind: workflow.KindNew}},
		&workflow.AssignVisit{Visit: "v"},
		&workflow.ArriveVisit{Visit: "w"},
	} {
		repotest.MustDo(t, d, "s", fmt.Sprint("c", i), workflow.RoleFrontDesk, cmd)
	}
	return s
}

func replaceBody(old, new string) func(*repo.Page) *repo.Page {
	return func(p *repo.Page) *repo.Page {
		p.Body = bytes.ReplaceAll(p.Body, []byte(old), []byte(new))
		return p
	}
}

func TestVerify(t *testing.T) {
	s := book(t)
	var pages []*repo.Page
	var err error
	if pages, err = s.Since(t.Context(), "s", 1, 100); err != nil || len(pages) != 5 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	visit := func(d repo.Document) bool { return d.Ref == workflow.VisitRef("v") }
	stray := repo.Document{
		Image: workflow.Image{Ref: workflow.VisitRef("stray"), Doc: []byte("{}")}, Site: "s",
		Seq: 2,
	}
	for name, c := range map[string]struct {
		f    forged
		want string // "" for none
		o    repo.VerifyOptions
	}{
		"sound": {},
		"a kept head": {
			o: repo.VerifyOptions{
				Expect: map[workflow.SiteID]repo.Expectation{"s": {Seq: 3, Hash: pages[2].Hash}},
			},
		},
		"another head": {
			o: repo.VerifyOptions{Expect: map[workflow.SiteID]repo.Expectation{"s": {
				Seq: 3, Hash: pages[1].Hash,
			}}}, want: "not the one that was kept",
		},
		"a site is gone": {
			o: repo.VerifyOptions{Expect: map[workflow.SiteID]repo.Expectation{"gone": {
				Seq: 3, Hash: "x",
			}}}, want: "not the one that was kept",
		},
		"changed commit": {
			f:    forged{page: replaceBody("arrive_visit", "arrive_vizit")},
			want: "does not match its hash",
		},
		"missing page": {f: forged{page: func(p *repo.Page) *repo.Page {
			if p.First == 3 {
				return nil
			}
			return p
		}}, want: "does not follow commit 2"},
		"spliced chain": {f: forged{page: func(p *repo.Page) *repo.Page {
			if p.First == 3 {
				p.Prev = strings.Repeat("0", 64)
				p.Hash = repo.Chain(p.Prev, p.Body)
			}
			return p
		}}, want: "does not follow commit 2"},
		"other entries": {f: forged{page: func(p *repo.Page) *repo.Page {
			p.Entries[0].ID += "x"
			return p
		}}, want: "says other commits than it holds"},
		"a command twice": {f: forged{page: func(p *repo.Page) *repo.Page {
			p.Body = bytes.ReplaceAll(p.Body, []byte(`"id":"c3"`), []byte(`"id":"c0"`))
			return p
		}}, want: "command c0 ran twice, as commits 2 and 5"},
		"newer program": {
			f:    forged{page: replaceBody(`"min_reader":2`, `"min_reader":99`)},
			want: "needs a newer lunpai",
		},
		"missing document": {
			f:    forged{doc: func(d repo.Document) (repo.Document, bool) { return d, !visit(d) }},
			want: "visits v of commit 4 is missing",
		},
		"extra document": {
			f: forged{
				docs: func(c workflow.Collection) []repo.Document { return only(c, stray) },
			},
			want: "visits stray is in no commit",
		},
		"changed document": {f: forged{doc: func(d repo.Document) (repo.Document, bool) {
			if visit(d) {
				d.Doc = bytes.Replace(d.Doc, []byte(`"new"`), []byte(`"peer"`), 1)
			}
			return d, true
		}}, want: "visits v differs from commit 4"},
		"closed document": {f: forged{doc: func(d repo.Document) (repo.Document, bool) {
			d.Open = d.Open && !visit(d)
			return d, true
		}}, want: "visits v differs from commit 4"},
		"older document": {f: forged{doc: func(d repo.Document) (repo.Document, bool) {
			if visit(d) {
				d.Seq = 3
			}
			return d, true
		}}, want: "visits v is older than the mark: it stands at commit 3, not 4"},
		"document ahead of journal": {f: forged{doc: func(d repo.Document) (repo.Document, bool) {
			if visit(d) {
				d.Seq = 6
			}
			return d, true
		}}, want: "visits v was written by commit 6, which the journal does not hold"},
		"documents that trail": {f: forged{
			doc: func(d repo.Document) (repo.Document, bool) {
				if visit(d) {
					d.Seq = 3
				}
				return d, true
			},
			mark: func(workflow.SiteID, int64) (int64, error) { return 3, nil },
		}},
		"mark beyond the journal": {
			f:    forged{mark: func(workflow.SiteID, int64) (int64, error) { return 6, nil }},
			want: "mark 6 lies beyond the journal's last commit 5",
		},
		"a site without journal": {f: forged{docs: func(c workflow.Collection) []repo.Document {
			return only(c, repo.Document{
				Image: workflow.Image{Ref: workflow.SiteRef("ghost"), Doc: []byte("{}")},
				Site:  "ghost", Seq: 1,
			})
		}}, want: "sites ghost was written by commit 1, which the journal does not hold"},
	} {
		t.Run(name, func(t *testing.T) {
			c.f.Store = s
			if c.f.page != nil && strings.Contains(name, "twice") || name == "newer program" {
				c.f.page = rehash(pages, c.f.page)
			}
			reports, err := repo.Verify(t.Context(), &c.f, c.o)
			if err != nil {
				t.Fatal(err)
			}
			err = repo.Sound(reports)
			if c.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if !errors.Is(err, repo.ErrCorrupt) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v\nwant %s", err, c.want)
			}
		})
	}
}

// rehash makes a better forger: the chain is right again.
func rehash(pages []*repo.Page, forge func(*repo.Page) *repo.Page) func(*repo.Page) *repo.Page {
	prev := ""
	chain := map[int64]*repo.Page{}
	for _, p := range pages {
		q := *p
		forge(&q)
		q.Prev, q.Hash = prev, repo.Chain(prev, q.Body)
		prev = q.Hash
		chain[q.First] = &q
	}
	return func(p *repo.Page) *repo.Page { q := *chain[p.First]; return &q }
}

func only(c workflow.Collection, d repo.Document) []repo.Document {
	if d.Collection != c {
		return nil
	}
	return []repo.Document{d}
}

// TestVerifyInService: what is written during the verification is not reported.
func TestVerifyInService(t *testing.T) {
	s := book(t)
	d := repotest.Engine(t, repo.Config{Store: s})
	n := 0
	f := &forged{Store: s, doc: func(d2 repo.Document) (repo.Document, bool) {
		return d2, true
	}}
	o := repo.VerifyOptions{Progress: func(workflow.SiteID, int64) { // after the journal was read
		n++
		repotest.MustDo(
			t,
			d,
			"s",
			fmt.Sprint("more", n),
			workflow.RoleFrontDesk,
			&workflow.ArriveVisit{
				Visit: workflow.VisitID(fmt.Sprint("more", n)),
			},
		)
		repotest.MustDo(
			t,
			d,
			"s",
			"serve",
			workflow.RoleFrontDesk,
			&workflow.ServeVisit{Visit: "v"},
		)
	}}
	reports, err := repo.Verify(t.Context(), f, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := repo.Sound(reports); err != nil {
		t.Error(err)
	}
}
