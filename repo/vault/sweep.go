package vault

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// Sweep resolves what has been pending for longer than age. People and notes whose command is in
// the journal, or whose customer has a record, are kept for good; the others belong to commands
// that never happened and are deleted. Intents whose command is in the journal are carried out, and
// people that have expired are erased. Only what is pending and old is read, by its index. It
// returns how many it kept and how many it deleted. What it cannot resolve now it leaves to the
// next sweep, and says so in the error.
func (v *Vault) Sweep(ctx context.Context, age time.Duration) (kept, deleted int, err error) {
	var errs []error
	for _, c := range []repo.SideCollection{repo.People, repo.Notes} {
		docs, err := v.store.SidesOfAllSites(ctx, c, v.at().Add(-age))
		if err != nil {
			return kept, deleted, fmt.Errorf("sweep %s: %w", c, err)
		}
		for _, doc := range docs {
			keep, err := v.resolve(ctx, doc)
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
	return kept, deleted, errors.Join(errs...)
}

// resolve keeps or deletes a pending document, unless it has changed since it was read: then
// whoever changed it has resolved it, or the next sweep will.
func (v *Vault) resolve(ctx context.Context, doc repo.Side) (keep bool, err error) {
	if isIntent(doc) {
		return v.resolveIntent(ctx, doc)
	}
	if keep, err = v.happened(ctx, doc); err != nil {
		return keep, err
	}
	if keep {
		now := doc
		now.Pending = false
		err = v.store.ReplaceIf(ctx, doc, now)
	} else {
		err = v.store.DeleteIf(ctx, doc)
	}
	if errors.Is(err, repo.ErrChanged) {
		err = nil
	}
	return keep, err
}

// happened reports whether the command that a pending document belongs to is in the journal.
func (v *Vault) happened(ctx context.Context, doc repo.Side) (bool, error) {
	_, err := v.store.Find(ctx, doc.Site, doc.Command)
	if err == nil {
		return true, nil
	}
	if !errors.Is(err, repo.ErrNotFound) {
		return false, err
	}
	if doc.Collection != repo.People {
		return false, nil
	}
	docs, err := v.store.Read(ctx, doc.Site, 0, []workflow.Ref{
		workflow.CustomerRef(workflow.CustomerID(doc.ID)),
	})
	return len(docs) > 0, err
}
