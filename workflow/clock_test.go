package workflow_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// TestNoteClock: an administrator has the true time noted beside that of a site which stands ahead,
// until the clock has caught up; the site's own time decides all the same, and without it no commit
// looks different.
func TestNoteClock(t *testing.T) {
	o := small(t)
	real := o.now.Add(-time.Hour)
	give := func(role workflow.Role, clock time.Time, cmd command) (*commit, string) {
		t.Helper()
		env := workflow.Envelope{ID: "c", By: actor(role, ""), At: o.now, Clock: clock}
		c, f := workflow.Decide(o.full, env, cmd)
		if f != nil {
			return nil, f.Code
		}
		if err := o.full.Apply(c); err != nil {
			t.Fatal(err)
		}
		return c, ""
	}
	note := &workflow.ChangeSite{NoteClock: true}
	if c, _ := give(workflow.RoleFrontDesk, real,
		&workflow.ArriveVisit{Visit: "V8"}); !c.ClockAt.IsZero() {
		t.Error("noted before anybody asked")
	}
	if _, code := give(workflow.RoleManager, real, note); code != "role" {
		t.Errorf("a manager: %q", code)
	}
	for _, clock := range []time.Time{{}, o.now} {
		if _, code := give(workflow.RoleAdministrator, clock, note); code != "not_ahead" {
			t.Errorf("with the clock at %s: %q", clock, code)
		}
	}
	c, code := give(workflow.RoleAdministrator, real, note)
	if code != "" || !c.ClockAt.Equal(real) || !c.At.Equal(o.now) {
		t.Fatalf("the command itself: %q, %+v", code, c)
	}
	real = real.Add(30 * time.Minute)
	c, _ = give(workflow.RoleFrontDesk, real, &workflow.ArriveVisit{Visit: "V9"})
	text, err := workflow.AppendCommits(nil, []*workflow.Commit{c})
	if err != nil || !strings.Contains(string(text),
		`"clock_at":"`+real.Format(time.RFC3339)+`"`) || !c.At.Equal(o.now) {
		t.Errorf("a further commit: %v\n%s", err, text)
	}
	real = real.Add(30*time.Minute + time.Second)
	o.now = real
	c, _ = give(workflow.RoleFrontDesk, real, &workflow.ArriveVisit{Visit: "V10"})
	if text, _ = workflow.AppendCommits(nil, []*workflow.Commit{c}); strings.Contains(string(text),
		"clock_at") {
		t.Errorf("the clock has caught up:\n%s", text)
	}
}
