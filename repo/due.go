package repo

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/lunpai/lunpai/workflow"
)

// maxDue is how many records are looked at in one round. At nine o'clock thousands of calls to
// customers may be due: what is left over waits for the next rounds, so that the timers of
// reception do not wait for all of them.
const maxDue = 500

// CarryOut has FireDue carry out all that is due at a site at this moment, also what came to be due
// by that: for rehearsals, where no loop calls it.
func (e *Engine) CarryOut(ctx context.Context, site workflow.SiteID) error {
	for {
		var seq int64
		if err := e.View(ctx, site, nil, func(b *workflow.Board) error {
			seq = b.Seq
			return nil
		}); err != nil {
			return err
		}
		// Documents that trail would hide what is due.
		refs := []workflow.Ref{workflow.SiteRef(site)}
		if _, err := e.cfg.Store.Read(ctx, site, seq, refs); err != nil {
			return fmt.Errorf("read site %s: %w", site, err)
		}
		e.due.lookLater(site, e.Now())
		if n, err := e.FireDue(ctx); n == 0 || err != nil {
			return err
		}
	}
}

// fireRecords gives the commands that are due about single records, such as a ticket that lies
// still. They are in no board: the store's index finds them, at all sites at once, so that a round
// costs what is due and not what there is. A full round ends where the next one goes on; so records
// that cannot be dealt with do not keep the others waiting behind them.
func (e *Engine) fireRecords(ctx context.Context) (fired int, err error) {
	now := e.Now()
	docs, err := e.cfg.Store.DueAll(ctx, now, e.due.reachedRecord(), e.page)
	if err != nil {
		return 0, fmt.Errorf("find due records: %w", err)
	}
	var reached Waking
	if len(docs) == e.page {
		if reached, err = docs[len(docs)-1].Waking(); err != nil {
			return 0, err
		}
	}
	e.due.reachRecord(reached)
	left := e.notHere(ctx, docs)
	var errs []error
	for _, d := range docs {
		if left[d.Site] {
			continue
		}
		ran, err := e.fireRecord(ctx, d)
		if ran {
			fired++
		}
		if err != nil { // one site must not stop the others; its other records would fail as well
			left[d.Site] = true
			errs = append(errs, fmt.Errorf("fire due timers of site %s: %w", d.Site, err))
		}
	}
	return fired, errors.Join(errs...)
}

// notHere are those of the records' sites that another instance owns: it deals with them.
func (e *Engine) notHere(ctx context.Context, docs []Document) map[workflow.SiteID]bool {
	var sites []workflow.SiteID
	for _, d := range docs {
		if !slices.Contains(sites, d.Site) {
			sites = append(sites, d.Site)
		}
	}
	left := map[workflow.SiteID]bool{}
	if len(sites) == 0 {
		return left
	}
	maps.Copy(left, e.elsewhere(ctx, sites))
	for _, s := range sites {
		if o := e.cfg.Owners; o != nil && !left[s] && o.Use(ctx, s) != "" {
			left[s] = true // it has an owner since a moment
		}
	}
	return left
}

// fireRecord gives the command that is due about a record, if there is one.
func (e *Engine) fireRecord(ctx context.Context, d Document) (bool, error) {
	r, err := d.Record()
	if err != nil {
		return false, err
	}
	due, ok := workflow.DueRecord(r, e.Now())
	if !ok {
		return false, nil
	}
	return e.fire(ctx, d.Site, workflow.Timer{ID: due.ID(), Command: due})
}

func (b *dueBook) reachedRecord() Waking {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.reached
}

func (b *dueBook) reachRecord(w Waking) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reached = w
}
