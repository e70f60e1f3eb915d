package repo

import (
	"context"
	"errors"
	"fmt"

	"github.com/lunpai/lunpai/workflow"
)

// readPages is how many pages are read at once.
const readPages = 64

// readyBoard makes the board stand on the journal: an unsettled page is settled first, and a board
// that cannot be trusted is read again.
func (s *siteWriter) readyBoard() error {
	if s.broken != nil {
		return s.broken
	}
	if c, ok := s.engine.cfg.Store.(PoolCounter); ok {
		if n := c.Cleared(); n != s.cleared {
			s.board, s.cleared = nil, n
		}
	}
	if s.board != nil && s.unsettled == nil {
		return nil
	}
	ctx, cancel := s.context()
	defer cancel()
	if s.unsettled != nil {
		_, err := s.settle(ctx, s.unsettled)
		switch {
		case errors.Is(err, ErrReplaced), errors.Is(err, ErrStoreReplaced):
			return fmt.Errorf("%w: %w", ErrUnavailable, err)
		case errors.Is(err, ErrStorageFull):
			return fmt.Errorf("an earlier write of site %s waits: %w", s.id, err)
		case err != nil:
			//nolint:errorlint // its ErrUnknown is not these callers' answer
			return fmt.Errorf("%w: an earlier write of site %s is not settled yet: %v",
				ErrUnavailable, s.id, err)
		}
		s.unsettled, s.board = nil, nil
	}
	return s.stopIfBroken(s.load(ctx))
}

// stopIfBroken makes the site read-only on an error that trying again does not mend.
func (s *siteWriter) stopIfBroken(err error) error {
	if errors.Is(err, ErrCorrupt) || errors.Is(err, workflow.ErrNewer) {
		s.broken, s.board = fmt.Errorf("%w: %w", ErrReadOnly, err), nil
		s.engine.cfg.Log.Error("site is read-only", "site", s.id, "err", err)
		return s.broken
	}
	return Unavailable(err)
}

// load reads the site's board: the open documents, then the journal from their mark on.
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
		return fmt.Errorf("%w: site %s: the documents stand at commit %d, "+
			"but the site's own record or its line is not among them", ErrCorrupt, s.id, mark)
	}
	b.Seq = mark
	s.board, s.seq, s.head = b, mark, ""
	err = s.applyFrom(ctx, mark, mark > 0)
	if err == nil && s.seq < newest {
		err = fmt.Errorf("%w: site %s: a document was written by commit %d, the journal ends at %d",
			ErrCorrupt, s.id, newest, s.seq)
	}
	if err != nil {
		s.board = nil
		return err
	}
	s.caughtUp = true
	return nil
}

// usualRivals is for how many quiet batches another instance is still expected after it was seen
// at work.
const usualRivals = 16

// catchUpEarly catches up before anything is decided. Where another instance is at work that is
// cheaper than to lose the number to it. What fails here shows again when it matters.
func (s *siteWriter) catchUpEarly() {
	ctx, cancel := s.context()
	defer cancel()
	seq := s.seq
	_ = s.catchUpOnce(ctx) // see above
	if s.rivalsSeen--; s.seq != seq {
		s.rivalsSeen = usualRivals
	}
}

// catchUpOnce brings the board up to the journal, unless that was done since the batch was taken.
// No undecided commit may be on the board.
func (s *siteWriter) catchUpOnce(ctx context.Context) error {
	if s.caughtUp && s.board != nil {
		return nil
	}
	err := s.stopIfBroken(s.catchUp(ctx))
	s.caughtUp = err == nil
	if s.board != nil {
		s.board.Begin() // a rollback must not undo what was caught up with
	}
	return err
}

// catchUp applies what others appended. The head page is read again and its hash compared: where
// it is gone or different the newest pages were lost (a restore, a roll-back), and the board is
// read anew.
func (s *siteWriter) catchUp(ctx context.Context) error {
	if s.board == nil {
		return s.load(ctx)
	}
	if s.board.Seq == 0 {
		return s.applyFrom(ctx, 0, false)
	}
	pages, err := s.engine.cfg.Store.Since(ctx, s.id, s.board.Seq, readPages)
	if err != nil {
		return fmt.Errorf("catch up site %s: %w", s.id, err)
	}
	if len(pages) == 0 || pages[0].Hash != s.head {
		s.engine.cfg.Log.Warn("board dropped: the journal's head is not the one it stood on",
			"site", s.id, "seq", s.board.Seq)
		// Even if it cannot be read anew now: what is decided on it would leave a gap in the
		// journal.
		s.board = nil
		return s.load(ctx)
	}
	if err := s.applyPages(pages[1:]); err != nil {
		return err
	}
	if len(pages) == readPages {
		return s.applyFrom(ctx, s.board.Seq, true)
	}
	return nil
}

// applyFrom reads and applies the journal from the page that holds commit seq on. known: that page
// must be there, for the board stands on it.
func (s *siteWriter) applyFrom(ctx context.Context, seq int64, known bool) error {
	for {
		pages, err := s.engine.cfg.Store.Since(ctx, s.id, seq, readPages)
		if err != nil {
			return fmt.Errorf("read journal of site %s: %w", s.id, err)
		}
		last := len(pages) < readPages
		if known {
			if len(pages) == 0 || pages[0].First > seq {
				return fmt.Errorf("%w: site %s: the documents stand at commit %d, "+
					"which the journal does not hold", ErrCorrupt, s.id, seq)
			}
			if err := s.adoptHead(pages[0]); err != nil {
				return err
			}
			pages = pages[1:]
		}
		if err := s.applyPages(pages); err != nil || last {
			return err
		}
		seq, known = s.board.Seq, true
	}
}

// adoptHead puts the board on the page that it stands on, after checking it, and applies the
// commits of it that are not on the board yet. The documents were written up to this page: a newer
// program's commit in it means that they may hold what this one does not understand.
func (s *siteWriter) adoptHead(p *Page) error {
	cs, err := p.Commits()
	if err != nil {
		return err
	}
	for _, c := range cs {
		if c.MinReader > workflow.MinReader {
			return s.notApplicable(c, workflow.ErrNewer)
		}
	}
	s.head = p.Hash
	if s.board.At.Before(p.At) {
		s.board.At = p.At
	}
	return s.applyCommits(cs)
}

// applyPages applies pages that follow the board, each checked against the one before.
func (s *siteWriter) applyPages(pages []*Page) error {
	for _, p := range pages {
		if p.Prev != s.head || p.First != s.board.Seq+1 {
			return fmt.Errorf("%w: page %s does not follow commit %d",
				ErrCorrupt, PageID(p.Site, p.First), s.board.Seq)
		}
		cs, err := p.Commits()
		if err == nil {
			err = s.applyCommits(cs)
		}
		if err != nil {
			return err
		}
		s.head = p.Hash
	}
	return nil
}

// applyCommits applies those of a page's commits that the board does not hold yet.
func (s *siteWriter) applyCommits(cs []*workflow.Commit) error {
	for _, c := range cs {
		if c.Seq <= s.board.Seq {
			continue
		}
		if err := s.board.Apply(c); err != nil {
			return s.notApplicable(c, err)
		}
		s.seq = c.Seq
	}
	return nil
}

// notApplicable is why a stored commit cannot be applied.
func (s *siteWriter) notApplicable(c *workflow.Commit, err error) error {
	if errors.Is(err, workflow.ErrNewer) {
		return fmt.Errorf("commit %d of site %s: %w", c.Seq, s.id, err)
	}
	return fmt.Errorf("%w: commit %d of site %s: %w", ErrCorrupt, c.Seq, s.id, err)
}

// errBehind: a record was read that is newer than the board.
var errBehind = errors.New("the board is behind the documents")

// readRecords loads the records that a job needs beyond the board, until it needs no more. A record
// newer than the board means that the board is behind. It catches up, at once or, behind undecided
// commits, after them, and the job is looked at again. A job that is neither ready nor to be looked
// at again was answered.
func (s *siteWriter) readRecords(
	ctx context.Context, j *job, missing func() []workflow.Ref,
) (ready, retry bool) {
	for refs := missing(); len(refs) > 0; refs = missing() {
		docs, err := s.engine.cfg.Store.Read(ctx, s.id, s.seq, refs)
		if err == nil {
			err = s.putRecords(docs)
		}
		switch {
		case errors.Is(err, errBehind):
			s.caughtUp = false
			if s.board.Seq == s.seq {
				if err := s.catchUpOnce(ctx); err != nil {
					j.answer(nil, err)
					return false, false
				}
			}
			return false, s.mayRetry(j)
		case err != nil:
			err = fmt.Errorf("read records of site %s: %w", s.id, err)
			j.answer(nil, s.stopIfBroken(err))
			return false, false
		}
		s.board.MarkAbsent(refs...)
	}
	return true, false
}

// putRecords puts records on the board that were read; errBehind when one is newer than the
// board's commits in the journal.
func (s *siteWriter) putRecords(docs []Document) error {
	records := make([]workflow.Record, len(docs))
	for i, doc := range docs {
		r, err := doc.Record()
		if err != nil {
			return err
		}
		if workflow.Version(r) > s.seq {
			return errBehind
		}
		records[i] = r
	}
	for _, r := range records {
		s.board.Put(r)
	}
	return nil
}
