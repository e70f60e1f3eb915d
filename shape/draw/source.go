// Package draw draws schemas from shapes and from the comments in the program's source. It is for
// tests, which keep what is drawn in golden files.
package draw

import (
	"fmt"
	"go/ast"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Source is what the source of packages says beside what compiles: comments and constants.
type Source struct {
	types   map[string]string // comments by package.Type
	members map[string]string // comments by package.Type.Field
	funcs   map[string]string // comments by package.Func
	words   map[string][]Word // constants by package.Type, in the order in which they are declared
}

// Word is a value of a closed set with the comment of its constant.
type Word struct{ Value, Comment string }

// Read reads the Go files of folders, tests aside.
func Read(folders ...string) (*Source, error) {
	s := &Source{
		types: map[string]string{}, members: map[string]string{}, funcs: map[string]string{},
		words: map[string][]Word{},
	}
	for _, folder := range folders {
		files, err := fs.Glob(os.DirFS(folder), "*.go")
		if err != nil {
			return nil, err
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			f, err := parser.ParseFile(token.NewFileSet(), path.Join(folder, name), nil,
				parser.ParseComments)
			if err != nil {
				return nil, fmt.Errorf("read %s: %w", name, err)
			}
			s.file(f)
		}
	}
	return s, nil
}

func (s *Source) file(f *ast.File) {
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil {
				s.funcs[f.Name.Name+"."+d.Name.Name] = text(d.Doc)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					s.typeSpec(f.Name.Name+"."+spec.Name.Name, d, spec)
				case *ast.ValueSpec:
					if d.Tok == token.CONST {
						s.constant(f.Name.Name, spec)
					}
				}
			}
		}
	}
}

func (s *Source) typeSpec(name string, d *ast.GenDecl, spec *ast.TypeSpec) {
	s.types[name] = text(spec.Doc, d.Doc, spec.Comment)
	st, ok := spec.Type.(*ast.StructType)
	if !ok {
		return
	}
	for _, field := range st.Fields.List {
		for _, n := range field.Names {
			s.members[name+"."+n.Name] = text(field.Doc, field.Comment)
		}
	}
}

// constant notes a constant of a named type whose value is a text.
func (s *Source) constant(pkg string, spec *ast.ValueSpec) {
	typ, ok := spec.Type.(*ast.Ident)
	if !ok {
		return
	}
	for _, v := range spec.Values {
		lit, ok := v.(*ast.BasicLit)
		if !ok || lit.Kind != token.STRING {
			continue
		}
		value, err := strconv.Unquote(lit.Value)
		if err != nil {
			continue
		}
		name := pkg + "." + typ.Name
		s.words[name] = append(s.words[name], Word{value, text(spec.Comment, spec.Doc)})
	}
}

// text is the first of some comments that says something, as plain text.
func text(groups ...*ast.CommentGroup) string {
	for _, g := range groups {
		if g == nil {
			continue
		}
		if t := strings.TrimSpace(g.Text()); t != "" {
			return flow(t)
		}
	}
	return ""
}

// flow joins the lines of each paragraph; a list stays a list.
func flow(t string) string {
	var p comment.Parser
	printer := comment.Printer{TextWidth: -1}
	return strings.TrimSpace(string(printer.Text(p.Parse(t))))
}

// Type is the comment of a type without the type's name in front.
func (s *Source) Type(pkg, name string) string {
	return upper(without(s.types[pkg+"."+name], name))
}

// Func is the comment of a function without its name in front.
func (s *Source) Func(pkg, name string) string {
	return upper(without(s.funcs[pkg+"."+name], name))
}

// Member is the comment of a member.
func (s *Source) Member(pkg, typ, field string) string {
	return upper(without(s.members[pkg+"."+typ+"."+field], field))
}

// worded lists the types of a package that have constants, in the order of their names.
func (s *Source) worded(pkg string) (names []string) {
	for name := range s.words {
		if p, typ, _ := strings.Cut(name, "."); p == pkg {
			names = append(names, typ)
		}
	}
	slices.Sort(names)
	return names
}

// opening is how comments begin that open with the name of what they are about.
var opening = regexp.MustCompile(`^(?:(?:A|An|The) )?(?:is|are|was)\b ?|^: `)

// without is a comment without the name that it begins with.
func without(t, name string) string {
	rest, ok := strings.CutPrefix(t, name)
	if !ok || rest == "" || rest[0] != ' ' && rest[0] != ':' && rest[0] != ',' {
		return t
	}
	rest = strings.TrimLeft(rest, " :,")
	return opening.ReplaceAllString(rest, "")
}

func upper(t string) string {
	if t == "" {
		return ""
	}
	return strings.ToUpper(t[:1]) + t[1:]
}

// FirstSentence is the first sentence of a text, without its full stop.
func FirstSentence(t string) string {
	t, _, _ = strings.Cut(t, "\n")
	for i := range len(t) - 1 {
		if (t[i] == '.' || t[i] == ';') && t[i+1] == ' ' && !strings.HasSuffix(t[:i], "art") {
			return t[:i]
		}
	}
	return strings.TrimSuffix(t, ".")
}
