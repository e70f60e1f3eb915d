package repo

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// copiers is how many sites are copied at once; a store writes their pages together.
const copiers = 8

// Copy copies every site, person, note and key from one store to another, which must be empty: the
// same pages byte for byte, and documents projected from them. Nothing may write to the source
// meanwhile. The copy is verified at the end; after any error it must not be used. progress may be
// nil; it is never called concurrently.
//
// Until the copy is complete and verified, its target is marked as unfinished: see Unfinished.
func Copy(
	ctx context.Context, from, to Store, progress func(site workflow.SiteID, seq int64),
) error {
	if err := Unfinished(ctx, from); err != nil {
		return fmt.Errorf("copy: source: %w", err)
	}
	if err := errors.Join(Unfinished(ctx, to), mustBeEmpty(ctx, to)); err != nil {
		return err
	}
	if err := to.Insert(ctx,
		Side{
			Collection: Meta, ID: copyingMark, At: time.Unix(0, 0).UTC(), Body: []byte(`{}`),
		}); err != nil {
		return fmt.Errorf("copy: mark the target: %w", err)
	}
	sites, err := from.Sites(ctx)
	if err != nil {
		return fmt.Errorf("copy: %w", err)
	}
	if err := copySites(ctx, from, to, sites, progress); err != nil {
		return err
	}
	for _, c := range SideCollections {
		docs, err := from.SidesOfAllSites(ctx, c, time.Time{})
		if err != nil {
			return fmt.Errorf("copy %s: %w", c, err)
		}
		for _, doc := range docs {
			if err := to.Replace(ctx, doc); err != nil {
				return fmt.Errorf("copy %s: %w", c, err)
			}
		}
	}
	reports, err := Verify(ctx, to, VerifyOptions{Progress: progress})
	if err == nil {
		err = Sound(reports)
	}
	if err != nil {
		return fmt.Errorf("copy: the copy is not sound: %w", err)
	}
	if err := to.Delete(ctx, Meta, copyingMark); err != nil {
		return fmt.Errorf("copy: all is copied, but the mark of an unfinished copy stays: %w", err)
	}
	return nil
}

// copyingMark is the meta document of a store that a copy is being made into.
const copyingMark = "copying"

// ErrUnfinished: a copy into the store was begun and never finished. Anything may be missing.
var ErrUnfinished = errors.New("the store is an unfinished copy: remove it and copy again")

// Unfinished returns ErrUnfinished for a store that a copy did not finish.
func Unfinished(ctx context.Context, s Sides) error {
	switch _, err := s.Side(ctx, Meta, copyingMark); {
	case err == nil:
		return ErrUnfinished
	case !errors.Is(err, ErrNotFound):
		return fmt.Errorf("look for an unfinished copy: %w", err)
	}
	return nil
}

func mustBeEmpty(ctx context.Context, to Store) error {
	sites, err := to.Sites(ctx)
	if err != nil {
		return fmt.Errorf("copy: look at the target: %w", err)
	}
	if len(sites) > 0 {
		return fmt.Errorf("copy: the target holds %d sites; copy into an empty store", len(sites))
	}
	for _, c := range SideCollections {
		if c == Meta { // a store may have written about itself
			continue
		}
		docs, err := to.SidesOfAllSites(ctx, c, time.Time{})
		if err != nil {
			return fmt.Errorf("copy: look at the target: %w", err)
		}
		if len(docs) > 0 {
			return fmt.Errorf("copy: the target holds %d documents in %s; copy into an empty store",
				len(docs), c)
		}
	}
	return nil
}

// copySites copies several sites at once. The first error stops the others.
func copySites(
	ctx context.Context, from, to Store, sites []workflow.SiteID,
	progress func(workflow.SiteID, int64),
) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var mu sync.Mutex
	tell := func(site workflow.SiteID, seq int64) {
		if progress != nil {
			mu.Lock()
			defer mu.Unlock()
			progress(site, seq)
		}
	}
	todo := make(chan workflow.SiteID)
	var work sync.WaitGroup
	for range min(copiers, len(sites)) {
		work.Go(func() {
			for site := range todo {
				if err := copySite(ctx, from, to, site, tell); err != nil {
					stop(fmt.Errorf("copy site %s: %w", site, err))
				}
			}
		})
	}
	for _, site := range sites {
		if ctx.Err() == nil {
			todo <- site
		}
	}
	close(todo)
	work.Wait()
	return context.Cause(ctx)
}

// copySite copies a journal and makes sure that the documents have caught up.
func copySite(
	ctx context.Context, from, to Store, site workflow.SiteID, tell func(workflow.SiteID, int64),
) error {
	last, head := int64(0), ""
	for more := true; more; {
		pages, err := from.Since(ctx, site, last+1, readPages)
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
			last, head = p.Last, p.Hash
		}
		tell(site, last)
		more = len(pages) == readPages
	}
	pages, err := to.Before(ctx, site, math.MaxInt64, 1)
	if err != nil {
		return err
	}
	if len(pages) == 0 || pages[0].Hash != head {
		return errors.New("the copy does not end with the same page")
	}
	return projectRest(ctx, from, to, site)
}

// projectRest projects what the target has not projected by itself yet.
func projectRest(ctx context.Context, from, to Store, site workflow.SiteID) error {
	for before := int64(-1); ; {
		mark, err := to.Mark(ctx, site)
		if err != nil {
			return err
		}
		if mark == before {
			return fmt.Errorf("the documents do not follow beyond commit %d", mark)
		}
		before = mark
		pages, err := from.Since(ctx, site, mark+1, readPages)
		if err != nil || len(pages) == 0 {
			return err
		}
		for _, p := range pages {
			if _, err := p.Commits(); err != nil {
				return err
			}
		}
		if err := to.Project(ctx, pages); err != nil {
			return err
		}
	}
}
