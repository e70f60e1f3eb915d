package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/lunpai/lunpai/explain"
	"github.com/lunpai/lunpai/workflow"
)

// source is where the core carries out the articles: which functions and commands cite an article
// or go by a parameter of the policy. Names only; line numbers would be wrong tomorrow.
type source struct {
	articles   map[string]map[string]bool // by article
	parameters map[string]map[string]bool // by parameter
	refusals   map[string]map[string]bool // codes, by article
	names      map[string]bool            // of all functions and types
}

var articleID = regexp.MustCompile(`^P([12]-[0-9]{2}[a-c]?|3-[1-9](\.[1-7][ab]?)?)$`)

func readSource(t *testing.T) *source {
	t.Helper()
	files, err := filepath.Glob("../workflow/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no source: %v", err)
	}
	s := &source{
		map[string]map[string]bool{},
		map[string]map[string]bool{},
		map[string]map[string]bool{},
		map[string]bool{},
	}
	fields := policyFields()
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				s.names[symbol(d)] = true
				s.read(symbol(d), d.Doc.Text(), d, fields)
			case *ast.GenDecl:
				s.readTypes(d)
			}
		}
	}
	return s
}

// symbol is the name of a function; a method that every command has goes by the command's name.
func symbol(d *ast.FuncDecl) string {
	if d.Recv == nil || !slices.Contains([]string{"About", "Needs", "decide", "own"}, d.Name.Name) {
		return d.Name.Name
	}
	of := d.Recv.List[0].Type
	if p, ok := of.(*ast.StarExpr); ok {
		of = p.X
	}
	if id, ok := of.(*ast.Ident); ok {
		return id.Name
	}
	return d.Name.Name
}

// policyFields are the parameters by the Go field that holds them: Count.Unstated, StaleMonths.
func policyFields() map[string]string {
	names := map[string]string{}
	var walk func(t reflect.Type, field, name string)
	walk = func(t reflect.Type, field, name string) {
		for f := range t.Fields() {
			at, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if f.Type.Kind() == reflect.Struct {
				walk(f.Type, field+f.Name+".", name+at+".")
				continue
			}
			names[field+f.Name] = name + at
		}
	}
	walk(reflect.TypeFor[workflow.Policy](), "", "")
	delete(names, "Preset")
	return names
}

// prose is how a comment cites articles: policy 1, art. 12; policy 2, items 5 and 12a.
var prose = regexp.MustCompile(
	`policy ([12]), (?:art\.|items?) ([0-9]+[a-c]?(?:(?:, | and )[0-9]+[a-c]?)*)`)

// cited are the articles that a comment cites.
func cited(doc string) []string {
	var all []string
	for _, m := range prose.FindAllStringSubmatch(strings.Join(strings.Fields(doc), " "), -1) {
		for _, n := range strings.Split(strings.ReplaceAll(m[2], " and ", ", "), ", ") {
			if len(strings.TrimRight(n, "abc")) == 1 {
				n = "0" + n
			}
			all = append(all, "P"+m[1]+"-"+n)
		}
	}
	return all
}

// read notes what a function cites, in its code and in its doc comment.
func (s *source) read(name, doc string, d *ast.FuncDecl, fields map[string]string) {
	for _, a := range cited(doc) {
		s.cite(a, name)
	}
	ast.Inspect(d, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BasicLit:
			v, err := strconv.Unquote(n.Value)
			switch {
			case n.Kind != token.STRING || err != nil:
			case articleID.MatchString(v):
				s.cite(v, name)
			default:
				s.parameter(v, name)
			}
		case *ast.SelectorExpr:
			field := n.Sel.Name
			if x, ok := n.X.(*ast.SelectorExpr); ok && fields[x.Sel.Name+"."+field] != "" {
				field = x.Sel.Name + "." + field
			}
			if p := fields[field]; p != "" {
				put(s.parameters, p, name)
			}
		case *ast.CallExpr:
			s.refusal(n)
		}
		return true
	})
}

// parameter notes who names a parameter, or begins the name of those for each kind of absence:
// "pass_effect." + string(presence).
func (s *source) parameter(v, place string) {
	for _, m := range workflow.Parameters() {
		absence, ok := strings.CutPrefix(m.Name, v)
		isAbsence := explain.Word(explain.En, "presence", absence) != absence
		if v == m.Name || ok && strings.HasSuffix(v, ".") && isAbsence {
			put(s.parameters, m.Name, place)
		}
	}
}

// refusal notes the code of a call such as refused("not_next", "P1-06", …).
func (s *source) refusal(c *ast.CallExpr) {
	id, ok := c.Fun.(*ast.Ident)
	if !ok || len(c.Args) < 2 || !slices.Contains([]string{"refused", "forbidden"}, id.Name) {
		return
	}
	code, ok1 := text(c.Args[0])
	rule, ok2 := text(c.Args[1])
	if ok1 && ok2 && articleID.MatchString(rule) {
		put(s.refusals, rule, code)
	}
}

// readTypes notes what the doc comments of types cite.
func (s *source) readTypes(d *ast.GenDecl) {
	for _, spec := range d.Specs {
		ts, ok := spec.(*ast.TypeSpec)
		if !ok {
			continue
		}
		s.names[ts.Name.Name] = true
		for _, a := range cited(d.Doc.Text() + " " + ts.Doc.Text()) {
			s.cite(a, ts.Name.Name)
		}
	}
}

// cite notes a place under an article; an article cited as a whole stands for its clauses.
func (s *source) cite(article, place string) {
	for _, a := range workflow.Articles() {
		if a == article || strings.TrimRight(a, "abc") == article {
			put(s.articles, a, place)
		}
	}
}

func text(e ast.Expr) (string, bool) {
	l, ok := e.(*ast.BasicLit)
	if !ok || l.Kind != token.STRING {
		return "", false
	}
	v, err := strconv.Unquote(l.Value)
	return v, err == nil
}

func put(m map[string]map[string]bool, key, value string) {
	if m[key] == nil {
		m[key] = map[string]bool{}
	}
	m[key][value] = true
}
