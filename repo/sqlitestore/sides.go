package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// Insert adds a side document; ErrExists when its id or its lookup is taken.
func (s *Store) Insert(ctx context.Context, side repo.Side) error {
	return s.put(ctx, "insert", side, func(t *tx) (bool, error) {
		n, err := t.exec(t.insertSide, sideArgs(side)...)
		t.light.Sides += n
		return n == 1, err
	})
}

// Replace writes a side document whether or not it exists; ErrExists when its lookup belongs to
// another id. The old content is erased.
func (s *Store) Replace(ctx context.Context, side repo.Side) error {
	return s.put(ctx, "replace", side, func(t *tx) (bool, error) {
		var owner string
		err := t.sideExists.QueryRowContext(t.ctx, side.Collection, side.Site, side.Lookup,
			side.ID).Scan(&owner)
		if !errNoRows(err) {
			return false, err
		}
		t.erased = true
		n, err := t.exec(t.replaceSide, sideArgs(side)...)
		t.light.Sides += n
		return true, err
	})
}

// put writes a side document; do reports whether it could be written.
func (s *Store) put(
	ctx context.Context, verb string, side repo.Side, do func(*tx) (bool, error),
) error {
	if err := side.NeedSite(); err != nil {
		return fmt.Errorf("%s %s %s: %w", verb, side.Collection, side.ID, err)
	}
	var written bool
	err := s.write(ctx, 1, func(t *tx) (err error) {
		written, err = do(t)
		return err
	})
	if err == nil && !written {
		err = repo.ErrExists
	}
	if err != nil {
		return fmt.Errorf("%s %s %s: %w", verb, side.Collection, side.ID, err)
	}
	return nil
}

// Delete removes a side document for good. Its bytes are overwritten in the file at once, and leave
// the write-ahead log within seconds unless another process keeps reading from the log.
func (s *Store) Delete(ctx context.Context, c repo.SideCollection, id string) error {
	err := s.write(ctx, 1, func(t *tx) error {
		n, err := t.exec(t.erase, c, id)
		t.erased = t.erased || n > 0
		t.light.Sides += n
		return err
	})
	if err != nil {
		return fmt.Errorf("delete %s %s: %w", c, id, err)
	}
	return nil
}

// countSides stores how often side documents were changed, if this transaction changed any.
func (t *tx) countSides(before int64) error {
	if t.light.Sides == before {
		return nil
	}
	_, err := t.exec(t.setSides, strconv.FormatInt(t.light.Sides, 10))
	return err
}

func sideArgs(s repo.Side) []any {
	return []any{
		s.Collection, s.ID, s.Site, s.Lookup, s.Command, s.Pending, s.At.UnixMilli(),
		string(s.Body),
	}
}

// Side reads one by id; ErrNotFound.
func (s *Store) Side(ctx context.Context, c repo.SideCollection, id string) (repo.Side, error) {
	return s.oneSide(ctx, fmt.Sprintf("side %s %s", c, id), func(p *pool) (*sql.Rows, error) {
		return p.side.QueryContext(ctx, c, id)
	})
}

// Lookup reads one by lookup; ErrNotFound.
func (s *Store) Lookup(
	ctx context.Context, c repo.SideCollection, site workflow.SiteID, lookup string,
) (repo.Side, error) {
	if err := repo.NeedSite(site); err != nil {
		return repo.Side{}, fmt.Errorf("lookup %s: %w", c, err)
	}
	// An index entry that leads to the wrong person would not be noticed, so the record that is
	// found must have the lookup too. While it is being changed it may not, for a moment.
	for range 3 {
		found, err := s.oneSide(ctx, fmt.Sprintf("lookup %s of %s", c, site),
			func(p *pool) (*sql.Rows, error) {
				return p.lookup.QueryContext(ctx, c, site, lookup)
			})
		if err != nil {
			return repo.Side{}, err
		}
		own, err := s.Side(ctx, c, found.ID)
		if err == nil && own.Site == site && own.Lookup == lookup || err != nil &&
			!errors.Is(err, repo.ErrNotFound) {
			return own, err
		}
	}
	return repo.Side{}, fmt.Errorf("lookup %s of %s: %w: the index leads to another record", c,
		site, repo.ErrCorrupt)
}

func (s *Store) oneSide(
	ctx context.Context, what string, query func(*pool) (*sql.Rows, error),
) (side repo.Side, err error) {
	err = s.read(ctx, what, func(p *pool) error {
		rows, err := query(p)
		found, err := collect(rows, err, scanSide)
		if err == nil && len(found) == 0 {
			err = repo.ErrNotFound
		}
		if err == nil {
			side = found[0]
		}
		return err
	})
	return side, err
}

// Sides lists a collection of one site by id; only pending ones older than before when that is not
// zero.
func (s *Store) Sides(
	ctx context.Context, c repo.SideCollection, site workflow.SiteID, before time.Time,
) ([]repo.Side, error) {
	if err := repo.NeedSite(site); err != nil {
		return nil, fmt.Errorf("sides %s: %w", c, err)
	}
	return s.listSides(ctx, fmt.Sprintf("sides %s of %s", c, site),
		func(p *pool) (*sql.Rows, error) {
			if before.IsZero() {
				return p.siteSides.QueryContext(ctx, c, site)
			}
			return p.siteOverdue.QueryContext(ctx, c, site, before.UnixMilli())
		})
}

// SidesOfAllSites is Sides over all sites, and what belongs to none.
func (s *Store) SidesOfAllSites(
	ctx context.Context, c repo.SideCollection, before time.Time,
) ([]repo.Side, error) {
	return s.listSides(ctx, fmt.Sprintf("sides %s of all sites", c),
		func(p *pool) (*sql.Rows, error) {
			if before.IsZero() {
				return p.sides.QueryContext(ctx, c)
			}
			return p.overdue.QueryContext(ctx, c, before.UnixMilli())
		})
}

func (s *Store) listSides(
	ctx context.Context, what string, query func(*pool) (*sql.Rows, error),
) (sides []repo.Side, err error) {
	err = s.read(ctx, what, func(p *pool) error {
		rows, err := query(p)
		sides, err = collect(rows, err, scanSide)
		return err
	})
	return sides, err
}

// scanSide reads the columns sideColumns.
func scanSide(rows *sql.Rows) (s repo.Side, err error) {
	var (
		at   int64
		body []byte
	)
	err = rows.Scan(&s.Collection, &s.ID, &s.Site, &s.Lookup, &s.Command, &s.Pending, &at, &body)
	s.At, s.Body = time.UnixMilli(at).UTC(), body
	return s, err
}
