package explain

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lunpai/lunpai/scenario"
)

// TestScenarios says every fact of every scenario in both languages, without a gap.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("../scenario/testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	said := 0
	for _, name := range files {
		r, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		f, err := scenario.Read(r)
		_ = r.Close()
		if err != nil {
			t.Fatal(err)
		}
		for _, sc := range f.Scenarios {
			res, err := sc.Run(t.Context(), scenario.NewCore())
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range res.Steps {
				for _, f := range s.Facts {
					for _, lang := range Langs {
						text := Fact(lang, f, nil)
						checkText(t, lang, string(f.Kind), text)
						if strings.Contains(text, "?") || strings.Contains(text, string(f.Kind)) {
							t.Errorf("%s: %s says %q of %v", sc.ID, lang, text, f)
						}
						said++
					}
				}
			}
		}
	}
	if said < 1000 {
		t.Errorf("only %d sentences", said)
	}
}
