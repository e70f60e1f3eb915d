package api

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/lunpai/lunpai/explain"
)

// makers are the functions that make a problem out of the key of its words, by the place of the key
// among their arguments.
var makers = map[string]int{
	"problem": 1, "bad": 0, "forbidden": 0, "busyHere": 0, "tooMany": 0,
	"oddAddress": 0,
}

// TestProblemsAreWorded: every problem that the source can make has its words in both languages,
// and they are not the same.
func TestProblemsAreWorded(t *testing.T) {
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]bool{}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), f.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			c, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			name, _ := c.Fun.(*ast.Ident)
			if name == nil {
				return true
			}
			if i, ok := makers[name.Name]; ok && i < len(c.Args) {
				if l, ok := c.Args[i].(*ast.BasicLit); ok && l.Kind == token.STRING {
					key, _ := strconv.Unquote(l.Value)
					keys[key] = true
				}
			}
			return true
		})
	}
	if len(keys) < 50 {
		t.Errorf("only %d problems were found in the source", len(keys))
	}
	for key := range keys {
		said := map[explain.Lang]string{}
		for _, l := range explain.Langs {
			title, detail, fix := explain.Problem(l, key, nil)
			if title == key || title == "" || detail == "" || fix == "" {
				t.Errorf("%s has no words in %s", key, l)
			}
			said[l] = detail
		}
		if said[explain.En] == said[explain.Zh] {
			t.Errorf("%s says the same in both languages: %s", key, said[explain.En])
		}
	}
}

// TestProblemsSpeakTheCallersLanguage: what the edge says is chosen by Accept-Language, as the
// refusals are, and names what it is about.
func TestProblemsSpeakTheCallersLanguage(t *testing.T) {
	o := newOffice(t, setup{})
	for _, x := range []struct{ who, method, path, code, en, zh string }{
		{"desk", "GET", "/v1/sites/s/visits?limit=0", "bad_parameter", "from 1 to 200", "200"},
		{
			"desk", "GET", "/v1/sites/s/visits?order=odd", "bad_parameter",
			"order must be one of newest, oldest", "order",
		},
		{"kiosk", "GET", "/v1/sites/s/visits", "role", "kiosk", "自助机"},
		{"desk", "GET", "/v1/sites/s/visits/none", "not_found", "no such record", "记录"},
		{"", "GET", "/v1/sites/s/visits", "unauthenticated", "no valid key", "密钥"},
		{"desk", "GET", "/v1//sites", "not_found", "two slashes", "斜杠"},
	} {
		for lang, want := range map[string]string{"en": x.en, "zh-CN,zh;q=0.9": x.zh} {
			a := o.do(x.who, x.method, x.path, nil, "Accept-Language", lang)
			if a.str("code") != x.code || !strings.Contains(a.str("detail"), want) ||
				strings.Contains(a.str("detail"), "{") || a.str("title") == "" {
				t.Errorf("%s in %s: %s, want %s and %q", x.path, lang, a.raw, x.code, want)
			}
		}
	}
}
