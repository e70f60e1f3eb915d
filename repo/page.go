package repo

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// Bounds of a page: commits decided together, and bytes of body after which no further commit is
// added.
const (
	MaxPageCommits = 64
	MaxPageBytes   = 256 << 10
)

// Entry is what a page says in plain fields about one commit.
type Entry struct {
	ID   string        `json:"id"`
	Kind workflow.Kind `json:"kind"`
}

// Page is one link of a site's journal: the commits First … Last, decided together, landing whole
// or not at all. Its stored id is PageID(Site, First).
type Page struct {
	Site    workflow.SiteID
	First   int64
	Last    int64
	At      time.Time // of the last commit
	Prev    string    // Hash of the page before; "" for the first
	Hash    string    // hex SHA-256(Prev ‖ Body)
	Body    []byte    // canonical JSON text of []workflow.Commit, stored as text, exactly
	Entries []Entry
	// Images are the newest images of the page's records, one each: what becomes documents. They
	// are derived from Body; a store fills them in on reading only if it is asked to project.
	Images []workflow.Image
}

// PageID is the stored id of the page whose first commit has this number.
func PageID(site workflow.SiteID, first int64) string {
	return fmt.Sprintf("%s/%012d", site, first)
}

// NewPage makes the page that follows prev (a Hash) out of commits that follow each other.
func NewPage(site workflow.SiteID, prev string, commits []*workflow.Commit) (*Page, error) {
	body, err := workflow.AppendCommits(make([]byte, 0, 4096*len(commits)), commits)
	if err == nil {
		err = NeedSite(site)
	}
	if err != nil {
		return nil, err
	}
	last := commits[len(commits)-1]
	p := &Page{
		Site: site, First: commits[0].Seq, Last: last.Seq, At: last.At,
		Prev: prev, Hash: Chain(prev, body), Body: body, Entries: make([]Entry, len(commits)),
	}
	for i, c := range commits {
		p.Entries[i] = Entry{ID: c.ID, Kind: c.Kind}
	}
	p.Images = newest(commits)
	return p, nil
}

// Chain is the hash of a page: hex SHA-256 over the hash of the page before it and its own body.
func Chain(prev string, body []byte) string {
	h := sha256.New()
	h.Write([]byte(prev))
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil))
}

// Commits decodes the page, checks its hash and numbers, and fills Images. It fails with
// ErrCorrupt, naming the place.
func (p *Page) Commits() ([]*workflow.Commit, error) {
	if Chain(p.Prev, p.Body) != p.Hash {
		return nil, fmt.Errorf("%w: page %s does not match its hash", ErrCorrupt,
			PageID(p.Site, p.First))
	}
	var cs []*workflow.Commit
	if err := json.Unmarshal(p.Body, &cs); err != nil {
		return nil, fmt.Errorf("%w: page %s: %w", ErrCorrupt, PageID(p.Site, p.First), err)
	}
	if len(cs) == 0 || cs[0].Seq != p.First || cs[len(cs)-1].Seq != p.Last ||
		int64(len(cs)) != p.Last-p.First+1 {
		return nil, fmt.Errorf("%w: page %s does not hold the commits it names", ErrCorrupt,
			PageID(p.Site, p.First))
	}
	p.Images = newest(cs)
	return cs, nil
}

// MayConcern reports whether the page can hold a commit about somebody, whose id is given as JSON
// text, and checks the page's hash.
func (p *Page) MayConcern(id []byte) (bool, error) {
	if Chain(p.Prev, p.Body) != p.Hash {
		return false, fmt.Errorf("%w: page %s does not match its hash", ErrCorrupt,
			PageID(p.Site, p.First))
	}
	return workflow.MayConcern(p.Body, id), nil
}

// Outlines splits the page into its commits without decoding them, and checks hash and numbers as
// Commits does.
func (p *Page) Outlines() ([]*workflow.Outline, error) {
	if Chain(p.Prev, p.Body) != p.Hash {
		return nil, fmt.Errorf("%w: page %s does not match its hash", ErrCorrupt,
			PageID(p.Site, p.First))
	}
	ks, err := workflow.Outlines(p.Body)
	if err != nil {
		return nil, fmt.Errorf("%w: page %s: %w", ErrCorrupt, PageID(p.Site, p.First), err)
	}
	if len(ks) == 0 || ks[0].Seq != p.First || ks[len(ks)-1].Seq != p.Last ||
		int64(len(ks)) != p.Last-p.First+1 {
		return nil, fmt.Errorf("%w: page %s does not hold the commits it names", ErrCorrupt,
			PageID(p.Site, p.First))
	}
	return ks, nil
}

// newest are the last images of the records that the commits changed, one a record, in order of
// first change.
func newest(cs []*workflow.Commit) []workflow.Image {
	if len(cs) == 1 {
		return cs[0].Images
	}
	var out []workflow.Image
	at := make(map[workflow.Ref]int)
	for _, c := range cs {
		for _, i := range c.Images {
			if k, ok := at[i.Ref]; ok {
				out[k] = i
				continue
			}
			at[i.Ref] = len(out)
			out = append(out, i)
		}
	}
	return out
}
