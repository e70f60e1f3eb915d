package explain

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// core is the text of package workflow: what it says, this package must be able to say in both
// languages.
type core struct {
	funcs  []*ast.FuncDecl
	consts map[string]string            // name → value, string constants
	types  map[string]map[string]string // type → value → name
}

func readCore(t *testing.T) *core {
	t.Helper()
	names, err := filepath.Glob("../workflow/*.go")
	if err != nil || len(names) == 0 {
		t.Fatalf("no source: %v", err)
	}
	s := &core{consts: map[string]string{}, types: map[string]map[string]string{}}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				s.funcs = append(s.funcs, d)
			case *ast.GenDecl:
				s.takeConsts(d)
			}
		}
	}
	return s
}

func (s *core) takeConsts(d *ast.GenDecl) {
	for _, spec := range d.Specs {
		v, ok := spec.(*ast.ValueSpec)
		if !ok || d.Tok != token.CONST || len(v.Values) != 1 {
			continue
		}
		typ, _ := v.Type.(*ast.Ident)
		value, ok := text(v.Values[0])
		if typ == nil || !ok {
			continue
		}
		s.consts[v.Names[0].Name] = value
		if s.types[typ.Name] == nil {
			s.types[typ.Name] = map[string]string{}
		}
		s.types[typ.Name][value] = v.Names[0].Name
	}
}

// text is the value of a string literal.
func text(e ast.Expr) (string, bool) {
	l, ok := e.(*ast.BasicLit)
	if !ok || l.Kind != token.STRING {
		return "", false
	}
	v, err := strconv.Unquote(l.Value)
	return v, err == nil
}

// call is one call of a function, and the function it stands in.
type call struct {
	in   *ast.FuncDecl
	args []ast.Expr
}

func (s *core) calls(name string) []call {
	var cs []call
	for _, f := range s.funcs {
		ast.Inspect(f, func(n ast.Node) bool {
			if c, ok := n.(*ast.CallExpr); ok && calls(c, name) {
				cs = append(cs, call{f, c.Args})
			}
			return true
		})
	}
	return cs
}

func calls(c *ast.CallExpr, name string) bool {
	switch f := c.Fun.(type) {
	case *ast.Ident:
		return f.Name == name
	case *ast.SelectorExpr:
		return f.Sel.Name == name
	}
	return false
}

// values are the strings an expression can be: a literal, a constant, the front of a sum, or, for a
// parameter, what the callers pass. None: it is known only at run time.
func (s *core) values(in *ast.FuncDecl, e ast.Expr) []string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if v, ok := text(e); ok {
			return []string{v}
		}
	case *ast.BinaryExpr:
		return s.values(in, e.X)
	case *ast.Ident:
		if v, ok := s.consts[e.Name]; ok {
			return []string{v}
		}
		var vs []string
		if i := slices.Index(params(in), e.Name); i >= 0 {
			for _, c := range s.calls(in.Name.Name) {
				vs = append(vs, s.values(c.in, c.args[i])...)
			}
		}
		return vs
	}
	return nil
}

func params(f *ast.FuncDecl) []string {
	var names []string
	for _, p := range f.Type.Params.List {
		for _, n := range p.Names {
			names = append(names, n.Name)
		}
	}
	return names
}

// saying is one place where the core says something: a fact or a refusal, with the details that
// come along.
type saying struct {
	key    string // fact kind, or code
	rule   string // refusals: the article, if the source names it
	detail map[string][]string
}

func (s saying) with(keys ...string) map[string]string {
	m := map[string]string{}
	for k := range s.detail {
		m[k] = "x"
	}
	for _, k := range keys {
		m[k] = "x"
	}
	return m
}

// details reads key, value, key, value …
func (s *core) details(in *ast.FuncDecl, kv []ast.Expr) map[string][]string {
	m := map[string][]string{}
	for i := 0; i+1 < len(kv); i += 2 {
		if k, ok := text(kv[i]); ok {
			m[k] = s.values(in, kv[i+1])
		}
	}
	return m
}

// facts are all facts the core states.
func (s *core) facts() []saying {
	var all []saying
	add := func(c call, kinds []string, kv []ast.Expr, more map[string][]string) {
		switch c.in.Name.Name {
		case "notify", "notifySupervisors", "notifyManagers", "flag", "remind":
			return // the helpers themselves
		}
		d := s.details(c.in, kv)
		maps.Copy(d, more)
		for _, k := range kinds {
			all = append(all, saying{key: k, detail: d})
		}
	}
	for _, c := range s.calls("fact") {
		kinds := s.values(c.in, c.args[0])
		if len(kinds) == 0 {
			kinds = s.kindsIn(c.in) // chosen from a table in the function
		}
		add(c, kinds, c.args[3:], nil)
	}
	for _, c := range s.calls("notify") {
		add(c, []string{"notified"}, c.args[3:], map[string][]string{"about": nil})
	}
	for _, to := range []string{"notifySupervisors", "notifyManagers"} {
		for _, c := range s.calls(to) {
			add(c, []string{"notified"}, c.args[2:], map[string][]string{"about": nil})
		}
	}
	for _, c := range s.calls("flag") {
		add(c, []string{"flagged"}, nil, map[string][]string{"flag": s.values(c.in, c.args[1])})
	}
	for _, c := range s.calls("remind") {
		add(c, []string{"reminded"}, c.args[3:],
			map[string][]string{"item": s.values(c.in, c.args[1])})
	}
	return all
}

func (s *core) kindsIn(f *ast.FuncDecl) []string {
	var kinds []string
	ast.Inspect(f, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && strings.HasPrefix(id.Name, "Fact") &&
			s.consts[id.Name] != "" {
			kinds = append(kinds, s.consts[id.Name])
		}
		return true
	})
	return kinds
}

// refusals are all refusals the core gives.
func (s *core) refusals() []saying {
	var all []saying
	for helper, n := range map[string]int{
		"invalid": 1, "invalidUnder": 2, "refused": 2, "forbidden": 2,
	} {
		for _, c := range s.calls(helper) {
			if c.in.Name.Name == "invalidUnder" {
				continue // the helper itself
			}
			rule := ""
			if n == 2 {
				rule, _ = text(c.args[1])
			}
			for _, code := range s.values(c.in, c.args[0]) {
				all = append(all, saying{code, rule, s.details(c.in, c.args[n:])})
			}
		}
	}
	for _, c := range s.calls("notFound") {
		for _, what := range s.values(c.in, c.args[0]) {
			all = append(all, saying{what + "_not_found", "", map[string][]string{"id": nil}})
		}
	}
	for _, f := range s.funcs {
		all = append(all, s.literals(f)...)
	}
	return all
}

// literals are the refusals written as &Fault{…}, with the codes and articles set afterwards in the
// same function.
func (s *core) literals(f *ast.FuncDecl) []saying {
	var base saying
	var all []saying
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CompositeLit:
			if id, ok := n.Type.(*ast.Ident); ok && id.Name == "Fault" {
				base = s.faultLiteral(f, n)
			}
		case *ast.AssignStmt:
			next := base
			for i, l := range n.Lhs {
				sel, ok := l.(*ast.SelectorExpr)
				if !ok || i >= len(n.Rhs) {
					continue
				}
				v, _ := text(n.Rhs[i])
				switch {
				case v == "":
				case sel.Sel.Name == "Code":
					next.key = v
				case sel.Sel.Name == "Rule":
					next.rule = v
				}
			}
			if base.key != "" && (next.key != base.key || next.rule != base.rule) {
				all = append(all, next)
			}
		}
		return true
	})
	if base.key != "" {
		all = append(all, base)
	}
	return all
}

func (s *core) faultLiteral(f *ast.FuncDecl, l *ast.CompositeLit) saying {
	var x saying
	for _, e := range l.Elts {
		kv, ok := e.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		switch kv.Key.(*ast.Ident).Name {
		case "Code":
			x.key, _ = text(kv.Value)
		case "Args":
			if c, ok := kv.Value.(*ast.CallExpr); ok && calls(c, "pairs") {
				x.detail = s.details(f, c.Args)
			}
		}
	}
	return x
}

// fields are the literals given to a field of that name, in literals of structs and in assignments.
func (s *core) fields(name string) []string {
	var vs []string
	for _, f := range s.funcs {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.KeyValueExpr:
				if id, ok := n.Key.(*ast.Ident); ok && id.Name == name {
					vs = append(vs, s.values(f, n.Value)...)
				}
			case *ast.AssignStmt:
				for i, l := range n.Lhs {
					if sel, ok := l.(*ast.SelectorExpr); ok && sel.Sel.Name == name &&
						i < len(n.Rhs) {
						vs = append(vs, s.values(f, n.Rhs[i])...)
					}
				}
			}
			return true
		})
	}
	slices.Sort(vs)
	return slices.Compact(vs)
}
