package workflow_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// dueAgrees holds NextDue against Due: nothing is due before it, something is at it.
func (o *office) dueAgrees() error {
	b, next := o.full, o.full.NextDue(o.now)
	is := func(t time.Time) int { return len(b.Due(t)) }
	switch {
	case next.IsZero():
		if n := is(o.now.AddDate(10, 0, 0)); n > 0 {
			return fmt.Errorf("nothing will be due, it is said, but %d timers are in ten years", n)
		}
		return nil
	case next.Before(o.now):
		return fmt.Errorf("the next is due at %s, before now, %s", next, o.now)
	case next.After(o.now) && is(next.Add(-time.Millisecond))+is(o.now) > 0:
		return fmt.Errorf("something is due at %s, before %s, which is said to be the first moment",
			o.now, next)
	}
	turns := slices.ContainsFunc(
		b.Site().Adoptions,
		func(a workflow.Adoption) bool {
			return string(a.From) == b.Local(next).Format(time.DateOnly)
		},
	)
	if is(next) == 0 && !turns { // on the day of another policy one looks again
		return fmt.Errorf("nothing is due at %s, the moment that was named", next)
	}
	return nil
}

// TestNextDue follows a day through: the reminder, the empty seat, midnight in the site's zone, and
// then nothing.
func TestNextDue(t *testing.T) {
	o := small(t)
	want := func(what string, at time.Time) {
		t.Helper()
		if next := o.full.NextDue(o.now); !next.Equal(at) {
			t.Errorf("%s: due at %s, want %s", what, next, at)
		}
		if err := o.dueAgrees(); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	fire := func() {
		t.Helper()
		for _, timer := range o.full.Due(o.now) {
			o.must(t, timer.Command)
		}
	}
	limit := time.Duration(o.full.Site().PolicyOn("2024-03-04").WaitReminderMin) * time.Minute
	want("two wait", o.now.Add(limit+time.Millisecond))
	o.now = o.now.Add(limit + time.Millisecond)
	fire()
	midnight := time.Date(2024, 3, 5, 0, 0, 0, 0, shanghai)
	want("both are known", midnight)
	o.now = midnight.UTC()
	want("at midnight", midnight)
	fire()
	want("the day is closed", time.Time{})
}
