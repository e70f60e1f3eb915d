//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package sqlitestore

import (
	"bufio"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/lunpai/lunpai/workflow"
)

// TestStoppedProcess: a process that is stopped keeps its file, however long; when it goes on
// nothing is lost.
func TestStoppedProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lunpai.db")
	cmd := play(t, "append", path)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	acknowledged := map[workflow.SiteID]map[int64]string{}
	lines := bufio.NewScanner(out)
	for n := 0; lines.Scan(); n++ {
		var (
			site workflow.SiteID
			last int64
			hash string
		)
		if _, err := fmt.Sscan(lines.Text(), &site, &last, &hash); err != nil || len(hash) != 64 {
			continue // a line torn by the end
		}
		if acknowledged[site] == nil {
			acknowledged[site] = map[int64]string{}
		}
		acknowledged[site][last] = hash
		switch n {
		case 50:
			must(t, cmd.Process.Signal(syscall.SIGSTOP))
			if _, err := Open(t.Context(), Config{Path: path}); err == nil ||
				!strings.Contains(err.Error(), ".lock") {
				t.Errorf("the file of a stopped process: want to hear of the lock, got %v", err)
			}
			must(t, cmd.Process.Signal(syscall.SIGCONT))
		case 200:
			must(t, cmd.Process.Kill())
		}
	}
	if err := cmd.Wait(); err == nil || len(acknowledged) == 0 {
		t.Fatalf("the child ended by itself: %v", err)
	}
	s := openAt(t, path)
	for site, pages := range acknowledged {
		stored := chain(t, s, site)
		for last, hash := range pages {
			if stored[last] != hash {
				t.Errorf("commit %d of %s was acknowledged and is not there", last, site)
			}
		}
	}
}
