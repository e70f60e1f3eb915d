package workflow_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/lunpai/lunpai/explain"
	"github.com/lunpai/lunpai/workflow"
)

// TestCommandTable: every type that decides stands in the table of commands, under its own name,
// with somebody who may give it and with words in both languages.
func TestCommandTable(t *testing.T) {
	listed := map[string]workflow.Kind{}
	for _, c := range workflow.Commands() {
		about, name := c.About(), reflect.TypeOf(c).Elem().Name()
		listed[name] = about.Kind
		if want := snake(name); string(about.Kind) != want {
			t.Errorf("%s is called %s, want %s", name, about.Kind, want)
		}
		if known, ok := workflow.CommandOf(about.Kind); !ok ||
			reflect.TypeOf(known) != reflect.TypeOf(c) {
			t.Errorf("%s leads to %T", about.Kind, known)
		}
		// they are given when they are due, by nobody else
		due := []workflow.Kind{"remind_waiting", "fall_due", "run_calendar"}
		if len(about.May) == 0 && !slices.Contains(due, about.Kind) {
			t.Errorf("nobody may give %s", about.Kind)
		}
		for _, r := range about.May {
			if !slices.Contains(workflow.Roles, r) {
				t.Errorf("%s: %s is no role", about.Kind, r)
			}
		}
		if about.Rule != "" && !slices.Contains(workflow.Articles(), about.Rule) {
			t.Errorf("%s cites %s", about.Kind, about.Rule)
		}
		for _, lang := range []explain.Lang{explain.En, explain.Zh} {
			if explain.Word(lang, "command", string(about.Kind)) == string(about.Kind) {
				t.Errorf("%s has no words in %s", about.Kind, lang)
			}
		}
	}
	for _, name := range deciding(t) {
		if listed[name] == "" {
			t.Errorf("%s decides but does not stand in the table of commands", name)
		}
	}
	if n := len(deciding(t)); n != len(listed) || n < 50 {
		t.Errorf("%d types decide, %d are listed", n, len(listed))
	}
}

// deciding are the types of the package that have a method decide.
func deciding(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Name.Name != "decide" || f.Recv == nil {
				continue
			}
			if p, ok := f.Recv.List[0].Type.(*ast.StarExpr); ok &&
				!strings.HasSuffix(name, "_test.go") {
				names = append(names, fmt.Sprint(p.X))
			}
		}
	}
	return names
}

// snake writes a type's name as a command's: AssignVisit is assign_visit.
func snake(name string) string {
	var b strings.Builder
	for i, r := range name {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// TestEmptyCommands: a command of which nothing is filled in is answered, not broken by.
func TestEmptyCommands(t *testing.T) {
	for _, c := range workflow.Commands() {
		t.Run(string(c.About().Kind), func(t *testing.T) {
			o := small(t)
			if c.About().Kind == "create_site" {
				o = newOffice()
			}
			_, f, err := o.decide(step{at: o.now, by: actor(workflow.RoleSystem, ""), cmd: c})
			if err != nil {
				t.Fatal(err)
			}
			if f != nil && (f.Class == "" || f.Code == "") {
				t.Errorf("the refusal lacks a class or a code: %+v", f)
			}
		})
	}
}

// TestAuthority: analysts and kiosks give no command but an arrival; nobody but the system and
// those named may give any.
func TestAuthority(t *testing.T) {
	for _, c := range workflow.Commands() {
		k := c.About().Kind
		if ok, _ := workflow.MayCommand(k, workflow.RoleAnalyst); ok {
			t.Errorf("an analyst may %s", k)
		}
		if ok, _ := workflow.MayCommand(k, workflow.RoleKiosk); ok != (k == "arrive_visit") {
			t.Errorf("a kiosk may %s: %t", k, ok)
		}
		if ok, _ := workflow.MayCommand(k, "stranger"); ok {
			t.Errorf("an unknown role may %s", k)
		}
	}
}

// TestArticles: every article that a fact or a refusal can cite is in the catalogue, and so is
// every parameter's.
func TestArticles(t *testing.T) {
	known := workflow.Articles()
	for _, m := range workflow.Parameters() {
		for _, a := range []string{m.P1, m.P2} {
			if !slices.Contains(known, a) {
				t.Errorf("parameter %s cites %q", m.Name, a)
			}
		}
		for _, name := range []string{"p1", "p2"} {
			p, _ := workflow.Preset(name)
			if !m.Valid(&p) {
				t.Errorf("preset %s breaks the bounds of %s", name, m.Name)
			}
		}
	}
	if !slices.IsSortedFunc(known, func(a, b string) int { return strings.Compare(a, b) }) {
		t.Error("the articles are not in order")
	}
}
