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
	chosen     map[string][]string        // articles, by the command that chooses among them
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
		map[string][]string{},
		map[string]bool{},
	}
	var parsed []*ast.File
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, f)
		for _, d := range f.Decls {
			if d, ok := d.(*ast.FuncDecl); ok {
				s.choose(d)
			}
		}
	}
	fields := policyFields()
	for _, f := range parsed {
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

// choose notes the articles among which a command chooses by a method named rule.
func (s *source) choose(d *ast.FuncDecl) {
	if d.Recv == nil || d.Name.Name != "rule" {
		return
	}
	ast.Inspect(d, func(n ast.Node) bool {
		if e, ok := n.(ast.Expr); ok {
			if v, ok := text(e); ok && articleID.MatchString(v) {
				s.chosen[receiver(d)] = append(s.chosen[receiver(d)], v)
			}
		}
		return true
	})
}

// symbol is the name of a function; a method that every command has goes by the command's name.
func symbol(d *ast.FuncDecl) string {
	if d.Recv == nil || !slices.Contains([]string{"About", "Needs", "decide", "own"}, d.Name.Name) {
		return d.Name.Name
	}
	if of := receiver(d); of != "" {
		return of
	}
	return d.Name.Name
}

// receiver is the type that a method belongs to; empty for a function.
func receiver(d *ast.FuncDecl) string {
	if d.Recv == nil {
		return ""
	}
	of := d.Recv.List[0].Type
	if p, ok := of.(*ast.StarExpr); ok {
		of = p.X
	}
	id, ok := of.(*ast.Ident)
	if !ok {
		return ""
	}
	return id.Name
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

// prose is how a comment cites articles: policy 1, art. 12; policy 2, items 5 and 12a; policy 3,
// item 2.4.
var prose = regexp.MustCompile(`policy ([123]), (?:art\.|items?) ` +
	`([0-9]+(?:\.[0-9])?[a-c]?(?:(?:, | and )[0-9]+(?:\.[0-9])?[a-c]?)*)`)

// cited are the articles that a comment cites.
func cited(doc string) []string {
	var all []string
	for _, m := range prose.FindAllStringSubmatch(strings.Join(strings.Fields(doc), " "), -1) {
		for _, n := range strings.Split(strings.ReplaceAll(m[2], " and ", ", "), ", ") {
			if m[1] != "3" && len(strings.TrimRight(n, "abc")) == 1 {
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
			s.refusal(d, n)
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

// refusal notes the code of a call such as refused("not_next", "P1-06", …), and of those that ask
// for a department or a function.
func (s *source) refusal(d *ast.FuncDecl, c *ast.CallExpr) {
	name := ""
	switch f := c.Fun.(type) {
	case *ast.Ident:
		name = f.Name
	case *ast.SelectorExpr:
		name = f.Sel.Name
	}
	var codes []string
	at := 0
	switch name {
	case "refused", "forbidden":
		if len(c.Args) < 2 {
			return
		}
		code, ok := text(c.Args[0])
		if !ok {
			return
		}
		codes, at = []string{code}, 1
	case "ofDepartment", "underHat":
		codes = []string{"function_needed"}
	}
	for _, code := range codes {
		for _, rule := range s.rules(d, c.Args[at]) {
			put(s.refusals, rule, code)
		}
	}
}

// rules are the articles that an expression names: the one that it is, or those among which the
// command chooses.
func (s *source) rules(d *ast.FuncDecl, e ast.Expr) []string {
	if id, ok := e.(*ast.Ident); ok && id.Name == "rule" {
		return s.chosen[receiver(d)]
	}
	if rule, ok := text(e); ok && articleID.MatchString(rule) {
		return []string{rule}
	}
	return nil
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
