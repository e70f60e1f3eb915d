package repo

import (
	"context"
	"fmt"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// sideCollections are copied whole.
var sideCollections = []SideCollection{People, Notes, APIKeys, Meta}

// Copy copies every site, person, note and key from one store to another, which must be empty: the same pages byte for byte,
// and documents projected from them. Nothing may write to the source meanwhile. progress may be nil. The caller verifies
// the copy.
func Copy(ctx context.Context, from, to Store, progress func(site workflow.SiteID, seq int64)) error {
	if err := mustBeEmpty(ctx, to); err != nil {
		return err
	}
	sites, err := from.Sites(ctx)
	if err != nil {
		return fmt.Errorf("copy: %w", err)
	}
	for _, site := range sites {
		if err := copySite(ctx, from, to, site, progress); err != nil {
			return fmt.Errorf("copy site %s: %w", site, err)
		}
	}
	for _, c := range sideCollections {
		docs, err := from.Sides(ctx, c, "", time.Time{})
		if err != nil {
			return fmt.Errorf("copy %s: %w", c, err)
		}
		for _, doc := range docs {
			if err := to.Replace(ctx, doc); err != nil {
				return fmt.Errorf("copy %s: %w", c, err)
			}
		}
	}
	return nil
}

func mustBeEmpty(ctx context.Context, to Store) error {
	sites, err := to.Sites(ctx)
	if err != nil {
		return fmt.Errorf("copy: look at the target: %w", err)
	}
	keys, err := to.Sides(ctx, APIKeys, "", time.Time{})
	if err != nil {
		return fmt.Errorf("copy: look at the target: %w", err)
	}
	if len(sites)+len(keys) > 0 {
		return fmt.Errorf("copy: the target holds %d sites and %d keys; copy into an empty store", len(sites), len(keys))
	}
	return nil
}

func copySite(ctx context.Context, from, to Store, site workflow.SiteID, progress func(workflow.SiteID, int64)) error {
	for next := int64(1); ; {
		pages, err := from.Since(ctx, site, next, readPages)
		if err != nil {
			return err
		}
		for _, p := range pages {
			if _, err := p.Commits(); err != nil { // checks the page and finds its images
				return err
			}
			if err := to.Append(ctx, []*Page{p})[0]; err != nil {
				return fmt.Errorf("page %s: %w", PageID(site, p.First), err)
			}
			next = p.Last + 1
		}
		if progress != nil && len(pages) > 0 {
			progress(site, next-1)
		}
		if len(pages) < readPages {
			return nil
		}
	}
}
