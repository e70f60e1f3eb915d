package repo

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync/atomic"

	"github.com/lunpai/lunpai/workflow"
)

// job is a command, or a look at the board, on its way through a site's queue.
type job struct {
	ctx      context.Context //nolint:containedctx // of the caller who waits: it tells that he has gone
	req      Request
	refs     []workflow.Ref              // of a look
	view     func(*workflow.Board) error // nil: a command
	timer    bool                        // nobody asked: see Engine.site
	tries    int
	site     *siteWriter // whose running commands it is among; nil for a look
	done     chan result
	answered bool
	claim    atomic.Int32
}

type result struct {
	out *Outcome
	err error
}

// Who has a job: it waits, the site has begun with it, or its caller has left before that.
const (
	jobWaits int32 = iota
	jobBegun
	jobLeft
)

// begin claims the job for the site; false: its caller has left, nobody wants it any more.
func (j *job) begin() bool {
	return j.claim.CompareAndSwap(jobWaits, jobBegun) || j.claim.Load() == jobBegun
}

// leave claims the job for the caller who stops waiting; true: it had not begun and never will.
func (j *job) leave() bool { return j.claim.CompareAndSwap(jobWaits, jobLeft) }

// gone reports that nobody waits for the job.
func (j *job) gone() bool { return j.claim.Load() == jobLeft || j.ctx.Err() != nil }

// answer ends a job: from now on the same command may come again.
func (j *job) answer(out *Outcome, err error) {
	if j.site != nil {
		j.site.mu.Lock()
		delete(j.site.running, j.req.ID)
		j.site.mu.Unlock()
	}
	j.answered = true
	j.done <- result{out, err}
}

// notBegun answers a job that nobody waits for.
func (j *job) notBegun() {
	j.answer(nil, fmt.Errorf("%w: the caller stopped waiting before it began: %w", ErrBusy, context.Cause(j.ctx)))
}

// look runs the function of a view. Its panic is the caller's, not the site's: the board is only read.
func (j *job) look(s *siteWriter) (err error) {
	defer func() {
		if p := recover(); p != nil {
			s.engine.cfg.Log.Error("panic in a view", "site", s.id, "type", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
			err = fmt.Errorf("view site %s: a fault in the program", s.id)
		}
	}()
	return j.view(s.board)
}
