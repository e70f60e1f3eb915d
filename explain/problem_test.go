package explain

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// TestProblemTexts: every problem and every phrase is there in both languages, with the same
// arguments.
func TestProblemTexts(t *testing.T) {
	c := readCatalogue(t)
	for key, both := range c.problems {
		checkBoth(t, key+" title", both[En].Title, both[Zh].Title)
		checkBoth(t, key+" detail", both[En].Detail, both[Zh].Detail)
		checkBoth(t, key+" fix", both[En].Fix, both[Zh].Fix)
	}
	for key, both := range c.phrases {
		if len(both[En]) != len(both[Zh]) || len(both[En]) == 0 {
			t.Errorf("phrase %s: %q, %q", key, both[En], both[Zh])
		}
	}
}

func TestProblem(t *testing.T) {
	for _, c := range []struct {
		lang               Lang
		key                string
		args               map[string]string
		title, detail, fix string
	}{
		{
			En, "not_found",
			map[string]string{"what": "visit"},
			"Not found", "There is no such visit here", "Check the address and the key you use",
		},
		{
			Zh, "not_found",
			map[string]string{"what": "visit"},
			"没有找到", "这里没有这个来访", "请核对地址和所用的密钥",
		},
		{
			En, "invalid/missing",
			map[string]string{
				"name":   "party",
				"wanted": Phrase(En, "integer", map[string]string{"min": "1"}),
			},
			"The body does not fit", "party is missing", "Send party: a whole number of at least 1",
		},
		{En, "eclipse", nil, "eclipse", "", ""},
	} {
		title, detail, fix := Problem(c.lang, c.key, c.args)
		if title != c.title || detail != c.detail || fix != c.fix {
			t.Errorf("%s: %q %q %q", c.key, title, detail, fix)
		}
	}
	if got := Phrase(Zh, "list", map[string]string{"min": "1", "max": "3"}); got != "1到3项的列表" {
		t.Error(got)
	}
	if got := Phrase(En, "moon", nil); got != "moon" {
		t.Error(got)
	}
}

// TestProblemsUsed: the API and the reports make every problem and every phrase; no text is left
// over. A key may be put together from its two parts.
func TestProblemsUsed(t *testing.T) {
	literals := map[string]bool{}
	for _, dir := range []string{"../api", "../report"} {
		readLiterals(t, dir, literals)
	}
	c := readCatalogue(t)
	for key := range c.problems {
		code, cause, _ := strings.Cut(key, "/")
		joined := literals[code+"/"] && (cause == "" || literals[cause])
		if !literals[key] && !joined {
			t.Errorf("nothing makes the problem %s", key)
		}
	}
	for key := range c.phrases {
		if !literals[key] {
			t.Errorf("nothing says the phrase %s", key)
		}
	}
}

// readLiterals collects the strings in a folder's source.
func readLiterals(t *testing.T, dir string, into map[string]bool) {
	t.Helper()
	names, err := filepath.Glob(dir + "/*.go")
	if err != nil || len(names) == 0 {
		t.Fatalf("no source in %s: %v", dir, err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if l, ok := n.(ast.Expr); ok {
				if v, ok := text(l); ok {
					into[v] = true
				}
			}
			return true
		})
	}
}
