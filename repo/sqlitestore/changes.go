package sqlitestore

import (
	"context"
	"errors"
	"fmt"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// ReplaceIf replaces a side document if it is still as it was read. The old content is erased.
func (s *Store) ReplaceIf(ctx context.Context, read, now repo.Side) error {
	if err := now.NeedSite(); err != nil {
		return fmt.Errorf("replace %s %s: %w", now.Collection, now.ID, err)
	}
	return s.changeIf(ctx, "replace", read, func(t *tx) error {
		var owner string
		err := t.sideExists.QueryRowContext(t.ctx, now.Collection, now.Site, now.Lookup,
			now.ID).Scan(&owner)
		if err == nil {
			return repo.ErrExists
		}
		if !errNoRows(err) {
			return err
		}
		_, err = t.exec(t.replaceSide, sideArgs(now)...)
		return err
	})
}

// DeleteIf removes a side document for good if it is still as it was read.
func (s *Store) DeleteIf(ctx context.Context, read repo.Side) error {
	return s.changeIf(ctx, "delete", read, func(t *tx) error {
		_, err := t.exec(t.erase, read.Collection, read.ID)
		return err
	})
}

// changeIf runs do in the transaction that finds the document as it was read. There is one writer,
// so nobody comes between. The verdict is returned after the transaction, which it does not roll
// back.
func (s *Store) changeIf(
	ctx context.Context, verb string, read repo.Side, do func(*tx) error,
) error {
	var verdict error
	err := s.write(ctx, 1, func(t *tx) error {
		var stands int
		verdict = nil
		err := t.sideStands.QueryRowContext(t.ctx, sideArgs(read)...).Scan(&stands)
		switch {
		case errNoRows(err):
			verdict = repo.ErrChanged
			return nil
		case err != nil:
			return err
		}
		if err = do(t); errors.Is(err, repo.ErrExists) {
			verdict = err
			return nil
		}
		t.erased = true
		t.light.Sides++
		return err
	})
	if err == nil {
		err = verdict
	}
	if err != nil {
		return fmt.Errorf("%s %s %s: %w", verb, read.Collection, read.ID, err)
	}
	return nil
}

// Under lists what a site has under lookups that begin with prefix.
func (s *Store) Under(
	ctx context.Context, c repo.SideCollection, site workflow.SiteID, prefix string,
) (sides []repo.Side, err error) {
	err = s.readSite(ctx, site, fmt.Sprintf("sides %s of %s", c, site), func(p *pool) error {
		rows, err := p.under.QueryContext(ctx, c, site, prefix, repo.PrefixEnd(prefix))
		sides, err = collect(rows, err, scanSide)
		return err
	})
	return sides, err
}
