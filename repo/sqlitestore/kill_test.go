package sqlitestore

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/lunpai/lunpai/workflow"
)

// TestKill kills a process in the middle of its work, again and again on one file: whatever it had
// acknowledged is there afterwards, the chain holds, the documents are not behind, and the lock is
// free.
func TestKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lunpai.db")
	acknowledged := make(map[workflow.SiteID]map[int64]string)
	total := 0
	for round := range 5 {
		for site, pages := range killed(t, path) {
			if acknowledged[site] == nil {
				acknowledged[site] = make(map[int64]string)
			}
			for last, hash := range pages {
				acknowledged[site][last] = hash
				total++
			}
		}
		s := openAt(t, path)
		for site, pages := range acknowledged {
			stored := chain(t, s, site)
			for last, hash := range pages {
				if stored[last] != hash {
					t.Errorf("round %d: commit %d of %s was acknowledged and is not there", round,
						last, site)
				}
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d pages acknowledged in 5 lives", total)
	if total < 20 {
		t.Errorf("only %d pages acknowledged: the test tests nothing", total)
	}
}

// killed starts a process that appends, kills it, and returns what it had acknowledged.
func killed(t *testing.T, path string) map[workflow.SiteID]map[int64]string {
	t.Helper()
	cmd := play(t, "append", path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pages := make(map[workflow.SiteID]map[int64]string)
	lines := bufio.NewScanner(out)
	end := 20 + rand.N(500) // killed on an acknowledgement: one that came too early is caught
	for n := 0; lines.Scan(); n++ {
		if n == end {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
		var (
			site workflow.SiteID
			last int64
			hash string
		)
		if _, err := fmt.Sscan(lines.Text(), &site, &last, &hash); err != nil || len(hash) != 64 {
			continue // a line torn by the end
		}
		if pages[site] == nil {
			pages[site] = make(map[int64]string)
		}
		pages[site][last] = hash
	}
	if err := cmd.Wait(); err == nil || len(pages) == 0 {
		t.Fatalf("the child ended by itself: %v", err)
	}
	return pages
}
