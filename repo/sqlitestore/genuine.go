package sqlitestore

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"slices"
	"sync"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// A document has no checksum, but it is an image of a commit, and the chain of hashes vouches for
// the commit. So each document is compared with its commit when it is first read: what a disk did
// to it is noticed then, not by the next night's verify. Reports read everything; they compare only
// after a start that did not follow an orderly stop.

// doubts knows which documents were not compared yet.
type doubts struct {
	scans bool // reports compare too

	mu   sync.Mutex
	seen map[docVersion]struct{}
}

// docVersion is a document as one commit left it.
type docVersion struct {
	site workflow.SiteID
	ref  workflow.Ref
	seq  int64
}

// maxSeen limits what is remembered; what is forgotten is compared again.
const maxSeen = 1 << 16

// has reports whether a version is still to be compared.
func (d *doubts) has(v docVersion) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, ok := d.seen[v]
	return !ok
}

func (d *doubts) settle(v docVersion) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.seen == nil || len(d.seen) >= maxSeen {
		d.seen = make(map[docVersion]struct{})
	}
	d.seen[v] = struct{}{}
}

// genuine compares documents that were just read with the journal.
func (s *Store) genuine(ctx context.Context, p *pool, docs []repo.Document) error {
	for _, d := range docs {
		v := docVersion{d.Site, d.Ref, d.Seq}
		if !s.doubts.has(v) {
			continue
		}
		if err := s.vouch(ctx, p, d); err != nil {
			return err
		}
		s.doubts.settle(v)
	}
	return nil
}

// vouch finds a document in the page of its commit, exactly as it was written there.
func (s *Store) vouch(ctx context.Context, p *pool, d repo.Document) error {
	pages, err := s.holding(ctx, p, d.Site, d.Seq)
	if err != nil {
		return err
	}
	written, err := workflow.Encode(workflow.Image{Ref: d.Ref, Open: d.Open})
	if err != nil {
		return err
	}
	written = append(bytes.TrimSuffix(written, []byte("null}")), d.Doc...)
	for _, page := range pages {
		if page.Hash != repo.Chain(page.Prev, page.Body) {
			return fmt.Errorf("%w: page %s does not match its hash", repo.ErrCorrupt,
				repo.PageID(page.Site, page.First))
		}
		if page.Last >= d.Seq && bytes.Contains(page.Body, append(written, '}')) {
			return nil
		}
	}
	return fmt.Errorf("%w: %s %s of site %s differs from commit %d", repo.ErrCorrupt, d.Collection,
		d.ID, d.Site, d.Seq)
}

// holding is the page that has a commit, without what it lists of its commits: reading that takes
// longer than all the rest.
func (s *Store) holding(
	ctx context.Context, p *pool, site workflow.SiteID, seq int64,
) ([]*repo.Page, error) {
	for _, behind := range slices.Backward(s.tail.of(site)) {
		if behind.first <= seq {
			rows, err := p.row.QueryContext(ctx, behind.key)
			return collect(rows, err, scanBare)
		}
	}
	rows, err := p.before.QueryContext(ctx, site, seq, 1)
	return collect(rows, err, scanBare)
}

// scanBare is scanPage without the entries.
func scanBare(rows *sql.Rows) (*repo.Page, error) {
	p, _, _, err := scanColumns(rows, false)
	return p, err
}

// untouched reports whether the store was stopped properly and nobody has written to its file
// since.
func (l *light) untouched(path string) bool {
	if l == nil || l.State != stateClosed {
		return false
	}
	is, err := os.Stat(path)
	return err == nil && is.Size() == l.Size && changed(is).UnixNano() == l.Changed
}

// asItLies records size and time of the file after an orderly stop.
func (l *light) asItLies(f *os.File) error {
	is, err := f.Stat()
	if err == nil {
		l.Size, l.Changed = is.Size(), changed(is).UnixNano()
	}
	return err
}
