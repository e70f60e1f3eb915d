package storetest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

var noSiteTests = []test{
	{"AnEmptyIDIsNobody", testNoSite},
}

// testNoSite: the empty id never means all sites, nor what belongs to none: a method about one site
// refuses it.
func testNoSite(t *testing.T, db Database) {
	s, h := prepared(t, db)
	mustInsert(t, s, key("bootstrap", ""))
	loose := *h.page(arrival())
	loose.Site = ""
	found := func(n int, err error) error {
		if n != 0 {
			t.Errorf("%d were found", n)
		}
		return err
	}
	calls := map[string]func(context.Context) error{
		"Append": func(ctx context.Context) error {
			return s.Append(ctx, []*repo.Page{&loose})[0]
		},
		"Since": func(ctx context.Context) error {
			p, err := s.Since(ctx, "", 1, 10)
			return found(len(p), err)
		},
		"Before": func(ctx context.Context) error {
			p, err := s.Before(ctx, "", 10, 10)
			return found(len(p), err)
		},
		"Find": func(ctx context.Context) error {
			_, err := s.Find(ctx, "", "found")
			return err
		},
		"Load": func(ctx context.Context) error {
			d, _, err := s.Load(ctx, "")
			return found(len(d), err)
		},
		"Mark": func(ctx context.Context) error { _, err := s.Mark(ctx, ""); return err },
		"Project": func(ctx context.Context) error {
			return s.Project(ctx, []*repo.Page{&loose})
		},
		"Insert": func(ctx context.Context) error {
			return s.Insert(ctx, person("c2", "", ""))
		},
		"Replace": func(ctx context.Context) error {
			return s.Replace(ctx, person("c1", "", ""))
		},
		"with lookup": func(ctx context.Context) error {
			k := key("k", "")
			k.Lookup = "x"
			return s.Insert(ctx, k)
		},
		"Lookup": func(ctx context.Context) error {
			_, err := s.Lookup(ctx, repo.People, "", "x")
			return err
		},
		"Read": func(ctx context.Context) error {
			d, err := s.Read(ctx, "", 0, []workflow.Ref{workflow.SiteRef(h.site)})
			return found(len(d), err)
		},
		"List": func(ctx context.Context) error {
			l, err := s.List(ctx, repo.Query{Collection: workflow.Sites, Limit: 10})
			return found(len(l.Docs), err)
		},
		"Asked": func(ctx context.Context) error {
			d, err := s.Asked(ctx, "", 0, workflow.Ask{
				Collection: workflow.Customers, By: workflow.ByContact, Whose: []string{"li"},
			}, 10)
			return found(len(d), err)
		},
		"Scan": func(ctx context.Context) error {
			return s.Scan(ctx, repo.Span{Collection: workflow.Sites}, func(repo.Document) error {
				return found(1, nil)
			})
		},
		"Scan by day": func(ctx context.Context) error {
			return s.Scan(ctx, repo.Span{Collection: workflow.Visits, ByDay: true},
				func(repo.Document) error { return found(1, nil) })
		},
		"Sides": func(ctx context.Context) error {
			d, err := s.Sides(ctx, repo.APIKeys, "", time.Time{})
			return found(len(d), err)
		},
		"Under": func(ctx context.Context) error {
			d, err := s.Under(ctx, repo.People, "", "x")
			return found(len(d), err)
		},
		"ReplaceIf": func(ctx context.Context) error {
			return s.ReplaceIf(ctx, person("c1", h.site, "x"), person("c1", "", "x"))
		},
		"pending Sides": func(ctx context.Context) error {
			d, err := s.Sides(ctx, repo.People, "", time.Now())
			return found(len(d), err)
		},
	}
	for _, name := range slices.Sorted(maps.Keys(calls)) {
		if err := calls[name](testContext(t)); !errors.Is(err, repo.ErrNoSite) ||
			errors.Is(err, repo.ErrUnknown) {
			t.Errorf("%s without a site: want ErrNoSite, got %v", name, err)
		}
	}
	wantSide(t, s, person("c1", h.site, "x"))
}
