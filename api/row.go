package api

import (
	"fmt"
	"net/http"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/shape"
	"github.com/lunpai/lunpai/workflow"
)

// route is a row of the table: its address, who may use it, and what goes in and out. The contract
// is drawn from it.
type route struct {
	method, path string
	name         string        // in Go: the type of command, or the function that answers
	kind         workflow.Kind // the command it gives, which also decides who may use it
	roles        []workflow.Role
	public       bool
	within       time.Duration              // to answer; zero: answerWithin
	here         bool                       // answered by whichever instance is asked
	keyless      bool                       // it takes no Idempotency-Key
	then         func(*call, *repo.Outcome) // what follows its command

	command reflect.Type // the type that fills fill; nil: none
	body    reflect.Type // as it is sent; nil: none
	query   reflect.Type // its members are the parameters; nil: none
	answer  reflect.Type // nil: no content, or no JSON
	other   reflect.Type // another answer of the same status
	media   []string     // other media types
	tagged  bool         // it answers 304 to an If-None-Match that still holds
	status  int          // of success
	about   *record      // what it is about
	fills   []fill

	handle handler

	// Set by New.
	takes      *intake      // how the body is read
	filled     []filled     // how the fills are carried out
	parameters []*parameter // of the query
	addressed  bool         // whether what it makes can be read at an address
	sends      *shape.Shape // the shape of the body; nil: there is none
}

type handler func(*call) error

// none stands for a body, a query or an answer that does not exist.
type none struct{}

// commandOf is a pointer to a command's type.
type commandOf[C any] interface {
	*C
	workflow.Command
}

// does is a route whose body is the command itself, except for members that fills and the address
// provide.
func does[C any, P commandOf[C]](method, path string, fills ...fill) *route {
	r := hears(method, path, func(_ *call, c *C) (P, error) { return c, nil }, fills...)
	return r
}

// hears is a route whose body B is not the command: its members have other names, or it takes some
// work to build the command.
func hears[B, C any, P commandOf[C]](method, path string, build func(*call, *B) (P, error),
	fills ...fill,
) *route {
	r := ofCommand[B, C, P](method, path)
	r.query, r.command, r.fills, r.about = reflect.TypeFor[DryRun](), reflect.TypeFor[C](), fills,
		subjectOf(path)
	if r.about != nil {
		r.answer = r.about.decision
	}
	r.handle = func(c *call) error {
		var body B
		if err := c.read(&body); err != nil {
			return c.decidedBefore(err)
		}
		cmd, err := build(c, &body)
		if err != nil {
			return c.decidedBefore(err)
		}
		c.fill(reflect.ValueOf(cmd).Elem())
		out, err := c.do(cmd)
		if err != nil {
			return c.refused(err)
		}
		if r.then != nil && !c.dry {
			r.then(c, out)
		}
		return c.decided(out)
	}
	return r
}

// runs is a route that does more than decide its command C. Its function returns the answer; none:
// no content.
func runs[C, B, A any, P commandOf[C]](method, path string,
	run func(*call, *B) (*A, error),
) *route {
	r := ofCommand[B, C, P](method, path)
	r.answer = typeOf[A]()
	if r.answer == nil {
		r.status = http.StatusNoContent
	}
	r.handle = func(c *call) error {
		var body B
		if err := c.read(&body); err != nil {
			return err
		}
		a, err := run(c, &body)
		if err != nil || a == nil {
			return err
		}
		return c.answer(a)
	}
	return r
}

// reads is a route that answers a question. Q holds the parameters. A function that returns no
// answer has written it itself.
func reads[Q, A any](path string, roles []workflow.Role, read func(*call, *Q) (*A, error)) *route {
	r := &route{
		method: http.MethodGet, path: path, name: funcName(read), roles: roles,
		status: http.StatusOK,
		query:  typeOf[Q](), answer: typeOf[A](),
	}
	r.handle = func(c *call) error {
		q, ok := c.query.(*Q)
		if !ok {
			q = new(Q)
		}
		a, err := read(c, q)
		if err != nil || a == nil {
			return err
		}
		return c.answer(a)
	}
	return r
}

// posted makes a question one that has an effect.
func (r *route) posted() *route { r.method = http.MethodPost; return r }

// acts is a route that changes something beside the journal, such as the caller's session. It takes
// no Idempotency-Key. A function that returns no answer leaves nothing to say.
func acts[B, A any](method, path string, roles []workflow.Role,
	act func(*call, *B) (*A, error),
) *route {
	r := &route{
		method: method, path: path, name: funcName(act), roles: roles, keyless: true,
		status: http.StatusOK, body: typeOf[B](), answer: typeOf[A](),
	}
	if r.answer == nil {
		r.status = http.StatusNoContent
	}
	r.handle = func(c *call) error {
		var body B
		if err := c.read(&body); err != nil {
			return err
		}
		a, err := act(c, &body)
		switch {
		case err != nil:
			return err
		case r.answer == nil:
			return c.NoContent(http.StatusNoContent)
		}
		return c.answer(a)
	}
	return r
}

// serves is a public route that writes its answer itself.
func serves(path, media, name string, h handler) *route {
	return &route{
		method: http.MethodGet, path: path, name: name, public: true, status: http.StatusOK,
		media: []string{media}, handle: h,
	}
}

func ofCommand[B, C any, P commandOf[C]](method, path string) *route {
	return &route{
		method: method, path: path, name: reflect.TypeFor[C]().Name(), kind: P(new(C)).About().Kind,
		status: http.StatusOK,
		body:   typeOf[B](),
	}
}

// called names a route whose command has another route too.
func (r *route) called(name string) *route { r.name = name; return r }

// makes marks a route that makes a record: it answers 201.
func (r *route) makes() *route { r.status = http.StatusCreated; return r }

// open makes a route public.
func (r *route) open() *route { r.public = true; return r }

// takesUpTo sets the time limit of the route.
func (r *route) takesUpTo(d time.Duration) *route { r.within = d; return r }

// followed adds what is done after the command, and again when the request is sent again.
func (r *route) followed(by func(*call, *repo.Outcome)) *route { r.then = by; return r }

// anywhere lets any instance answer, whoever owns the site: what is long, or lasts.
func (r *route) anywhere() *route { r.here = true; return r }

// forwarded reports whether a request goes to the instance that owns its site.
func (r *route) forwarded() bool { return r.ofSite() && !r.here }

// also adds media types besides JSON.
func (r *route) also(media ...string) *route { r.media = media; return r }

// of sets what the route is about, if that is not what its address begins with.
func (r *route) of(x *record) *route { r.about, r.answer = x, x.decision; return r }

// dry lets the route take dry_run.
func (r *route) dry() *route { r.query = reflect.TypeFor[DryRun](); return r }

// asks sets the query of a route that gives a command.
func asks[Q any](r *route) *route { r.query = typeOf[Q](); return r }

// unlessKnown lets the route answer 304 to a caller who has that answer already.
func (r *route) unlessKnown() *route { r.tagged = true; return r }

// or sets the answer for kiosks.
func or[A any](r *route) *route { r.other = typeOf[A](); return r }

// typeOf is the type T; nil for none.
func typeOf[T any]() reflect.Type {
	if t := reflect.TypeFor[T](); t != reflect.TypeFor[none]() {
		return t
	}
	return nil
}

// funcName is the name of a function of this package.
func funcName(f any) string {
	name := runtime.FuncForPC(reflect.ValueOf(f).Pointer()).Name()
	return name[strings.LastIndexByte(name, '.')+1:]
}

// may returns the roles that may use the route, and whether consultants only for what is theirs.
func (r *route) may() (roles []workflow.Role, own bool) {
	if r.kind == "" {
		return r.roles, false
	}
	for _, role := range workflow.Roles {
		ok, only := workflow.MayCommand(r.kind, role)
		if ok {
			roles, own = append(roles, role), own || only
		}
	}
	return roles, own
}

// admits reports whether a role may use the route at all. What a consultant may do is decided
// later.
func (r *route) admits(role workflow.Role) bool {
	if r.kind == "" {
		return slices.Contains(r.roles, role)
	}
	ok, _ := workflow.MayCommand(r.kind, role)
	return ok
}

// ofSite reports whether the address contains a site, which the caller's key must then cover.
func (r *route) ofSite() bool { return r.path == site || strings.HasPrefix(r.path, site+"/") }

// params are the names of the parameters in the address, without the site.
func (r *route) params() (names []string) {
	for part := range strings.SplitSeq(r.path, "/") {
		if name, ok := strings.CutPrefix(part, ":"); ok && name != "site" {
			names = append(names, name)
		}
	}
	return names
}

// compile checks a row and prepares what requests need. It fails if a fill or a parameter of the
// address has no member in the command, or if free text cannot be taken out of the body.
func (r *route) compile() (err error) {
	if r.body != nil {
		r.sends = bodyRules.Of(r.body).Less(r.unsent(), r.optional())
		if r.takes, err = newIntake(r.body, r.unsent()); err != nil {
			return fmt.Errorf("%s %s: %w", r.method, r.path, err)
		}
	}
	if r.parameters, err = parametersOf(r.query); err != nil {
		return fmt.Errorf("%s %s: %w", r.method, r.path, err)
	}
	if r.command == nil {
		return nil
	}
	if r.about == nil {
		return fmt.Errorf("%s %s is about no record that is known", r.method, r.path)
	}
	r.filled, err = compileFills(r.command, r.params(), r.fills)
	if err != nil {
		return fmt.Errorf("%s %s: %w", r.method, r.path, err)
	}
	return nil
}

// optional are the members of the body that callers may leave out, whatever the tags say.
func (r *route) optional() (names []string) {
	for _, f := range r.fills {
		if f.how == whenMissing || f.how == mayMiss {
			names = append(names, f.member)
		}
	}
	return names
}

// unsent are the members of the body that callers do not send.
func (r *route) unsent() (names []string) {
	if r.body != r.command {
		return nil
	}
	by := map[string]bool{}
	for _, f := range r.fills {
		by[f.param] = true
		if f.how != whenMissing && f.how != mayMiss {
			names = append(names, f.member)
		}
	}
	for _, p := range r.params() {
		if !by[p] {
			names = append(names, p)
		}
	}
	return names
}
