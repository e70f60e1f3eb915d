package repo

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash/maphash"
	"maps"
	"math"
	"slices"

	"github.com/lunpai/lunpai/workflow"
)

// Expectation is a head that somebody kept: a commit, and the hash of the page that ends with it.
type Expectation struct {
	Seq  int64
	Hash string
}

// VerifyOptions says what to verify.
type VerifyOptions struct {
	// Sites to verify; none: all.
	Sites []workflow.SiteID
	// Expect are heads kept elsewhere. Only they reveal a chain that was rewritten as a whole, or
	// is gone.
	Expect map[workflow.SiteID]Expectation
	// Progress is called from time to time with the site and the commit reached. It may be nil.
	Progress func(site workflow.SiteID, seq int64)
}

// SiteReport is what Verify found out about one site or, without a site, about the store as a
// whole.
type SiteReport struct {
	Site    workflow.SiteID `json:"site"`
	Commits int64           `json:"commits"`
	Pages   int64           `json:"pages"`
	Head    string          `json:"head"`
	Mark    int64           `json:"mark"`
	Records int             `json:"records"`
	// Problems name what is wrong and where. None: journal and documents agree byte for byte.
	Problems []string `json:"problems,omitempty"`
}

// maxProblems limits how many problems are reported for one site.
const maxProblems = 20

// Verify reads a store's journals from the beginning and checks the chain of hashes, the numbers,
// that no command ran twice, and that the documents are exactly what the journal says. It changes
// nothing and may run while the store is in use: documents that trail the journal, and what is
// written meanwhile, are not problems. Memory grows with the records of one site (about 200 bytes
// each) and its commits (16 bytes each).
func Verify(ctx context.Context, s Store, o VerifyOptions) ([]SiteReport, error) {
	sites := o.Sites
	if len(sites) == 0 {
		var err error
		if sites, err = allSites(ctx, s, o.Expect); err != nil {
			return nil, fmt.Errorf("verify: %w", err)
		}
	}
	reports, err := checkItself(ctx, s, o)
	if err != nil {
		return nil, err
	}
	for _, site := range sites {
		v := verifier{
			store: s, o: o, r: SiteReport{Site: site}, images: map[workflow.Ref]sum{},
			seed: maphash.MakeSeed(),
		}
		if err := v.verifySite(ctx); err != nil {
			return reports, fmt.Errorf("verify site %s: %w", site, err)
		}
		reports = append(reports, v.r)
	}
	return reports, nil
}

// checkItself asks a store that can check itself to do so.
func checkItself(ctx context.Context, s Store, o VerifyOptions) ([]SiteReport, error) {
	c, ok := s.(SelfChecker)
	if !ok || len(o.Sites) > 0 {
		return nil, nil
	}
	problems, err := c.Check(ctx)
	if err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	if len(problems) == 0 {
		return nil, nil
	}
	return []SiteReport{{Problems: problems}}, nil
}

// allSites are the sites that have a journal, a record or a kept head.
func allSites(
	ctx context.Context, s Store, expect map[workflow.SiteID]Expectation,
) ([]workflow.SiteID, error) {
	sites, err := s.Sites(ctx)
	if err != nil {
		return nil, err
	}
	err = s.ScanAllSites(ctx, workflow.Sites, func(d Document) error {
		sites = append(sites, d.Site)
		return nil
	})
	if err != nil {
		return nil, err
	}
	sites = slices.AppendSeq(sites, maps.Keys(expect))
	slices.Sort(sites)
	return slices.Compact(sites), nil
}

// sum stands for an image: the number of its commit and the hash of its text.
type sum struct {
	seq  int64
	hash [sha256.Size]byte
}

func sumOf(seq int64, i workflow.Image) sum {
	h := sha256.New()
	h.Write(i.Doc)
	if i.Open {
		h.Write([]byte{1})
	}
	s := sum{seq: seq}
	h.Sum(s.hash[:0])
	return s
}

// ranAt says which commit a command became, by a hash of its id.
type ranAt struct {
	id  uint64
	seq int64
}

type verifier struct {
	store  Store
	o      VerifyOptions
	r      SiteReport
	images map[workflow.Ref]sum
	seed   maphash.Seed
	runs   []ranAt
	beyond []Document // documents of commits that the journal did not hold when it was read
}

func (v *verifier) problem(format string, args ...any) {
	if len(v.r.Problems) < maxProblems {
		v.r.Problems = append(v.r.Problems, fmt.Sprintf(format, args...))
	}
}

// verifySite reads the mark, then the journal, then the documents: what is read after the mark
// holds everything up to it.
func (v *verifier) verifySite(ctx context.Context) (err error) {
	if v.r.Mark, err = v.store.Mark(ctx, v.r.Site); err != nil {
		return err
	}
	if err := v.readChain(ctx); err != nil {
		return err
	}
	if err := v.findRepeats(ctx); err != nil {
		return err
	}
	if e, ok := v.o.Expect[v.r.Site]; ok {
		if err := v.checkHead(ctx, e); err != nil {
			return err
		}
	}
	if v.r.Mark > v.r.Commits {
		v.problem("the documents' mark %d lies beyond the journal's last commit %d", v.r.Mark,
			v.r.Commits)
	}
	return v.checkDocuments(ctx)
}

// checkHead compares the journal with a head that was kept.
func (v *verifier) checkHead(ctx context.Context, e Expectation) error {
	pages, err := v.store.Since(ctx, v.r.Site, e.Seq, 1)
	if err != nil {
		return err
	}
	if len(pages) == 0 || pages[0].Last != e.Seq || pages[0].Hash != e.Hash {
		v.problem("commit %d does not end a page with hash %s: the journal is not the one that "+
			"was kept", e.Seq, e.Hash)
	}
	return nil
}

// readChain follows the pages from the first.
func (v *verifier) readChain(ctx context.Context) error {
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
			v.addPage(p, cs)
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

// addPage notes what a page's commits changed, and compares them with the page's plain fields.
func (v *verifier) addPage(p *Page, cs []*workflow.Commit) {
	same := len(cs) == len(p.Entries)
	for i, c := range cs {
		same = same && p.Entries[i] == Entry{c.ID, c.Kind}
		v.runs = append(v.runs, ranAt{maphash.String(v.seed, c.ID), c.Seq})
		if c.MinReader > workflow.MinReader {
			v.problem("commit %d needs a newer lunpai", c.Seq)
		}
		for _, i := range c.Images {
			v.images[i.Ref] = sumOf(c.Seq, i)
		}
	}
	if len(cs) > 0 && (!same || !p.At.Equal(cs[len(cs)-1].At)) {
		v.problem("page %s says other commits than it holds", PageID(p.Site, p.First))
	}
}

// findRepeats looks for commands that ran more than once. Where the hashes of two ids are equal,
// the ids themselves are read.
func (v *verifier) findRepeats(ctx context.Context) error {
	slices.SortFunc(v.runs, func(a, b ranAt) int {
		return cmp.Or(cmp.Compare(a.id, b.id), cmp.Compare(a.seq, b.seq))
	})
	for i := 1; i < len(v.runs); i++ {
		a, b := v.runs[i-1], v.runs[i]
		if a.id != b.id {
			continue
		}
		first, err := v.idOf(ctx, a.seq)
		if err != nil {
			return err
		}
		if second, err := v.idOf(ctx, b.seq); err != nil {
			return err
		} else if first == second {
			v.problem("command %s ran twice, as commits %d and %d", first, a.seq, b.seq)
		}
	}
	v.runs = nil
	return nil
}

func (v *verifier) idOf(ctx context.Context, seq int64) (string, error) {
	pages, err := v.store.Since(ctx, v.r.Site, seq, 1)
	if err != nil || len(pages) == 0 {
		return "", err
	}
	cs, err := pages[0].Commits()
	if i := seq - pages[0].First; err == nil && i >= 0 && i < int64(len(cs)) {
		return cs[i].ID, nil
	}
	return "", nil
}

// checkDocuments compares the stored documents with the last image of every record.
func (v *verifier) checkDocuments(ctx context.Context) error {
	v.r.Records = len(v.images)
	for _, c := range workflow.Collections {
		if err := v.store.Scan(ctx, Span{Collection: c, Site: v.r.Site},
			func(d Document) error { v.compare(d); return nil }); err != nil {
			return err
		}
	}
	missing := slices.SortedFunc(maps.Keys(v.images), func(a, b workflow.Ref) int {
		return cmp.Or(cmp.Compare(v.images[a].seq, v.images[b].seq), cmp.Compare(a.ID, b.ID))
	})
	for _, ref := range missing {
		if v.images[ref].seq <= v.r.Mark {
			v.problem("%s %s of commit %d is missing", ref.Collection, ref.ID, v.images[ref].seq)
		}
	}
	return v.checkBeyond(ctx)
}

// compare checks one document and marks its record as seen.
func (v *verifier) compare(d Document) {
	want, ok := v.images[d.Ref]
	delete(v.images, d.Ref)
	switch {
	case d.Seq > v.r.Commits:
		if len(v.beyond) < maxProblems {
			v.beyond = append(v.beyond, d)
		}
	case !ok:
		v.problem("%s %s is in no commit", d.Collection, d.ID)
	case d.Seq < want.seq && want.seq > v.r.Mark: // it trails, and may
	case d.Seq < want.seq:
		v.problem("%s %s is older than the mark: it stands at commit %d, not %d", d.Collection,
			d.ID, d.Seq, want.seq)
	case d.Seq > want.seq, sumOf(d.Seq, d.Image) != want:
		v.problem("%s %s differs from commit %d", d.Collection, d.ID, want.seq)
	}
}

// checkBeyond checks documents that are newer than the journal was when it was read: either the
// journal has grown since, or it lacks their commits.
func (v *verifier) checkBeyond(ctx context.Context) error {
	if len(v.beyond) == 0 {
		return nil
	}
	pages, err := v.store.Before(ctx, v.r.Site, math.MaxInt64, 1)
	if err != nil {
		return err
	}
	last := v.r.Commits
	if len(pages) > 0 {
		last = pages[0].Last
	}
	for _, d := range v.beyond {
		if d.Seq > last {
			v.problem("%s %s was written by commit %d, which the journal does not hold",
				d.Collection, d.ID, d.Seq)
		}
	}
	return nil
}

// Sound returns an error that names every problem of the reports; nil when there is none.
func Sound(reports []SiteReport) error {
	var errs []error
	for _, r := range reports {
		for _, p := range r.Problems {
			if r.Site == "" {
				errs = append(errs, fmt.Errorf("%w: the store: %s", ErrCorrupt, p))
				continue
			}
			errs = append(errs, fmt.Errorf("%w: site %s: %s", ErrCorrupt, r.Site, p))
		}
	}
	return errors.Join(errs...)
}
