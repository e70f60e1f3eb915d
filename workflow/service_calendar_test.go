package workflow_test

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	diff "github.com/google/go-cmp/cmp"

	"github.com/lunpai/lunpai/workflow"
)

// deskOffice is an office with a service desk from the first moment on, and no day in reception.
func deskOffice(t *testing.T, zone, from string, holidays ...workflow.Date) *office {
	t.Helper()
	loc, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	o := newOffice()
	o.now, err = time.ParseInLocation(time.DateOnly, from, loc)
	if err != nil {
		t.Fatal(err)
	}
	o.now = o.now.UTC()
	must := func(by workflow.Actor, cmd command) {
		t.Helper()
		if _, f, err := o.do(step{at: o.now, by: by, cmd: cmd}); err != nil || f != nil {
			t.Fatalf("%s: %v %v", cmd.About().Kind, f, err)
		}
	}
	created := &workflow.CreateSite{
		Site: site, Zone: zone, Policy: workflow.P1(),
		Service: &workflow.AdoptService{From: workflow.Date(from), Holidays: &holidays},
		Staff: []workflow.NewStaff{
			{Staff: "M", Role: workflow.RoleManager},
			{Staff: "t1", Role: workflow.RoleEmployee, Department: workflow.TechService},
			{Staff: "b1", Role: workflow.RoleEmployee, Department: workflow.Business},
			{Staff: "c1", Role: workflow.RoleEmployee, Department: workflow.CustomerService},
		},
	}
	for i := range created.Hours {
		created.Hours[i] = workflow.DayHours{From: "09:00", To: "18:00"}
	}
	must(actor(workflow.RoleAdministrator, ""), created)
	return o
}

// happens carries out what is due on the calendar up to now, and says what it was and when.
func (o *office) happens(t *testing.T, loc *time.Location) (items []string) {
	t.Helper()
	for _, timer := range o.full.Due(o.now) {
		c, f, err := o.do(step{
			at: o.now, by: actor(workflow.RoleSystem, ""), cmd: timer.Command,
		})
		if err != nil || f != nil {
			t.Fatalf("%s: %v %v", timer.ID, f, err)
		}
		at := o.now
		if run, ok := timer.Command.(*workflow.RunCalendar); ok {
			at = run.At
		}
		for _, fact := range c.Facts {
			if item := cmp.Or(fact.Detail["item"], fact.Detail["flag"]); item != "" {
				items = append(items, at.In(loc).Format("2006-01-02 15:04")+" "+item)
			}
		}
	}
	return items
}

// yearOfADesk is what the calendar of deskOffice must say in the days from 1 January 2024 to 31
// January 2025, worked out by hand: by the days of the month and the week.
func yearOfADesk(holiday time.Time) (items []string) {
	day := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	for ; day.Before(time.Date(2025, 2, 1, 0, 0, 0, 0, time.UTC)); day = day.AddDate(0, 0, 1) {
		date := day.Format(time.DateOnly)
		say := func(at, item string) { items = append(items, date+" "+at+" "+item) }
		sheet := day.Weekday() == time.Friday && !day.Equal(holiday) ||
			day.Equal(holiday.AddDate(0, 0, -1)) && holiday.Weekday() == time.Friday
		if sheet {
			say("09:00", "weekly:"+date)
			say("12:00", "weekly_missing:t1")
		}
		if next := day.AddDate(0, 0, 1); next.Day() == 1 {
			say("09:00", "supervision:"+day.Format("2006-01"))
		}
		if day.Day() == 1 && date != "2024-01-01" { // nothing is expected of days before the desk
			say("09:00", "supervision_late:"+day.AddDate(0, 0, -1).Format("2006-01"))
		}
		if day.Month() == time.December && (day.Day() == 1 || day.Day() == 15 || day.Day() == 31) {
			say("09:00", "campaign:2024")
		}
		if date == "2024-12-01" {
			say("09:00", "holidays_missing:2025")
		}
		if day.Equal(holiday) || day.Equal(holiday.AddDate(0, 0, -7)) {
			say("09:00", "watch_missing:"+holiday.Format(time.DateOnly))
		}
	}
	slices.Sort(items)
	return items
}

// TestCalendarOfAYear: over leap day, month ends and changes of the clock, in zones on either side
// of the date line, everything on the calendar happens once and at its local time, whether the
// service looks at each moment that it named, every few hours, or stood still for days.
func TestCalendarOfAYear(t *testing.T) {
	t.Parallel()
	leap := time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)
	friday := time.Date(2024, 5, 3, 0, 0, 0, 0, time.UTC)
	for zone, holiday := range map[string]time.Time{
		"Asia/Shanghai": leap, "America/New_York": friday, "Australia/Lord_Howe": leap,
		"Pacific/Apia": friday, "America/St_Johns": leap,
	} {
		loc, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		want := yearOfADesk(holiday)
		end := time.Date(2025, 2, 1, 0, 0, 0, 0, loc)
		for how, wait := range map[string]func(*office) time.Time{
			"as named": func(o *office) time.Time {
				return o.full.NextDue(o.now.Add(time.Millisecond))
			},
			"by hours":   func(o *office) time.Time { return o.now.Add(3 * time.Hour) },
			"once a day": func(o *office) time.Time { return o.now.Add(25 * time.Hour) },
			"days apart": func(o *office) time.Time {
				return o.now.Add(6*24*time.Hour + time.Hour)
			},
		} {
			t.Run(fmt.Sprintf("%s %s", zone, how), func(t *testing.T) {
				o := deskOffice(t, zone, "2024-01-01", workflow.Date(holiday.Format(time.DateOnly)))
				var got []string
				for at := wait(o); ; at = wait(o) {
					if !at.After(o.now) {
						t.Fatalf("the next moment, %s, is not after %s", at, o.now)
					}
					if o.now = at; !at.Before(end) {
						break
					}
					got = append(got, o.happens(t, loc)...)
				}
				o.now = end.Add(-time.Minute).UTC()
				got = append(got, o.happens(t, loc)...)
				slices.Sort(got)
				if d := diff.Diff(want, got); d != "" {
					t.Errorf("(-want +got):\n%s", d)
				}
			})
		}
	}
}
