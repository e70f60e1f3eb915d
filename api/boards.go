package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"reflect"
	"strconv"
	"sync"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

const (
	// paintEvery is how often a picture that somebody watches is painted anew without a commit:
	// time alone changes what is late, and whether the office is open.
	paintEvery = 10 * time.Second
	// knownFor is how long a masked person is remembered. Whoever is erased is gone at once.
	knownFor = 10 * time.Second
	// sameFor is for how long the same commit has the same picture.
	sameFor = time.Second
)

// boards hold the live picture of every site that somebody looks at. However many look, there is
// one look at the board for each commit, and one encoding for each kind of viewer.
type boards struct {
	api *API
	mu  sync.Mutex
	of  map[workflow.SiteID]*live
}

func newBoards(a *API) *boards { return &boards{api: a, of: map[workflow.SiteID]*live{}} }

// live is the live picture of one site.
type live struct {
	site workflow.SiteID
	stop context.CancelFunc // of the goroutine that paints; nil: nobody watches
	// users and watching count requests and streams; guarded by boards.
	users, watching int

	paint sync.Mutex // held while a picture is painted: the next one waits and takes it over

	mu      sync.Mutex
	now     *painted      // nil: nothing was painted yet
	changed chan struct{} // closed when now is replaced
	persons map[workflow.CustomerID]knownPerson
	renewed bool // names or persons were written since

	again chan struct{} // asks whoever paints to paint anew
}

type knownPerson struct {
	Person
	at time.Time // when it was read
}

// painted are the pictures of one moment.
type painted struct {
	scene *scene
	at    time.Time // by the machine's clock
	mu    sync.Mutex
	by    map[viewer]*rendering
}

// rendering is one picture as it is sent.
type rendering struct {
	seq  int64
	tag  string // says what the picture shows, without when it was painted
	text []byte
}

// enter finds the live picture of a site, for a request or, watching, for a stream.
func (s *boards) enter(site workflow.SiteID, watching bool) (l *live, leave func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l = s.of[site]
	if l == nil {
		l = &live{
			site: site, changed: make(chan struct{}), again: make(chan struct{}, 1),
			persons: map[workflow.CustomerID]knownPerson{},
		}
		s.of[site] = l
	}
	l.users++
	if watching {
		if l.watching++; l.watching == 1 {
			ctx, stop := context.WithCancel(context.Background()) //nolint:forbidigo // its own
			l.stop = stop
			go s.run(ctx, l)
		}
	}
	return l, sync.OnceFunc(func() { s.leave(l, watching) })
}

func (s *boards) leave(l *live, watching bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if watching {
		if l.watching--; l.watching == 0 {
			l.stop()
		}
	}
	if l.users--; l.users == 0 {
		delete(s.of, l.site)
	}
}

// run paints after every commit, and now and then, until nobody watches.
func (s *boards) run(ctx context.Context, l *live) {
	signals, stop := s.api.cfg.Engine.Watch(l.site)
	defer stop()
	tick := time.NewTicker(s.api.repaint)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-signals:
		case <-l.again:
		case <-tick.C:
		}
		within, cancel := context.WithTimeout(ctx, answerWithin)
		_, _ = s.picture(within, l, true) // what cannot be read now is read at the next tick
		cancel()
	}
}

// renew paints anew what this instance has written beside the journal: names and persons. Others
// see it when they paint next.
func (s *boards) renew(site workflow.SiteID) {
	s.mu.Lock()
	l := s.of[site]
	s.mu.Unlock()
	if l == nil {
		return
	}
	l.paint.Lock() // what is being painted may remember what was
	l.mu.Lock()
	l.persons, l.renewed = nil, true
	l.mu.Unlock()
	l.paint.Unlock()
	select {
	case l.again <- struct{}{}:
	default:
	}
}

// picture is the picture of the journal as it stands. fresh: not one that was painted before,
// though nothing was written since.
func (s *boards) picture(ctx context.Context, l *live, fresh bool) (*painted, error) {
	l.paint.Lock()
	defer l.paint.Unlock()
	l.mu.Lock()
	was := l.now
	fresh = fresh || l.renewed
	l.renewed = false
	l.mu.Unlock()
	next, err := s.look(ctx, l, was, fresh)
	if err != nil || next == was {
		return next, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now = next
	close(l.changed)
	l.changed = make(chan struct{})
	return next, nil
}

// look looks at the board once, and at the names and persons that the picture needs.
func (s *boards) look(ctx context.Context, l *live, was *painted, fresh bool) (*painted, error) {
	now, machine := s.api.cfg.Now().UTC().Truncate(time.Millisecond), s.api.cfg.machine()()
	sc := &scene{steps: s.api.steps}
	err := s.api.cfg.Engine.View(ctx, l.site, nil, func(b *workflow.Board) error {
		if b.Site() == nil {
			return missing("site")
		}
		if same := was != nil && was.scene.Seq == b.Seq && machine.Sub(was.at) < sameFor; same &&
			!fresh {
			sc = nil
			return nil
		}
		refs := b.PictureNeeds()
		if len(b.Missing(refs)) > 0 {
			return errNeeds{refs}
		}
		sc.Picture, sc.site = b.Picture(now), b.Site()
		return nil
	})
	if sc == nil && err == nil {
		return was, nil
	}
	var needs errNeeds
	if errors.As(err, &needs) {
		err = s.api.cfg.Engine.View(ctx, l.site, needs.refs, func(b *workflow.Board) error {
			sc.Picture, sc.site = b.Picture(now), b.Site()
			return nil
		})
	}
	if err != nil {
		return nil, err
	}
	if sc.names, err = s.api.cfg.Vault.Names(ctx, l.site); err != nil {
		return nil, reading(err)
	}
	if sc.persons, err = s.personsOf(ctx, l, sc.Picture, machine); err != nil {
		return nil, err
	}
	return &painted{scene: sc, at: machine, by: map[viewer]*rendering{}}, nil
}

// errNeeds says that a look at the board needs records that it does not hold.
type errNeeds struct{ refs []workflow.Ref }

func (errNeeds) Error() string { return "the board lacks records" }

// personsOf are the masked names and phones of those in the house. Nobody is shown here in full, so
// nothing of it is written to the journal.
func (s *boards) personsOf(
	ctx context.Context, l *live, p *workflow.Picture, now time.Time,
) (map[workflow.CustomerID]Person, error) {
	l.mu.Lock()
	known := l.persons
	l.mu.Unlock()
	next := map[workflow.CustomerID]knownPerson{}
	out := map[workflow.CustomerID]Person{}
	for _, list := range [][]workflow.Attended{p.Waiting, p.Serving} {
		for _, x := range list {
			if x.Customer == "" || x.Known != nil && !x.Known.ErasedAt.IsZero() {
				continue
			}
			k, ok := known[x.Customer]
			if !ok || now.Sub(k.at) > knownFor {
				person, err := s.api.cfg.Vault.Person(ctx, l.site, x.Customer)
				if err != nil && !errors.Is(err, repo.ErrNotFound) {
					return nil, reading(err)
				}
				m := person.Masked()
				k = knownPerson{Person{Name: m.Name, Phone: m.Phone}, now}
			}
			next[x.Customer] = k
			if !k.empty() {
				out[x.Customer] = k.Person
			}
		}
	}
	l.mu.Lock()
	l.persons = next
	l.mu.Unlock()
	return out, nil
}

// current is the newest picture and a channel that is closed when there is a newer one.
func (l *live) current() (*painted, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now, l.changed
}

// seenBy is the picture for a viewer, encoded once for all who see the same.
func (p *painted) seenBy(v viewer) (*rendering, error) {
	if v.role != workflow.RoleConsultant {
		v.staff = ""
	}
	if v.depth() == DepthPublic {
		v.role = workflow.RoleBoard
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if e := p.by[v]; e != nil {
		return e, nil
	}
	picture := p.scene.paint(v)
	now := picture.Now
	picture.Now = time.Time{}
	text, err := appendObject(make([]byte, 0, 8192), reflect.ValueOf(picture).Elem())
	if err != nil {
		return nil, err
	}
	h := fnv.New64a()
	_, _ = h.Write(text)
	stamp, err := workflow.Encode(now)
	if err != nil {
		return nil, err
	}
	text = bytes.Replace(text, []byte(`"now":"0001-01-01T00:00:00Z"`),
		append([]byte(`"now":`), stamp...), 1)
	e := &rendering{
		seq: picture.Seq, text: text,
		tag: strconv.FormatInt(picture.Seq, 10) + "." + strconv.FormatUint(h.Sum64(), 36),
	}
	p.by[v] = e
	return e, nil
}

// event is the picture in a stream.
func (e *rendering) event() []byte {
	return fmt.Appendf(nil, "id: %d\nevent: board\ndata: %s\n\n", e.seq, e.text)
}
