package repo_test

import (
	"context"
	"sync/atomic"
	"testing"
	"fmt"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

type counting struct {
	repo.Store
	calls, pages, commits, small atomic.Int64
}

func (c *counting) Append(ctx context.Context, pages []*repo.Page) []error {
	c.calls.Add(1)
	c.pages.Add(int64(len(pages)))
	if len(pages) < 8 { c.small.Add(1) }
	for _, p := range pages { c.commits.Add(p.Last-p.First+1) }
	return c.Store.Append(ctx, pages)
}

func BenchmarkZZ(b *testing.B) {
	c := &counting{Store: openStore(b)}
	d := openDesk(b, repo.Config{Store: c})
	for i := range 50 {
		found(b, d, workflow.SiteID(fmt.Sprintf("s%d", i)))
	}
	load(b, d, 50, 64, b.N, true)
	b.Logf("calls %d pages/call %.1f commits/page %.2f small %d", c.calls.Load(), float64(c.pages.Load())/float64(c.calls.Load()), float64(c.commits.Load())/float64(c.pages.Load()), c.small.Load())
}
