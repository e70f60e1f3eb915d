package workflow_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

func clock(minute int) workflow.Clock {
	return workflow.Clock(fmt.Sprintf("%02d:%02d", minute/60, minute%60))
}

// split are hours with a lunch break.
func split() *[7]workflow.DayHours {
	var week [7]workflow.DayHours
	for i := range week {
		week[i] = workflow.DayHours{
			From: "08:00", To: "12:00",
			More: []workflow.Interval{{From: "13:30", To: "18:00"}},
		}
	}
	return &week
}

// TestInHours: a minute is in hours when an odd number of the day's ends lies at or before it, for
// hours with any number of breaks; the other weekdays and holidays are closed.
func TestInHours(t *testing.T) {
	random := rand.New(rand.NewPCG(14, 9)) // the same hours every time
	day := time.Date(2024, 3, 5, 0, 0, 0, 0, shanghai)
	for range 200 {
		var ends []int // strictly growing: opening, closing, opening …
		for at := random.IntN(300); at <= 24*60 && len(ends) < 10; at += 1 + random.IntN(300) {
			ends = append(ends, at)
		}
		ends = ends[:len(ends)/2*2]
		h := workflow.DayHours{From: clock(ends[0]), To: clock(ends[1])}
		for i := 2; i < len(ends); i += 2 {
			h.More = append(h.More, workflow.Interval{From: clock(ends[i]), To: clock(ends[i+1])})
		}
		s := &workflow.Site{}
		s.Hours[time.Tuesday] = h
		passed := 0
		for m := range 24 * 60 {
			for passed < len(ends) && ends[passed] <= m {
				passed++
			}
			at := day.Add(time.Duration(m)*time.Minute + 59*time.Second)
			if got := s.InHours(at); got != (passed%2 == 1) {
				t.Fatalf("%+v: at %s InHours says %t", h, at.Format("15:04"), got)
			}
			if s.InHours(at.AddDate(0, 0, 1)) {
				t.Fatalf("%+v are the hours of Tuesday: InHours on Wednesday", h)
			}
		}
		s.Holidays = []workflow.Date{"2024-03-05"}
		if s.InHours(day.Add(time.Duration(ends[0]) * time.Minute)) {
			t.Fatal("in hours on a holiday")
		}
	}
}

// TestBadIntervals: the intervals of a day are in order and do not overlap. A refusal changes
// nothing.
func TestBadIntervals(t *testing.T) {
	for _, tt := range []struct {
		name       string
		hours      workflow.DayHours
		time, last string
		fine       bool
	}{
		{name: "break", hours: hours("09:00", "12:00", "13:30", "18:00"), fine: true},
		{name: "adjoining", hours: hours("00:00", "12:00", "12:00", "24:00"), fine: true},
		{name: "closed", fine: true},
		{
			name: "overlap", hours: hours("09:00", "12:00", "11:59", "18:00"),
			time: "11:59", last: "12:00",
		},
		{
			name: "order", hours: hours("13:30", "18:00", "09:00", "12:00"),
			time: "09:00", last: "18:00",
		},
		{
			name: "third", hours: hours("09:00", "12:00", "13:00", "18:00", "17:00", "20:00"),
			time: "17:00", last: "18:00",
		},
		{name: "backwards", hours: hours("09:00", "12:00", "18:00", "13:30")},
		{name: "empty interval", hours: hours("09:00", "12:00", "13:00", "13:00")},
		{name: "half", hours: hours("09:00", "12:00", "13:00", "")},
		{name: "no time of day", hours: hours("09:00", "12:00", "13:00", "24:01")},
		{name: "more of a closed day", hours: hours("", "", "13:00", "18:00")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := small(t)
			week := split()
			week[3] = tt.hours
			_, f, err := o.do(step{
				at: o.now, by: actor(workflow.RoleManager, "M"),
				cmd: &workflow.ChangeSite{Hours: week},
			})
			switch {
			case err != nil:
				t.Fatal(err)
			case tt.fine && f != nil:
				t.Errorf("refused: %v", f)
			case tt.fine:
			case f == nil:
				t.Error("accepted")
			case f.Code != "bad_hours" || f.Args["weekday"] != "3" || f.Args["time"] != tt.time ||
				f.Args["last"] != tt.last:
				t.Errorf("%s %v", f.Code, f.Args)
			}
			if got := o.full.Site().Hours[3]; tt.fine == (len(got.More) != len(tt.hours.More)) {
				t.Errorf("the hours are %+v", got)
			}
		})
	}
}

func hours(ends ...workflow.Clock) workflow.DayHours {
	h := workflow.DayHours{From: ends[0], To: ends[1]}
	for i := 2; i < len(ends); i += 2 {
		h.More = append(h.More, workflow.Interval{From: ends[i], To: ends[i+1]})
	}
	return h
}

// TestOpeningInTheBreak: the day opens by itself from its first opening to its last closing, so
// also in the lunch break; not before, nor after.
func TestOpeningInTheBreak(t *testing.T) {
	for clock, want := range map[string]workflow.Date{
		"07:59": "2024-03-04", "08:00": "2024-03-05", "12:30": "2024-03-05",
		"17:59": "2024-03-05", "18:00": "2024-03-04",
	} {
		o := small(t)
		o.must(t, &workflow.ChangeSite{Hours: split()}, &workflow.CloseDay{})
		o.at(clock)
		o.must(t, &workflow.ArriveVisit{Visit: "V3"})
		if day := o.full.Rota().Day; day != want {
			t.Errorf("at %s the day open is %s, want %s", clock, day, want)
		}
	}
}

// TestBreaksOwnTheirIntervals: what the caller does to the command afterwards does not reach the
// record.
func TestBreaksOwnTheirIntervals(t *testing.T) {
	o, week := small(t), split()
	o.must(t, &workflow.ChangeSite{Hours: week})
	if c := o.commits[len(o.commits)-1]; c.MinReader != 4 {
		t.Errorf("min_reader %d: an older program would count the afternoon as outside hours",
			c.MinReader)
	}
	week[2].More[0].To = "13:31"
	if got := o.full.Site().Hours[2].More[0].To; got != "18:00" {
		t.Errorf("the afternoon ends at %s", got)
	}
	o.must(t, &workflow.ChangeSite{Holidays: &[]workflow.Date{"2024-05-01"}})
	if got := o.full.Site().Hours[2].More; len(got) != 1 {
		t.Errorf("a change of the holidays leaves the intervals %v", got)
	}
}
