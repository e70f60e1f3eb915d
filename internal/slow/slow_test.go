package slow_test

import (
	"testing"

	"github.com/lunpai/lunpai/internal/slow"
)

// fakeTB records whether a test was skipped.
type fakeTB struct {
	testing.TB
	skipped bool
}

func (f *fakeTB) Helper()              {}
func (f *fakeTB) Name() string         { return "TestOfTheHelper" }
func (f *fakeTB) Skipf(string, ...any) { f.skipped = true }

func TestOnlyWhenWanted(t *testing.T) {
	for value, wanted := range map[string]bool{"": false, "0": false, "1": true} {
		t.Setenv(slow.Variable, value)
		f := &fakeTB{TB: t}
		slow.Test(f, "nothing")
		if f.skipped == wanted || slow.Wanted() != wanted {
			t.Errorf("%s=%q: skipped: %t", slow.Variable, value, f.skipped)
		}
	}
}
