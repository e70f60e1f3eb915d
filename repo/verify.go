package repo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/lunpai/lunpai/workflow"
)

// Expectation is a head that somebody kept: the hash of the page that ends with a commit.
type Expectation struct {
	Seq  int64
	Hash string
}

// VerifyOptions says what to verify.
type VerifyOptions struct {
	// Sites to verify; none: all.
	Sites []workflow.SiteID
	// Expect are heads kept elsewhere: a chain that was rewritten as a whole shows only against them.
	Expect map[workflow.SiteID]Expectation
	// Progress is called now and then with the site and the commit reached; may be nil.
	Progress func(site workflow.SiteID, seq int64)
}

// SiteReport is the state of one site.
type SiteReport struct {
	Site    workflow.SiteID `json:"site"`
	Commits int64           `json:"commits"`
	Pages   int64           `json:"pages"`
	Head    string          `json:"head"`
	Mark    int64           `json:"mark"`
	Records int             `json:"records"`
	// Problems are what does not fit, each naming its place; none: journal and documents agree byte for byte.
	Problems []string `json:"problems,omitempty"`
}

// maxProblems bounds what is reported of one site.
const maxProblems = 20

// Verify reads a store's journals from the beginning: the chain of hashes, the numbers, that no command ran twice, and that
// the documents are exactly what the journal says. It changes nothing. Memory grows with the records of one site.
func Verify(ctx context.Context, s Store, o VerifyOptions) ([]SiteReport, error) {
	sites := o.Sites
	if len(sites) == 0 {
		var err error
		if sites, err = s.Sites(ctx); err != nil {
			return nil, fmt.Errorf("verify: %w", err)
		}
	}
	var reports []SiteReport
	for _, site := range sites {
		v := verifier{store: s, o: o, r: SiteReport{Site: site}, images: map[workflow.Ref]sum{}, ids: map[string]int64{}}
		if err := v.run(ctx); err != nil {
			return reports, fmt.Errorf("verify site %s: %w", site, err)
		}
		reports = append(reports, v.r)
	}
	return reports, nil
}

// sum stands for an image: its number and the hash of its text.
type sum struct {
	seq  int64
	hash string
}

type verifier struct {
	store  Store
	o      VerifyOptions
	r      SiteReport
	images map[workflow.Ref]sum
	ids    map[string]int64
}

func (v *verifier) problem(format string, args ...any) {
	if len(v.r.Problems) < maxProblems {
		v.r.Problems = append(v.r.Problems, fmt.Sprintf(format, args...))
	}
}

func (v *verifier) run(ctx context.Context) error {
	if err := v.chain(ctx); err != nil {
		return err
	}
	if e, ok := v.o.Expect[v.r.Site]; ok && !v.expected(ctx, e) {
		v.problem("commit %d does not end a page with hash %s: the journal is not the one that was kept", e.Seq, e.Hash)
	}
	mark, err := v.store.Mark(ctx, v.r.Site)
	if err != nil {
		return err
	}
	v.r.Mark = mark
	if mark > v.r.Commits {
		v.problem("the documents' mark %d lies beyond the journal's last commit %d", mark, v.r.Commits)
	}
	return v.documents(ctx)
}

func (v *verifier) expected(ctx context.Context, e Expectation) bool {
	pages, err := v.store.Since(ctx, v.r.Site, e.Seq, 1)
	return err == nil && len(pages) == 1 && pages[0].Last == e.Seq && pages[0].Hash == e.Hash
}

// chain follows the pages from the first.
func (v *verifier) chain(ctx context.Context) error {
	for {
		pages, err := v.store.Since(ctx, v.r.Site, v.r.Commits+1, readPages)
		if err != nil {
			return err
		}
		for _, p := range pages {
			if p.Prev != v.r.Head || p.First != v.r.Commits+1 {
				v.problem("page %s does not follow commit %d", PageID(p.Site, p.First), v.r.Commits)
			}
			cs, err := p.Commits()
			if err != nil {
				v.problem("%v", err)
			}
			v.commits(cs)
			v.r.Pages, v.r.Commits, v.r.Head = v.r.Pages+1, p.Last, p.Hash
		}
		if v.o.Progress != nil {
			v.o.Progress(v.r.Site, v.r.Commits)
		}
		if len(pages) < readPages {
			return ctx.Err()
		}
	}
}

func (v *verifier) commits(cs []*workflow.Commit) {
	for _, c := range cs {
		if first, twice := v.ids[c.ID]; twice {
			v.problem("command %s ran twice, as commits %d and %d", c.ID, first, c.Seq)
		}
		v.ids[c.ID] = c.Seq
		if c.MinReader > workflow.MinReader {
			v.problem("commit %d needs a newer lunpai", c.Seq)
		}
		for _, i := range c.Images {
			v.images[i.Ref] = sum{c.Seq, Chain("", i.Doc)}
		}
	}
}

// documents compares what stands in the store with the last image of every record.
func (v *verifier) documents(ctx context.Context) error {
	v.r.Records = len(v.images)
	for _, c := range workflow.Collections {
		err := v.store.Scan(ctx, c, v.r.Site, func(d Document) error {
			want, ok := v.images[d.Ref]
			switch {
			case !ok:
				v.problem("%s %s is in no commit", d.Collection, d.ID)
			case want.hash != Chain("", bytes.TrimSpace(d.Doc)):
				v.problem("%s %s differs from commit %d", d.Collection, d.ID, want.seq)
			}
			delete(v.images, d.Ref)
			return nil
		})
		if err != nil {
			return err
		}
	}
	missing := slices.SortedFunc(maps.Keys(v.images), func(a, b workflow.Ref) int { return int(v.images[a].seq - v.images[b].seq) })
	for _, ref := range missing {
		if v.images[ref].seq <= v.r.Mark {
			v.problem("%s %s of commit %d is missing", ref.Collection, ref.ID, v.images[ref].seq)
		}
	}
	return nil
}

// Sound returns an error that names the first problem of the reports; nil when there is none.
func Sound(reports []SiteReport) error {
	var errs []error
	for _, r := range reports {
		for _, p := range r.Problems {
			errs = append(errs, fmt.Errorf("%w: site %s: %s", ErrCorrupt, r.Site, p))
		}
	}
	return errors.Join(errs...)
}
