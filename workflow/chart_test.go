package workflow_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lunpai/lunpai/workflow"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares text with a file, or writes it there.
func golden(t *testing.T, name, text string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), text); d != "" {
		t.Errorf("%s is not up to date (go test ./workflow -update):\n%s", name, d)
	}
}

const (
	chartPage  = "../docs/visit.md"
	chartBegin = "<!-- generated from workflow.Transitions() by go test ./workflow -update -->\n"
	chartEnd   = "<!-- end of the generated part -->\n"
)

// TestChart keeps the chart and the table in docs/visit.md equal to the state machine.
func TestChart(t *testing.T) {
	page, err := os.ReadFile(chartPage)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(page), chartBegin)
	_, tail, ok2 := strings.Cut(rest, chartEnd)
	if !ok || !ok2 {
		t.Fatalf("%s has lost the marks around its generated part", chartPage)
	}
	golden(t, chartPage, head+chartBegin+chart()+chartEnd+tail)
}

// chart is the state machine as a Mermaid diagram and as a table.
func chart() string {
	var b strings.Builder
	b.WriteString("\n```mermaid\nstateDiagram-v2\n    [*] --> arrived\n")
	loops := map[workflow.State][]string{}
	for _, t := range workflow.Transitions() {
		for _, from := range t.From {
			if from == t.To {
				loops[from] = append(loops[from], string(t.Event))
				continue
			}
			fmt.Fprintf(&b, "    %s --> %s: %s\n", from, t.To, t.Event)
		}
	}
	for _, s := range []workflow.State{workflow.Identified, workflow.Assigned} {
		fmt.Fprintf(&b, "    %s --> %s: %s\n", s, s, strings.Join(loops[s], ", "))
	}
	for _, s := range []workflow.State{workflow.Registered, workflow.Abandoned, workflow.Merged} {
		fmt.Fprintf(&b, "    %s --> [*]\n", s)
	}
	b.WriteString("```\n\n| event | from | to |\n|---|---|---|\n")
	for _, t := range workflow.Transitions() {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", t.Event, ids(t.From), t.To)
	}
	b.WriteString("\n")
	return b.String()
}
