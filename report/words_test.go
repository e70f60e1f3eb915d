package report_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/lunpai/lunpai/explain"
	"github.com/lunpai/lunpai/report"
)

// TestWords: every report, dimension and column is explained in both languages, and no words are
// left over.
func TestWords(t *testing.T) {
	text, err := os.ReadFile("../explain/reports.json")
	if err != nil {
		t.Fatal(err)
	}
	var words struct {
		Titles, Columns map[string]map[explain.Lang]string
	}
	if err := json.Unmarshal(text, &words); err != nil {
		t.Fatal(err)
	}
	titles, columns := map[string]bool{}, map[string]bool{}
	for _, r := range report.List(explain.En) {
		titles[r.Name] = true
		for _, c := range append(r.Dimensions, r.Columns...) {
			columns[c.Name] = true
		}
	}
	compareWords(t, words.Titles, titles)
	compareWords(t, words.Columns, columns)
}

func compareWords(t *testing.T, words map[string]map[explain.Lang]string, names map[string]bool) {
	t.Helper()
	for name := range names {
		for _, lang := range explain.Langs {
			if words[name][lang] == "" {
				t.Errorf("%s is not explained in %s", name, lang)
			}
		}
	}
	for name := range words {
		if !names[name] {
			t.Errorf("no report has %s", name)
		}
	}
}
