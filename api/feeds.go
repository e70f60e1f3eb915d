package api

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// followBuffer is how many commits a stream may lag behind before it is dropped. Its client
// reconnects with Last-Event-ID.
const followBuffer = 256

// frame is one event for all streams of a site. It is encoded once, except for those that want
// sentences.
type frame struct {
	seq       int64
	entry     *Entry // which stays as it is
	text      []byte
	outside   []byte             // for consultants who do not take part in the visit
	concerned []workflow.StaffID // consultants who may see it
	part      []workflow.StaffID // those of them who take part in it
}

// feeds holds the live end of every journal that somebody follows. Each site has one reader,
// however many follow it.
type feeds struct {
	engine *repo.Engine
	store  repo.Store
	mu     sync.Mutex
	of     map[workflow.SiteID]*feed
}

func newFeeds(d *repo.Engine, s repo.Store) *feeds {
	return &feeds{engine: d, store: s, of: map[workflow.SiteID]*feed{}}
}

// feed is the live end of one journal.
type feed struct {
	site  workflow.SiteID
	stop  context.CancelFunc
	users int           // guarded by feeds
	ready chan struct{} // closed when last is known, or reading failed

	mu        sync.Mutex
	last      int64 // the last commit that was passed on
	followers map[*follower]bool
	ended     bool // no followers are accepted any more
}

// follower is one stream's place at the live end. Every commit after from arrives on frames, which
// is closed if the follower is too slow or the journal cannot be read.
type follower struct {
	from   int64
	frames chan *frame
	leave  func()
}

// follow joins the live end of a site's journal. Call leave when done.
func (s *feeds) follow(ctx context.Context, site workflow.SiteID) (*follower, error) {
	f := s.join(site)
	k := &follower{frames: make(chan *frame, followBuffer)}
	k.leave = sync.OnceFunc(func() { s.part(f, k) })
	select {
	case <-f.ready:
	case <-ctx.Done():
		k.leave()
		return nil, ctx.Err()
	}
	if !f.take(k) {
		k.leave()
		return nil, repo.ErrUnavailable
	}
	return k, nil
}

// take adds a follower, unless the feed has ended.
func (f *feed) take(k *follower) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.ended {
		f.followers[k], k.from = true, f.last
	}
	return !f.ended
}

func (s *feeds) join(site workflow.SiteID) *feed {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.of[site]
	if f == nil {
		ctx, stop := context.WithCancel(context.Background()) //nolint:forbidigo // its own
		f = &feed{
			site: site, stop: stop, ready: make(chan struct{}), followers: map[*follower]bool{},
		}
		s.of[site] = f
		go s.run(ctx, f)
	}
	f.users++
	return f
}

func (s *feeds) part(f *feed, k *follower) {
	f.mu.Lock()
	delete(f.followers, k)
	f.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.users--; f.users == 0 {
		f.stop()
		s.forget(f)
	}
}

// forget makes the next follower start a new feed. The caller holds the lock of feeds.
func (s *feeds) forget(f *feed) {
	if s.of[f.site] == f {
		delete(s.of, f.site)
	}
}

// run passes on new commits until nobody follows. If the store does not answer it tries again; if
// the journal contradicts itself the feed ends.
func (s *feeds) run(ctx context.Context, f *feed) {
	defer s.end(f)
	signals, stop := s.engine.Watch(f.site)
	defer stop()
	if err := s.begin(ctx, f); err != nil {
		return
	}
	close(f.ready)
	again := time.NewTicker(tickEvery)
	defer again.Stop()
	failed := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-signals:
		case <-again.C:
			if !failed {
				continue
			}
		}
		err := s.pump(ctx, f)
		if failed = err != nil; failed && unsound(err) {
			return
		}
	}
}

// unsound reports whether trying again is pointless.
func unsound(err error) bool {
	return errors.Is(err, repo.ErrCorrupt) || errors.Is(err, repo.ErrClosed)
}

// begin finds where the journal ends now.
func (s *feeds) begin(ctx context.Context, f *feed) error {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	pages, err := s.store.Before(ctx, f.site, math.MaxInt64, 1)
	if err == nil && len(pages) > 0 {
		f.last = pages[0].Last
	}
	return err
}

// end drops all followers.
func (s *feeds) end(f *feed) {
	s.mu.Lock()
	s.forget(f)
	s.mu.Unlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ended = true
	for k := range f.followers {
		f.drop(k)
	}
	select {
	case <-f.ready:
	default:
		close(f.ready)
	}
}

// drop closes a follower's frames. The caller holds the lock of the feed.
func (f *feed) drop(k *follower) {
	delete(f.followers, k)
	close(k.frames)
}

// pump passes on every commit after the last one.
func (s *feeds) pump(ctx context.Context, f *feed) error {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	for {
		pages, err := s.store.Since(ctx, f.site, f.last+1, feedPages)
		if err != nil {
			return err
		}
		for _, p := range pages {
			ks, err := p.Outlines()
			if err != nil {
				return err
			}
			for _, k := range ks {
				if k.Seq <= f.last {
					continue
				}
				fr, err := newFrame(k)
				if err != nil {
					return err
				}
				f.hand(fr)
			}
		}
		if len(pages) < feedPages {
			return nil
		}
	}
}

// hand gives a frame to every follower and drops those that cannot take it.
func (f *feed) hand(fr *frame) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last = fr.seq
	for k := range f.followers {
		select {
		case k.frames <- fr:
		default:
			f.drop(k)
		}
	}
}

// newFrame makes the event for a commit.
func newFrame(k *workflow.Outline) (*frame, error) {
	e, err := shownOutline(k)
	if err != nil {
		return nil, err
	}
	who, err := k.Concerned(nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", repo.ErrCorrupt, err)
	}
	fr := &frame{seq: k.Seq, entry: e, concerned: who}
	if fr.part, err = k.Of(e.Subject); err != nil {
		return nil, fmt.Errorf("%w: %w", repo.ErrCorrupt, err)
	}
	if fr.text, err = e.event(); err != nil {
		return nil, err
	}
	if other, ok := e.shownTo(false); ok {
		fr.outside, err = other.event()
	}
	return fr, err
}

// event is an entry in a stream. Its id is the number of the commit, so a client that reconnects
// with Last-Event-ID continues where it was.
func (e *shownEntry) event() []byte {
	return fmt.Appendf(nil, "id: %d\nevent: commit\ndata: %s\n\n", e.seq, e.text)
}

func (e *Entry) event() ([]byte, error) {
	s, err := e.written()
	return s.event(), err
}

// textFor is the event as the caller may see it, or nothing if it is not for them.
func (fr *frame) textFor(c *call) ([]byte, error) {
	me := c.key.Staff
	part := !c.own() || slices.Contains(fr.part, me)
	switch {
	case c.own() && !slices.Contains(fr.concerned, me):
		return nil, nil
	case c.explain:
		return fr.told(c, part)
	case part:
		return fr.text, nil
	default:
		return fr.outside, nil
	}
}

// told is the event with the sentences of its facts; nothing if it is not for the caller.
func (fr *frame) told(c *call, part bool) ([]byte, error) {
	e, ok := *fr.entry, true
	if c.own() {
		e, ok = e.shownTo(part)
	}
	if !ok {
		return nil, nil
	}
	e.Facts = slices.Clone(e.Facts) // other streams read the entry
	c.say(e.Facts)
	return e.event()
}
