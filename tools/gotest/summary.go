package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// event is one line of go test -json; see go doc test2json.
type event struct {
	Action     string
	Package    string
	ImportPath string // of what is built
	Test       string // empty: the event is the package's
	Elapsed    float64
	Output     string
}

// test is a test of a package.
type test struct{ pkg, name string }

func (t test) String() string { return strings.TrimPrefix(t.pkg, module) + " " + t.name }

const module = "github.com/lunpai/lunpai/"

// ended is a test that is over.
type ended struct {
	test
	seconds float64
	why     string // it was skipped
}

// summary is what the events come to.
type summary struct {
	out           io.Writer
	output        map[string][]line // of packages and builds, until they end
	passed        int
	skipped, slow []ended
	failed        []string
	packages      map[string]bool
}

// line is a line of output of a test; of the package itself when the name is empty.
type line struct{ test, text string }

func newSummary(out io.Writer) *summary {
	return &summary{out: out, output: map[string][]line{}, packages: map[string]bool{}}
}

// read takes the events in. What is no event is printed as it is.
func (s *summary) read(r io.Reader) error {
	lines := bufio.NewReader(r)
	for {
		text, err := lines.ReadBytes('\n')
		var e event
		if len(text) > 0 && (text[0] != '{' || json.Unmarshal(text, &e) != nil) {
			fmt.Fprintf(s.out, "%s", text)
		} else if len(text) > 0 {
			s.take(e)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// take takes one event in.
func (s *summary) take(e event) {
	from := cmp.Or(e.Package, e.ImportPath)
	switch e.Action {
	case "output", "build-output":
		s.output[from] = append(s.output[from], line{e.Test, e.Output})
	case "build-fail":
		s.print(from, func(line) bool { return true })
	case "pass", "skip", "fail":
		if e.Test == "" {
			s.endPackage(e)
			return
		}
		s.endTest(e)
	}
}

func (s *summary) endTest(e event) {
	t := ended{test: test{e.Package, e.Test}, seconds: e.Elapsed}
	switch e.Action {
	case "pass":
		s.passed++
	case "skip":
		t.why = s.reason(e)
		s.skipped = append(s.skipped, t)
	case "fail":
		s.failed = append(s.failed, t.String())
		s.print(e.Package, func(l line) bool { return l.test == e.Test })
	}
	s.slow = append(s.slow, t)
	s.output[e.Package] = slices.DeleteFunc(s.output[e.Package], func(l line) bool {
		return l.test == e.Test
	})
}

// place is what go test prints before what a test says.
var place = regexp.MustCompile(`^\s+\S+\.go:\d+: `)

// reason is what a test said before it was skipped.
func (s *summary) reason(e event) (why string) {
	for _, l := range s.output[e.Package] {
		if l.test == e.Test && place.MatchString(l.text) {
			why = strings.TrimSpace(place.ReplaceAllString(l.text, ""))
		}
	}
	return why
}

// endPackage prints the line with which go test ends a package, and whatever a failed one printed.
func (s *summary) endPackage(e event) {
	s.packages[e.Package] = true
	failed := e.Action == "fail"
	if failed {
		s.failed = append(s.failed, e.Package)
	}
	s.print(e.Package, func(l line) bool {
		return failed || l.test == "" && strings.HasPrefix(l.text, "ok ")
	})
	delete(s.output, e.Package)
}

// print prints some of a package's output.
func (s *summary) print(from string, wanted func(line) bool) {
	for _, l := range s.output[from] {
		if wanted(l) {
			fmt.Fprint(s.out, l.text)
		}
	}
}

// end sums up; its error says why this run is a failure.
func (s *summary) end(noSkips bool, slowest int) error {
	if slowest > 0 {
		slices.SortStableFunc(s.slow,
			func(a, b ended) int { return cmp.Compare(b.seconds, a.seconds) })
		fmt.Fprintln(s.out, "\nslowest tests:")
		for _, t := range s.slow[:min(slowest, len(s.slow))] {
			fmt.Fprintf(s.out, "%8.2f s  %s\n", t.seconds, t)
		}
	}
	if len(s.skipped) > 0 {
		fmt.Fprintln(s.out)
	}
	for _, t := range s.skipped {
		fmt.Fprintf(s.out, "SKIPPED %s: %s\n", t, t.why)
	}
	for _, name := range s.failed {
		fmt.Fprintf(s.out, "FAILED %s\n", name)
	}
	fmt.Fprintf(s.out, "\n%d tests passed, %d skipped, %d failed, in %d packages\n",
		s.passed, len(s.skipped), len(s.failed), len(s.packages))
	switch {
	case len(s.failed) > 0:
		return errors.New("tests failed")
	case len(s.packages) == 0:
		return errors.New("no package was tested")
	case noSkips && len(s.skipped) > 0:
		return errors.New("tests were skipped, and none may be")
	}
	return nil
}
