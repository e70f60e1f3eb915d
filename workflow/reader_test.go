package workflow_test

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// frozen holds what programs of version 3 knew, and a journal that one of them wrote. These files
// never change.
const frozen = "testdata/v3"

// TestNewMembersRaiseTheReader: a record that holds a member, or is of a type, that programs of the
// frozen version do not know, says so.
func TestNewMembersRaiseTheReader(t *testing.T) {
	known := words(t, "members.txt")
	for _, c := range workflow.Collections {
		blank, err := workflow.Blank(c)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range leaves(reflect.TypeOf(blank).Elem(), string(c)) {
			r, _ := l.only().Addr().Interface().(workflow.Record)
			least := workflow.ReaderOf(r)
			if !slices.Contains(known, l.path) && !slices.Contains(harmless, l.path) && least < 4 {
				t.Errorf("%s is new, and a record with it can be read by version %d: "+
					"reader must say so", l.path, least)
			}
		}
	}
}

// harmless are new members that a program which does not know them may lose: they decide nothing,
// and an office that goes back to an older program keeps working. While programs that know numbers
// and others take turns at one office, a number may be given twice on a day.
var harmless = []string{
	"visits.number", "rotas.last_number.day", "rotas.last_number.number",
	"sites.board.names",
}

// TestNewCommandsRaiseTheReader: likewise a command that those programs do not know.
func TestNewCommandsRaiseTheReader(t *testing.T) {
	known := words(t, "commands.txt")
	for _, c := range workflow.Commands() {
		if a := c.About(); !slices.Contains(known, string(a.Kind)) && a.Since < 4 {
			t.Errorf("%s is new: its About must say Since: 4", a.Kind)
		}
	}
}

func words(t *testing.T, name string) []string {
	t.Helper()
	text, err := os.ReadFile(frozen + "/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(text))
}

// leaf is a member that holds a value, and a record in which only that one is set.
type leaf struct {
	path string
	only func() reflect.Value
}

func leaves(t reflect.Type, path string) []leaf {
	var all []leaf
	inside := func(t reflect.Type, path string, wrap func(reflect.Value) reflect.Value) {
		for _, l := range leaves(t, path) {
			all = append(all, leaf{l.path, func() reflect.Value { return wrap(l.only()) }})
		}
	}
	one := func(v any) []leaf {
		return []leaf{{path, func() reflect.Value {
			x := reflect.New(t).Elem()
			x.Set(reflect.ValueOf(v).Convert(t))
			return x
		}}}
	}
	switch {
	case t == reflect.TypeFor[time.Time]():
		return one(time.Unix(1, 0))
	case t == reflect.TypeFor[json.RawMessage]():
		return one("1")
	}
	switch t.Kind() { //nolint:exhaustive // what records are made of
	case reflect.String:
		return one("x")
	case reflect.Bool:
		return one(true)
	case reflect.Int, reflect.Int64, reflect.Float64:
		return one(1)
	case reflect.Pointer:
		inside(t.Elem(), path, func(v reflect.Value) reflect.Value { return v.Addr() })
	case reflect.Slice:
		inside(t.Elem(), path, func(v reflect.Value) reflect.Value {
			return reflect.Append(reflect.New(t).Elem(), v)
		})
	case reflect.Array:
		inside(t.Elem(), path, func(v reflect.Value) reflect.Value {
			x := reflect.New(t).Elem()
			x.Index(0).Set(v)
			return x
		})
	case reflect.Map:
		inside(t.Elem(), path, func(v reflect.Value) reflect.Value {
			x := reflect.MakeMap(t)
			x.SetMapIndex(reflect.ValueOf("x").Convert(t.Key()), v)
			return x
		})
	case reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if !f.IsExported() || name == "-" {
				continue
			}
			at := path
			if !f.Anonymous {
				at += "." + name
			}
			inside(f.Type, at, func(v reflect.Value) reflect.Value {
				x := reflect.New(t).Elem()
				x.Field(i).Set(v)
				return x
			})
		}
	}
	return all
}

// TestOlderJournal: a journal written by a program of the frozen version is read as it was written,
// and the office works on.
func TestOlderJournal(t *testing.T) {
	text, err := os.ReadFile(frozen + "/journal.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	o := newOffice()
	met := map[workflow.Collection]bool{}
	for line := range bytes.Lines(text) {
		line = bytes.TrimSpace(line)
		c, err := decodeCommit(line)
		if err != nil {
			t.Fatal(err)
		}
		if got := outcome(c, nil); got != string(line) {
			t.Errorf("commit %d reads back as\n%s\nwas\n%s", c.Seq, got, line)
		}
		cmd, known := workflow.CommandOf(c.Kind)
		if !known {
			t.Fatalf("commit %d: no command is called %s any more", c.Seq, c.Kind)
		}
		asked := reflect.New(reflect.TypeOf(cmd).Elem()).Interface()
		if err := json.Unmarshal(c.Command, asked); err != nil {
			t.Errorf("commit %d: %v", c.Seq, err)
		}
		if again, _ := workflow.Encode(asked); !bytes.Equal(again, c.Command) {
			t.Errorf("commit %d: the command reads back as\n%s\nwas\n%s", c.Seq, again, c.Command)
		}
		records, err := c.Records()
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range records {
			met[c.Images[i].Collection] = true
			o.all[r.Ref()] = r
			if doc, _ := workflow.Encode(r); !bytes.Equal(doc, c.Images[i].Doc) {
				t.Errorf("commit %d: %v reads back as\n%s\nwas\n%s", c.Seq, r.Ref(), doc,
					c.Images[i].Doc)
			}
		}
		for _, b := range []*board{o.lean, o.full} {
			if err := b.Apply(c); err != nil {
				t.Fatal(err)
			}
		}
		o.commits, o.now = append(o.commits, c), c.At
	}
	if len(met) < 15 {
		t.Errorf("the journal holds only records of %v", met)
	}
	o.now = o.now.AddDate(0, 0, 1)
	o.must(t,
		&workflow.OpenDay{},
		&workflow.ArriveVisit{Visit: "new", Identify: &workflow.Identity{Kind: workflow.KindNew}},
	)
}
