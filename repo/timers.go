package repo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// FireDue gives the commands whose time has come at every site, as the system. A timer's id is made of what is due and when,
// so that it runs once: after a restart, and with two instances firing at once. It returns how many ran now.
func (d *Desk) FireDue(ctx context.Context) (fired int, err error) {
	sites, err := d.cfg.Store.Sites(ctx)
	if err != nil {
		return 0, fmt.Errorf("fire due timers: %w", err)
	}
	var errs []error
	for _, site := range sites {
		n, err := d.fireSite(ctx, site)
		fired += n
		if err != nil { // one site must not stop the others
			errs = append(errs, fmt.Errorf("fire due timers of site %s: %w", site, err))
		}
	}
	return fired, errors.Join(errs...)
}

func (d *Desk) fireSite(ctx context.Context, site workflow.SiteID) (fired int, err error) {
	var due []workflow.Timer
	err = d.View(ctx, site, nil, func(b *workflow.Board) error {
		due = b.Due(d.cfg.Now().UTC().Truncate(time.Millisecond))
		return nil
	})
	for _, t := range due {
		if err != nil {
			break
		}
		var out *Outcome
		out, err = d.Do(ctx, site, Request{ID: t.ID, By: workflow.Actor{Role: workflow.RoleSystem}, Command: t.Command})
		var f *workflow.Fault
		if errors.As(err, &f) || errors.Is(err, ErrInProgress) { // somebody was quicker
			err = nil
			continue
		}
		if err == nil && !out.Replayed {
			fired++
		}
	}
	return fired, err
}
