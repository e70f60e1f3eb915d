package scenario

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/lunpai/lunpai/workflow"
)

// TestVerbs: every placeholder of an address is a member of the command, which leaves the body;
// verbs that give the same command send it to the same address.
func TestVerbs(t *testing.T) {
	paths := map[reflect.Type]string{}
	for word, v := range verbs {
		if v.gives == nil {
			continue
		}
		cmd, ok := reflect.New(v.gives.Elem()).Interface().(workflow.Command)
		if !ok {
			t.Fatalf("%s: %s is no command", word, v.gives)
		}
		for i := range v.gives.Elem().NumField() {
			if f := reflect.ValueOf(cmd).Elem().Field(i); f.Kind() == reflect.String {
				f.SetString("x")
			}
		}
		req, err := v.request(NewRemote(nil, ""), cmd)
		if err != nil {
			t.Fatal(word, err)
		}
		if strings.Contains(req.path, "nil") {
			t.Errorf("%s: %s names what the command has not", word, req.path)
		}
		address := req.method + " " + req.path
		if before := paths[v.gives]; before != "" && before != address {
			t.Errorf("%s is sent to %s and to %s", v.gives, before, address)
		}
		paths[v.gives] = address
	}
}

// TestReference: the README of the scenarios names every verb, and every expectation that one of
// them states.
func TestReference(t *testing.T) {
	page, err := os.ReadFile("testdata/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, all := range []map[string]verb{verbs, serviceVerbs} {
		for v := range all {
			if !strings.Contains(string(page), "`"+v+"`") {
				t.Errorf("the verb %s is not explained", v)
			}
		}
	}
	_, expectations, _ := strings.Cut(string(page), "## What is expected")
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, name := range files {
		r, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		f, err := Read(r)
		_ = r.Close()
		if err != nil {
			t.Fatal(err)
		}
		for _, sc := range f.Scenarios {
			for _, s := range sc.Steps {
				for k := range s.Expect {
					if !strings.Contains(expectations, "`"+k+"`") {
						t.Errorf("%s expects %s, which is not explained", sc.ID, k)
					}
				}
			}
		}
	}
}
