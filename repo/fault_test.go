package repo_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/repotest"
	"github.com/lunpai/lunpai/workflow"
)

// flawed is a real store whose answers a test can delay, lose and forge. A nil hook changes
// nothing.
type flawed struct {
	repo.Store
	mu       sync.Mutex
	onAppend func(ctx context.Context, pages []*repo.Page) []error
	onSince  func(ctx context.Context, site workflow.SiteID, seq int64, limit int) ([]*repo.Page,
		error)
	onFind func(ctx context.Context, site workflow.SiteID, id string) (*repo.Page, error)
	onRead func(ctx context.Context, site workflow.SiteID, seq int64,
		refs []workflow.Ref) ([]repo.Document, error)
	onLoad   func(ctx context.Context, site workflow.SiteID) ([]repo.Document, int64, error)
	onMoved  func(ctx context.Context, after int64) (map[workflow.SiteID]int64, int64, error)
	onSure   func(ctx context.Context, site workflow.SiteID, seq int64, ids []string) (bool, error)
	clock    atomic.Pointer[time.Time]
	cleared  atomic.Uint64
	parallel int
}

// set changes hooks while the store is in use.
func (f *flawed) set(change func(*flawed)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
}

// heal takes every hook away.
func (f *flawed) heal() {
	f.set(func(f *flawed) {
		f.onAppend, f.onSince, f.onFind, f.onRead = nil, nil, nil, nil
		f.onLoad, f.onMoved, f.onSure = nil, nil, nil
	})
}

// hook reads one of the hooks.
func hook[H any](f *flawed, of func(*flawed) H) H {
	f.mu.Lock()
	defer f.mu.Unlock()
	return of(f)
}

// below is the store beneath.
func (f *flawed) below() repo.Store {
	return hook(f, func(f *flawed) repo.Store { return f.Store })
}

func (f *flawed) Cleared() uint64 { return f.cleared.Load() }

func (f *flawed) Parallel() int {
	if f.parallel > 0 {
		return f.parallel
	}
	return f.below().Parallel()
}

func (f *flawed) Append(ctx context.Context, pages []*repo.Page) []error {
	if h := hook(f,
		func(f *flawed) func(context.Context,
			[]*repo.Page) []error {
			return f.onAppend
		}); h != nil {
		return h(ctx, pages)
	}
	return f.below().Append(ctx, pages)
}

func (f *flawed) Since(
	ctx context.Context, site workflow.SiteID, seq int64, limit int,
) ([]*repo.Page, error) {
	if h := hook(f,
		func(f *flawed) func(context.Context, workflow.SiteID, int64, int) ([]*repo.Page, error) {
			return f.onSince
		}); h != nil {
		return h(ctx, site, seq, limit)
	}
	return f.below().Since(ctx, site, seq, limit)
}

func (f *flawed) Find(ctx context.Context, site workflow.SiteID, id string) (*repo.Page, error) {
	if h := hook(f,
		func(f *flawed) func(context.Context, workflow.SiteID, string) (*repo.Page,
			error) {
			return f.onFind
		}); h != nil {
		return h(ctx, site, id)
	}
	return f.below().Find(ctx, site, id)
}

func (f *flawed) Read(
	ctx context.Context, site workflow.SiteID, seq int64, refs []workflow.Ref,
) ([]repo.Document, error) {
	if h := hook(f,
		func(f *flawed) func(context.Context, workflow.SiteID, int64,
			[]workflow.Ref) ([]repo.Document, error) {
			return f.onRead
		}); h != nil {
		return h(ctx, site, seq, refs)
	}
	return f.below().Read(ctx, site, seq, refs)
}

func (f *flawed) Load(ctx context.Context, site workflow.SiteID) ([]repo.Document, int64, error) {
	if h := hook(f,
		func(f *flawed) func(context.Context, workflow.SiteID) ([]repo.Document, int64, error) {
			return f.onLoad
		}); h != nil {
		return h(ctx, site)
	}
	return f.below().Load(ctx, site)
}

func (f *flawed) Moved(ctx context.Context, after int64) (map[workflow.SiteID]int64, int64, error) {
	if h := hook(f,
		func(f *flawed) func(context.Context, int64) (map[workflow.SiteID]int64, int64, error) {
			return f.onMoved
		}); h != nil {
		return h(ctx, after)
	}
	return f.below().Moved(ctx, after)
}

func (f *flawed) Confirm(
	ctx context.Context, site workflow.SiteID, seq int64, ids []string,
) (bool, error) {
	if h := hook(f,
		func(f *flawed) func(context.Context, workflow.SiteID, int64, []string) (bool,
			error) {
			return f.onSure
		}); h != nil {
		return h(ctx, site, seq, ids)
	}
	return f.below().Confirm(ctx, site, seq, ids)
}

func (f *flawed) Clock(ctx context.Context) (time.Time, error) {
	if t := f.clock.Load(); t != nil {
		return *t, nil
	}
	return f.below().Clock(ctx)
}

// lost are the answers for pages when nobody knows whether they were written.
func lost(pages []*repo.Page) []error {
	errs := make([]error, len(pages))
	for i := range errs {
		errs[i] = fmt.Errorf("%w: the connection broke", repo.ErrUnknown)
	}
	return errs
}

// flawedOffice is an engine over a store with flaws, and one site "s".
func flawedOffice(t testing.TB, c repo.Config) (*repo.Engine, *flawed) {
	t.Helper()
	f := &flawed{Store: repotest.SQLite(t)}
	c.Store = f
	d := repotest.Engine(t, c)
	found(t, d, "s")
	return d, f
}

// arrive is the simplest command.
func arrive(id string) repo.Request {
	return repotest.Request("arrive-"+id, workflow.RoleFrontDesk, &workflow.ArriveVisit{
		Visit: workflow.VisitID(id),
	})
}

// hold makes appends wait until release is called; begun is signalled when one waits.
func (f *flawed) hold() (begun <-chan struct{}, release func()) {
	b, r := make(chan struct{}, 1), make(chan struct{})
	f.set(func(f *flawed) {
		f.onAppend = func(ctx context.Context, pages []*repo.Page) []error {
			select {
			case b <- struct{}{}:
			default:
			}
			<-r
			return f.below().Append(ctx, pages)
		}
	})
	return b, sync.OnceFunc(func() { close(r) })
}

// outcomes runs requests concurrently and returns their answers in order.
func outcomes(ctx context.Context, d *repo.Engine, rs ...repo.Request) func() []error {
	errs := make([]error, len(rs))
	var wg sync.WaitGroup
	for i, r := range rs {
		wg.Go(func() { _, errs[i] = d.Do(ctx, "s", r) })
	}
	return func() []error { wg.Wait(); return errs }
}

// logText is what was logged.
type logText struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *logText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newLog() (*logText, *slog.Logger) {
	l := &logText{}
	return l, slog.New(slog.NewTextHandler(l, nil))
}

// eventually waits until ok.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited a minute for %s", what)
		}
	}
}

// queued waits until so many jobs wait for site "s", behind what is being done there.
func queued(t testing.TB, d *repo.Engine, n int) {
	t.Helper()
	eventually(t, "jobs in the queue", func() bool {
		waiting, _, _ := repo.Queue(d, "s")
		return waiting == n
	})
}

// atRest waits until nothing is done at a site.
func atRest(t testing.TB, d *repo.Engine, site workflow.SiteID) {
	t.Helper()
	eventually(t, "the site to rest", func() bool {
		_, _, working := repo.Queue(d, site)
		return !working
	})
}
