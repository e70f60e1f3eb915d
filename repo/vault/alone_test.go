package vault_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestNobodyElseTouchesPeopleAndNotes: no code of the product but the vault's names the collections
// people and notes of a store. sides.go says that there are such collections.
func TestNobodyElseTouchesPeopleAndNotes(t *testing.T) {
	root := filepath.Join("..", "..")
	read := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(root, path)
		name = filepath.ToSlash(name)
		if d.IsDir() {
			if slices.Contains([]string{"repo/vault", "repo/storetest", "tools"}, name) ||
				strings.HasPrefix(d.Name(), ".") && name != "." || d.Name() == "node_modules" {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") ||
			name == "repo/sides.go" {
			return nil
		}
		read++
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, n := range naming(file, filepath.ToSlash(filepath.Dir(name)) == "repo") {
			t.Errorf("%s names people or notes of a store: give the vault a method",
				set.Position(n.Pos()))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if read < 100 {
		t.Errorf("only %d files were read", read)
	}
}

// naming are the places in a file that name one of the two collections: by a constant of package
// repo, or by text that is given to a call or stands where a collection does.
func naming(file *ast.File, inRepo bool) (places []ast.Node) {
	repo := "repo"
	for _, i := range file.Imports {
		if i.Path.Value == `"github.com/lunpai/lunpai/repo"` && i.Name != nil {
			repo = i.Name.Name
		}
	}
	names := []string{"People", "Notes"}
	text := func(e ast.Expr) {
		if l, ok := e.(*ast.BasicLit); ok && (l.Value == `"people"` || l.Value == `"notes"`) {
			places = append(places, l)
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			x, ok := n.X.(*ast.Ident)
			if ok && x.Name == repo && slices.Contains(names, n.Sel.Name) {
				places = append(places, n)
			}
		case *ast.Ident:
			if inRepo && slices.Contains(names, n.Name) {
				places = append(places, n)
			}
		case *ast.CallExpr:
			for _, a := range n.Args {
				text(a)
			}
		case *ast.KeyValueExpr:
			if k, ok := n.Key.(*ast.Ident); ok && k.Name == "Collection" {
				text(n.Value)
			}
		}
		return true
	})
	return places
}

// TestNaming: each way of naming the collections is found, and what only sounds similar is not.
func TestNaming(t *testing.T) {
	for code, want := range map[string]int{
		`import "github.com/lunpai/lunpai/repo"; var _ = repo.Notes`:                   1,
		`import r "github.com/lunpai/lunpai/repo"; var _ = r.People`:                   1,
		`import "github.com/lunpai/lunpai/repo"; var _ = repo.SideCollection("notes")`: 1,
		`func f(s store) { s.Delete(ctx, "people", id) }`:                              1,
		`var _ = repo.Side{Collection: "notes", ID: "n"}`:                              1,
		`var _ = repo.Side{Collection: repo.People, ID: "n"}`:                          1,
		`var _ = map[string]string{"party": "people"}`:                                 0,
		`var _ = other.Notes + v.People`:                                               0,
		`import "github.com/lunpai/lunpai/repo"; var _ = repo.APIKeys`:                 0,
	} {
		file, err := parser.ParseFile(token.NewFileSet(), "x.go", "package x; "+code, 0)
		if err != nil {
			t.Fatalf("%s: %v", code, err)
		}
		if got := len(naming(file, false)); got != want {
			t.Errorf("%s: found %d times, want %d", code, got, want)
		}
	}
}
