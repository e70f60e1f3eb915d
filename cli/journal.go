package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// journalCmd prints the pages of a journal.
type journalCmd struct {
	storeFlag
	Site string `help:"The site; needed when the store holds several."`
	From int64  `help:"First commit." default:"1" placeholder:"SEQ"`
	To   int64  `help:"Last commit; default: the newest." placeholder:"SEQ"`
}

// Help is printed below the flags.
func (journalCmd) Help() string {
	return `Prints a JSON object a page: its site, first and last commit, time, the hash of the page
before it, its own hash, and its body, an array of commits. The body is the text as it was hashed,
byte for byte: hash is the SHA-256 of prev followed by body. A SQLite store keeps bodies packed, so
this is how to read them. It holds no names, phones or notes.

Examples:
  lunpai journal --store sqlite:lunpai.db
  lunpai journal --from 1200 --to 1210`
}

// Validate refuses numbers that no commit has.
func (c *journalCmd) Validate() error {
	if c.From < 1 || c.To < 0 || c.To > 0 && c.To < c.From {
		return errors.New("--from and --to are numbers of commits, 1 or more, in this order")
	}
	return nil
}

// Run prints.
func (c *journalCmd) Run(ctx context.Context, w *World) (err error) {
	s, err := openForReading(ctx, c.Store, w.warnings())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	site, err := oneSite(ctx, s, workflow.SiteID(c.Site))
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w.Stdout)
	for seq, more := c.From, true; more; {
		const atOnce = 64
		pages, err := s.Since(ctx, site, seq, atOnce)
		if err != nil {
			return err
		}
		more = len(pages) == atOnce
		for _, p := range pages {
			if c.To > 0 && p.First > c.To {
				more = false
				break
			}
			if repo.Chain(p.Prev, p.Body) != p.Hash {
				return fmt.Errorf("%w: page %s does not match its hash", repo.ErrCorrupt,
					repo.PageID(p.Site, p.First))
			}
			line, err := pageText(p)
			if err == nil {
				_, err = out.Write(line)
			}
			if err != nil {
				return err
			}
			seq = p.Last + 1
		}
	}
	return out.Flush()
}

// pageText is a line. The body is copied, not encoded again.
func pageText(p *repo.Page) ([]byte, error) {
	site, err := workflow.Encode(p.Site)
	b := append([]byte(`{"site":`), site...)
	b = fmt.Appendf(b, `,"first":%d,"last":%d,"at":%q,"prev":%q,"hash":%q,"body":`, p.First,
		p.Last, p.At.Format(time.RFC3339Nano), p.Prev, p.Hash)
	return append(append(b, p.Body...), "}\n"...), err
}
