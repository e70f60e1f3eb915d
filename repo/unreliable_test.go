package repo_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// unreliable is a store that fails as networks and servers do.
func unreliable(s repo.Store, seed uint64) *flawed {
	f := &flawed{Store: s}
	var n atomic.Uint64
	draw := func() *rand.Rand { return rand.New(rand.NewPCG(seed, n.Add(1))) }
	broken := fmt.Errorf("the connection broke")
	var late []func()
	f.onAppend = func(ctx context.Context, pages []*repo.Page) []error {
		r := draw()
		switch r.IntN(10) {
		case 0: // nothing arrived
			return lost(pages)
		case 1: // written, the answer is lost
			f.below().Append(ctx, pages)
			return lost(pages)
		case 2: // written much later, after it was given up
			f.set(func(f *flawed) {
				late = append(late, func() {
					ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx),
						100*time.Millisecond)
					defer cancel()
					f.below().Append(ctx, pages)
				})
			})
			return lost(pages)
		case 3:
			time.Sleep(time.Duration(r.IntN(3)) * time.Millisecond)
		}
		var do []func()
		f.set(func(*flawed) { do, late = late, nil })
		for _, f := range do {
			f()
		}
		return f.below().Append(ctx, pages)
	}
	f.onSince = func(ctx context.Context, site workflow.SiteID, seq int64, limit int) ([]*repo.Page,
		error,
	) {
		if draw().IntN(12) == 0 {
			f.cleared.Add(1)
			return nil, broken
		}
		return f.below().Since(ctx, site, seq, limit)
	}
	f.onFind = func(ctx context.Context, site workflow.SiteID, id string) (*repo.Page, error) {
		if draw().IntN(12) == 0 {
			return nil, broken
		}
		return f.below().Find(ctx, site, id)
	}
	f.onRead = func(ctx context.Context, site workflow.SiteID, seq int64,
		refs []workflow.Ref,
	) ([]repo.Document, error) {
		if draw().IntN(12) == 0 {
			return nil, broken
		}
		return f.below().Read(ctx, site, seq, refs)
	}
	return f
}
