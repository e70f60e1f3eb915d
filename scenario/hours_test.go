package scenario_test

import (
	"strings"
	"testing"

	"github.com/lunpai/lunpai/scenario"
)

// TestHours: hours are one pair or a list of pairs; anything else is refused when the file is read.
func TestHours(t *testing.T) {
	for text, want := range map[string]int{
		`["09:00", "18:00"]`:                       1,
		`[["09:00", "18:00"]]`:                     1,
		`[["09:00", "12:00"], ["13:30", "18:00"]]`: 2,
		`["09:00"]`:                                0,
		`["09:00", "12:00", "13:30", "18:00"]`:     0,
		`[["09:00", "12:00"], ["13:30"]]`:          0,
		`[["09:00", "12:00"], "13:30"]`:            0,
		`all day`:                                  0,
	} {
		file := "scenarios:\n- id: X\n  given: {hours: " + text + "}\n"
		f, err := scenario.Read(strings.NewReader(file))
		switch {
		case want == 0 && err == nil:
			t.Errorf("%s is read as %v", text, f.Scenarios[0].Given.Hours)
		case want > 0 && err != nil:
			t.Errorf("%s: %v", text, err)
		case want > 0 && len(f.Scenarios[0].Given.Hours) != want:
			t.Errorf("%s: %v", text, f.Scenarios[0].Given.Hours)
		}
	}
}
