package repo

import (
	"context"
	"errors"
	"fmt"

	"github.com/lunpai/lunpai/workflow"
)

// readPages is how many pages are read at once.
const readPages = 64

// load reads the site's board: open documents, then the journal from their mark on.
func (s *siteWriter) load(ctx context.Context) error {
	docs, mark, err := s.engine.cfg.Store.Load(ctx, s.id)
	if err != nil {
		return fmt.Errorf("load site %s: %w", s.id, err)
	}
	b := workflow.NewBoard(s.id)
	newest := mark
	for _, doc := range docs {
		r, err := doc.Record()
		if err != nil {
			return err
		}
		newest = max(newest, workflow.Version(r))
		b.Put(r)
	}
	if mark > 0 && (b.Site() == nil || b.Rota() == nil) {
		return fmt.Errorf("%w: site %s: the documents stand at commit %d, but the site's own record or its line is not among them", ErrCorrupt, s.id, mark)
	}
	b.Seq = mark
	s.board, s.seq, s.head = b, mark, ""
	err = s.follow(ctx, mark, mark > 0)
	if err == nil && s.seq < newest {
		err = fmt.Errorf("%w: site %s: a document was written by commit %d, the journal ends at %d", ErrCorrupt, s.id, newest, s.seq)
	}
	if err != nil {
		s.board = nil
		return err
	}
	s.fresh = true
	return nil
}

// catchUpOnce brings the board up to the journal, unless that was done since the jobs of this round were taken. No undecided
// commit may be on the board.
func (s *siteWriter) catchUpOnce(ctx context.Context) error {
	if s.fresh && s.board != nil {
		return nil
	}
	err := s.check(s.catchUp(ctx))
	s.fresh = err == nil
	if s.board != nil {
		s.board.Begin() // what was caught up with is not to be rolled back
	}
	return err
}

// catchUp folds in what others appended. The head page is read again and its hash compared: where it is gone or different the
// newest pages were lost (a restore, a roll-back), and the board is read anew.
func (s *siteWriter) catchUp(ctx context.Context) error {
	if s.board == nil {
		return s.load(ctx)
	}
	if s.board.Seq == 0 {
		return s.follow(ctx, 0, false)
	}
	pages, err := s.engine.cfg.Store.Since(ctx, s.id, s.board.Seq, readPages)
	if err != nil {
		return fmt.Errorf("catch up site %s: %w", s.id, err)
	}
	if len(pages) == 0 || pages[0].Hash != s.head {
		s.engine.cfg.Log.Warn("board dropped: the journal's head is not the one it stood on", "site", s.id, "seq", s.board.Seq)
		s.board = nil // even if it cannot be read anew now: what is decided on it would leave a gap in the journal
		return s.load(ctx)
	}
	if err := s.fold(pages[1:]); err != nil {
		return err
	}
	if len(pages) == readPages {
		return s.follow(ctx, s.board.Seq, true)
	}
	return nil
}

// follow reads from the page that holds commit seq on. With known, that page must be there: the board stands on it.
func (s *siteWriter) follow(ctx context.Context, seq int64, known bool) error {
	for {
		pages, err := s.engine.cfg.Store.Since(ctx, s.id, seq, readPages)
		if err != nil {
			return fmt.Errorf("read journal of site %s: %w", s.id, err)
		}
		if known {
			if len(pages) == 0 || pages[0].First > seq {
				return fmt.Errorf("%w: site %s: the documents stand at commit %d, which the journal does not hold", ErrCorrupt, s.id, seq)
			}
			if err := s.stand(pages[0]); err != nil {
				return err
			}
			if s.board.Seq < pages[0].Last {
				if err := s.tail(pages[0]); err != nil {
					return err
				}
			}
			pages = pages[1:]
			if err := s.fold(pages); err != nil {
				return err
			}
			if len(pages) < readPages-1 {
				return nil
			}
		} else {
			if err := s.fold(pages); err != nil {
				return err
			}
			if len(pages) < readPages {
				return nil
			}
		}
		seq, known = s.board.Seq, true
	}
}

// stand puts the board's head on a page after checking it. What the documents hold was written up to there: a newer program's
// commit in it means that they may hold what this one does not understand.
func (s *siteWriter) stand(p *Page) error {
	cs, err := p.Commits()
	if err != nil {
		return err
	}
	for _, c := range cs {
		if c.MinReader > workflow.MinReader {
			return s.unfoldable(c, workflow.ErrNewer)
		}
	}
	s.head = p.Hash
	if s.board.At.Before(p.At) {
		s.board.At = p.At
	}
	return nil
}

// tail folds in the commits of a page that the board does not hold yet.
func (s *siteWriter) tail(p *Page) error {
	cs, err := p.Commits()
	if err != nil {
		return err
	}
	for _, c := range cs {
		if c.Seq <= s.board.Seq {
			continue
		}
		if err := s.board.Apply(c); err != nil {
			return s.unfoldable(c, err)
		}
		s.seq = c.Seq
	}
	return nil
}

// unfoldable is why a stored commit cannot be folded in.
func (s *siteWriter) unfoldable(c *workflow.Commit, err error) error {
	if errors.Is(err, workflow.ErrNewer) {
		return fmt.Errorf("commit %d of site %s: %w", c.Seq, s.id, err)
	}
	return fmt.Errorf("%w: commit %d of site %s: %w", ErrCorrupt, c.Seq, s.id, err)
}

// fold adds pages that follow the board, each checked against the one before.
func (s *siteWriter) fold(pages []*Page) error {
	for _, p := range pages {
		if p.Prev != s.head || p.First != s.board.Seq+1 {
			return fmt.Errorf("%w: page %s does not follow commit %d", ErrCorrupt, PageID(p.Site, p.First), s.board.Seq)
		}
		if err := s.tail(p); err != nil {
			return err
		}
		s.head = p.Hash
	}
	return nil
}
