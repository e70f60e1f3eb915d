package main

import (
	"strings"
	"testing"
)

const passes = `
{"Action":"start","Package":"p"}
{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:3: chatter\n"}
{"Action":"pass","Package":"p","Test":"TestA","Elapsed":1.5}
{"Action":"output","Package":"p","Output":"ok  \tp\t2.0s\n"}
{"Action":"pass","Package":"p","Elapsed":2}
`

// TestSummary: what a run comes to, and whether it is a failure.
func TestSummary(t *testing.T) {
	for name, test := range map[string]struct {
		events      string
		says        []string // in the output
		wrong       string   // in the error
		wrongUnless string   // in the error when nothing may be skipped
	}{
		"passes": {
			events: passes,
			says:   []string{"ok  \tp\t2.0s", "    1.50 s  p TestA", "1 tests passed"},
		},
		"skips": {
			events: passes + `
{"Action":"output","Package":"q","Test":"TestB/sub","Output":"    b_test.go:9: SLOW: a year\n"}
{"Action":"skip","Package":"q","Test":"TestB/sub","Elapsed":0}
{"Action":"pass","Package":"q","Elapsed":0}`,
			says:        []string{"SKIPPED q TestB/sub: SLOW: a year\n", "1 skipped"},
			wrongUnless: "none may be",
		},
		"fails": {
			events: passes + `
{"Action":"output","Package":"q","Test":"TestC","Output":"    c_test.go:4: want 1\n"}
{"Action":"fail","Package":"q","Test":"TestC","Elapsed":0}
{"Action":"fail","Package":"q","Elapsed":0}`,
			says: []string{"c_test.go:4: want 1", "FAILED q TestC\n"}, wrong: "tests failed",
		},
		"panics": {
			events: `
{"Action":"output","Package":"q","Test":"TestD","Output":"panic: oh\n"}
{"Action":"fail","Package":"q","Elapsed":0}`,
			says: []string{"panic: oh"}, wrong: "tests failed",
		},
		"is not built": {
			events: `
{"Action":"build-output","ImportPath":"q [q.test]","Output":"q.go:1: undefined: x\n"}
{"Action":"build-fail","ImportPath":"q [q.test]"}
{"Action":"fail","Package":"q","Elapsed":0,"FailedBuild":"q [q.test]"}`,
			says: []string{"undefined: x"}, wrong: "tests failed",
		},
		"is nothing": {
			events: "no such package\n", says: []string{"no such package\n"},
			wrong: "no package",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			s := newSummary(&out)
			if err := s.read(strings.NewReader(strings.TrimPrefix(test.events, "\n"))); err != nil {
				t.Fatal(err)
			}
			holds(t, s.end(false, 10), test.wrong)
			for _, text := range test.says {
				if !strings.Contains(out.String(), text) {
					t.Errorf("%q is missing in:\n%s", text, &out)
				}
			}
			if strings.Contains(out.String(), "chatter") {
				t.Errorf("what a test that passed says was printed:\n%s", &out)
			}
			holds(t, s.end(true, 0), test.wrong+test.wrongUnless)
		})
	}
}

// holds reports an error that does not say what it should; want is empty for none.
func holds(t *testing.T, err error, want string) {
	t.Helper()
	if (err != nil) != (want != "") || err != nil && !strings.Contains(err.Error(), want) {
		t.Errorf("want an error with %q, got %v", want, err)
	}
}
