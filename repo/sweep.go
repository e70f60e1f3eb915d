package repo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// Sweep settles people and notes that have been pending for longer than age: those whose command is in the journal, or whose
// customer has a record, stay for good; the others belong to commands that never happened and are deleted. It also erases
// people whose time is over. It returns how many it kept and how many it deleted. What it cannot settle now it leaves to the
// next sweep, and says so in the error.
func (v *Vault) Sweep(ctx context.Context, age time.Duration) (kept, deleted int, err error) {
	var errs []error
	for _, c := range []SideCollection{People, Notes} {
		docs, err := v.store.SidesOfAllSites(ctx, c, v.at().Add(-age))
		if err != nil {
			return kept, deleted, fmt.Errorf("sweep %s: %w", c, err)
		}
		for _, doc := range docs {
			keep, err := v.happened(ctx, doc)
			if err == nil {
				err = v.settle(ctx, doc, keep)
			}
			switch {
			case err != nil:
				errs = append(errs, fmt.Errorf("sweep %s %s: %w", c, doc.ID, err))
			case keep:
				kept++
			default:
				deleted++
			}
			if ctx.Err() != nil {
				return kept, deleted, errors.Join(errs...)
			}
		}
	}
	n, err := v.expire(ctx)
	return kept, deleted + n, errors.Join(append(errs, err)...)
}

// happened reports whether the command that a pending document belongs to is in the journal.
func (v *Vault) happened(ctx context.Context, doc Side) (bool, error) {
	_, err := v.store.Find(ctx, doc.Site, doc.Command)
	if err == nil {
		return true, nil
	}
	if !errors.Is(err, ErrNotFound) {
		return false, err
	}
	if doc.Collection != People {
		return false, nil
	}
	docs, err := v.store.Read(ctx, doc.Site, 0, []workflow.Ref{workflow.CustomerRef(workflow.CustomerID(doc.ID))})
	return len(docs) > 0, err
}

// settle keeps or deletes a pending document, unless it has changed since it was read.
func (v *Vault) settle(ctx context.Context, doc Side, keep bool) error {
	return v.unchanged(ctx, doc, func(now Side) error {
		if !keep {
			return v.store.Delete(ctx, now.Collection, now.ID)
		}
		now.Pending = false
		return v.store.Replace(ctx, now)
	})
}

// unchanged calls f with a document as it is, if that is how it was read; nobody writes to the vault meanwhile.
func (v *Vault) unchanged(ctx context.Context, read Side, f func(Side) error) error {
	v.sweeping.Lock()
	defer v.sweeping.Unlock()
	now, err := v.store.Side(ctx, read.Collection, read.ID)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if now.Command != read.Command || now.Pending != read.Pending || !now.At.Equal(read.At) {
		return nil
	}
	return f(now)
}

// expire erases people whose time is over, site by site.
func (v *Vault) expire(ctx context.Context) (n int, err error) {
	sites, err := v.store.Sites(ctx)
	if err != nil {
		return 0, fmt.Errorf("sweep people: %w", err)
	}
	now := v.at()
	for _, site := range sites {
		docs, err := v.store.Sides(ctx, People, site, time.Time{})
		if err != nil {
			return n, fmt.Errorf("sweep people of site %s: %w", site, err)
		}
		for _, doc := range docs {
			var b sealedBody
			if json.Unmarshal(doc.Body, &b) != nil || b.ExpiresAt.IsZero() || b.ExpiresAt.After(now) {
				continue
			}
			err := v.unchanged(ctx, doc, func(d Side) error { n++; return v.store.Delete(ctx, People, d.ID) })
			if err != nil {
				return n, fmt.Errorf("sweep people of site %s: %w", site, err)
			}
		}
	}
	return n, nil
}
