package repo_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/repotest"
	"github.com/lunpai/lunpai/workflow"
)

// TestStorageFull: the outcome of the command whose commit found no room is unknown, at once; later
// ones are told that there is no room; views are answered from the journal; once there is room
// again everything resumes by itself, the first command included.
func TestStorageFull(t *testing.T) {
	const deadline = 30 * time.Second
	d, f := flawedOffice(t, repo.Config{Deadline: deadline})
	first := true
	f.set(func(f *flawed) {
		f.onAppend = func(_ context.Context, pages []*repo.Page) []error {
			full := repo.ErrStorageFull
			if first {
				first, full = false, fmt.Errorf("%w: %w", repo.ErrUnknown, full)
			}
			errs := make([]error, len(pages))
			for i := range errs {
				errs[i] = full
			}
			return errs
		}
	})
	start := time.Now()
	if _, err := d.Do(t.Context(), "s", arrive("v")); !errors.Is(err, repo.ErrUnknown) {
		t.Fatalf("got %v, want unknown", err)
	}
	for range 2 {
		if _, err := d.Do(t.Context(), "s", arrive("w")); !errors.Is(err, repo.ErrStorageFull) ||
			errors.Is(err, repo.ErrUnknown) {
			t.Errorf("another command: %v, want no room", err)
		}
		if _, err := d.Do(t.Context(), "s", arrive("v")); !errors.Is(err, repo.ErrUnknown) {
			t.Errorf("the same command: %v, want unknown", err)
		}
		look := func(b *workflow.Board) error {
			if _, ok := b.Record(workflow.VisitRef("v")); ok || b.Seq != 1 {
				return fmt.Errorf("a board at commit %d", b.Seq)
			}
			return nil
		}
		if err := d.View(t.Context(), "s", nil, look); err != nil {
			t.Errorf("a view: %v", err)
		}
	}
	if _, err := d.Do(
		t.Context(),
		"other",
		repotest.Request(
			"create-other",
			workflow.RoleAdministrator,
			repotest.NewSite("other"),
		),
	); !errors.Is(err,
		repo.ErrStorageFull) {
		t.Errorf("another site: %v, want no room", err)
	}
	if took := time.Since(start); took > deadline {
		t.Errorf("answered after %v", took)
	}
	f.heal()
	for _, id := range []string{"w", "v"} {
		if _, err := d.Do(t.Context(), "s", arrive(id)); err != nil {
			t.Errorf("%s with room again: %v", id, err)
		}
	}
	if n := commits(t, f); n != 3 {
		t.Errorf("%d commits, want 3", n)
	}
}
