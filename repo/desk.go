package repo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// Config configures a Desk. The zero of every field but Store is usable.
type Config struct {
	Store Store
	Now   Clock        // zero: the system's clock
	Log   *slog.Logger // zero: no log
	// Steady is the time since some moment, whatever is done to the clock, the machine's sleep included: see CheckClock. Zero: a
	// clock that is put forward is noticed only by a store with a clock of its own.
	Steady func() time.Duration
	// QueueLimit is how many commands may wait for one site before ErrBusy; zero: 1024.
	QueueLimit int
	// AppendTimeout bounds one append; zero: 5 s.
	AppendTimeout time.Duration
	// Deadline bounds the whole try to settle a page whose fate is unknown; zero: 10 s.
	Deadline time.Duration
	// MaxBoards is how many sites are kept in memory; zero: 1000.
	MaxBoards int
}

// Desk decides commands: one writer per site in this process, any number of processes. Close is Drain.
type Desk struct {
	cfg       Config
	committer *committer
	decide    func(*workflow.Board, workflow.Envelope, workflow.Command) (*workflow.Commit, *workflow.Fault)
	due       dueBook
	time      timekeeper

	mu       sync.Mutex
	sites    map[workflow.SiteID]*siteDesk
	uses     uint64 // counts what is asked for
	draining bool
	work     sync.WaitGroup
}

// NewDesk makes a Desk on a store.
func NewDesk(cfg Config) *Desk {
	if cfg.Now == nil {
		cfg.Now = time.Now //nolint:forbidigo // the one place where the clock comes from
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	cfg.QueueLimit = orDefault(cfg.QueueLimit, 1024)
	cfg.AppendTimeout = orDefault(cfg.AppendTimeout, 5*time.Second)
	cfg.Deadline = orDefault(cfg.Deadline, 10*time.Second)
	cfg.MaxBoards = orDefault(cfg.MaxBoards, 1000)
	return &Desk{
		cfg: cfg, committer: newCommitter(cfg.Store, cfg.AppendTimeout), decide: workflow.Decide,
		sites: map[workflow.SiteID]*siteDesk{}, time: timekeeper{steady: cfg.Steady},
	}
}

func orDefault[T comparable](v, def T) T {
	var zero T
	if v == zero {
		return def
	}
	return v
}

// Do decides a command and answers when the commit is in the journal. Errors: *workflow.Fault, *StaleError, ErrKeyReused,
// ErrInProgress, ErrBusy, ErrUnavailable, ErrReadOnly, ErrClock, ErrDraining (this call wrote nothing), or ErrUnknown (send it again
// with the same ID). ctx bounds only the wait: ErrBusy when it ends before the command had begun, else ErrUnknown.
func (d *Desk) Do(ctx context.Context, site workflow.SiteID, r Request) (*Outcome, error) {
	return d.do(site, &job{ctx: ctx, req: r, done: make(chan result, 1)})
}

func (d *Desk) do(site workflow.SiteID, j *job) (*Outcome, error) {
	if err := d.enqueue(site, j); err != nil {
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

// Answered is the first answer of a command that has run; ErrNotFound when the journal does not hold it, ErrKeyReused when it ran
// with other content. It may be running now: whoever acts on ErrNotFound must still heed what Do says.
func (d *Desk) Answered(ctx context.Context, site workflow.SiteID, id, fingerprint string) (*Outcome, error) {
	p, err := d.cfg.Store.Find(ctx, site, id)
	if errors.Is(err, ErrNotFound) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("look for the command in the journal: %w", Unavailable(err))
	}
	return firstAnswer(p, id, fingerprint)
}

// View gives f the board of a site exactly as the acknowledged journal has it, with the named records loaded. f must not keep
// or change the board, and must be quick: the site waits for it. The error is f's, ErrBusy when ctx ended before f began, or
// one of ErrUnavailable, ErrReadOnly, ErrDraining.
func (d *Desk) View(ctx context.Context, site workflow.SiteID, refs []workflow.Ref, f func(*workflow.Board) error) error {
	return d.view(site, &job{ctx: ctx, refs: refs, view: f, done: make(chan result, 1)})
}

func (d *Desk) view(site workflow.SiteID, j *job) error {
	if err := d.enqueue(site, j); err != nil {
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

// enqueue puts a job into its site's queue and sees to it that somebody works there.
func (d *Desk) enqueue(site workflow.SiteID, j *job) error {
	if err := NeedSite(site); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock() // held until the site has work: until then it could be forgotten
	if d.draining {
		return ErrDraining
	}
	s := d.site(site, j.timer)
	start, err := s.push(j)
	if start {
		d.work.Go(s.work)
	}
	return err
}

// site is the queue of a site; the Desk is locked. What a timer asks for is not kept for its sake: it is forgotten first.
func (d *Desk) site(id workflow.SiteID, timer bool) *siteDesk {
	s := d.sites[id]
	if s == nil {
		d.evict(timer)
		s = &siteDesk{desk: d, id: id, running: map[string]bool{}}
		d.sites[id] = s
	}
	if !timer {
		d.uses++
		s.used = d.uses
	}
	return s
}

// evict makes room for one more site: idle ones that were not asked for longest are forgotten, and before them those that only a
// timer looked at. While too many are busy, or a timer has just looked, more than MaxBoards are held.
func (d *Desk) evict(timer bool) {
	for len(d.sites) >= d.cfg.MaxBoards {
		var oldest *siteDesk
		looking := false
		for _, s := range d.sites {
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
		delete(d.sites, oldest.id)
	}
}

// Watch returns a channel that gets a signal after commits of a site landed, here or, within about a second, on another
// instance; one signal may stand for many commits, and the first comes without any. Call the function to stop.
func (d *Desk) Watch(site workflow.SiteID) (<-chan struct{}, func()) {
	d.mu.Lock()
	defer d.mu.Unlock() // held until the site is watched: until then it could be forgotten
	return d.site(site, false).watchers.add(d, site)
}

// Drain refuses new work and waits until what was begun is answered.
func (d *Desk) Drain(ctx context.Context) error {
	d.mu.Lock()
	d.draining = true
	d.mu.Unlock()
	done := make(chan struct{})
	go func() { d.work.Wait(); d.committer.wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("drain: %w", ctx.Err())
	}
}

// Draining reports whether Drain was called.
func (d *Desk) Draining() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.draining
}

// Unavailable turns a store's reading error into ErrUnavailable, unless it says more.
func Unavailable(err error) error {
	switch {
	case err == nil, errors.Is(err, ErrCorrupt), errors.Is(err, ErrNoSite), errors.Is(err, workflow.ErrNewer),
		errors.Is(err, ErrReadOnly), errors.Is(err, ErrUnavailable), errors.Is(err, ErrStorageFull):
		return err
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}
