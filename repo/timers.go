package repo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// FireDue gives the commands whose time has come, as the system, at every site where something may be due: it is meant to be
// called every few seconds. A timer's id is made of what is due and when, so that it runs once: after a restart, and with two
// instances firing at once. It returns how many ran now.
func (e *Engine) FireDue(ctx context.Context) (fired int, err error) {
	now := e.Now()
	heads, next, err := e.cfg.Store.Moved(ctx, e.due.asked())
	if err != nil {
		return 0, fmt.Errorf("fire due timers: %w", err)
	}
	e.due.moved(heads, next, now)
	var errs []error
	for _, site := range e.due.take(now) {
		n, err := e.fireSite(ctx, site)
		fired += n
		if err != nil { // one site must not stop the others
			e.due.again(site, now.Add(dueTakeover))
			errs = append(errs, fmt.Errorf("fire due timers of site %s: %w", site, err))
		}
	}
	return fired, errors.Join(errs...)
}

// Now is the time of the service's clock as commits have it: UTC, whole milliseconds.
func (e *Engine) Now() time.Time { return e.cfg.Now().UTC().Truncate(time.Millisecond) }

// fireSite looks at a site and gives what is due there.
func (e *Engine) fireSite(ctx context.Context, site workflow.SiteID) (fired int, err error) {
	var due []workflow.Timer
	look := &job{ctx: ctx, timer: true, done: make(chan result, 1)}
	look.view = func(b *workflow.Board) error {
		now := e.Now()
		due = b.Due(now)
		e.due.note(site, b.Seq, b.NextDue(now))
		return nil
	}
	if err := e.view(site, look); err != nil {
		return 0, err
	}
	for _, t := range due {
		r := Request{ID: t.ID, By: workflow.Actor{Role: workflow.RoleSystem}, Command: t.Command}
		out, err := e.do(site, &job{ctx: ctx, req: r, timer: true, done: make(chan result, 1)})
		var f *workflow.Fault
		switch {
		case errors.As(err, &f), errors.Is(err, ErrInProgress): // somebody was quicker
		case err != nil:
			return fired, err
		case !out.Replayed:
			fired++
		}
	}
	return fired, nil
}
