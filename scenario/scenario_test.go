package scenario_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/lunpai/lunpai/scenario"
)

// TestCore plays every scenario file through the decision core.
func TestCore(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")

	if err != nil || len(files) == 0 {
		t.Fatalf("no scenario files: %v", err)
	}
	for _, name := range files {
		r, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		f, err := scenario.Read(r)
		_ = r.Close()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, sc := range f.Scenarios {
			t.Run(sc.ID, func(t *testing.T) { play(t, &sc, scenario.NewCore()) })
		}
	}
}

func play(t *testing.T, sc *scenario.Scenario, o scenario.Office) {
	t.Helper()
	if !sc.Playable() {
		t.Skipf("policy %s comes later", sc.Policy)
	}
	res, err := sc.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range res.Steps {
		for _, d := range s.Differences {
			t.Errorf("step %d at %s, %s %s: %s: want %s, got %s", i+1, s.At, s.Do, s.Visit, d.Key,
				d.Want, d.Got)
		}
	}
}
