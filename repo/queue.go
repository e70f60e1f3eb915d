package repo

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/lunpai/lunpai/workflow"
)

// siteWriter is the one writer of a site in this process: its queue, and its board in memory.
// Everything from board on belongs to the goroutine that runs work.
type siteWriter struct {
	engine *Engine
	id     workflow.SiteID
	used   uint64 // when it was last asked for, by the engine's count; guarded by the engine

	mu       sync.Mutex
	queue    []*job
	pending  map[string]bool // ids of the commands that are queued or being decided
	working  bool
	watchers watchers

	board    *workflow.Board
	seq      int64  // number of the last commit on the board that is in the journal
	head     string // hash of the page that holds commit seq
	caughtUp bool   // the board was brought up to the journal since this batch was taken
	batch    []*job // the jobs being answered
	// where the store confirmed, for this batch, that the journal ends; -1: not yet
	confirmed  int64
	cleared    uint64 // PoolCounter.Cleared when the board was last known good
	unsettled  *Page  // a page of which nobody knows whether it landed
	dueNoted   int64  // the commit up to which the engine knows what is due here
	rivalsSeen int    // above 0: another instance writes here too, so catch up before deciding
	broken     error  // why the site is read-only
}

// job is a command, or a look at the board, on its way through a site's queue.
type job struct {
	ctx      context.Context //nolint:containedctx // of the caller: it tells whether he still waits
	req      Request
	refs     []workflow.Ref              // of a view: the records to load first
	view     func(*workflow.Board) error // nil: a command
	timer    bool                        // nobody asked for it: see Engine.writer
	tries    int
	listed   *siteWriter // the writer whose pending commands it is among; nil for a view
	done     chan result
	answered bool
	owner    atomic.Int32
}

type result struct {
	out *Outcome
	err error
}

// Who has a job: it waits, the writer has begun with it, or its caller has left before that.
const (
	jobWaits int32 = iota
	jobBegun
	jobLeft
)

// begin claims the job for the writer. false: its caller has left, and nobody wants it any more.
func (j *job) begin() bool {
	return j.owner.CompareAndSwap(jobWaits, jobBegun) || j.owner.Load() == jobBegun
}

// leave claims the job for the caller who stops waiting. true: it had not begun and never will.
func (j *job) leave() bool { return j.owner.CompareAndSwap(jobWaits, jobLeft) }

// abandoned reports that nobody waits for the job.
func (j *job) abandoned() bool { return j.owner.Load() == jobLeft || j.ctx.Err() != nil }

// answer ends a job: from now on the same command may come again.
func (j *job) answer(out *Outcome, err error) {
	if j.listed != nil {
		j.listed.mu.Lock()
		delete(j.listed.pending, j.req.ID)
		j.listed.mu.Unlock()
	}
	j.answered = true
	j.done <- result{out, err}
}

// answerAbandoned answers a job that nobody waits for.
func (j *job) answerAbandoned() {
	j.answer(nil, fmt.Errorf("%w: the caller stopped waiting before it began: %w",
		ErrBusy, context.Cause(j.ctx)))
}

// push queues a job. start tells the caller to start a worker.
func (s *siteWriter) push(j *job) (start bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) >= s.engine.cfg.QueueLimit {
		return false, ErrBusy
	}
	if j.view == nil && !j.req.DryRun {
		if s.pending[j.req.ID] {
			return false, ErrInProgress
		}
		s.pending[j.req.ID], j.listed = true, s
	}
	s.queue = append(s.queue, j)
	if s.working {
		return false, nil
	}
	s.working = true
	return true, nil
}

// idle reports whether the site can be forgotten: nothing is lost with its board.
func (s *siteWriter) idle() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.working && s.watchers.none() && s.unsettled == nil && s.broken == nil
}

// work takes batch after batch from the queue until it is empty.
func (s *siteWriter) work() {
	for {
		s.mu.Lock()
		n := min(len(s.queue), MaxPageCommits)
		if n == 0 {
			s.working = false
			s.mu.Unlock()
			return
		}
		batch := s.queue[:n:n]
		s.queue = s.queue[n:]
		if len(s.queue) == 0 {
			s.queue = nil
		}
		s.mu.Unlock()
		s.answerBatch(batch)
	}
}

// answerBatch answers every job of a batch: the board is made ready, then page after page is
// decided and written. A panic while commits are applied, a broken chain or the record of a newer
// program stops this site only.
func (s *siteWriter) answerBatch(batch []*job) {
	defer func() {
		if p := recover(); p != nil {
			s.logPanic("site stopped: panic", p, "seq", s.seq)
			s.broken, s.board = fmt.Errorf("%w: %w", ErrReadOnly, errFault), nil
			for _, j := range batch {
				if !j.answered {
					j.answer(nil, s.broken)
				}
			}
		}
	}()
	s.caughtUp, s.batch, s.confirmed = false, batch, -1
	for left := batch; len(left) > 0; {
		if err := s.readyBoard(); errors.Is(err, ErrStorageFull) {
			s.refuseAll(s.answerViews(left), err)
			return
		} else if err != nil {
			s.refuseQueue(left, err)
			return
		}
		s.engine.noteTime(s.id, s.board.At) // before anybody is answered
		if s.rivalsSeen > 0 {
			if s.catchUpEarly(); s.board == nil {
				continue
			}
		}
		left = s.decidePage(left)
	}
	if s.board != nil {
		s.board.Trim(maxRecords)
		if s.dueNoted != s.seq {
			s.noteDue(s.board)
		}
	}
}

// refuseQueue refuses jobs, and all that wait behind them, when there is no board to decide on.
// Each would wait as long for the same answer.
func (s *siteWriter) refuseQueue(jobs []*job, err error) {
	s.mu.Lock()
	jobs = slices.Concat(jobs, s.queue)
	s.queue = nil
	s.mu.Unlock()
	s.refuseAll(jobs, err)
}

// refuseAll answers jobs with an error. Those whose fate is unknown hear that instead.
func (s *siteWriter) refuseAll(jobs []*job, err error) {
	for _, j := range jobs {
		if s.isUnsettled(j.req.ID) {
			j.answer(nil,
				fmt.Errorf("%w: commit %d of site %s", ErrUnknown, s.unsettled.First, s.id))
			continue
		}
		j.answer(nil, err)
	}
}

// isUnsettled reports whether a command is in the page whose fate is unknown: nobody may be told
// that it was not written.
func (s *siteWriter) isUnsettled(id string) bool {
	return s.unsettled != nil &&
		slices.ContainsFunc(s.unsettled.Entries, func(e Entry) bool { return e.ID == id })
}

// answerViews answers the views while a page waits for room in the store: they show what the
// journal holds. It returns the other jobs.
func (s *siteWriter) answerViews(jobs []*job) (others []*job) {
	ctx, cancel := s.context()
	defer cancel()
	defer func() { s.board = nil }() // nothing is decided on it: the page may still land
	for _, j := range jobs {
		if j.view == nil || s.board == nil && s.stopIfBroken(s.load(ctx)) != nil || s.show(ctx, j) {
			others = append(others, j)
		}
	}
	return others
}

// context bounds the reading for one page. It belongs to no single request: several jobs share
// what is read.
func (s *siteWriter) context() (context.Context, context.CancelFunc) {
	//nolint:forbidigo // see above
	return context.WithTimeout(context.Background(), s.engine.cfg.Deadline)
}

// errFault is what a caller is told of a panic.
var errFault = errors.New("a fault in the program")

// logPanic logs where a panic happened. Its value may hold what must not be logged.
func (s *siteWriter) logPanic(what string, p any, attrs ...any) {
	s.engine.cfg.Log.With(attrs...).Error(what, "site", s.id, "type", fmt.Sprintf("%T", p),
		"stack", string(debug.Stack()))
}
