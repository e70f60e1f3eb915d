package analytics

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/lunpai/lunpai/explain"
	"github.com/lunpai/lunpai/report"
	"github.com/lunpai/lunpai/workflow"
)

// TestFields compares the tables of fields with the types that are stored: every field of a visit
// and a rota, at any depth, stands in a table of both pages with its type, and nothing else does.
func TestFields(t *testing.T) {
	want := map[string]map[string]string{}
	collect(reflect.TypeFor[workflow.Visit](), want)
	collect(reflect.TypeFor[workflow.Rota](), want)
	if len(want) < 14 {
		t.Fatalf("only %d types found", len(want))
	}
	for _, page := range pages {
		said := fieldTables(t, page)
		for name, fields := range want {
			if said[name] == nil {
				t.Errorf("%s: no table <!-- fields of %s -->", page, name)
				continue
			}
			for field, kind := range fields {
				if is, ok := said[name][field]; !ok {
					t.Errorf("%s: field %s of %s is missing", page, field, name)
				} else if is != kind {
					t.Errorf("%s: field %s of %s is said to be %s, it is %s", page, field, name, is,
						kind)
				}
			}
			for field := range said[name] {
				if fields[field] == "" {
					t.Errorf("%s: %s has no field %s", page, name, field)
				}
			}
		}
		for name := range said {
			if want[name] == nil {
				t.Errorf("%s: no type %s is stored in a visit or a rota", page, name)
			}
		}
	}
}

// collect notes the stored fields of a type, by type and name, with the types that MongoDB gives
// them, and goes down into what they hold. Embedded structs are part of the one around them.
func collect(of reflect.Type, into map[string]map[string]string) {
	if into[of.Name()] != nil {
		return
	}
	fields := map[string]string{}
	into[of.Name()] = fields
	for _, f := range reflect.VisibleFields(of) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous || name == "" || name == "-" {
			continue
		}
		if f.Index[0] == 0 && name == "id" && of.Field(0).Anonymous { // of the head
			name = "_id"
		}
		fields[name] = stored(f.Type)
		if inner := within(f.Type); inner != nil {
			collect(inner, into)
		}
	}
}

// within is the struct that a field holds, one or many of; nil when it holds none.
func within(of reflect.Type) reflect.Type {
	for of.Kind() == reflect.Pointer || of.Kind() == reflect.Slice {
		of = of.Elem()
	}
	if of.Kind() != reflect.Struct || of == reflect.TypeFor[time.Time]() {
		return nil
	}
	return of
}

// stored is what MongoDB calls the type of a field.
func stored(of reflect.Type) string {
	if of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	if of == reflect.TypeFor[time.Time]() {
		return "date"
	}
	kinds := map[reflect.Kind]string{
		reflect.String: "string", reflect.Int: "long", reflect.Int64: "long", reflect.Bool: "bool",
		reflect.Slice: "array", reflect.Struct: "object",
	}
	return kinds[of.Kind()]
}

var (
	tableOf  = regexp.MustCompile(`^<!-- fields of (\w+) -->$`)
	fieldRow = regexp.MustCompile("^\\| `(\\w+)` \\| (\\w+) \\| \\S")
)

// fieldTables reads the tables of fields off a page: type, field, type of the field. Several tables
// may share a type.
func fieldTables(t *testing.T, page string) map[string]map[string]string {
	t.Helper()
	tables := map[string]map[string]string{}
	name := ""
	for line := range strings.Lines(readPage(t, page)) {
		line = strings.TrimSpace(line)
		if m := tableOf.FindStringSubmatch(line); m != nil {
			name = m[1]
			if tables[name] == nil {
				tables[name] = map[string]string{}
			}
			continue
		}
		if !strings.HasPrefix(line, "|") {
			name = ""
			continue
		}
		m := fieldRow.FindStringSubmatch(line)
		if name == "" || m == nil {
			continue
		}
		if tables[name][m[1]] != "" {
			t.Errorf("%s: field %s of %s stands there twice", page, m[1], name)
		}
		tables[name][m[1]] = m[2]
	}
	return tables
}

// viewColumns are the columns of the view that stands for a report.
func viewColumns(r report.Info) []string {
	columns := append([]string{"site"}, r.GroupBy...)
	for _, c := range r.Columns {
		columns = append(columns, c.Name)
	}
	return columns
}

// TestViewsOnThePage: both pages have a row for every view, with its columns.
func TestViewsOnThePage(t *testing.T) {
	for _, page := range pages {
		text := readPage(t, page)
		for _, r := range report.List(explain.En) {
			if r.Name == "visits" { // not a view: it is the collection
				continue
			}
			row := fmt.Sprintf("| `%s` |", strings.Join(viewColumns(r), "` `"))
			line := "(?m)^\\| `" + r.Name + "` \\| [^|]+ " + regexp.QuoteMeta(row) + "$"
			if !regexp.MustCompile(line).MatchString(text) {
				t.Errorf("%s: no row of %s that ends in %s", page, r.Name, row)
			}
		}
	}
}

// TestColumnsOnThePage: both pages say what every column of the views and reports holds, in the
// words of the program.
func TestColumnsOnThePage(t *testing.T) {
	for i, page := range pages {
		want := columnRows(explain.Langs[i])
		if got := tableBehind(readPage(t, page), "<!-- columns -->"); got != want {
			t.Errorf("%s: the table of columns should be\n%s", page, want)
		}
	}
}

// columnRows are the rows of the table of columns: the dimensions first, then the columns, each
// once; those of a visit's row have fields of their own on the page.
func columnRows(lang explain.Lang) string {
	var dimensions, columns []report.About
	for _, r := range report.List(lang) {
		dimensions = append(dimensions, r.Dimensions...)
		if r.Name != "visits" {
			columns = append(columns, r.Columns...)
		}
	}
	seen, b := map[string]bool{}, strings.Builder{}
	for _, c := range append(dimensions, columns...) {
		if !seen[c.Name] {
			seen[c.Name] = true
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", c.Name, c.Type, c.Holds)
		}
	}
	return b.String()
}

// tableBehind are the rows of the table that follows a mark, without its head.
func tableBehind(page, mark string) string {
	_, rest, _ := strings.Cut(page, mark+"\n")
	table, _, _ := strings.Cut(rest, "\n\n")
	lines := strings.SplitAfterN(table+"\n", "\n", 3)
	return lines[len(lines)-1]
}

// TestSchemaVersion: the pages are about the version that documents carry now.
func TestSchemaVersion(t *testing.T) {
	for _, page := range pages {
		if text := readPage(t, page); !strings.Contains(text,
			fmt.Sprintf("schema %d", workflow.Schema)) &&
			!strings.Contains(text, fmt.Sprintf("版本 %d", workflow.Schema)) {
			t.Errorf("%s does not speak of version %d", page, workflow.Schema)
		}
	}
}
