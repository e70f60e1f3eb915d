package sample

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// day is one day of the office.
type day struct {
	date     workflow.Date
	midnight time.Time
	closed   bool // Spring Festival
	exhibit  bool // an exhibition by the manager's plan
	visits   int
}

const zone = "Asia/Shanghai"

// calendar lists the days from the first to the last. If one is missing, it is 365 days from the
// other.
func calendar(from, to workflow.Date) ([]day, error) {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		return nil, fmt.Errorf("zone: %w", err)
	}
	parse := func(d workflow.Date) (time.Time, error) {
		t, err := time.ParseInLocation(time.DateOnly, string(d), loc)
		if err != nil && d != "" {
			return t, fmt.Errorf("%q is not a day of the calendar: write it as 2024-03-05", d)
		}
		return t, nil
	}
	first, err := parse(from)
	if err != nil {
		return nil, err
	}
	last, err := parse(to)
	switch {
	case err != nil:
		return nil, err
	case from == "":
		first = last.AddDate(0, 0, -364)
	case to == "":
		last = first.AddDate(0, 0, 364)
	case last.Before(first):
		return nil, fmt.Errorf("the last day %s lies before the first, %s", to, from)
	}
	var days []day
	for t := first; !t.After(last); t = t.AddDate(0, 0, 1) {
		n := fromFestival(t)
		days = append(days, day{
			date: workflow.Date(t.Format(time.DateOnly)), midnight: t,
			closed: -1 <= n && n <= 2,
		})
	}
	exhibitions(days)
	return days, nil
}

// exhibitions marks two weekends a year: after a quarter and after three quarters of it.
func exhibitions(days []day) {
	for i := min(91, len(days)/4); i < len(days); i += min(182, (len(days)+1)/2) {
		for k := i; k < len(days); k++ {
			if days[k].midnight.Weekday() == time.Saturday && !days[k].closed {
				days[k].exhibit = true
				if k+1 < len(days) && !days[k+1].closed {
					days[k+1].exhibit = true
				}
				break
			}
		}
	}
}

// fromFestival is how many days after the Spring Festival a day is, negative before it. The
// festival is taken to be the first mean new moon after noon of 21 January in China, which is right
// to within a day.
func fromFestival(t time.Time) int {
	moon := time.Date(2000, 2, 5, 21, 3, 0, 0, t.Location()) // the festival of that year
	const month = 29.530588853 * 24 * float64(time.Hour)
	earliest := time.Date(t.Year(), 1, 21, 12, 0, 0, 0, t.Location())
	n := math.Ceil(float64(earliest.Unix()-moon.Unix()) * float64(time.Second) / month)
	moon = time.Unix(moon.Unix()+int64(n*month/float64(time.Second)), 0).In(t.Location())
	return t.YearDay() - moon.YearDay()
}

// seasons is how busy each month is: spring, and golden September and silver October.
var seasons = [12]float64{.85, .7, 1.15, 1.1, 1.05, 1, .85, .9, 1.2, 1.2, 1, .95}

// busy is a day's weight when visitors are spread over the days.
func (o *office) busy(d *day) float64 {
	if d.closed {
		return 0
	}
	w := seasons[d.midnight.Month()-1] * o.around(1, .15)
	_, month, date := d.midnight.Date()
	weekday := d.midnight.Weekday()
	switch n := fromFestival(d.midnight); {
	case -6 <= n && n <= 9:
		return .35 * w
	case month == time.May && date <= 5, month == time.October && date <= 7:
		return 2.7 * w
	case weekday == time.Saturday, weekday == time.Sunday:
		w *= 2.5
	case weekday == time.Friday:
		w *= 1.1
	}
	if d.exhibit {
		w *= 1.25
	}
	return w
}

// spread distributes exactly this many visits over the days, in proportion to how busy each is.
func (o *office) spread(total int) error {
	all := 0.0
	upTo := make([]float64, len(o.days))
	for i := range o.days {
		all += o.busy(&o.days[i])
		upTo[i] = all
	}
	if all == 0 {
		return errors.New("the office is closed on all these days (Spring Festival): choose others")
	}
	before := 0
	for i := range o.days {
		n := int(math.Round(float64(total) * (upTo[i] / all)))
		o.days[i].visits, before = n-before, n
	}
	return nil
}

// closedDays are the days on which the office is closed although that weekday is usually open.
func (o *office) closedDays() []workflow.Date {
	var ds []workflow.Date
	for _, d := range o.days {
		if d.closed {
			ds = append(ds, d.date)
		}
	}
	return ds
}

// hours is how many visitors come in which hour. Before nine and after six the office is officially
// closed.
var hours = []share[float64]{
	{8.5, .006},
	{9, .06},
	{9.5, .065},
	{10, .085},
	{10.5, .09},
	{11, .075},
	{11.5, .055},
	{12, .03},
	{12.5, .03},
	{13, .04},
	{13.5, .05},
	{14, .07},
	{14.5, .075},
	{15, .075},
	{15.5, .065},
	{16, .05},
	{16.5, .04},
	{17, .025},
	{17.5, .014},
	{18, .009},
	{18.5, .004},
}

// someTime is a time at which somebody comes today.
func (o *office) someTime() time.Time {
	h := draw(o.dice, hours) + o.Float64()/2
	return o.day().midnight.Add(time.Duration(h*3_600_000) * time.Millisecond)
}
