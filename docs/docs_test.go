// Package docs_test draws the pages that say what the code does: the articles of the policies and
// who may give which command.
package docs_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "draw the pages anew")

const (
	begin = "<!-- drawn from the code by go test ./docs -update -->\n"
	end   = "<!-- end of the drawn part -->\n"
)

// drawn compares the drawn part of a page with what it should be, or writes it there.
func drawn(t *testing.T, name, part string) {
	t.Helper()
	page, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(page), begin)
	old, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has lost the marks around its drawn part", name)
	}
	if old == part {
		return
	}
	if !*update {
		t.Errorf("%s is out of date (go test ./docs -update):\n%s", name, cmp.Diff(old, part))
		return
	}
	if err := os.WriteFile(name, []byte(head+begin+part+end+tail), 0o600); err != nil {
		t.Fatal(err)
	}
}
