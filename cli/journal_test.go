package cli

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lunpai/lunpai/repo"
)

// TestJournal: the pages are printed as they were hashed, all or from one commit to another.
func TestJournal(t *testing.T) {
	store := "sqlite:" + filepath.Join(t.TempDir(), "office.db")
	if out, err := command(t, "generate", "--store", store, "--visits", "60",
		"--from", "2026-03-01", "--to", "2026-03-07"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	printed := func(args ...string) (lines []string) {
		t.Helper()
		out, err := command(t, append([]string{"journal", "--store", store}, args...)...)
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	}
	var head string
	next := int64(1)
	all := printed()
	for _, line := range all {
		var p struct {
			Site        string
			First, Last int64
			Prev, Hash  string
			Body        []json.RawMessage
		}
		if err := json.Unmarshal([]byte(line), &p); err != nil {
			t.Fatal(err)
		}
		_, body, _ := strings.Cut(line, `"body":`)
		text := bytes.TrimSuffix([]byte(body), []byte("}"))
		if p.Site != "riverside" || p.First != next || p.Prev != head ||
			int64(len(p.Body)) != p.Last-p.First+1 || repo.Chain(p.Prev, text) != p.Hash {
			t.Fatalf("page %d of %s, after %q: %.200s", p.First, p.Site, head, line)
		}
		head, next = p.Hash, p.Last+1
	}
	if len(all) < 2 {
		t.Fatalf("%d pages: the test proves nothing", len(all))
	}
	if one := printed("--from", "64", "--to", "64"); len(one) != 1 || one[0] != all[0] {
		t.Errorf("commit 64: %d pages", len(one))
	}
	if rest := printed("--from", "65"); len(rest) != len(all)-1 || rest[0] != all[1] {
		t.Errorf("from commit 65: %d pages of %d", len(rest), len(all))
	}
	for _, args := range [][]string{
		{"--from", "0"}, {"--from", "5", "--to", "4"}, {"--site", "nowhere"},
	} {
		if out, err := command(t, append([]string{"journal", "--store", store},
			args...)...); err == nil {
			t.Errorf("%v: printed %.100s", args, out)
		}
	}
}
