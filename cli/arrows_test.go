package cli

import (
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// arrows are the packages from top to bottom, each with the ones that it imports. An arrow points
// down, so a row names only rows below it. Tests may import what they like.
var arrows = []struct{ from, to string }{
	{".", "cli"},
	{"cli", "api demo sample report scenario repo/mongostore repo/sqlitestore repo/vault repo" +
		" explain workflow"},
	{"demo", "scenario explain workflow"},
	{"tools/torture", "tools/load tools/mongod repo/mongostore repo/sqlitestore repo workflow"},
	{"tools/bench", "tools/load tools/mongod report openapi/spec"},
	{"tools/load", "tools/mongod"},
	{"tools/mongod/mongotest", "tools/mongod internal/slow"},
	{"tools/mongod", ""},
	{"tools/analytics", ""},
	{"tools/gotest", ""},
	{"tools/textbook", ""},
	{"api", "report repo/vault repo openapi explain workflow shape"},
	{"sample", "workflow"},
	{"report", "repo explain workflow"},
	{"scenario", "workflow"},
	{"repo/storetest", "repo workflow internal/slow"},
	{"repo/repotest", "repo/mongostore repo/sqlitestore repo workflow"},
	{"repo/mongostore", "repo workflow"},
	{"repo/sqlitestore", "repo workflow"},
	{"repo/vault", "repo workflow"},
	{"repo", "workflow"},
	{"openapi/spec", "openapi"},
	{"openapi", ""},
	{"explain", "workflow"},
	{"workflow", ""},
	{"shape/draw", "shape"},
	{"shape", ""},
	{"internal/slow", ""},
}

// TestArrows: packages import each other only as the table says, and the table has no arrow up.
func TestArrows(t *testing.T) {
	is := imports(t)
	for i, row := range arrows {
		to := strings.Fields(row.to)
		for _, p := range to {
			below := func(r struct{ from, to string }) bool { return r.from == p }
			if !slices.ContainsFunc(arrows[i+1:], below) {
				t.Errorf("the arrow from %s to %s does not point down", row.from, p)
			}
			if is[row.from] != nil && !is[row.from][p] {
				t.Errorf("%s no longer imports %s: take the arrow out of the table", row.from, p)
			}
		}
		for p := range is[row.from] {
			if !slices.Contains(to, p) {
				t.Errorf("%s imports %s: the table has no such arrow", row.from, p)
			}
		}
		if is[row.from] == nil {
			t.Errorf("there is no package %s", row.from)
		}
		delete(is, row.from)
	}
	for _, p := range slices.Sorted(maps.Keys(is)) {
		t.Errorf("package %s has no row in the table", p)
	}
}

// imports are the packages of the module and what each imports of it, for every system. It reads
// the files itself, so that `go test` knows when its last answer no longer holds.
func imports(t *testing.T) map[string]map[string]bool {
	t.Helper()
	const module = "github.com/lunpai/lunpai/"
	all := map[string]map[string]bool{}
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && strings.HasPrefix(d.Name(), "."), d.Name() == "testdata":
			return fs.SkipDir
		case !strings.HasSuffix(name, ".go"), strings.HasSuffix(name, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		from := path.Dir(filepath.ToSlash(name))
		if all[from] == nil {
			all[from] = map[string]bool{}
		}
		for _, i := range file.Imports {
			to, err := strconv.Unquote(i.Path.Value)
			if to, ours := strings.CutPrefix(to, module); ours && err == nil {
				all[from][to] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
