package storetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/lunpai/lunpai/internal/slow"
	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// scanAll collects a collection of all sites.
func scanAll(t *testing.T, s repo.Store, c workflow.Collection) []repo.Document {
	t.Helper()
	var docs []repo.Document
	err := s.ScanAllSites(testContext(t), c, func(d repo.Document) error {
		docs = append(docs, d)
		return nil
	})
	if err != nil {
		t.Fatalf("scan %s of all sites: %v", c, err)
	}
	return docs
}

// scans are both ways to scan the visits of a store with one site.
func scans(
	s repo.Store, site workflow.SiteID,
) map[string]func(context.Context, func(repo.Document) error) error {
	return map[string]func(context.Context, func(repo.Document) error) error{
		"one site": func(ctx context.Context, f func(repo.Document) error) error {
			return s.Scan(ctx, repo.Span{Collection: workflow.Visits, Site: site}, f)
		},
		"all sites": func(ctx context.Context, f func(repo.Document) error) error {
			return s.ScanAllSites(ctx, workflow.Visits, f)
		},
	}
}

// scan collects a collection.
func scan(t *testing.T, s repo.Store, c workflow.Collection, site workflow.SiteID) []repo.Document {
	t.Helper()
	var docs []repo.Document
	err := s.Scan(testContext(t), repo.Span{Collection: c, Site: site},
		func(d repo.Document) error {
			docs = append(docs, d)
			return nil
		})
	if err != nil {
		t.Fatalf("scan %s of %q: %v", c, site, err)
	}
	return docs
}

func testScan(t *testing.T, db Database) {
	s := open(t, db)
	var all []repo.Document
	for _, site := range []workflow.SiteID{"b", "a", "c"} {
		h := begin(t, site)
		for i := range 25 {
			v := visit(fmt.Sprintf("%03d-%s", (i*7)%25, site), workflow.Arrived)
			if i%5 == 0 {
				v = visit(v.ID, workflow.Registered)
			}
			mustAppend(t, s, h.page(changed("arrive_visit", v)))
		}
		catchUp(t, s, site)
		docs := h.documents(func(repo.Document) bool { return true })
		equal(t, "scan of "+string(site), docs, scan(t, s, workflow.Visits, site))
		all = append(all, docs...)
	}
	equal(t, "scan of all sites", sorted(all), scanAll(t, s, workflow.Visits))
	for _, after := range []string{"", "011-", "011-a", "999"} {
		var want, got []string
		for _, d := range scan(t, s, workflow.Visits, "a") {
			if d.ID > after {
				want = append(want, d.ID)
			}
		}
		err := s.Scan(testContext(t),
			repo.Span{
				Collection: workflow.Visits, Site: "a", After: after,
			}, func(d repo.Document) error {
				got = append(got, d.ID)
				return nil
			})
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("behind %q: %v, want %v; %v", after, got, want, err)
		}
	}
	if docs := scan(t, s, workflow.Customers, "a"); len(docs) != 0 {
		t.Errorf("scan of an empty collection: %v", docs)
	}
}

// testScanByDay: more visits than any store reads at once, of several days, come by day and then by
// id, from any first day to any last one.
func testScanByDay(t *testing.T, db Database) {
	const days, perDay = 12, 130
	s := open(t, db)
	h := begin(t, "site")
	mustAppend(t, s, begin(t, "other").page(arrival()))
	for i := range days * perDay / 26 {
		var changes []change
		for k := range 26 {
			n := i*26 + k
			v := visit(fmt.Sprintf("%04d", n*7919%10000), workflow.Registered)
			v.BusinessDay = workflow.Date(fmt.Sprintf("2026-03-%02d", 1+n*31%days))
			changes = append(changes, changed("register_visit", v))
		}
		mustAppend(t, s, h.page(changes...))
	}
	catchUp(t, s, h.site)
	day := func(d repo.Document) workflow.Date {
		day, err := d.BusinessDay()
		if err != nil {
			t.Fatal(err)
		}
		return day
	}
	all := h.documents(func(repo.Document) bool { return true })
	slices.SortFunc(all, func(a, b repo.Document) int {
		return cmp.Or(cmp.Compare(day(a), day(b)), cmp.Compare(a.ID, b.ID))
	})
	for _, c := range []struct{ from, to workflow.Date }{
		{"", ""},
		{"2026-03-05", ""},
		{"", "2026-03-05"},
		{"2026-03-03", "2026-03-09"},
		{"2026-03-07", "2026-03-07"},
		{"2026-04-01", ""},
		{"", "2025-01-01"},
	} {
		var want, got []string
		for _, d := range all {
			if (c.from == "" || day(d) >= c.from) && (c.to == "" || day(d) <= c.to) {
				want = append(want, d.ID)
			}
		}
		err := s.Scan(testContext(t),
			repo.Span{
				Collection: workflow.Visits, Site: h.site, ByDay: true, From: c.from, To: c.to,
			}, func(d repo.Document) error {
				got = append(got, d.ID)
				return nil
			})
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("from %q to %q: %d visits, want %d in order; %v", c.from, c.to, len(got),
				len(want), err)
		}
	}
}

func testScanStops(t *testing.T, db Database) {
	s := open(t, db)
	h := begin(t, "site")
	mustAppend(t, s, h.page(arrival(), arrival(), arrival()))
	catchUp(t, s, h.site)
	enough := errors.New("enough")
	for of, scan := range scans(s, h.site) {
		n := 0
		err := scan(testContext(t), func(repo.Document) error {
			if n++; n == 2 {
				return enough
			}
			return nil
		})
		if !errors.Is(err, enough) || n != 2 {
			t.Errorf("scan of %s: %d calls, %v", of, n, err)
		}
	}
}

// testScanNested: an export may read while it scans, and several exports may run while the office
// is at work.
func testScanNested(t *testing.T, db Database) {
	s := open(t, db)
	ctx := testContext(t)
	h := begin(t, "site")
	for range 10 {
		mustAppend(t, s, h.page(arrival()))
	}
	catchUp(t, s, h.site)
	seq := h.seq
	var wg sync.WaitGroup
	for range 12 {
		wg.Go(func() {
			err := s.Scan(ctx, repo.Span{Collection: workflow.Visits, Site: h.site},
				func(d repo.Document) error {
					docs, err := s.Read(ctx, h.site, seq, []workflow.Ref{d.Ref})
					if err == nil && len(docs) != 1 {
						err = cmpError("documents read in a scan", 1, len(docs))
					}
					return err
				})
			if err != nil {
				t.Error(err)
			}
		})
	}
	mustAppend(t, s, h.page(arrival()), h.page(arrival()))
	wg.Wait()
}

// testScanMemory scans 24 MB and allows 12 MB to be held.
func testScanMemory(t *testing.T, db Database) {
	slow.Test(t, "that a scan holds little memory, 2 s")
	const pages, perPage, size, allowed = 96, 32, 8 << 10, 12 << 20
	s := open(t, db)
	ctx := testContext(t)
	h := begin(t, "site")
	for range pages {
		var changes []change
		for range perPage {
			v := visit(newID(), workflow.Registered)
			v.Reason = strings.Repeat("x", size)
			changes = append(changes, changed("register_visit", v))
		}
		p := h.draft(changes...)
		// not followed: the test itself must not hold the documents
		h.seq, h.prev, h.at = p.Last, p.Hash, p.At
		mustAppend(t, s, p)
		if err := s.Project(ctx, []*repo.Page{p}); err != nil {
			t.Fatal(err)
		}
	}
	for of, scan := range scans(s, h.site) {
		base, peak, n := held(), uint64(0), 0
		err := scan(ctx, func(repo.Document) error {
			if n++; n%256 == 0 {
				peak = max(peak, held())
			}
			return nil
		})
		if err != nil || n != pages*perPage {
			t.Fatalf("scan of %s: %d documents, %v", of, n, err)
		}
		if peak > base+allowed {
			t.Errorf("scan of %s held %d MB more than before", of, (peak-base)>>20)
		}
	}
}

// held is how much memory is reachable.
func held() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
