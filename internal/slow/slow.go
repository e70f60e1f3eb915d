// Package slow marks the tests that a newcomer's `go test ./...` leaves out. It takes a minute with
// what is left; `make slow` and CI run everything. The environment asks for it, not a build tag:
// what a tag hides is seen by no linter and rots.
package slow

import (
	"fmt"
	"os"
	"testing"
)

// Variable is the name of the environment variable that asks for slow tests: LUNPAI_SLOW=1.
const Variable = "LUNPAI_SLOW"

// Wanted reports whether slow tests are to run. A test that only does more of the same then, more
// steps or more seeds, asks here; one that does not run otherwise calls Test.
func Wanted() bool { return os.Getenv(Variable) == "1" }

// Test skips a test that is slow unless slow tests are wanted, and says so. What says what is then
// not tested, and about how long it takes: "five months of an office, 20 s".
func Test(t testing.TB, what string) {
	t.Helper()
	if Wanted() {
		return
	}
	fmt.Fprintf(os.Stderr, "\n*** SKIPPED %s: SLOW: %s (make slow)\n\n", t.Name(), what)
	t.Skipf("SLOW: %s (%s=1 runs it)", what, Variable)
}
