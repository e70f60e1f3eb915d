package repo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// Config configures an Engine. The zero of every field but Store is usable.
type Config struct {
	Store Store
	Now   Clock        // zero: the system's clock
	Log   *slog.Logger // zero: no log
	// Steady is the time since some moment, the machine's sleep included, whatever is done to the
	// clock: see CheckClock. Zero: a clock that is put forward is noticed only by a store with a
	// clock of its own.
	Steady func() time.Duration
	// QueueLimit is how many commands may wait for one site before ErrBusy; zero: 1024.
	QueueLimit int
	// AppendTimeout bounds one append; zero: 5 s.
	AppendTimeout time.Duration
	// Deadline bounds the whole try to settle a page whose fate is unknown; zero: 10 s.
	Deadline time.Duration
	// Owners knows which instance owns a site; nil: this one shares its store with nobody, or with
	// instances that own nothing.
	Owners *Owners
	// MaxBoards is how many sites are kept in memory; zero: 1000.
	MaxBoards int
}

// Engine decides commands: one writer per site in this process, any number of processes. Drain
// closes it.
type Engine struct {
	cfg       Config
	committer *committer
	decide    func(*workflow.Board, workflow.Envelope, workflow.Command) (*workflow.Commit,
		*workflow.Fault)
	due  dueBook
	page int // how many records fireRecords looks at
	time timekeeper

	mu       sync.Mutex
	writers  map[workflow.SiteID]*siteWriter
	uses     uint64 // counts the jobs that somebody asked for
	draining bool
	work     *crew
}

// NewEngine makes an Engine on a store.
func NewEngine(cfg Config) *Engine {
	if cfg.Now == nil {
		cfg.Now = time.Now //nolint:forbidigo // the one place where the clock comes from
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	cfg.QueueLimit = cmp.Or(cfg.QueueLimit, 1024)
	cfg.AppendTimeout = cmp.Or(cfg.AppendTimeout, 5*time.Second)
	cfg.Deadline = cmp.Or(cfg.Deadline, 10*time.Second)
	cfg.MaxBoards = cmp.Or(cfg.MaxBoards, 1000)
	return &Engine{
		cfg: cfg, work: newCrew(), committer: newCommitter(cfg.Store, cfg.AppendTimeout),
		decide:  workflow.Decide,
		writers: map[workflow.SiteID]*siteWriter{}, time: timekeeper{steady: cfg.Steady},
		page: maxDue,
	}
}

// Do decides a command and answers when the commit is in the journal. Errors: *workflow.Fault,
// *StaleError, ErrKeyReused, ErrInProgress, ErrBusy, ErrUnavailable, ErrReadOnly, ErrClock,
// ErrDraining (this call wrote nothing), or ErrUnknown (send it again with the same ID). ctx bounds
// only the wait: ErrBusy when it ends before the command had begun, else ErrUnknown.
func (e *Engine) Do(ctx context.Context, site workflow.SiteID, r Request) (*Outcome, error) {
	return e.do(site, &job{ctx: ctx, req: r, done: make(chan result, 1)})
}

func (e *Engine) do(site workflow.SiteID, j *job) (*Outcome, error) {
	if err := e.enqueue(site, j); err != nil {
		return nil, err
	}
	ctx := j.ctx
	select {
	case res := <-j.done:
		return res.out, res.err
	case <-ctx.Done():
		why := ErrUnknown
		if j.leave() || j.req.DryRun {
			why = ErrBusy
		}
		return nil, fmt.Errorf("%w: the caller stopped waiting: %w", why, ctx.Err())
	}
}

// Answered is the first answer of a command that has run; ErrNotFound when the journal does not
// hold it, ErrKeyReused when it ran with other content. The command may be running now: whoever
// acts on ErrNotFound must still heed what Do says.
func (e *Engine) Answered(
	ctx context.Context, site workflow.SiteID, id, fingerprint string,
) (*Outcome, error) {
	p, err := e.cfg.Store.Find(ctx, site, id)
	if errors.Is(err, ErrNotFound) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("look for the command in the journal: %w", Unavailable(err))
	}
	return firstAnswer(p, id, fingerprint)
}

// View gives f the board of a site exactly as the acknowledged journal has it, with the named
// records loaded. f must not keep or change the board, and must be quick: the site waits for it.
// The error is f's, ErrBusy when ctx ended before f began, or one of ErrUnavailable, ErrReadOnly,
// ErrDraining.
func (e *Engine) View(
	ctx context.Context, site workflow.SiteID, refs []workflow.Ref, f func(*workflow.Board) error,
) error {
	return e.view(site, &job{ctx: ctx, refs: refs, view: f, done: make(chan result, 1)})
}

func (e *Engine) view(site workflow.SiteID, j *job) error {
	if err := e.enqueue(site, j); err != nil {
		return err
	}
	ctx := j.ctx
	select {
	case res := <-j.done:
		return res.err
	case <-ctx.Done():
		if j.leave() {
			return fmt.Errorf("%w: the caller stopped waiting: %w", ErrBusy, ctx.Err())
		}
		return (<-j.done).err // f is running: what it writes to is the caller's
	}
}

// enqueue queues a job and starts the site's writer if it is idle.
func (e *Engine) enqueue(site workflow.SiteID, j *job) error {
	if err := NeedSite(site); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock() // held until the site has work: until then it could be forgotten
	if e.draining {
		return ErrDraining
	}
	s := e.writer(site, j.timer)
	start, err := s.push(j)
	if start {
		e.work.run(s.work)
	}
	return err
}

// writer is the writer of a site; the engine is locked. A site that only a timer asked for is the
// first to be forgotten.
func (e *Engine) writer(id workflow.SiteID, timer bool) *siteWriter {
	s := e.writers[id]
	if s == nil {
		e.evict(timer)
		s = &siteWriter{engine: e, id: id, pending: map[string]bool{}}
		e.writers[id] = s
	}
	if !timer {
		e.uses++
		s.used = e.uses
	}
	return s
}

// evict makes room for one more site: the idle ones that nobody asked for the longest are
// forgotten, and before them those that only a timer looked at. While too many are busy, or a timer
// has just looked, more than MaxBoards are held.
func (e *Engine) evict(timer bool) {
	for len(e.writers) >= e.cfg.MaxBoards {
		var oldest *siteWriter
		looking := false
		for _, s := range e.writers {
			switch idle := s.idle(); {
			case !idle:
				looking = looking || s.used == 0
			case oldest == nil || s.used < oldest.used:
				oldest = s
			}
		}
		if oldest == nil || timer && looking && oldest.used > 0 {
			return
		}
		delete(e.writers, oldest.id)
	}
}

// Watch returns a channel that gets a signal after commits of a site landed, here or, within about
// a second, on another instance. One signal may stand for many commits, and the first comes without
// any. Call the function to stop.
func (e *Engine) Watch(site workflow.SiteID) (<-chan struct{}, func()) {
	e.mu.Lock()
	defer e.mu.Unlock() // held until the site is watched: until then it could be forgotten
	return e.writer(site, false).watchers.add(e, site)
}

// Drain refuses new work and waits until what was begun is answered.
func (e *Engine) Drain(ctx context.Context) error {
	e.mu.Lock()
	e.draining = true
	e.mu.Unlock()
	done := make(chan struct{})
	go func() { e.work.wait(); e.committer.wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("drain: %w", ctx.Err())
	}
}

// Draining reports whether Drain was called.
func (e *Engine) Draining() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.draining
}

// Unavailable turns a store's reading error into ErrUnavailable, unless it says more.
func Unavailable(err error) error {
	switch {
	case err == nil, errors.Is(err, ErrCorrupt), errors.Is(err, ErrNoSite),
		errors.Is(err, workflow.ErrNewer), errors.Is(err, ErrReadOnly),
		errors.Is(err, ErrUnavailable), errors.Is(err, ErrStorageFull):
		return err
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}
